"""What HTTP itself can answer with: errors, pages, redirects, other content, bombs."""

from __future__ import annotations

import socket
import socketserver
import ssl
import tracemalloc
from contextlib import contextmanager, suppress
from email.utils import formatdate
from threading import Thread
from time import time
from typing import TYPE_CHECKING, NoReturn

import httpx2
import pytest

from tests.integration.providers.remote_desk import KEY, WORDS, Desk, Ends
from tests.loopback import Fault, loopback
from tests.loopback.faults import bomb, dripping_head, error, first, flood, page
from workflow.gates.nginx import throwaway
from workflow.providers import failures, remote
from workflow.providers.failures import (
    BadKeyError,
    ConnectionLostError,
    DeadlineError,
    NoCreditError,
    NotAnApiError,
    OverloadedError,
    RateLimitedError,
    RejectedError,
    TooLargeError,
    UnknownModelError,
)
from workflow.redaction.egress.guard import EgressDeniedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workflow.errors import WorkflowError

AT_ONCE = ("Retry-After", "0")
HOUR = ("Retry-After", "3600")
QUOTES = f"Incorrect API key provided: {KEY}; you sent {WORDS}\x1b[31m"


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_what_passes_is_tried_again(status: int, desk: Desk) -> None:
    """Once more after a fault of the moment, and the answer is as if nothing had been."""
    desk.server.faults.append(error(status, "overloaded_error", AT_ONCE, words=QUOTES))
    found = desk.ask()
    Ends(None, 2, (True,)).check(desk, found)
    assert found.draft
    assert len(found.draft.sent) == 2
    assert any("again" in each for each in found.told)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (408, OverloadedError),
        (429, RateLimitedError),
        (500, OverloadedError),
        (502, OverloadedError),
        (503, OverloadedError),
        (529, OverloadedError),
    ],
)
def test_what_does_not_pass_ends(status: int, kind: type[WorkflowError], desk: Desk) -> None:
    """After the attempts that the model has, and no more."""
    desk.server.faults += [error(status, "some_error", AT_ONCE, words=QUOTES)] * 9
    found = desk.ask()
    Ends(kind, 3).check(desk, found)
    assert "3" in found.message


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "invalid_request_error", RejectedError),
        (401, "authentication_error", BadKeyError),
        (402, "billing_error", NoCreditError),
        (403, "permission_error", BadKeyError),
        (404, "not_found_error", UnknownModelError),
        (413, "request_too_large", TooLargeError),
        (422, "", RejectedError),
        (429, "insufficient_quota", NoCreditError),
    ],
)
def test_what_would_come_again_is_not_asked_for_again(
    status: int, code: str, kind: type[WorkflowError], desk: Desk
) -> None:
    """One attempt, and of the provider's words no more than its code."""
    desk.server.faults += [error(status, code, AT_ONCE, words=QUOTES)] * 9
    found = desk.ask()
    Ends(kind).check(desk, found)
    assert code in found.message


@pytest.mark.parametrize("code", ["a\x1b[31mb", "a" * 500, "\u202egpj", f"{KEY} {WORDS}", 7, None])
def test_a_code_that_is_none_is_not_shown(code: str, desk: Desk) -> None:
    """The type and the code of an error are the provider's, too: only an identifier is repeated."""
    desk.server.faults.append(error(400, code))
    found = desk.ask()
    Ends(RejectedError).check(desk, found)
    assert str(code) not in found.message
    assert "\u202e" not in found.message


@pytest.mark.parametrize("code", [KEY, WORDS], ids=["the key", "words of the request"])
def test_a_code_that_quotes_us_is_not_shown(code: str, desk: Desk) -> None:
    """What looks like an identifier can be our own key, or a name of the prompt, sent back."""
    desk.server.faults.append(error(401, code))
    Ends(BadKeyError).check(desk, desk.ask())


def test_an_hour_is_not_waited_for(desk: Desk) -> None:
    """A Retry-After beyond the deadline ends it at once, and the message says how long it is."""
    desk.server.faults += [error(429, "rate_limit_error", HOUR)] * 9
    found = desk.ask()
    Ends(RateLimitedError).check(desk, found)
    assert found.seconds < 5
    assert "3,600 s" in found.message


def test_a_date_to_wait_for_is_read(desk: Desk) -> None:
    """Retry-After may be a date; one in an hour is not waited for, and one gone by is no wait."""
    gone, later = (formatdate(time() + seconds, usegmt=True) for seconds in (-60, 3600))
    desk.server.faults.append(error(503, "overloaded_error", ("Retry-After", gone)))
    desk.server.faults.append(error(503, "overloaded_error", ("Retry-After", later)))
    found = desk.ask()
    Ends(OverloadedError, 2).check(desk, found)
    assert found.seconds < 5


@pytest.mark.parametrize("words", ["-1", "nan", "inf", "1e400", "9" * 400, "soon", "", "٣"])
def test_a_time_to_wait_that_is_none_is_ignored(words: str, desk: Desk) -> None:
    """Whatever else stands in Retry-After, the answer comes in the end."""
    value = words.encode("latin-1", "replace").decode("latin-1")
    desk.server.faults.append(error(503, "overloaded_error", ("Retry-After", value)))
    Ends(None, 2, (True,)).check(desk, desk.ask())


def test_a_page_is_no_answer(desk: Desk) -> None:
    """HTML with a 200: something else answers at that address; it is not asked again."""
    desk.server.faults += [page()] * 9
    Ends(NotAnApiError).check(desk, desk.ask())


def test_a_page_of_a_gateway_is_tried_again(desk: Desk) -> None:
    """HTML with a 502 is a proxy that has lost its server for a moment."""
    desk.server.faults.append(Fault(502, (AT_ONCE,), html=True))
    Ends(None, 2, (True,)).check(desk, desk.ask())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"error": {"type": "inva', "application/json"),
        (b"", "application/json"),
        (b"\xff\xfe\x00", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"error": "down"}', "application/json"),
        (b"<p>no", "text/html"),
    ],
)
def test_an_error_that_cannot_be_read_is_still_one(body: bytes, kind: str, desk: Desk) -> None:
    """Truncated JSON, nothing, no Unicode, deep nesting, another form: the status says enough."""
    desk.server.faults += [Fault(400, body=body, kind=kind)] * 9
    Ends(RejectedError).check(desk, desk.ask())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"id": "whole"}', "application/json"),
        (b"data: {}\n\n", "text/plain"),
        (b"data: {}\n\n", ""),
        (b"\x89PNG", "image/png"),
    ],
)
def test_another_content_type_is_no_answer(body: bytes, kind: str, desk: Desk) -> None:
    """Only a stream of events is read."""
    desk.server.faults += [Fault(200, body=body, kind=kind or "-")] * 9
    Ends(NotAnApiError).check(desk, desk.ask())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int, desk: Desk) -> None:
    """Not one byte reaches the other origin."""
    with loopback() as elsewhere:
        location = ("Location", desk.vendor.url(elsewhere) + "/responses")
        desk.server.faults += [Fault(status, (location,))] * 9
        Ends(EgressDeniedError).check(desk, desk.ask())
        assert (elsewhere.connections, elsewhere.arrived) == (0, [])


def test_a_bomb_is_not_unpacked(desk: Desk) -> None:
    """Nothing compressed is asked for, so 300 MB of zeros in gzip stay the 1 MB that they are."""
    desk.server.faults += [bomb(300)] * 9
    Ends(NotAnApiError).check(desk, desk.ask())
    assert desk.server.arrived[0].headers["accept-encoding"] == "identity"


def test_a_bomb_in_an_error_is_not_unpacked(desk: Desk) -> None:
    """The SDKs read an error's body to its end, whatever it is."""
    desk.server.faults += [bomb(300, status=400)] * 9
    tracemalloc.start()
    try:
        found = desk.ask()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(found.error, RejectedError | NotAnApiError)
    assert peak < 100_000_000
    assert len(desk.server.arrived) == 1


def test_an_error_of_any_length_is_read_in_part(desk: Desk) -> None:
    """The body of an error can be a flood, too."""
    desk.limit(deadline_s=1.0, retries=0)
    put = first(0, then=flood(b"x" * 65_536))
    desk.server.faults.append(Fault(500, body=b"", put=put))
    found = desk.ask()
    assert isinstance(found.error, OverloadedError | DeadlineError | TooLargeError), found
    assert found.seconds < 12


def test_headers_that_never_end_meet_the_deadline(desk: Desk) -> None:
    """Byte by byte, each in time for a read, and still the call ends."""
    desk.limit(deadline_s=0.5)
    desk.server.faults += [Fault(put=dripping_head)] * 9
    Ends(DeadlineError).check(desk, desk.ask())


@contextmanager
def answering(reply: bytes, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on a port of this machine that answers whatever comes with these bytes."""

    class Answering(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                talk = tls.wrap_socket(self.request, server_side=True) if tls else self.request
                talk.recv(65_536)
                talk.sendall(reply)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answering) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def throwaway_tls(folder: Path) -> ssl.SSLContext:
    """With a certificate that no authority has signed."""
    (folder / "a.crt").write_bytes(throwaway.CERTIFICATE)
    (folder / "a.key").write_bytes(throwaway.KEY)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "a.crt", folder / "a.key")
    return context


def test_nobody_there(desk: Desk) -> None:
    """A port that nobody listens on is a lost connection, after each attempt."""
    with loopback() as gone:
        url = desk.vendor.url(gone)
    desk.limit(retries=1)
    found = desk.ask(by=desk.provider(url))
    assert isinstance(found.error, ConnectionLostError)
    assert len(desk.kept.bodies) == 2
    assert desk.server.arrived == []
    assert f"cannot be reached at {gone.origin}: connection refused" in found.message
    assert f"{gone.origin}/" not in found.message


def test_a_name_that_is_none() -> None:
    """Whatever the libraries wrap the resolver's own error in; no test asks a real one."""

    def ask() -> NoReturn:
        message = "no host"
        try:
            raise socket.gaierror(socket.EAI_NONAME, message)
        except OSError as error:
            raise httpx2.ConnectError(message) from error

    with pytest.raises(failures.Fault) as caught:
        next(remote.events(ask))
    assert caught.value.trouble is failures.Trouble.NO_NAME
    assert caught.value.is_passing


def test_a_server_that_does_not_speak_tls(desk: Desk) -> None:
    """What an address with https:// in front of a plain server comes to; asked once."""
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        found = desk.ask(by=desk.provider(f"https://127.0.0.1:{port}/v1"))
    assert isinstance(found.error, ConnectionLostError)
    assert f"https://127.0.0.1:{port}: what answers there does not speak TLS" in found.message
    assert "begins with http://" in found.message
    assert len(desk.kept.bodies) == 1


def test_a_certificate_that_nobody_vouches_for(desk: Desk, tmp_path: Path) -> None:
    """It is not asked again; the hint names the variable of another authority."""
    with answering(b"", throwaway_tls(tmp_path)) as port:
        found = desk.ask(by=desk.provider(f"https://127.0.0.1:{port}/v1"))
    assert isinstance(found.error, ConnectionLostError)
    assert "its certificate is not trusted" in found.message
    assert "__CA_FILE=" in found.message
    assert len(desk.kept.bodies) == 1


def test_the_key_goes_into_its_header_and_nowhere_else(desk: Desk) -> None:
    """Once in each request, and never in what is kept, told or shown."""
    found = desk.ask()
    Ends(None, 1, (True,)).check(desk, found)
    (request,) = desk.server.arrived
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.raw.count(KEY.encode()) == 1
    assert KEY not in repr(desk.provider())
