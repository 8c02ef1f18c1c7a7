"""Rules for headers, access and TLS on a change: what it takes away, and where that is told."""

from __future__ import annotations

import time

import pytest

from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.fault import new
from workflow.semantics.nginx.files import Texts
from workflow.semantics.nginx.rules.facts import main, site, tls_site
from workflow.semantics.nginx.rules.headers import HEADERS
from workflow.semantics.nginx.rules.pairs import pairs

FRAME = "add_header X-Frame-Options DENY always;"
TYPES = "add_header X-Content-Type-Options nosniff always;"
APP = "proxy_pass http://127.0.0.1:8000;"
ORIGIN = "add_header Access-Control-Allow-Origin https://a.example always;"


def fresh(base: str, patched: str) -> list[str]:
    """Return the rules that a change of a main file breaks, and how much each weighs."""
    old, after = (load(Texts({"nginx.conf": text}), "nginx.conf") for text in (base, patched))
    assert not old.unread + after.unread
    return [f"{one.rule} {one.level}" for one in new(HEADERS, old, after)]


def policy(scripts: str) -> str:
    """Return a server's policy for scripts."""
    return (
        f"add_header Content-Security-Policy \"default-src 'self'; script-src {scripts}\" always;"
    )


LOST = {
    "a header of the server": (f"{FRAME} {TYPES}", FRAME, ["header-removed fault"]),
    "a header by an empty value": (
        FRAME,
        FRAME.replace("DENY", '""'),
        ["header-removed fault"],
    ),
    "one of a location's headers": (
        f"{FRAME} {TYPES} location /a {{ {FRAME} {TYPES} }}",
        f"{FRAME} {TYPES} location /a {{ {FRAME} }}",
        ["header-inheritance doubt", "header-removed fault"],
    ),
    "headers in a new location": (
        f"{FRAME} location / {{ {APP} }}",
        f"{FRAME} location / {{ {APP} }} location /a {{ add_header X-A b; {APP} }}",
        ["header-inheritance fault"],
    ),
    "a header of a server whose locations add to it": (
        f"add_header_inherit merge; {FRAME} {TYPES} location /a {{ add_header X-A b; {APP} }}",
        f"add_header_inherit merge; {TYPES} location /a {{ add_header X-A b; {APP} }}",
        ["header-removed fault"],
    ),
    "subdomains": (
        'add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;',
        "add_header Strict-Transport-Security max-age=31536000 always;",
        ["hsts-weakened doubt"],
    ),
    "scripts from anywhere": (policy("'self'"), policy("'self' *"), ["csp-weakened fault"]),
    "scripts by eval": (
        policy("'self'"),
        policy("'self' 'unsafe-eval'"),
        ["csp-weakened doubt"],
    ),
    "the directive for scripts": (
        policy("'self'").replace("default-src 'self'; ", ""),
        policy("'self'").replace("default-src 'self'; script-src", "img-src"),
        ["csp-weakened fault"],
    ),
    "a list of hosts": (
        policy("'self'; connect-src 'self'"),
        policy("'self'; connect-src *"),
        ["csp-weakened doubt"],
    ),
    "the list of origins": (
        ORIGIN,
        ORIGIN.replace("https://a.example", "$http_origin") + " add_header Vary Origin always;",
        ["cors-reflected-origin doubt", "cors-widened fault"],
    ),
    "the answer to preflights": (
        f"{ORIGIN} location /a {{ if ($request_method = OPTIONS) {{ return 204; }} {APP} }}",
        f"{ORIGIN} location /a {{ {APP} }}",
        ["cors-preflight-lost doubt"],
    ),
    "deny": (
        f"location /a {{ allow 10.0.0.0/8; deny all; {APP} }}",
        f"location /a {{ {APP} }}",
        ["access-lost fault"],
    ),
    "deny at the end of a list": (
        f"location /a {{ allow 10.0.0.0/8; deny all; {APP} }}",
        f"location /a {{ allow 10.0.0.0/8; {APP} }}",
        ["access-allow-without-deny fault", "access-lost fault"],
    ),
    "deny by a location that is gone": (
        rf"location ~ /\.git {{ deny all; }} location / {{ {APP} }}",
        f"location / {{ {APP} }}",
        ["access-lost fault"],
    ),
    "a login below a longer path": (
        f"location /admin/ {{ auth_basic a; auth_basic_user_file f; {APP} }}",
        (
            f"location /admin/ {{ auth_basic a; auth_basic_user_file f; {APP} }}\n"
            f"location /admin/api/ {{ {APP} }}"
        ),
        ["access-lost fault"],
    ),
    "a login, for another guard": (
        f"location /a {{ auth_basic a; auth_basic_user_file f; {APP} }}",
        f"location /a {{ allow 10.0.0.0/8; deny all; {APP} }}",
        ["access-lost doubt"],
    ),
    "a login, said aloud": (
        f"auth_basic a; auth_basic_user_file f; location /a {{ {APP} }}",
        f"auth_basic a; auth_basic_user_file f; location /a {{ auth_basic off; {APP} }}",
        ["access-lost doubt"],
    ),
    "the refusal of unknown names": (
        "ssl_reject_handshake on;",
        "",
        ["access-lost fault"],
    ),
    "a list, for everybody": (
        f"location /a {{ allow 10.0.0.0/8; deny all; {APP} }}",
        f"location /a {{ allow all; deny all; {APP} }}",
        ["access-lost fault", "access-order fault"],
    ),
    "a login, where one of two is enough": (
        (
            f"satisfy any; auth_basic a; auth_basic_user_file f;\n"
            f"location /a {{ allow 10.0.0.0/8; {APP} }}"
        ),
        f"satisfy any; auth_basic a; auth_basic_user_file f; location /a {{ allow all; {APP} }}",
        ["access-lost fault"],
    ),
    "internal": (
        f"location /a {{ internal; {APP} }}",
        f"location /a {{ {APP} }}",
        ["access-lost fault"],
    ),
    "methods": (
        f"location /a {{ limit_except GET {{ deny all; }} {APP} }}",
        f"location /a {{ {APP} }}",
        ["access-lost fault"],
    ),
    "a refusal": (
        f"location /a {{ return 403; }} location / {{ {APP} }}",
        f"location /a {{ {APP} }} location / {{ {APP} }}",
        ["access-lost doubt"],
    ),
    "flags of cookies": (
        f"location / {{ proxy_cookie_flags ~ secure samesite=lax; {APP} }}",
        f"location / {{ proxy_cookie_flags ~ secure; {APP} }}",
        ["cookie-flags-lost fault"],
    ),
    "the client's address": (
        f"location / {{ proxy_set_header X-Forwarded-For $remote_addr; {APP} }}",
        f"location / {{ proxy_set_header X-Forwarded-For $http_x_forwarded_for; {APP} }}",
        ["forwarded-for-client fault"],
    ),
    "the check of an upstream": (
        "location / { proxy_ssl_verify on; proxy_pass https://192.0.2.7; }",
        "location / { proxy_pass https://192.0.2.7; }",
        ["tls-verify-weakened fault"],
    ),
}
KEPT = {
    "headers moved into the server": (
        f"location / {{ {FRAME} {APP} }}",
        f"{FRAME} location / {{ {APP} }}",
    ),
    "a name in other letters": (FRAME, FRAME.replace("X-Frame-Options", "x-frame-options")),
    "a header by another module": (FRAME, 'more_set_headers "X-Frame-Options: DENY";'),
    "a location beside others": (
        f"{FRAME} location / {{ return 404; }}",
        f"{FRAME} location / {{ return 404; }} location = /a {{ {APP} }}",
    ),
    "a location that is gone": (
        f"location / {{ {APP} }} location /a {{ {FRAME} {APP} }}",
        f"location / {{ {APP} }}",
    ),
    "a stricter policy": (policy("'self' 'unsafe-inline'"), policy("'self'")),
    "inline scripts by nonce": (
        policy("'self' 'nonce-$request_id'"),
        policy("'self' 'nonce-$request_id' 'unsafe-inline'"),
    ),
    "a guard moved outwards": (
        f"location /a {{ deny all; {APP} }}",
        f"deny all; location /a {{ {APP} }}",
    ),
    "another limit": (
        f"location /a {{ limit_except GET {{ deny all; }} {APP} }}",
        f"location /a {{ limit_except GET POST {{ deny all; }} {APP} }}",
    ),
    "a refusal with another status": (
        "location /a { if ($request_method != POST) { return 405; } }",
        "location /a { if ($request_method !~ ^(GET|POST)$) { return 403; } }",
    ),
    "a location that refuses instead of asking": (
        f"location /a {{ auth_basic a; auth_basic_user_file f; {APP} }}",
        "location /a { return 410; }",
    ),
}


@pytest.mark.parametrize("name", LOST)
def test_what_a_change_takes_away_is_told(name: str) -> None:
    """A change that loses protection is told by the rules for it, with its weight."""
    base, patched, expected = LOST[name]
    assert sorted(fresh(site(base), site(patched))) == expected


@pytest.mark.parametrize("name", KEPT)
def test_what_a_change_keeps_is_not_told(name: str) -> None:
    """A change after which everything is protected as before has no finding."""
    base, patched = KEPT[name]
    assert fresh(site(base), site(patched)) == []


@pytest.mark.parametrize("name", LOST)
def test_the_way_back_loses_nothing(name: str) -> None:
    """Undoing such a change is no fault, so that a mend is never refused."""
    base, patched, _ = LOST[name]
    assert [one for one in fresh(site(patched), site(base)) if one.endswith("fault")] == []


def test_a_header_of_the_server_is_told_once_for_all_locations() -> None:
    """Ten locations that inherit a header are one finding, at the server."""
    below = "".join(f"location /{n} {{ add_header X-A b; {APP} }}\n" for n in range(10))
    below = f"add_header_inherit merge;\n{below}"
    old, after = (
        load(Texts({"a.conf": site(text)}), "a.conf") for text in (f"{FRAME}\n{below}", below)
    )
    (fault,) = new(HEADERS, old, after)
    assert fault.scope == "server example.test"
    assert "more block" not in fault.cause


def test_a_lost_snippet_is_told_once_for_all_locations() -> None:
    """Locations that lose the same headers, each by itself, are one finding that counts them."""
    text = "".join(f"location /{number} {{ {FRAME} {APP} }}\n" for number in range(3))
    old, after = (
        load(Texts({"a.conf": site(one)}), "a.conf") for one in (text, text.replace(FRAME, ""))
    )
    (fault,) = new(HEADERS, old, after)
    assert "and 2 more blocks had X-Frame-Options" in fault.cause


def test_tls_switched_off_is_told() -> None:
    """A listener that loses `ssl` while the server keeps its certificate is a fault."""
    assert fresh(tls_site(""), tls_site("", listen="443")) == ["tls-port-without-ssl fault"]


def test_clients_that_need_no_certificate_any_more_are_told() -> None:
    """Taking `ssl_verify_client` out is the same as switching it off."""
    base = tls_site("ssl_client_certificate ca.crt;\nssl_verify_client on;")
    assert fresh(base, tls_site("ssl_client_certificate ca.crt;")) == ["tls-verify-weakened fault"]


def test_old_faults_come_along_with_a_renamed_block() -> None:
    """A location under another path, or a server on another port, brings no new fault with it."""
    base = site(f"{FRAME} location /a {{ add_header X-A b; }}")
    assert fresh(base, base.replace("/a ", "/b ")) == []
    assert fresh(base, base.replace("listen 80", "listen 81")) == []
    unnamed = base.replace("server_name example.test;", "")
    assert fresh(unnamed, unnamed.replace("listen 80", "listen 81")) == []
    assert fresh(base, base.replace("location /a", "location /b { add_header X-A b; } location /a"))


def test_servers_are_found_again_in_another_order() -> None:
    """Servers are matched by their names, wherever they stand."""
    one, two = (
        f"server {{ listen 80; server_name {name}; {header} }}"
        for name, header in (("a.example", FRAME), ("b.example", ""))
    )
    assert fresh(main(f"{one}\n{two}"), main(f"{two}\n{one}")) == []
    assert fresh(main(f"{one}\n{two}"), main(f"{two}\n{one.replace(FRAME, '')}")) == [
        "header-removed fault"
    ]


def test_many_blocks_are_matched_in_bounded_time() -> None:
    """Two thousand locations that all have other names are compared in a moment."""
    old, after = (
        load(
            Texts(
                {
                    "a.conf": site(
                        "\n".join(f"location /{n}{i} {{ deny all; }}" for i in range(2000))
                    )
                }
            ),
            "a.conf",
        )
        for n in ("a", "b")
    )
    start = time.monotonic()
    assert len(pairs(old, after)) < 1000
    new(HEADERS, old, after)
    assert time.monotonic() - start < 20
