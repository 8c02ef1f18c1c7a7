from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from workflow.process import Ran
from workflow.sandbox import Command, Laid, Limits, Network, Scratch, Wall
from workflow.sandbox.remember import Remembering

TREE = Scratch(Path("/nowhere"), id="a" * 40)
COMMAND = Command(argv=("true",), tree=TREE, files=(("/run/x", b"x"),))


class Counting:
    """Counts what it is asked to run, and how many at the same time."""

    def __init__(self, status: int | None = 0, seconds: float = 0.0, output: bytes = b"") -> None:
        self.asked: list[Command] = []
        self.status, self.seconds, self.output = status, seconds, output
        self.now = self.most = 0
        self.lock = threading.Lock()

    def run(self, command: Command) -> Ran:
        """Note the command, take a while, and end."""
        with self.lock:
            self.asked.append(command)
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds)
        with self.lock:
            self.now -= 1
        return Ran(command.argv, self.status, self.output, b"", 0.1)

    def walls(self) -> tuple[Wall, ...]:
        """No wall."""
        return ()


def test_the_same_command_runs_once() -> None:
    """An equal command gets the first one's result."""
    inner = Counting()
    sandbox = Remembering(inner)
    first = sandbox.run(COMMAND)
    assert sandbox.run(replace(COMMAND, tree=Scratch(Path("/elsewhere"), id=TREE.id))) is first
    assert len(inner.asked) == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(COMMAND, argv=("false",)),
        replace(COMMAND, tree=TREE.laid(Laid("x", content=b"1"))),
        replace(COMMAND, tree=TREE.laid(Laid("x", content=b"2"))),
        replace(COMMAND, tree=None),
        replace(COMMAND, cwd="/elsewhere"),
        replace(COMMAND, env={"A": "b"}),
        replace(COMMAND, read_only=(Path("/opt"),)),
        replace(COMMAND, files=(("/run/x", b"y"),)),
        replace(COMMAND, dirs=("/run/y",)),
        replace(COMMAND, links=(("/run/l", "/x"),)),
        replace(COMMAND, limits=Limits(wall_s=1.0)),
        replace(COMMAND, network=Network.LOOPBACK),
        replace(COMMAND, low_ports=True),
        replace(COMMAND, as_root=True),
        replace(COMMAND, report=True),
        replace(COMMAND, attempt=1),
    ],
    ids=lambda one: str(one)[:40],
)
def test_another_command_runs(other: Command) -> None:
    """Whatever differs in a command makes it another one."""
    inner = Counting()
    sandbox = Remembering(inner)
    for command in (COMMAND, other, COMMAND, other):
        sandbox.run(command)
    assert inner.asked == [COMMAND, other]


@pytest.mark.parametrize(
    "command",
    [replace(COMMAND, tree=Scratch(Path("/x"))), replace(COMMAND, network=Network.HOST)],
    ids=["a tree without an id", "the host's network"],
)
def test_what_may_change_runs_again(command: Command) -> None:
    """What depends on more than the command is not remembered."""
    inner = Counting()
    sandbox = Remembering(inner)
    assert sandbox.run(command) is not sandbox.run(command)
    assert len(inner.asked) == 2


def test_a_run_that_was_cut_off_runs_again() -> None:
    """A run that was stopped from outside says nothing about the next one."""
    inner = Counting(status=None)
    sandbox = Remembering(inner)
    sandbox.run(COMMAND)
    sandbox.run(COMMAND)
    assert len(inner.asked) == 2


def test_no_more_runs_than_slots_at_a_time() -> None:
    """Threads wait for one another where there are fewer slots than threads."""
    inner = Counting(seconds=0.02)
    sandbox = Remembering(inner, slots=2)
    commands = [replace(COMMAND, attempt=number) for number in range(6)]
    threads = [threading.Thread(target=sandbox.run, args=[command]) for command in commands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(inner.asked) == 6
    assert inner.most == 2


def test_what_is_remembered_is_bounded() -> None:
    """The results longest unused go when together they are too large."""
    inner = Counting(output=b"x" * 30 * 1024**2)
    sandbox = Remembering(inner)
    for number in (0, 1, 0, 2, 0, 1):
        sandbox.run(replace(COMMAND, attempt=number))
    assert [command.attempt for command in inner.asked] == [0, 1, 2, 1]


def test_a_tree_without_an_id_gets_none_by_laying() -> None:
    """Files laid over what is not known do not make it known."""
    assert not Scratch(Path("/x")).laid(Laid("x", content=b"")).id
    assert TREE.laid() == TREE
    assert TREE.laid(Laid("x", content=b"")).id != TREE.laid(Laid("x")).id
