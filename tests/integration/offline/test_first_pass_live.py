"""Drafted sites that really run: headers, sizes, guards and addresses, asked over sockets."""

from __future__ import annotations

import base64
import gzip
import socket
from typing import TYPE_CHECKING

import pytest

from tests.integration.offline.first_pass_site import running, trusting

if TYPE_CHECKING:
    from pathlib import Path

ONCE = (
    "strict-transport-security",
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
)
KEY = "Basic " + base64.b64encode(b"ali:open sesame").decode()


def test_live_headers_sizes_and_compression(tmp_path: Path) -> None:
    """Each header comes once on every status, bodies have a limit, and JSON is not compressed."""
    words = "upstream BACKEND, POST /collect up to 1k, everything else to the upstream"
    with running(words, tmp_path) as live:
        asked = {
            200: live.ask("/page"),
            404: live.ask("/missing"),
            405: live.ask("/collect"),
            413: live.ask("/collect", "POST", 2000),
        }
        assert {status: answer.status for status, answer in asked.items()} == {
            status: status for status in asked
        }
        health = live.ask("/healthz")
        assert (health.status, health.body) == (200, b"ok\n")
        assert live.ask("/healthz", "POST").status == 405
        for answer in (*asked.values(), health, live.ask("/collect", "POST", 900)):
            for name in ONCE:
                assert len(answer.headers[name]) == 1, (answer.status, name)
        assert asked[200].headers["content-security-policy"] != ["default-src *"]
        css = live.ask("/page.css", Accept_Encoding="gzip")
        assert css.headers["content-encoding"] == ["gzip"]
        assert b"Accept-Encoding" not in gzip.decompress(css.body)
        json = live.ask("/json", Accept_Encoding="gzip")
        assert "content-encoding" not in json.headers
        told = asked[200].body.decode()
        assert "X-Forwarded-Proto: https" in told
        assert "Host: s.example.test" in told


def test_live_only_what_is_named(tmp_path: Path) -> None:
    """Where paths are merely named, everything else is 404 and never reaches the backend."""
    with running("upstream BACKEND, with /collect and /healthz", tmp_path) as live:
        assert live.ask("/collect").status == 200
        other = live.ask("/collect/more")
        assert (other.status, b"X-Real-IP" in other.body) == (404, False)


def test_live_passwords(tmp_path: Path) -> None:
    """All ask for a password but the health check and what is excepted."""
    words = "upstream BACKEND, auth on everything except /public"
    with running(words, tmp_path) as live:
        closed = live.ask("/")
        assert (closed.status, len(closed.headers["content-security-policy"])) == (401, 1)
        assert live.ask("/", Authorization=KEY).status == 200
        assert live.ask("/healthz").status == 200
        assert live.ask("/public").status == 200
        assert live.ask("/public/below").status == 401


def test_live_passwords_on_one_path(tmp_path: Path) -> None:
    """A guard on a path holds for all below it, and for nothing else."""
    with running("upstream BACKEND, basic auth on /admin", tmp_path) as live:
        assert live.ask("/admin").status == 401
        assert live.ask("/admin/users").status == 401
        assert live.ask("/admin/users", Authorization=KEY).status == 200
        assert live.ask("/").status == 200


def test_live_another_service_decides(tmp_path: Path) -> None:
    """A service that is asked first says who may come in, and nobody can ask it from outside."""
    words = "proxying to BACKEND, auth_request to http://BACKEND/verify"
    with running(words, tmp_path) as live:
        assert live.ask("/page").status == 401
        assert live.ask("/page?let-me-in").status == 200
        assert live.ask("/healthz").status == 200
        assert live.ask("/_auth").status == 404


def test_live_cors(tmp_path: Path) -> None:
    """A preflight is answered before the guard, and only the named origin may read answers."""
    words = (
        "upstream BACKEND, POST /collect, basic auth, allow origin https://a.example.test via CORS"
    )
    with running(words, tmp_path) as live:
        known = live.ask("/collect", "OPTIONS", Origin="https://a.example.test")
        assert known.status == 204
        assert known.headers["access-control-allow-origin"] == ["https://a.example.test"]
        assert known.headers["access-control-allow-methods"] == ["POST, OPTIONS"]
        other = live.ask("/collect", "POST", Origin="https://b.example.test", Authorization=KEY)
        assert other.status == 200
        assert "access-control-allow-origin" not in other.headers
        assert "Origin" in other.headers["vary"]


def test_live_visitors_address(tmp_path: Path) -> None:
    """The proxy in front is believed, and what a visitor claims is not passed on."""
    with running("plain http, proxying to BACKEND", tmp_path) as live:
        claimed = "6.6.6.6, 192.0.2.7, 127.0.0.1"
        told = live.ask("/", X_Forwarded_For=claimed, X_Forwarded_Proto="https").body
        assert b"X-Forwarded-For: 192.0.2.7\n" in told
        assert b"X-Forwarded-Proto: https\n" in told
        assert b"6.6.6.6" not in told


def test_live_rate(tmp_path: Path) -> None:
    """Past its rate and its burst a visitor is told to wait, and the health check still answers."""
    with running("proxying to BACKEND, rate limit 1 r/m", tmp_path) as live:
        found = [live.ask("/").status for _ in range(24)]
        assert found[0] == 200
        assert found[-1] == 429
        assert live.ask("/healthz").status == 200


@pytest.mark.parametrize(("words", "expected"), [("", "h2"), (", no HTTP/2", "http/1.1")])
def test_live_http2(tmp_path: Path, words: str, expected: str) -> None:
    """HTTP/2 is what a client that can speak it gets, unless the request says otherwise."""
    with running(f"proxying to BACKEND{words}", tmp_path) as live:
        context = trusting()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with (
            socket.create_connection(("127.0.0.1", live.port), timeout=20) as plain,
            context.wrap_socket(plain, server_hostname="s.example.test") as secure,
        ):
            assert secure.selected_alpn_protocol() == expected
            assert secure.version() == "TLSv1.3"


def test_live_websocket(tmp_path: Path) -> None:
    """A request for a WebSocket reaches the backend as one, and no other request does."""
    with running("proxying to BACKEND, websocket on /ws", tmp_path) as live:
        asked = live.ask("/ws", Connection="Upgrade", Upgrade="websocket").body
        assert b"Connection: upgrade\n" in asked
        assert b"Upgrade: websocket\n" in asked
        assert b"Connection: upgrade\n" not in live.ask("/ws").body
        assert (
            b"Connection: upgrade\n"
            not in live.ask("/ws", Connection="Upgrade", Upgrade="h2c").body
        )
        assert b"Upgrade" not in live.ask("/", Connection="Upgrade", Upgrade="websocket").body
