"""Judges every request before it leaves this machine: where to, in which words, with what in it.

It knows nothing of an HTTP library; `transport.py` puts it into the one that the SDKs use.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from workflow.canonical import no_constant, unique_members
from workflow.config import ConfigError, is_loopback
from workflow.errors import RefusedError
from workflow.redaction.interface import Kind
from workflow.redaction.spread import is_strong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from workflow.redaction.egress.leak import Leak, Leaks

_PORTS = {"https": 443, "http": 80}
_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "anthropic-beta",
        "anthropic-version",
        "connection",
        "content-length",
        "content-type",
        "idempotency-key",
        "transfer-encoding",
        "user-agent",
        "x-stainless-arch",
        "x-stainless-async",
        "x-stainless-helper",
        "x-stainless-helper-method",
        "x-stainless-lang",
        "x-stainless-os",
        "x-stainless-package-version",
        "x-stainless-raw-response",
        "x-stainless-read-timeout",
        "x-stainless-retry-count",
        "x-stainless-runtime",
        "x-stainless-runtime-version",
        "x-stainless-stream-helper",
        "x-stainless-timeout",
    }
)
"""What openai 3.54 and anthropic 2.12 send with the calls that we use, besides host and key.

No `content-encoding`: a compressed body could not be judged.
"""
_OWN_KEY = "the provider's own key"
_BETA = "?beta=true"
"""What anthropic's `client.beta` adds to a path."""


class EgressDeniedError(RefusedError):
    """A request was not sent.  It says which kind of value of which file, and never the value."""


@dataclass(frozen=True, slots=True)
class Destination:
    """The one origin, and the paths there, that requests may go to."""

    scheme: str
    host: str
    port: int
    paths: frozenset[str]

    @classmethod
    def parse(cls, base_url: str, endpoints: Iterable[str]) -> Destination:
        """Of a base URL such as `https://api.openai.com/v1`, and paths below it: `/responses`.

        Raises `ConfigError` unless it is plain https, or http to this machine.
        """
        try:
            url = urlsplit(base_url)
            port = url.port
        except ValueError:
            url, port = urlsplit(""), None
        host = url.hostname or ""
        if not host or url.scheme not in _PORTS:
            _misconfigured("is no URL that begins with https:// and a host")
        if url.scheme == "http" and not is_loopback(host):
            _misconfigured("is not encrypted; by http, only this machine itself may be reached")
        if url.username is not None or url.password is not None or url.query or url.fragment:
            _misconfigured("holds credentials, a query or a fragment")
        prefix = url.path.rstrip("/")
        paths = frozenset(prefix + each for each in endpoints)
        return cls(url.scheme, host, port or _PORTS[url.scheme], paths)

    def __str__(self) -> str:
        """Write it as an origin."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request as it would be put on the socket."""

    method: str
    scheme: str
    host: str
    port: int
    target: str
    """The path and query, percent-encoded as they are sent."""
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    """Names in lower case."""
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sent:
    """What left this machine, or was about to when the connection failed: one attempt."""

    at: datetime
    destination: str
    """The URL."""
    model: str
    """As the request names it; empty when it names none."""
    body: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body)

    @property
    def digest(self) -> str:
        """SHA-256 of the body, in hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class _OwnKey:
    """A provider's own key, which belongs into one header and nowhere else."""

    data: bytes = field(repr=False)
    is_strong: bool
    kind: Kind = Kind.TOKEN
    path: str = _OWN_KEY
    line: int = 0


class Guard:
    """Lets a request pass to `destination` if no known value is in it, and reports it to `record`.

    `record` is called before the request leaves, once for each attempt.  Everything that cannot be
    judged is refused: `error` is the class of what is then raised, for an SDK that lets only
    exceptions of its own pass unchanged.
    """

    def __init__(
        self,
        leaks: Leaks,
        destination: Destination,
        record: Callable[[Sent], None],
        *,
        api_key: str,
        error: type[EgressDeniedError] = EgressDeniedError,
    ) -> None:
        self._leaks = leaks
        self._destination = destination
        self._record = record
        self._error = error
        self._key = api_key
        data = api_key.encode()
        leaks.add(_OwnKey(data, is_strong=is_strong(data)))

    def deny(
        self, why: str, hint: str = "nothing was sent; this is a fault of the provider"
    ) -> NoReturn:
        """Refuse, naming the destination and the reason."""
        message = f"refused to send to {self._destination}: {why}"
        raise self._error(message, hint=hint) from None

    def pass_on(self, request: Outgoing) -> None:
        """Record the request; the caller then sends exactly these bytes.

        Raises `EgressDeniedError` (or the class given) when it may not leave, and also when the
        search or the record fails.
        """
        try:
            model = self._judge(request)
            url = f"{self._destination}{request.target}"
            self._record(Sent(datetime.now(UTC), url, model, request.body))
        except EgressDeniedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever fails here, nothing may leave
            # NOTE: neither its text nor the error itself goes along: they may quote the request.
            failure = type(error).__name__
        else:
            return
        self.deny(f"the guard itself failed ({failure})")

    def _judge(self, request: Outgoing) -> str:
        self._judge_place(request)
        lines = self._judge_headers(request)
        document = self._document(request.body)
        self._refuse_leak(self._leaks.find_in(request.body, [document, lines]))
        model = document.get("model", "")
        return model if isinstance(model, str) else ""

    def _judge_place(self, request: Outgoing) -> None:
        allowed = self._destination
        place = (request.scheme, request.host.lower(), request.port)
        if place != (allowed.scheme, allowed.host, allowed.port):
            self.deny("the request is addressed to another host")
        path = request.target.removesuffix(_BETA)
        if request.method != "POST" or path not in allowed.paths:
            self.deny("it is none of the calls that are allowed there")

    def _judge_headers(self, request: Outgoing) -> str:
        """Refuse what neither SDK sends; return the lines that may hold a value."""
        names = [name for name, _ in request.headers]
        if len(names) != len(set(names)):
            self.deny("a header occurs twice")
        others = []
        for name, value in request.headers:
            if name == "host":
                if value.lower() != str(self._destination).partition("://")[2]:
                    self.deny("the Host header names another host")
            elif name in {"authorization", "x-api-key"}:
                if value not in {self._key, f"Bearer {self._key}"}:
                    self.deny(f"the header {name} holds another key than the configured one")
            elif name not in _HEADERS:
                # NOTE: the name is not repeated; whoever injects headers chooses it, too.
                self.deny("it has a header that neither SDK sends by itself")
            else:
                others.append(f"{name}: {value}")
        if dict(request.headers).get("content-type") != "application/json":
            self.deny("its body is not declared as JSON")
        return "\n".join(others)

    def _document(self, body: bytes) -> dict[str, object]:
        """The body as strict JSON: one object, UTF-8, no key twice, no NaN."""
        try:
            document = json.loads(
                body.decode(), object_pairs_hook=unique_members, parse_constant=no_constant
            )
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            self.deny("its body cannot be read as one strict JSON object")
        return document

    def _refuse_leak(self, leak: Leak | None) -> None:
        if leak is None:
            return
        if leak.path == _OWN_KEY:
            self.deny(f"it holds {_OWN_KEY} outside its header, written as {leak.form}")
        look = f"workflow seal {leak.path}" if leak.path else "workflow seal"
        self.deny(f"it holds {leak}", hint=f"nothing was sent; `{look}` shows what is sealed")


def _misconfigured(why: str) -> NoReturn:
    # NOTE: without the URL itself, in which a password may stand.
    message = f"the provider's base URL {why}"
    raise ConfigError(message, hint="correct base_url in workflow.toml, or in the environment")
