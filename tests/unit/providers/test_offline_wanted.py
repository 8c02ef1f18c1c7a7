"""Edits that an architect leaves, as the offline surgeon carries them out, and the `include`."""

from __future__ import annotations

import pytest

from workflow.errors import NothingToDoError, NotUnderstoodError
from workflow.providers.offline import OfflineProvider
from workflow.types import (
    AnswerKind,
    Brief,
    Draft,
    Outcome,
    Prompt,
    RepoPath,
    Role,
    SourceFile,
    Wanted,
)

MAIN = "events {}\nhttp {\n    include mime.types;\n\n    include site.conf;\n}\n"
SITE = "server {\n    listen 80;\n    location / { proxy_pass http://127.0.0.1:8000; }\n}\n"
REQUEST = "scaffold a FastAPI backend for client.js and edit the rest"


def surgeon(*wanted: Wanted, request: str = REQUEST, main: str = MAIN, **more: str) -> Draft:
    """What the offline surgeon drafts for edits that an architect has left."""
    texts = {"nginx/nginx.conf": main, "nginx/site.conf": SITE, **more}
    files = tuple(SourceFile(RepoPath(path), text.encode()) for path, text in texts.items())
    brief = Brief(request, Role.SURGEON, files, Prompt("", "", ""), wanted=wanted)
    return OfflineProvider().draft(brief, lambda _: None)


def added(draft: Draft) -> list[str]:
    """The lines that a draft adds."""
    return [line for line in draft.text.splitlines() if line.startswith("+") and "+++" not in line]


def test_edits_that_were_left_stand_for_the_request() -> None:
    """The rest of the request is the architect's, and each edit goes into its own file."""
    draft = surgeon(
        Wanted("nginx/site.conf", "set proxy_read_timeout to 30s"),
        Wanted("nginx/nginx.conf", "include shop.conf in http of nginx/nginx.conf"),
    )
    assert added(draft) == ["+    include shop.conf;", "+    proxy_read_timeout 30s;"]


def test_an_edit_goes_into_the_file_that_it_is_for() -> None:
    """Its words need not name the file: of two sites, the one that was said is edited."""
    draft = surgeon(
        Wanted("nginx/site.conf", "set proxy_read_timeout to 30s"), **{"nginx/b.conf": SITE}
    )
    assert "+++ b/nginx/site.conf" in draft.text
    assert "nginx/b.conf" not in draft.text


def test_an_edit_that_is_not_understood_is_refused_by_name() -> None:
    """What an architect wants in free words needs a model."""
    with pytest.raises(NotUnderstoodError, match="make it nicer for shops"):
        surgeon(Wanted("nginx/site.conf", "make it nicer for shops"))


@pytest.mark.parametrize(
    "request_",
    [
        "include shop.conf in nginx/nginx.conf",
        "include shop.conf in the http block of nginx.conf",
        "please add an include of 'shop.conf' to nginx/nginx.conf",
    ],
)
def test_a_file_is_included_behind_the_others(request_: str) -> None:
    """One line is added in `http {}`, behind what is there."""
    draft = surgeon(request=request_)
    assert added(draft) == ["+    include shop.conf;"]
    assert " \tinclude" not in draft.text


@pytest.mark.parametrize("name", ["site.conf", "shop.conf"])
def test_what_is_included_already_is_left_alone(name: str) -> None:
    """By its own name or by a pattern."""
    main = MAIN.replace("mime.types", "sh*.conf")
    with pytest.raises(NothingToDoError, match=r"already so: line [35] includes"):
        surgeon(request=f"include {name} in nginx/nginx.conf", main=main)


def test_an_include_needs_the_one_http_block() -> None:
    """A site has none, and with two of them nobody knows which."""
    with pytest.raises(NotUnderstoodError, match=r"0 http blocks in nginx/site\.conf"):
        surgeon(request="include shop.conf in nginx/site.conf")
    with pytest.raises(NotUnderstoodError, match="2 http blocks"):
        surgeon(request="include shop.conf", **{"other/nginx.conf": MAIN})


def test_a_new_site_leaves_its_include_to_the_surgeon() -> None:
    """The architect writes the new file, names it from the main file, and forecasts both."""
    request = (
        "nginx server block for shop.example.test, upstream 127.0.0.1:8000, with POST /collect up"
        " to 8k, in nginx/shop.conf and include it in nginx/nginx.conf"
    )
    context = (SourceFile(RepoPath("nginx/nginx.conf"), MAIN.encode()),)
    brief = Brief(
        request, Role.ARCHITECT, (), Prompt("", "", ""), recipe="nginx-first-pass",
        answer=AnswerKind.FILES, context=context,
    )  # fmt: skip
    draft = OfflineProvider().draft(brief, lambda _: None)
    assert draft.wanted == (
        Wanted("nginx/nginx.conf", "include shop.conf in http of nginx/nginx.conf"),
    )
    assert "+++ b/nginx/shop.conf" in draft.text
    assert "nginx/nginx.conf" not in draft.text
    assert not any("nothing reads" in note or "NOT understood" in note for note in draft.notes)
    assert draft.forecasts[0].outcome is Outcome.PASS
    assert added(surgeon(*draft.wanted)) == ["+    include shop.conf;"]


def test_a_folder_that_is_read_anyway_needs_no_include() -> None:
    """The main file's own pattern reads the new site."""
    main = MAIN.replace("site.conf", "conf.d/*.conf")
    request = (
        "nginx server block for shop.example.test, upstream 127.0.0.1:8000, in"
        " nginx/conf.d/shop.conf and include it in nginx/nginx.conf"
    )
    context = (SourceFile(RepoPath("nginx/nginx.conf"), main.encode()),)
    brief = Brief(
        request, Role.ARCHITECT, (), Prompt("", "", ""), recipe="nginx-first-pass",
        answer=AnswerKind.FILES, context=context,
    )  # fmt: skip
    draft = OfflineProvider().draft(brief, lambda _: None)
    assert not draft.wanted
    assert "the main file reads nginx/conf.d/shop.conf already" in draft.notes
