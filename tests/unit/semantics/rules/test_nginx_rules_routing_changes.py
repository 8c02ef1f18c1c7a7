"""What the routing rules say of several servers, of whole trees and of changes."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pytest

from tests.unit.semantics.rules.routing_cases import DOUBT, FAULT, TO_APP, in_site, of, read
from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.fault import Fault, found, new
from workflow.semantics.nginx.files import Texts
from workflow.semantics.nginx.rules.routes import http, site
from workflow.semantics.nginx.rules.routing import ROUTING


def in_http(rule: str, text: str) -> list[Fault]:
    """Return what a rule finds where these lines are all of `http`."""
    return of(rule, found(ROUTING, read(http(text))))


def changed(rule: str, before: str, after: str) -> list[Fault]:
    """Return what a rule finds new when a server's lines change."""
    return of(rule, new(ROUTING, read(site(before)), read(site(after))))


def test_the_second_of_two_ifs_is_the_fault() -> None:
    """Where both may hold, what the first sets is lost; values of one variable exclude it."""
    text = f"location / {{ if ($arg_a) {{ expires 1h; }} if ($arg_b) {{ expires 2h; }} {TO_APP} }}"
    faults = in_site("if-content", text)
    assert [one.level for one in faults] == [DOUBT, FAULT]
    assert "only the second counts" in faults[1].cause
    other = text.replace("($arg_a)", "($arg_x = a)").replace("($arg_b)", "($arg_x = b)")
    assert [one.level for one in in_site("if-content", other)] == [DOUBT, DOUBT]


def test_the_repositorys_own_site_has_no_fault() -> None:
    """The configuration that the product ships as an example is clean."""
    root = Path(__file__).parents[4] / "sandbox_repo"
    texts = {
        str(one.relative_to(root)): one.read_text()
        for one in (root / "nginx").rglob("*")
        if one.is_file()
    }
    config = load(Texts(texts, "nginx"), "nginx/nginx.conf")
    assert config.servers
    assert found(ROUTING, config) == ()


def test_a_named_location_of_another_server_does_not_count() -> None:
    """`@app` is looked up in the server of the request."""
    other = "server { listen 81; location @app { return 404; } }"
    asking = "server { listen 82; error_page 404 @app; }"
    assert len(in_http("named-location-missing", asking + other)) == 1
    everywhere = "error_page 404 @app; " + other
    assert in_http("named-location-missing", everywhere) == []
    assert len(in_http("named-location-missing", "error_page 404 @ap; " + other)) == 1


def test_what_an_include_may_hold_is_not_called_missing() -> None:
    """With a file that is not there, nothing can be said of what it may define."""
    text = site("include locations.conf;\nerror_page 404 @app;")
    assert of("named-location-missing", found(ROUTING, read(text))) == []
    elsewhere = http("include other.conf;\nserver { listen 81; error_page 404 @app; }")
    assert len(of("named-location-missing", found(ROUTING, read(elsewhere)))) == 1
    part = load(Texts({"a.conf": "error_page 404 @app;"}), "a.conf", "server")
    assert of("named-location-missing", found(ROUTING, part)) == []


def test_a_resolver_that_may_be_around_a_part_is_a_doubt() -> None:
    """A part is read without `http`, where the resolver may be."""
    text = "location / { set $b app.example.test; proxy_pass http://$b; }"
    part = load(Texts({"a.conf": text}), "a.conf", "server")
    assert [one.level for one in of("resolver-missing", found(ROUTING, part))] == [DOUBT]


def test_a_value_is_followed_through_maps_but_not_through_geo() -> None:
    """A map's result may hold variables; what `geo` gives is plain text."""
    text = "BLOCK server { listen 81; add_header X-Path $b; }"
    mapped = "map $host $b { default 1; a $uri; }"
    assert len(in_http("uri-splits-header", text.replace("BLOCK", mapped))) == 1
    placed = "geo $b { default 1; 127.0.0.1 $uri; }"
    assert in_http("uri-splits-header", text.replace("BLOCK", placed)) == []


def test_a_second_location_of_a_pattern_is_no_change_of_order() -> None:
    """What was there keeps its place; the new one is judged by another rule."""
    old = "location ~ a { return 404; } location ~ b { return 403; }"
    assert changed("pattern-order-changed", old, f"{old} location ~ a {{ return 410; }}") == []


def test_methods_that_are_let_through_anew_are_named() -> None:
    """A longer list is often meant, and is shown; a shorter one is no fault."""
    text = f"location / {{ limit_except LIST {{ deny all; }} {TO_APP} }}"
    short, long = (text.replace("LIST", names) for names in ("POST", "POST PUT DELETE"))
    (fault,) = changed("method-limit-lost", short, long)
    assert (fault.level, "DELETE, PUT" in fault.cause) == (DOUBT, True)
    assert changed("method-limit-lost", long, short) == []


def test_a_new_location_loses_no_method_limit() -> None:
    """The limit of the location that took its requests before is still there."""
    old = f"location / {{ limit_except GET {{ deny all; }} {TO_APP} }}"
    assert changed("method-limit-lost", old, f"{old} location /a {{ {TO_APP} }}") == []


def test_a_new_location_lowers_no_timeout() -> None:
    """Requests that were refused before had no time to answer in."""
    old = "location / { return 404; }"
    quick = f"location /a {{ proxy_read_timeout 5s; {TO_APP} }}"
    assert changed("timeout-lowered", old, old + quick) == []


def test_variables_that_grow_without_end_are_given_up() -> None:
    """Variables that name each other, twice in each step, cost a bounded number of steps."""
    sets = " ".join(f"set $v{n} $v{n + 1}$v{n + 1};" for n in range(300))
    text = f"{sets} set $v300 $v0; location / {{ proxy_pass http://$v0; }}"
    assert in_site("proxy-to-any-host", text) == []


def test_a_map_of_fixed_values_is_no_host_of_the_caller() -> None:
    """A host that a map chooses is one of the map's."""
    text = (
        "map $arg_x $b { default 127.0.0.1:1; two 127.0.0.1:2; }"
        "server { location / { proxy_pass http://$b; } }"
    )
    assert in_http("proxy-to-any-host", text) == []
    assert in_http("resolver-missing", text) == []


def test_the_own_port_is_a_loop_only_without_another_server_there() -> None:
    """A server behind nginx in the same nginx is usual; one that asks itself is not."""
    loop = (
        "upstream app { server localhost:81; }"
        "server { listen 81; location / { proxy_pass http://app; } }"
    )
    assert [one.evidence for one in in_http("proxy-loop", loop)] == ["server localhost:81;"]
    behind = loop + " server { listen 81; server_name b.example.test; }"
    assert in_http("proxy-loop", behind) == []


def test_a_redirect_to_https_in_a_server_with_tls_is_a_loop() -> None:
    """The server's `return` runs for its TLS listener as well."""
    both = "server { listen 80; listen 443 ssl; return 301 https://$host$request_uri; }"
    assert len(in_http("redirect-loop", both)) == 1
    plain = "server { listen 80; return 301 https://$host$request_uri; }"
    assert in_http("redirect-loop", plain) == []


COMPARED = [
    (
        "proxy-path-changed",
        "location /a/ { proxy_pass http://127.0.0.1:1; }",
        "location /a/ { proxy_pass http://127.0.0.1:1/; }",
        "as `/x`; before it was `/a/x`",
    ),
    (
        "proxy-path-changed",
        "location / { proxy_pass http://127.0.0.1:1; }",
        "location / { proxy_pass http://127.0.0.1:1/; }",
        "decoded path",
    ),
    (
        "proxy-target-changed",
        "location / { proxy_pass http://127.0.0.1:1; }",
        "location / { proxy_pass https://127.0.0.1:1; }",
        "`https://127.0.0.1:1` instead of `http://127.0.0.1:1`",
    ),
    (
        "method-limit-lost",
        f"location / {{ if ($request_method != POST) {{ return 405; }} {TO_APP} }}",
        f"location / {{ {TO_APP} }}",
        "takes all methods",
    ),
    (
        "timeout-lowered",
        f"location / {{ {TO_APP} }}",
        f"location / {{ proxy_read_timeout 6s; {TO_APP} }}",
        "60s to 6s",
    ),
]  # fmt: skip - see above


@pytest.mark.parametrize(("rule", "before", "after", "said"), COMPARED)
def test_a_fault_of_the_change_itself_is_named(
    rule: str, before: str, after: str, said: str
) -> None:
    """What was and what is are both in the sentence; the other way round is judged anew."""
    faults = changed(rule, before, after)
    assert len(faults) == 1
    assert said in faults[0].cause
    assert changed(rule, after, after) == []


def test_another_server_of_an_upstream_is_named_with_the_old_one() -> None:
    """A changed port in an upstream block says which address was left."""
    text = (
        "upstream app {{ server 127.0.0.1:{}; }}"
        "server {{ location / {{ proxy_pass http://app; }} }}"
    )
    base, patched = (read(http(text.format(port))) for port in (1, 2))
    (fault,) = of("proxy-target-changed", new(ROUTING, base, patched))
    assert "`127.0.0.1:2` instead of `127.0.0.1:1`" in fault.cause


def test_a_new_server_in_front_takes_the_unnamed_requests() -> None:
    """Without `default_server` the first in the files answers them, and that is only doubted."""
    old = "server { listen 81; server_name a.example.test; }"
    front = "server { listen 81; server_name b.example.test; } "
    base, patched = read(http(old)), read(http(front + old))
    (fault,) = of("default-server-moved", new(ROUTING, base, patched))
    assert fault.level is DOUBT
    assert of("default-server-moved", new(ROUTING, base, read(http(old + front)))) == []


def test_an_old_fault_is_not_new_when_it_moves() -> None:
    """A fault's key has no lines, and its words do not depend on its place."""
    text = "location /s { alias /x/s/; }"
    assert changed("alias-traversal", text, f"# more\n\n\nroot /y;\n{text}") == []


def test_many_items_take_linear_time() -> None:
    """Twenty thousand items take seconds at the very most, whatever shape they have."""
    wide = "\n".join(f"location ~ ^/{n}/(.*)$ {{ proxy_pass http://app{n}; }}" for n in range(5000))
    config = read(http(f"upstream app {{ server 127.0.0.1:1; }} server {{ {wide} }}"))
    servers = " ".join(f"server {{ listen {n % 999 + 1}; server_name n{n}; }}" for n in range(5000))
    start = perf_counter()
    found(ROUTING, config)
    found(ROUTING, read(http(servers)))
    assert perf_counter() - start < 20
