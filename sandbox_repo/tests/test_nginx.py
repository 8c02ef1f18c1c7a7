"""The promises of the nginx files that `nginx -t` does not check."""

import re
from typing import Final

import pytest
from fastapi.routing import APIRoute

from app.main import app
from tests.nginx_text import NGINX_DIR, Directive, parse

MAIN: Final = Directive("main", (), parse((NGINX_DIR / "nginx.conf").read_text("utf-8")))
(HTTP,) = MAIN.all("http")
HTTP3: Final = parse((NGINX_DIR / "http3.d" / "http3.conf.off").read_text("utf-8"))
ORIGINS: Final = frozenset({"https://ado.im", "https://www.ado.im"})  # more may come, none may go


def is_tls(server: Directive) -> bool:
    """Tell whether a server listens with TLS."""
    return any("ssl" in listen.args for listen in server.all("listen"))


(SITE,) = (server for server in HTTP.all("server") if is_tls(server))
LOCATIONS: Final = SITE.all("location")
PROXIED: Final = tuple(item for item in LOCATIONS if item.all("proxy_pass"))


def header(name: str) -> str:
    """Return the value of a header that the site sends exactly once."""
    (value,) = (item.args[1] for item in SITE.all("add_header") if item.args[0] == name)
    return value


def csp() -> dict[str, frozenset[str]]:
    """Return the Content-Security-Policy as directive -> sources."""
    parts = (part.split() for part in header("Content-Security-Policy").split(";"))
    return {part[0]: frozenset(part[1:]) for part in parts if part}


def methods(location: Directive) -> set[str]:
    """Return the methods that a location lets through to the service."""
    for rule in location.all("if"):
        if rule.args[:2] == ("($request_method", "!=") and rule.all("return")[0].args == ("405",):
            return {rule.args[2].rstrip(")")}
        if rule.args[:2] == ("($request_method", "!~"):
            return set(re.findall("[A-Z]+", rule.args[2]))
    return {method for rule in location.all("limit_except") for method in rule.args}


def path_of(location: Directive) -> str:
    """Name a location in test ids."""
    return location.args[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Strict-Transport-Security", r"max-age=\d{8,}.*"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer|same-origin|strict-origin.*"),
        ("Permissions-Policy", r".*geolocation=\(\).*"),
        ("Access-Control-Allow-Origin", r"\$cors_origin"),
        ("Access-Control-Allow-Methods", ".*POST.*"),
        ("Access-Control-Allow-Headers", "(?i).*content-type.*"),
        ("Vary", "Origin"),
    ],
)
def test_site_sends_header(name: str, value: str) -> None:
    """The site sends each header once, with a value that means something."""
    assert re.fullmatch(value, header(name))


def test_headers_are_always_sent() -> None:
    """No add_header misses `always`, without which an error answer goes out bare."""
    everything = [*MAIN.walk(), *HTTP3]
    headers = [item for item in everything if item.name == "add_header"]
    assert headers
    assert [item.args[0] for item in headers if item.args[2:] != ("always",)] == []


def test_no_header_below_the_server() -> None:
    """No location adds a header, because it would lose all those of the server."""
    below = [item for child in SITE.block for item in child.walk() if item is not child]
    assert [item for item in below if item.name == "add_header"] == []


def test_csp_is_closed_by_default() -> None:
    """The policy starts from nothing, frames included, and has no loose source."""
    policy = csp()
    assert policy["default-src"] == policy["frame-ancestors"] == {"'none'"}
    assert "'self'" in policy["connect-src"]
    assert not {"*", "https:", "'unsafe-inline'", "'unsafe-eval'"} & frozenset().union(
        *policy.values()
    )


def test_cors_and_csp_name_the_same_origins() -> None:
    """An origin is allowed in the map and in connect-src, or in neither."""
    (origins,) = (item for item in HTTP.all("map") if item.args[1] == "$cors_origin")
    allowed = {item.name: item.args for item in origins.block}
    assert origins.args[0] == "$http_origin"
    assert allowed.pop("default") == ("",)
    assert set(allowed.values()) == {("$http_origin",)}
    assert all(re.fullmatch(r"https://[a-z0-9.-]+", origin) for origin in allowed)
    assert allowed.keys() >= ORIGINS
    assert csp()["connect-src"] - {"'self'"} == allowed.keys()


def test_json_is_not_compressed() -> None:
    """No JSON type is compressed anywhere, because of BREACH."""
    types = {kind for item in MAIN.walk() if item.name == "gzip_types" for kind in item.args}
    assert types
    assert not {kind for kind in types if "json" in kind or kind == "*"}


@pytest.mark.parametrize("location", PROXIED, ids=path_of)
def test_proxied_location_exists_in_the_service(location: Directive) -> None:
    """Each proxied location is exact and lets through the methods that the service has there."""
    routes = {route.path: route.methods for route in app.routes if isinstance(route, APIRoute)}
    assert location.args[0] == "="
    assert methods(location) - {"HEAD", "OPTIONS"} == routes[path_of(location)]


@pytest.mark.parametrize("location", PROXIED, ids=path_of)
def test_proxied_location_follows_the_house_style(location: Directive) -> None:
    """Each proxied location goes to the upstream, with our headers, and limits a body it takes."""
    assert location.all("proxy_pass")[0].args == ("http://ingest",)
    sent = {item.args[0] for item in location.all("proxy_set_header")}
    assert sent >= {"Host", "Connection", "X-Forwarded-For", "X-Forwarded-Proto"}
    if "POST" in methods(location):
        assert re.fullmatch(r"\d{1,2}k", location.all("client_max_body_size")[0].args[0])


def test_known_paths() -> None:
    """The health check, the dry run and the client are served; the rest is 404."""
    found = {path_of(item): item for item in LOCATIONS}
    assert found.keys() >= {"/healthz", "/v1/validate", "/analytics.js", "/"}
    assert [item.args for item in found["/"].block] == [("404",)]
    assert (NGINX_DIR / found["/analytics.js"].all("root")[0].args[0] / "analytics.js").is_file()


def test_plain_http_only_redirects() -> None:
    """The server without TLS sends everybody to a fixed host, not a client's choice."""
    (plain,) = (server for server in HTTP.all("server") if not is_tls(server))
    assert plain.all("return")[0].args == ("301", "https://a.ado.im$request_uri")
    assert not plain.all("location")


def test_tls_versions() -> None:
    """Only TLS 1.2 and 1.3 are spoken."""
    (protocols,) = SITE.all("ssl_protocols")
    assert set(protocols.args) == {"TLSv1.2", "TLSv1.3"}


def test_unit_listens_where_nginx_connects() -> None:
    """The systemd unit binds the address that the upstream names."""
    unit = (NGINX_DIR.parent / "systemd" / "analytics-ingest.service").read_text("utf-8")
    match = re.search(r"^ExecStart=.* app\.main:app --host (\S+) --port (\d+)", unit, re.MULTILINE)
    assert match
    (upstream,) = HTTP.all("upstream")
    assert upstream.all("server")[0].args == (":".join(match.groups()),)
