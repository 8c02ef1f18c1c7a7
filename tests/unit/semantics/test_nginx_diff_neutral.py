"""The semantic diff's algebra: what changes nothing is no difference, any real change is one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.semantics.nginx.diff import difference
from workflow.semantics.nginx.diff.order import moved
from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.files import Texts

if TYPE_CHECKING:
    from workflow.semantics.nginx.change import Change


def between(base: dict[str, str], patched: dict[str, str]) -> tuple[Change, ...]:
    """What differs between two trees."""
    return difference(*(load(Texts(texts), "nginx.conf") for texts in (base, patched)))


def in_server(text: str) -> str:
    """A main file with one server of this content."""
    return f"http {{ server {{ listen 80; {text}\n }} server {{ listen 80; }} }}"


@pytest.mark.parametrize(
    ("base", "patched"),
    [
        ("gzip on;", "gzip   'on'\n; # managed by Certbot"),
        ("gzip on;", "gzip ON;"),
        ("client_max_body_size 1m;", "client_max_body_size 1024K;"),
        ("proxy_read_timeout 60;", "proxy_read_timeout 1m;"),
        ("expires 2h;", "expires 120m;"),
        ("keepalive_timeout 75s 60;", "keepalive_timeout 1m15s 1m;"),
        ("listen 81 ssl default_server;", "listen *:81 default_server ssl;"),
        ("server_name b c d;", "server_name b D c;"),
        ("server_name b c;", "server_name b; server_name c;"),
        ("ssl_protocols TLSv1.2 TLSv1.3;", "ssl_protocols TLSv1.3 TLSv1.2;"),
        ("gzip_types a/b c/d;", "gzip_types c/d; gzip_types a/b;"),
        ("add_header A 1; add_header B 2;", "add_header B 2; add_header a 1;"),
        (
            "add_header Content-Security-Policy \"default-src 'self' b.example; img-src *\";",
            "add_header Content-Security-Policy \"img-src *;  default-src b.example 'self';\";",
        ),
        ("error_page 500 502 /e;", "error_page 502 /e; error_page 500 /e;"),
        ("return 302 /x;", "return /x;"),
        ("location ~* \\.php$ { }", "location ~*\\.php$ { }"),
        ("location = /x { } location /y { }", "location /y { } location =/x { }"),
        ('if ($a = "b") { return 403; }', "if ( $a = b ) { return 403; }"),
        ("limit_except GET POST { deny all; }", "limit_except post get { deny all; }"),
        ("allow 10.0.0.1; allow 10.0.0.2; deny all;", "allow 10.0.0.2; allow 10.0.0.1; deny all;"),
        ("ssl_certificate a; ssl_certificate_key b;", "ssl_certificate_key b; ssl_certificate a;"),
        ("limit_req zone=a burst=5 nodelay;", "limit_req burst=5 zone=a nodelay;"),
        ("proxy_next_upstream error timeout;", "proxy_next_upstream timeout error;"),
        ("types { a/b b; c/d d e; }", "types { c/d e; a/b b; c/d d; }"),
        ('proxy_cache_key "$scheme$host$a";', 'proxy_cache_key "${scheme}${host}$a";'),
        ("rewrite ^/a /$host/b;", "rewrite ^/a /${host}/b;"),
        ("grpc_pass grpc://a:1;", "grpc_pass a:1;"),
    ],
)
def test_another_spelling_is_no_difference(base: str, patched: str) -> None:
    """Layout, quotes, units, and order without a meaning change nothing."""
    assert between({"nginx.conf": in_server(base)}, {"nginx.conf": in_server(patched)}) == ()


@pytest.mark.parametrize(
    ("base", "patched"),
    [
        ("map $a $b { x 1; y 2; default 3; }", "map $a $b { default 3; Y 2; x 1; }"),
        ("upstream u { server a; server b; }", "upstream u { server b; server a; }"),
        (
            "upstream u { server a weight=2; server b; }",
            "upstream u { server a weight=2; server b weight=1 max_fails=1 fail_timeout=10; }",
        ),
        ("log_format m 'a ' 'b';", "log_format m 'a b';"),
        (
            "limit_req_zone $a zone=z:1m rate=1r/s;",
            "limit_req_zone $a rate=60r/m zone=z:1024k;",
        ),
        (
            "server { listen 80; server_name a; } server { listen 81; server_name b; }",
            "server { listen 81; server_name b; } server { listen 80; server_name a; }",
        ),
        (
            "upstream u { server a; } upstream v { server b; }",
            "upstream v { server b; } upstream u { server a; }",
        ),
    ],
)
def test_order_without_a_meaning_is_no_difference(base: str, patched: str) -> None:
    """Upstreams, plain keys of a map and servers on addresses of their own may change places."""
    assert (
        between({"nginx.conf": f"http {{ {base} }}"}, {"nginx.conf": f"http {{ {patched} }}"}) == ()
    )


@pytest.mark.parametrize(
    ("base", "patched"),
    [
        ("index a b;", "index b a;"),
        ("try_files a b =404;", "try_files b a =404;"),
        ("server_name b c;", "server_name c b;"),
        ("set $a 1; set $a 2;", "set $a 2; set $a 1;"),
        ("rewrite a b; return 404;", "return 404; rewrite a b;"),
        ("proxy_redirect a b; proxy_redirect c d;", "proxy_redirect c d; proxy_redirect a b;"),
        ("foo a; foo b;", "foo b; foo a;"),
        ("return 200 10m;", "return 200 10240k;"),
        ("set $a 10m;", "set $a 10240k;"),
        ("add_header A 'b  c';", "add_header A 'b c';"),
        ("location /A { }", "location /a { }"),
        ('return 200 "${a}b";', 'return 200 "$ab";'),
        ("rewrite ${a} /b;", "rewrite $a /b;"),
        ("grpc_pass grpcs://a:1;", "grpc_pass a:1;"),
        ("ssl_ciphers A:B;", "ssl_ciphers B:A;"),
    ],
)
def test_order_and_spelling_with_a_meaning_count(base: str, patched: str) -> None:
    """Where nginx takes the first, or the words as they are, it is one change."""
    assert len(between({"nginx.conf": in_server(base)}, {"nginx.conf": in_server(patched)})) == 1


def test_the_first_server_is_the_default_one() -> None:
    """Servers that share an address may not change places: the first takes what nobody has."""
    one, two = (f"server {{ listen 80; server_name {name}; }}" for name in "ab")
    (only,) = between(
        {"nginx.conf": f"http {{ {one} {two} }}"}, {"nginx.conf": f"http {{ {two} {one} }}"}
    )
    assert only.text == (
        "the order of the servers changed: requests for names that no server has on *:80 go to "
        "server b instead of server a"
    )


def test_a_hash_counts_its_servers() -> None:
    """With a hash, the order of an upstream's servers decides."""
    one, two = (
        f"http {{ upstream u {{ ip_hash; {text} }} }}"
        for text in ("server a; server b;", "server b; server a;")
    )
    assert len(between({"nginx.conf": one}, {"nginx.conf": two})) == 1


def test_parts_in_files_are_no_difference() -> None:
    """A server in a file of its own, or a snippet written out, means the same."""
    parts = {
        "nginx.conf": "http { include s/*.conf; }",
        "s/a.conf": "server { include t; }",
        "t": "gzip on;",
    }
    assert between(parts, {"nginx.conf": "http { server { gzip on; } }"}) == ()
    assert between({"nginx.conf": "http { server { gzip on; } }"}, parts) == ()


WORDS = st.sampled_from(["a", "'b c'", "$x", "10m", "~^/x", '""', "off", "=404"])
NAMES = st.sampled_from(
    [
        *("add_header", "allow", "deny", "listen", "server_name", "set", "return", "foo", "root"),
        *("proxy_pass", "error_page", "gzip_types", "include", "types", "access_log", "index"),
    ]
)
HEADS = st.sampled_from(
    [
        *("http", "server", "location /a", "location ~ b", "location =", "if ($a)", "upstream u"),
        *("map $a $b", "types", "limit_except GET", "geo $a", "split_clients a $b", "location"),
    ]
)


@st.composite
def lines(draw: st.DrawFn, depth: int = 3) -> list[str]:
    """Directives that parse, sensible or not; one in a list element, blocks as one element."""
    found = []
    for _ in range(draw(st.integers(0, 4))):
        if depth and draw(st.booleans()):
            found.append(f"{draw(HEADS)} {{ {' '.join(draw(lines(depth=depth - 1)))} }}")
        else:
            found.append(" ".join([draw(NAMES), *draw(st.lists(WORDS, max_size=3))]) + ";")
    return found


def whole(text: str) -> dict[str, str]:
    """A tree with one main file."""
    return {"nginx.conf": text}


@settings(max_examples=60, deadline=None)
@given(lines(), lines())
def test_the_difference_is_total(one: list[str], other: list[str]) -> None:
    """Whatever parses can be compared; a configuration never differs from itself."""
    base, patched = whole(" ".join(one)), whole(" ".join(other))
    assert between(base, base) == ()
    for change in between(base, patched):
        assert change.text
        assert change.text.isprintable()
    assert bool(between(base, patched)) is bool(between(patched, base))


@settings(max_examples=60, deadline=None)
@given(lines(), st.data())
def test_a_part_moved_to_a_file_is_neutral(found: list[str], data: st.DataObject) -> None:
    """Any stretch of directives may be put into a file and included in its place."""
    start = data.draw(st.integers(0, len(found)))
    end = data.draw(st.integers(start, len(found)))
    kept = [*found[:start], "include moved;", *found[end:]]
    patched = {**whole("\n".join(kept)), "moved": "\t".join(found[start:end])}
    assert between(whole(" ".join(found)), patched) == ()


@settings(max_examples=60, deadline=None)
@given(lines(), st.data())
def test_one_edit_is_one_change(found: list[str], data: st.DataObject) -> None:
    """A directive or a block that comes or goes at some place is one change."""
    at = data.draw(st.integers(0, len(found)))
    new = data.draw(st.sampled_from(["quite_new 1 2;", "quite_new 1 { foo; bar 1; }"]))
    base, patched = (whole(" ".join(one)) for one in (found, [*found[:at], new, *found[at:]]))
    (came,) = between(base, patched)
    (went,) = between(patched, base)
    assert (came.effect, went.effect) == ("added", "removed")


@given(st.permutations(range(7)))
def test_what_stays_is_in_order(places: list[int]) -> None:
    """All but those that moved are in ascending order, and no fewer could have moved."""
    astray = moved(places)
    rest = [place for at, place in enumerate(places) if at not in astray]
    assert rest == sorted(rest)
    assert (not astray) is (list(places) == sorted(places))


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("location /a{} {{ return 200; }}", "location /b{} {{ return 200; }}"),
        ("location ~ /a{} {{ return {}; }}", "location ~ /b{} {{ return z{}; }}"),
        ("allow 10.1.0.{};", "allow 10.2.0.{};"),
        ("add_header A{} x;", "add_header B{} y;"),
    ],
)
def test_many_changes_take_no_quadratic_time(line: str, other: str) -> None:
    """Two thousand directives that all change are compared in seconds."""
    base, patched = (
        in_server(" ".join(one.format(number, number) for number in range(2000)))
        for one in (line, other)
    )
    both = [load(Texts(whole(text)), "nginx.conf") for text in (base, patched)]
    start = time.process_time()
    assert len(difference(*both)) >= 2000
    assert time.process_time() - start < 30
