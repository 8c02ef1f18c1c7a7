"""Services that try to write their own verdict, or to keep the probe from coming to one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.integration.gates.service.services import PLAIN, QUICK, RAW, without_withdrawal
from workflow.gates.service import Check

if TYPE_CHECKING:
    from tests.integration.gates.service.conftest import Probed
    from workflow.sandbox import Command

# Every way to the report that a process of the same user has; it answers with those that worked.
FORGE = (
    PLAIN
    + """
import ctypes, glob, os
LINE = b'{"done": true, "forged": 1}\\n'
worked = []
me, parent = os.getpid(), os.getppid()
for path in glob.glob("/proc/[0-9]*/fd/*"):
    if path.split("/")[2] in (str(me), "self"):
        continue
    try:
        fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        os.write(fd, LINE)
        worked.append(path)
    except OSError:
        pass
for fd in range(3, 64):
    try:
        os.write(fd, LINE)
        worked.append(str(fd))
    except OSError:
        pass
for name in ("mem", "environ", "maps", "cwd", "exe", "root"):
    try:
        open(f"/proc/{parent}/{name}", "r+b" if name == "mem" else "rb").close()
        worked.append(name)
    except OSError:
        pass
libc = ctypes.CDLL(None, use_errno=True)
pidfd = libc.syscall(434, parent, 0)
for number in range(3, 64):
    fd = libc.syscall(438, pidfd, number, 0) if pidfd >= 0 else -1
    if fd >= 0:
        worked.append(f"pidfd_getfd {number}")
        try:
            os.write(fd, LINE)
        except OSError:
            pass
if libc.ptrace(0x4206, parent, 0, 0) == 0:
    worked.append("ptrace")
    libc.ptrace(17, parent, 0, 0)

async def app(scope, receive, send):
    if scope["type"] == "http":
        await answer(send, 500, " ".join(worked).encode())
"""
)


def test_report_is_out_of_reach(probed: Probed) -> None:
    """No descriptor, no memory and no tracing of the driver is the service's to use."""
    probe, ran = probed(FORGE)
    assert b"forged" not in ran.report
    answers = [said.answer for said in probe.said.values()]
    assert [(one.status, one.body) for one in answers if one] == [(500, b"")] * 4


def test_report_is_in_reach_without_the_withdrawal(probed: Probed) -> None:
    """The same service gets at a driver that did not withdraw: the attempts are real ones."""
    probe, ran = probed(FORGE, otherwise=without_withdrawal)
    answers = [said.answer.body for said in probe.said.values() if said.answer]
    assert probe.is_broken or b"forged" in ran.report or any(answers)


@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_driver_survives_polite_signals(probed: Probed, number: str) -> None:
    """A service that signals its parent does not end its own probe."""
    probe, _ = probed(PLAIN + f"import os, signal\nos.kill(os.getppid(), signal.{number})\n")
    assert probe.is_up
    assert not probe.problem


def test_killed_driver_is_no_verdict(probed: Probed) -> None:
    """A service that kills the driver has ended the probe, and that is what is said."""
    probe, _ = probed(PLAIN + "import os\nos.kill(os.getppid(), 9)\n")
    assert probe.is_broken
    assert "ended from inside" in probe.problem


def test_stopped_driver_ends_at_the_deadline(probed: Probed) -> None:
    """A service that stops the driver only waits for the sandbox's own deadline."""

    def soon(command: Command) -> Command:
        return replace(command, limits=replace(command.limits, wall_s=3.0))

    probe, _ = probed(PLAIN + "import os\nos.kill(os.getppid(), 19)\n", otherwise=soon)
    assert probe.is_broken
    assert "did not end" in probe.problem


def test_hang_while_starting(probed: Probed) -> None:
    """A service that never listens is not up."""
    service = replace(QUICK, start_s=1.0)
    probe, _ = probed("import time\ntime.sleep(600)\n", service=service)
    assert not probe.is_up
    assert "nothing listens in time" in probe.problem


def test_hang_while_answering(probed: Probed) -> None:
    """A service that answers nothing after its start is given up, and that is said."""
    code = (
        PLAIN
        + """
import asyncio
async def app(scope, receive, send):
    if scope["type"] == "http":
        if "/no-such" not in scope["path"]:
            await asyncio.sleep(600)
        await answer(send, 404, b"")
"""
    )
    probe, ran = probed(code, service=replace(QUICK, request_s=0.3))
    assert probe.is_up
    assert "stopped answering" in probe.problem
    assert ran.seconds < 15


@pytest.mark.parametrize(
    ("sends", "why"),
    [
        ("one.sendall(b'HTTP/1.1 200 OK\\r\\n' + b'a: b\\r\\n' * 5000 + b'\\r\\n')", "headers"),
        ("one.sendall(b'HTTP/1.1 100 Continue\\r\\n\\r\\n' * 1000)", "interim"),
        ("one.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\n' + b'x' * 9000000)", "without end"),
        ("one.sendall(b'x' * 100)", "no end"),
        (
            "[(one.sendall(b'HTTP'), time.sleep(0.1)) for _ in range(100)]",
            "no end of the answer in time",
        ),
    ],
    ids=["headers", "interim", "endless", "no-http", "slow"],
)
def test_answers_that_are_none(probed: Probed, sends: str, why: str) -> None:
    """Whatever is sent instead of an answer ends in bounded time and space, with its reason."""
    probe, ran = probed(RAW % sends, service=replace(QUICK, request_s=0.5))
    assert probe.is_up
    assert why in probe.said[0, 0].why
    assert ran.seconds < 15


def test_end_after_health(probed: Probed) -> None:
    """A service that ends at a request is found to have ended, with the request's name."""
    code = PLAIN.replace(
        "    await answer(", "    if scope['path'] == '/two': os._exit(0)\n    await answer("
    )
    probe, _ = probed("import os\n" + code)
    assert probe.is_up
    assert "its process ended with status 0 at two" in probe.problem


def test_daemon_that_keeps_the_port(probed: Probed) -> None:
    """A process left behind answers for a service that has ended, and is not taken for it."""
    code = "import os, time\nif os.fork():\n    time.sleep(1)\n    os._exit(0)\nos.setsid()\n"
    code += (
        RAW % "one.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n'); time.sleep(0.5)"
    )
    probe, _ = probed(code)
    assert "ended with status 0" in probe.problem


def test_flood_of_output(probed: Probed) -> None:
    """A service that prints without end is asked all the same, and its start and end are kept."""
    code = PLAIN.replace(
        "    await answer(", "    print('x' * 5_000_000, flush=True)\n    await answer("
    )
    probe, ran = probed(code + "print('the first line', flush=True)\n")
    assert not probe.problem
    assert len(probe.said) == 4
    assert ran.stderr.startswith(b"the first line")
    assert b"left out" in ran.stderr
    assert len(ran.stderr) < 512 * 1024


def test_shadowed_modules_do_not_reach_the_driver(probed: Probed) -> None:
    """Files of the tree that bear the names of the driver's modules end the service alone."""
    names = ("socket", "json", "select", "base64", "ctypes", "sitecustomize", "usercustomize")
    files = {f"{name}.py": "import os\nos._exit(7)\n" for name in names}
    probe, _ = probed(PLAIN, files=files)
    assert not probe.is_broken
    assert "it ended with status 7 before it was up" in probe.problem


def test_shadowed_uvicorn_is_not_a_missing_one(probed: Probed) -> None:
    """A tree with a uvicorn of its own cannot make believe that there is none."""
    probe, _ = probed(PLAIN, files={"uvicorn.py": "raise ImportError('No module named uvicorn')\n"})
    assert not probe.is_up
    assert not probe.is_missing


def test_service_sees_no_report_variable(probed: Probed) -> None:
    """The service is not told of the report, and holds no descriptor of the driver's."""
    code = PLAIN.replace(
        'b"fine"', "repr((sorted(k for k in os.environ if 'REPORT' in k), FDS)).encode()"
    )
    code += "import os\nFDS = [fd for fd in os.listdir('/proc/self/fd') if int(fd) > 3]\n"
    probe, _ = probed(code, checks=[Check("one", "GET", "/")])
    answer = probe.said[0, 0].answer
    assert answer is not None
    assert answer.body == b"([], [])"
