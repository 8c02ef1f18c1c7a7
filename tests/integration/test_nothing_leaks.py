"""No value of a repository is kept or shown by any command, and the files keep all of them."""

from __future__ import annotations

import json
import random
import sqlite3
import string
import subprocess
import sys
import zlib
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CommandResult, GitRepo, GitRepoFactory, WorkflowCommand

pytestmark = pytest.mark.forked

CUSTOMER = "Quillfeather Logistics"
REQUEST = "set client_max_body_size to 16k"


def _word(size: int) -> str:
    return "".join(random.choices(string.ascii_letters + string.digits, k=size))  # noqa: S311 - a sample


@dataclass(frozen=True)
class Shop:
    """A repository with values in its files, its tests and the name of one file."""

    repo: GitRepo
    token: str
    password: str
    path: str

    def values(self) -> tuple[str, ...]:
        """All that nobody may see."""
        return self.token, self.password, CUSTOMER, CUSTOMER.lower().replace(" ", "-")


@pytest.fixture
def shop(git_repo: GitRepoFactory) -> Shop:
    """Return a small repository whose test fails by quoting a password."""
    token, password = _word(40), _word(20)
    path = "nginx/quillfeather-logistics.conf"
    site = f"""\
server {{
    listen 8080;
    server_name shop.example.org;
    client_max_body_size 8k;
    location /api/ {{
        # for {CUSTOMER}
        proxy_set_header X-Api-Key {token};
        proxy_pass http://127.0.0.1:9000;
    }}
}}
"""
    main = f"""\
events {{}}
http {{
    include {path.removeprefix("nginx/")};
}}
"""
    test = f"""\
from pathlib import Path


def test_size():
    password = "{password}"
    text = Path("{path}").read_text()
    assert password in text


def test_port():
    assert "listen 8080;" in Path("{path}").read_text()
"""
    policy = f"""\
blast_radius:
  surgeon: {{files: 10, hunks: 40, changed_lines: 300, excess: 5.0}}
  architect: {{files: 20, hunks: 20, changed_lines: 2000, excess: 5.0}}
  patch: {{files: 20, hunks: 100, changed_lines: 1000, excess: 5.0}}
sizes: {{line_characters: 1000, added_bytes: 1000000, file_bytes: 1000000}}
protected: []
sealing:
  names:
    - {{kind: customer, names: [{CUSTOMER}]}}
"""
    files = {
        path: site,
        "nginx/nginx.conf": main,
        "tests/test_site.py": test,
        "policies/workflow.yaml": policy,
        "workflow.toml": 'policy = "policies/workflow.yaml"\n',
    }
    return Shop(git_repo(files), token, password, path)


def kept(state: Path) -> str:
    """Everything in the database as text: each row, and each blob as it was before packing."""
    with closing(sqlite3.connect(state / "workflow.db")) as base:
        tables = [
            row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        texts = []
        for table in tables:
            for row in base.execute(f"SELECT * FROM {table}"):  # noqa: S608 - a name of its own
                for cell in row:
                    data = cell
                    if isinstance(cell, bytes):
                        data = zlib.decompress(cell).decode("utf-8", "replace")
                    texts.append(str(data))
    # Checkouts for gates hold files as they are, as git's objects do; nothing that a tool said.
    files = (path for path in state.rglob("*") if path.relative_to(state).parts[0] != "trees")
    raw = b"".join(path.read_bytes() for path in files if path.is_file())
    return "\n".join([*texts, raw.decode("latin-1")])


def require_none(shop: Shop, text: str) -> None:
    """Fail when a value is in the text, naming which."""
    for number, value in enumerate(shop.values()):
        assert value.lower() not in text.lower(), f"value {number} is there"


def said(done: CommandResult) -> str:
    """All that a command printed."""
    return done.stdout + done.stderr


def test_a_proposal_holds_no_value(shop: Shop, workflow: WorkflowCommand) -> None:
    """Not on the screen, not in JSON, not in a log, not in the database; and the file is whole."""
    here = shop.repo.path
    done = workflow("propose", REQUEST, shop.path, "--json", cwd=here)
    body = done.json
    assert [gate["outcome"] for gate in body["gates"]] == ["pass", "pass"], said(done)
    assert body["rounds"][0]["receipt"]["sealed"]
    log = workflow("show", "1", "--log", "pytest", cwd=here)
    assert "test_size" in log.stdout
    texts = [
        *(json.dumps(body["gates"]), body["summary"] and json.dumps(body["summary"])),
        *(log.stdout, workflow("show", "1", "--prompt", cwd=here).stdout),
    ]
    secrets = (shop.token, shop.password)
    for text in [said(done), *texts, kept(here / ".git" / "workflow")]:
        assert not [number for number, value in enumerate(secrets) if value in text]
    require_none(shop, workflow("show", "1", "--prompt", cwd=here).stdout)
    tree = shop.repo.git("show", f"{body['commit']}:{shop.path}")
    assert shop.token in tree
    assert CUSTOMER in tree
    assert "client_max_body_size 16k;" in tree


def test_a_reviewer_sees_placeholders_until_they_ask(shop: Shop, workflow: WorkflowCommand) -> None:
    """The diff is sealed on the screen and in JSON; `--reveal` and `--patch` give the bytes."""
    here = shop.repo.path
    workflow("propose", REQUEST, shop.path, cwd=here)
    # The token's line is within the three lines of context of the changed one.
    shown = workflow("show", "1", cwd=here)
    as_json = workflow("show", "1", "--json", cwd=here)
    for done in (shown, as_json):
        assert shop.token not in said(done)
        assert CUSTOMER not in said(done)
        assert "ZQVX" in done.stdout
    assert CUSTOMER in workflow("show", "1", "--reveal", cwd=here).stdout
    assert CUSTOMER in workflow("show", "1", "--patch", cwd=here).stdout


def test_a_request_is_kept_sealed(shop: Shop, workflow: WorkflowCommand) -> None:
    """In the listing, in the ledger and in the commit's message."""
    here, secret = shop.repo.path, _word(32)
    done = workflow(
        "propose", f"{REQUEST}; the api_key = {secret} stays", shop.path, "--json", cwd=here
    )
    listed = workflow("list", cwd=here)
    for text in (said(done), said(listed), kept(here / ".git" / "workflow")):
        assert secret not in text
    assert secret not in shop.repo.git("log", "--all", "--format=%B")


def test_a_reason_is_kept_sealed(shop: Shop, workflow: WorkflowCommand) -> None:
    """What a person types when rejecting goes into the ledger, too."""
    here, secret = shop.repo.path, _word(32)
    workflow("propose", REQUEST, shop.path, cwd=here)
    done = workflow("reject", "1", "-m", f"password={secret} must go first", cwd=here)
    assert secret not in said(done) + kept(here / ".git" / "workflow")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660])
def test_a_key_that_others_can_read_stops_everything(
    shop: Shop, workflow: WorkflowCommand, mode: int
) -> None:
    """Nothing is proposed, and the message says what to do."""
    here = shop.repo.path
    workflow("propose", REQUEST, shop.path, cwd=here)
    key = here / ".git" / "workflow" / "seal.key"
    key.chmod(mode)
    done = workflow("propose", REQUEST, shop.path, cwd=here)
    assert done.exit_status == 3
    assert "chmod 600" in done.stderr
    assert "open to others" in done.stderr
    assert len(workflow("list", "--json", cwd=here).json["proposals"]) == 1


def test_the_receipt_of_what_was_not_sent(shop: Shop, workflow: WorkflowCommand) -> None:
    """Offline nothing is sent; the receipt says so, and what a model would have been given."""
    here = shop.repo.path
    workflow("propose", REQUEST, shop.path, cwd=here)
    done = workflow("receipt", "1", cwd=here)
    assert "nothing was sent" in done.stdout
    assert "1 token" in done.stdout
    assert "2 customer" in done.stdout  # as it is written in the file, and in its name
    body = workflow("receipt", "1", "--json", cwd=here).json
    (made,) = body["rounds"]
    assert made["requests"] == []
    assert made["prompt_text"] == workflow("show", "1", "--prompt", cwd=here).stdout
    require_none(shop, made["prompt_text"])
    refused = workflow("receipt", "1", "--body", "1", cwd=here)
    assert refused.exit_status == 2
    assert "nothing was sent" in refused.stderr


def test_last_words_hold_no_value(shop: Shop, workflow: WorkflowCommand) -> None:
    """An error that quotes a file, and its traceback, come out sealed."""
    here = shop.repo.path
    text = (here / shop.path).read_text()
    broken = text.replace("location /api/ {", f"location /api/ {{ }} }} {shop.token}")
    shop.repo.commit({shop.path: broken})
    done = workflow("propose", REQUEST, shop.path, "--debug", cwd=here)
    assert done.exit_status != 0
    assert shop.token not in said(done)


def test_a_log_that_quotes_another_file_is_sealed(shop: Shop, workflow: WorkflowCommand) -> None:
    """A test prints a file that nobody changes; the log that is kept has a placeholder instead."""
    here, secret = shop.repo.path, _word(24)
    test = """\
from pathlib import Path


def test_service():
    assert Path("deploy/service.env").read_text().split("=")[1] == "x"


def test_port():
    assert "listen 8080;" in Path("nginx/quillfeather-logistics.conf").read_text()
"""
    shop.repo.commit(
        {"deploy/service.env": f"SERVICE_PASSWORD={secret}\n", "tests/test_service.py": test}
    )
    done = workflow("propose", REQUEST, shop.path, cwd=here)
    log = workflow("show", "1", "--log", "pytest", cwd=here)
    assert "test_service" in log.stdout
    assert secret not in said(done) + said(log) + kept(here / ".git" / "workflow")
    said_why = workflow("reject", "1", "-m", f"{secret} is in the log", cwd=here)
    assert secret not in said(said_why) + kept(here / ".git" / "workflow")


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_streams_that_the_caller_has_closed(shop: Shop, closed: str) -> None:
    """The command does its work, and no file that it opens takes the place of a stream."""
    command = f'"{sys.executable}" -P -m workflow seal --check nginx {closed}'
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=shop.repo.path, capture_output=True, check=False
    )
    assert done.returncode == 3
    assert b"defect" not in done.stdout + done.stderr
