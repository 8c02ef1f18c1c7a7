"""Asks nginx over HTTP/1.1, and reads what it answers."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
import socket
import ssl
import time

from workflow.gates.nginx.live.inside.told import HTTP1, HTTP2, Ask, Got, nothing
from workflow.gates.service.answers import NotHttpError, read

MAX_READ = 4 * 1024 * 1024
MAX_KEPT = 4096
_CHUNK = 65536
_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
_SWITCHING = b"HTTP/1.1 101 "
_CONTINUE = b"HTTP/1.1 100 "
_CHUNKED = b"transfer-encoding: chunked"
_LENGTH = re.compile(rb"\r\ncontent-length: (\d{1,15})(?:\r|\Z)")
_MAX_HEAD = 65536
_NO_BODY = {b"204", b"304"}
_SWITCHED = 101
_GO_ON = 100
_SENT = 2 * 1024 * 1024
_WANTED = b"HTTP/1.1 100 Continue\r\n\r\n"
_FINAL_S = 0.25
"""So long a final answer is waited for behind `100 Continue`, where the body is not sent."""


def left(until: float) -> float:
    """Return the seconds until then; raise `TimeoutError` when there are none."""
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


@functools.cache
def _context(version: str, protocol: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # What is asked is which certificate is shown, and it is a throwaway one: nothing is believed.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.set_alpn_protocols([protocol])
    # NOTE: old versions are offered only where a request is pinned to one, to see them refused.
    pinned = _VERSIONS.get(version)
    context.minimum_version = pinned or ssl.TLSVersion.TLSv1_2
    if pinned:
        context.maximum_version = pinned
    return context


def connected(ask: Ask, until: float) -> socket.socket:
    """Return a connection; raises `OSError`, of which `ssl.SSLError` is one."""
    family = socket.AF_INET if ask["port"] else socket.AF_UNIX
    if ":" in ask["address"]:
        family = socket.AF_INET6
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(left(until))
        if ask["source"] and family is socket.AF_INET:
            sock.bind((ask["source"], 0))
        sock.connect((ask["address"], ask["port"]) if ask["port"] else ask["address"])
        if not ask["tls"]:
            return sock
        protocol = HTTP2 if ask["protocol"] == HTTP2 else HTTP1
        context = _context(ask["version"], protocol)
        return context.wrap_socket(sock, server_hostname=ask["sni"] or None)
    except BaseException:
        sock.close()
        raise


def secured(sock: socket.socket) -> tuple[str, str]:
    """Return the version of TLS and the digest of the certificate of a new connection."""
    if not isinstance(sock, ssl.SSLSocket):
        return "", ""
    shown = sock.getpeercert(binary_form=True) or b""
    return sock.version() or "", hashlib.sha256(shown).hexdigest() if shown else ""


def failed(error: OSError) -> Got:
    """Return what is reported of a connection that failed."""
    if isinstance(error, TimeoutError):
        return nothing("deadline")
    if isinstance(error, ConnectionRefusedError):
        return nothing("the connection was refused")
    if isinstance(error, ssl.SSLError):
        return nothing(f"TLS: {(error.reason or 'failed').replace('_', ' ').lower()}")
    return nothing("the connection was reset")


def body_of(ask: Ask) -> bytes:
    """Return what is sent as the body."""
    return base64.b64decode(ask["body"]) + b" " * ask["pad"]


def told_of(status: int, headers: list[tuple[str, str]], body: bytes, end: str) -> Got:
    """Return what is reported of an answer."""
    return {
        **nothing(end),
        "status": status,
        "headers": headers,
        "body": base64.b64encode(body[:MAX_KEPT]).decode(),
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }


class Plain:
    """The connections over HTTP/1.1, each kept for the next request that fits it."""

    def __init__(self) -> None:
        self._open: dict[tuple[object, ...], tuple[socket.socket, tuple[str, str]]] = {}

    def ask(self, ask: Ask, until: float) -> Got:
        """Send one request and read its answer."""
        key = tuple(ask[word] for word in ("address", "port", "source", "tls", "sni", "version"))
        known = self._open.pop(key, None)
        if known is not None:
            raw, end = _exchanged(known[0], ask, until)
            if raw or end == "deadline":
                return self._read(key, known, ask, raw, end)
            # nginx may close one at any time: that says nothing.
            known[0].close()
        try:
            sock = connected(ask, until)
        except OSError as error:
            return failed(error)
        made = sock, secured(sock)
        return self._read(key, made, ask, *_exchanged(sock, ask, until))

    def _read(
        self,
        key: tuple[object, ...],
        made: tuple[socket.socket, tuple[str, str]],
        ask: Ask,
        raw: bytes,
        end: str,
    ) -> Got:
        if end == "answer" and _is_kept(raw, ask):
            self._open[key] = made
        else:
            made[0].close()
        got = _read(raw, ask["method"], end) if raw else nothing(end)
        got["protocol"] = HTTP1
        got["tls"], got["certificate"] = made[1]
        return got


def _request(ask: Ask) -> bytes:
    lines = [f"{ask['method']} {ask['target']} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in ask["headers"]]
    body = body_of(ask)
    if ask["declared"]:
        lines += [f"Content-Length: {ask['declared']}", "Expect: 100-continue"]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
    if ask["chunked"]:
        lines.append("Transfer-Encoding: chunked")
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    elif body or ask["method"] in {"POST", "PUT", "PATCH"}:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body


def _exchanged(sock: socket.socket, ask: Ask, until: float) -> tuple[bytes, str]:
    """Return what was read without an interim answer, and how it ended."""
    raw, end = _asked(sock, ask, until)
    return _continued(sock, ask, until, raw) if raw.startswith(_CONTINUE) else (raw, end)


def _asked(sock: socket.socket, ask: Ask, until: float) -> tuple[bytes, str]:
    """Return what was read first, and how it ended."""
    taken = bytearray()
    try:
        sock.settimeout(left(until))
        sock.sendall(_request(ask))
    except TimeoutError:
        return b"", "deadline"
    except OSError:
        # nginx may answer and close before it has read everything.
        pass
    try:
        while len(taken) <= MAX_READ:
            sock.settimeout(left(until))
            chunk = sock.recv(_CHUNK)
            taken += chunk
            if not chunk:
                return bytes(taken), "answer" if taken else "closed without an answer"
            if _is_whole(taken, ask["method"]):
                return bytes(taken), "answer"
    except TimeoutError:
        return bytes(taken), "deadline"
    except OSError:
        return bytes(taken), "answer" if taken else "the connection was reset"
    return bytes(taken), "limit"


def _continued(sock: socket.socket, ask: Ask, until: float, taken: bytes) -> tuple[bytes, str]:
    """Send the body that nginx asks for, unless it is very large, and return what follows.

    Of a very large one, that it is wanted is all that comes, where nothing else does.
    """
    _, _, rest = taken.partition(b"\r\n\r\n")
    is_sent = ask["declared"] <= _SENT
    until = until if is_sent else min(until, time.monotonic() + _FINAL_S)
    later = bytearray(rest)
    try:
        if is_sent:
            sock.settimeout(left(until))
            sock.sendall(b" " * ask["declared"])
    except OSError:
        # nginx may answer and close before it has read everything.
        pass
    while not _is_whole(later, ask["method"]) and len(later) <= MAX_READ:
        try:
            sock.settimeout(left(until))
            chunk = sock.recv(_CHUNK)
        except OSError as error:
            is_wanted = isinstance(error, TimeoutError) and not is_sent and not later
            end = "deadline" if isinstance(error, TimeoutError) else "answer"
            return (_WANTED, "answer") if is_wanted else (bytes(later), end)
        if not chunk:
            break
        later += chunk
    return bytes(later), "answer" if later else "closed without an answer"


def _is_whole(taken: bytes | bytearray, method: str) -> bool:
    """Whether an answer is all there, though the connection is still open."""
    end = taken.find(b"\r\n\r\n")
    if end < 0 or end > _MAX_HEAD:
        return False
    is_bare = taken.startswith((_CONTINUE, _SWITCHING)) or bytes(taken[9:12]) in _NO_BODY
    if is_bare or method == "HEAD":
        return True
    head = bytes(taken[:end]).lower()
    if _CHUNKED in head:
        return taken.endswith(b"\r\n\r\n") and b"\r\n0\r\n" in taken[-_MAX_HEAD:] and _ends(taken)
    length = _LENGTH.search(head)
    return length is not None and len(taken) >= end + 4 + int(length[1])


def _ends(taken: bytes | bytearray) -> bool:
    """Whether chunks come to their end here, behind which there may be trailers."""
    try:
        return read(bytes(taken), "GET").is_whole
    except NotHttpError:
        return False


def _is_kept(raw: bytes, ask: Ask) -> bool:
    """Whether another request can be sent behind an answer."""
    head = raw.partition(b"\r\n\r\n")[0].lower()
    is_own = any(name.lower() == "connection" for name, _ in ask["headers"])
    is_odd = is_own or ask["declared"] or raw.startswith((_CONTINUE, _SWITCHING))
    return not is_odd and b"\r\nconnection: close" not in head and _is_whole(raw, ask["method"])


def _read(raw: bytes, method: str, end: str) -> Got:
    if raw.startswith(_CONTINUE):
        return told_of(_GO_ON, [], b"", end)
    is_switching = raw.startswith(_SWITCHING)
    if is_switching:
        raw = raw.replace(b" 101 ", b" 200 ", 1)
    try:
        answer = read(raw, method, is_cut=end != "answer")
    except NotHttpError as error:
        return nothing("deadline" if end == "deadline" else f"no HTTP: {error}")
    status = _SWITCHED if is_switching else answer.status
    if end == "answer" and not answer.is_whole:
        end = "the answer breaks off"
    return told_of(status, list(answer.headers), answer.body, end)
