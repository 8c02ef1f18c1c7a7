"""What the words of a request become: each name in its place, or a refusal that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.providers.offline.drafted import OfflineDraft

    Drafted = Callable[..., OfflineDraft]
    Lines = Callable[..., list[str]]

HSTS = "Strict-Transport-Security"
SITE = "nginx for s.example.test, upstream 127.0.0.1:8000"
SAID = {
    "both names": (
        "server block for a.example.test and www.a.example.test, upstream app:3000",
        ["server_name a.example.test www.a.example.test", "server app:3000"],
    ),
    "a wildcard": (
        "nginx for *.example.test, upstream app:3000",
        [
            "server_name *.example.test",
            "ssl_certificate /etc/letsencrypt/live/example.test/fullchain.pem",
        ],
    ),
    "typographers' quotes": (
        "nginx for “s.example.test” → http://app:3000 — with “/collect”",
        ["server_name s.example.test", "server app:3000", "location = /collect"],
    ),
    "an arrow": ("nginx for s.example.test to http://app:3000", ["server app:3000"]),
    "a URL for a name": (
        "nginx for https://s.example.test, proxying to http://app:3000",
        ["server_name s.example.test", "server app:3000"],
    ),
    "a host without a port": (
        "nginx for s.example.test, upstream backend.example.test",
        ["server_name s.example.test", "server backend.example.test:80"],
    ),
    "a Unix socket": (
        "nginx for s.example.test in front of unix:/run/app.sock",
        ["server unix:/run/app.sock"],
    ),
    "a bare socket": (
        "nginx for s.example.test, upstream /run/app.sock.",
        ["server unix:/run/app.sock"],
    ),
    "a backend's port": (
        "nginx for s.example.test, uvicorn on port 8001",
        ["server 127.0.0.1:8001", "listen 443 ssl"],
    ),
    "several backends": (
        "nginx for s.example.test, upstreams 10.0.0.1:80, 10.0.0.2:81 and 10.0.0.3:82",
        ["server 10.0.0.1:80", "server 10.0.0.2:81", "server 10.0.0.3:82"],
    ),
    "TLS to the backend": (
        "nginx for s.example.test, upstream https://b.example.test:8443",
        ["proxy_pass https://s_example_test", "proxy_ssl_name b.example.test"],
    ),
    "a method and a limit": (
        SITE + ", POST /collect up to 8k and /healthz",
        ["location = /collect", "if ($request_method != POST)", "client_max_body_size 8k"],
    ),
    "methods behind the path": (
        SITE + ", /orders (GET and PUT only, at most 20 MB)",
        ["if ($request_method !~ ^(?:GET|PUT|HEAD)$)", "client_max_body_size 20m"],
    ),
    "a limit in front of the path": (
        SITE + ", 20 MB for /upload",
        ["location = /upload", "client_max_body_size 20m", "client_max_body_size 1m"],
    ),
    "a limit of the server": (SITE + ", body limit 64k", ["client_max_body_size 64k"]),
    "a rate": (
        SITE + ", rate limit of 10 requests per second",
        ["limit_req_zone $binary_remote_addr zone=rate_of_s_example_test:10m rate=10r/s"],
    ),
    "a rate of a path": (
        SITE + ", /login at 5 r/m",
        ["limit_req_zone $binary_remote_addr zone=rate_0_of_s_example_test:10m rate=5r/m"],
    ),
    "times": (
        SITE + ", read timeout 2 minutes, connect timeout of 500ms",
        ["proxy_read_timeout 2m", "proxy_connect_timeout 500ms", "proxy_send_timeout 30s"],
    ),
    "all below a path": (SITE + ", everything under /api", ["location /api"]),
    "a path with a backend": (
        SITE + ", /api to 127.0.0.1:9000",
        ["location /api", "server 127.0.0.1:9000", "proxy_pass http://s_example_test_api_0"],
    ),
    "a certificate": (
        SITE + ", certificate /etc/tls/s.crt",
        ["ssl_certificate /etc/tls/s.crt", "ssl_certificate_key /etc/tls/s.key"],
    ),
    "a certificate and its key": (
        SITE + ", certificate /etc/tls/a.pem, key /etc/tls/private/a-key.pem",
        ["ssl_certificate /etc/tls/a.pem", "ssl_certificate_key /etc/tls/private/a-key.pem"],
    ),
    "a port": (SITE + ", listen on 8443", ["listen 8443 ssl", "listen [::]:8443 ssl"]),
    "an address": (SITE + ", listen on 10.1.1.1:8443", ["listen 10.1.1.1:8443 ssl"]),
    "two ports": (
        SITE + ", listens on 80 and 443",
        ["listen 443 ssl", "listen 80", "return 301 https://$host$request_uri"],
    ),
    "plain HTTP": (SITE + ", listen on 8080", ["listen 8080", "listen [::]:8080"]),
    "TLS in front": (
        SITE + ", TLS is terminated at the load balancer",
        ["listen 80", "proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto"],
    ),
    "proxies in front": (
        SITE + ", trusted proxies 10.0.0.0/8 and 2001:db8::/32, real client address from X-Real-IP",
        [
            "set_real_ip_from 10.0.0.0/8",
            "set_real_ip_from 2001:db8::/32",
            "real_ip_header X-Real-IP",
        ],
    ),
    "a proxy's address": (
        SITE + ", behind a reverse proxy at 10.0.0.5",
        ["set_real_ip_from 10.0.0.5", "server 127.0.0.1:8000"],
    ),
    "the PROXY protocol": (
        SITE + ", proxy protocol",
        ["listen 443 ssl proxy_protocol", "real_ip_header proxy_protocol"],
    ),
    "CORS": (
        SITE + ", allowed origins https://a.example.test and https://b.example.test:8443",
        [
            "https://a.example.test $http_origin",
            "https://b.example.test:8443 $http_origin",
            "add_header Access-Control-Allow-Methods GET, HEAD, POST, OPTIONS always",
        ],
    ),
    "a whole policy": (
        SITE + ", CSP \"default-src 'self'; img-src *\"",
        ["add_header Content-Security-Policy default-src 'self'; img-src * always"],
    ),
    "frames": (
        SITE + ", X-Frame-Options SAMEORIGIN",
        ["add_header X-Frame-Options SAMEORIGIN always"],
    ),
    "HSTS for good": (
        SITE + ", HSTS with subdomains and preload",
        [f"add_header {HSTS} max-age=31536000; includeSubDomains; preload always"],
    ),
    "a backend that listens": (
        "nginx for s.example.test. The app listens on 127.0.0.1:4000.",
        ["server 127.0.0.1:4000", "listen 443 ssl"],
    ),
    "a backend by its first name": (
        "nginx that serves s.example.test and forwards to grafana on port 3000",
        ["server grafana:3000"],
    ),
    "nginx's own words": (
        "server_name a.example.test; proxy_pass http://a:5; client_max_body_size 10m",
        ["server_name a.example.test", "server a:5", "client_max_body_size 10m"],
    ),
    "what all paths of a list accept": (
        SITE + ", /collect and /v1/events accept POST up to 32k",
        ["location = /v1/events", "location = /collect", "client_max_body_size 32k"],
    ),
    "the newest TLS": (SITE + ", TLS 1.3 only", ["ssl_protocols TLSv1.3"]),
    "a WebSocket": (
        SITE + ", websocket on /ws",
        [
            "location /ws",
            "proxy_set_header Upgrade $http_upgrade",
            "websocket upgrade",
            "location /",
        ],
    ),
    "a WebSocket in brackets": (
        SITE + ", /ws to 127.0.0.1:3001 (websocket)",
        ["location /ws", "server 127.0.0.1:3001", "proxy_read_timeout 1h"],
    ),
    "WebSockets everywhere": (SITE + ", with WebSocket support", ["proxy_read_timeout 1h"]),
    "passwords": (
        SITE + ", basic auth with /etc/nginx/team.htpasswd",
        [
            "auth_basic s.example.test",
            "auth_basic_user_file /etc/nginx/team.htpasswd",
            "auth_basic off",
        ],
    ),
    "another service": (
        SITE + ", auth_request to http://127.0.0.1:9091/verify",
        ["auth_request /_auth", "proxy_pass http://127.0.0.1:9091/verify", "auth_request off"],
    ),
    "the backend decides": (
        SITE + ", auth_request /session",
        ["auth_request /_auth", "proxy_pass http://127.0.0.1:8000/session"],
    ),
    "another health check": (SITE + ", health check at /livez", ["location = /livez"]),
    "a sealed name": (
        "nginx for ZQVX0123456789BC, upstream ZQVXBCDFGHJKLMNP:8000",
        ["server_name ZQVX0123456789BC", "server ZQVXBCDFGHJKLMNP:8000"],
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_words_become_directives(case: str, lines: Lines) -> None:
    """Each name and number of a request stands where nginx has it."""
    request, expected = SAID[case]
    found = lines(request)
    assert [line for line in expected if line not in found] == []


ABSENT = {
    "no HSTS": "add_header Strict-Transport-Security",
    "no CSP": "add_header Content-Security-Policy",
    "without HTTP/2": "http2",
    "no HTTP/3": "include",
    "without QUIC or HSTS": "include",
    "without HSTS or QUIC": "include",
    "gzip off": "gzip_types",
    "no TLS": "ssl_certificate",
    "at the edge": "set_real_ip_from",
    "/healthz bypasses auth": "auth_basic_user_file",
    "no auth": "auth_basic_user_file",
}


@pytest.mark.parametrize("words", ABSENT)
def test_what_is_not_wanted_is_not_there(words: str, lines: Lines) -> None:
    """A `no` takes out what every draft has, and a health check's `no auth` is no guard."""
    assert not [line for line in lines(f"{SITE}, {words}") if line.startswith(ABSENT[words])]


SOURCES = {
    "CSP that allows https://cdn.example.test": "script-src style-src img-src font-src",
    "scripts and fonts from https://cdn.example.test": "script-src font-src",
    "images from https://i.example.test and https://cdn.example.test": "img-src",
    "connect-src https://cdn.example.test": "connect-src",
    "may be framed by https://cdn.example.test": "frame-ancestors",
    "allow origin https://cdn.example.test via CORS and CSP": "connect-src",
    "connects to wss://cdn.example.test": "connect-src",
    "allow origin https://cdn.example.test in CORS": "",
}


@pytest.mark.parametrize("words", SOURCES)
def test_sources_go_into_their_directives(words: str, lines: Lines) -> None:
    """The words before an origin say which of the policy's directives it belongs to."""
    start = "add_header Content-Security-Policy "
    policy = next(line for line in lines(f"{SITE}, {words}") if line.startswith(start))
    parts = policy.removeprefix(start).removesuffix(" always").split("; ")
    named = [part.split()[0] for part in parts if "cdn.example.test" in part]
    assert sorted(named) == sorted(SOURCES[words].split())


REST = {
    "with /collect and /healthz": False,
    "with /collect, everything else to the backend": True,
    "basic auth on /admin": True,
    "/api to 127.0.0.1:9000": True,
    "proxying to it": True,
    "auth on everything except /public": True,
    "/api to 127.0.0.1:9000, 404 for everything else": False,
    "POST /a, nothing else": False,
}


@pytest.mark.parametrize("words", REST)
def test_what_no_location_names(words: str, lines: Lines) -> None:
    """Paths that are merely named are all there is; others only say what differs there."""
    found = lines(f"{SITE}, {words}")
    rest = found[found.index("location /") :]
    assert ("return 404" not in rest) is REST[words]


GUARDED = {
    "auth on everything": ("server", []),
    "basic auth": ("server", []),
    "everything is behind a password": ("server", []),
    "auth on everything except /public": ("server", ["off /public"]),
    "basic auth on /admin and /stats": ("", ["on /admin", "on /stats"]),
    "basic auth on /admin, everything else goes to the backend": ("", ["on /admin"]),
    "/collect and basic auth for /admin": ("", ["on /admin"]),
    "/collect without auth, /admin with a password": ("", ["off /collect", "on /admin"]),
    "auth everywhere, no auth on /public or /static/": ("server", ["off /public", "off /static/"]),
    "everything needs a login, but don't protect /open": ("server", ["off /open"]),
    "the health check must not require auth; everything else needs a login": ("server", []),
}


@pytest.mark.parametrize("words", GUARDED)
def test_guards_stand_where_they_are_asked_for(words: str, drafted: Drafted) -> None:
    """A guard is the server's, or that of the paths beside it, and never of the health check."""
    text = drafted(f"{SITE}, {words}").files[0].text
    server, *places = text.split("\n    location ")
    found = []
    for place in places:
        path = place.split(" {")[0].removeprefix("= ")
        if path != "/healthz" and "auth_basic" in place:
            found.append(f"{'off' if 'auth_basic off' in place else 'on'} {path}")
    assert (("server" if "auth_basic " in server else ""), found) == GUARDED[words]
    assert "location = /healthz {\n        auth_basic off;" in text


def test_a_guarded_path_has_all_below_it(lines: Lines) -> None:
    """A guard on one exact path would leave what lies below open."""
    assert "location /admin" in lines(f"{SITE}, auth on /admin")


def test_words_that_nobody_understood_come_first(drafted: Drafted) -> None:
    """A reviewer reads first what the draft leaves out."""
    notes = drafted(f"{SITE}, with brotli and a purple sky").notes
    assert notes[0] == "NOT understood, and left out: 'brotli', 'purple sky'"


def test_ordinary_requests_leave_nothing_out(drafted: Drafted) -> None:
    """The recipe's own words are all understood."""
    request = (
        "One server block to drop in behind a reverse proxy for w.example.test (upstream"
        " 127.0.0.1:8000): HTTP/2 and QUIC/HTTP/3, CSP, X-Content-Type-Options, Referrer-Policy,"
        " Permissions-Policy, gzip off for JSON, `/healthz` that bypasses auth, each header"
        " explained in a line."
    )
    draft = drafted(request)
    assert not [note for note in draft.notes if "NOT" in note]
    assert "auth_basic_user_file" not in draft.files[0].text


def test_paths_that_are_merely_named_are_said_to_be_exact(drafted: Drafted) -> None:
    """What a limit was read to belong to is in the notes, for a reviewer to see."""
    notes = drafted(f"{SITE}, /api up to 2 MB, GET /files/").notes
    assert "read as: exactly /api, up to 2m" in notes
    assert "read as: all below /files/, GET" in notes
