"""The story: from a request in words to an approved, applied, confirmed and reverted change."""

from __future__ import annotations

import difflib
import hashlib
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import git
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import GitRepo, GitRepoFactory, WorkflowCommand

REQUEST = "Add a /collect endpoint and allow origin https://s.ado.im via CORS and CSP"
SITE = "nginx/site_nginx.conf"

# Another shop: tabs, other names, its own comments, a drop-in without http{}, CRLF nowhere.
OTHER_SITE = """\
# edge for the shop -- ask Mo before touching the TLS part
upstream shop_api {
\tserver 10.20.0.5:9100 max_fails=2;\t# primary
\tserver 10.20.0.6:9100 backup;
}

map $http_origin $allow_origin {
\tdefault "";
\t"https://shop.example.org" $http_origin;
}

server {
\tlisten 443 ssl;
\tserver_name shop.example.org;
\tssl_certificate /etc/pki/shop/full.pem;
\tssl_certificate_key /etc/pki/shop/key.pem;

\tadd_header X-Content-Type-Options nosniff always;
\tadd_header Content-Security-Policy "default-src 'self'; connect-src 'self'" always;
\tadd_header Access-Control-Allow-Origin $allow_origin always;
\tadd_header Vary Origin always;

\tlocation = /v2/orders {
\t\tif ($request_method = OPTIONS) { return 204; }
\t\tif ($request_method != POST) { return 405; }
\t\tclient_max_body_size 32k;
\t\tproxy_set_header Host $host;
\t\tproxy_pass http://shop_api;
\t}

\tlocation / {
\t\troot /srv/shop;   # built by CI
\t}
}
"""
OTHER_REQUEST = (
    "add an endpoint POST /v2/beacons limited to 16k"
    " and allow origin https://metrics.example.org via CORS and CSP"
)


def _changed(before: str, after: str) -> tuple[list[str], list[str]]:
    """Lines that went and lines that came."""
    rows = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return [r[2:] for r in rows if r[:2] == "- "], [r[2:] for r in rows if r[:2] == "+ "]


def _read(repo: GitRepo, name: str) -> str:
    return (repo.path / name).read_bytes().decode()


def test_the_seeded_story(sandbox_repo: GitRepo, workflow: WorkflowCommand) -> None:
    """Proposed, shown, approved, applied and rolled back: each step does what it says."""
    here = sandbox_repo.path
    original = _read(sandbox_repo, SITE)
    proposed = workflow("propose", REQUEST, "site_nginx.conf", "--json", cwd=here)
    assert proposed.exit_status == 0, proposed.stderr
    assert proposed.json["state"] == "awaiting-approval"
    assert proposed.json["route"] == "surgeon"
    assert proposed.json["files"] == [SITE]
    assert {gate["gate"]: gate["outcome"] for gate in proposed.json["gates"]} == {
        "nginx": "pass",
        "pytest": "pass",
    }
    assert proposed.json["next"] == "workflow approve 1"

    shown = workflow("show", "1", cwd=here)
    for words in ("What changes", "Evidence", "forecast", "Sent", "nothing", "location = /collect"):
        assert words in shown.stdout, words

    assert workflow("approve", "1", cwd=here).exit_status == 0
    applied = workflow("apply", "1", cwd=here)
    assert applied.exit_status == 0, applied.stderr
    went, came = _changed(original, _read(sandbox_repo, SITE))
    assert len(went) == 1, "only the CSP line is replaced"
    assert "connect-src 'self' https://ado.im https://www.ado.im https://s.ado.im;" in "".join(came)
    assert any("location = /collect" in line for line in came)
    assert any(line.split() == ['"https://s.ado.im"', "$http_origin;"] for line in came)
    assert sandbox_repo.git("status", "--porcelain") == ""
    log = sandbox_repo.git("log", "-1", "--format=%an %s%n%b")
    assert "Ada Author" not in log, "the requester is the committer identity of git"
    assert "Workflow-Proposal: 1" in log
    assert f"Workflow-Digest: {proposed.json['digest']}" in log

    assert workflow("rollback", cwd=here).exit_status == 0
    assert _read(sandbox_repo, SITE) == original
    assert sandbox_repo.git("status", "--porcelain") == ""
    assert workflow("list", "--json", cwd=here).json["proposals"][0]["state"] == "rolled-back"
    kinds = [row["kind"] for row in workflow("history", "--json", cwd=here).json["landings"]]
    assert kinds == ["rollback", "apply"]


@pytest.mark.usefixtures("quick")
def test_the_story_in_another_repository(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """Other names, tabs, comments and upstreams: a correct minimal diff, every other byte kept."""
    name = "edge/conf.d/shop.conf"
    repo = git_repo({name: OTHER_SITE, "README": "the shop\n"})
    proposed = workflow("propose", OTHER_REQUEST, name, "--json", cwd=repo.path)
    assert proposed.exit_status == 0, proposed.stdout + proposed.stderr
    assert [gate["gate"] for gate in proposed.json["gates"]] == ["nginx"]
    assert workflow("approve", "1", cwd=repo.path).exit_status == 0
    assert workflow("apply", "1", cwd=repo.path).exit_status == 0
    after = _read(repo, name)
    went, came = _changed(OTHER_SITE, after)
    csp = (
        "\tadd_header Content-Security-Policy \"default-src 'self'; connect-src 'self'{}\" always;"
    )
    assert went == [csp.format("")]
    assert [line for line in came if line] == [
        '\t"https://metrics.example.org" $http_origin;',
        csp.format(" https://metrics.example.org"),
        "\tlocation = /v2/beacons {",
        "\t\tif ($request_method = OPTIONS) { return 204; }",
        "\t\tif ($request_method != POST) { return 405; }",
        "\t\tclient_max_body_size 16k;",
        "\t\tproxy_set_header Host $host;",
        "\t\tproxy_pass http://shop_api;",
        "\t}",
    ]
    assert came.count("") == 1
    assert workflow("rollback", cwd=repo.path).exit_status == 0
    assert _read(repo, name) == OTHER_SITE


@pytest.mark.usefixtures("quick")
def test_propose_leaves_everything_as_it_was(
    sandbox_repo: GitRepo, workflow: WorkflowCommand
) -> None:
    """Files, index, status and branches are untouched, also when they are dirty."""
    sandbox_repo.write({"README.md": "dirty\n", "new.txt": "untracked\n"})
    sandbox_repo.git("add", "README.md")
    sandbox_repo.write({"README.md": "dirtier\n"})
    index = (sandbox_repo.path / ".git/index").read_bytes()
    before = sandbox_repo.snapshot()
    assert workflow("propose", REQUEST, SITE, cwd=sandbox_repo.path).exit_status == 0
    after = sandbox_repo.snapshot()
    assert (after.files, after.status, after.index, after.head) == (
        *(before.files, before.status, before.index, before.head),
    )
    assert (sandbox_repo.path / ".git/index").read_bytes() == index
    new_refs = set(after.refs.splitlines()) - set(before.refs.splitlines())
    assert [ref.split("\t")[1] for ref in new_refs] == ["refs/workflow/proposals/1"]


def test_an_independent_reader_sees_the_same_change(
    proposed: GitRepo, workflow: WorkflowCommand
) -> None:
    """GitPython, which shares no code with us, finds one modified file and the stored patch."""
    patch = workflow("show", "1", "--patch", cwd=proposed.path).stdout
    with git.Repo(proposed.path) as repo:
        made = repo.commit("refs/workflow/proposals/1")
        (diff,) = repo.head.commit.diff(made)
        assert (diff.change_type, diff.a_path) == ("M", SITE)
        assert diff.b_blob is not None
        after = diff.b_blob.data_stream.read()
    proposed.write({"p.diff": patch})
    proposed.git("apply", "p.diff")
    assert (proposed.path / SITE).read_bytes() == after


def test_apply_needs_an_approval(proposed: GitRepo, workflow: WorkflowCommand) -> None:
    """Without an approval nothing moves, and the exit status says what is awaited."""
    before = proposed.snapshot()
    done = workflow("apply", "1", cwd=proposed.path)
    assert done.exit_status == 4
    assert "workflow approve 1" in done.stderr
    assert proposed.snapshot() == before


def test_apply_refuses_a_changed_proposal(approved: GitRepo, workflow: WorkflowCommand) -> None:
    """A ref that was moved after the approval is found out."""
    other = approved.git("commit-tree", "-m", "other", "HEAD^{tree}")
    approved.git("update-ref", "refs/workflow/proposals/1", other)
    before = approved.snapshot()
    done = workflow("apply", "1", cwd=approved.path)
    assert done.exit_status == 3
    assert "no longer points to what was proposed" in done.stderr
    assert approved.snapshot() == before


def test_apply_asks_anew_on_a_moved_branch(approved: GitRepo, workflow: WorkflowCommand) -> None:
    """A branch that has moved since is not the base that was judged: people look once more."""
    approved.commit({"other.txt": "x"})
    before = approved.snapshot()
    done = workflow("apply", "1", cwd=approved.path)
    assert done.exit_status == 4
    assert "proposal 2 is proposal 1 on the new base" in done.stderr
    after = approved.snapshot()
    assert (after.files, after.index, after.head) == (before.files, before.index, before.head)
    assert approved.git("log", "-1", "--format=%s", "main") == "a commit"


@pytest.mark.parametrize("staged", [False, True])
def test_apply_refuses_to_overwrite_edits(
    approved: GitRepo, workflow: WorkflowCommand, *, staged: bool
) -> None:
    """A file that would be overwritten and has edits of its own stops the landing."""
    approved.write({SITE: _read(approved, SITE) + "# mine\n"})
    if staged:
        approved.git("add", SITE)
    before = approved.snapshot()
    done = workflow("apply", "1", cwd=approved.path)
    assert done.exit_status == 3
    assert SITE in done.stderr
    assert approved.snapshot() == before


def test_unrelated_edits_survive(approved: GitRepo, workflow: WorkflowCommand) -> None:
    """Dirty, staged and untracked files that the proposal does not touch stay as they are."""
    approved.write({"README.md": "dirty\n", "app/models.py": "staged\n", "notes.txt": "mine\n"})
    approved.git("add", "app/models.py")
    status = approved.git("status", "--porcelain")
    for command in (("apply", "1"), ("rollback",), ("rollback",)):
        assert workflow(*command, cwd=approved.path).exit_status == 0
        assert approved.git("status", "--porcelain") == status
        assert _read(approved, "README.md") == "dirty\n"
        assert _read(approved, "notes.txt") == "mine\n"


def test_rollback_of_a_rollback(approved: GitRepo, workflow: WorkflowCommand) -> None:
    """Taking back a rollback brings the change in again, byte for byte, and so on."""
    without = _read(approved, SITE)
    assert workflow("apply", "1", cwd=approved.path).exit_status == 0
    with_change = _read(approved, SITE)
    for expected, state in (
        (without, "rolled-back"),
        (with_change, "applied"),
        (without, "rolled-back"),
    ):
        assert workflow("rollback", cwd=approved.path).exit_status == 0
        assert _read(approved, SITE) == expected
        rows = workflow("list", "--json", cwd=approved.path).json["proposals"]
        assert rows[0]["state"] == state


def test_rollback_keeps_later_commits(approved: GitRepo, workflow: WorkflowCommand) -> None:
    """Commits that came after the landing stay; one that touched its files stops the rollback."""
    original = _read(approved, SITE)
    workflow("apply", "1", cwd=approved.path)
    approved.commit({"later.txt": "later\n"})
    assert workflow("rollback", cwd=approved.path).exit_status == 0
    assert _read(approved, SITE) == original
    assert _read(approved, "later.txt") == "later\n"
    assert workflow("rollback", cwd=approved.path).exit_status == 0
    approved.commit({SITE: _read(approved, SITE) + "# edited\n"})
    done = workflow("rollback", cwd=approved.path)
    assert done.exit_status == 3
    assert "has changed on main" in done.stderr


def test_apply_to_a_branch_that_is_not_checked_out(
    approved: GitRepo, workflow: WorkflowCommand
) -> None:
    """Landing on another branch moves its ref and touches no file here."""
    approved.git("switch", "--quiet", "--create", "elsewhere")
    files = approved.snapshot().files
    done = workflow("apply", "1", cwd=approved.path)
    assert done.exit_status == 0, done.stderr
    assert approved.snapshot().files == files
    assert "location = /collect" in approved.git("show", f"main:{SITE}")


def test_rejected_and_unknown_proposals(approved: GitRepo, workflow: WorkflowCommand) -> None:
    """A rejected proposal cannot be applied, and an unknown number is a usage error."""
    assert workflow("reject", "1", "-m", "not today", cwd=approved.path).exit_status == 0
    assert workflow("apply", "1", cwd=approved.path).exit_status == 3
    assert workflow("approve", "1", cwd=approved.path).exit_status == 3
    for command in ("show", "approve", "reject", "apply"):
        assert workflow(command, "99", cwd=approved.path).exit_status == 2


@pytest.mark.usefixtures("quick")
def test_a_failing_gate_refuses(git_repo: GitRepoFactory, workflow: WorkflowCommand) -> None:
    """A change after which a test fails is stored as refused, shown with its cause, and stuck."""
    guard = (
        "from pathlib import Path\n"
        "def test_only_orders():\n"
        "    assert 'beacons' not in Path('conf.d/shop.conf').read_text()\n"
    )
    repo = git_repo({"conf.d/shop.conf": OTHER_SITE, "tests/test_site.py": guard})
    done = workflow("propose", OTHER_REQUEST, "shop.conf", "--json", cwd=repo.path)
    assert done.exit_status == 3
    assert done.json["state"] == "refused"
    outcomes = {gate["gate"]: gate["outcome"] for gate in done.json["gates"]}
    assert outcomes == {"nginx": "pass", "pytest": "fail"}
    shown = workflow("show", "1", cwd=repo.path).stdout
    assert "test_only_orders" in shown
    assert "WRONG" in shown, "the forecast was a pass"
    for command in ("approve", "apply"):
        assert workflow(command, "1", cwd=repo.path).exit_status == 3


def test_green_field_is_refused_by_name_offline(
    sandbox_repo: GitRepo, workflow: WorkflowCommand
) -> None:
    """A scaffold without a template needs a model, and the message says where to name one."""
    words = "scaffold a new Go service that counts page views from scratch"
    done = workflow("propose", words, cwd=sandbox_repo.path)
    assert done.exit_status == 3
    assert "set roles.architect to a model" in done.stderr


def test_linked_worktree(approved: GitRepo, workflow: WorkflowCommand, tmp_path: Path) -> None:
    """A branch that another work tree has checked out lands there, files and all."""
    approved.git("switch", "--quiet", "--create", "side")
    linked = tmp_path / "linked"
    approved.git("worktree", "add", "--quiet", str(linked), "main")
    done = workflow("apply", "1", cwd=approved.path)
    assert done.exit_status == 0, done.stderr
    assert "location = /collect" in (linked / SITE).read_text()
    assert "location = /collect" not in _read(approved, SITE)


def test_demo(workflow: WorkflowCommand, tmp_path: Path) -> None:
    """The demo plays the whole story from anywhere and says that it came full circle."""
    done = workflow("demo", cwd=tmp_path)
    assert done.exit_status == 0, done.stdout + done.stderr
    assert "rolled back" in done.stdout
    again = {"WORKFLOW_SHRINK__BUDGET_S": "0"}
    told = workflow("demo", "--json", cwd=tmp_path, env=again)
    assert told.json["restored"] is True


def test_broken_settings_do_not_stop_a_rollback(
    approved: GitRepo, workflow: WorkflowCommand
) -> None:
    """Going back needs no setting, policy or gate, so none can stand in its way."""
    original = _read(approved, SITE)
    assert workflow("apply", "1", cwd=approved.path).exit_status == 0
    approved.commit({"workflow.toml": "policy = 7 [["})
    done = workflow("propose", REQUEST, SITE, cwd=approved.path)
    assert done.exit_status == 1
    assert "workflow.toml" in done.stderr
    nowhere = {"WORKFLOW_BUBBLEWRAP": "/nonexistent"}
    assert workflow("rollback", cwd=approved.path, env=nowhere).exit_status == 0
    assert _read(approved, SITE) == original


@pytest.mark.usefixtures("quick")
def test_without_a_sandbox_nothing_is_proposed(
    sandbox_repo: GitRepo, workflow: WorkflowCommand
) -> None:
    """Where bubblewrap is missing or does not work, gates do not run unconfined instead."""
    for program in ("/nonexistent", "/bin/true", "/bin/false"):
        env = {"WORKFLOW_BUBBLEWRAP": program}
        done = workflow("propose", REQUEST, SITE, "--json", cwd=sandbox_repo.path, env=env)
        assert done.exit_status == 1, done.stdout
        assert "sandbox" in done.json["error"]
    assert workflow("list", "--json", cwd=sandbox_repo.path).json["proposals"] == []


def _edit_rows(repo: GitRepo, *statements: str) -> None:
    """Change the store as somebody with a database tool would."""
    with closing(sqlite3.connect(repo.path / ".git/workflow/workflow.db")) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()


def test_a_forged_approval_lands_nothing(proposed: GitRepo, workflow: WorkflowCommand) -> None:
    """An approval that is in the table and not in the ledger counts as none, and doctor says so."""
    _edit_rows(
        proposed,
        "UPDATE proposals SET state = 'approved'",
        "INSERT INTO approvals (proposal, digest, approver, account, proof, is_own, at)"
        " SELECT id, digest, 'Boss <boss@example.test>', 'boss', 'git', 0, 'now' FROM proposals",
    )
    before = proposed.snapshot()
    assert workflow("apply", "1", cwd=proposed.path).exit_status == 4
    assert proposed.snapshot() == before
    doctor = workflow("doctor", "--json", cwd=proposed.path)
    assert doctor.exit_status == 1
    wrong = [check["name"] for check in doctor.json["checks"] if not check["ok"]]
    assert wrong[0] == "proposals"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE proposals SET title = 'harmless'",
        "UPDATE proposals SET body = replace(body, 'Ada', 'Eve'), digest = digest",
        "UPDATE ledger SET body = replace(body, 'carl', 'eve') WHERE event = 'approval'",
    ],
)
def test_edited_rows_are_named_by_doctor(
    approved: GitRepo, workflow: WorkflowCommand, statement: str
) -> None:
    """Whatever row somebody edits, doctor fails and says which kind of record is wrong."""
    assert workflow("doctor", cwd=approved.path).exit_status == 0
    drop = "DROP TRIGGER ledger_keeps"
    _edit_rows(approved, drop, statement.replace("Ada", "Carl"))
    doctor = workflow("doctor", "--json", cwd=approved.path)
    assert doctor.exit_status == 1
    wrong = {
        check["name"] for check in doctor.json["checks"] if check["needed"] and not check["ok"]
    }
    assert wrong & {"proposals", "ledger"}
    if "title" not in statement:
        assert workflow("apply", "1", cwd=approved.path).exit_status == 3


def test_a_rewritten_proposal_is_refused(approved: GitRepo, workflow: WorkflowCommand) -> None:
    """A body with a digest to match is still not what the ledger recorded."""
    with closing(sqlite3.connect(approved.path / ".git/workflow/workflow.db")) as database:
        body = database.execute("SELECT body FROM proposals").fetchone()[0]
        forged = body.replace("assumed: POST only", "assumed: nothing")
        assert forged != body
        digest = "sha256:" + hashlib.sha256(forged.encode()).hexdigest()
        database.execute("UPDATE proposals SET body = ?, digest = ?", (forged, digest))
        database.execute("UPDATE approvals SET digest = ?", (digest,))
        database.commit()
    for command in ("show", "apply"):
        done = workflow(command, "1", cwd=approved.path)
        assert done.exit_status == 3
        assert "changed after it was recorded" in done.stderr


def _with_stdout(stdout: int, repo: GitRepo, *options: str) -> tuple[int, str]:
    """Run a command whose stdout goes somewhere; its exit status and what it says on stderr."""
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "workflow", *options],
        cwd=repo.path,
        check=False,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    return ran.returncode, ran.stderr.decode()


def test_output_that_cannot_be_printed(approved: GitRepo) -> None:
    """A full stdout is told as that, without a traceback; a closed pipe is no error."""
    full = os.open("/dev/full", os.O_WRONLY)
    for options in (["list"], ["list", "--json"], ["show", "9", "--json"]):
        status, said = _with_stdout(full, approved, *options)
        assert status in {1, 2}
        assert "Traceback" not in said
        assert "error: " in said
    os.close(full)
    read, write = os.pipe()
    os.close(read)
    assert _with_stdout(write, approved, "show", "1") == (0, "")
    os.close(write)


def test_every_part_of_show_as_json(approved: GitRepo, workflow: WorkflowCommand) -> None:
    """With --json a part of a proposal is one object, too."""
    for option, key in (("--patch", "patch"), ("--prompt", "prompt"), ("--log=nginx", "log")):
        shown = workflow("show", "1", option, "--json", cwd=approved.path)
        assert set(shown.json) == {"id", key}
        assert shown.json[key]
