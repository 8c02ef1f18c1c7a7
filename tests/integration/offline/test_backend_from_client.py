"""Drafted backends, run: their own tests, the checkers, and uvicorn on a loopback socket."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from workflow.providers.offline.client import draft_backend
from workflow.types import Brief, Prompt, RepoPath, Role, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.providers.offline.drafted import OfflineDraft

ROOT = Path(__file__).parents[3]
CLIENTS = ROOT / "tests" / "unit" / "providers" / "client" / "clients"
ANALYTICS = ROOT / "sandbox_repo" / "analytics.js"
NAMES = sorted(path.name for path in CLIENTS.iterdir() if path.name != "settings.mjs")
# What each client talks to, read by a person.
ENDPOINTS = {
    "analytics.js": {"POST /collect"},
    "async_fetch.js": {
        *("GET /api/v2/notes", "POST /api/v2/notes", "GET /api/v2/notes/{note_id}"),
        *("PATCH /api/v2/notes/{note_id}", "DELETE /api/v2/notes/{note_id}"),
    },
    "axios_client.js": {
        *("GET /api/carts/{user_id}", "POST /api/carts/{user_id}/items", "PUT /api/checkout"),
        "DELETE /api/carts/{user_id}/items/{item_id}",
    },
    "beacon_blob.mjs": {"POST /rum/vitals"},
    "class_based.js": {"POST /ingest/batch"},
    "env_base.js": {"POST /orders", "POST /orders/{id}/cancel"},
    "error_reporter.js": {"POST /errors"},
    "es5_xhr.js": {"POST /v1/hits"},
    "form_login.js": {"POST /session", "DELETE /session"},
    "generator_styles.js": {"POST /v3/heat/map"},
    "graphql.js": {"POST /graphql"},
    "heartbeat_get.js": {"HEAD /alive", "GET /changes", "GET /status"},
    "iife_min.js": {"POST /t"},
    "jquery_ajax.js": {"POST /settings/ping", "POST /settings/theme"},
    "object_client.js": {"POST /api/events"},
    "react_vote.jsx": {"POST /polls/{id}/votes"},
    "request_object.js": {"PUT /feedback"},
    "search_params.js": {"GET /near", "GET /pixel.gif", "GET /search", "GET /suggest"},
}


def drafted(name: str) -> OfflineDraft:
    """The draft for one of the clients."""
    paths = [ANALYTICS if name == ANALYTICS.name else CLIENTS / name]
    if name == "beacon_blob.mjs":
        paths.append(CLIENTS / "settings.mjs")
    context = tuple(SourceFile(RepoPath(f"web/{path.name}"), path.read_bytes()) for path in paths)
    brief = Brief(
        request=f"draft a backend for {name}",
        role=Role.ARCHITECT,
        files=(),
        prompt=Prompt("", "", ""),
        context=context,
    )
    return draft_backend(brief)


def written(draft: OfflineDraft, folder: Path) -> Path:
    """The draft's files in a folder."""
    for file in draft.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    return folder


def ran(folder: Path, *words: str) -> str:
    """What a module of Python prints when it is run in a folder; it has to be content."""
    found = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of mypy for all drafts."""
    return tmp_path_factory.mktemp("mypy")


@pytest.mark.parametrize("name", [ANALYTICS.name, *NAMES])
def test_what_is_drafted_runs(name: str, tmp_path: Path, cache: Path) -> None:
    """The endpoints are the client's; the draft is clean, and exactly its forecast tests pass."""
    draft = drafted(name)
    made = {note.partition(": ")[0] for note in draft.notes if ": from " in note}
    assert made == ENDPOINTS[name]
    folder = written(draft, tmp_path)
    ran(folder, "compileall", "-q", ".")
    ran(folder, "ruff", "format", "--isolated", "--no-cache", "--check", ".")
    ran(folder, "ruff", "check", "--isolated", "--no-cache", "--select", "E,F,I,B,UP", ".")
    ran(folder, "mypy", "--cache-dir", str(cache), "app", "tests")
    said = ran(folder, "pytest", "-v", "-W", "error", "-p", "no:cacheprovider", "--color=no")
    passed = set(re.findall(r"^(\S+) PASSED", said, re.MULTILINE))
    assert passed == set(draft.forecasts[0].tests)


@dataclass(frozen=True)
class Answer:
    """What a service answers."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Running:
    """A service on a loopback port."""

    port: int

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send a request; a body that is iterable and no bytes goes out in chunks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        with contextlib.closing(connection):
            connection.request(method, path, body, names)  # type: ignore[arg-type]  # bytes or an iterator of them
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())


@contextlib.contextmanager
def running(folder: Path, **environment: str) -> Iterator[Running]:
    """Run a drafted service by the command that its note gives."""
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "app.main:app", "--port", "0"],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    try:
        assert process.stderr is not None
        port = None
        for line in process.stderr:
            port = re.search(r"running on http://127\.0\.0\.1:(\d+)", line)
            if port:
                break
        assert port is not None
        yield Running(int(port[1]))
    finally:
        process.terminate()
        process.communicate(timeout=30)


JSON = "application/json"
PLAIN = "text/plain;charset=UTF-8"
# As a browser sends it: method, path, content type, body, and the status of the answer.
SENT: dict[str, list[tuple[str, str, str, object, int]]] = {
    "analytics.js": [
        (
            "POST",
            "/collect",
            JSON,
            {"type": "pageview", "url": "https://e.test/", "referrer": "", "title": "T"},
            204,
        ),
        (
            "POST",
            "/collect",
            JSON,
            {
                "type": "event",
                "url": "https://e.test/",
                "name": "signup",
                "props": {"plan": "team"},
            },
            204,
        ),
        (
            "POST",
            "/collect",
            PLAIN,
            {"type": "hide", "url": "https://e.test/", "visible_ms": 1234},
            204,
        ),
        ("POST", "/collect", JSON, {"type": "other", "url": "https://e.test/"}, 422),
        (
            "POST",
            "/collect",
            JSON,
            {"type": "hide", "url": "https://e.test/", "visible_ms": "1"},
            422,
        ),
        ("POST", "/collect", "text/html", {"type": "hide", "url": "x", "visible_ms": 1}, 415),
    ],
    "async_fetch.js": [
        ("POST", "/api/v2/notes", JSON, {"title": "t", "tags": ["a", "b"], "pinned": False}, 202),
        (
            "PATCH",
            "/api/v2/notes/17",
            JSON,
            {"pinned": True, "at": "2026-01-02T03:04:05.678Z"},
            202,
        ),
        ("PATCH", "/api/v2/notes/17", JSON, {"pinned": 1, "at": "2026-01-02T03:04:05.678Z"}, 422),
        ("POST", "/api/v2/notes", JSON, {"title": "t" * 2049, "tags": [], "pinned": False}, 422),
        ("POST", "/api/v2/notes", JSON, {"title": "t", "tags": ["a"] * 501, "pinned": False}, 422),
    ],
    "object_client.js": [
        (
            *("POST", "/api/events", PLAIN),
            [
                {"kind": "page", "url": "u", "title": "t", "width": 800, "at": 1},
                {
                    "kind": "page",
                    "url": "u",
                    "title": "t",
                    "width": 800,
                    "user": "7",
                    "extra": {"a": 1},
                    "at": 1,
                },
                {"kind": "click", "tag": "A", "text": "t", "x": 1.5, "at": 2},
            ],
            204,
        ),
        ("POST", "/api/events", PLAIN, [{"kind": "scroll"}], 422),
    ],
    "error_reporter.js": [
        (
            *("POST", "/errors", JSON),
            {"type": "error", "message": "m", "source": "s", "line": 3, "from": "/"},
            204,
        ),
        (
            "POST",
            "/errors",
            JSON,
            {"type": "rejection", "message": "m", "class": "object", "user-agent": "a"},
            204,
        ),
        (
            "POST",
            "/errors",
            JSON,
            {"type": "rejection", "message": "m", "class_": "object", "user-agent": "a"},
            422,
        ),
    ],
    "iife_min.js": [
        ("POST", "/t", PLAIN, {"e": "load", "u": "u", "r": None, "w": 1, "h": 1, "z": -60}, 204),
        (
            "POST",
            "/t",
            PLAIN,
            {"e": "hide", "u": "u", "r": "r", "w": 1, "h": 1, "z": 0, "d": {"t": 1.25}},
            204,
        ),
        ("POST", "/t", PLAIN, {"e": "load"}, 422),
    ],
}


@pytest.mark.parametrize("name", SENT)
def test_a_running_draft_answers_the_client(name: str, tmp_path: Path) -> None:
    """Over a socket it takes what the client sends, and refuses garbage and what is too large."""
    with running(written(drafted(name), tmp_path)) as service:
        for method, path, media, body, status in SENT[name]:
            answer = service.ask(method, path, json.dumps(body).encode(), content_type=media)
            assert answer.status == status, (body, answer)
        method, path, media = SENT[name][0][:3]
        garbage = service.ask(method, path, b"{\xff", content_type=media)
        assert garbage.status == 422
        large = service.ask(method, path, b" " * 300_000, content_type=media)
        assert large.status == 413
        chunks = iter([b" " * 30_000] * 10)
        assert service.ask(method, path, chunks, content_type=media).status == 413
        health = service.ask("GET", "/healthz")
        assert (health.status, json.loads(health.body)) == (200, {"status": "ok"})


def test_only_origins_that_are_named_are_allowed(tmp_path: Path) -> None:
    """A page of another origin may send if the setting names it, also on refusals."""
    folder = written(drafted("analytics.js"), tmp_path)
    known, unknown = "https://shop.example.test", "https://evil.example.test"
    with running(folder, ALLOWED_ORIGINS=f"{known} https://b.example.test") as service:
        asks = {
            "access_control_request_method": "POST",
            "access_control_request_headers": "content-type",
        }
        assert service.ask("OPTIONS", "/collect", origin=known, **asks).status == 200
        assert service.ask("OPTIONS", "/collect", origin=unknown, **asks).status == 400
        for body in (b"{", b" " * 300_000):
            answer = service.ask("POST", "/collect", body, origin=known, content_type=JSON)
            assert answer.headers["access-control-allow-origin"] == known
        answer = service.ask("POST", "/collect", b"{", origin=unknown, content_type=JSON)
        assert "access-control-allow-origin" not in answer.headers


def test_forms_and_queries_are_read_as_browsers_write_them(tmp_path: Path) -> None:
    """A form and a query are text, of which each field is checked."""
    form = "application/x-www-form-urlencoded"
    with running(written(drafted("form_login.js"), tmp_path / "form")) as service:
        good = service.ask("POST", "/session", b"name=a%20b&remember=true", content_type=form)
        bad = service.ask("POST", "/session", b"name=a&remember=true&more=1", content_type=form)
        assert (good.status, bad.status) == (204, 422)
    with running(written(drafted("search_params.js"), tmp_path / "query")) as service:
        found = service.ask("GET", "/search?q=x&page=2&lang=de")
        assert (found.status, json.loads(found.body)) == (200, {})
        assert service.ask("GET", "/search?q=x&page=2&lang=de&more=1").status == 422
        assert service.ask("GET", "/pixel.gif?page=%2F&t=123").status == 204
        assert service.ask("GET", "/pixel.gif?page=%2F&t=now").status == 422


def _fields(schema: Any) -> set[tuple[str, bool, bool]]:
    """Each field's name, whether its object lets others in, and whether it is required."""
    models = [*schema.get("$defs", {}).values(), schema]
    return {
        (name, model["additionalProperties"], name in model.get("required", []))
        for model in models
        for name in model.get("properties", {})
    }


@pytest.mark.parametrize("name", ["analytics.js", "class_based.js", "request_object.js"])
def test_the_schema_file_is_what_the_service_checks(name: str, tmp_path: Path) -> None:
    """The file and the generated schema have the same fields and require the same ones."""
    folder = written(drafted(name), tmp_path)
    (path,) = (folder / "schema").iterdir()
    with running(folder) as service:
        answered = json.loads(service.ask("GET", f"/schema/{path.stem}").body)
    drafted_ = json.loads(path.read_text(encoding="utf-8"))

    assert _fields(drafted_) == _fields(answered)
