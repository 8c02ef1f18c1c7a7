"""What is read out of a browser client: addresses, methods, payloads, and what is refused."""

from __future__ import annotations

import ast
import json
import re
import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workflow.errors import NotUnderstoodError
from workflow.providers.offline.client import draft_backend
from workflow.types import Brief, Outcome, Prompt, RepoPath, Role, SourceFile

if TYPE_CHECKING:
    from workflow.providers.offline.drafted import OfflineDraft


def brief(
    text: str | bytes,
    *,
    name: str = "web/client.js",
    request: str = "draft a backend for the client",
    existing: tuple[str, ...] = (),
    more: dict[str, str] | None = None,
) -> Brief:
    """A brief with one client file, and others that it may import."""
    files = {name: text, **(more or {})}
    return Brief(
        request=request,
        role=Role.ARCHITECT,
        files=(),
        prompt=Prompt("", "", ""),
        context=tuple(
            SourceFile(RepoPath(path), data if isinstance(data, bytes) else data.encode())
            for path, data in files.items()
        ),
        existing=tuple(map(RepoPath, existing)),
    )


def drafted(text: str | bytes, **more: str) -> OfflineDraft:
    """The draft for one client file."""
    return draft_backend(brief(text, **more))  # type: ignore[arg-type]  # words only, all of them


def endpoints(draft: OfflineDraft) -> list[str]:
    """The methods and paths of a draft."""
    main = next(file.text for file in draft.files if file.path.endswith("app/main.py"))
    found = re.findall(r'@app\.(\w+)\(\s*"([^"]*)"', main)
    return [
        f"{verb.upper()} {path}" for verb, path in found if path[1:7] not in {"health", "schema"}
    ]


def schema(draft: OfflineDraft, name: str = "c") -> dict[str, dict[str, object]]:
    """The properties of an endpoint's payload."""
    text = next(file.text for file in draft.files if file.path.endswith(f"schema/{name}.json"))
    found = json.loads(text)
    properties = found["$defs"][found["$ref"].rpartition("/")[2]]
    return {
        "properties": properties["properties"],
        "required": dict.fromkeys(properties.get("required", [])),
    }


ADDRESSES = [
    ("fetch('/a/b')", ["GET /a/b"]),
    ("fetch(`/a/${id}`)", ["GET /a/{id}"]),
    ("fetch('/a/' + user.userId + '/x')", ["GET /a/{user_id}/x"]),
    ("fetch('https://api.example.test/v1/x?y=1#z')", ["GET /v1/x"]),
    ("fetch(location.origin + '/x')", ["GET /x"]),
    ("fetch(location.protocol + '//' + location.host + '/x')", ["GET /x"]),
    ("fetch(new URL('c', 'https://a.example.test/b/'))", ["GET /b/c"]),
    ("fetch(new URL('/c', 'https://a.example.test/b/').href)", ["GET /c"]),
    ("const B='/b', C=B+'/c'; fetch(C)", ["GET /b/c"]),
    ("const cfg={u:{v:'/deep'}}; fetch(cfg.u.v)", ["GET /deep"]),
    ("const {u='/d'} = window.CFG; fetch(u)", ["GET /d"]),
    ("function f(u='/d'){ return fetch(u) }", ["GET /d"]),
    ("let u; if (x) u = '/a'; else u = '/b'; fetch(u)", ["GET /a", "GET /b"]),
    ("fetch(x ? '/a' : '/b')", ["GET /a", "GET /b"]),
    ("const go = (p) => fetch('/r' + p); go('/1'); go('/2')", ["GET /r/1", "GET /r/2"]),
    ("(function(w){ w.fetch('/w') })(window)", ["GET /w"]),
    ("const n = navigator; n.sendBeacon('/b', '{\"a\":1}')", ["POST /b"]),
    ("fetch('./rel')", ["GET /rel"]),
    ("fetch('/p/{x}'.replace('{x}', id))", ["GET /p/{id}"]),
    ("class A{#u='/u'; go(){fetch(this.#u)}}", ["GET /u"]),
    ("class A{constructor(){this.u='/u'} go(){fetch(this.u)}}", ["GET /u"]),
    ("const f=window.fetch; f('/alias')", ["GET /alias"]),
    ("var x=new XMLHttpRequest(); x.open('put', '/x'); x.send()", ["PUT /x"]),
    ("document.createElement('img'); const i=new Image(); i.src='/i.gif?a='+b", ["GET /i.gif"]),
    ("$.getJSON('/j')", ["GET /j"]),
]


@pytest.mark.parametrize(("text", "expected"), ADDRESSES, ids=[text for text, _ in ADDRESSES])
def test_addresses_are_put_together(text: str, expected: list[str]) -> None:
    """An address is followed through names, defaults, calls and operators."""
    assert endpoints(drafted(text)) == expected


PAYLOADS = [
    ("{a: Date.now()}", "integer", True),
    ("{a: new Date().toISOString()}", "string", True),
    ("{a: document.title}", "string", True),
    ("{a: Math.random()}", "number", True),
    ("{a: list.length}", "integer", True),
    ("{a: !x}", "boolean", True),
    ("{a: x === y}", "boolean", True),
    ("{a: 'lit'}", None, True),
    ("{a: x || undefined}", None, False),
    ("{a: c ? 1 : undefined}", "integer", False),
    ("{a: [1, 2]}", "array", True),
    ("{a: {b: 1}}", None, True),
    ("{...{a: 1}}", "integer", True),
    ("{...(c && {a: 1})}", "integer", False),
    ("make()", "integer", True),
    ("later", "boolean", False),
    ("fixed", "string", True),
    ("{['a']: 1.5}", "number", True),
    ("Object.assign({}, {a: 1})", "integer", True),
    ("gone", "integer", False),
    ("{a: -1}", "integer", True),
    ("{a: window.devicePixelRatio}", "number", True),
    ("{a: typeof x}", "string", True),
    ("{a: `x${y}`}", "string", True),
    ("{a: String(x)}", "string", True),
]
AROUND = (
    "function make() { return {a: 1}; }\n"
    "const later = {}; if (c) later.a = true;\n"
    "const fixed = {}; fixed.a = String(x);\n"
    "const gone = {a: 1}; delete gone.a;\n"
)


@pytest.mark.parametrize(("text", "kind", "required"), PAYLOADS, ids=[one[0] for one in PAYLOADS])
def test_payloads_are_typed(text: str, kind: str | None, required: bool) -> None:  # noqa: FBT001 - a column of the table
    """A field has the kind that its expression gives it, and is optional if it can be missing."""
    found = schema(
        drafted(f"{AROUND}fetch('/c', {{method: 'POST', body: JSON.stringify({text})}})")
    )
    assert found["properties"]["a"].get("type") == kind  # type: ignore[attr-defined]  # JSON
    assert ("a" in found["required"]) is required


REFUSED = [
    ("fetch(somewhere)", r"web/client\.js:1 sends: `fetch\(somewhere\)`: its address"),
    ("\nfetch('/a', {method: verb()})", r"client\.js:2 sends: .*its method is not written"),
    ("fetch('/a', {method:'POST', body: new FormData(f)})", "FormData"),
    ("navigator.sendBeacon('/a', 'just words')", "not JSON"),
    ("const x = 1;", r"finds nothing that web/client\.js sends; it looked for fetch"),
    ("const a = ;", "line 1 is not JavaScript"),
    ("interface A { b: string }", "is not JavaScript"),
    ("fetch('https://a.example.test/x'); fetch('https://b.example.test/x')", "several hosts"),
    ("fetch(`/${a}${b}`)", "nothing between them"),
    ("fetch('/a b')", "characters that no path has"),
    ("[" * 10_000 + "]" * 10_000, "nested more than"),
    ("x" * (1024 * 1024 + 1), "at most"),
    ("f(" * 20_000, "is not JavaScript"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=[text[:40] for text, _ in REFUSED])
def test_what_cannot_be_told_is_refused_by_name(text: str, words: str) -> None:
    """A refusal says which file, which line and why; nothing is guessed."""
    with pytest.raises(NotUnderstoodError, match=words) as caught:
        drafted(text)
    assert caught.value.hint


def test_what_is_never_sent_is_no_field() -> None:
    """JSON leaves out what is always undefined, so the model has no place for it."""
    found = schema(
        drafted("fetch('/c', {method: 'POST', body: JSON.stringify({a: 1, b: undefined})})")
    )
    assert list(found["properties"]) == ["a"]


def test_typescript_is_refused_by_its_name() -> None:
    """A file in another language is not read as if it were JavaScript."""
    with pytest.raises(NotUnderstoodError, match=r"client\.ts"):
        drafted("fetch('/a')", name="web/client.ts")


def test_a_host_named_in_the_request_is_the_one_drafted() -> None:
    """Of two hosts the request chooses; the other is noted."""
    text = "fetch('https://a.example.test/x'); fetch('https://b.example.test/y')"
    found = drafted(text, request="draft the backend of b.example.test")
    assert endpoints(found) == ["GET /y"]
    assert any("a.example.test" in note for note in found.notes)


def test_imports_are_followed() -> None:
    """A constant of another file of the brief is found there."""
    more = {"web/lib/conf.js": "export const URL_ = '/from/conf';"}
    text = "import { URL_ } from './lib/conf.js'; fetch(URL_)"
    assert endpoints(draft_backend(brief(text, more=more))) == ["GET /from/conf"]


FOLDERS = [
    ("draft a backend", (), ""),
    ("draft a backend in service/", (), "service/"),
    ("draft a backend", ("app/x.py",), "backend/"),
    ("draft a backend", ("tests/x.py", "backend/app/x.py"), "service/"),
    ("draft it in service/", ("service/app/x.py",), "backend/"),
    ("draft it in ../up/", (), ""),
]


@pytest.mark.parametrize(("request_", "existing", "folder"), FOLDERS)
def test_the_draft_stands_beside_what_is_there(
    request_: str, existing: tuple[str, ...], folder: str
) -> None:
    """The folder is the request's, or a free one; a choice of another is noted."""
    found = draft_backend(brief("fetch('/a')", request=request_, existing=existing))
    assert all(file.path.startswith(f"{folder}app/") for file in found.files[:3])
    assert any("is there already" in note for note in found.notes) is bool(existing)
    assert not {file.path for file in found.files} & set(existing)


def test_forecast_names_the_drafted_tests() -> None:
    """The forecast is for pytest, says why, and has the ids of tests that are in the draft."""
    found = drafted("fetch('/c', {method: 'POST', body: JSON.stringify({a: 1})})")
    (forecast,) = found.forecasts
    assert (forecast.gate, forecast.outcome) == ("pytest", Outcome.PASS)
    texts = {file.path: file.text for file in found.files}
    for name in forecast.tests:
        path, _, test = name.partition("::")
        assert f"def {test}(" in texts[path]


HOSTILE = st.text(st.sampled_from(string.printable + "é\u2028\U0001f600"), max_size=40)


@settings(max_examples=60, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE)
@example("a", "k", '""";exec(1);"""')
@example("a", "k", "\\")
@example("a", '""";exec(1);"""', "w")
@example('"+exec(1)+"', "k", "w")
def test_no_text_of_a_client_breaks_out(path: str, key: str, word: str) -> None:
    """Whatever a client's strings are, what is drafted is Python and has nothing else in it."""
    url, name, value = json.dumps("/" + path), json.dumps(key), json.dumps(word)
    # Two objects that differ in a constant: the constant becomes a part of names and docstrings.
    other = json.dumps(f"{word}!")
    body = f"[{{{name}: {value}, [{value}]: {{{name}: 1}}}}, {{{name}: {other}}}]"
    text = f"fetch({url}, {{method: 'POST', body: JSON.stringify({body})}})"
    try:
        found = drafted(text)
    except NotUnderstoodError:
        return
    calls = {"eval", "exec", "__import__", "open", "compile"}
    for file in found.files:
        if file.path.endswith(".py"):
            tree = ast.parse(file.text)
            names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            assert not names & calls
        else:
            json.loads(file.text)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """No file makes it fail otherwise than by a refusal."""
    try:
        drafted(data + b"\nfetch('/a')")
    except NotUnderstoodError as error:
        assert error.message.isprintable()  # noqa: PT017 - one of two good ends
