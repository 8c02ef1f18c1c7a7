"""What a request for a backend may say: all of it is understood, left by name, or refused."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.errors import NotUnderstoodError
from workflow.providers.offline.client import draft_backend
from workflow.providers.offline.client.asking import asked
from workflow.types import Brief, Prompt, RepoPath, Role, SourceFile, Wanted

PATIENT = Path(__file__).parents[4] / "sandbox_repo"
SITE = "nginx/site_nginx.conf"
GIVEN = ("analytics.js", SITE, "nginx/nginx.conf")
LISTED = (*GIVEN, "app/main.py", "README.md", "nginx/snippets/proxy.conf")
TWO_HOSTS = "fetch('/a'); fetch('https://api.example.test/b')"


def brief(request: str, client: str = "") -> Brief:
    """A brief in the sandbox repository, or with a client of its own."""
    context = tuple(
        SourceFile(RepoPath(path), (PATIENT / path).read_bytes())
        for path in GIVEN
        if not (client and path.endswith(".js"))
    )
    if client:
        context = (SourceFile(RepoPath("analytics.js"), client.encode()), *context)
    existing = tuple(map(RepoPath, LISTED))
    prompt = Prompt("", "", "")
    return Brief(request, Role.ARCHITECT, (), prompt, context=context, existing=existing)


UNDERSTOOD = [
    "scaffold a FastAPI backend for analytics.js",
    "Scaffold a FastAPI backend from this client",
    "backend for this please",
    "generate the ingest service that fits this client",
    "Generate a small ingest service from analytics.js, with pydantic models and size limits",
    "turn analytics.js into a server: read what it posts and draft the endpoints",
    "based on what the client sends, propose a new service that validates the payloads",
    "Here is a client, analytics.js. The counterpart on the server is missing, please supply it.",
    "Given analytics.js, what would a matching server look like? Write it, minimal, with tests.",
    "I need something that receives the beacons our page fires. FastAPI if possible.",
    "Hi! I have a React client. Can you give me an API that serves it?",
    "From this client generate endpoint paths + JSON schema and a FastAPI app with models. Small.",
    "FastAPI app for it: input validation & size limits, 1 happy and 1 failure test, uvicorn.",
    "FastAPI backend in ingest/ for analytics.js, with a happy and a failure test per endpoint",
    "build a backend for analytics.js, without a database or login, no Docker",
    "a backend for analytics.js with Python 3.11 and pydantic v2. Do not edit existing files.",
    "a FastAPI backend for analytics.js with POST /collect and GET /healthz, behind nginx",
]


@pytest.mark.parametrize("request_", UNDERSTOOD)
def test_words_around_a_backend_are_understood(request_: str) -> None:
    """A wish in other words drafts, and leaves nothing to anybody."""
    draft = draft_backend(brief(request_))
    assert any(file.path.endswith("app/main.py") for file in draft.files)
    assert not draft.wanted


LEFT = [
    ("add a /collect endpoint to site_nginx.conf", "add a /collect endpoint to site_nginx.conf"),
    (f"allow origin https://s.ado.im via CORS and CSP in {SITE}", ""),
    (f"proxy /collect to the backend in {SITE}", ""),
    (f"allow origin https://s.ado.im via CORS, and set proxy_read_timeout to 30s in {SITE}", ""),
    (f"please change {SITE} so that it knows the backend", ""),
]


@pytest.mark.parametrize(("edit", "said"), LEFT, ids=[edit for edit, _ in LEFT])
@pytest.mark.parametrize("joint", [" and ", ", and then ", "; ", ". Also "])
def test_an_edit_is_left_to_the_surgeon(edit: str, said: str, joint: str) -> None:
    """A clause that edits a file is wanted in that file, whole, and a note says so."""
    draft = draft_backend(brief(f"scaffold a FastAPI backend for analytics.js{joint}{edit}"))
    begin = said or edit.removeprefix("please ")
    assert [one.path for one in draft.wanted] == [SITE]
    assert draft.wanted[0].request.removeprefix("please ") == begin
    assert draft.notes[0].startswith(f"left to the surgeon: in {SITE}, '")


def test_edits_of_two_files_stay_apart() -> None:
    """Each file has its own clauses."""
    found = asked(
        brief(
            f"draft a backend for analytics.js, add X-Frame-Options DENY to {SITE}, and set"
            " keepalive_timeout to 10s in nginx/nginx.conf"
        )
    )
    assert found.parts.edits == (
        Wanted(SITE, f"add X-Frame-Options DENY to {SITE}"),
        Wanted("nginx/nginx.conf", "set keepalive_timeout to 10s in nginx/nginx.conf"),
    )
    assert found.text == "draft a backend for analytics.js"


REFUSED = [
    ("a FastAPI backend for analytics.js with Postgres", "'Postgres'"),
    ("a Django backend for analytics.js", "'Django'"),
    ("a FastAPI backend for analytics.js with JWT login", "'JWT', 'login'"),
    ("a backend for analytics.js and allow origin https://s.ado.im via CORS", "'https://s.ado.im'"),
    ("a backend for analytics.js and a Dockerfile", "'Dockerfile'"),
    (f"a backend for analytics.js and a /x location in {SITE}", SITE),
    ("a backend for analytics.js without tests", "'without tests'"),
    ("a backend for analytics.js, no CORS", "'no CORS'"),
    ("a backend for analytics.js, and delete README.md", "'README.md'"),
    ("a backend for analytics.js with a limit of 30s", "'30s'"),
    ("a backend for analytics.js, at most 3 requests per second", "'3', 'second'"),
    ("a backend for analytics.js, bodies up to 8k or up to 16k", "8k and 16k"),
    ("a backend for analytics.js with a limit of 99m", "a limit of 99m"),
    ("a backend for analytics.js with a /nowhere endpoint", "sends nothing to /nowhere"),
    ("a backend for analytics.js, also b.example.test", "sends nothing to b.example.test"),
    ("add a backend for analytics.js, and set the title in app/main.py", "not given app/main.py"),
    (f"add a /collect endpoint to {SITE}", "edits of existing files alone"),
    ("a backend for analytics.js" + " and tests" * 500, "is too long"),
    ("a backend for analytics.js \x1b[31m", "hidden character, U+001B"),
]


@pytest.mark.parametrize(("request_", "said"), REFUSED, ids=[said for _, said in REFUSED])
def test_what_is_not_understood_is_refused_by_name(request_: str, said: str) -> None:
    """The words are in the message, and the hint says what to do."""
    with pytest.raises(NotUnderstoodError) as refused:
        draft_backend(brief(request_))
    assert said in refused.value.message
    assert refused.value.hint
    assert refused.value.message.isprintable()


def test_a_limit_is_taken() -> None:
    """The body limit of a request is the draft's, and is said."""
    draft = draft_backend(brief("a backend for analytics.js with a body limit of 16 KiB"))
    limits = next(file.text for file in draft.files if file.path.endswith("limits.py"))
    assert "MAX_BODY_BYTES = 16 * 1024\n" in limits
    assert any(note.startswith("the request's limit: 16384 bytes") for note in draft.notes)


@pytest.mark.parametrize(
    ("words", "is_in"),
    [("", False), (", also api.example.test", True), (" and for https://api.example.test", True)],
)
def test_another_host_is_had_in_by_its_name(words: str, is_in: bool) -> None:  # noqa: FBT001 - a case
    """What a client sends elsewhere is left out with the words that have it in."""
    draft = draft_backend(brief(f"draft a backend for analytics.js{words}", TWO_HOSTS))
    made = {note.partition(":")[0] for note in draft.notes if ": from " in note}
    assert made == ({"GET /a", "GET /b"} if is_in else {"GET /a"})
    assert any("say 'also api.example.test' to have it in" in note for note in draft.notes) != is_in


def test_a_host_is_not_found_in_another_name() -> None:
    """A name that ends in a client's host is another host, and only its own requests are meant."""
    both = "fetch('https://my-api.example.test/a'); fetch('https://api.example.test/b')"
    draft = draft_backend(brief("draft a backend for my-api.example.test", both))
    assert [note for note in draft.notes if ": from " in note] == ["GET /a: from analytics.js:1"]
    with pytest.raises(NotUnderstoodError, match="sends nothing to my-api"):
        draft_backend(brief("draft a backend for my-api.example.test", TWO_HOSTS))


WORDS = st.sampled_from(
    [
        *(
            "add",
            "and",
            ",",
            "backend",
            "no",
            "without",
            "a",
            "to",
            SITE,
            "analytics.js",
            "in",
            "\n",
        ),
        *("https://x.example.test", "/collect", "8k", "set", "FastAPI", "turn", "into", "or", "."),
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=40))
def test_each_request_is_read_or_refused(words: list[str]) -> None:
    """No text has another end, and an edit is only wanted in a file that is there."""
    with contextlib.suppress(NotUnderstoodError):
        found = asked(brief(" ".join(words)))
        assert {one.path for one in found.parts.edits} <= set(LISTED)


LONG = [" ", "\n", "no ", ".", "and ", "set a ", ", and add x.conf", "8k", "set to in the file "]


@pytest.mark.parametrize("piece", LONG)
def test_a_long_request_is_read_at_once(piece: str) -> None:
    """No pattern goes over the text again and again."""
    begun = time.process_time()
    with pytest.raises(NotUnderstoodError):
        asked(brief("scaffold" + piece * (3900 // len(piece)) + " bananas"))
    assert time.process_time() - begun < 5
