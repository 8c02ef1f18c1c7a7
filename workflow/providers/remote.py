"""Builds the clients of both SDKs so that every request passes the guard, and reads their streams.

Nothing else imports an SDK or an HTTP library; `tests/unit/providers/test_one_door.py` holds that.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from workflow.config import ConfigError
from workflow.errors import WorkflowError
from workflow.providers.failures import Fault, Trouble, code_of, seconds_of, status_of
from workflow.redaction.egress.guard import Destination, EgressDeniedError, Guard

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator, Iterator, Mapping
    from pathlib import Path

    import anthropic
    import httpx2
    import openai

    from workflow.redaction.egress.bounds import Bounds
    from workflow.redaction.egress.guard import Sent
    from workflow.redaction.egress.leak import Leaks

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_KEY_VARIABLE = "OPENAI_API_KEY"
ANTHROPIC_URL = "https://api.anthropic.com"
ANTHROPIC_KEY_VARIABLE = "ANTHROPIC_API_KEY"
_OPENAI_CALLS = ("/responses", "/chat/completions")
_ANTHROPIC_CALLS = ("/v1/messages", "/v1/messages/count_tokens")
_CONNECT_S = 10.0
"""A host that is not reached by then will not be; the rest of the deadline is for other tries."""

_SCRUBBED_PREFIXES = ("OPENAI_", "ANTHROPIC_", "AZURE_OPENAI_", "AWS_", "GOOGLE_", "OTEL_")
_SCRUBBED = frozenset(
    {"ALL_PROXY", "CLOUD_ML_REGION", "HTTPS_PROXY", "HTTP_PROXY", "NETRC", "NO_PROXY"}
    | {"SSLKEYLOGFILE", "SSL_CERT_DIR", "SSL_CERT_FILE"}
)
_LOGGERS = ("openai", "anthropic", "httpx2", "httpcore2")
_MOST_CAUSES = 10
_FIRST_ERROR = 400


class MissingKeyError(WorkflowError):
    """The key of a provider is not set."""


@dataclass(frozen=True, slots=True)
class Remote:
    """How a provider is reached.  Without a key, a client is refused with `MissingKeyError`.

    `base_url` is for an OpenAI-compatible or a regional server, and `ca_file` has certificate
    authorities (PEM) that take the place of the usual ones.  For a client without `Bounds`,
    `timeout_s` counts from one byte to the next, and `max_retries` are attempts after the first.
    """

    api_key: str = field(repr=False)
    base_url: str
    timeout_s: float = 120.0
    max_retries: int = 2
    ca_file: Path | None = None


def load_openai() -> None:
    """Import what an OpenAI client needs, which takes a second that no deadline should count."""
    with _scrubbed_environment():
        import openai.resources.chat  # noqa: PLC0415 - see `openai_client`
        import openai.resources.responses  # noqa: F401, PLC0415 - see `openai_client`


def load_anthropic() -> None:
    """Import what an Anthropic client needs, which takes seconds that no deadline should count."""
    with _scrubbed_environment():
        import anthropic.resources.messages  # noqa: F401, PLC0415 - see `anthropic_client`


def openai_client(
    settings: Remote,
    leaks: Leaks,
    record: Callable[[Sent], None],
    bounds: Bounds | None = None,
    key_variable: str = OPENAI_KEY_VARIABLE,
) -> openai.OpenAI:
    """A client that can do `responses` and `chat.completions` at `settings.base_url` only.

    Its calls raise `EgressDeniedError` when `leaks` finds something; `record` gets each attempt.
    With `bounds`, which are for one call, its SDK does not try again.  `key_variable` is what a
    missing key is called.
    """
    _require_key(settings, key_variable)
    destination = Destination.parse(settings.base_url, _OPENAI_CALLS)
    with _scrubbed_environment():
        import openai  # noqa: PLC0415 - 0.9 s of CPU; only a remote call needs it

        guard = Guard(leaks, destination, record, api_key=settings.api_key)
        client = openai.OpenAI(
            api_key=settings.api_key,
            admin_api_key=None,
            workload_identity=None,
            organization=None,
            project=None,
            webhook_secret=None,
            base_url=settings.base_url,
            timeout=_timeout(settings, bounds),
            max_retries=0 if bounds else settings.max_retries,
            default_headers={},
            default_query={},
            http_client=_http_client(guard, settings, bounds),
        )
    _quieten()
    return client


def anthropic_client(
    settings: Remote,
    leaks: Leaks,
    record: Callable[[Sent], None],
    bounds: Bounds | None = None,
) -> anthropic.Anthropic:
    """A client that can do `messages` and `count_tokens` at `settings.base_url` only.

    Its calls raise `EgressDeniedError` when `leaks` finds something; `record` gets each attempt.
    With `bounds`, which are for one call, its SDK does not try again.
    """
    _require_key(settings, ANTHROPIC_KEY_VARIABLE)
    destination = Destination.parse(settings.base_url, _ANTHROPIC_CALLS)
    with _scrubbed_environment():
        import anthropic  # noqa: PLC0415 - 2.2 s of CPU; only a remote call needs it

        class DeniedError(EgressDeniedError, anthropic.AnthropicError):
            """A denial that the SDK passes on at once: it wraps and retries all foreign errors."""

        guard = Guard(leaks, destination, record, api_key=settings.api_key, error=DeniedError)
        client = anthropic.Anthropic(
            api_key=settings.api_key,
            auth_token=None,
            credentials=None,
            config=None,
            profile=None,
            webhook_key=None,
            base_url=settings.base_url,
            timeout=_timeout(settings, bounds),
            max_retries=0 if bounds else settings.max_retries,
            default_headers={},
            default_query={},
            open_telemetry=False,
            middleware=None,
            http_client=_http_client(guard, settings, bounds),
        )
    _quieten()
    return client


class _Stream(Protocol):
    """What both SDKs return for a call that streams."""

    @property
    def response(self) -> httpx2.Response: ...

    def __iter__(self) -> Iterator[object]: ...

    def close(self) -> None: ...


def events(ask: Callable[[], _Stream]) -> Generator[Mapping[str, object], None, None]:
    """Make a call, and give each event of its answer as plain JSON values, of whatever types.

    Raises `Fault` for everything that goes wrong on the way, without the provider's words, and
    `EgressDeniedError` as it is.
    """
    with _faults():
        stream = ask()
    try:
        _require_event_stream(stream.response)
        iterator = iter(stream)
        end = object()
        while True:
            with _faults():
                event = next(iterator, end)
                members = _members(event)
            if event is end:
                return
            yield members
    finally:
        stream.close()


def _members(event: object) -> Mapping[str, object]:
    """An event as the SDK's model of it has it; nothing of one that is no JSON object."""
    import pydantic  # noqa: PLC0415 - with the SDKs

    if not isinstance(event, pydantic.BaseModel):
        return {}
    members: Mapping[str, object] = event.model_dump(warnings=False)
    return members


def _require_event_stream(response: httpx2.Response) -> None:
    """Refuse a page, and what is compressed: we have not asked for it, and it could be a bomb."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if kind != "text/event-stream" or encoding != "identity":
        raise Fault(Trouble.NOT_AN_API, response.status_code)


@contextmanager
def _faults() -> Iterator[None]:
    """Turn what the SDKs and their HTTP library raise into a `Fault`.

    NOTE: the errors themselves must not go along: their texts quote what was sent and received.
    """
    import httpx2  # noqa: PLC0415 - with the SDKs

    libraries: tuple[type[Exception], ...] = (httpx2.HTTPError, httpx2.StreamError, *_sdk_errors())
    raised: tuple[type[Exception], ...] = (*libraries, ValueError, RecursionError)
    try:
        yield
    except (EgressDeniedError, Fault):
        raise
    except raised as error:
        fault = _fault(error)
    else:
        return
    raise fault


def _sdk_errors() -> tuple[type[Exception], ...]:
    """The root errors of both SDKs, of those that are imported."""
    roots = (("openai", "OpenAIError"), ("anthropic", "AnthropicError"))
    return tuple(getattr(sys.modules[sdk], name) for sdk, name in roots if sdk in sys.modules)


def _fault(error: Exception) -> Fault:
    import httpx2  # noqa: PLC0415 - with the SDKs

    response, body = getattr(error, "response", None), getattr(error, "body", None)
    code = code_of(body)
    if isinstance(response, httpx2.Response) and response.status_code >= _FIRST_ERROR:
        wait = _retry_after(response.headers)
        return Fault(Trouble.STATUS, response.status_code, code, wait)
    if isinstance(body, dict):
        # An error in a stream that began well.
        return Fault(Trouble.STATUS, status_of(code), code)
    return Fault(_trouble(error) or Trouble.UNREADABLE)


def _retry_after(headers: httpx2.Headers) -> float | None:
    if (milliseconds := seconds_of(headers.get("retry-after-ms", ""))) is not None:
        return milliseconds / 1000
    return seconds_of(headers.get("retry-after", ""))


def _trouble(error: BaseException) -> Trouble | None:
    """What the HTTP library, or what it stands on, says about a connection."""
    import socket  # noqa: PLC0415 - with the SDKs
    import ssl  # noqa: PLC0415 - with the SDKs

    import httpx2  # noqa: PLC0415 - with the SDKs

    from workflow.redaction.egress.transport import TooManyBytesError  # noqa: PLC0415 - see above

    causes = tuple(_causes(error))
    for kinds, trouble in (
        ((TooManyBytesError,), Trouble.TOO_LARGE),
        ((ssl.SSLCertVerificationError,), Trouble.CERTIFICATE),
        ((httpx2.TimeoutException,), Trouble.TIMEOUT),
        ((ConnectionRefusedError,), Trouble.NOBODY),
        ((socket.gaierror,), Trouble.NO_NAME),
        # A connection that had come about, or that was closed: no word against its TLS.
        ((httpx2.ReadError, httpx2.WriteError, ssl.SSLEOFError), Trouble.CONNECTION),
        ((ssl.SSLError,), Trouble.NO_TLS),
        ((httpx2.DecodingError,), Trouble.UNREADABLE),
        ((httpx2.HTTPError, httpx2.StreamError), Trouble.CONNECTION),
    ):
        if any(isinstance(cause, kinds) for cause in causes):
            return trouble
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__


def _require_key(settings: Remote, variable: str) -> None:
    if not settings.api_key.strip():
        message = f"the provider's key is missing: {variable} is not set"
        raise MissingKeyError(message, hint=f"export {variable}=…, or choose the offline provider")


def _timeout(settings: Remote, bounds: Bounds | None) -> httpx2.Timeout:
    import httpx2  # noqa: PLC0415 - with the SDKs, see above

    if bounds is None:
        return httpx2.Timeout(settings.timeout_s)
    left = max(bounds.remaining(), 0)
    return httpx2.Timeout(left, connect=min(left, _CONNECT_S))


def _http_client(guard: Guard, settings: Remote, bounds: Bounds | None) -> httpx2.Client:
    import httpx2  # noqa: PLC0415 - with the SDKs, see above

    from workflow.redaction.egress.transport import GuardedTransport  # noqa: PLC0415 - imports httpx2

    trusted = _authorities(settings.ca_file) if settings.ca_file else None
    return httpx2.Client(
        transport=GuardedTransport(guard, trusted, bounds),
        trust_env=False,
        follow_redirects=False,
        timeout=_timeout(settings, bounds),
        headers={"accept-encoding": "identity"} if bounds else None,
    )


def _authorities(path: Path) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415 - with the SDKs, see above

    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        message = f"ca_file cannot be read as certificates: {path}"
        raise ConfigError(message, hint="name a file in PEM form, or leave ca_file out") from error


@contextmanager
def _scrubbed_environment() -> Iterator[None]:
    """Without the variables by which an SDK changes address, headers, key, proxy or logging.

    Both SDKs read them on import and when a client is made, not when it is called.
    """
    kept = {
        name: os.environ.pop(name)
        for name in tuple(os.environ)
        if name.upper() in _SCRUBBED or name.upper().startswith(_SCRUBBED_PREFIXES)
    }
    try:
        yield
    finally:
        os.environ.update(kept)


def _quieten() -> None:
    """No logging of requests, also when an SDK was imported earlier, or the root logs all."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
