"""The semantic diff says each real change once, in words that a reviewer understands."""

from __future__ import annotations

import pytest

from workflow.semantics.nginx.change import Change, Effect
from workflow.semantics.nginx.diff import difference
from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.files import Place, Texts

SITE = """\
events {}
http {
    upstream a { server 10.0.0.1:80; }
    upstream b { server 10.0.0.2:80; keepalive 4; }
    map $http_origin $cors {
        default ""; "https://x.example" $http_origin; ~^https://y 1; ~^http 2;
    }
    types { text/html html; }
    limit_req_zone $binary_remote_addr zone=one:10m rate=5r/s;
    keepalive_timeout 60s;
    gzip on;
    server { listen 80; server_name w.example; return 301 https://x.example$request_uri; }
    server {
        listen 443 ssl;
        server_name x.example;
        ssl_certificate /c/x.pem;
        ssl_protocols TLSv1.2 TLSv1.3;
        add_header X-Frame-Options DENY always;
        add_header Content-Security-Policy "default-src 'self'; connect-src 'self'" always;
        location / { root /srv/www; try_files $uri =404; }
        location /api { proxy_pass http://a; proxy_set_header Host $host; proxy_read_timeout 30s; }
        location /collect {
            if ($request_method !~ ^(GET|POST)$) { return 405; }
            client_max_body_size 8k;
        }
        location /admin { allow 10.0.0.0/8; deny all; auth_basic "x"; error_page 500 502 /sorry; }
        location ~ \\.php$ { return 404; }
        location ~ ^/x { access_log off; expires 1h; set $a b; }
        location /lua { content_by_lua_block { ngx.say("}") } }
    }
}
"""
API = "`location /api` of server x.example"
COLLECT = "`location /collect` of server x.example"
ADMIN = "`location /admin` of server x.example"
ONE = "location ~ \\.php$ { return 404; }"
OTHER = "location ~ ^/x { access_log off; expires 1h; set $a b; }"
PHP = "`location ~ \\.php$`"
REGEX = "`location ~ ^/x` of server x.example"


def changes(base: str, patched: str) -> tuple[Change, ...]:
    """What differs between two main files."""
    return difference(
        *(load(Texts({"nginx.conf": text}), "nginx.conf") for text in (base, patched))
    )


def edited(old: str, new: str) -> tuple[Change, ...]:
    """What differs once a piece of the sample is another."""
    assert SITE.count(old) == 1, old
    return changes(SITE, SITE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "connect-src 'self'\"",
            "connect-src 'self' https://s.ado.im\"",
            (
                "header `Content-Security-Policy` of server x.example gained "
                "`https://s.ado.im` in connect-src"
            ),
        ),
        (
            "default-src 'self'; connect-src 'self'",
            "connect-src 'none'",
            (
                "header `Content-Security-Policy` of server x.example gained `'none'` in "
                "connect-src; lost `'self'` in connect-src; lost `default-src 'self'`"
            ),
        ),
        (
            "connect-src 'self'\"",
            "connect-src 'self'; img-src *\"",
            "header `Content-Security-Policy` of server x.example gained `img-src *`",
        ),
        (
            "DENY always",
            "SAMEORIGIN always",
            "header `X-Frame-Options` of server x.example became `SAMEORIGIN` instead of `DENY`",
        ),
        (
            "DENY always",
            "DENY",
            (
                "header `X-Frame-Options` of server x.example is no longer sent with errors "
                "(`always` is gone)"
            ),
        ),
        (
            "X-Frame-Options DENY",
            "X-Frame-Option DENY",
            "header `X-Frame-Options` of server x.example is now called `X-Frame-Option`",
        ),
        (
            "add_header X-Frame-Options DENY always;",
            "",
            "header `X-Frame-Options` of server x.example is gone (was `DENY`)",
        ),
        (
            "Host $host",
            "Host $http_host",
            f"upstream header `Host` of {API} became `$http_host` instead of `$host`",
        ),
        (
            "^(GET|POST)$",
            "^POST$",
            (
                f"{COLLECT} now allows POST only, with 405 for others "
                "(before: allows GET and POST only)"
            ),
        ),
        (
            "if ($request_method !~ ^(GET|POST)$) { return 405; }",
            "",
            (
                f"{COLLECT} no longer limits the methods "
                "(before: allows GET and POST only, with 405 for others)"
            ),
        ),
        (
            "location /api {",
            "location /api { if ($request_method != POST) { return 405; }",
            f"{API} now allows POST only, with 405 for others",
        ),
        (
            "location /api {",
            "location /api { limit_except GET { deny all; }",
            f"{API} now allows GET and HEAD only",
        ),
        (
            "http://a;",
            "http://b;",
            f"requests to {API} go to `http://b` (10.0.0.2:80) instead of `http://a` (10.0.0.1:80)",
        ),
        (
            "http://a;",
            "http://a/;",
            (
                f"requests to {API} go to `http://a/` (10.0.0.1:80) instead of `http://a` "
                "(10.0.0.1:80); what the location matched is replaced by `/`"
            ),
        ),
        (
            "server 10.0.0.2:80;",
            "server 10.0.0.2:80 weight=2;",
            "the server `10.0.0.2:80` of `upstream b` gained `weight=2`",
        ),
        (
            "server 10.0.0.2:80;",
            "server 10.0.0.2:80; server 10.0.0.3:80;",
            "`upstream b` gained the server `10.0.0.3:80`",
        ),
        (
            "client_max_body_size 8k",
            "client_max_body_size 10m",
            f"the body limit (`client_max_body_size`) of {COLLECT} rises from 8k to 10m",
        ),
        (
            "client_max_body_size 8k",
            "client_max_body_size 0",
            f"the body limit (`client_max_body_size`) of {COLLECT} is lifted (was 8k)",
        ),
        (
            "client_max_body_size 8k;",
            "",
            (
                f"the body limit (`client_max_body_size`) of {COLLECT} rises from 8k to 1m "
                "(NGINX's default)"
            ),
        ),
        (
            "proxy_read_timeout 30s",
            "proxy_read_timeout 5s",
            (
                "the time to wait for the upstream's answer (`proxy_read_timeout`) of "
                f"{API} falls from 30s to 5s"
            ),
        ),
        ("gzip on;", "gzip off;", "compression is switched off in http (`gzip`)"),
        (
            "gzip on;",
            "",
            "compression is switched off in http (`gzip` is gone; NGINX's default)",
        ),
        (
            "listen 443 ssl;",
            "listen 443 ssl; listen 443 quic;",
            "HTTP/3 is offered on 443 (`quic`) by server x.example",
        ),
        ("listen 80;", "listen 8080;", "server w.example listens on `8080` instead of `80`"),
        (
            "listen 80;",
            "listen 80 default_server;",
            (
                "`listen 80` of server w.example gained `default_server`: it takes requests for "
                "names that no server has"
            ),
        ),
        (
            "TLSv1.2 TLSv1.3",
            "TLSv1.3",
            "the list of TLS versions of server x.example lost `TLSv1.2`",
        ),
        (
            "/c/x.pem",
            "/c/y.pem",
            "the certificate of server x.example is `/c/y.pem` instead of `/c/x.pem`",
        ),
        (
            "allow 10.0.0.0/8;",
            "allow 10.0.0.0/8; allow 10.9.9.9;",
            f"`10.9.9.9` is allowed in {ADMIN}",
        ),
        (
            "allow 10.0.0.0/8",
            "deny 10.0.0.0/8",
            f"in {ADMIN}, `allow 10.0.0.0/8` became `deny 10.0.0.0/8`",
        ),
        ('auth_basic "x"', "auth_basic off", f"{ADMIN} no longer asks for a password"),
        (
            "/srv/www",
            "/srv/web",
            "`location /` of server x.example takes files from `/srv/web` instead of `/srv/www`",
        ),
        (
            "return 404",
            "return 403",
            f"{PHP} of server x.example now answers with 403 (before: answers with 404)",
        ),
        ("500 502 /sorry", "500 502 503 /sorry", f"`error_page` in {ADMIN} gained `503`"),
        ("w.example;", "w.example v.example;", "server w.example answers to `v.example`"),
        (
            '"https://x.example" $http_origin',
            '"https://z.example" $http_origin',
            "in `map $http_origin $cors`, `https://z.example` gives `$http_origin` instead of `https://x.example`",
        ),
        (
            'default ""',
            "default 1",
            'in `map $http_origin $cors`, `default` gives `1` instead of `""`',
        ),
        (
            "text/html html",
            "text/html html htm",
            "files ending in `htm` are now sent as `text/html`",
        ),
        ("rate=5r/s", "rate=10r/s", "the rate of the zone `one` rises from 5r/s to 10r/s"),
        (
            "access_log off",
            "access_log /l/x main",
            f"the access log of {REGEX} goes to `/l/x main` instead of `off`",
        ),
        ("set $a b", "set $a c", f"`$a` is `c` instead of `b` in {REGEX}"),
        (
            "ngx.say",
            "ngx.log",
            (
                "the code of `content_by_lua_block` in `location /lua` of server x.example "
                "changed; it is not read"
            ),
        ),
        (
            "location /admin {",
            "location /adm {",
            "`location /admin` is now `location /adm` in server x.example",
        ),
        (
            "location ~ \\.php$ { return 404; }",
            "",
            "`location ~ \\.php$` is gone in server x.example: answers with 404",
        ),
        (
            "location / {",
            "location = /new { return 204; add_header A b; add_header C d; } location / {",
            (
                "`location = /new` is new in server x.example: answers with 204, "
                "with `add_header A b` and `add_header C d`"
            ),
        ),
        ("expires 1h;", "expiress 1h;", f"in {REGEX}, `expires 1h` became `expiress 1h`"),
        ("keepalive 4;", "keepalive 4; ntlm;", "`ntlm` is new in `upstream b`"),
    ],
)
def test_each_change_is_told_once(old: str, new: str, text: str) -> None:
    """One edit is one change, in words of its own."""
    assert [one.text for one in edited(old, new)] == [text]


def test_a_change_says_where_it_is() -> None:
    """Scope, directive, words and places are those of the files."""
    (one,) = edited(
        "rate=5r/s;\n    keepalive_timeout 60s", "rate=5r/s;\n\n    keepalive_timeout 75s"
    )
    assert one == Change(
        *(Effect.CHANGED, "http", "keepalive_timeout"),
        (
            "the time that idle connections are kept (`keepalive_timeout`) of http "
            "rises from 60s to 75s"
        ),
        *("keepalive_timeout 60s", "keepalive_timeout 75s"),
        *(Place("nginx.conf", 10), Place("nginx.conf", 11)),
        ("it reaches all 2 servers",),
    )


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (
            "allow 10.0.0.0/8; deny all;",
            "deny all; allow 10.0.0.0/8;",
            (
                f"the order of `allow` and `deny` in {ADMIN} changed: "
                "`deny all` moved before `allow 10.0.0.0/8`"
            ),
        ),
        (
            "~^https://y 1; ~^http 2;",
            "~^http 2; ~^https://y 1;",
            (
                "the order of the regular expressions (the first that matches wins) in "
                "`map $http_origin $cors` changed: `~^http 2` moved before `~^https://y 1`"
            ),
        ),
        (
            f"{ONE}\n        {OTHER}",
            f"{OTHER}\n        {ONE}",
            (
                "the order of the regular-expression locations (the first that matches wins) in "
                "server x.example changed: `location ~ ^/x` moved before `location ~ \\.php$`"
            ),
        ),
    ],
)
def test_order_with_a_meaning_is_one_change(before: str, after: str, text: str) -> None:
    """Where the first that matches wins, another order is one change."""
    (one,) = edited(before, after)
    assert (one.effect, one.text) == (Effect.MOVED, text)


def test_a_directive_in_another_block_has_moved() -> None:
    """What leaves one block and comes to another is one change."""
    moved = SITE.replace("client_max_body_size 8k;", "").replace(
        "server_name x.example;", "server_name x.example; client_max_body_size 8k;"
    )
    (one,) = changes(SITE, moved)
    assert one.effect is Effect.MOVED
    assert one.text == f"`client_max_body_size 8k` moved from {COLLECT} to server x.example"


@pytest.mark.parametrize(
    ("base", "patched"),
    [
        ("gzip on; root /a;", "root /a; gzip on;"),
        ("allow 10.0.0.1; allow 10.0.0.2;", "allow 10.0.0.2; allow 10.0.0.1;"),
    ],
)
def test_a_block_that_moved_may_be_written_otherwise(base: str, patched: str) -> None:
    """A block in another place is the same block, whatever the order of what has none."""
    start = "http { server { server_name a; %s } server { server_name b; %s } }"
    location = "location /x { %s }"
    (one,) = changes(start % (location % base, ""), start % ("", location % patched))
    assert one.effect is Effect.MOVED


def test_several_changes_are_told_each() -> None:
    """A renamed location in which one thing changed is two changes, and no more."""
    renamed = SITE.replace("location /admin {", "location /adm {").replace(
        'auth_basic "x"', "auth_basic off"
    )
    assert [one.directive for one in changes(SITE, renamed)] == ["location /adm", "auth_basic"]


INCLUDED = (
    "events {} http { server { server_name a; include s; } server { server_name b; include s; } }"
)


def files(main: str, **others: str) -> Texts:
    """A main file and those beside it."""
    return Texts({"nginx.conf": main, **others})


def compared(base: Texts, patched: Texts) -> tuple[Change, ...]:
    """What differs between two trees."""
    return difference(load(base, "nginx.conf"), load(patched, "nginx.conf"))


def test_a_file_in_two_servers_is_told_once() -> None:
    """A line that two servers read is one change, with both as its scope."""
    (one,) = compared(files(INCLUDED, s="gzip on;"), files(INCLUDED, s="gzip off;"))
    assert one.scope == "server a and server b"
    assert one.text == "compression is switched off in server a and server b (`gzip`)"


def test_an_include_is_told_once() -> None:
    """An include that goes takes all of its directives with it, and is one change."""
    rules = "add_header A b; add_header C d; gzip on;"
    without = INCLUDED.replace("server_name b; include s;", "server_name b;")
    (one,) = compared(files(INCLUDED, s=rules), files(without, s=rules))
    assert (
        one.text == "server b no longer includes `s`: 3 directives gone (2 x add_header and gzip)"
    )
    (other,) = compared(files(without, s=rules), files(INCLUDED, s=rules))
    assert other.text == "server b now includes `s`: 3 directives (2 x add_header and gzip)"
    instead = INCLUDED.replace("server_name b; include s;", "server_name b; include t;")
    (third,) = compared(
        files(INCLUDED, s=rules), files(instead, s=rules, t=f"{rules} sendfile on;")
    )
    assert third.text == "sendfile is switched on in server b (`sendfile`)"


def test_a_part_that_comes_or_goes_is_told_by_what_is_in_it() -> None:
    """The block that is put around a part is written nowhere, and is no change."""
    part = load(files("gzip on; location / { }"), "nginx.conf", "server")
    empty = load(files(""), "nginx.conf")
    assert [one.directive for one in difference(empty, part)] == ["gzip", "location /"]
    assert [one.directive for one in difference(part, empty)] == ["gzip", "location /"]


def test_what_is_not_in_the_tree_is_never_silence() -> None:
    """An include that finds no file is a change when it comes or goes."""
    (one,) = compared(files("include a;"), files("include b;"))
    assert one.text == "the main level reads `b` instead of `a`"
    (gone,) = compared(files("include a;"), files(""))
    assert gone.text == "the main level no longer includes `a`: what it reads is not in the tree"
    assert compared(files("include a;"), files("include  'a' ;")) == ()


def test_what_cannot_be_read_is_never_silence() -> None:
    """A broken file is one change that says so, and what it held does not count as gone."""
    (one,) = compared(files(INCLUDED, s="gzip on; root /a;"), files(INCLUDED, s="gzip on"))
    assert one.text == (
        '`s` cannot be read (line 1: unexpected end of file, expecting ";" or "}"): '
        "what it says is not compared"
    )
    (two,) = compared(files(INCLUDED, s="gzip on"), files(INCLUDED, s="gzip of"))
    assert "what it says is not compared" in two.text
    (three,) = compared(files(INCLUDED, s="gzip on"), files(INCLUDED, s="gzip on;"))
    assert "could not be read before" in three.text
    assert compared(files(INCLUDED, s="gzip on"), files(INCLUDED, s="gzip on")) == ()
