"""A small service, what it is asked, and a driver that is less careful than ours."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.gates.service import Check, Service

if TYPE_CHECKING:
    from workflow.sandbox import Command

# An app without a framework: it starts in half the time.
PLAIN = """\
async def answer(send, status, body, headers=()):
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await answer(send, 200, b"fine")
"""
# A server of its own in the place of uvicorn, which sends what no framework would.
RAW = """
import os, socket, sys, time
port = int(sys.argv[sys.argv.index("--port") + 1])
server = socket.create_server(("127.0.0.1", port))
while True:
    one, _ = server.accept()
    with one:
        head = one.recv(65536)
        if head.split()[1] not in (b"/", b"/one", b"/two"):
            one.sendall(b"HTTP/1.1 404 Not Found\\r\\nContent-Length: 0\\r\\n\\r\\n")
            continue
        try:
            %s
        except OSError:
            pass
"""
CHECKS = (Check("one", "GET", "/one"), Check("two", "GET", "/two"))
QUICK = Service(start_s=15.0, request_s=3.0, timeout_s=20.0)


def without_withdrawal(command: Command) -> Command:
    """Return the same run with a driver that stays within its child's reach."""
    files = []
    for name, data in command.files:
        changed = data.replace(
            b"libc.prctl(_PR_SET_DUMPABLE, 0,", b"libc.prctl(_PR_SET_DUMPABLE, 1,"
        )
        assert name.endswith(".json") or changed != data
        files.append((name, changed))
    return replace(command, files=tuple(files))
