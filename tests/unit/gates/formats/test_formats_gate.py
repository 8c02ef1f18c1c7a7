"""The formats gate: what is new and wrong fails with its place, and nothing else does."""

from __future__ import annotations

import pytest

from tests.unit.gates.cases import LINK, case
from workflow.gates.formats import FormatsGate
from workflow.gates.formats.found import fresh
from workflow.semantics.formats import Problem
from workflow.types import Outcome, Verdict

Files = dict[str, str]
COMPOSE = """\
services:
  web:
    image: nginx:1.27
    ports: ["80:80"]
    depends_on: [db]
    volumes: ["./conf:/etc/nginx", "data:/data"]
  db:
    image: postgres:17
volumes:
  data: {}
"""
BESIDE = {"conf/nginx.conf": "", "web/Dockerfile": "FROM nginx:1.27\n"}
FLOW = """\
on: [push]
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v5
      - run: make
"""
PROJECT = '[project]\nname = "a"\nversion = "1"\n'
DOCKER = "FROM nginx:1.27\nCOPY a /a\n"
CRON = "0 1 * * * root /x\n"
ONLY_FORM = "only the form of these files is checked here, not what they do"


def judged(base: Files, patched: Files) -> Verdict | None:
    """Return the verdict, or nothing where the gate does not apply."""
    gate, made = FormatsGate(), case(base, patched)
    return gate.judge(made) if gate.applies(made) else None


def edited(name: str, text: str, old: str, new: str, beside: Files | None = None) -> Verdict:
    """Return the verdict on an edit of one file."""
    assert old in text
    others = beside or {}
    verdict = judged({name: text, **others}, {name: text.replace(old, new, 1), **others})
    assert verdict is not None
    return verdict


@pytest.mark.parametrize(
    ("name", "text", "old", "new", "summary", "hint"),
    [
        (
            "a.yml",
            "a: 1\nb: 2\n",
            "b:",
            "a:",
            "a.yml:2: the key a stands twice",
            "keep one of them",
        ),
        ("a.yml", "a:\n  b: 1\n", "  b", "\tb", "a.yml:2: while scanning", "indent with spaces"),
        ("a.json", '{"a": 1}\n', "1}", "1,}", "a.json:1: ", "take out the comma before it"),
        ("a.toml", "a = 1\nb = 2\n", "b", "a", "a.toml:2: Cannot overwrite", ""),
        ("tox.ini", "[a]\nb = 1\nc = 1\n", "c", "b", "tox.ini:3: the option b of [a] stands", ""),
        ("Dockerfile", DOCKER, "COPY a", "COPPY a", "Dockerfile:2: there is no instruction", ""),
        ("Dockerfile", DOCKER, "FROM nginx:1.27\n", "", "Dockerfile:1: there is no FROM", ""),
        ("Dockerfile", DOCKER, "FROM", "RUN x\nFROM", "Dockerfile:1: RUN stands before", "below"),
        ("Dockerfile", DOCKER, "COPY a", "COPY --from=2 a", "Dockerfile:2: COPY takes", "a stage"),
        ("Dockerfile", DOCKER, "COPY a /a", "COPY a", "Dockerfile:2: COPY needs a source", ""),
        ("etc/cron.d/a", CRON, "1 *", "25 *", "etc/cron.d/a:1: bad hour", "correct the schedule"),
        ("etc/cron.d/a", CRON, "root ", "", "etc/cron.d/a:1: ", "name the user|user"),
        ("etc/cron.d/a", CRON, "/x\n", "/x", "etc/cron.d/a:1: the last line has no end", ""),
        ("a.env", "A=1\nB=2\n", "B", "A", "a.env:2: A stands twice", "keep one of them"),
        ("a.env", "A=1\n", "A=1", "A 1 x", "a.env:1: not NAME=value", "quote"),
        (
            *("compose.yml", COMPOSE, "image: nginx", "imagee: nginx"),
            *("compose.yml:3: services.web knows no key imagee", "write image"),
        ),
        (
            *("compose.yml", COMPOSE, "[db]", "[dbb]"),
            *("compose.yml:5: service web names the service dbb", "write db"),
        ),
        (
            *("compose.yml", COMPOSE, "volumes:\n  data: {}\n", ""),
            *("compose.yml:6: service web names the volume data", "define it under volumes"),
        ),
        (
            *(
                "compose.yml",
                COMPOSE,
                "postgres:17",
                "postgres:17\n    ports: ['127.0.0.1:80:5432']",
            ),
            *("compose.yml:9: services web and db both publish tcp port 80", "another port"),
        ),
        (
            *("compose.yml", COMPOSE, "postgres:17", "postgres:17\n    build: ./nowhere"),
            *("compose.yml:9: service db is built from ./nowhere", "correct the path"),
        ),
        (
            *("compose.yml", COMPOSE, "postgres:17", "a\n    build: {context: web, dockerfile: D}"),
            *("compose.yml:9: service db is built with D", "correct the path"),
        ),
        (
            *(".github/workflows/a.yml", FLOW, "runs-on", "run-on"),
            *(".github/workflows/a.yml:4: jobs.test knows no key run-on", "write runs-on"),
        ),
        (
            *(".github/workflows/a.yml", FLOW, "run: make", "runn: make"),
            *(".github/workflows/a.yml:7: jobs.test.steps[1] knows no key runn", "write run"),
        ),
        (
            *("pyproject.toml", PROJECT, 'version = "1"', "version = 1"),
            *("pyproject.toml:3: project.version is no string", ""),
        ),
        (
            *("pyproject.toml", PROJECT, 'version = "1"', 'version = "1"\ndependancies = []'),
            *("pyproject.toml:4: project knows no key dependancies", "write dependencies"),
        ),
    ],
)
def test_what_a_patch_breaks_fails_with_its_place(  # noqa: PLR0913 - an edit, and what is told
    *, name: str, text: str, old: str, new: str, summary: str, hint: str
) -> None:
    """The file, the line, what is wrong, and what to do."""
    verdict = edited(name, text, old, new, BESIDE)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary.startswith(summary)
    assert any(words in verdict.hint for words in hint.split("|"))


@pytest.mark.parametrize(
    ("name", "text", "summary"),
    [
        ("a.yml", "a: 1\n", "1 file parses"),
        ("a.toml", "a = 1\n", "1 file parses"),
        ("tox.ini", "[a]\nb = 1\n", "1 file parses"),
        ("Dockerfile", "FROM nginx:1.27\nCOPY conf /a\n", "1 file parses"),
        ("etc/cron.d/a", CRON, "1 file parses"),
        ("a.env", "A=1\n", "1 file parses"),
        ("compose.yml", COMPOSE, "1 file parses, 1 against the compose schema"),
        (".github/workflows/a.yml", FLOW, "1 file parses, 1 against the GitHub workflow schema"),
        ("pyproject.toml", PROJECT, "1 file parses, 1 against the pyproject schema"),
    ],
)
def test_a_neutral_edit_passes_and_says_what_that_shows(name: str, text: str, summary: str) -> None:
    """A comment breaks nothing, and a pass says that only the form was looked at."""
    for before in (text, None):
        base = BESIDE | ({name: before} if before else {})
        verdict = judged(base, BESIDE | {name: f"# why\n{text}"})
        assert verdict is not None
        assert (verdict.outcome, verdict.summary) == (Outcome.PASS, summary)
        assert verdict.doubts == (ONLY_FORM,)


def test_what_was_wrong_before_is_counted_and_passes() -> None:
    """Only what the patch brings in counts, wherever lines have moved to."""
    old = COMPOSE.replace("[db]", "[gone]").replace("image: nginx", "imagee: nginx")
    verdict = edited("compose.yml", old, "services:", "# why\n\nservices:", BESIDE)
    assert verdict.outcome is Outcome.PASS
    assert verdict.notes == ("2 problem(s) were there before",)
    worse = edited("compose.yml", old, "17", "17\n    depends_on: [gone]", BESIDE)
    assert worse.outcome is Outcome.FAIL
    assert "service db names the service gone" in worse.summary


def test_a_second_of_the_same_kind_is_new() -> None:
    """Lines and places in lists do not count, but how often something is wrong does."""
    one, other = Problem(1, "a[0] is wrong"), Problem(9, "a[7] is wrong")
    assert fresh([one], [other]) == ()
    assert fresh([one], [one, other]) == (other,)
    assert fresh([one, other], [one]) == ()


@pytest.mark.parametrize(
    ("base", "patched"),
    [
        ({}, {"notes.md": "a"}),
        ({}, {"t/values.yaml": "a: {{ b }}\n{% if c %}\n"}),
        ({}, {"pyproject.toml": '[project]\nname = "{{ name }}"\n'}),
        ({}, {"switch.cfg": "hostname a\n"}),
        ({}, {"a.yml": "- " * 60_000 + "a"}),
        ({}, {"a.json": " " * 1_100_000 + "1"}),
        ({"a.json": "{// a\n}"}, {"a.json": "{// b\n}"}),
        ({"a.json": "1"}, {"a.json": LINK + "b"}),
        ({"a.json": "1"}, {}),
    ],
    ids=["other", "template", "key", "cfg", "deep", "large", "broken", "link", "gone"],
)
def test_where_nothing_can_be_said_the_gate_does_not_apply(base: Files, patched: Files) -> None:
    """So that its pass never stands for a file that it did not judge."""
    assert judged(base, patched) is None


def test_files_that_are_not_judged_are_told_beside_others() -> None:
    """One that parses is judged, and the template beside it is named."""
    verdict = judged({}, {"a.yml": "a: 1\n", "b.yml": "a: {{ b }}\n- c\n"})
    assert verdict is not None
    assert verdict.outcome is Outcome.PASS
    assert verdict.notes == ("b.yml is not judged: it is a template",)


def test_a_file_that_parsed_and_became_a_template_fails() -> None:
    """Unquoted braces where there were none are a usual slip, and no template."""
    verdict = edited("a.yml", "a: b\n", "b", "{{ b }}")
    assert (verdict.outcome, verdict.hint) == (Outcome.FAIL, "quote a value that begins with {{")


def test_files_of_tests_may_be_wrong_on_purpose() -> None:
    """There a problem is a doubt."""
    verdict = judged({}, {"tests/data/bad.json": "{"})
    assert verdict is not None
    assert verdict.outcome is Outcome.PASS
    assert verdict.doubts[1].startswith("tests/data/bad.json:1: ")


def doubts(name: str, text: str, old: str, new: str) -> list[str]:
    """Return the doubts of an edit that passes, but for the one of every pass."""
    verdict = edited(name, text, old, new, BESIDE | {"a": "", "b/c": ""})
    assert verdict.outcome is Outcome.PASS, verdict.summary
    assert verdict.doubts[0] == ONLY_FORM
    return [one.removeprefix(f"{name}:") for one in verdict.doubts[1:]]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("no", "2: no is a boolean to some readers, and a text to others"),
        ("012", "2: 012 is an octal number to some readers, and a decimal one to others"),
        ("22:22", "2: 22:22 is a number to base 60 to some readers, and a text to others"),
        ("true", ""),
        ("'no'", ""),
        ("10", ""),
        ("22:99", ""),
        ("0", ""),
    ],
)
def test_words_that_yaml_readers_disagree_on_are_doubts(word: str, said: str) -> None:
    """Only plain ones, and only where the patch brings the first of them in."""
    assert doubts("a.yml", "a: 1\nb: x\n", "x", word) == ([said] if said else [])
    assert doubts("a.yml", f"a: {word}\nb: x\n", "x", word) == []


def test_a_version_that_loses_its_zero_is_a_doubt() -> None:
    """3.10 is the number 3.1 where it is not quoted; a price may be."""
    text = "python-version: '3.9'\nprice: 1\n"
    said = doubts("a.yml", text, "'3.9'", "3.10")
    assert said == ["1: 3.10 is the number 3.1, not that version"]
    assert doubts("a.yml", text, "1\n", "1.10\n") == []


@pytest.mark.parametrize(
    ("name", "text", "old", "new", "said"),
    [
        ("Dockerfile", DOCKER, "a /a", "z /a", "2: COPY takes z, which the tree does not have"),
        ("Dockerfile", DOCKER, "a /a", "b/*.js /a", ""),
        ("Dockerfile", DOCKER, "a /a", "$X /a", ""),
        (
            "Dockerfile",
            DOCKER,
            "a /a",
            "--from=x a /a",
            "2: COPY takes files from x, which is no stage",
        ),
        ("Dockerfile", DOCKER, "a /a", "--from=nginx:1 a /a", ""),
        ("Dockerfile", DOCKER, "nginx:1.27", "nginx", "1: FROM nginx takes whichever image is the"),
        (
            "Dockerfile",
            DOCKER,
            "nginx:1.27",
            "nginx:latest",
            "1: FROM nginx:latest takes whichever",
        ),
        ("Dockerfile", DOCKER, "nginx:1.27", "nginx@sha256:0a", ""),
        ("Dockerfile", DOCKER, "nginx:1.27", "r.example.test:5000/n:1", ""),
        ("Dockerfile", DOCKER, "COPY a", "ADD https://example.test/a", "2: ADD fetches https://"),
        (
            "Dockerfile",
            DOCKER,
            "COPY",
            "ENV API_KEY=abc\nCOPY",
            "2: ENV API_KEY looks like a secret",
        ),
        ("Dockerfile", DOCKER, "COPY", "ARG API_KEY\nCOPY", ""),
        ("etc/cron.d/a", CRON, "/x", "date +%F", "1: a % that is not escaped ends the command"),
        ("etc/cron.d/a", CRON, "/x", r"date +\%F", ""),
        (
            "etc/cron.d/a",
            CRON,
            "0 1",
            "PATH=$PATH:/x\n0 1",
            "1: cron does not look variables up: PATH",
        ),
        ("crontab", "0 1 * * * /x\n", "/x", "root /x", "1: the command begins with the word root"),
        ("a.env", "A=1\n", "A", "export A", "1: A has export before it"),
        ("a.env", "A=1\n", "=", " = ", "1: A has blanks around its ="),
        ("a.env", "A=1\n", "1", "one two", "1: the value of A has blanks and no quotes"),
        ("a.env", "A=1\n", "1", "'one two'", ""),
        ("php.ini", "[a]\nx = 1\ny = 1\n", "y", "x", "3: the option x of [a] stands twice"),
        (
            "compose.yml",
            COMPOSE,
            "./conf",
            "./gone",
            "6: service web mounts ./gone, which the tree",
        ),
        (
            "compose.yml",
            COMPOSE,
            "17",
            "17\n    env_file: .env",
            "9: service db reads .env, which the",
        ),
        ("compose.yml", COMPOSE, "17", "17\n    env_file: $X/.env", ""),
        (
            "compose.yml",
            COMPOSE,
            "17",
            "17\n    profiles: [x]\n    ports: ['80:1']",
            "10: services web",
        ),
        ("compose.yml", COMPOSE, "17", "17\n    ports: ['80:1/udp']", ""),
        ("compose.yml", COMPOSE, "17", "17\n    ports: ['81-85:1-5', '86:1']", ""),
        ("compose.prod.yml", COMPOSE, "[db]", "[other]", "5: service web names the service other"),
        (
            ".github/workflows/a.yml",
            FLOW,
            "[push]",
            "{push: {tags: 'v*'}}",
            "1: on.push.tags is no array",
        ),
        ("pyproject.toml", PROJECT, "version", "packages = []\nversion", "3: project knows no key"),
    ],
)
def test_what_may_be_meant_is_a_doubt(name: str, text: str, old: str, new: str, said: str) -> None:
    """A person is told where to look; nothing fails for it."""
    found = doubts(name, text, old, new)
    assert len(found) == bool(said)
    assert all(one.startswith(said) for one in found)


def test_a_file_that_goes_is_missed_by_those_that_name_it() -> None:
    """A compose file that did not change is looked at when a file goes."""
    text = COMPOSE.replace("17", "17\n    build: ./web")
    base = BESIDE | {"compose.yml": text}
    patched = {name: one for name, one in base.items() if name != "web/Dockerfile"}
    verdict = judged(base, patched)
    assert verdict is not None
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == "compose.yml:9: service db is built from ./web, which is not there"


def test_no_value_is_in_a_verdict() -> None:
    """What stands in a file may be a secret: names and places are told, values are not."""
    marked = "s3cr3t" + "Value"
    for name, text in {
        "a.env": f"A={marked}\nA={marked}\nB = {marked}\nC={marked} {marked}\n{marked} x\n",
        "compose.yml": f"services:\n  a:\n    ports: {marked}\n    restart: [{marked}]\n",
        "Dockerfile": f"FROM a\nENV TOKEN={marked}\n",
        ".github/workflows/a.yml": f"on: push\njobs:\n  a:\n    runs-on: 7\n    steps: {marked}\n",
    }.items():
        verdict = judged({}, {name: text})
        assert verdict is not None
        assert marked not in repr(verdict)


def test_the_verdict_depends_on_readers_and_libraries() -> None:
    """The gate has an identity, the same for the same program, so that a pass is remembered."""
    made = case({}, {"a.yml": "a: 1\n"})
    assert FormatsGate().identity(made) == FormatsGate().identity(made) != ""
