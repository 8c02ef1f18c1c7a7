"""What a request names is found whole, and only names that stand in files count."""

from __future__ import annotations

import time
from hashlib import sha1

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.routing import Facts, decide, features, look, names, words
from workflow.routing.kinds import kinds
from workflow.types import Entry, RepoPath, Way

from workflow.types import BlobId  # isort: skip

FILES = {
    "nginx/site.conf": b"gzip on;\nadd_header X-One 1;\n",
    "app/main.py": b"def total(): ...\n",
}


def seen(text: str, *given_paths: str, files: dict[str, bytes] = FILES) -> Facts:
    """Look at a request beside some files."""
    entries = [
        Entry(
            "100644", BlobId(sha1(path.encode(), usedforsecurity=False).hexdigest()), RepoPath(path)
        )
        for path in files
    ]
    return look(text, given_paths, (), entries, lambda wanted: [files[e.path] for e in wanted])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("in site.conf, please", ["site.conf"]),
        ("create ops/exporter.service.", ["ops/exporter.service"]),
        ("the Dockerfile and ./app/main.py", ["Dockerfile", "app/main.py"]),
        ("allow https://cdn.example.test/lib.js", []),
        ("the location /assets/site.css", []),
        ("port it to node.js for api.example.test", []),
        ("mail ops@example.test about v1.2", []),
    ],
)
def test_files_are_found_in_words(text: str, found: list[str]) -> None:
    """URLs, locations, hosts and products are no files."""
    assert [mention.path.removeprefix("./") for mention in names.files(text)] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("set add_header X-Frame-Options", ("add_header", "X-Frame-Options")),
        ("the limit of /collect", ("/collect",)),
        ("total() is off, see test_it.py", ("total",)),
        ("a plain sentence", ()),
    ],
)
def test_things_are_found_in_words(text: str, found: tuple[str, ...]) -> None:
    """Directives, headers, locations and functions are names; plain words are not."""
    assert names.things(text) == found


def test_what_exists_is_told_from_what_does_not() -> None:
    """A file may be named by its end; names are looked for as whole words."""
    facts = seen("in site.conf set add_header and gzip_vary; new app/sink.py", "app/main.py")
    assert facts.existing == ("app/main.py", "nginx/site.conf")
    assert facts.beside == ("app/main.py",)
    assert facts.missing == ("app/sink.py",)
    assert (facts.found, facts.unfound) == (("add_header",), ("gzip_vary",))
    assert (facts.files, facts.bare) == (2, None)


def test_kinds_of_files_are_there_or_not() -> None:
    """A kind is known by the paths of a repository, whatever the files hold."""
    assert kinds("a Dockerfile beside the nginx config", ["nginx/site.conf"]) == (
        ("NGINX site",),
        ("Dockerfile",),
    )


def test_the_head_sees_no_foreign_script_and_no_control_character() -> None:
    """Code points that the embedder's tokenizer would make many of do not reach it."""
    text = "set\x00 gzip\x1b[31m \ufdfa off \U0001f600 漢字 für ½"
    assert features.readable(text, Facts()) == "set gzip [31m off für 1 2"


@given(st.text(max_size=4000))
def test_any_text_is_read(text: str) -> None:
    """What is embedded is short and printable, whatever was typed."""
    readable = features.readable(text, Facts())
    focus = features.focus(readable)
    assert len(focus) <= features.LIMIT
    assert all(" " <= character < "\u2030" or character == "€" for character in focus)
    assert len(words.signs(readable)) == len(words.SIGNS)


@pytest.mark.parametrize(
    "piece",
    ["a", "new ", "and ", "create a ", "a.", "a/", "+", "a-", "a_", "(", "? ", "\n", "have x "],
)
def test_no_pattern_is_slow(piece: str) -> None:
    """The longest request that is read, made of one piece, takes no second."""
    text = (piece * 4000)[:4000]
    began = time.perf_counter()
    words.signs(features.readable(text, seen(text)))
    names.things(text)
    assert time.perf_counter() - began < 1


def test_of_a_long_request_the_sentences_that_ask_are_embedded() -> None:
    """Background around them is left out."""
    text = "It rained for days and we were bored. " * 8 + "Raise the limit to 64k."
    assert features.focus(text) == "raise the limit to 64k."


def test_named_files_decide_alone() -> None:
    """An edit of files that exist needs no classifier."""
    facts = seen("raise the limit in nginx/site.conf")
    found = decide("raise the limit in nginx/site.conf", facts)
    assert (found.way, found.confidence) == (Way.SURGEON, 100)
    assert "nginx/site.conf" in found.reasons[0]


def test_a_file_that_is_not_there_is_asked_about() -> None:
    """An edit of a file that does not exist is nobody's, and the reason names it."""
    found = decide("raise the limit in site_old.conf", seen("raise the limit in site_old.conf"))
    assert found.way is Way.ASK
    assert "site_old.conf" in found.reasons[0]


@pytest.mark.parametrize("text", ["漢字", "!!!", "\x00", "123"])
def test_a_text_without_words_is_asked_about(text: str) -> None:
    """The classifier is not asked."""
    assert decide(text, Facts()).way is Way.ASK


README = {"README.md": b"# Soon\n"}


@pytest.mark.parametrize(
    ("text", "files", "way", "said"),
    [
        ("fix typo in README.md", README, Way.SURGEON, "README.md"),
        ("change the port in nginx.conf", README, Way.ASK, "nginx.conf, which is not in"),
        ("change the port in nginx.conf", {}, Way.ASK, "there are no files yet"),
        ("a small service", README, Way.ARCHITECT, "no file but README.md"),
        ("a small service", {}, Way.ARCHITECT, "no file yet"),
        ("create a backend for client.js", FILES, Way.ASK, "to be made from client.js"),
        (
            "scaffold a backend and add a location to site.conf",
            FILES,
            Way.MIXED,
            "something new, and for a change",
        ),
    ],
)
def test_facts_decide_with_a_true_reason(
    text: str, files: dict[str, bytes], way: Way, said: str
) -> None:
    """What is there and what is not is named as it is, and is certain."""
    found = decide(text, seen(text, files=files))
    assert (found.way, found.confidence) == (way, 100), found
    assert said in found.reasons[0]


def test_a_question_is_no_wish_for_files() -> None:
    """Not even where there is nothing to edit."""
    found = decide("what is gzip?", seen("what is gzip?", files=README))
    assert found.way is Way.ASK
    assert found.reasons == ("it wants to know something, and asks for no change",)


@pytest.mark.parametrize(
    "text",
    [
        (
            "nginx server block for shop.example.test, upstream 127.0.0.1:8000,"
            " with POST /collect up to 8k and /healthz"
        ),
        "create an nginx server block for blog.example.test, upstream 127.0.0.1:8000",
        "backend for main.js",
        "backend from client",
        "make a nginx first pass",
        "copy nginx/site.conf to nginx/b.conf and change the name there",
    ],
)
def test_a_new_thing_is_the_architects(text: str) -> None:
    """A site for a host that is nowhere, the other end of a client, a first pass, a copy."""
    files = {**FILES, "static/main.js": b"fetch('/x')"}
    assert decide(text, seen(text, files=files)).way is Way.ARCHITECT


def test_a_host_is_new_where_no_configuration_has_it() -> None:
    """A site that is there is not new, and a file's name is no host."""
    files = {"nginx/site.conf": b"server_name a.example.test;"}
    text = "vhost for a.example.test, site config for b.example.test, nginx config for c.conf"
    assert seen(text, files=files).new_hosts == ("b.example.test",)
