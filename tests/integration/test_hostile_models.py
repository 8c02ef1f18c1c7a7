"""A model that means harm: what its drafts may not reach, told over real sockets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.integration.hostile import (
    BASE,
    FORECASTS,
    GOOD,
    HIDDEN,
    MIXED,
    NOT_GIVEN,
    ODD,
    POLICY,
    SITE,
    WORDS,
    edit,
    edits,
    files,
    kept,
    new,
    objections,
    settings,
    tasks,
    word,
)
from tests.loopback import Loopback, Say, loopback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import GitRepo, GitRepoFactory, WorkflowCommand

pytestmark = [pytest.mark.usefixtures("quick"), pytest.mark.forked]


@pytest.fixture
def server() -> Iterator[Loopback]:
    """Yield a model server on this machine."""
    with loopback() as running:
        yield running


@pytest.fixture
def shop(git_repo: GitRepoFactory) -> GitRepo:
    """Return a small site."""
    return git_repo(BASE)


def ruled(repo: GitRepo, spending: str) -> None:
    """Commit a policy with these caps."""
    text = f"{POLICY}spending: {{{spending}}}\n"
    repo.commit({"policies/own.yaml": text, "workflow.toml": 'policy = "policies/own.yaml"\n'})


# --- drafts that reach out ---------------------------------------------------------------------


def test_a_surgeon_gets_nowhere_but_into_its_file(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """Other files, new ones, the policy that judges it, names that lead out: each goes back."""
    ruled(shop, "rounds: 12")
    other = edit("nginx/other.conf", "# nobody includes it", "# me")
    drafts = {
        other: "outside-request",
        GOOD + other: "outside-request",
        new("nginx/new.conf", "# x\n"): "surgeon-edits",
        new("/etc/cron.d/x"): "unsafe-path",
        GOOD + new("../x"): "unsafe-path",
        GOOD + new("policies/own.yaml"): "file-exists",
        GOOD + edit("workflow.toml", 'policy = "policies/own.yaml"', 'policy = ""'): "outside",
        GOOD + new("prompts/surgical-edit.md"): "surgeon-edits",
        GOOD.replace("16k;", "16k; # ZQVX0123456789BC"): "placeholder-unknown",
        GOOD.replace("site.conf", "Site.conf"): "no-such-file",
    }
    server.answers += [*map(edits, drafts), edits()]
    before = shop.snapshot().files
    done = workflow("propose", WORDS, SITE, "--json", cwd=shop.path, env=settings(server))
    assert done.exit_status == 0, done.stdout + done.stderr
    *refused, last = objections(done)
    for objection, rule in zip(refused, drafts.values(), strict=True):
        assert rule in objection or NOT_GIVEN in objection
    assert last == ""
    assert [one["stands"] for one in done.json["rounds"]] == [False] * len(drafts) + [True]
    assert done.json["files"] == [SITE]
    assert shop.snapshot().files == before


def test_both_parts_of_a_mixed_change_keep_to_themselves(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """An architect replaces nothing and widens nothing, a surgeon edits nothing that it made."""
    ruled(shop, "rounds: 8")
    doc = ("docs/limits.md", "# Limits\n")
    places = ["../x", "/etc/passwd", "nginx/other.conf", "NGINX/SITE.CONF", "ZQVX0123456789BC"]
    wanted = [(path, "wish of an architect") for path in places]
    server.answers += [
        files(doc, wanted=[("nginx/other.conf", "x")] * 10_000),
        files(doc, wanted=[("nginx/\u202eother.conf", "x")]),
        files(doc, (SITE, "x\n")),
        files(doc, (".github/workflows/x.yml", "x\n")),
        files(doc, ("../x", "x\n")),
        files(doc, ("NGINX/site.conf", "x\n")),
        files(doc, wanted=[*wanted, (SITE, "raise it")]),
        edits(GOOD + edit("docs/limits.md", "# Limits", "# Limit")),
        edits(GOOD + new("docs/limits.md")),
        edits(edit("nginx/other.conf", "# nobody includes it", "# me")),
        edits(),
    ]
    done = workflow("propose", MIXED, SITE, "--json", cwd=shop.path, env=settings(server))
    assert done.exit_status == 0, done.stdout + done.stderr
    assert sorted(done.json["files"]) == ["docs/limits.md", SITE]
    said = objections(done)
    rules = ["file-exists", "protected-path", "unsafe-path", "case-collision"]
    rules += ["outside-request", "file-exists", "outside-request"]
    against = [one for one in said if one and "in the form" not in one]
    for objection, rule in zip(against, rules, strict=True):
        assert rule in objection or NOT_GIVEN in objection
    assert len(server.arrived) == 11
    surgeon = tasks(server)[7]
    assert f"{SITE}: raise it" in surgeon
    assert "wish of an architect" not in surgeon


def test_lines_of_a_file_that_was_not_given_do_not_come_back(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """A near miss in a file that the drafter has not seen is no way to read it."""
    ruled(shop, "rounds: 2")
    shop.commit({"notes.txt": "".join(f"fact {place} of the house\n" for place in range(30))})
    miss = "--- a/notes.txt\n+++ b/notes.txt\n@@\n fact 17 of the hause\n-fact 18\n+x\n"
    server.answers += [edits(miss), edits()]
    workflow("propose", WORDS, SITE, cwd=shop.path, env=settings(server))
    assert len(server.arrived) == 2
    assert b"of the house" not in server.raw


def test_nothing_odd_gets_to_a_terminal(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """Escapes, reversed text and line feeds in all that a model may say."""
    ruled(shop, "rounds: 1")
    odd = [{**one, "why": ODD, "tests": [ODD] * 200} for one in FORECASTS]
    seen = {"path": "a", "line": 1, "severity": "high", "what": ODD, "mend": ODD}
    rest = {"diff": GOOD, "smoke_test": ODD, "forecasts": odd, "notes": [ODD]}
    server.answers += [
        Say(json.dumps({"findings": [seen], **rest})),
        Say(json.dumps({"explanation": ODD, "notes": [ODD]})),
        Say(ODD),
    ]
    env = settings(server)
    commands = [("propose", WORDS, SITE, "--recipe", "safety-check"), ("explain", "1"), ("stats",)]
    commands += [(name, "1") for name in ("show", "receipt")] + [("doctor",)]
    for arguments in (*commands, ("propose", WORDS, SITE)):
        done = workflow(*arguments, cwd=shop.path, env=env)
        assert done.exit_status in {0, 1}, done.stdout + done.stderr
        for char in HIDDEN:
            assert char not in done.stdout + done.stderr, (arguments, char)
    assert len(server.arrived) == 3


# --- what must not leave -----------------------------------------------------------------------


def test_no_value_arrives_by_any_way(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """Of files, a request, a gate's log, a reviewer's words, an older patch, a model's notes."""
    ruled(shop, "rounds: 2")
    header, typed, wish, quoted = (word(size) for size in (40, 21, 22, 23))
    user, later = (f"$apr1${word(8)}${word(22)}" for _ in range(2))
    site = BASE[SITE].replace("8k;\n", f"8k;\n    proxy_set_header X-Api-Key {header};\n")
    code = "from pathlib import Path\n\n\ndef test_it():\n"
    code += f'    text = Path("{SITE}").read_text()\n    assert "16k" not in text, text\n'
    shop.commit({SITE: site, "deploy/.htpasswd": f"ada:{user}\n# end\n", "tests/test_a.py": code})
    diff = edit(SITE, "    client_max_body_size 8k;", "    client_max_body_size 16k;")
    diff += edit("deploy/.htpasswd", "# end", "# End")
    notes = {"notes": [f"password = '{quoted}'"]}
    server.answers += [edits(diff, **notes) for _ in range(4)]
    asked = f"{WORDS} where the password = '{typed}'"
    named = (SITE, "deploy/.htpasswd")
    done = [workflow("propose", asked, *named, cwd=shop.path, env=settings(server))]
    shop.commit({"deploy/.htpasswd": f"ada:{later}\n# end\n"})
    wished = f"rather 24k, and the password = '{wish}'"
    done += [workflow("revise", "1", wished, cwd=shop.path, env=settings(server))]
    done += [workflow(name, "1", cwd=shop.path) for name in ("show", "receipt")]
    assert len(server.arrived) == 4
    assert "The gate pytest says" in tasks(server)[1]
    printed = "".join(one.stdout + one.stderr for one in done).encode()
    for value in (header, typed, wish, user, later, quoted):
        for place in (server.raw, printed, kept(shop)):
            assert value.encode() not in place


def test_a_drafts_own_code_does_not_print_its_way_out(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback
) -> None:
    """A test that a model drafts runs on the real values; what it makes of them does not return."""
    ruled(shop, "rounds: 2")
    secret = word(20)
    shop.commit({"app/settings.py": f'PASSWORDS = [\n    "{secret}",\n]\n'})
    code = "from pathlib import Path\n\n\ndef test_it():\n"
    code += "    text = Path('app/settings.py').read_text()\n"
    code += "    assert 0, ' '.join(str(ord(char) + 1000) for char in text)\n"
    draft = files(("tests/test_a.py", code), forecasts=FORECASTS[1:])
    server.answers += [draft, draft]
    asked = ("propose", "Create tests/test_a.py", "--route", "architect")
    workflow(*asked, cwd=shop.path, env=settings(server))
    assert len(server.arrived) == 2
    assert " ".join(str(ord(char) + 1000) for char in secret).encode() not in server.raw


def test_no_module_of_a_repository_is_run(
    shop: GitRepo, workflow: WorkflowCommand, server: Loopback, tmp_path: Path
) -> None:
    """Neither when the keyring is asked nor when an SDK is loaded."""
    mark = tmp_path / "mark"
    names = ("keyring", "sitecustomize", "usercustomize", "openai", "httpx2", "jinja2", "yaml")
    shop.commit({f"{name}.py": f"open({str(mark)!r}, 'w')\n" for name in names})
    env = settings(server, "openai")
    without = workflow("propose", WORDS, SITE, cwd=shop.path, env={**env, "OPENAI_API_KEY": ""})
    assert "nor is it in a keyring" in without.stderr
    server.answers.append(edits())
    assert workflow("propose", WORDS, SITE, cwd=shop.path, env=env).exit_status == 0
    assert not mark.exists()
