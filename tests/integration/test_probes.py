"""Probes decide: a landing that fails them is taken back, and what cannot be told is not landed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow import cli, config, git_store, ledger, probes, trust
from workflow.errors import ExitCode
from workflow.journal import Journal, LandingKind, LandingState
from workflow.probes import Health, Moment
from workflow.resources import folder
from workflow.store import Store
from workflow.types import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import GitRepo, GitRepoFactory

SITE = "site_nginx.conf"
NEW = b"https://s.ado.im"
SETTINGS = """
[gates.nginx]
probe = false

[[probes]]
name = "web"
http = "http://127.0.0.1:{port}/"
tries = 2
wait_s = 0.05

[[probes]]
name = "own"
command = ["{program}"]
tries = 1
timeout_s = 60
"""
# Assembled, so that no scanner takes it for a leak.
SECRET = "Kq3vX9" + "dYkR2m"


class Handler(BaseHTTPRequestHandler):
    """Answers as the checkout's site is: 502 when it has what this server cannot bear."""

    server: Web

    def do_GET(self) -> None:
        """Say how it is."""
        hated = self.server.hates
        is_ill = bool(hated) and hated in (self.server.checkout / SITE).read_bytes()
        self.send_response(502 if is_ill else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Web(HTTPServer):
    """A server that reads the checkout."""

    checkout = Path("/nowhere")
    hates = b""


@dataclass(frozen=True)
class Machine:
    """The live machine: a server, and a program that does what a test has written into `act`."""

    web: Web
    folder: Path

    @property
    def settings(self) -> str:
        """What `workflow.toml` says of it."""
        program = self.folder / "program"
        return SETTINGS.format(port=self.web.server_port, program=program)

    def act(self, words: str) -> None:
        """Have the program do this from now on."""
        (self.folder / "act").write_text(words)


@pytest.fixture(scope="session")
def machine_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Yield one machine for all tests, since proposals are made for its port."""
    place = tmp_path_factory.mktemp("machine")
    program = place / "program"
    program.write_text(f"#!/bin/sh\n[ ! -e {place}/act ] || . {place}/act\n")
    program.chmod(0o755)
    with Web(("127.0.0.1", 0), Handler) as web:
        thread = threading.Thread(target=web.serve_forever, args=(0.05,))
        thread.start()
        yield Machine(web, place)
        web.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def made() -> dict[str, Path]:
    """Remember the repository that is made once."""
    return {}


@dataclass(frozen=True)
class Scene:
    """A repository in which proposal 1 is approved, and the machine that it is live on."""

    repo: GitRepo
    machine: Machine
    store: Store

    @property
    def journal(self) -> Journal:
        """Its landings."""
        return Journal(self.store.folder, self.store.connection)

    @property
    def state(self) -> State:
        """The proposal's state."""
        return self.store.get(1).state

    def seen(self) -> list[tuple[str, str, bool]]:
        """When each probe said what, so far."""
        found = probes.seen(self.store.connection, 1)
        return [(str(one.moment), one.result.name, one.result.is_passed) for one in found]

    def health(self, landing: int) -> Health:
        """What probes make of a landing."""
        found = probes.seen(self.store.connection, 1)
        return probes.health(probes.of_landing(found, landing))

    def events(self, name: str) -> list[dict[str, Any]]:
        """The facts of one name."""
        found = ledger.rows(self.store.connection)
        return [dict(row.body) for row in found if row.event == name]


@pytest.fixture
def scene(
    machine_of_all: Machine,
    made: dict[str, Path],
    git_repo: GitRepoFactory,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    """Yield a scene of one's own; the proposal is made once."""
    machine = machine_of_all
    machine.act("")
    machine.web.hates = b""
    repo = git_repo()
    if "repo" not in made:
        site = (folder("sandbox_repo") / "nginx" / SITE).read_bytes()
        settings = machine.settings + "\n"
        repo.commit({SITE: site, "workflow.toml": settings, "own.env": f"PASSWORD={SECRET}\n"})
        monkeypatch.chdir(repo.path)
        assert (
            cli.run(["propose", "-q", f"allow origin {NEW.decode()} via CORS and CSP", SITE]) == 0
        )
        assert cli.run(["approve", "1"]) == 0
        made["repo"] = tmp_path_factory.mktemp("made") / "repo"
        shutil.copytree(repo.path, made["repo"], symlinks=True)
    else:
        shutil.rmtree(repo.path)
        shutil.copytree(made["repo"], repo.path, symlinks=True)
        repo.git("update-index", "-q", "--refresh")
    monkeypatch.chdir(repo.path)
    machine.web.checkout = repo.path
    git = git_store.discover(repo.path)
    store = Store(git.common_dir / "workflow")
    place = trust.Place(store.repository, git.common_dir)
    trust.trust(place, config.load(machine.settings, {}, "workflow.toml"))
    with closing(store):
        yield Scene(repo, machine, store)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed, spaces and lines as one."""
    both = capsys.readouterr()
    return " ".join((both.out + both.err).split())


def test_a_landing_that_proves_good(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Probes are asked before and after; it is kept, and called proven."""
    assert cli.run(["apply", "-q", "1", "--json"]) == ExitCode.DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["health"], [one["passed"] for one in told["probes"]]) == ("proven", [True, True])
    assert scene.state is State.APPLIED
    assert scene.seen() == [
        ("before", "web", True),
        ("before", "own", True),
        ("after", "web", True),
        ("after", "own", True),
    ]
    assert scene.health(1) is Health.PROVEN
    good = scene.repo.git("rev-parse", "refs/workflow/last-known-good/main")
    assert good == scene.repo.git("rev-parse", "main")


def test_a_landing_that_fails_is_taken_back(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """By another landing that says why; files and index are as before, and the probe passes."""
    before = scene.repo.snapshot()
    scene.machine.web.hates = NEW
    assert cli.run(["apply", "-q", "1"]) == ExitCode.REFUSED
    assert (
        "proposal 1 was landed, probe web fails (status 502, and 200 is expected), and it was taken"
        " back: the files of main are what they were before; it passes again"
    ) in said(capsys)
    after = scene.repo.snapshot()
    assert (after.files, after.index, after.status) == (before.files, before.index, before.status)
    assert scene.repo.git("rev-parse", "main^{tree}") == scene.repo.git(
        "rev-parse", "main~2^{tree}"
    )
    body = scene.repo.git("log", "-1", "--format=%B", "main")
    assert "Workflow-Reason: probe web fails (status 502, and 200 is expected)" in body
    assert scene.state is State.ROLLED_BACK
    assert [(one.kind, one.state) for one in scene.journal.landings()] == [
        (LandingKind.ROLLBACK, LandingState.KEPT),
        (LandingKind.APPLY, LandingState.UNDONE),
    ]
    assert scene.seen()[2:] == [
        ("after", "web", False),
        ("after", "own", True),
        ("restored", "web", True),
        ("restored", "own", True),
    ]
    (fact,) = scene.events("rollback")
    assert (fact["reverts"], fact["landing"], fact["is_automatic"]) == (1, 2, True)
    assert fact["reason"] == "probe web fails (status 502, and 200 is expected)"
    assert (scene.health(1), scene.health(2)) == (Health.FAILED, Health.PROVEN)
    # What it said can be read, and `stats` knows who took it back.
    capsys.readouterr()
    assert cli.run(["show", "1", "--log", "probe:web"]) == 0
    heads = [line for line in capsys.readouterr().out.splitlines() if line.startswith("--- ")]
    assert [head.partition(":")[0] for head in heads] == [
        *("--- before the landing", "--- after landing 1", "--- after rollback 2")
    ]
    assert cli.run(["stats", "--json"]) == 0
    shown = capsys.readouterr().out
    found = json.loads(shown[shown.index("{") :])
    assert (found["landings"]["taken_back"], found["landings"]["automatic"]) == (1, 1)
    assert found["decided"] == {"approved": 1, "rejected": 0, "share": None}
    assert (found["waiting"]["proposals"], found["waiting"]["open"]) == (1, 0)
    (own,) = found["approvers"]
    assert (own["approvals"], own["unseen"], own["rejections"]) == (1, 0, 0)


def test_a_fault_that_was_there_before(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing lands on it, unless it is to decide nothing: then it is kept, and unproven."""
    before = scene.repo.snapshot()
    scene.machine.act("echo no; exit 1")
    assert cli.run(["apply", "-q", "1"]) == ExitCode.REFUSED
    told = said(capsys)
    assert "probe own fails (exit status 1: no) already, before the landing" in told
    assert "workflow apply 1 --despite-probe own" in told
    assert scene.repo.snapshot() == before
    assert (scene.state, scene.journal.landings()) == (State.APPROVED, ())
    assert cli.run(["apply", "-q", "1", "--despite-probe", "own"]) == ExitCode.DONE
    told = said(capsys)
    assert "✓ probe web: status 200 (0." in told
    assert "✗ probe own: exit status 1: no (0." in told
    assert "s) (it decides nothing) the last known good is unproven" in told
    assert scene.state is State.APPLIED
    assert scene.health(1) is Health.UNPROVEN


def test_one_fault_before_does_not_hide_another(scene: Scene) -> None:
    """What passed before the landing and fails after it has it taken back all the same."""
    scene.machine.act("exit 1")
    scene.machine.web.hates = NEW
    assert cli.run(["apply", "-q", "1", "--despite-probe", "own"]) == ExitCode.REFUSED
    assert scene.state is State.ROLLED_BACK


def test_a_landing_that_cannot_be_taken_back(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """It stands unconfirmed, both ways out are named, and both work."""
    site = scene.repo.path / SITE
    # Somebody edits the file in the moment after the landing.
    scene.machine.act(f"grep -q {NEW.decode()} {SITE} || exit 0; echo '# mine' >> {SITE}; exit 1")
    assert cli.run(["apply", "-q", "1"]) == ExitCode.ERROR
    told = said(capsys)
    landed = scene.repo.git("rev-parse", "main")
    assert "proposal 1 has landed on main, probe own fails (exit status 1), and" in told
    assert "could not be taken back" in told
    assert "`workflow rollback 1` takes it back, or `workflow apply 1` asks the probes" in told
    assert site.read_text().endswith("# mine\n")
    assert [one.state for one in scene.journal.landings()] == [LandingState.MOVED]
    assert scene.health(1) is Health.FAILED
    # The edit goes, and the fault: another `apply` asks again, and keeps it.
    scene.machine.act("")
    scene.repo.git("checkout", "--", SITE)
    assert cli.run(["apply", "-q", "1"]) == ExitCode.DONE
    assert [one.state for one in scene.journal.landings()] == [LandingState.KEPT]
    assert scene.repo.git("rev-parse", "main") == landed
    assert scene.health(1) is Health.PROVEN
    capsys.readouterr()
    assert cli.run(["rollback", "-q", "1"]) == ExitCode.DONE
    assert "✓ probe web: status 200" in said(capsys)
    assert NEW not in site.read_bytes()


def test_what_did_not_prove_good_stays_out(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second rollback would bring the fault in again, so it is refused with the reason."""
    scene.machine.web.hates = NEW
    assert cli.run(["apply", "-q", "1"]) == ExitCode.REFUSED
    head = scene.repo.git("rev-parse", "main")
    capsys.readouterr()
    assert cli.run(["rollback", "-q"]) == ExitCode.REFUSED
    assert "proposal 1 was taken back by itself: probe web fails" in said(capsys)
    assert scene.repo.git("rev-parse", "main") == head


def test_coming_in_again_is_asked_of_the_probes(scene: Scene) -> None:
    """Taking a rollback back is a landing: what fails a probe goes out once more."""
    site = scene.repo.path / SITE
    assert cli.run(["apply", "-q", "1"]) == ExitCode.DONE
    assert cli.run(["rollback", "-q"]) == ExitCode.DONE
    good = scene.repo.git("rev-parse", "refs/workflow/last-known-good/main")
    scene.machine.web.hates = NEW
    assert cli.run(["rollback", "-q"]) == ExitCode.REFUSED
    assert NEW not in site.read_bytes()
    assert (scene.state, scene.journal.landings()[0].is_automatic) == (State.ROLLED_BACK, True)
    now = scene.repo.git("rev-parse", "refs/workflow/last-known-good/main")
    assert scene.repo.git("rev-parse", f"{now}^{{tree}}") == scene.repo.git(
        "rev-parse", f"{good}^{{tree}}"
    )


def test_a_rollback_while_a_probe_fails(scene: Scene) -> None:
    """It is made all the same, and does not become the last known good."""
    assert cli.run(["apply", "-q", "1"]) == ExitCode.DONE
    good = scene.repo.git("rev-parse", "refs/workflow/last-known-good/main")
    scene.machine.act("exit 1")
    assert cli.run(["rollback", "-q"]) == ExitCode.DONE
    assert scene.state is State.ROLLED_BACK
    assert scene.repo.git("rev-parse", "refs/workflow/last-known-good/main") == good


def test_killed_while_a_probe_runs(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """The landing is neither proven nor lost: the next `apply` asks the probes again."""
    note = scene.machine.folder / "pid"
    note.unlink(missing_ok=True)
    scene.machine.act(f"grep -q {NEW.decode()} {SITE} || exit 0; echo $$ > {note}; exec sleep 60")
    command = [sys.executable, "-P", "-m", "workflow", "apply", "-q", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        ends = time.monotonic() + 60
        while not (note.exists() and note.read_text().strip()) and time.monotonic() < ends:
            time.sleep(0.05)
        child.kill()
    with suppress(ProcessLookupError):
        os.kill(int(note.read_text()), signal.SIGKILL)
    assert [one.state for one in scene.journal.landings()] == [LandingState.MOVED]
    assert ("after", "own", True) not in scene.seen()
    scene.machine.act("")
    scene.machine.web.hates = NEW
    assert cli.run(["apply", "-q", "1"]) == ExitCode.REFUSED
    assert "it was taken back" in said(capsys)
    assert scene.state is State.ROLLED_BACK
    assert len(scene.repo.git("rev-list", "main").splitlines()) == 3


def test_nobody_has_trusted_it(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """A command of the repository's settings does not run on this machine, and nothing moves."""
    git = git_store.discover(scene.repo.path)
    assert trust.revoke(trust.Place(scene.store.repository, git.common_dir))
    before = scene.repo.snapshot()
    for command in (["apply", "-q", "1"], ["probe", "-q"]):
        assert cli.run(command) == ExitCode.REFUSED
        assert "workflow targets trust" in said(capsys)
    assert scene.repo.snapshot() == before
    assert scene.seen() == []


def test_asking_by_hand(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """All of them or some, with what they say sealed; nothing is kept."""
    scene.machine.act("echo it is $(cat own.env); exit 1")
    assert cli.run(["probe", "-q", "--json"]) == ExitCode.REFUSED
    web, own = json.loads(capsys.readouterr().out)["probes"]
    assert (web["probe"], web["passed"], web["summary"]) == ("web", True, "status 200")
    assert (own["probe"], own["passed"], own["attempts"]) == ("own", False, 1)
    assert cli.run(["probe", "-q", "--log", "own"]) == ExitCode.REFUSED
    told = said(capsys)
    assert "✗ probe own: exit status 1: it is PASSWORD=" in told
    assert "$ " in told
    assert "web" not in told
    assert SECRET not in told + json.dumps(own)
    assert cli.run(["probe", "-q", "wep"]) == ExitCode.USAGE
    assert "the probes: web, own" in said(capsys)
    assert scene.seen() == []


def test_nothing_that_a_probe_says_is_kept_unsealed(scene: Scene) -> None:
    """Neither its line in the ledger nor its log in the store."""
    scene.machine.act("cat own.env; exit 1")
    assert cli.run(["apply", "-q", "1"]) == ExitCode.REFUSED
    (own,) = (one for one in probes.seen(scene.store.connection, 1) if one.result.name == "own")
    assert own.moment is Moment.BEFORE
    assert own.result.summary.startswith("exit status 1: PASSWORD=")
    assert SECRET not in own.result.summary
    log = scene.store.kept(own.result.log)
    assert b"PASSWORD=" in log
    assert SECRET.encode() not in log
