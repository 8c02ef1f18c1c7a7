"""Probes run in their order, each until it passes; one that could not be asked has not passed."""

from __future__ import annotations

import os
import shlex
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.probes.conftest import whole
from workflow.config import ConfigError, ProbeSettings
from workflow.probes import CommandCheck, HttpCheck, Probe, configured, run

if TYPE_CHECKING:
    from tests.unit.probes.conftest import Kept, Serve
    from workflow.probes import Check, Means, ProbeResult

LATE_S = 20.0


def silent(_detail: str) -> None:
    """Hear nothing."""


def probe(check: Check, *, tries: int = 1, timeout_s: float = 10.0, wait_s: float = 0.0) -> Probe:
    """Return a probe named `it`."""
    return Probe("it", check, timeout_s, tries, wait_s)


def sh(words: str) -> CommandCheck:
    """Return a command of the shell."""
    return CommandCheck(("/bin/sh", "-c", words))


def one(check: Check, means: Means, **how: float) -> ProbeResult:
    """Run a single probe."""
    (result,) = run([probe(check, **how)], means, tell=silent)  # type: ignore[arg-type]  # tries is whole
    return result


# --- over HTTP ------------------------------------------------------------------------------------


def test_what_is_expected_of_an_answer(serve: Serve, means: Means) -> None:
    """The status, and the text where it is given; also one that is no 200."""
    at = f"http://127.0.0.1:{serve(whole(b'all is well', '404 Not Found')).port}/"
    said = {
        check: (result.is_passed, result.summary)
        for check in (
            HttpCheck(at),
            HttpCheck(at, 404),
            HttpCheck(at, 404, "is well"),
            HttpCheck(at, 404, "is ill"),
        )
        for result in run([probe(check)], means, tell=silent)
    }
    assert list(said.values()) == [
        (False, "status 404, and 200 is expected"),
        (True, "status 404"),
        (True, "status 404, with the text"),
        (False, "status 404, but the body does not hold the text that is expected"),
    ]


def test_the_log_of_a_request(serve: Serve, means: Means, kept: Kept) -> None:
    """What was asked, what came back, and no more of it than is good for a person."""
    server = serve(whole(b"x" * 200_000, "200 OK", "Server: nginx", "Set-Cookie: a=b"))
    log = kept.data[one(HttpCheck(f"http://127.0.0.1:{server.port}/"), means).log]
    head = f"GET http://127.0.0.1:{server.port}/\nHTTP 200 OK\nContent-Length: 200000\n"
    assert log.startswith(head.encode() + b"Server: nginx\n\nxxx")
    assert len(log) == 64 * 1024


def test_it_is_tried_again(serve: Serve, means: Means) -> None:
    """Until it passes; what it said first is not told any more."""
    server = serve(whole(status="502 Bad Gateway"), whole(status="502 Bad Gateway"), whole())
    told: list[str] = []
    at = f"http://127.0.0.1:{server.port}/"
    (result,) = run([probe(HttpCheck(at), tries=5)], means, tell=told.append)
    assert (result.is_passed, result.attempts, result.summary) == (True, 3, "status 200")
    assert told == ["it", "it, try 2 of 5", "it, try 3 of 5"]
    assert len(server.arrived) == 3


def test_the_last_try_counts(serve: Serve, means: Means) -> None:
    """After as many as are set, it has failed, and the time over all of them is told."""
    server = serve(whole(status="502 Bad Gateway"))
    check = HttpCheck(f"http://127.0.0.1:{server.port}/")
    result = one(check, means, tries=3, wait_s=0.05)
    assert (result.is_passed, result.attempts, len(server.arrived)) == (False, 3, 3)
    assert result.seconds >= 0.1


# --- commands -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "is_passed", "said"),
    [
        ("exit 0", True, "exit status 0"),
        ("echo first; echo last >&2; exit 3", False, "exit status 3: last"),
        ("echo said; exit 1", False, "exit status 1: said"),
        ("exit 7", False, "exit status 7"),
        ("kill -TERM $$", False, "ended by signal 15"),
        ("yes | head -n 600000", False, "it wrote over 1,000,000 bytes: y"),
    ],
)
def test_how_a_command_ends(means: Means, words: str, said: str, *, is_passed: bool) -> None:
    """Status 0 passes; else the end and the last line are told."""
    result = one(sh(words), means)
    assert (result.is_passed, result.summary) == (is_passed, said)


def test_what_a_command_is_given(means: Means, kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """The top of the checkout as its folder, no stdin, and of the environment what it needs."""
    monkeypatch.setenv("A_KEY_OF_MINE", "x")
    result = one(sh("pwd; cat; env"), means)
    lines = kept.data[result.log].decode().splitlines()
    assert lines[1] == str(means.folder)
    names = {line.partition("=")[0] for line in lines[2:]} - {"PWD", "SHLVL", "_", "OLDPWD"}
    allowed = {"HOME", "PATH", "TMPDIR", "USER", "LOGNAME", "XDG_RUNTIME_DIR", "LANG", "LC_ALL"}
    assert names <= allowed
    assert "PATH" in names


def test_a_command_that_does_not_end(means: Means, tmp_path: Path) -> None:
    """The deadline ends it with all that it has started."""
    note = tmp_path / "pid"
    started = time.monotonic()
    result = one(sh(f"sleep 300 & echo $! > {shlex.quote(str(note))}; wait"), means, timeout_s=0.3)
    assert (result.is_passed, result.summary) == (False, "still running after 0.3 s")
    assert time.monotonic() - started < LATE_S
    # A process that is killed stays in the table until its parent, which is init now, reads it.
    stat = Path("/proc", note.read_text().strip(), "stat")
    for _ in range(100):
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the command's own child is still running")


def test_what_a_command_says_is_sealed(means: Means) -> None:
    """A line of its output is told, and may hold a value."""
    assert one(sh("echo password hunter; exit 1"), means).summary == (
        "exit status 1: password <SEALED>"
    )


def test_what_a_command_says_is_one_line(means: Means) -> None:
    """Of printable characters, and not long."""
    result = one(sh(r"printf 'a\033[2Jb\n\n'; exit 1"), means)
    assert result.summary == "exit status 1: a [2Jb"
    result = one(sh("head -c 5000 /dev/zero | tr '\\0' x; exit 1"), means)
    assert len(result.summary) < 250


def test_the_log_has_both_ends(means: Means, kept: Kept) -> None:
    """The start of what it printed, and the end of its complaints."""
    words = "seq 20000; seq 30000 1>&2; exit 1"
    log = kept.data[one(sh(words), means).log]
    assert log.startswith(b"$ /bin/sh -c 'seq")
    assert b"\n1\n2\n" in log
    assert log.endswith(b"29999\n30000\n")
    assert len(log) <= 64 * 1024


def test_a_program_that_is_not_there(means: Means) -> None:
    """It could not be asked, which is not a pass."""
    said = {
        name: one(CommandCheck((name,)), means).summary
        for name in ("no-such-program", "/no/such/program")
    }
    assert said == {
        "no-such-program": "there is no program 'no-such-program' on PATH",
        "/no/such/program": "cannot start '/no/such/program': No such file or directory",
    }


def test_a_program_of_the_repository(
    means: Means, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """None is run, however it is named: what lands could replace it."""
    shutil.copy("/bin/true", means.folder / "check")
    (tmp_path / "link").symlink_to(means.folder)
    (tmp_path / "outside").symlink_to(means.folder / "check")
    (means.folder / "inside").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", f"{means.folder}:{os.environ['PATH']}")
    names = [
        *("./check", "../checkout/check", "check", "inside", "./inside"),
        *(str(means.folder / "check"), str(tmp_path / "link/check"), str(tmp_path / "outside")),
    ]
    for name in names:
        result = one(CommandCheck((name,)), means)
        assert not result.is_passed
        assert result.summary == (
            f"{name!r} lies in the repository, where a change could replace it"
        )
    assert one(CommandCheck(("true",)), means).is_passed
    for word in ("check", "./check", str(means.folder / "check"), str(tmp_path / "outside")):
        assert "lies in the repository" in one(CommandCheck(("sh", word)), means).summary
    (means.folder / "app").mkdir()
    assert one(CommandCheck(("test", "-n", "app")), means).is_passed
    # Where the checkout itself was reached by a link, its files have two names.
    linked = replace(means, folder=tmp_path / "link")
    for name in (str(means.folder / "check"), str(tmp_path / "link/check"), "./inside"):
        assert "lies in the repository" in one(CommandCheck((name,)), linked).summary


# --- several --------------------------------------------------------------------------------------


def test_all_run_in_their_order(means: Means, tmp_path: Path) -> None:
    """Also after one that fails: a person wants to know what else is wrong."""
    log = tmp_path / "log"
    probes = [
        Probe(name, sh(f"echo {name} >> {log}; exit {status}"), tries=2, wait_s=0)
        for name, status in (("one", 0), ("two", 1), ("three", 0))
    ]
    found = run(probes, means, tell=silent)
    assert [(each.name, each.is_passed) for each in found] == [
        ("one", True),
        ("two", False),
        ("three", True),
    ]
    assert log.read_text().split() == ["one", "two", "two", "three"]


def test_the_time_for_all_of_them(means: Means) -> None:
    """When it is over no try begins, and what was not asked has not passed."""
    probes = [Probe("one", sh("sleep 300"), tries=100, wait_s=60), Probe("two", sh("exit 0"))]
    started = time.monotonic()
    one_, two = run(probes, means, tell=silent, budget_s=0.3)
    assert time.monotonic() - started < LATE_S
    assert (one_.is_passed, one_.attempts, one_.summary) == (
        False,
        1,
        "still running after 0.3 s",
    )
    assert (two.is_passed, two.attempts) == (False, 0)
    assert two.summary == "it was not asked: the time for all probes is over"


# --- settings -------------------------------------------------------------------------------------


def test_settings_become_probes() -> None:
    """In their order, with every bound."""
    made = configured(
        (
            ProbeSettings(name="web", http="https://localhost/", status=204, contains="x"),
            ProbeSettings(name="nginx", command=("nginx", "-t"), tries=1, wait_s=0, timeout_s=5),
        )
    )
    assert made == (
        Probe("web", HttpCheck("https://localhost/", 204, "x"), 10.0, 3, 1.0),
        Probe("nginx", CommandCheck(("nginx", "-t")), 5.0, 1, 0.0),
    )


def test_two_of_one_name() -> None:
    """A name says which probe has failed, so it is one's own."""
    twice = (ProbeSettings(name="web", http="http://localhost/"),) * 2
    with pytest.raises(ConfigError, match="two probes are named web"):
        configured(twice)


@pytest.mark.parametrize(
    "address",
    [
        "http://",
        "http://:80/",
        "http://localhost:0/",
        "http://localhost:99999/",
        "http://[::1/",
        "http://localhost/a b",
        "http://localhost/\r\nX: y",
        "http://localhost/ä",
        "http://ada@localhost/",
        "http://ada:word@localhost/",
        "http://localhost/#top",
    ],
)
def test_addresses_that_are_none(address: str) -> None:
    """They are refused when the settings are read, and not at the first landing."""
    with pytest.raises(ValueError, match="an address"):
        ProbeSettings(name="web", http=address)
