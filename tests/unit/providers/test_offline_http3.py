"""HTTP/3: listeners, the switch, and Alt-Svc."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.errors import NotUnderstoodError

TLS = """\
server {
    listen 80;
    return 301 https://$host$request_uri;
}
server {
    listen 443 ssl;
    listen [::]:443 ssl;
    http2 on;
    server_name a.io;
    location /x {
        add_header X-A 1;
    }
}
"""
ALT = "add_header Alt-Svc 'h3=\":443\"; ma=86400' always;\n"


def test_adds_all_parts(surgeon: Any) -> None:
    """Each TLS listener keeps its place and gets a twin; Alt-Svc follows the inheritance rule."""
    quic = "    listen 443 quic reuseport;\n    listen [::]:443 quic reuseport;\n"
    surgeon.check(
        "enable HTTP/3",
        TLS,
        ("[::]:443 ssl;\n", "[::]:443 ssl;\n" + quic),
        ("http2 on;\n", "http2 on;\n    http3 on;\n"),
        ("server_name a.io;\n", "server_name a.io;\n    " + ALT),
        ("X-A 1;\n", "X-A 1;\n        " + ALT),
    )


def test_reuseport_once_per_address(surgeon: Any) -> None:
    """A second server on the same address must not repeat `reuseport`."""
    text = TLS + "server {\n\tlisten 443 quic reuseport;\n\tserver_name b.io;\n}\n"
    result = surgeon.result("enable HTTP/3 for a.io", text)
    assert "    listen 443 quic;\n    listen [::]:443 quic reuseport;\n" in result


def test_other_port_and_crlf(surgeon: Any) -> None:
    """Alt-Svc names the port that the server listens on, in the file's line ends."""
    text = "server {\r\n\tlisten 8443 ssl default_server;\r\n}\r\n"
    result = surgeon.result("turn on QUIC", text)
    assert "\tlisten 8443 quic reuseport default_server;\r\n\thttp3 on;\r\n" in result
    assert "'h3=\":8443\"; ma=86400' always;\r\n" in result


def test_completes_what_is_missing(surgeon: Any) -> None:
    """Listeners without Alt-Svc get only that."""
    text = "server {\n  listen 443 ssl;\n  listen 443 quic reuseport;\n  http3 on;\n}\n"
    old = "  listen 443 quic reuseport;\n"
    surgeon.check("enable http3", text, (old, old + "  " + ALT))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("server { listen 80; }", "HTTP/3 is always encrypted"),
        ("server { listen 443 ssl; ssl_protocols TLSv1.2; }", "needs TLSv1.3, which line 1"),
        ("server { listen 443 ssl; http3 off; }", "says http3 off"),
        ("server { listen 443 ssl; add_header Alt-Svc clear; }", "an Alt-Svc without h3"),
    ],
)
def test_refusals(surgeon: Any, text: str, part: str) -> None:
    """What would make QUIC fail or contradicts the file is refused by name."""
    with pytest.raises(NotUnderstoodError, match=part):
        surgeon.draft("enable HTTP/3", {"a.conf": text})


def test_forecast_names_the_module(surgeon: Any) -> None:
    """The forecast for nginx says what the new listeners need."""
    forecasts = surgeon.draft("enable HTTP/3", {"a.conf": TLS}).forecasts
    assert "http_v3" in next(item.why for item in forecasts if item.gate == "nginx")
