"""The semantic diff says what follows from a change: by inheritance, by matching, by names."""

from __future__ import annotations

import pytest

from workflow.semantics.nginx.diff import difference
from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.files import Texts

SITE = """\
http {
    map $a $cors { default 1; }
    upstream app { server 10.0.0.1; }
    limit_req_zone $a zone=one:1m rate=1r/s;
    access_log /l;
    server { listen 80; server_name first; proxy_set_header A $cors; }
    server {
        listen 80;
        server_name x;
        add_header One 1;
        add_header Two 2;
        client_max_body_size 1m;
        allow 10.0.0.1;
        deny all;
        location / { client_max_body_size 2m; }
        location /api { add_header Own 1; proxy_pass http://app; limit_req zone=one; }
        location /api/old { return 200; }
        location ~ one { return 200; }
        location ~ two { return 200; }
    }
}
"""
ROOT = "`location /` of server x"


def followed(old: str, new: str) -> tuple[str, ...]:
    """What follows from the one change that another piece of the sample makes."""
    assert SITE.count(old) == 1, old
    texts = (SITE, SITE.replace(old, new))
    (one,) = difference(*(load(Texts({"nginx.conf": text}), "nginx.conf") for text in texts))
    return one.consequences


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "location / {",
            "location / { add_header X 1;",
            f"2 inherited headers are lost in {ROOT}: `One`, `Two`",
        ),
        (
            "location / {",
            "location / { add_header One 5;",
            f"1 inherited header is lost in {ROOT}: `Two`",
        ),
        (
            "add_header Own 1;",
            "",
            "2 inherited headers now apply in `location /api` of server x: `One`, `Two`",
        ),
        (
            "location / {",
            "location / { deny 10.0.0.9;",
            (f"2 inherited access rules are lost in {ROOT}: `allow 10.0.0.1` and `deny all`"),
        ),
        (
            "location / {",
            "location / { access_log /own;",
            f"1 inherited log is lost in {ROOT}: `access_log /l`",
        ),
        (
            "client_max_body_size 1m",
            "client_max_body_size 3m",
            f"no effect in {ROOT}, which has its own",
        ),
        ("access_log /l;", "access_log /m;", "it reaches all 2 servers"),
        ("server 10.0.0.1;", "server 10.0.0.2;", "used by `location /api` of server x"),
        ("default 1;", "default 2;", "used by server first"),
        ("rate=1r/s", "rate=2r/s", "used by `location /api` of server x"),
        (
            "location ~ one",
            "location = /api/new { return 204; } location ~ one",
            "`location = /api/new` takes requests from `location /api`",
        ),
        (
            "location ~ one",
            "location = /api/one { return 204; } location ~ one",
            "`location = /api/one` takes requests from `location ~ one`",
        ),
        (
            "location ~ one",
            "location ~ new { return 204; } location ~ one",
            (
                "`location ~ new` is tried before the plain prefixes, and before "
                "`location ~ one` and `location ~ two`"
            ),
        ),
        (
            "location /api/old { return 200; }",
            "",
            "requests to `/api/old` go to `location /api` (unless a regular expression takes them)",
        ),
        (
            "listen 80; server_name first;",
            "listen 81; server_name first;",
            "requests for names that no server has on *:80 go to server x instead of server first",
        ),
    ],
)
def test_what_follows_is_told(old: str, new: str, said: str) -> None:
    """The consequence stands with the change that it follows from, and is alone."""
    assert followed(old, new) == (said,)


def test_a_new_location_takes_requests_and_lacks_headers() -> None:
    """A new `^~` location comes before regular expressions; its own header hides the outer ones."""
    assert followed("location ~ one", "location ^~ /api/x { add_header A b; } location ~ one") == (
        "`location ^~ /api/x` takes requests from `location /api`",
        "`location ~ one` and `location ~ two` are not tried for its requests",
        "2 inherited headers do not apply in `location ^~ /api/x` of server x: `One`, `Two`",
    )


def test_a_setting_that_merges_loses_nothing() -> None:
    """With `add_header_inherit merge`, a location's header is added to the outer ones."""
    base = SITE.replace("server_name x;", "server_name x; add_header_inherit merge;")
    texts = (base, base.replace("location / {", "location / { add_header X 1;"))
    (one,) = difference(*(load(Texts({"nginx.conf": text}), "nginx.conf") for text in texts))
    assert one.consequences == ()


def test_a_new_default_server_follows_from_the_server() -> None:
    """A server that comes first takes the names that nobody has: told with the server."""
    new = "server { listen 80; server_name new; return 444; }"
    said = followed(
        "server { listen 80; server_name first;", f"{new} server {{ listen 80; server_name first;"
    )
    assert said == (
        "requests for names that no server has on *:80 go to server new instead of server first",
    )
