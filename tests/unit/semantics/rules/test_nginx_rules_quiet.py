"""Breakages that nginx accepts and a reader overlooks, and harmless edits that look like one."""

from __future__ import annotations

import pytest

from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.fault import Fault, Level, found, new
from workflow.semantics.nginx.files import Texts
from workflow.semantics.nginx.rules import RULES
from workflow.semantics.nginx.rules.routes import http, site

FAULT, DOUBT = Level.FAULT, Level.DOUBT
TO_APP = "proxy_pass http://127.0.0.1:9000;"
PHP = "location ~ \\.php$ { CHECK fastcgi_param SCRIPT_FILENAME VALUE; fastcgi_pass 127.0.0.1:1; }"
SCRIPT = "$document_root$fastcgi_script_name"
DENIED = r"location ~* /(?:uploads|files)/.*\.php$ { deny all; }"
SERVED = r"location ~ \.php$ { root /srv; }"
HIDDEN = r"location ~ /\. { deny all; }"
STATIC = r"location ~ \.(js|css)$ { expires 1d; }"
CLOSED = "location ~ ^/img/secret/ { deny all; }"
PICTURES = r"location ~ ^/img/.*\.png$ { expires 7d; }"
DUMPS = r"location ~ \.(sql|bak)$ { return 403; }"
BOTH = "split_clients $remote_addr $v { 5% VALUE; * stable; }"
SPLIT = (
    f"upstream canary {{ server 127.0.0.1:1; }} upstream stable {{ server 127.0.0.1:2; }} {BOTH}"
    "server { location / { proxy_pass http://$v; } }"
)
STREAM = (
    "events {} stream { map $ssl_preread_server_name $b { default web; a.example.test VALUE; }"
    "upstream web { server 127.0.0.1:1; } upstream git { server 127.0.0.1:2; }"
    "server { listen 81; PREREAD proxy_pass $b; } }"
)
CACHED = (
    "proxy_cache_path /tmp/x keys_zone=a:1m; map $http_cookie $skip { default 0; ~s= 1; }"
    "server { location / { proxy_cache a; LINES " + TO_APP + " } }"
)


def all_of(text: str) -> tuple[Fault, ...]:
    """Return what every rule finds in a main file."""
    config = load(Texts({"nginx.conf": text}), "nginx.conf")
    assert not config.unread
    return found(RULES, config)


def ids(faults: tuple[Fault, ...]) -> list[tuple[str, Level]]:
    """Return the rule and the weight of each."""
    return [(one.rule, one.level) for one in faults]


def changed(before: str, after: str) -> tuple[Fault, ...]:
    """Return what every rule finds new when one main file becomes another."""
    base, patched = (load(Texts({"nginx.conf": one}), "nginx.conf") for one in (before, after))
    assert not base.unread
    assert not patched.unread
    return new(RULES, base, patched)


def test_a_renamed_upstream_is_no_other_address() -> None:
    """The servers are the same, whatever the block is called."""
    text = "upstream NAME {{ server 127.0.0.1:{}; }} server {{ location / {{ {} }} }}"
    one = http(text.format(1, "proxy_pass http://NAME;").replace("NAME", "first"))
    other = http(text.format(1, "proxy_pass http://NAME;").replace("NAME", "second"))
    assert changed(one, other) == ()
    assert changed(one, one.replace(":1;", ":1 weight=1;")) == ()
    moved = http(text.format(2, "proxy_pass http://NAME;").replace("NAME", "second"))
    (fault,) = changed(one, moved)
    assert "upstream `http://second` instead of upstream `http://first`" in fault.cause


def test_the_scheme_that_grpc_pass_has_anyway_changes_nothing() -> None:
    """`grpc_pass a` and `grpc_pass grpc://a` are one; `grpcs://` is not."""
    text = "http2 on; location / { grpc_pass TO; }"
    one, other, safe = (
        site(text.replace("TO", to))
        for to in ("127.0.0.1:1", "grpc://127.0.0.1:1", "grpcs://127.0.0.1:1")
    )
    assert changed(one, other) == ()
    assert ids(changed(one, safe)) == [("proxy-target-changed", DOUBT)]


def test_another_port_behind_a_stream_server_is_a_doubt() -> None:
    """Servers of `stream` are paired by what they listen on."""
    text = "events {{}} stream {{ server {{ listen 5432; proxy_pass 127.0.0.1:{}; }} }}"
    (fault,) = changed(text.format(5432), text.format(5433))
    assert fault.rule == "proxy-target-changed"
    assert "`127.0.0.1:5433` instead of `127.0.0.1:5432`" in fault.cause


def test_a_misspelled_upstream_in_a_choice_is_named_where_it_stands() -> None:
    """The line of the map is at fault, and a resolver would not mend it."""
    assert all_of(http(SPLIT.replace("VALUE", "canary"))) == ()
    (fault,) = all_of(http(SPLIT.replace("VALUE", "canery")))
    assert (fault.rule, fault.evidence) == ("upstream-name-typo", "5% canery;")
    preread = STREAM.replace("PREREAD", "ssl_preread on;")
    assert all_of(preread.replace("VALUE", "git")) == ()
    (fault,) = all_of(preread.replace("VALUE", "gti"))
    assert (fault.rule, fault.fix) == ("upstream-name-typo", "write `git`")


def test_only_those_fail_whose_name_nobody_looks_up() -> None:
    """One value of several is not every request, and a stream has no status."""
    (fault,) = all_of(http(SPLIT.replace("VALUE", "app.example.test")))
    assert fault.cause.startswith("each request that goes to `app.example.test` fails with 502")
    stream = STREAM.replace("PREREAD", "ssl_preread on;").replace("VALUE", "x.example.test:1")
    (fault,) = all_of(stream)
    assert fault.cause.startswith("each connection that goes to `x.example.test:1` is closed")


def test_a_name_that_is_not_read_from_the_handshake_is_a_fault() -> None:
    """Without ssl_preread the map's default takes every connection."""
    text = STREAM.replace("VALUE", "git")
    whole = text.replace("PREREAD", "ssl_preread on;")
    assert changed(whole, whole.replace(":1;", ":1 weight=1;")) == ()
    assert ids(all_of(text.replace("PREREAD", ""))) == [("preread-off", FAULT)]


def test_a_bypass_by_a_map_of_cookies_stores_as_well() -> None:
    """What a map makes of a cookie is as personal as the cookie, unless the key has it."""
    text = http(CACHED)
    lines = "proxy_cache_bypass $skip;"
    assert ids(all_of(text.replace("LINES", lines))) == [("cache-bypass-stores", FAULT)]
    for more in ("proxy_no_cache $skip;", "proxy_cache_key $host$request_uri$skip;"):
        assert all_of(text.replace("LINES", lines + more)) == ()
    flag = "set $no 0; if ($http_cookie ~ s=) { set $no 1; } proxy_cache_bypass $no;"
    assert ids(all_of(text.replace("LINES", flag))) == [("cache-bypass-stores", FAULT)]


def test_a_redirect_in_front_of_a_login_is_a_doubt() -> None:
    """Everybody is sent elsewhere; a location that only redirects is meant so."""
    text = "location /a/ {{ deny all; {} {} }}"
    (fault,) = all_of(site(text.format("return 302 /b/;", TO_APP)))
    assert (fault.rule, fault.level) == ("access-skipped-by-return", DOUBT)
    assert all_of(site(text.format("return 302 /b/;", ""))) == ()
    assert all_of(site(text.format("return 503;", TO_APP))) == ()


def test_grpc_needs_http2_from_whoever_says_it() -> None:
    """`http2 on`, and a `listen` with http2 of any server on that socket, are enough."""
    grpc = "location / { grpc_pass grpc://127.0.0.1:1; }"
    server = "server {{ listen 81{}; {} {} }}"
    bare = server.format("", "server_name a.example.test;", grpc)
    assert ids(all_of(http(bare))) == [("grpc-without-http2", FAULT)]
    assert all_of(http(f"http2 on; {bare}")) == ()
    beside = server.format(" http2", "server_name b.example.test;", "return 404;")
    assert "grpc-without-http2" not in {one.rule for one in all_of(http(bare + beside))}
    part = load(Texts({"a.conf": bare}), "a.conf", "http")
    assert ids(found(RULES, part)) == [("grpc-without-http2", DOUBT)]


@pytest.mark.parametrize("setting", ["proxy_set_header", "grpc_set_header", "fastcgi_param"])
def test_an_identity_that_the_caller_writes_is_a_fault(setting: str) -> None:
    """What nginx proved is given up for a header of the request."""
    passing = setting.replace("_set_header", "_pass 127.0.0.1:1").replace("_param", "_pass x:1")
    text = f"http2 on; location / {{ {setting} X_USER VALUE; "
    text += f"{passing.replace('proxy_pass ', 'proxy_pass http://')}; }}"
    proven, claimed, other = (
        site(text.replace("VALUE", value))
        for value in ("$ssl_client_s_dn", "$http_x_user", "$remote_user")
    )
    assert ids(changed(proven, claimed)) == [("identity-from-client", FAULT)]
    assert changed(proven, other) == ()
    assert changed(claimed, proven) == ()
    assert changed(claimed, claimed.replace("$http_x_user", "$http_x_other")) == ()


def test_a_script_without_its_root_is_a_fault() -> None:
    """PHP-FPM answers "File not found." for the address of a script."""
    text = f"root /srv; {PHP.replace('CHECK', 'try_files $uri =404;')}"
    assert all_of(site(text.replace("VALUE", SCRIPT))) == ()
    assert all_of(site(text.replace("VALUE", "/srv$fastcgi_script_name"))) == ()
    for value in ("$fastcgi_script_name", "$uri", "${document_uri}"):
        (fault,) = all_of(site(text.replace("VALUE", f'"{value}"')))
        assert (fault.rule, fault.level) == ("fastcgi-script-without-root", FAULT)


def test_a_check_for_the_script_that_is_gone_is_a_doubt() -> None:
    """`try_files` and `if (!-f …)` do the same; none of them is told."""
    text = f"root /srv; {PHP.replace('VALUE', SCRIPT)}"
    tried, tested, none = (
        site(text.replace("CHECK", check))
        for check in (
            "try_files $uri =404;",
            "if (!-f $document_root$fastcgi_script_name) { return 404; }",
            "",
        )
    )
    assert ids(changed(tried, none)) == [("fastcgi-check-lost", DOUBT)]
    assert "fastcgi-check-lost" in {one.rule for one in changed(tested, none)}
    assert "fastcgi-check-lost" not in {one.rule for one in changed(tried, tested)}


ORDERS = [
    (DENIED + SERVED, SERVED + DENIED, FAULT, "refuses nothing any more"),
    (HIDDEN, STATIC + HIDDEN, DOUBT, "is served and no longer refused"),
    (SERVED + STATIC, STATIC + SERVED, None, ""),
    (DUMPS, STATIC + DUMPS, None, ""),
    (HIDDEN, HIDDEN + STATIC, None, ""),
    (CLOSED + PICTURES, PICTURES + CLOSED, DOUBT, "both patterns match"),
    (CLOSED, CLOSED.replace("/img/", "/css/").replace("deny all", "expires 1d") + CLOSED, None, ""),
    (HIDDEN, DUMPS + HIDDEN, None, ""),
    (DENIED, SERVED.replace(r"~ \.", r"~ ^/a\.") + DENIED, DOUBT, "both patterns match"),
]


@pytest.mark.parametrize(("before", "after", "level", "said"), ORDERS)
def test_a_pattern_that_refuses_and_comes_too_late_is_told(
    before: str, after: str, level: Level | None, said: str
) -> None:
    """It is a fault where nothing is left to refuse, and nothing where no request fits both."""
    faults = [one for one in changed(site(before), site(after)) if "pattern-order" in one.rule]
    assert [one.level for one in faults] == ([level] if level else [])
    assert all(said in one.cause for one in faults)


def test_the_line_of_evidence_is_the_files_own() -> None:
    """Quotes stay as they are written, so that a search finds the line."""
    text = site("location / { add_header Alt-Svc 'h3=\":8443\"; ma=86400' always; return 204; }")
    evidence = {one.rule: one.evidence for one in all_of(text)}
    line = "add_header Alt-Svc 'h3=\":8443\"; ma=86400' always;"
    assert evidence["alt-svc-without-quic"] == line
    long = site(f"location / {{ if ($arg_a) {{ set $a '{'x' * 900}'; {TO_APP} }} }}")
    assert all(len(one.evidence) <= 240 for one in all_of(long))


def test_a_renamed_variable_is_no_other_address() -> None:
    """What the variable holds is compared, and no port is made up for it."""
    text = "location / { set $NAME 127.0.0.1:PORT; proxy_pass http://$NAME; }"
    one, other, moved = (
        site(text.replace("NAME", name).replace("PORT", port))
        for name, port in (("up", "1"), ("backend", "1"), ("backend", "2"))
    )
    assert changed(one, other) == ()
    (fault,) = changed(one, moved)
    assert "`http://$backend` instead of `http://$up`" in fault.cause


def test_headers_that_a_location_only_repeats_invite_no_preflight() -> None:
    """To repeat what is inherited changes no answer, so it cannot bring in a fault."""
    headers = (
        "add_header Access-Control-Allow-Origin https://a.example.test always;"
        "add_header Access-Control-Allow-Methods GET always;"
    )
    text = f"{headers} location = /h {{ MORE if ($request_method != GET) {{ return 405; }} "
    text += f"{TO_APP} }}"
    base, same, other = (
        site(text.replace("MORE", more)) for more in ("", headers, headers.replace(" GET", " PUT"))
    )
    assert changed(base, same) == ()
    assert "cors-preflight-denied" in {one.rule for one in changed(base, other)}


def test_a_mend_keeps_the_modifier_of_the_location() -> None:
    """Followed to the letter, the mend must not open the location to patterns."""
    (alias,) = all_of(site("location ^~ /s { alias /x/s/; }"))
    assert "`location ^~ /s/`" in alias.fix
    (passed,) = all_of(site("location ^~ /s { proxy_pass http://127.0.0.1:9000/; }"))
    assert "`location ^~ /s/`" in passed.fix


def test_a_server_without_a_name_is_not_said_to_have_one() -> None:
    """The cause speaks of `_` only where that is written."""
    text = "server { listen 81; server_name a.example.test; } server { listen 81; NAME }"
    (fault,) = all_of(http(text.replace("NAME", "return 444;")))
    assert "it has no name, and they go to" in fault.cause
    (fault,) = all_of(http(text.replace("NAME", "server_name _; return 444;")))
    assert "`_` is a name like any other, and they go to" in fault.cause


def test_a_default_server_that_moves_is_told_once_for_both_families() -> None:
    """IPv4 and IPv6 listeners of one port are one edit."""
    text = "server {{ listen 81{0}; listen [::]:81{0}; server_name a.example.test; }}"
    text += "server {{ listen 81{1}; listen [::]:81{1}; server_name b.example.test; }}"
    before, after = (http(text.format(*two)) for two in ((" default", ""), ("", " default")))
    before, after = (one.replace(" default", " default_server") for one in (before, after))
    assert [one.rule for one in changed(before, after)] == ["default-server-moved"]
