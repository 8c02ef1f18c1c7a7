"""Headers that stand in a file which the server includes."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.errors import NothingToDoError, NotUnderstoodError

SITE = "nginx/site.conf"
SEC = "nginx/snippets/sec.conf"
SERVER = "server {\n    listen 80;\n    server_name a.io;\n    include snippets/sec.conf;\n}\n"
CSP = "add_header Content-Security-Policy \"default-src 'self'\" always;\n"
ALLOW_CSP = "allow origin https://s.ado.im via CSP"
FRAMES = 'add_header X-Frame-Options "SAMEORIGIN" always;\n'
SET_FRAMES = "set X-Frame-Options to DENY"


@pytest.mark.parametrize("named", ["snippets/sec.conf", "/etc/nginx/snippets/*.conf", "snippets/*"])
def test_policy_is_changed_where_it_stands(surgeon: Any, named: str) -> None:
    """A policy in an included file of the brief is changed there, and a note says so."""
    files = {SITE: SERVER.replace("snippets/sec.conf", named), SEC: CSP}
    results = surgeon.results(ALLOW_CSP, files)
    assert results[SITE] == files[SITE]
    assert "'self'; connect-src 'self' https://s.ado.im\" always" in results[SEC]
    notes = surgeon.draft(ALLOW_CSP, files).notes
    assert any(note.startswith(f"{SEC} sends Content-Security-Policy") for note in notes)
    with pytest.raises(NothingToDoError, match="already so"):
        surgeon.draft(ALLOW_CSP, results)


def test_policy_behind_two_includes(surgeon: Any) -> None:
    """An included file may include the one with the policy."""
    files = {SITE: SERVER, SEC: "include snippets/csp.conf;\n", "nginx/snippets/csp.conf": CSP}
    assert "https://s.ado.im" in surgeon.results(ALLOW_CSP, files)["nginx/snippets/csp.conf"]


def test_a_shared_snippet_is_said(surgeon: Any) -> None:
    """Another server that includes the changed file is named."""
    files = {SITE: SERVER + SERVER.replace("a.io", "b.io"), SEC: CSP}
    notes = surgeon.draft(ALLOW_CSP + " for a.io", files).notes
    assert any("as does b.io" in note for note in notes)


@pytest.mark.parametrize(
    "text",
    [SERVER, "include snippets/sec.conf;\n" + SERVER.replace("    include snippets/sec.conf;", "")],
)
def test_policy_in_an_unknown_file_is_refused(surgeon: Any, text: str) -> None:
    """Nobody says that nothing blocks while an include may send a policy."""
    said = r"a\.io .* includes snippets/sec\.conf, which may send Content-Security-Policy itself"
    with pytest.raises(NotUnderstoodError, match=said) as caught:
        surgeon.draft(ALLOW_CSP, {SITE: text})
    assert caught.value.hint == "name that file, too: snippets/sec.conf"


def test_own_policy_is_enough(surgeon: Any) -> None:
    """A policy of the server itself is changed as ever, whatever else it includes."""
    text = SERVER.replace("}", "    " + CSP + "}")
    draft = surgeon.draft(ALLOW_CSP, {SITE: text})
    assert not any("not looked into" in note for note in draft.notes)


def test_policy_of_a_location_only(surgeon: Any) -> None:
    """A policy found in a location leaves open what the server's include sends."""
    text = SERVER.replace("}", "    location / {\n        " + CSP + "    }\n}")
    notes = surgeon.draft(ALLOW_CSP, {SITE: text}).notes
    assert any("sec.conf" in note and "may send Content-Security-Policy" in note for note in notes)


@pytest.mark.parametrize("name", ["mime.types", "/etc/letsencrypt/options-ssl-nginx.conf"])
def test_files_without_headers_do_not_matter(surgeon: Any, name: str) -> None:
    """The files that nginx and certbot bring are known to send no header."""
    with pytest.raises(NothingToDoError, match="sends no Content-Security-Policy"):
        surgeon.draft(ALLOW_CSP, {SITE: SERVER.replace("snippets/sec.conf", name)})


def test_unknown_files_of_locations_are_said(surgeon: Any) -> None:
    """That nothing blocks is said with the files that were not looked into."""
    text = "server {\n    listen 80;\n    location / { include snippets/a.conf; }\n}\n"
    with pytest.raises(NothingToDoError, match=r"not looked into: snippets/a\.conf"):
        surgeon.draft(ALLOW_CSP, {SITE: text})


def test_header_is_changed_where_it_stands(surgeon: Any) -> None:
    """A header of an included file gets its new value there, and no second one beside it."""
    files = {SITE: SERVER, SEC: FRAMES}
    results = surgeon.results(SET_FRAMES, files)
    assert results == {SITE: SERVER, SEC: FRAMES.replace("SAMEORIGIN", "DENY")}
    notes = surgeon.draft(SET_FRAMES, files).notes
    assert any(note.startswith(f"{SEC} sends X-Frame-Options") for note in notes)


def test_headers_of_an_include_stop_inheritance(surgeon: Any) -> None:
    """A server whose include has headers inherits none from http, so a new one is its own."""
    text = "http {\n    add_header X-A 1;\n    " + SERVER.replace("\n", "\n    ").strip() + "\n}\n"
    result = surgeon.results("add HSTS", {SITE: text, SEC: FRAMES})[SITE]
    assert result.index("Strict-Transport-Security") > result.index("server_name")


def test_headers_of_an_include_are_repeated(surgeon: Any) -> None:
    """A location that gets its first header keeps those that it inherited from an include."""
    text = SERVER.replace("}", "    location / {\n        root /srv;\n    }\n}")
    result = surgeon.results("set header X-A to 1 in /", {SITE: text, SEC: FRAMES})[SITE]
    assert f'        {FRAMES}        add_header X-A "1" always;\n' in result
    notes = surgeon.draft("set header X-A to 1 in /", {SITE: text}).notes
    assert any("sec.conf; headers that it sends are not inherited" in note for note in notes)


def test_unknown_include_of_a_header_is_said(surgeon: Any) -> None:
    """A header is added although an include may send it, and one note says so for all of them."""
    draft = surgeon.draft("add X-Frame-Options DENY and nosniff", {SITE: SERVER})
    assert "X-Frame-Options" in draft.text
    found = [note for note in draft.notes if note.startswith("not looked into: snippets/sec.conf")]
    assert len(found) == 1
    assert found[0].endswith("it may send X-Frame-Options, X-Content-Type-Options, too")


def test_known_header_needs_no_warning(surgeon: Any) -> None:
    """Where the server itself sends the header, its includes are not spoken of."""
    text = SERVER.replace("}", "    " + FRAMES + "}")
    notes = surgeon.draft(SET_FRAMES, {SITE: text}).notes
    assert not any("not looked into" in note for note in notes)


def test_cors_of_an_unknown_include_is_said(surgeon: Any) -> None:
    """CORS begun in a server with an unknown include is said to be perhaps the second."""
    notes = surgeon.draft("allow origin https://s.ado.im via CORS", {SITE: SERVER}).notes
    assert any("it may send Access-Control-Allow-Origin, too" in note for note in notes)


def test_cors_of_an_include_is_extended(surgeon: Any) -> None:
    """A fixed origin in an included file becomes a map, and the header changes in place."""
    text = "add_header Access-Control-Allow-Origin https://a.io always;\n"
    files = {SITE: SERVER, SEC: text}
    results = surgeon.results("allow origin https://s.ado.im via CORS", files)
    assert "map $http_origin $cors_origin" in results[SITE]
    assert "add_header" not in results[SITE]
    assert "Access-Control-Allow-Origin $cors_origin always;\nadd_header Vary" in results[SEC]


def test_repeats_are_grouped_by_location(surgeon: Any) -> None:
    """A location where several headers are repeated has one note with all of them."""
    text = (
        "server {\n    listen 80;\n"
        "    location /static/ {\n        add_header X-A 1;\n    }\n"
        "    location /b/ {\n        add_header X-A 1;\n    }\n}\n"
    )
    notes = surgeon.draft("allow origin https://s.ado.im via CORS", {SITE: text}).notes
    names = (
        "Access-Control-Allow-Origin, Access-Control-Allow-Methods, "
        "Access-Control-Allow-Headers, Vary"
    )
    assert [note for note in notes if "inherits none" in note] == [
        f"location {path} has headers of its own and inherits none, so {names} are repeated there"
        for path in ("/static/", "/b/")
    ]


def test_locations_of_an_include_are_said(surgeon: Any) -> None:
    """A location in an included file that inherits no header is named."""
    files = {SITE: SERVER, SEC: "location /x {\n    add_header X-A 1;\n}\n"}
    notes = surgeon.draft("add HSTS", files).notes
    assert f"location /x in {SEC} has headers of its own, which are not changed" in notes


def test_an_include_of_two_levels_is_changed_once(surgeon: Any) -> None:
    """A file that a location and one inside it include gets one edit."""
    inner = "location / {\n    add_header X-A 1;\n    include snippets/sec.conf;\n"
    nested = inner.replace("location /", "location /b")
    text = f"server {{\n    listen 80;\n{inner}{nested}}}\n}}\n}}\n"
    results = surgeon.results(SET_FRAMES + " in /", {SITE: text, SEC: FRAMES})
    assert results == {SITE: text, SEC: FRAMES.replace("SAMEORIGIN", "DENY")}
