"""`workflow ledger`: a landing is proven, tampering is named, and others check without us."""

from __future__ import annotations

import base64
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import GitRepo, GitRepoFactory, WorkflowCommand

pytestmark = pytest.mark.forked

REQUEST = "set client_max_body_size to 16k"
MAIN = "events {}\nhttp {\n    include site.conf;\n}\n"
SITE = (
    "server {\n    listen 8080;\n    server_name a.example.org;\n    client_max_body_size 8k;\n}\n"
)
PAGE = (Path(__file__).parents[2] / "docs/ledger.md").read_text()


def on_the_page(language: str) -> str:
    """The one block of code of a language on the ledger's page."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(block)


@pytest.fixture(scope="session")
def _landed_once() -> dict[str, Path]:
    """Remember the first landed repository, so that its gates run once a session."""
    return {}


@pytest.fixture
def landed(
    _landed_once: dict[str, Path],
    quick: None,
    git_repo: GitRepoFactory,
    workflow: WorkflowCommand,
    tmp_path_factory: pytest.TempPathFactory,
) -> GitRepo:
    """Return a repository in which proposal 1 was approved and has landed."""
    del quick
    repo = git_repo({"nginx/nginx.conf": MAIN, "nginx/site.conf": SITE})
    if "made" not in _landed_once:
        for words in (("propose", REQUEST, "nginx/site.conf"), ("approve", "1"), ("apply", "1")):
            done = workflow(*words, cwd=repo.path)
            assert done.exit_status == 0, done.stdout + done.stderr
        _landed_once["made"] = tmp_path_factory.mktemp("landed") / "repo"
        shutil.copytree(repo.path, _landed_once["made"], symlinks=True)
    shutil.rmtree(repo.path)
    shutil.copytree(_landed_once["made"], repo.path, symlinks=True)
    repo.git("update-index", "-q", "--refresh")
    return repo


def tamper(repo: GitRepo, *statements: str) -> None:
    """Change the database as somebody with the file can."""
    with closing(sqlite3.connect(repo.path / ".git/workflow/workflow.db")) as store, store:
        for guard in ("ledger_keeps", "ledger_stays"):
            store.execute(f"DROP TRIGGER IF EXISTS {guard}")
        for statement in statements:
            store.execute(statement)


def test_a_landing_is_proven(landed: GitRepo, workflow: WorkflowCommand) -> None:
    """The chain holds, git was told of the landing, and the commit's trailer names a row of it."""
    found = workflow("ledger", "verify", "--json", cwd=landed.path)
    assert found.exit_status == 0, found.stdout
    assert found.json["holds"]
    assert (found.json["breaks"], found.json["anchors"]) == ([], 1)
    trailer = landed.git("log", "-1", "--format=%(trailers:key=Workflow-Ledger,valueonly)").split()
    rows = workflow("ledger", "show", "--last", "0", "--json", cwd=landed.path).json["rows"]
    seq = int(trailer[0])
    assert (rows[seq - 1]["event"], rows[seq - 1]["hash"]) == ("approval", trailer[1])
    events = [row["event"] for row in rows]
    assert events[-4:] == ["landing-intended", "landing-moved", "landing-kept", "anchor"]
    assert {"round", "request", "route", "verdict", "proposal", "approval"} <= set(events)


def test_a_new_ledger_after_a_loss(landed: GitRepo, workflow: WorkflowCommand) -> None:
    """The commands of the page let a repository go on; the former ledger is a note from then on."""
    tamper(landed, "DELETE FROM ledger WHERE seq > 3")
    assert workflow("ledger", "verify", cwd=landed.path).exit_status == 3
    script = ["sh", "-eu", "-c", on_the_page("sh")]
    subprocess.run(script, cwd=landed.path, check=True, timeout=60)
    found = workflow("ledger", "verify", cwd=landed.path)
    assert (found.exit_status, "which is not here" in found.stdout) == (0, True)
    assert landed.git("rev-parse", "refs/lost/ledger")


def test_rows_are_shown_for_people(landed: GitRepo, workflow: WorkflowCommand) -> None:
    """A fact is a line with its number, time, name and what it has to say."""
    shown = workflow("ledger", "show", "--proposal", "1", "--last", "3", cwd=landed.path)
    lines = shown.stdout.splitlines()
    assert "older ones" in lines[0]
    assert "landing-kept" in lines[3]
    assert "proposal 1" in lines[3]
    assert lines[-1] == "Next: workflow ledger verify"
    missing = workflow("ledger", "show", "--proposal", "9", cwd=landed.path)
    assert missing.exit_status == 2


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (
            ("UPDATE ledger SET body = replace(body, 'Carl', 'Eve') WHERE event = 'approval'",),
            "changed after it was written (what it says)",
        ),
        (("DELETE FROM ledger WHERE event = 'approval'",), "missing"),
        (
            (
                "DELETE FROM ledger WHERE event = 'landing-moved'",
                "UPDATE ledger SET seq = -seq WHERE event IN ('landing-kept', 'anchor')",
                "UPDATE ledger SET seq = -seq - 1 WHERE seq < 0",
            ),
            "removed; the rows after it were renumbered",
        ),
        (("DELETE FROM ledger WHERE event LIKE 'landing%' OR event = 'anchor'",), "cut off"),
    ],
)
def test_tampering_is_named(
    landed: GitRepo, workflow: WorkflowCommand, statements: tuple[str, ...], said: str
) -> None:
    """The row is named in plain words, the status is 3, and nothing lands any more."""
    tamper(landed, *statements)
    found = workflow("ledger", "verify", cwd=landed.path)
    assert found.exit_status == 3
    assert said in found.stdout
    assert "guards against changes" in found.stdout
    assert found.stdout.splitlines()[-1].startswith("Next: restore .git/workflow from a backup")


def test_a_ref_that_is_gone_is_named(landed: GitRepo, workflow: WorkflowCommand) -> None:
    """The anchors cannot be dropped unseen."""
    landed.git("update-ref", "-d", "refs/workflow/ledger")
    found = workflow("ledger", "verify", "--json", cwd=landed.path)
    assert found.exit_status == 3
    assert "refs/workflow/ledger is gone" in found.json["breaks"][0]["reason"]


def test_others_recompute_the_chain(landed: GitRepo, workflow: WorkflowCommand) -> None:
    """Ten lines of Python without this program follow the export to the row in the commit."""
    workflow("ledger", "export", "-o", "rows.jsonl", cwd=landed.path)
    rows = (landed.path / "rows.jsonl").read_bytes()
    alone = [sys.executable, "-I", "-S", "-c", on_the_page("python")]
    done = subprocess.run(alone, input=rows, capture_output=True, check=True, timeout=60)
    count, newest = done.stdout.decode().split()
    checked = workflow("ledger", "verify", "--json", cwd=landed.path).json
    assert (int(count), newest) == (checked["rows"], checked["newest"])
    anchor = json.loads(landed.git("show", "refs/workflow/ledger:anchor.json"))
    assert json.loads(rows.splitlines()[anchor["seq"] - 1])["hash"] == anchor["hash"]
    worse = rows.replace(b"Carl", b"Eve!", 1)
    assert subprocess.run(
        alone, input=worse, capture_output=True, check=False, timeout=60
    ).returncode


def test_a_proposal_is_exported_with_what_came_before_it(
    landed: GitRepo, workflow: WorkflowCommand
) -> None:
    """The rows of one proposal have its rounds, which were written before it had a number."""
    done = workflow("ledger", "export", "--proposal", "1", cwd=landed.path)
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert events[:2] == ["round", "request"]
    assert "anchor" not in events


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Make an SSH key, and an allowed signers file beside it."""
    path = tmp_path / "key"
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a key", "-f", str(path)]
    subprocess.run(argv, check=True, timeout=60)
    public = path.with_suffix(".pub").read_text().split()
    signers = f'ada@example.test namespaces="attestation@change-workflow" {" ".join(public[:2])}\n'
    (tmp_path / "signers").write_text(signers)
    return path


def encoded(payload: bytes) -> bytes:
    """Encode a payload as DSSE's specification says, without this program."""
    kind = b"application/vnd.in-toto+json"
    return b" ".join([b"DSSEv1", b"%d" % len(kind), kind, b"%d" % len(payload), payload])


def is_signed(payload: bytes, envelope: dict[str, Any], folder: Path) -> bool:
    """Ask ssh-keygen alone whether an envelope's signature is over a payload."""
    (folder / "sig").write_bytes(base64.b64decode(envelope["signatures"][0]["sig"]))
    argv = ["ssh-keygen", "-Y", "verify", "-f", str(folder / "signers"), "-I", "ada@example.test"]
    argv += ["-n", "attestation@change-workflow", "-s", str(folder / "sig")]
    data = encoded(payload)
    return not subprocess.run(
        argv, input=data, capture_output=True, check=False, timeout=60
    ).returncode


def test_others_check_an_attestation(landed: GitRepo, workflow: WorkflowCommand, key: Path) -> None:
    """An in-toto statement in a signed DSSE envelope is checked by ssh-keygen, git and eyes."""
    words = ("ledger", "export", "--format", "intoto", "--sign", str(key))
    done = workflow(*words, cwd=landed.path)
    assert done.exit_status == 0, done.stderr
    (line,) = done.stdout.splitlines()
    envelope = json.loads(line)
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    payload = base64.b64decode(envelope["payload"])
    assert is_signed(payload, envelope, key.parent)
    assert not is_signed(payload.replace(b"Carl", b"Eve!", 1), envelope, key.parent)
    shown = subprocess.run(
        ["ssh-keygen", "-lf", str(key)], capture_output=True, check=True, timeout=60
    ).stdout.decode()
    assert envelope["signatures"][0]["keyid"] == shown.split()[1]
    statement = json.loads(payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    digests = [subject["digest"] for subject in statement["subject"]]
    assert digests == [
        {"gitCommit": landed.git("rev-parse", "HEAD")},
        {"gitTree": landed.git("rev-parse", "HEAD^{tree}")},
    ]
    predicate = statement["predicate"]
    trailers = landed.git("log", "-1", "--format=%(trailers:only,unfold)")
    assert f"Workflow-Digest: {predicate['proposal']['digest']}" in trailers
    assert f"Workflow-Request: {predicate['request']['digest']}" in trailers
    assert [one["outcome"] for one in predicate["gates"]] == ["pass"]
    assert [one["approver"] for one in predicate["approvals"]] == [
        "Carl Committer <carl@example.test>"
    ]
    assert predicate["materials"][0]["digest"]["gitCommit"] == landed.git("rev-parse", "HEAD~1")


def test_the_printed_commands_check_an_attestation(
    landed: GitRepo, workflow: WorkflowCommand, key: Path
) -> None:
    """What is printed beside a signed export is what a third party can paste."""
    file = landed.path / "it is.jsonl"
    words = ("ledger", "export", "--format", "intoto", "--sign", str(key), "-o", file.name)
    done = workflow(*words, cwd=landed.path)
    lines = [line.removeprefix("note: ") for line in done.stderr.splitlines()]
    commands = "\n".join(
        line for line in lines[lines.index(f"to check line 1 of '{file.name}':") + 1 :]
    )
    stand_in = "import json,sys;d=json.load(sys.stdin)"
    commands = (
        commands.replace(
            "jq -j .payload", f"{sys.executable} -c '{stand_in};print(d[\"payload\"])'"
        )
        .replace(
            "jq -j '.signatures[0].sig'",
            f'{sys.executable} -c \'{stand_in};print(d["signatures"][0]["sig"])\'',
        )
        .replace("ALLOWED_SIGNERS", str(key.parent / "signers"))
        .replace("WHO", "ada@example.test")
    )
    checked = subprocess.run(
        ["sh", "-ec", commands], cwd=landed.path, capture_output=True, check=False, timeout=60
    )
    assert checked.returncode == 0, checked.stderr.decode()
    assert checked.stdout.startswith(b'Good "attestation@change-workflow" signature for ada')


def test_an_export_says_what_it_cannot(
    landed: GitRepo, workflow: WorkflowCommand, key: Path
) -> None:
    """Rows are not signed, a broken ledger is not attested, and a full place is an error."""
    here = landed.path
    signed = workflow("ledger", "export", "--sign", str(key), cwd=here)
    assert signed.exit_status == 2
    nowhere = workflow("ledger", "export", "-o", "no/such/folder/rows", cwd=here)
    assert nowhere.exit_status == 1
    assert "cannot be written" in nowhere.stderr
    no_key = workflow("ledger", "export", "--format", "intoto", "--sign", "/no/key", cwd=here)
    assert no_key.exit_status == 1
    tamper(landed, "UPDATE ledger SET at = '2020-01-01T00:00:00Z' WHERE seq = 2")
    tamper(landed, "UPDATE ledger SET body = 'no JSON' WHERE seq = 3")
    shown = workflow("ledger", "show", cwd=here)
    assert "no JSON" in shown.stdout
    broken = workflow("ledger", "export", "--format", "intoto", cwd=here)
    assert broken.exit_status == 3
    assert "row 2: changed" in broken.stderr
    assert workflow("ledger", "export", cwd=here).exit_status == 0


def test_a_past_proposal_is_judged_again(landed: GitRepo, workflow: WorkflowCommand) -> None:
    """Its gates run on the trees that git keeps; that they say the same is a fact as well."""
    landed.commit({"nginx/site.conf": "nonsense\n"}, "a later commit breaks it")
    done = workflow("ledger", "replay", "1", "--json", cwd=landed.path)
    assert done.exit_status == 0, done.stderr
    assert [(one["gate"], one["result"]) for one in done.json["gates"]] == [("nginx", "same")]
    row = workflow("ledger", "show", "--last", "1", "--json", cwd=landed.path).json["rows"][0]
    assert (row["event"], row["body"]["result"]) == ("replay", "same")
    assert workflow("ledger", "verify", cwd=landed.path).exit_status == 0
    landed.git("update-ref", "-d", "refs/workflow/proposals/1")
    gone = workflow("ledger", "replay", "1", cwd=landed.path)
    assert gone.exit_status == 3


def test_the_ledger_of_a_fresh_repository_holds(
    git_repo: GitRepoFactory, workflow: WorkflowCommand
) -> None:
    """Without a row there is nothing wrong, nothing to show, and nothing to attest."""
    here = git_repo({"a.txt": "a"}).path
    assert workflow("ledger", "verify", cwd=here).exit_status == 0
    assert workflow("ledger", "show", "--json", cwd=here).json["rows"] == []
    assert workflow("ledger", "export", cwd=here).stdout == ""
    assert workflow("ledger", "export", "--format", "intoto", cwd=here).exit_status == 3
    assert workflow("ledger", "replay", "1", cwd=here).exit_status == 2


def test_a_refusal_is_a_fact(landed: GitRepo, workflow: WorkflowCommand) -> None:
    """Who was refused what is told by the error's name, and by none of its words."""
    assert workflow("approve", "1", cwd=landed.path).exit_status == 3
    row = workflow("ledger", "show", "--last", "1", "--json", cwd=landed.path).json["rows"][0]
    assert row["event"] == "refusal"
    assert row["body"] == {
        "proposal": 1,
        "what": "approve",
        "who": "Carl Committer <carl@example.test>",
        "account": row["body"]["account"],
        "reason": "state",
    }
    assert workflow("ledger", "verify", cwd=landed.path).exit_status == 0
