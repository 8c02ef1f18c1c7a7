"""What changes in configuration files is told by path; layout and spelling are nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.semantics.changes import Effect, changes
from workflow.semantics.neutral import is_same
from workflow.types import RepoPath

VALUES = """\
# replicas of the shop
replicas: 2
image: {name: shop, tag: '1.10'}
ports: [80, 443]
env:
  - name: MODE
    value: fast
  - name: API_TOKEN
    value: abc
text: |
  one
  two
"""
COMPOSE = """\
services:
  web:
    image: nginx:1.27
    ports: ["80:80", "443:443"]
    environment:
      - MODE=fast
      - DB_PASSWORD=hunter
    depends_on: [db]
    build: ./web
  db:
    image: postgres:17
volumes:
  data: {}
"""
TOML = '[server]\nport = 80 # http\nhosts = ["a", "b"]\n\n[server.tls]\nversion = "1.2"\n'
JSON = '{"a": {"b": [1, 2, {"id": "x", "n": 1}]}, "secret": "s", "t": true}\n'
INI = "[main]\nport = 80\nlist =\n    a\n    b\n[other]\nname = x\n"
DOCKER = """\
FROM node:22 AS build
ARG VERSION=1
RUN npm ci && \\
    npm run build
FROM nginx:1.27
ENV MODE=fast TOKEN=abc
COPY --from=build /a /b
COPY c /c
"""
CRON = "MAILTO=ops\n0 3 * * * root /backup\n@daily root /clean\n"
ENV = "MODE=fast\nKEY=abc\n"
FILES = {
    "values.yaml": VALUES,
    "compose.yml": COMPOSE,
    "app.toml": TOML,
    "app.json": JSON,
    "app.ini": INI,
    "Dockerfile": DOCKER,
    "etc/cron.d/app": CRON,
    "app.env": ENV,
}


def told(name: str, before: str, after: str) -> list[str]:
    """Return the sentences on a file."""
    return [str(one) for one in changes(RepoPath(name), before.encode(), after.encode())]


def edited(name: str, old: str, new: str) -> list[str]:
    """Return the sentences on an edit of a sample."""
    text = FILES[name]
    assert old in text
    return told(name, text, text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("values.yaml", "# replicas of the shop\n", "\n# how many\n"),
        ("values.yaml", "{name: shop, tag: '1.10'}", '\n  tag: "1.10"\n  name: "shop"'),
        ("values.yaml", "[80, 443]", "\n  - 80\n  - 443"),
        ("values.yaml", "|\n  one\n  two\n", '"one\\ntwo\\n"\n'),
        ("values.yaml", "replicas: 2", "replicas: &r 2"),
        ("compose.yml", '["80:80", "443:443"]', "[80:80, 443:443]"),
        (
            "compose.yml",
            "- MODE=fast\n      - DB_PASSWORD=hunter",
            "DB_PASSWORD: hunter\n      MODE: fast",
        ),
        ("compose.yml", "[db]", "{db: {condition: service_started}}"),
        ("compose.yml", "build: ./web", "build: {context: ./web}"),
        ("app.toml", "port = 80 # http\n", "port=80\n\n"),
        ("app.toml", '["a", "b"]', "[\n  'a',\n  'b',\n]"),
        ("app.toml", '[server.tls]\nversion = "1.2"', 'tls = { version = "1.2" }'),
        ("app.json", '"a": {', '"a":\n  {'),
        ("app.json", '"secret": "s", "t": true', '"t": true, "secret": "s"'),
        ("app.json", '"x"', '"\\u0078"'),
        ("app.ini", "port = 80\n", "; the port\nport: 80\n"),
        ("app.ini", "    a\n    b\n", "  a\n  b\n"),
        ("Dockerfile", "npm ci && \\\n    npm", "npm ci && npm"),
        ("Dockerfile", "ENV MODE=fast TOKEN=abc", "# how\nENV MODE=fast\nENV TOKEN='abc'"),
        ("Dockerfile", "FROM nginx", "from nginx"),
        ("etc/cron.d/app", "0 3 * * * root", "# at night\n0  3 * * *\troot"),
        ("app.env", "MODE=fast\nKEY=abc", "KEY='abc'\n# c\nexport MODE=fast"),
    ],
)
def test_layout_quoting_and_order_are_nothing(name: str, old: str, new: str) -> None:
    """What no reader of the file could notice is no change."""
    assert edited(name, old, new) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("values.yaml", "replicas: 2", "replicas: 3", ["changed: setting replicas: 2 → 3"]),
        ("values.yaml", "'1.10'", "1.10", ['changed: setting image.tag: "1.10" → 1.10']),
        ("values.yaml", "[80, 443]", "[80, 8443]", ["changed: setting ports[1]: 443 → 8443"]),
        ("values.yaml", "[80, 443]", "[22, 80, 443]", ["added: setting ports[0]: 22"]),
        ("values.yaml", "[80, 443]", "[443, 80]", ["moved: setting ports[0]: from ports[1]"]),
        ("values.yaml", "fast", "slow", ["changed: setting env[0].value: fast → slow"]),
        ("values.yaml", "abc", "abd", ["changed: setting env[1].value: (hidden)"]),
        ("values.yaml", "image:", "picture:", ["moved: setting picture: from image"]),
        (
            "compose.yml",
            "1.27",
            "1.28",
            ["changed: setting services.web.image: nginx:1.27 → nginx:1.28"],
        ),
        (
            *("compose.yml", '"443:443"', '"8443:443"'),
            ['changed: setting services.web.ports[1]: "443:443" → "8443:443"'],
        ),
        (
            *("compose.yml", "hunter", "other"),
            ["changed: setting services.web.environment.DB_PASSWORD: (hidden)"],
        ),
        ("compose.yml", "  db:\n    image: postgres:17\n", "", ["removed: service db: with image"]),
        ("compose.yml", "  data: {}", "  data: {}\n  more: {}", ["added: volume more: empty"]),
        ("app.toml", "80", "81", ["changed: setting server.port: 80 → 81"]),
        ("app.toml", '"1.2"', "1.2", ['changed: setting server.tls.version: "1.2" → 1.2']),
        ("app.toml", ', "b"', "", ["removed: setting server.hosts[1]: b"]),
        ("app.json", '"n": 1', '"n": 1.0', ["changed: setting a.b[2].n: 1 → 1.0"]),
        ("app.json", '"s"', '"z"', ["changed: setting secret: (hidden)"]),
        ("app.json", "true", "null", ["changed: setting t: true → nothing"]),
        ("app.ini", "= x", "= z", ["changed: setting other.name: x → z"]),
        ("Dockerfile", "1.27", "1.28", ["changed: FROM of stage 2: nginx:1.27 → nginx:1.28"]),
        ("Dockerfile", "=fast", "=slow", ["changed: ENV MODE of stage 2: fast → slow"]),
        ("Dockerfile", "=abc", "=abd", ["changed: ENV TOKEN of stage 2: (hidden)"]),
        (
            "Dockerfile",
            "COPY c /c\n",
            "USER web\n",
            ["added: USER of stage 2: web", "removed: COPY of stage 2: c /c"],
        ),
        (
            *("Dockerfile", "npm ci && \\\n    npm run build", "npm ci"),
            ["changed: RUN of build: npm ci && npm run build → npm ci"],
        ),
        (
            *(
                "Dockerfile",
                "COPY --from=build /a /b\nCOPY c /c\n",
                "COPY c /c\nCOPY --from=build /a /b\n",
            ),
            ["moved: COPY of stage 2: c /c"],
        ),
        (
            *("etc/cron.d/app", "0 3", "30 3"),
            ["changed: scheduled command root /backup: 0 3 * * * → 30 3 * * *"],
        ),
        (
            *("etc/cron.d/app", "root /clean", "www /clean"),
            [
                "added: scheduled command www /clean: @daily",
                "removed: scheduled command root /clean: @daily",
            ],
        ),
        ("etc/cron.d/app", "ops", "dev", ["changed: variable MAILTO: ops → dev"]),
        ("app.env", "fast", "slow", ["changed: variable MODE"]),
        ("app.env", "KEY=abc", "NEW=abc", ["added: variable NEW", "removed: variable KEY"]),
    ],
)
def test_each_change_is_told_once(name: str, old: str, new: str, said: list[str]) -> None:
    """By its path, with what was and what is; what looks secret is hidden."""
    assert edited(name, old, new) == said


@pytest.mark.parametrize("name", FILES)
def test_no_secret_is_told(name: str) -> None:
    """Neither when a file comes nor when it goes is a value told that looks secret."""
    for sentence in [*told(name, "", FILES[name]), *told(name, FILES[name], "")]:
        assert not {"hunter", "abc"} & set(sentence.replace("=", " ").split())


def test_values_that_look_secret_are_hidden_under_any_name() -> None:
    """A known issuer's mark, a password in an address, and long mixed words are not told."""
    marked = "gh" + "p_" + "a1B2" * 9
    address = "postgres://me:" + "pw@example.test/db"
    mixed = "aB3" * 12
    option, header = "--password=" + "pw", "X-Api-Token: " + "pw"
    for value in (marked, address, mixed, option, "run --api-key " + "pw", f"'run {header}'"):
        (said,) = told("a.yml", "a: x\n", f"a: {value}\n")
        assert said == "changed: setting a: x → (hidden)"
    for value in ("all tests pass now", "the token ring", "run --keep 3"):
        assert told("a.yml", "a: x\n", f"a: {value}\n") == [f"changed: setting a: x → {value}"]
    digest = "nginx@sha256:" + "0a" * 32
    (said,) = told("a.yml", "a: x\n", f"a: {digest}\n")
    assert digest in said


def test_a_new_file_is_told_by_its_outermost_keys() -> None:
    """Each service, document or section is one thing, not each value in it."""
    assert told("compose.yml", "", COMPOSE) == [
        "added: service web: with image, ports, environment, depends_on, …",
        "added: service db: with image",
        "added: volume data: empty",
    ]
    assert len(told("values.yaml", "", VALUES)) == 5


def test_documents_of_a_stream_are_told_by_kind_and_name() -> None:
    """Each is compared with its namesake, wherever it stands."""
    first = "kind: A\nmetadata: {name: x}\nn: 1\n"
    second = "kind: B\nmetadata: {name: x, namespace: s}\nn: 1\n"
    old = f"{first}---\n{second}"
    assert told("a.yml", old, f"{first}---\n{second.replace('n: 1', 'n: 2')}") == [
        "changed: setting B s/x: n: 1 → 2"
    ]
    assert told("a.yml", old, f"{second}---\n{first}") == ["changed: the order of documents"]
    assert told("a.yml", old, first.replace("A", "C") + "---\n" + second) == [
        "added: document C x: with kind, metadata, n",
        "removed: document A x: with kind, metadata, n",
    ]


def test_the_order_of_a_packages_entry_points_counts() -> None:
    """Node tries the conditions of `exports` from the first one on."""
    old = '{"exports": {"import": "a", "default": "b"}}'
    new = '{"exports": {"default": "b", "import": "a"}}'
    assert told("package.json", old, new) == ["changed: setting exports: the order of its keys"]
    assert told("other.json", old, new) == []


def test_what_an_alias_stands_for_changes_with_it() -> None:
    """The change of an anchor is told where it takes effect, too."""
    old = "x: &x {n: 1}\na: {<<: *x, m: 1}\n"
    assert told("a.yml", old, old.replace("n: 1", "n: 2")) == [
        "changed: setting x.n: 1 → 2",
        "changed: setting a.n: 1 → 2",
    ]
    assert told("a.yml", old, "x: {n: 1}\na: {n: 1, m: 1}\n") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yml", "a: 1\na: 2\n"),
        ("a.json", '{"a": 1, "a": 1}'),
        ("a.toml", "a = 1\na = 2\n"),
        ("tox.ini", "[a]\nb = 1\nb = 2\n"),
        ("Dockerfile", "FROM a\nRUNN b\n"),
        ("crontab", "* * * a\n"),
        ("a.env", "not this\n"),
        ("compose.yml", "a\n"),
    ],
)
def test_what_cannot_be_read_is_said(name: str, text: str) -> None:
    """Keys that stand twice, and text of another format, are one change without a value."""
    (one,) = told(name, FILES.get(name, ""), text)
    assert one.startswith("changed: something that could not be read")


def test_another_format_of_the_same_ending_has_nothing_to_tell() -> None:
    """A `.cfg` without sections is the configuration of some other program."""
    assert told("switch.cfg", "hostname a\n", "hostname b\n") == []


KEYS = st.sampled_from(["a", "b", "c", "id", "name"])
TREES = st.recursive(
    st.integers(0, 3) | st.sampled_from(["x", "y"]) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, TREES), st.dictionaries(KEYS, TREES))
def test_nothing_is_told_exactly_where_nothing_differs(old: object, new: object) -> None:
    """Two JSON texts have no changes when their values are equal, and only then."""
    before, after = (json.dumps(one) for one in (old, new))
    found = changes(RepoPath("a.json"), before.encode(), after.encode())
    assert (not found) == (old == new)
    back = changes(RepoPath("a.json"), after.encode(), before.encode())
    assert bool(back) == bool(found)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, TREES), st.sampled_from([None, 1, 4]))
def test_what_means_the_same_has_no_changes(value: object, indent: int | None) -> None:
    """The two answers on neutrality never contradict each other."""
    path = RepoPath("a.json")
    before, after = json.dumps(value).encode(), json.dumps(value, indent=indent).encode()
    assert is_same(path, before, after)
    assert changes(path, before, after) == ()


def test_many_changes_are_counted() -> None:
    """A long list of changes is cut, and what is left out is counted."""
    old, new = (json.dumps({str(n): n + m for n in range(900)}) for m in (0, 1))
    found = changes(RepoPath("a.json"), old.encode(), new.encode())
    assert len(found) == 201
    assert (found[-1].effect, found[-1].name) == (Effect.CHANGED, "700 more")


def test_readers_are_loaded_when_they_are_used() -> None:
    """Listing proposals must not pay for YAML, schemas or any other format's library."""
    code = "import sys, workflow.semantics.changes; print(*sys.modules)"
    argv = [sys.executable, "-c", code]
    ran = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert not {"yaml", "jsonschema", "dotenv", "cronsim", "dockerfile_parse"} & set(
        ran.stdout.split()
    )
