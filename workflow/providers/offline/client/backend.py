"""From a brief with browser client files to a drafted backend."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from workflow.errors import NotUnderstoodError
from workflow.providers.new_files import NewFile
from workflow.providers.offline.clauses import left_over
from workflow.providers.offline.client import drawing, proving, templates
from workflow.providers.offline.client.asking import HINT, asked
from workflow.providers.offline.client.endpoints import Endpoint, Service, service
from workflow.providers.offline.client.homes import home
from workflow.providers.offline.client.reading import Reader
from workflow.providers.offline.client.sending import sendings
from workflow.providers.offline.client.sinks import sinks, streams
from workflow.providers.offline.client.syntax import Source, not_read, parse
from workflow.providers.offline.drafted import OfflineDraft
from workflow.providers.offline.refusals import printable
from workflow.types import Forecast, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.providers.offline.client.asking import Asked
    from workflow.providers.offline.client.drawing import Drawn
    from workflow.providers.offline.client.shapes import Models
    from workflow.types import Brief, SourceFile

LOOKED_FOR = (
    "fetch, XMLHttpRequest, navigator.sendBeacon, new Image().src, axios, ky and jQuery calls"
)
_READ = (".js", ".mjs", ".cjs", ".jsx")
_NOT_READ = (".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte", ".coffee")
_NAME = re.compile(r"[\w.-]{1,30}\Z", re.ASCII)
_MAX_FILES = 40
_MAX_BYTES = 2 * 1024 * 1024
_MAX_SINKS = 2000
_MAX_NOTES = 40
_BUNDLE = "name the client's own source, not a bundle"


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the backend goes, and the most bytes of a body."""

    folder: str
    limit: int


def draft_backend(brief: Brief) -> OfflineDraft:
    """Draft the service that the brief's client files talk to.

    Raises `NotUnderstoodError` that names the words of the request which ask for something else, or
    the file, the line and what could not be read: a file that is no JavaScript, a call of which the
    method, the address or the body cannot be told, or files that send nothing at all.
    """
    said = asked(brief)
    sources = _clients(brief)
    roots = tuple(parse(source) for source in sources)
    reader = Reader(roots)
    every = (sink for root in roots for sink in sinks(reader, root))
    places = list(islice(every, _MAX_SINKS + 1))
    if len(places) > _MAX_SINKS:
        raise not_read(sources[0], f"it sends in more than {_MAX_SINKS} places", _BUNDLE)
    found = [one for sink in places for one in sendings(reader, sink)]
    left_out = tuple(
        f"left out: {node.place} opens a {name}, which is no request"
        for root in roots
        for node, name in streams(reader, root)
    )
    if not found:
        names = ", ".join(printable(source.path) for source in sources[:6])
        message = (
            f"the offline architect finds nothing that {names} sends; it looked for {LOOKED_FOR}"
        )
        raise NotUnderstoodError(
            message, hint="name the file that sends, and those that it imports"
        )
    made = service(found, said.hosts)
    _require_paths(said, made)
    drawn, models = drawing.drawn(made)
    folder, where = home(said.text, brief.existing)
    limit = said.limit or drawing.body_limit(drawn)
    files = tuple(_files(drawn, models, made, _called(sources), _Frame(folder, limit)))
    bounds = _bounds(limit, is_asked=bool(said.limit))
    notes = (
        *left_over(said.parts.edits),
        *where,
        *_notes(drawn, models, made, bounds, folder),
        *left_out,
    )
    return OfflineDraft(
        files, (_forecast(drawn, folder),), notes[:_MAX_NOTES], wanted=said.parts.edits
    )


# --- reading -----------------------------------------------------------------------------------


def _clients(brief: Brief) -> tuple[Source, ...]:
    """The client files: those that the request names, with what they may import, or all."""
    given = {file.path: file for file in (*brief.files, *brief.context)}
    for file in given.values():
        if file.path.endswith(_NOT_READ) and _is_named(file, brief.request):
            raise not_read(
                Source(file.path, b""),
                "it is not JavaScript, and no other language is read",
                "name the JavaScript that it is built to, or set roles.architect to a model in"
                " workflow.toml (docs/models.md)",
            )
    scripts = [file for file in given.values() if file.path.endswith(_READ)]
    if not scripts:
        others = [file for file in given.values() if file.path.endswith(_NOT_READ)]
        names = ", ".join(printable(file.path) for file in [*others, *given.values()][:4])
        message = (
            "the offline architect drafts a backend from a browser client, and the brief has "
            f"{names or 'no file'}"
        )
        raise NotUnderstoodError(
            message,
            hint="name the client's JavaScript: workflow propose 'draft a backend' client.js",
        )
    if len(scripts) > _MAX_FILES or sum(len(file.data) for file in scripts) > _MAX_BYTES:
        message = (
            f"the offline architect is given {len(scripts)} scripts, which is too much to read"
        )
        raise NotUnderstoodError(message, hint="name the client's own files only")
    return tuple(Source(file.path, file.data) for file in scripts)


def _is_named(file: SourceFile, request: str) -> bool:
    return file.path.name in request


def _require_paths(said: Asked, made: Service) -> None:
    """Raise for an endpoint that the request names and the client does not use."""
    drafted = {one.path for one in made.endpoints} | {"/healthz"}
    for path in said.paths:
        begin = path.rstrip("/*") + "/"
        if path not in drafted and not any(one.startswith(begin) for one in drafted):
            known = printable(", ".join(sorted(drafted)))
            message = f"the offline architect: the client sends nothing to {printable(path)}"
            raise NotUnderstoodError(message, hint=f"it would draft {known}; {HINT}")


def _called(sources: tuple[Source, ...]) -> str:
    """What the client is called in the draft."""
    name = posixpath.basename(sources[0].path)
    return name if len(sources) == 1 and _NAME.match(name) else "the client"


# --- writing -----------------------------------------------------------------------------------


def _files(
    drawn: tuple[Drawn, ...], models: Models, made: Service, client: str, frame: _Frame
) -> Iterator[NewFile]:
    def at(path: str, text: str) -> NewFile:
        return NewFile(posixpath.join(frame.folder, path), text)

    yield at("app/__init__.py", f'"""The service that {client} talks to."""\n')
    yield at("app/limits.py", templates.LIMITS.format(limit=_bytes(frame.limit)))
    yield at("app/main.py", drawing.main_module(drawn, made, client))
    if models.classes or any(one.payload for one in drawn):
        yield at("app/models.py", drawing.models_module(drawn, models, client))
    yield at("app/reading.py", drawing.reading_module(drawn))
    for one in drawn:
        if one.schema is not None:
            yield at(f"schema/{one.endpoint.name}.json", drawing.schema_file(one))
    yield at("tests/__init__.py", '"""Tests of the service."""\n')
    yield at("tests/conftest.py", templates.CONFTEST)
    for one in drawn:
        yield at(proving.file_name(one), proving.test_module(one))
    yield at("tests/test_healthz.py", templates.HEALTH_TEST)


def _bytes(size: int) -> str:
    return f"{size // 1024} * 1024"


def _bounds(limit: int, *, is_asked: bool) -> str:
    """The note on what may be sent."""
    whose = "the request's limit" if is_asked else "the bounds are the draft's, not the client's"
    return f"{whose}: {limit} bytes a body; 2048 characters a text, 500 elements an array"


def _notes(
    drawn: tuple[Drawn, ...], models: Models, made: Service, bounds: str, folder: str
) -> Iterator[str]:
    """What a reviewer should know: what was read, what was assumed, what is missing."""
    for one in drawn:
        endpoint = one.endpoint
        yield f"{endpoint.method} {endpoint.path}: from {', '.join(endpoint.sites[:4])}"
    yield from (f"assumed: {note}" for note in made.notes)
    if models.unknown:
        names = ", ".join(dict.fromkeys(models.unknown))[:200]
        yield f"assumed: any JSON for {names}: the client's source does not say what they are"
    yield bounds
    if made.is_cross:
        yield (
            "pages of other origins call it: name them in ALLOWED_ORIGINS, with spaces between; "
            "without it no origin is allowed"
        )
    if made.headers:
        listed = ", ".join(made.headers)[:200]
        yield f"the client sets these headers, which the draft does not check: {listed}"
    answered = [one.endpoint for one in drawn if one.status == 200]  # noqa: PLR2004 - a read
    if answered:
        names = ", ".join(f"{one.method} {one.path}" for one in answered)[:200]
        yield f"what these answer is not in the client, and they answer an empty object: {names}"
    yield "what is taken is kept in memory, the newest 1000: give create_app what keeps it"
    start = f"cd {folder} && " if folder else ""
    yield f"run it: {start}uvicorn app.main:app; its tests need pytest and httpx2: {start}pytest"


def _forecast(drawn: tuple[Drawn, ...], folder: str) -> Forecast:
    tests = tuple(posixpath.join(folder, name) for name in proving.all_names(drawn))
    endpoints: list[Endpoint] = [one.endpoint for one in drawn]
    return Forecast(
        "pytest",
        Outcome.PASS,
        f"{len(tests)} new tests for {len(endpoints)} endpoint(s): each takes what the client's "
        "source sends and refuses an invalid and a too large one; nothing that exists is changed",
        95,
        tests,
    )
