"""One change to a reviewer is one entry: a new name with its uses, a switch written anew."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.semantics.nginx.diff import difference
from workflow.semantics.nginx.diff.matching import matches
from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.files import Texts

SITE = """\
http {
    upstream api { server 10.0.0.1:80; }
    upstream other { server 10.0.0.2:80; }
    map $cookie_canary $chosen { default api; 1 other; }
    map $cookie_canary $label { default api; 1 other; }
    server {
        listen 80;
        server_name x;
        location /a { proxy_pass http://api; proxy_set_header Host $host; }
        location /b { proxy_pass http://api/v1/; }
        location /c { proxy_pass http://$chosen; }
        location /g { grpc_pass grpc://api; }
    }
}
"""


def said(base: str, patched: str) -> list[tuple[str, ...]]:
    """Each change between two main files: what it is, and what follows."""
    trees = (load(Texts({"nginx.conf": text}), "nginx.conf") for text in (base, patched))
    return [(one.text, *one.consequences) for one in difference(*trees)]


def renamed(text: str) -> str:
    """The sample with another name of the upstream, in all its uses."""
    text = text.replace("upstream api", "upstream back").replace("://api", "://back")
    return text.replace("$chosen { default api", "$chosen { default back")


def test_a_renamed_upstream_with_its_uses_is_one_change() -> None:
    """Uses that follow are no changes; the `Host` that the upstream gets by its name is told."""
    used = "`location /a` of server x, `location /b` of server x and `location /g` of server x"
    assert said(SITE, renamed(SITE)) == [
        (
            "`upstream api` is now `upstream back`",
            "4 uses of the name changed with it",
            "the upstream gets `Host: back` instead of `Host: api` from `location /b` of server x",
            f"used by {used}",
        )
    ]


def test_a_use_that_keeps_the_old_name_is_told() -> None:
    """A use that was forgotten stands with the name that it still asks for."""
    patched = renamed(SITE).replace("http://back/v1/", "http://api/v1/")
    ((text, *rest),) = said(SITE, patched)
    assert text == "`upstream api` is now `upstream back`"
    assert rest[-1] == "`api` is still asked for by `location /b` of server x"


def test_only_uses_of_the_name_follow() -> None:
    """Another target, or a map that chooses no upstream, stays a change of its own."""
    patched = renamed(SITE).replace("http://back/v1/", "http://back/v2/")
    patched = patched.replace("$label { default api", "$label { default back")
    texts = [text for text, *_ in said(SITE, patched)]
    assert len(texts) == 3
    assert texts[1].startswith("in `map $cookie_canary $label`")
    assert "`http://back/v2/`" in texts[2]


@pytest.mark.parametrize(
    ("zone", "limit"),
    [
        ("limit_req_zone $a zone=NAME:1m rate=1r/s;", "limit_req zone=NAME burst=2;"),
        ("limit_conn_zone $a zone=NAME:1m;", "limit_conn NAME 5;"),
    ],
)
def test_a_renamed_zone_with_its_uses_is_one_change(zone: str, limit: str) -> None:
    """A zone for limits with another name is one change, too; another limit is not part of it."""
    text = f"http {{ {zone} server {{ server_name x; {limit} }} }}"
    texts = [text.replace("NAME", name) for name in ("one", "two")]
    ((_, *rest),) = said(*texts)
    assert rest[0] == "1 use of the name changed with it"
    assert (
        len(said(texts[0], texts[1].replace("burst=2", "burst=3").replace("two 5", "two 6"))) == 2
    )


SERVER = "http {{ server {{ server_name x; {} location / {{ return 200; }} }} }}"
BOTH_OFF = "listen 443 ssl; listen [::]:443 ssl;"


@pytest.mark.parametrize(
    ("base", "patched", "text"),
    [
        (
            "listen 443 ssl; http2 on;",
            "listen 443 ssl http2;",
            (
                "HTTP/2 stays on in server x (`http2` of its `listen` says so, for every server of "
                "that address)"
            ),
        ),
        (
            "listen 443 ssl http2; listen [::]:443 ssl http2;",
            f"{BOTH_OFF} http2 on;",
            (
                "HTTP/2 stays on in server x (`http2 on` says so instead of its `listen`, for this "
                "server alone)"
            ),
        ),
        (
            f"{BOTH_OFF} http2 on;",
            f"{BOTH_OFF}",
            "HTTP/2 is switched off in server x (`http2` is gone; NGINX's default)",
        ),
        (
            "listen 443 ssl http2; listen [::]:443 ssl;",
            "listen 443 ssl http2; listen [::]:443 ssl; http2 on;",
            "HTTP/2 is switched on on `[::]:443` of server x (`http2`)",
        ),
    ],
)
def test_http2_is_on_if_either_says_so(base: str, patched: str, text: str) -> None:
    """The directive and the parameter of `listen` are one switch, told once and rightly."""
    assert said(SERVER.format(base), SERVER.format(patched)) == [(text,)]


def test_http2_that_is_lost_on_one_address_is_told() -> None:
    """A parameter on one address alone does not stand for the directive on two."""
    base = SERVER.format(f"{BOTH_OFF} http2 on;")
    patched = SERVER.format("listen 443 ssl http2; listen [::]:443 ssl;")
    assert [text for text, *_ in said(base, patched)] == [
        "HTTP/2 is switched off on `[::]:443` of server x (`http2`)"
    ]


STREAM_TARGET = "stream { server { listen 5432; proxy_pass 10.0.0.1:5432; } }"


def test_a_stream_has_connections() -> None:
    """What goes through a stream is a connection, no request."""
    ((text,),) = said(STREAM_TARGET, STREAM_TARGET.replace(".1:5432", ".1:5433"))
    assert text == (
        "connections to server on 5432 go to `10.0.0.1:5433` instead of `10.0.0.1:5432`"
    )


STREAM = "stream {{ server {{ listen 5432; {} proxy_pass 10.0.0.1:5432; }} }}"


@pytest.mark.parametrize(
    ("base", "patched", "text"),
    [
        (
            "allow 10.0.0.0/8; deny all;",
            "allow 10.0.0.0/8;",
            "everybody is let in to server on 5432 (`deny all` is gone)",
        ),
        (
            "allow 10.0.0.0/8;",
            "allow 10.0.0.0/8; deny all;",
            "everybody else is refused in server on 5432",
        ),
        ("", "deny all;", "everybody is refused in server on 5432"),
    ],
)
def test_who_may_come_in_is_told(base: str, patched: str, text: str) -> None:
    """Without a `deny` everybody is let in; behind an `allow` it refuses the others."""
    assert said(STREAM.format(base), STREAM.format(patched)) == [(text,)]


def test_a_server_with_another_first_name_is_told_by_the_known_one() -> None:
    """The server is named as its reader knows it, and the new `$server_name` is told."""
    base = "http { server { server_name a.example; } }"
    assert said(base, base.replace("a.example", "c.example a.example")) == [
        (
            (
                "server a.example answers to `c.example`; its first name (`$server_name`) is "
                "`c.example` instead of `a.example`"
            ),
        )
    ]


def test_a_server_without_a_name_is_told_by_its_old_address() -> None:
    """A server that is known by its port alone is named by the one that it had."""
    base = "http { server { listen 80; root /x; } }"
    texts = [text for text, *_ in said(base, base.replace("80", "8080"))]
    assert texts == ["server on 80 listens on `8080` instead of `80`"]


def test_few_headers_of_an_include_are_named() -> None:
    """Which headers went with an `include` is what a reviewer needs."""
    texts = {
        "nginx.conf": "http { server { server_name x; include h.conf; } }",
        "h.conf": "add_header One 1; add_header Two 2;",
    }
    base = load(Texts(texts), "nginx.conf")
    patched = load(
        Texts(texts | {"nginx.conf": "http { server { server_name x; } }"}), "nginx.conf"
    )
    (one,) = difference(base, patched)
    assert one.text == (
        "server x no longer includes `h.conf`: 2 directives gone "
        "(`add_header One` and `add_header Two`)"
    )


PATTERNED = "http {{ server {{ server_name x; location / {{ return 200; }} {} }} }}"
DOTS = r"location ~ /\.(?!well-known) { deny all; }"


@pytest.mark.parametrize(
    ("patterns", "path", "follows"),
    [
        (DOTS, "/healthz", "takes requests from `location /`"),
        (DOTS, "/.git", r"takes requests from `location ~ /\.(?!well-known)`"),
        (
            "location ~* (h+)+z$ { return 1; }",
            "/healthz",
            "takes requests from `location /`, or from `location ~* (h+)+z$`",
        ),
        ("location ^~ /h { return 1; } location ~ z { return 2; }", "/hz", "`location ^~ /h`"),
        (
            "location ~* \\.PHP$ { return 1; }",
            "/a.php",
            "takes requests from `location ~* \\.PHP$`",
        ),
    ],
)
def test_an_exact_path_is_tried_against_the_patterns(
    patterns: str, path: str, follows: str
) -> None:
    """An exact location takes requests from the pattern that matches, and from no other."""
    base = PATTERNED.format(patterns)
    patched = PATTERNED.format(f"location = {path} {{ return 204; }} {patterns}")
    ((_, *rest),) = said(base, patched)
    assert rest[0].endswith(follows)
    ((_, *back),) = said(patched, base)
    assert ("unless" in back[0]) is (" or from " in rest[0])


@pytest.mark.parametrize(
    ("old", "new", "follows"),
    [
        ("= /x.php", "/x.php", "requests to `/x.php` go to `location ~ \\.php$` now"),
        ("^~ /x", "/x", "`location ~ \\.php$` is tried for its requests now"),
    ],
)
def test_a_location_that_lost_its_mark_yields_to_patterns(old: str, new: str, follows: str) -> None:
    """Without `=` or `^~` the regular expressions come first: the answers change."""
    text = PATTERNED.format(f"location {old} {{ deny all; }} location ~ \\.php$ {{ return 1; }}")
    ((_, *rest),) = said(text, text.replace(f"location {old} ", f"location {new} "))
    assert rest[0] == follows


def test_a_header_that_is_written_again_is_told_as_inherited() -> None:
    """A location that repeats a header which it had from around it is sent no new one."""
    text = "http { server { server_name x; add_header A 1 always; location / { return 200; } } }"
    ((told,),) = said(text, text.replace("return 200;", "return 200; add_header A 1 always;"))
    assert told == "header `A` is set in `location /` of server x itself, as inherited: `1`"


@given(pattern=st.text("ab/\\.()[]|*+?{}^$1!:=<", max_size=40), path=st.text("ab/.", max_size=60))
def test_no_pattern_takes_long(pattern: str, path: str) -> None:
    """Any pattern is matched as Python does it, or not at all; none takes long."""
    start = time.monotonic()
    found = matches(pattern, path, has_case=True)
    assert time.monotonic() - start < 5
    if found is not None and "(?<" not in pattern:
        assert found is (re.search(pattern, path) is not None)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|a)(a|a)" * 20,
        "a?" * 40 + "a" * 40,
        "a*a*a*a*a*b",
        "(a)\\1",
        "[[:alpha:]]",
        "(",
    ],
)
def test_a_costly_or_foreign_pattern_is_not_tried(pattern: str) -> None:
    """What could take long, or means another thing in PCRE, has no answer."""
    assert matches(pattern, "a" * 60, has_case=True) is None
