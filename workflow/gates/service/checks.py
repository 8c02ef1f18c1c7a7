"""What a service is asked: one request, byte for byte, and what its answer has to be."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workflow.config.service import ServiceCheckSettings, ServiceExpectSettings

NOWHERE = "/no-such-path-here"
"""Stands for a path that there is not, until an `Address` chooses one."""
_PORTS = range(10_000, 30_000)
"""Below those that the system gives to clients (`ip_local_port_range` of Linux)."""
# As a browser says it: nothing that is asked tells a service that it is probed.
_CLIENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service listens, and a path that it does not have.

    The network is the sandbox's own, where nothing else is.
    """

    port: int = 8000
    nowhere: str = NOWHERE

    @classmethod
    def made(cls, token: Callable[[str], str]) -> Address:
        """Return the one that `token`, that of a case, makes: a service cannot foretell it."""
        port = _PORTS[int(token("port of the service")[:8], 16) % len(_PORTS)]
        return cls(port, f"/{token('path that the service has not')[:10]}")


ANYWHERE = Address()


class Kind(StrEnum):
    """Why a check is made."""

    CONFIGURED = "configured"
    FITTING = "fitting"
    """Made from a route and its model: it should be accepted."""
    UNFIT = "unfit"
    """Made from a route to be refused: too large, of another method or type, no JSON."""


@dataclass(frozen=True, slots=True)
class Expect:
    """What an answer has to be; what is empty or `None` is not looked at.

    `json` is the JSON text of what has to be in the body, `max_ms` milliseconds to the answer's
    end.
    """

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    json: str = ""
    contains: str = ""
    max_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One request and its name.  `pad` adds that many spaces to the body.

    `file` is the repository path of the body, to be read from the base.  `is_chunked` sends the
    body without declaring its length.
    """

    name: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    pad: int = 0
    file: RepoPath | None = None
    is_chunked: bool = False
    expect: Expect | None = None
    kind: Kind = Kind.CONFIGURED

    def with_file(self, read: Callable[[RepoPath], bytes]) -> Check:
        """Return it with its file's content as its body; raises `KeyError` if there is none."""
        if self.file is None:
            return self
        body = read(self.file)
        size = len(self.body) + self.pad
        return replace(self, body=body, pad=max(size - len(body), 0), file=None)


@dataclass(frozen=True, slots=True)
class Request:
    """A check as bytes: `head`, `body`, so many spaces, `tail`."""

    head: bytes
    body: bytes = b""
    pad: int = 0
    tail: bytes = b""


def request(check: Check, address: Address = ANYWHERE) -> Request:
    """Return the bytes to send; they ask that the connection ends with the answer."""
    size = len(check.body) + check.pad
    given = {name.lower() for name, _ in check.headers}
    lines = [f"{check.method} {check.path} HTTP/1.1"]
    standard = {"Host": f"127.0.0.1:{address.port}", "User-Agent": _CLIENT, "Accept": "*/*"}
    lines += [f"{name}: {value}" for name, value in standard.items() if name.lower() not in given]
    lines += [f"{name}: {value}" for name, value in check.headers]
    lines.append("Connection: close")
    if check.is_chunked:
        head = "\r\n".join([*lines, "Transfer-Encoding: chunked", "", f"{size:x}", ""])
        return Request(head.encode("latin-1"), check.body, check.pad, b"\r\n0\r\n\r\n")
    if size or check.method in {"POST", "PUT", "PATCH"}:
        lines.append(f"Content-Length: {size}")
    return Request("\r\n".join([*lines, "", ""]).encode("latin-1"), check.body, check.pad)


def configured(settings: ServiceCheckSettings) -> Check:
    """Return the check that a section of the settings describes."""
    body, headers = (settings.body or "").encode(), dict(settings.headers)
    if settings.json_body is not None:
        body = json.dumps(settings.json_body).encode()
        _add(headers, "Content-Type", JSON_TYPE)
    return Check(
        name=settings.name,
        method=settings.method,
        path=settings.path,
        headers=tuple(headers.items()),
        body=body,
        pad=max(settings.size - len(body), 0),
        file=RepoPath(settings.file) if settings.file else None,
        expect=_expected(settings.expect) if settings.expect else None,
    )


def _add(headers: dict[str, str], name: str, value: str) -> None:
    if name.lower() not in map(str.lower, headers):
        headers[name] = value


def _expected(settings: ServiceExpectSettings) -> Expect:
    given: Mapping[str, str] = settings.header
    body = settings.json_body
    return Expect(
        status=settings.status,
        headers=tuple(given.items()),
        json="" if body is None else json.dumps(body, sort_keys=True),
        contains=settings.contains,
        max_ms=settings.max_ms,
    )
