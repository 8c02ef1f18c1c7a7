"""Allowing an origin by CORS in each of the ways that files do it."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.errors import NothingToDoError, NotUnderstoodError

ALLOW = "Access-Control-Allow-Origin"
REQUEST = "allow origin https://new.io via CORS"
MAP = """\
map $http_origin $allowed {{
    default                "";
    "https://a.example.io" {value};
{more}}}
server {{
    listen 80;
    add_header Access-Control-Allow-Origin $allowed always;
}}
"""
LITERAL = """\
http {
  upstream u { server 127.0.0.1:1; }

  # the shop
  server {
    listen 80;
    add_header X-A 1;
    add_header Access-Control-Allow-Origin https://a.io;

    location /x {
      add_header Access-Control-Allow-Origin https://a.io always;
      add_header Vary Origin;
    }
  }
}
"""
CONDITION = """\
server {{
    listen 80;
    location /api {{
        if ($http_origin ~* {pattern}) {{
            add_header Access-Control-Allow-Origin $http_origin always;
        }}
    }}
}}
"""


@pytest.mark.parametrize(
    ("value", "more", "entry"),
    [
        ("$http_origin", "", '    "https://new.io"       $http_origin;\n'),
        ("1", "", '    "https://new.io"       1;\n'),
        ('"https://a.example.io"', "", '    "https://new.io"       "https://new.io";\n'),
        (
            "$http_origin",
            "    ~^https://[a-z]+\\.b\\.io$ $http_origin;\n",
            '    "https://new.io" $http_origin;\n',
        ),
    ],
)
def test_adds_one_entry_to_a_map(surgeon: Any, value: str, more: str, entry: str) -> None:
    """The entry has its neighbours' quotes, value and column."""
    text = MAP.format(value=value, more=more)
    end = "}\nserver"
    surgeon.check(REQUEST, text, (end, entry + end))


def test_turns_a_literal_into_a_map(surgeon: Any) -> None:
    """A fixed origin becomes a map of both, with Vary, wherever the server sends it."""
    group = """\
  map $http_origin $cors_origin {
    default          "";
    "https://a.io"   $http_origin;
    "https://new.io" $http_origin;
  }

  # the shop
"""
    surgeon.check(
        REQUEST,
        LITERAL,
        ("  # the shop\n", group),
        (
            "Access-Control-Allow-Origin https://a.io;\n",
            f"{ALLOW} $cors_origin always;\n    add_header Vary Origin always;\n",
        ),
        (
            "Access-Control-Allow-Origin https://a.io always",
            "Access-Control-Allow-Origin $cors_origin always",
        ),
    )


def test_map_name_does_not_collide(surgeon: Any) -> None:
    """A variable that the file already uses is not taken again."""
    text = LITERAL.replace("X-A 1", "X-A $cors_origin")
    assert "map $http_origin $cors_allow_origin {" in surgeon.result(REQUEST, text)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"^https?://(a\.io|b\.io)$", r"^https?://(a\.io|b\.io|new\.io)$"),
        (
            r'"^(https://a\.io|https://b\.io)$"',
            r'"^(https://a\.io|https://b\.io|https://new\.io)$"',
        ),
        (r"^https://(?:a\.io)$", r"^https://(?:a\.io|new\.io)$"),
    ],
)
def test_extends_a_list_in_a_condition(surgeon: Any, pattern: str, expected: str) -> None:
    """An alternation that is plainly a list of origins gets one more, with its dots escaped."""
    surgeon.check(REQUEST, CONDITION.format(pattern=pattern), (pattern, expected))


@pytest.mark.parametrize(
    "pattern", [r"^https://(www\.)?a\.io$", r"a\.io", r"^http://(a\.io)$", r"^https://.*\.a\.io$"]
)
def test_refuses_other_patterns(surgeon: Any, pattern: str) -> None:
    """A pattern that is not a plain list is named, not guessed at."""
    with pytest.raises(NotUnderstoodError, match="line 4 is not a plain list"):
        surgeon.draft(REQUEST, {"a.conf": CONDITION.format(pattern=pattern)})


def test_starts_cors_from_nothing(surgeon: Any) -> None:
    """A server without CORS gets a map and headers, also where inheritance stops."""
    text = """\
server {
	listen 80;
	location / {
		add_header X-A "b";
	}
}
"""
    headers = """add_header Access-Control-Allow-Origin $cors_origin always;
add_header Access-Control-Allow-Methods "GET, POST, OPTIONS" always;
add_header Access-Control-Allow-Headers "Content-Type" always;
add_header Vary "Origin" always;
"""
    group = """map $http_origin $cors_origin {
	default          "";
	"https://new.io" $http_origin;
}

server {
"""
    surgeon.check(
        REQUEST,
        text,
        ("server {\n", group),
        ("\tlisten 80;\n", "\tlisten 80;\n" + _indented(headers, "\t")),
        ('\t\tadd_header X-A "b";\n', '\t\tadd_header X-A "b";\n' + _indented(headers, "\t\t")),
    )


def _indented(text: str, indent: str) -> str:
    """Each line with an indentation."""
    return "".join(indent + line for line in text.splitlines(keepends=True))


def test_two_origins_at_once(surgeon: Any) -> None:
    """Two origins in one request end up in one map."""
    text = "server { listen 80; add_header Access-Control-Allow-Origin https://a.io; }\n"
    result = surgeon.result("allow origins https://b.io and https://c.io in CORS", text)
    entries = [f'    "https://{name}.io" $http_origin;\n' for name in "abc"]
    assert "".join(entries) in result


def test_map_in_another_file(surgeon: Any) -> None:
    """The map is found in whichever file of the brief has it."""
    origins, site = MAP.format(value="1", more="").split("server")
    files = {"maps.conf": origins, "site.conf": "server" + site}
    results = surgeon.results(REQUEST, files)
    assert '"https://new.io"       1;' in results["maps.conf"]
    assert results["site.conf"] == files["site.conf"]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("*", "already allows every origin"),
        ("https://new.io", "already so"),
        ("$http_origin", "answers every origin with itself"),
    ],
)
def test_nothing_to_do(surgeon: Any, header: str, reason: str) -> None:
    """What already lets the origin in is said, not changed."""
    text = f"server {{ listen 80; add_header Access-Control-Allow-Origin {header}; }}\n"
    with pytest.raises(NothingToDoError, match=reason):
        surgeon.draft(REQUEST, {"a.conf": text})


def test_a_pattern_of_the_map_may_already_match(surgeon: Any) -> None:
    """A regular expression in the map counts, too."""
    text = MAP.format(value="1", more='    "~^https://new\\.(io|com)$" 1;\n')
    with pytest.raises(NothingToDoError, match=r"line 4 allows https://new\.io"):
        surgeon.draft(REQUEST, {"a.conf": text})


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (
            MAP.format(value="1", more='    "https://new.io" "";\n'),
            "refuses https://new.io by name",
        ),
        ("location / { return 200; }\n", "part of a server block"),
        ("server { listen 80; add_header Access-Control-Allow-Origin $x; }\n", "who makes it"),
        ("server { listen 80; add_header Access-Control-Allow-Origin https://$h; }\n", "builds"),
    ],
)
def test_refusals(surgeon: Any, text: str, part: str) -> None:
    """What cannot be followed in the files is refused by name."""
    with pytest.raises(NotUnderstoodError, match=part):
        surgeon.draft(REQUEST, {"a.conf": text})


def test_a_shared_map_is_noted(surgeon: Any) -> None:
    """Another server that answers with the same variable is named, because it changes, too."""
    text = MAP.format(value="1", more="").replace("listen 80;", "server_name a.io;")
    other = text[text.index("server {") :].replace("a.io", "b.io")
    draft = surgeon.draft(REQUEST + " for a.io", {"x.conf": text + other})
    assert "$allowed is used by b.io (x.conf:9), too" in draft.notes
