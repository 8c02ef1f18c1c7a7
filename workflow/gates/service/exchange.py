"""One probe of one tree: the confined command, and what its driver reported, read strictly."""

from __future__ import annotations

import base64
import json
import posixpath
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.gates.service import answers
from workflow.gates.service.answers import Answer, NotHttpError
from workflow.gates.service.checks import ANYWHERE, Address, Check, request
from workflow.gates.text import one_line
from workflow.sandbox import TREE, Command, Limits, Network

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.gates.interface import Tree
    from workflow.process import Ran
    from workflow.sandbox.interpreter import Interpreter

TURNS = 2
"""How often everything is asked: what an app answers otherwise the second time is told apart."""
_DRIVER = Path(__file__).with_name("driver.py")
_INSIDE = "/run/workflow"
_MAX_KEPT = 64 * 1024
_MAX_READ = 8 * 1024 * 1024
# The answers that are kept, each twice and in base64, and what the service prints.
_OUTPUT = 24 * 1024 * 1024
_AFTER_S = 10.0


@dataclass(frozen=True, slots=True)
class Target:
    """An app as uvicorn is told, and the tree's folder that it is imported from."""

    app: str
    folder: str = ""
    is_factory: bool = False

    def __str__(self) -> str:
        """Return it for a person."""
        return f"{self.app} in {self.folder}" if self.folder else self.app

    @property
    def home(self) -> str:
        """The project's folder, where it is started: the one around `src`, where it is in one."""
        above, _, name = self.folder.rpartition("/")
        return above if name == "src" else self.folder


@dataclass(frozen=True, slots=True)
class Service:
    """How a service is started and how long it is waited for, in seconds of wall time.

    With `health` the service is up when that path answers with 2xx, else with its first answer.
    """

    env: Mapping[str, str] = field(default_factory=dict)
    health: str = ""
    start_s: float = 20.0
    request_s: float = 5.0
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one request: an answer, or in a few words why there is none.

    `size` is of all that was sent, in bytes, and `digest` the SHA-256 of it.
    """

    answer: Answer | None
    why: str = ""
    size: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """What one run of the driver reported.

    `problem` is empty when the service came up and was asked everything.  Without `started_ms` it
    did not come up; `is_missing` says that the interpreter has no uvicorn.  `said` has what came of
    each check, by turn and place.  `is_broken` means that the probe itself came to no good end.
    """

    started_ms: int | None = None
    problem: str = ""
    is_missing: bool = False
    is_broken: bool = False
    said: Mapping[tuple[int, int], Said] = field(default_factory=dict)

    @property
    def is_up(self) -> bool:
        """Whether the service came up."""
        return self.started_ms is not None


def command(  # noqa: PLR0913 - what is run, how, and on what
    tree: Tree,
    target: Target,
    service: Service,
    checks: Sequence[Check],
    python: Interpreter,
    *,
    address: Address = ANYWHERE,
) -> Command:
    """Return the run that starts the service of a tree and asks it everything."""
    program, folder = str(python.program), posixpath.join(TREE, target.folder).rstrip("/")
    environment = {
        "PATH": f"{python.program.parent}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    words = [program, "-m", "uvicorn", target.app, "--host", "127.0.0.1", "--port"]
    words += [str(address.port)]
    words += ["--app-dir", folder, "--no-use-colors"]
    words += ["--factory"] if target.is_factory else []
    told = _orders(words, service, checks, address)
    script, data = f"{_INSIDE}/driver.py", f"{_INSIDE}/service.json"
    return Command(
        # -I and -S: nothing of the tree, and no package of the environment, comes near the driver.
        argv=(program, "-I", "-S", script, data),
        tree=tree.scratch,
        cwd=posixpath.join(TREE, target.home).rstrip("/"),
        env=environment,
        read_only=python.folders,
        links=python.links,
        files=((script, _DRIVER.read_bytes()), (data, json.dumps(told).encode())),
        limits=Limits(wall_s=service.timeout_s + _AFTER_S, output=_OUTPUT),
        network=Network.LOOPBACK,
        report=True,
    )


def _orders(
    words: Sequence[str], service: Service, checks: Sequence[Check], address: Address
) -> dict[str, object]:
    """Return what the driver is told: how to start the service, and what to ask it."""
    # Without one, any answer will do, and that nothing is there is the quickest.
    health = request(Check("health", "GET", service.health or address.nowhere), address)
    return {
        "argv": list(words),
        "env": dict(service.env),
        "port": address.port,
        "start_s": service.start_s,
        "request_s": service.request_s,
        "timeout_s": service.timeout_s,
        "max_read": _MAX_READ,
        "max_kept": _MAX_KEPT,
        "health": _text(health.head),
        "is_strict": bool(service.health),
        "turns": TURNS,
        "requests": [
            {
                "head": _text(one.head),
                "body": _text(one.body),
                "tail": _text(one.tail),
                "pad": one.pad,
            }
            for one in (request(check, address) for check in checks)
        ],
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def read(ran: Ran, checks: Sequence[Check]) -> Probe:
    """Read the report of a run; one that breaks off, or cannot be, is a problem of its own."""
    state = _State(checks)
    try:
        for line in ran.report.splitlines():
            state.hear(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return Probe(problem="the report of the probe is damaged", is_broken=True)
    if not state.is_done:
        problem = f"the probe was ended from inside, with status {ran.exit_status}"
        if ran.timed_out:
            problem = f"the probe did not end within {ran.seconds:.0f} s"
        if ran.out_of_memory:
            problem = "the service took more memory than it may"
        return Probe(state.started_ms, problem, is_broken=True, said=state.said)
    if state.started_ms is None:
        problem = state.problem or "it does not start"
        last = ran.stderr.strip().splitlines()[-1:]
        if last and not state.is_missing:
            problem = f"{problem}: {one_line(last[0], 160)}"
        return Probe(problem=problem, is_missing=state.is_missing)
    if not state.problem and len(state.said) < TURNS * len(checks):
        state.problem = "it stopped answering in time, so not everything was asked"
    return Probe(state.started_ms, state.problem, said=state.said)


class _State:
    """What the lines said so far."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = checks
        self.said: dict[tuple[int, int], Said] = {}
        self.started_ms: int | None = None
        self.problem = ""
        self.is_missing = False
        self.is_done = False

    def hear(self, line: Mapping[str, object]) -> None:
        """Take one line; raises `ValueError` and the like for one that cannot be."""
        if "done" in line:
            self.is_done = True
            if line["ended"] is not None and not self.problem:
                status = _whole(line["ended"])
                self.problem = f"its process ended with status {status} after the last request"
        elif "started_ms" in line:
            self.started_ms = _whole(line["started_ms"])
        elif "stopped" in line:
            self.problem = f"it ended with status {_whole(line['stopped'])} before it was up"
            self.is_missing = bool(line["missing"])
        elif "not_up" in line:
            self.problem = _not_up(line["not_up"])
        else:
            self._take(line)

    def _take(self, line: Mapping[str, object]) -> None:
        place = _whole(line["turn"]), _whole(line["request"])
        check = self._checks[place[1]]
        self.said[place] = _said(line, check.method)
        if line["ended"] is not None:
            status = _whole(line["ended"])
            self.problem = f"its process ended with status {status} at {one_line(check.name, 120)}"


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(value)
    return value


def _not_up(value: object) -> str:
    """Return why a service that runs does not count as up."""
    if not isinstance(value, dict) or not value:
        return "nothing listens in time"
    said = _said(value, "GET")
    if said.answer is None:
        return f"it is not up in time: {said.why}"
    return f"it is not up in time: its health is answered with {said.answer.status}"


def _said(line: Mapping[str, object], method: str) -> Said:
    raw, size = base64.b64decode(str(line["raw"]), validate=True), _whole(line["size"])
    end, digest = str(line["end"]), str(line["sha256"])
    if end in {"deadline", "limit"}:
        why = "no end of the answer in time" if end == "deadline" else "an answer without end"
        return Said(None, f"{why} ({size} bytes)", size, digest)
    if end == "refused" or (end == "reset" and not raw):
        return Said(None, f"the connection was {end}", size, digest)
    try:
        answer = answers.read(raw, method, _whole(line["ms"]), is_cut=size > len(raw))
    except NotHttpError as error:
        return Said(None, f"no HTTP: {error}", size, digest)
    if not answer.is_whole and size == len(raw):
        return Said(None, "the answer breaks off, or is longer than it says", size, digest)
    return Said(answer, "", size, digest)
