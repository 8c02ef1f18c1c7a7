"""The one door: puts the guard between the HTTP library of both SDKs and the socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpcore2
import httpx2

from workflow.redaction.egress.guard import Outgoing

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from workflow.redaction.egress.bounds import Bounds
    from workflow.redaction.egress.guard import Guard

_PACKED = "packed"
"""What is written over a Content-Encoding: no decoder goes by that name."""
_PIECE = 65_536
"""Bytes that are written at once: between two pieces, the time is looked at."""
_PORTS = {"https": 443, "http": 80}
_NEVER_PASSED = ("content-length", "transfer-encoding")
"""Both are made anew from the bytes that were judged."""


class GuardedTransport(httpx2.BaseTransport):
    """Sends what the guard lets pass, byte for byte, and nothing else.

    It reads a streamed body to its end first.  No proxy, no `.netrc`, no variable of the
    environment, no HTTP/2, no redirect and no retry of its own.  `trusted` replaces the usual
    certificate authorities, and `bounds` are for all that is sent and received together.
    """

    def __init__(
        self, guard: Guard, trusted: ssl.SSLContext | None = None, bounds: Bounds | None = None
    ) -> None:
        self._guard = guard
        self._is_bounded = bounds is not None
        self._socket = _BoundedTransport(
            trusted or httpx2.create_ssl_context(trust_env=False), bounds
        )

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
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if self._is_bounded and encoding != "identity":
            # Nobody has asked for it, and no bound would hold for what is unpacked: stay packed.
            response.headers["content-encoding"] = _PACKED
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


class TooManyBytesError(httpcore2.ReadError):
    """More came than any answer may have."""


class _BoundedTransport(httpx2.HTTPTransport):
    """One that looks at the time before each read and write.

    A read timeout counts from one byte to the next: who sends a byte now and then passes it for
    ever, also in mid-header, where no event of a stream shows it to the caller.
    """

    def __init__(self, trusted: ssl.SSLContext, bounds: Bounds | None) -> None:
        super().__init__(verify=trusted, trust_env=False, retries=0, http1=True, http2=False)
        if bounds:
            self._pool = httpcore2.ConnectionPool(
                ssl_context=trusted,
                http1=True,
                http2=False,
                retries=0,
                network_backend=_BoundedBackend(bounds),
            )


class _BoundedBackend(httpcore2.SyncBackend):
    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        left = _left(self._bounds, timeout, httpcore2.ConnectTimeout)
        stream = super().connect_tcp(host, port, left, local_address, socket_options)
        return _BoundedStream(stream, self._bounds)


class _BoundedStream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, bounds: Bounds) -> None:
        self._stream = stream
        self._bounds = bounds
        self._received = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._stream.read(max_bytes, _left(self._bounds, timeout, httpcore2.ReadTimeout))
        self._received += len(data)
        if self._received > self._bounds.most_bytes:
            raise TooManyBytesError
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            left = _left(self._bounds, timeout, httpcore2.WriteTimeout)
            self._stream.write(buffer[start : start + _PIECE], left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = _left(self._bounds, timeout, httpcore2.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, left)
        return _BoundedStream(stream, self._bounds)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _left(bounds: Bounds, timeout: float | None, error: type[httpcore2.TimeoutException]) -> float:
    """How long one step may wait; raises `error` when there is no time for it."""
    left = bounds.remaining()
    if left <= 0:
        raise error
    return left if timeout is None else min(left, timeout)
