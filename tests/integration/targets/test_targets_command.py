"""`workflow targets` as a person meets it."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.targets.conftest import Machine

SETTINGS = """
[[targets]]
name = "web"
files = { "site.conf" = "LIVE/site.conf" }
validate = ["grep", "-q", "server", "LIVE/site.conf"]
reload = ["cp", "LIVE/site.conf", "LIVE/loaded"]
settle_s = 0
"""


@pytest.fixture
def web(machine: Machine) -> Machine:
    """Return a machine with one target, its first content approved and live, nothing trusted."""
    machine.commit({"workflow.toml": SETTINGS, "site.conf": "server one\n"})
    (machine.live / "site.conf").write_text("server one\n")
    return machine


def test_a_person_looks_trusts_installs_and_restores(web: Machine) -> None:
    """The whole story of a target, with the next command said at every step."""
    shown = web.targets("status")
    assert shown.exit_status == 0, shown.stderr
    assert "web: not installed" in shown.stdout
    assert "Next: workflow targets trust" in shown.stdout
    refused = web.targets("install")
    assert refused.exit_status == 3
    assert "workflow targets trust" in refused.stderr
    unasked = web.targets("trust")
    assert unasked.exit_status == 2
    for words in (f"writes {web.live}/site.conf", "reload: cp", "validate: grep -q server"):
        assert words in unasked.stderr
    assert web.targets("trust", "--yes").exit_status == 0
    web.commit({"site.conf": "server two\n"})
    (web.live / "site.conf").write_text("server one, by hand\n")
    drifted = web.targets("install")
    assert drifted.exit_status == 3
    assert "+server one, by hand" in drifted.stderr
    assert "workflow targets adopt web" in drifted.stderr
    assert web.targets("adopt", "web").exit_status == 0
    done = web.targets("install", "web")
    assert done.exit_status == 0, done.stderr
    assert (web.live / "loaded").read_text() == "server two\n"
    assert web.targets("status", "--json").json["targets"][0]["health"] == "same"
    back = web.targets("restore", "web", "--json")
    assert back.json["state"] == "restored"
    assert (web.live / "site.conf").read_text() == "server one, by hand\n"


def test_a_landing_that_changes_the_section_has_to_be_trusted_again(web: Machine) -> None:
    """A patch cannot bring a command of its own: what is new is refused until it was looked at."""
    web.targets("trust", "--yes")
    web.commit({"workflow.toml": SETTINGS.replace('"cp"', '"mv"'), "site.conf": "server two\n"})
    refused = web.targets("install")
    assert refused.exit_status == 3
    assert "nobody has trusted" in refused.stderr
    assert (web.live / "site.conf").read_text() == "server one\n"


def test_an_uncommitted_section_counts_for_nothing(web: Machine) -> None:
    """Settings are those of the newest commit, also for what is trusted and shown."""
    web.targets("trust", "--yes")
    web.repo.write({"workflow.toml": SETTINGS.replace("web", "evil")})
    assert web.targets("status", "--json").json["targets"][0]["name"] == "web"


def test_only_the_approved_commit_goes_live(web: Machine) -> None:
    """Neither the work tree nor a commit that never landed is installed."""
    web.targets("trust", "--yes")
    good = web.commit({"site.conf": "server two\n"})
    web.commit({"site.conf": "server three\n"}, is_good=False)
    web.repo.write({"site.conf": "server four\n"})
    done = web.targets("install", "--json")
    assert done.json["targets"][0]["commit"] == good
    assert (web.live / "site.conf").read_text() == "server two\n"


def test_a_failing_check_is_exit_status_1_and_changes_nothing(web: Machine) -> None:
    """The error says what failed, and that what was live before is live again."""
    web.targets("trust", "--yes")
    web.commit({"site.conf": "nothing\n"})
    failed = web.targets("install")
    assert failed.exit_status == 1
    assert "validate `grep -q server" in failed.stderr
    assert "what was live before is live again" in failed.stderr
    assert (web.live / "site.conf").read_text() == "server one\n"
    assert not (web.live / "loaded").exists()


def test_drift_shows_and_has_exit_status_3(web: Machine) -> None:
    """A script can ask whether somebody has edited a live file."""
    web.targets("trust", "--yes")
    web.commit({"site.conf": "server two\n"})
    web.targets("install")
    (web.live / "site.conf").chmod(0o600)
    found = web.targets("status", "--json")
    assert found.exit_status == 3
    assert found.json["targets"][0]["health"] == "drift"
    assert found.json["targets"][0]["files"][0]["differs"] == ["mode"]
    (web.live / "site.conf").write_text("server mine\n")
    told = web.targets("status", "web")
    assert told.exit_status == 3
    assert "-server two\n+server mine\n" in told.stdout
    assert "+server mine" not in web.targets("status").stdout


def test_a_stuck_target_is_told_once_and_its_way_out_first(web: Machine) -> None:
    """A reload that fails both times: the target's name once, then the command that goes on."""
    settings = SETTINGS.replace('["cp", "LIVE/site.conf", "LIVE/loaded"]', '["false"]')
    web.commit({"workflow.toml": settings, "site.conf": "server two\n"})
    web.targets("trust", "--yes")
    for _ in range(2):
        failed = web.targets("install")
        assert failed.exit_status == 1
        (error,) = (line for line in failed.stderr.splitlines() if line.startswith("error: "))
        assert error.startswith("error: target web is stuck")
        assert error.count("target web") == 1
        assert "; its files are exactly what they were, but the reload" in error
        assert "  try: mend it, then: workflow targets restore web; " in failed.stderr


@pytest.mark.parametrize(("answer", "is_trusted"), [("y\n", True), ("\n", False), ("yy\n", False)])
def test_on_a_terminal_a_person_is_asked(web: Machine, answer: str, is_trusted: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Only a plain yes is one; the question comes after all that it covers."""
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "workflow", "targets", "trust"],
        cwd=web.repo.path,
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=60,
        check=False,
    )
    said = os.read(ours, 65536).decode()
    os.close(ours)
    os.close(theirs)
    assert ran.returncode == (0 if is_trusted else 3), said
    assert said.index("reload: cp") < said.index("[y/N]")
    assert web.targets("status", "--json").json["trusted"] is is_trusted


def test_ctrl_c_at_the_question_says_that_nothing_was_written(web: Machine) -> None:
    """The answer to Ctrl-C is a line of its own, and nothing is trusted."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "workflow", "targets", "trust"],
        cwd=web.repo.path,
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as asking:
        said = ""
        while "[y/N] " not in said:
            said += os.read(ours, 65536).decode()
        # People do not answer before it waits; a signal in the moment before that waits, too.
        time.sleep(1)
        asking.send_signal(signal.SIGINT)
        assert asking.wait(60) == 130
    told = os.read(ours, 65536).decode()
    os.close(ours)
    os.close(theirs)
    assert told.startswith("\r\n"), told
    assert "not trusted: nothing was written down" in told
    assert web.targets("status", "--json").json["trusted"] is False


def test_names_from_the_settings_cannot_drive_a_terminal(machine: Machine) -> None:
    """Escape sequences in a command are shown, not obeyed."""
    machine.commit(
        {
            "workflow.toml": SETTINGS.replace('"grep"', '"grep\\u001b[2J\\u202e"'),
            "site.conf": "server\n",
        }
    )
    shown = machine.targets("trust", "--yes").stdout
    assert "\x1b[2J" not in shown
    assert "<U+001B>" in shown
    assert "<U+202E>" in shown


def test_without_targets_each_command_says_so(machine: Machine) -> None:
    """There is nothing to trust or to install, which is said with what to do; looking is no error.

    `workflow probe` without probes is alike.
    """
    shown = machine.targets("status")
    assert shown.exit_status == 0, shown.stderr
    assert "There is no target in workflow.toml" in shown.stdout
    asked = machine.command("probe", cwd=machine.repo.path)
    assert asked.exit_status == 0, asked.stderr
    assert "There is no probe in workflow.toml" in asked.stdout
    assert "Next: workflow list" in shown.stdout
    assert "Next: workflow list" in asked.stdout
    for words in (("status", "web"), ("trust",), ("install",), ("adopt", "web")):
        ran = machine.targets(*words)
        assert ran.exit_status == 2, words
        assert "workflow.toml" in ran.stderr


def test_a_yes_is_taken_back(web: Machine) -> None:
    """What comes next is said with it, whether or not there was a yes."""
    web.targets("trust", "--yes")
    for said in ("no command of this repository is trusted now", "nothing was trusted"):
        taken = web.targets("trust", "--revoke")
        assert said in taken.stdout
        assert "Next: workflow targets trust" in taken.stdout
    assert web.targets("status", "--json").json["trusted"] is False


def test_json_has_the_keys_that_are_documented(web: Machine) -> None:
    """What each command prints for programs is what the reference lists."""
    from workflow.cli import targets as command  # noqa: PLC0415 - this test alone needs it

    assert set(web.targets("trust", "--yes", "--json").json) == set(command.TRUST)
    assert set(web.targets("adopt", "web", "--json").json) == set(command.ONE)
    web.commit({"site.conf": "server two\n"})
    installed = web.targets("install", "--json").json
    assert set(installed) == set(command.INSTALL)
    (row,) = installed["targets"]
    assert {*row, "next"} == {*command.ONE, "name", "installed"}
    assert set(web.targets("status", "--json").json) == set(command.STATUS)
    assert set(web.targets("restore", "web", "--json").json) == set(command.ONE)


def test_a_file_that_the_repository_lacks_is_named(machine: Machine) -> None:
    """A wrong name in the settings shows in the status, and is refused by an install."""
    machine.commit({"workflow.toml": SETTINGS.replace('"site.conf"', '"sito.conf"')})
    machine.targets("trust", "--yes")
    assert "(not in the repository)" in machine.targets("status").stdout
    refused = machine.targets("install")
    assert refused.exit_status == 3
    assert "has no file sito.conf" in refused.stderr
