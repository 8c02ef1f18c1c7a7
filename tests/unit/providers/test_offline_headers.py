"""Setting response headers under nginx's inheritance rule."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.errors import NothingToDoError, NotUnderstoodError, VagueRequestError

NESTED = """\
server {
    listen 443 ssl;
    server_name a.io;
    add_header X-Frame-Options "SAMEORIGIN";

    location / {
        root /srv;
    }
    location /embed {
        add_header Cache-Control no-store;
        location ~ \\.html$ {
            add_header X-Frame-Options "ALLOWALL";
        }
        if ($arg_x) {
            add_header X-Arg 1;
        }
    }
}
"""
SPACED = "http\r\n{\r\n\tadd_header\tX-A\t'b';\r\n\tserver\r\n\t{\r\n\t\tlisten 80;\r\n\t}\r\n}\r\n"
HSTS = 'add_header Strict-Transport-Security "max-age=31536000" always;'


def test_added_wherever_inheritance_stops(surgeon: Any) -> None:
    """A new header goes to the server and to each level that has headers of its own."""
    surgeon.check(
        "Add HSTS",
        NESTED,
        ('"SAMEORIGIN";\n', f'"SAMEORIGIN";\n    {HSTS}\n'),
        ("no-store;\n", f"no-store;\n        {HSTS}\n"),
        ('"ALLOWALL";\n', f'"ALLOWALL";\n            {HSTS}\n'),
        ("X-Arg 1;\n", f"X-Arg 1;\n            {HSTS}\n"),
    )


def test_changes_the_value_and_keeps_exceptions(surgeon: Any) -> None:
    """A location that says otherwise on purpose keeps its value, and the notes say so."""
    line = 'add_header X-Frame-Options "DENY" always;\n'
    surgeon.check(
        "set X-Frame-Options to DENY",
        NESTED,
        ('"SAMEORIGIN";', '"DENY" always;'),
        ("no-store;\n", "no-store;\n        " + line),
        ("X-Arg 1;\n", "X-Arg 1;\n            " + line),
    )
    notes = surgeon.draft("set X-Frame-Options to DENY", {"a.conf": NESTED}).notes
    assert 'location ~ \\.html$ keeps its own X-Frame-Options: "ALLOWALL"' in notes


def test_headers_of_the_http_level(surgeon: Any) -> None:
    """Where the only server inherits from http, the header joins the others there."""
    old = "\tadd_header\tX-A\t'b';\r\n"
    new = "\tadd_header X-Robots-Tag 'noindex, nofollow' always;\r\n"
    surgeon.check('set header X-Robots-Tag to "noindex, nofollow"', SPACED, (old, old + new))


def test_adds_a_missing_always(surgeon: Any) -> None:
    """A header that has the value but not `always` gets it."""
    text = "server { listen 80; add_header X-Content-Type-Options nosniff; }\n"
    surgeon.check("add nosniff", text, ("nosniff;", "nosniff always;"))


def test_several_headers_in_order(surgeon: Any) -> None:
    """A list of headers is added in the order of the request, before CORS ones."""
    text = 'server {\n  listen 80;\n  add_header X-A "1";\n  add_header Vary "Origin";\n}\n'
    new = """  add_header X-A "1";
  add_header Referrer-Policy "no-referrer" always;
  add_header Cross-Origin-Opener-Policy "same-origin" always;
"""
    surgeon.check(
        "add Referrer-Policy no-referrer and COOP", text, ('  add_header X-A "1";\n', new)
    )


def test_bundle_keeps_what_is_there(surgeon: Any) -> None:
    """The usual security headers are filled in; one that is there keeps its value."""
    text = 'server {\n  listen 80;\n  add_header X-Frame-Options "SAMEORIGIN" always;\n}\n'
    result = surgeon.result("Add the usual security headers", text)
    assert result.count("add_header") == 3
    assert '"SAMEORIGIN" always;' in result


def test_in_a_location_the_inherited_ones_are_repeated(surgeon: Any) -> None:
    """A header in one location does not lose it those of the server."""
    new = """\
        root /srv;
        add_header X-Frame-Options "SAMEORIGIN";
        add_header X-Robots-Tag "noindex" always;
"""
    surgeon.check("set header X-Robots-Tag to noindex in /", NESTED, ("        root /srv;\n", new))


def test_fragment_without_a_server(surgeon: Any) -> None:
    """A file that is included into a server block is a level of its own."""
    text = "location / { return 200; }\n"
    surgeon.check(
        "add X-Frame-Options DENY",
        text,
        ("location", 'add_header X-Frame-Options "DENY" always;\n\nlocation'),
    )


def test_quotes_inside_a_value(surgeon: Any) -> None:
    """A value with double quotes is put into single ones."""
    request = "set Permissions-Policy to 'geolocation=(self \"https://a.io\")'"
    result = surgeon.result(request, "server {\n  listen 80;\n}\n")
    assert "Permissions-Policy 'geolocation=(self \"https://a.io\")' always;" in result


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ('"a$host"', "cannot stand in a header"),
        ('"a\\"', "cannot stand in a header"),
        ('"é"', "cannot stand in a header"),
    ],
)
def test_hostile_values(surgeon: Any, value: str, part: str) -> None:
    """A value that could hold a variable, an escape or odd bytes is refused."""
    with pytest.raises(NotUnderstoodError, match=part):
        surgeon.draft(f"set header X-A to {value}", {"a.conf": NESTED})


@pytest.mark.parametrize("value", ["a; return 200", "a } location / { b", "a' b", "# a"])
def test_marks_stay_inside_the_value(surgeon: Any, value: str) -> None:
    """Marks of nginx's syntax inside a value end up inside one quoted word."""
    result = surgeon.result(f'set header X-A to "{value}"', "server {\n  listen 80;\n}\n")
    assert f'    add_header X-A "{value}" always;'.strip() in result


@pytest.mark.parametrize(
    ("request_text", "text", "part"),
    [
        ("add HSTS", NESTED.replace("root", "add_header_inherit off; root"), "how headers are inh"),
        (
            "set HSTS to max-age=1",
            NESTED.replace('X-Frame-Options "SAMEORIGIN"', "Strict-Transport-Security $h"),
            "from a variable",
        ),
        ("set header X-A to 1 in /nope", NESTED, "no location for /nope"),
        (
            "add HSTS",
            SPACED.replace("80;\r\n\t}", "80; }\n server { listen 81; }"),
            "fits 2 server",
        ),
        ("add X-A: b", "more_set_headers 'X-A: c'; server { listen 80; }", "more_set_headers"),
    ],
)
def test_refusals(surgeon: Any, request_text: str, text: str, part: str) -> None:
    """What could go wrong silently is refused by name."""
    with pytest.raises(NotUnderstoodError, match=part):
        surgeon.draft(request_text, {"a.conf": text})


def test_policy_without_a_value_is_vague(surgeon: Any) -> None:
    """There is no default Content-Security-Policy that fits every site."""
    with pytest.raises(VagueRequestError, match="which policy"):
        surgeon.draft("add a Content-Security-Policy", {"a.conf": NESTED})


def test_assumed_value_does_not_override(surgeon: Any) -> None:
    """A request that names no value is content with the one that is there."""
    text = NESTED.replace('Options "SAMEORIGIN";', 'Options "SAMEORIGIN" always;')
    text = text.replace("Cache-Control no-store", "X-Frame-Options DENY always")
    text = text.replace("X-Arg 1", "X-Frame-Options DENY always")
    with pytest.raises(NothingToDoError):
        surgeon.draft("add X-Frame-Options", {"a.conf": text})


def test_an_included_file_with_headers_is_refused(surgeon: Any) -> None:
    """A location whose included file has headers would not inherit the new one."""
    text = "server { listen 80; location / { include snip/h.conf; } }\n"
    with pytest.raises(NotUnderstoodError, match=r"includes snip/h\.conf"):
        surgeon.draft("add HSTS", {"a.conf": text, "snip/h.conf": "add_header X-A b;\n"})
