"""`workflow approve` and `reject`, as people at one machine meet them."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from workflow import identity
from workflow.resources import folder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandResult, GitRepo, GitRepoFactory, WorkflowCommand

pytestmark = pytest.mark.forked

SITE = "events {}\nhttp { server { listen 8080; location / { return 200; } } }\n"
ADA = {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.test"}
BOB = {"GIT_COMMITTER_NAME": "Bob", "GIT_COMMITTER_EMAIL": "bob@example.test"}
BOT = {"GIT_COMMITTER_NAME": "Agent", "GIT_COMMITTER_EMAIL": "agent@bots.test"}
REFUSED, AWAITING = 3, 4


@pytest.fixture(scope="session")
def kept_waiting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Name the place of the repository in which proposals wait; its gates run once."""
    return tmp_path_factory.mktemp("waiting") / "repo"


def _key(folder_: Path, name: str) -> Path:
    path = folder_ / name
    if not path.exists():
        words = ("-q", "-t", "ed25519", "-N", "", "-f", str(path))
        subprocess.run(["ssh-keygen", *words], check=True, stdin=subprocess.DEVNULL)
    return path


@pytest.fixture
def waiting(
    kept_waiting: Path,
    git_repo: GitRepoFactory,
    workflow: WorkflowCommand,
    quick: None,
) -> GitRepo:
    """Return a repository with proposal 1 by Ada and 2 by an agent, keys, and nobody alone.

    The base's policy names Ada's and Bob's keys, and says that they share this account.
    """
    del quick
    repo = git_repo({"site.conf": SITE})
    if not kept_waiting.exists():
        policy = (folder("policies") / "default.yaml").read_text()
        policy += (
            "\napproval:\n  signers: keys/allowed_signers\n  break_glass: [bob@example.test]\n"
            f'  shared_accounts: ["{identity.account()}"]\n'
        )
        lines = ""
        for name in ("ada", "bob"):
            public = _key(kept_waiting.parent, name).with_suffix(".pub").read_text().split()
            lines += f"{name}@example.test {public[0]} {public[1]}\n"
        repo.commit(
            {
                "workflow.toml": 'policy = "policies/own.yaml"\n',
                "policies/own.yaml": policy,
                "keys/allowed_signers": lines,
            }
        )
        repo.git("config", "workflow.singleUser", "false")
        for who in (ADA, BOT):
            done = workflow(
                "propose", "Add a /healthz endpoint", "site.conf", cwd=repo.path, env=who
            )
            assert done.exit_status == 0, done.stdout + done.stderr
        shutil.copytree(repo.path, kept_waiting, symlinks=True)
    shutil.rmtree(repo.path)
    shutil.copytree(kept_waiting, repo.path, symlinks=True)
    repo.git("update-index", "-q", "--refresh")
    return repo


def _json(done: CommandResult) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(done.stdout)
    return data


def test_look_first(waiting: GitRepo, workflow: WorkflowCommand) -> None:
    """Who was shown nothing approves nothing; who typed what they saw, does."""
    waiting.git("config", "workflow.singleUser", "true")
    here = waiting.path
    done = workflow("approve", "1", cwd=here, env=BOB)
    assert done.exit_status == REFUSED
    assert "Bob <bob@example.test> was not shown proposal 1 yet" in done.stderr
    assert "look first: workflow show 1" in done.stderr
    shown = _json(workflow("show", "2", "--json", cwd=here, env=BOB))
    for wrong, status in (("abc", 2), ("0" * 12, REFUSED), (shown["digest"], REFUSED)):
        done = workflow("approve", "1", "--digest", wrong, cwd=here, env=BOB)
        assert done.exit_status == status, done.stderr
    workflow("show", "1", cwd=here, env=BOB)
    done = workflow("approve", "1", cwd=here, env=BOB)
    assert done.exit_status == 0, done.stderr
    assert "Proposal 1 is approved by Bob <bob@example.test>: " in done.stdout
    assert "site.conf (+1 -1)" in done.stdout
    assert "nginx pass" in done.stdout
    assert "You approved what you asked for yourself" in done.stdout
    assert "Next: workflow apply 1" in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("who", "number", "asked"),
    [
        (ADA, "1", "it is by somebody who asked for this change\n"),
        ({**ADA, "GIT_COMMITTER_EMAIL": "Ada+x@EXAMPLE.test"}, "1", "as Ada <ada@example.test>"),
        (BOB, "1", "as Ada <ada@example.test>, from the same account"),
        (BOB, "2", "as Agent <agent@bots.test>, from the same account"),
    ],
)
def test_nobody_approves_for_themselves(
    waiting: GitRepo, workflow: WorkflowCommand, who: dict[str, str], number: str, asked: str
) -> None:
    """Neither under another name at this account, nor for what their agent asked."""
    workflow("show", number, cwd=waiting.path, env=who)
    done = workflow("approve", number, cwd=waiting.path, env=who)
    assert done.exit_status == REFUSED
    assert asked in done.stderr
    mend = "git config workflow.singleUser true"
    if who is BOB:
        mend = "so sign it" if number == "1" else "has no key of agent@bots.test"
    assert mend in done.stderr
    done = workflow("apply", number, cwd=waiting.path, env=who)
    assert done.exit_status == AWAITING
    assert f"then somebody who did not ask for it: workflow approve {number}" in done.stderr


def test_a_signature_tells_two_people_apart(
    waiting: GitRepo, workflow: WorkflowCommand, kept_waiting: Path
) -> None:
    """At the account that the policy says they share; what an agent asked stays its human's."""
    here = waiting.path
    waiting.git("config", "gpg.format", "ssh")
    waiting.git("config", "user.signingKey", str(kept_waiting.parent / "bob"))
    for number in ("1", "2"):
        workflow("show", number, cwd=here, env=BOB)
    done = workflow("approve", "2", "--sign", cwd=here, env=BOB)
    assert done.exit_status == REFUSED
    assert "from the same account" in done.stderr
    data = _json(workflow("show", "1", "--json", cwd=here, env=BOB))
    assert data["next"] == "workflow approve 1 --sign"
    waiting.git("config", "user.signingKey", str(_key(kept_waiting.parent, "eve")))
    done = workflow("approve", "1", "--sign", cwd=here, env=BOB)
    assert done.exit_status == REFUSED
    base = waiting.git("rev-parse", "--short=10", "main").strip()
    assert f"keys/allowed_signers at {base} has no line for the key SHA256:" in done.stderr
    assert "workflow keys shows whose keys count" in done.stderr
    waiting.git("config", "user.signingKey", str(kept_waiting.parent / "bob"))
    data = _json(workflow("approve", "1", "--sign", "--json", cwd=here, env=BOB))
    assert (data["state"], data["signed"], data["self_approved"]) == ("approved", True, False)
    assert data["waiting_for"] == ""


def test_what_is_lacking_is_told_at_each_step(
    git_repo: GitRepoFactory, workflow: WorkflowCommand, quick: None
) -> None:
    """Where only the requester could approve, it is said at once; then how many are to come."""
    del quick
    policy = (folder("policies") / "default.yaml").read_text()
    policy += "\napproval:\n  quorum: 2\n  paths:\n"
    policy += "    - {paths: [site.conf], approvers: [ada@example.test]}\n"
    files = {"workflow.toml": 'policy = "policies/own.yaml"\n', "policies/own.yaml": policy}
    repo = git_repo({"site.conf": SITE, **files})
    here = repo.path
    repo.git("config", "workflow.singleUser", "false")
    done = workflow("propose", "Add a /healthz endpoint", "site.conf", cwd=here, env=ADA)
    lost = "only who asked for the change could give it"
    out = "Next: let the policy name another approver, commit that, then workflow rebase 1; or"
    assert lost in done.stderr
    assert out in done.stdout
    shown = workflow("show", "1", cwd=here, env=ADA).stdout
    assert lost in shown
    assert out in shown
    repo.git("config", "workflow.singleUser", "true")
    done = workflow("approve", "1", cwd=here, env=ADA)
    assert "Proposal 1 has an approval, not yet enough" in done.stdout
    assert "it needs one more approval" in done.stdout
    following = "somebody else: workflow show 1, then workflow approve 1"
    assert done.stdout.endswith(f"Next: {following}\n")


def test_a_signature_from_elsewhere(
    waiting: GitRepo, workflow: WorkflowCommand, kept_waiting: Path, tmp_path: Path
) -> None:
    """The statement is printed, signed by ssh-keygen alone, and handed in as a file."""
    here = waiting.path
    printed = workflow("approve", "1", "--statement", cwd=here, env=BOB)
    said = json.loads(printed.stdout)
    assert (said["decision"], said["approver"]) == ("approve", "bob@example.test")
    assert "ssh-keygen -Y sign" in printed.stderr
    as_json = _json(workflow("approve", "1", "--statement", "--json", cwd=here, env=BOB))
    assert as_json["statement"] == printed.stdout
    file = tmp_path / "statement"
    file.write_text(printed.stdout)
    key = str(kept_waiting.parent / "bob")
    words = ("-Y", "sign", "-f", key, "-n", as_json["namespace"], str(file))
    subprocess.run(["ssh-keygen", *words], check=True, capture_output=True)
    workflow("show", "1", cwd=here, env=BOB)
    handed = ("--signature", f"{file}.sig")
    done = workflow("approve", "1", "--sign", *handed, cwd=here, env=BOB)
    assert done.exit_status == 2
    done = workflow("approve", "1", "--signature", str(tmp_path / "none"), cwd=here, env=BOB)
    assert (done.exit_status, "cannot be read" in done.stderr) == (2, True)
    done = workflow("approve", "1", *handed, cwd=here, env=ADA)
    assert done.exit_status == REFUSED
    done = workflow("approve", "1", *handed, cwd=here, env=BOB)
    assert done.exit_status == 0, done.stderr
    assert "Your signature is kept with it." in done.stdout


def test_a_rejection_is_final(waiting: GitRepo, workflow: WorkflowCommand) -> None:
    """Whoever says no may have asked for it; after it, nobody's yes is taken."""
    here = waiting.path
    data = _json(workflow("reject", "1", "-m", "not today", "--json", cwd=here, env=BOB))
    assert (data["state"], data["reason"]) == ("rejected", "not today")
    workflow("show", "1", cwd=here, env=BOB)
    done = workflow("approve", "1", cwd=here, env=BOB)
    assert done.exit_status == REFUSED
    assert "proposal 1 is rejected, so it cannot be approved" in done.stderr


def test_glass_is_broken_in_the_open(waiting: GitRepo, workflow: WorkflowCommand) -> None:
    """By whom the policy names, with a reason that the commit and the history bear."""
    here, why = waiting.path, "production is down, nobody is awake"
    for who, reason, status in ((ADA, why, REFUSED), (BOB, "now", 2)):
        done = workflow("apply", "1", "--break-glass", reason, cwd=here, env=who)
        assert done.exit_status == status, done.stderr
    before = waiting.git("rev-parse", "main")
    done = workflow("apply", "1", cwd=here, env=BOB)
    assert (done.exit_status, waiting.git("rev-parse", "main")) == (AWAITING, before)
    done = workflow("apply", "1", "--break-glass", why, cwd=here, env=BOB)
    assert done.exit_status == 0, done.stderr
    message = waiting.git("log", "-1", "--format=%B", "main")
    assert f"Workflow-Glass: {why}" in message
    assert "Approved-by" not in message
    assert why in workflow("history", cwd=here, env=BOB).stdout
    workflow("show", "1", cwd=here, env=BOB)
    done = workflow("approve", "1", cwd=here, env=BOB)
    assert (done.exit_status, "asked for this change" in done.stderr) == (REFUSED, True)
