"""Runs each order in a fork of this process, several at a time if need be.

`python -P -m tests.forks.server SOCKET` listens there.  An order is one message: JSON with `cwd`,
`arguments` and `env`, and three descriptors for the standard streams.  The answers are lines: the
process id at once, and the exit status at the end (`-N` where signal N ended it).
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
from contextlib import suppress

from tests.crashes.server import become, load, warm_up

_BYTES = 1 << 20


def main() -> None:
    """Answer orders until standard input ends; a fork of this process is the command."""
    warm_up()
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(sys.argv[1])
    listening.listen()
    awake, waking = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    told, tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    under_way: dict[int, socket.socket] = {}
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        ready, _, _ = select.select([sys.stdin.fileno(), listening.fileno(), awake, told], [], [])
        if sys.stdin.fileno() in ready:
            return
        if awake in ready:
            os.read(awake, _BYTES)
            _answer(under_way)
        if told in ready:
            load(set(os.read(told, _BYTES).decode().split()))
        if listening.fileno() in ready:
            asking, _ = listening.accept()
            child = os.fork()
            if child == 0:
                listening.close()
                _carry_out(asking, tell)
                return
            under_way[child] = asking
            asking.sendall(f"{child}\n".encode())


def _answer(under_way: dict[int, socket.socket]) -> None:
    """Tell whoever has asked how their commands ended."""
    for child in list(under_way):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            asking = under_way.pop(child)
            with asking, suppress(OSError):
                asking.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def _carry_out(asking: socket.socket, tell: int) -> None:
    """Become the command of one order."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    message, streams, _, _ = socket.recv_fds(asking, _BYTES, 3)
    order = json.loads(message)
    asking.close()
    become(order, streams)
    time.tzset()
    tempfile.tempdir = None
    known = set(sys.modules)
    atexit.register(_tell, tell, known)
    sys.argv = ["workflow", *order["arguments"]]
    from workflow import cli  # noqa: PLC0415 - imported long since

    cli.main()


def _tell(tell: int, known: set[str]) -> None:
    names = sorted(set(sys.modules) - known)
    with suppress(OSError):
        os.write(tell, " ".join(["", *names, ""]).encode())


if __name__ == "__main__":
    main()
