"""The effective configuration: includes in their places, inheritance as nginx has it, bounds."""

from __future__ import annotations

import pytest

from workflow.semantics.nginx.context import context_of
from workflow.semantics.nginx.expanded import Config, load
from workflow.semantics.nginx.files import Place, Texts, in_tree
from workflow.semantics.nginx.parser import parse


def read(text: str, **others: str) -> Config:
    """The configuration of a main file and those beside it."""
    return load(Texts({"nginx.conf": text, **others}), "nginx.conf")


@pytest.mark.parametrize(
    ("outer", "inner", "name", "said"),
    [
        ("add_header A 1;", "", "add_header", ["A 1"]),
        ("add_header A 1;", "add_header B 2;", "add_header", ["B 2"]),
        (
            "add_header A 1; add_header_inherit merge;",
            "add_header B 2;",
            "add_header",
            ["A 1", "B 2"],
        ),
        ("add_header A 1;", "add_header_inherit off;", "add_header", []),
        ("deny all;", "allow 10.0.0.1;", "deny", []),
        ("root /a;", "alias /b;", "root", []),
        ("root /a;", "root /b;", "root", ["/b"]),
        ("return 404;", "", "return", []),
        ("internal;", "", "internal", [""]),
        (
            "more_set_headers 'A: 1';",
            "more_set_headers 'B: 1';",
            "more_set_headers",
            ["A: 1", "B: 1"],
        ),
    ],
)
def test_inheritance(outer: str, inner: str, name: str, said: list[str]) -> None:
    """A block's own directive, or another of its family, takes the place of what is outside."""
    config = read(f"http {{ server {{ {outer} location / {{ {inner} }} }} }}")
    (location,) = config.blocks("location")
    assert [" ".join(one.args) for one in location.effective(name)] == said


def test_an_if_takes_the_handler_of_its_location() -> None:
    """A pass is handed to an `if` and to `limit_except`, and to no location."""
    config = read(
        "http { server { location / { proxy_pass http://a; if ($x) { } location /b { } } } }"
    )
    assert [one.value("proxy_pass") for one in config.blocks("if")] == ["http://a"]
    assert [one.value("proxy_pass") for one in config.blocks("location")] == ["http://a", ""]


def test_includes_are_known_by_what_they_bring() -> None:
    """A directive knows the include that it came through, and a block those that stand in it."""
    config = read("http { include a; gzip on; }", a="include b;", b="sendfile on;")
    (http,) = config.blocks("http")
    sendfile, gzip = http.items
    assert gzip.via is None
    assert sendfile.via is not None
    assert sendfile.via.outer is not None
    assert [one.pattern for one in http.includes] == ["a", "b"]
    assert (sendfile.via.pattern, sendfile.via.outer.pattern) == ("b", "a")
    assert sendfile.place == Place("b", 1)


def test_what_is_missing_is_noted() -> None:
    """A file that is not there is missing; a pattern that finds nothing is not."""
    config = read("include a; include b/*;")
    assert [one.pattern for one in config.missing] == ["a"]


def test_a_circle_ends() -> None:
    """Files that include each other are read once each, and that is noted."""
    config = read("include a;", a="gzip on; include nginx.conf; include a;")
    assert [one.name for one in config.main.items] == ["gzip"]
    assert {one.reason for one in config.unread} == {"it includes itself"}


def test_what_is_too_much_is_noted() -> None:
    """Blocks deeper than forty, and more files than a thousand, are not read."""
    deep = read("a{" * 60 + "}" * 60)
    assert [one.reason for one in deep.unread] == ["too deep or too large to be read"]
    many = read("include f*;", **{f"f{number:04}": "x 1;" for number in range(1050)})
    assert {one.reason for one in many.unread} == {"too deep or too large to be read"}
    assert len(many.main.items) == 999
    assert len(many.unread) == 51


def test_a_broken_file_is_told_from_another() -> None:
    """What could not be read has a digest of its content."""
    one, other = (read("include a;", a=text).unread[0] for text in ("gzip", "gzip 1"))
    assert (one.place, one.reason) == (other.place, other.reason)
    assert one.digest != other.digest


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("events {} http {}", "main"),
        ("server { listen 80; }", "http"),
        ("map $a $b { }", "http"),
        ("server 10.0.0.1;", "upstream"),
        ("location / { }", "server"),
        ("location / { } alias /a;", "server"),
        ("proxy_pass http://a;", "location"),
        ("gzip on;", "server"),
    ],
)
def test_the_context_of_a_part(text: str, context: str) -> None:
    """The directives at the outermost level tell for which block a part is written."""
    assert context_of(parse(text).children) == context


def test_labels_are_short_and_printable() -> None:
    """A block is called by its words and its server."""
    config = read('http { server { server_name a; location "/x\\t" { if ($a) { } } } }')
    assert [one.label for one in config.blocks("if")] == ["if ($a) of location /x of server a"]


def test_paths_of_nginx_are_paths_of_the_tree() -> None:
    """An absolute path under nginx's folder is one of the tree's; any other is none."""
    assert list(in_tree("/etc/nginx/conf.d/*.conf", "site")) == ["site/conf.d/*.conf"]
    assert list(in_tree("mime.types", "site")) == ["site/mime.types"]
    assert list(in_tree("/srv/x", "site")) == []
