"""A request to the live machine: bounded in time and size, and nothing but the request."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.unit.probes.conftest import whole
from workflow.probes import HttpCheck
from workflow.probes.http import MOST_BODY, NoAnswerError, ask

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.probes.conftest import Serve

SOON_S = 0.3
LATE_S = 10.0
"""What a deadline of `SOON_S` may take on a busy machine."""


def url(port: int, path: str = "/", scheme: str = "http", host: str = "127.0.0.1") -> str:
    """Return an address on this machine."""
    return f"{scheme}://{host}:{port}{path}"


def test_what_is_sent(serve: Serve) -> None:
    """One GET with the path and the query, no cookie, no credentials, nothing about the change."""
    server = serve(whole())
    found = ask(HttpCheck(url(server.port, "/health?deep=1")), 5)
    assert (found.status, found.body, found.is_whole) == (200, b"fine", True)
    assert server.arrived == [
        b"GET /health?deep=1 HTTP/1.1\r\n"
        + f"Host: 127.0.0.1:{server.port}\r\n".encode()
        + b"Accept: */*\r\nAccept-Encoding: identity\r\nCache-Control: no-cache\r\n"
        b"Connection: close\r\nUser-Agent: workflow-probe\r\n\r\n"
    ]


def test_no_proxy_of_the_environment(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine itself is asked, whatever proxy is set."""
    proxy = serve(whole(b"proxy"))
    server = serve(whole(b"itself"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, url(proxy.port))
    assert ask(HttpCheck(url(server.port)), 5).body == b"itself"
    assert not proxy.arrived


def test_a_redirect_is_an_answer(serve: Serve) -> None:
    """It is not followed; where it leads is for the log."""
    elsewhere = serve(whole())
    server = serve(whole(b"", "302 Found", f"Location: {url(elsewhere.port)}"))
    found = ask(HttpCheck(url(server.port)), 5)
    assert found.status == 302
    assert ("Location", url(elsewhere.port)) in found.headers
    assert not elsewhere.arrived


def test_cookies_are_not_told(serve: Serve) -> None:
    """Of the headers only harmless ones go into the log."""
    server = serve(whole(b"", "200 OK", "Set-Cookie: session=1", "Server: nginx"))
    assert ask(HttpCheck(url(server.port)), 5).headers == (
        ("Content-Length", "0"),
        ("Server", "nginx"),
    )


@pytest.mark.parametrize("part", ["head", "body", "hello"])
def test_a_slow_drip_ends(serve: Serve, part: str) -> None:
    """The deadline is one over all bytes, not one for each."""
    ended = threading.Event()

    def drip(connection: socket.socket) -> None:
        if part == "body":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        elif part == "head":
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(0 if part == "hello" else 200):
            connection.sendall(b"x")
            if ended.wait(0.05):
                return
        ended.wait(LATE_S)

    server = serve(drip)
    started = time.monotonic()
    with pytest.raises(NoAnswerError, match=r"no whole answer within 0\.3 s"):
        ask(HttpCheck(url(server.port)), SOON_S)
    ended.set()
    assert time.monotonic() - started < LATE_S / 2


def test_an_endless_body_is_cut(serve: Serve) -> None:
    """No more than a million bytes are read."""

    def pour(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(64):
            connection.sendall(b"x" * 65536)

    found = ask(HttpCheck(url(serve(pour).port)), 5)
    assert (len(found.body), found.is_whole) == (MOST_BODY, False)


def test_reading_stops_where_the_text_is(serve: Serve) -> None:
    """Also where it comes in two pieces, and the rest never comes."""
    ended = threading.Event()

    def say(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nall he")
        time.sleep(0.1)
        connection.sendall(b"althy")
        ended.wait(LATE_S)

    found = ask(HttpCheck(url(serve(say).port), contains="healthy"), 5)
    ended.set()
    assert (found.body, found.is_whole) == (b"all healthy", False)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "broke off in the middle"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
            "broke off in the middle",
        ),
        (b"", "closed without an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP: BadStatusLine"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", "no HTTP: LineTooLong"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 200 + b"\r\n", "no HTTP: HTTPException"),
    ],
)
def test_what_is_no_answer(serve: Serve, answer: bytes, why: str) -> None:
    """It is said in a line what came instead."""
    with pytest.raises(NoAnswerError, match=why):
        ask(HttpCheck(url(serve(answer).port)), 5)


def test_nobody_listens() -> None:
    """A closed port is told as the system says it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NoAnswerError, match="Connection refused"):
        ask(HttpCheck(url(port)), 5)


def test_an_unknown_name() -> None:
    """One that no name server need be asked about: a label has at most 63 characters."""
    name = "a" * 64 + ".test"
    with pytest.raises(NoAnswerError, match=f"{name} is not known: "):
        ask(HttpCheck(f"http://{name}/"), 5)


def test_localhost_is_this_machine(serve: Serve) -> None:
    """By its name, and with the next address where the first does not listen (IPv6)."""
    server = serve(whole())
    assert ask(HttpCheck(url(server.port, host="localhost")), 5).status == 200
    assert b"Host: localhost:" in server.arrived[0]


# --- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a PEM file with a certificate for `localhost` that signed itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(pem) + private)
    return path


def test_certificates_are_checked(
    serve: Serve, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that nobody vouches for is no answer, unless that is said to be fine."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    server = serve(whole(), tls=tls)
    there = url(server.port, scheme="https", host="localhost")
    with pytest.raises(NoAnswerError, match="its certificate does not hold: self-signed"):
        ask(HttpCheck(there), 5)
    assert ask(HttpCheck(there, insecure=True), 5).body == b"fine"
    # Somebody vouches for it now, but not for another name.
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert ask(HttpCheck(there), 5).body == b"fine"
    with pytest.raises(NoAnswerError, match=r"its certificate does not hold: .*127"):
        ask(HttpCheck(url(server.port, scheme="https")), 5)


def test_plain_http_where_tls_is_expected(serve: Serve) -> None:
    """A server that speaks no TLS is told apart from one with a bad certificate."""
    with pytest.raises(NoAnswerError, match="TLS: wrong version number"):
        ask(HttpCheck(url(serve(whole()).port, scheme="https")), 2)


def test_a_server_that_shakes_no_hand() -> None:
    """The deadline holds for TLS, too."""
    started = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(NoAnswerError, match="no whole answer within"):
            ask(HttpCheck(url(port, scheme="https")), SOON_S)
    assert time.monotonic() - started < LATE_S / 2
