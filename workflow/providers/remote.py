"""Builds the clients of both SDKs so that every request passes the guard.

Nothing else imports an SDK or an HTTP library; `tests/unit/providers/test_remote.py` holds that.
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.errors import WorkflowError
from workflow.redaction.egress.guard import Destination, EgressDeniedError, Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import anthropic
    import httpx2
    import openai

    from workflow.redaction.egress.guard import Sent
    from workflow.redaction.egress.leak import Leaks

OPENAI_URL = "https://api.openai.com/v1"
OPENAI_KEY_VARIABLE = "OPENAI_API_KEY"
ANTHROPIC_URL = "https://api.anthropic.com"
ANTHROPIC_KEY_VARIABLE = "ANTHROPIC_API_KEY"
_OPENAI_CALLS = ("/responses", "/chat/completions")
_ANTHROPIC_CALLS = ("/v1/messages", "/v1/messages/count_tokens")

_SCRUBBED_PREFIXES = ("OPENAI_", "ANTHROPIC_", "AZURE_OPENAI_", "AWS_", "GOOGLE_", "OTEL_")
_SCRUBBED = frozenset(
    {"ALL_PROXY", "CLOUD_ML_REGION", "HTTPS_PROXY", "HTTP_PROXY", "NETRC", "NO_PROXY"}
    | {"SSLKEYLOGFILE", "SSL_CERT_DIR", "SSL_CERT_FILE"}
)
_LOGGERS = ("openai", "anthropic", "httpx2", "httpcore2")


class MissingKeyError(WorkflowError):
    """The key of a provider is not set."""


@dataclass(frozen=True, slots=True)
class Remote:
    """How a provider is reached.  Without a key, a client is refused with `MissingKeyError`.

    `base_url` is for an OpenAI-compatible or a regional server.  `timeout_s` counts from one byte
    to the next and not over the call; `max_retries` are attempts after the first.
    """

    api_key: str = field(repr=False)
    base_url: str
    timeout_s: float = 120.0
    max_retries: int = 2


def openai_client(settings: Remote, leaks: Leaks, record: Callable[[Sent], None]) -> openai.OpenAI:
    """A client that can do `responses` and `chat.completions` at `settings.base_url` only.

    Its calls raise `EgressDeniedError` when `leaks` finds something; `record` gets each attempt.
    """
    _require_key(settings, OPENAI_KEY_VARIABLE)
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
            timeout=settings.timeout_s,
            max_retries=settings.max_retries,
            default_headers={},
            default_query={},
            http_client=_http_client(guard, settings.timeout_s),
        )
    _quieten()
    return client


def anthropic_client(
    settings: Remote, leaks: Leaks, record: Callable[[Sent], None]
) -> anthropic.Anthropic:
    """A client that can do `messages` and `count_tokens` at `settings.base_url` only.

    Its calls raise `EgressDeniedError` when `leaks` finds something; `record` gets each attempt.
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
            timeout=settings.timeout_s,
            max_retries=settings.max_retries,
            default_headers={},
            default_query={},
            open_telemetry=False,
            middleware=None,
            http_client=_http_client(guard, settings.timeout_s),
        )
    _quieten()
    return client


def _require_key(settings: Remote, variable: str) -> None:
    if not settings.api_key.strip():
        message = f"the provider's key is missing: {variable} is not set"
        raise MissingKeyError(message, hint=f"export {variable}=…, or choose the offline provider")


def _http_client(guard: Guard, timeout_s: float) -> httpx2.Client:
    import httpx2  # noqa: PLC0415 - with the SDKs, see above

    from workflow.redaction.egress.transport import GuardedTransport  # noqa: PLC0415 - imports httpx2

    return httpx2.Client(
        transport=GuardedTransport(guard),
        trust_env=False,
        follow_redirects=False,
        timeout=timeout_s,
    )


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
