"""What runs inside the sandbox, tried outside of it: real sockets on loopback."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from workflow.gates.nginx.live.asked import Door, Request
from workflow.gates.nginx.live.inside.client import Plain
from workflow.gates.nginx.live.inside.stubs import Upstreams

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.gates.nginx.live.inside.told import Got

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_FINAL = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 2\r\n\r\nok"


def _asked(size: int, *, needs: int, said: bytes) -> Got:
    """Declare a body to a server that wants so much of it before it says more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, needs, said))
        thread.start()
        port = listener.getsockname()[1]
        door = Door("127.0.0.1", port, "a.example.test", is_tls=False)
        ask = Request(door, "/", method="POST", declared=size).ask()
        try:
            return Plain().ask({**ask, "source": ""}, time.monotonic() + 20)
        finally:
            thread.join()


def _serve(listener: socket.socket, needs: int, said: bytes) -> None:
    sock, _ = listener.accept()
    with sock:
        sock.settimeout(20)
        sock.recv(65536)
        sock.sendall(_CONTINUE)
        while needs > 0:
            needs -= len(sock.recv(65536))
        sock.sendall(said)
        while sock.recv(65536):
            pass


@pytest.mark.parametrize(
    ("size", "needs", "said", "status"),
    [
        (300_000, 300_000, _FINAL, 302),
        (300_000, 0, _FINAL, 302),
        (64_000_000, 0, _FINAL, 302),
        (64_000_000, 0, b"", 100),
    ],
    ids=["wants the body", "wants none of it", "very large", "very large, nothing said"],
)
def test_an_interim_answer_is_not_the_answer(
    size: int, needs: int, said: bytes, status: int
) -> None:
    """The body is sent then; of a very large one, that it is wanted is the answer if none comes."""
    got = _asked(size, needs=needs, said=said)
    assert (got["status"], got["end"]) == (status, "answer")


def test_the_folder_of_a_socket_is_made(tmp_path: Path) -> None:
    """As the service does on a machine; only what cannot be made could not stand in."""
    place = tmp_path / "run" / "php" / "f.sock"
    (tmp_path / "file").write_text("")
    stubs = [
        Upstreams(
            [{"name": "one", "protocol": "fastcgi", "address": str(address), "port": 0}], None
        )
        for address in (place, tmp_path / "file" / "f.sock")
    ]
    assert place.is_socket()
    assert [one.failed for one in stubs] == [[], ["one: File exists"]]
