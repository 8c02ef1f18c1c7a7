"""Timeouts, sizes, upstream servers and proxy targets."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.errors import NothingToDoError, NotUnderstoodError

FULL = """\
http {
\tkeepalive_timeout 75s 60s;
\tupstream api {
\t\tserver 10.0.0.1 weight=2;
\t\tserver 127.0.0.1:8000;
\t\tkeepalive_timeout 4s;
\t}
\tserver {
\t\tserver_name a.io;
\t\tclient_max_body_size 1m;
\t\tproxy_read_timeout 60;  # seconds
\t\tlocation /api/ {
\t\t\tproxy_read_timeout 60;
\t\t\tproxy_pass http://api/;
\t\t}
\t\tlocation /slow {
\t\t\tproxy_read_timeout 5m;
\t\t\tclient_max_body_size 10m;
\t\t\tproxy_pass "http://127.0.0.1:9000";
\t\t}
\t}
}
"""
TWO = """\
server {
  server_name a.io;
  send_timeout 10s;
}
server {
  server_name b.io;
  send_timeout 10s;
  location /up {
    return 200;
  }
}
"""


@pytest.mark.parametrize(
    ("request_text", "swaps"),
    [
        ("set keepalive timeout to 30 seconds", [("75s 60s", "30s 60s")]),
        (
            "raise the proxy read timeout to 2 minutes",
            [("60;  # seconds", "120;  # seconds"), ("\t60;\n", "\t120;\n")],
        ),
        ("set proxy_read_timeout in /slow to 600s", [("5m", "10m")]),
        ("allow uploads up to 20 MB in /slow", [("10m", "20m")]),
        ("set client_max_body_size to 512k on the server", [("1m;", "512k;")]),
        ("increase client_max_body_size from 1m to 2m", [("size 1m", "size 2m")]),
        (
            "set client_body_timeout to 5s",
            [("size 1m;\n", "size 1m;\n\t\tclient_body_timeout 5s;\n")],
        ),
        (
            "set proxy_connect_timeout 3s in /api",
            [("\t60;\n", "\t60;\n\t\t\tproxy_connect_timeout 3s;\n")],
        ),
        ("change upstream api from 127.0.0.1:8000 to 127.0.0.1:8001", [(":8000", ":8001")]),
        ("replace 10.0.0.1:80 with 10.0.0.2:80", [("10.0.0.1 ", "10.0.0.2:80 ")]),
        (
            "add server 10.0.0.3:80 as backup to upstream api",
            [(":8000;\n", ":8000;\n\t\tserver 10.0.0.3:80 backup;\n")],
        ),
        (
            "add server unix:/run/app.sock to upstream api",
            [(":8000;\n", ":8000;\n\t\tserver unix:/run/app.sock;\n")],
        ),
        ("proxy /api to http://127.0.0.1:9001", [("http://api/;", "http://127.0.0.1:9001/;")]),
        ("change proxy_pass of /slow to http://127.0.0.1:9001", [(":9000", ":9001")]),
        (
            "change the proxy_pass target from http://127.0.0.1:9000 to http://api",
            [("http://127.0.0.1:9000", "http://api")],
        ),
    ],
)
def test_changes(surgeon: Any, request_text: str, swaps: list[tuple[str, str]]) -> None:
    """Each value changes where it is in force, in its unit and quotes, and nothing else does."""
    text = FULL
    if len(swaps) == 2:
        text = FULL.replace("proxy_read_timeout 60;\n", "proxy_read_timeout\t60;\n")
    for old, _ in swaps:
        if old == "\t60;\n":
            text = FULL.replace("proxy_read_timeout 60;\n", "proxy_read_timeout\t60;\n")
    surgeon.check(request_text, text, *swaps)


def test_notes_name_what_stays(surgeon: Any) -> None:
    """An inner value that overrides the changed one is named."""
    notes = surgeon.draft("set client_max_body_size to 5m", {"a.conf": FULL}).notes
    assert "location /slow (a.conf:18) keeps its own client_max_body_size 10m" in notes


def test_named_server(surgeon: Any) -> None:
    """With several servers the named one is changed."""
    text = TWO.replace("b.io;\n  send_timeout 10s", "b.io;\n  send_timeout 20s")
    surgeon.check("set send_timeout to 5s for b.io", text, ("20s", "5s"))


def test_values_in_an_included_file(surgeon: Any) -> None:
    """The only occurrence is changed, wherever it is."""
    files = {
        "site.conf": "server { listen 80; location / { include p.conf; proxy_pass http://a; } }\n",
        "p.conf": "proxy_read_timeout 5s;\n",
    }
    results = surgeon.results("set proxy_read_timeout to 30s", files)
    assert results["p.conf"] == "proxy_read_timeout 30s;\n"
    assert results["site.conf"] == files["site.conf"]


@pytest.mark.parametrize(
    ("request_text", "text", "part"),
    [
        ("set send_timeout to 5s", TWO, "fits 2 server blocks: a.io .*; b.io"),
        ("set send_timeout to 5s for c.io", TWO, "no server block fits 'c.io'"),
        ("lower client_max_body_size to 5m", FULL, "would not lower it"),
        ("raise client_max_body_size to 512k", FULL, "would not raise it"),
        ("increase client_max_body_size from 3m to 4m", FULL, "is 1m in .*, not 3m"),
        ("set proxy_read_timeout in /none to 5s", FULL, "no location for /none"),
        ("set client_header_timeout to 5s in /api", FULL, "cannot stand in a location"),
        ("change upstream web from 1.1.1.1:1 to 1.1.1.1:2", FULL, "no upstream 'web'; there are"),
        ("change upstream api from 1.1.1.1:1 to 1.1.1.1:2", FULL, "does not occur in upstream api"),
        ("point upstream api at 1.1.1.1:1", FULL, "occurs more than once"),
        (
            "set proxy_read_timeout to 5s",
            "server { location / { include proxy_params; proxy_pass http://a; } }",
            "includes proxy_params, which may set",
        ),
        (
            "set client_max_body_size to 5m",
            "server { location /a { client_max_body_size 1m; } }",
            "the request names none",
        ),
        (
            "set send_timeout to 5s",
            "server { send_timeout $t; }",
            "not a plain value",
        ),
        (
            "add a backup server 1.1.1.1:1 to upstream h",
            "upstream h { ip_hash; server a; } server { }",
            "cannot have a backup",
        ),
    ],
)
def test_refusals(surgeon: Any, request_text: str, text: str, part: str) -> None:
    """What is ambiguous, contradicts the file, or would have no effect is refused by name."""
    with pytest.raises(NotUnderstoodError, match=part):
        surgeon.draft(request_text, {"a.conf": text})


@pytest.mark.parametrize(
    "request_text",
    [
        "set proxy_read_timeout to 300s in /slow",
        "set client_max_body_size to 1024k",
        "add server 127.0.0.1:8000 to upstream api",
        "add server 10.0.0.1:80 to upstream api",
        "proxy /api to http://api",
    ],
)
def test_nothing_to_do(surgeon: Any, request_text: str) -> None:
    """The same value in another unit, or the same address, is no change."""
    with pytest.raises(NothingToDoError, match="already so"):
        surgeon.draft(request_text, {"a.conf": FULL})
