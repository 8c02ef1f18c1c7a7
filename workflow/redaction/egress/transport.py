"""The one door: puts the guard between the HTTP library of both SDKs and the socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from workflow.redaction.egress.guard import Outgoing

if TYPE_CHECKING:
    from workflow.redaction.egress.guard import Guard

_PORTS = {"https": 443, "http": 80}
_NEVER_PASSED = ("content-length", "transfer-encoding")
"""Both are made anew from the bytes that were judged."""


class GuardedTransport(httpx2.BaseTransport):
    """Sends what the guard lets pass, byte for byte, and nothing else.

    It reads a streamed body to its end first.  No proxy, no `.netrc`, no variable of the
    environment, no HTTP/2, no redirect and no retry of its own.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._socket = httpx2.HTTPTransport(trust_env=False, retries=0, http1=True, http2=False)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Judge, record, send.  Raises the guard's error, or `httpx2.TransportError` as usual."""
        checked = self._read(request)
        self._guard.pass_on(checked)
        headers = [pair for pair in checked.headers if pair[0] not in _NEVER_PASSED]
        response = self._socket.handle_request(
            httpx2.Request(
                checked.method,
                request.url,
                headers=headers,
                content=checked.body,
                extensions={"timeout": request.extensions.get("timeout", {})},
            )
        )
        if response.status_code // 100 == 3:  # noqa: PLR2004 - the class of all redirects
            response.close()
            self._guard.deny(
                f"the answer redirects elsewhere ({response.status_code})",
                hint="the first request did leave; correct base_url in workflow.toml",
            )
        # NOTE: kept, a cookie would go out again with the next request.
        response.headers.pop("set-cookie", None)
        return response

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Refuse: an `AsyncClient` has no door here."""
        del request
        self._guard.deny("it comes from an asynchronous client")

    def close(self) -> None:
        """Close the connections."""
        self._socket.close()

    def _read(self, request: httpx2.Request) -> Outgoing:
        url = request.url
        if url.userinfo:
            self._guard.deny("the address holds a user name or a password")
        if set(request.extensions) - {"timeout"}:
            # Such as `sni_hostname` and `target`, which lead a request elsewhere than its URL says.
            self._guard.deny("it has an extension besides a timeout")
        if not isinstance(request.stream, httpx2.SyncByteStream):
            self._guard.deny("its body is an asynchronous stream")
        body, failure = _drained(request.stream)
        if failure:
            self._guard.deny(f"its body cannot be read ({failure})")
        headers = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in request.headers.raw
        )
        port = url.port or _PORTS.get(url.scheme, 0)
        target = url.raw_path.decode("latin-1")
        return Outgoing(request.method, url.scheme, url.host, port, target, headers, body)


def _drained(stream: httpx2.SyncByteStream) -> tuple[bytes, str]:
    """All of a stream, or the name of what it raised: its text may quote the request."""
    try:
        return b"".join(stream), ""
    except Exception as error:  # noqa: BLE001 - the caller's own stream may raise anything
        return b"", type(error).__name__
