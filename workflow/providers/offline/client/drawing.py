"""Writes the modules of a drafted backend: models, routes, schemas."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.providers.offline.client import templates
from workflow.providers.offline.client.naming import camel
from workflow.providers.offline.client.shapes import Alias, Model, Models
from workflow.providers.offline.client.values import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workflow.providers.offline.client.endpoints import Endpoint, Service
    from workflow.providers.offline.client.shapes import Json, ModelField, Typed

WIDTH = 88
MAX_BODY = 64 * 1024
MAX_BATCH = 256 * 1024
_MAX_PART = 128
_OK = 200
_ACCEPTED = 202
_HEADER = re.compile(r"[a-z0-9-]{1,64}\Z")
_SITE = re.compile(r"[\w./@-]{1,40}:\d{1,7}\Z", re.ASCII)
_PYDANTIC = (*("AwareDatetime", "BaseModel", "ConfigDict", "Field", "JsonValue", "TypeAdapter"),)
_OWN = frozenset(
    {"create_app", "healthz", "keep", "models", "app", "received", "schema", "remember"}
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """An endpoint with the types of its payload and its query; `handler` is its function's name.

    `samples` are payloads that it takes, one of each kind; `query` is a sample of its query.
    """

    endpoint: Endpoint
    handler: str
    payload: Typed | None
    schema: dict[str, Json] | None
    samples: tuple[Json, ...]
    query_type: Typed | None
    query: Json

    @property
    def constant(self) -> str:
        """The name of the payload's adapter."""
        return f"{self.endpoint.name.upper()}_ADAPTER"

    @property
    def status(self) -> int:
        """What it answers."""
        is_unread = not self.endpoint.is_read or self.endpoint.is_image
        if is_unread or self.endpoint.method == "HEAD":
            return 204
        return 200 if self.endpoint.method == "GET" else 202


def drawn(service: Service) -> tuple[tuple[Drawn, ...], Models]:
    """The endpoints with their types, and the classes of all."""
    models = Models()
    found = []
    for endpoint in service.endpoints:
        name = camel(endpoint.name)
        payload: Typed | None = None
        schema: dict[str, Json] | None = None
        samples: tuple[Json, ...] = ()
        if endpoint.bodies:
            values = [body.value for body in endpoint.bodies]
            payload, schema, samples = models.typed(name, values, is_written=endpoint.is_form)
        query_type: Typed | None = None
        query: Json = None
        if endpoint.query is not None and endpoint.query.entries:
            query_type, _, written = models.typed(f"{name}Query", [endpoint.query], is_written=True)
            query = written[0]
        handler = f"{endpoint.name}_" if endpoint.name in _OWN else endpoint.name
        found.append(Drawn(endpoint, handler, payload, schema, samples, query_type, query))
    return tuple(found), models


def body_limit(found: Iterable[Drawn]) -> int:
    """Bytes: what a beacon may have, and more where the client sends arrays."""
    arrays = any('"array"' in json.dumps(one.schema) for one in found)
    return MAX_BATCH if arrays else MAX_BODY


# --- models ------------------------------------------------------------------------------------


def models_module(found: tuple[Drawn, ...], models: Models, client: str) -> str:
    """`app/models.py`."""
    body = "".join(_defined(one) for one in models.classes)
    tail: list[str] = []
    for one in found:
        if one.payload is None:
            continue
        name = payload_name(one)
        if name != one.payload.words:
            tail.append(f"{name} = {one.payload.words}\n")
        tail.append(
            bracketed("", f"{one.constant}: TypeAdapter[{name}] = TypeAdapter(", [name], ")")
        )
    schemas = [
        f'    "{one.endpoint.name}": {one.constant},\n' for one in found if one.payload is not None
    ]
    if schemas:
        tail.append("ADAPTERS: dict[str, TypeAdapter[Any]] = {\n" + "".join(schemas) + "}\n")
    names = [one for one in templates.MODELS_BASES if f"({one}):" in body]
    bases = "".join(templates.MODELS_BASES[one] for one in names)
    rest = body + ("\n\n" + "".join(tail) if tail else "")
    aliases = _aliases(rest)
    head = f'"""What {client} sends; anything else is refused."""\n'
    gap = "\n" if aliases else ""
    return head + _model_imports(aliases + bases + rest) + gap + aliases + bases + rest


def payload_name(one: Drawn) -> str:
    """The name of an endpoint's payload in the models."""
    words = one.payload.words if one.payload is not None else ""
    is_own = words.isidentifier() and words not in templates.ALIASES
    is_own = is_own and words not in {"bool", "JsonValue", "None"}
    return words if is_own else f"{camel(one.endpoint.name)}Payload"


def _aliases(used: str) -> str:
    kept = [name for name in templates.ALIASES if _is_used(name, used)]
    if "Fields" in kept and "Name" not in kept:
        kept.append("Name")
    lines = [f"{name} = {templates.ALIASES[name]}\n" for name in templates.ALIASES if name in kept]
    generic = 'T = TypeVar("T")\n' if "Several" in kept else ""
    return generic + "".join(lines)


def _is_used(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w\"]){name}(?![\w\"])", text) is not None


def _model_imports(used: str) -> str:
    typing = [name for name in ("Annotated", "Any", "Literal", "TypeVar") if _is_used(name, used)]
    pydantic = [name for name in _PYDANTIC if _is_used(name, used)]
    lines = [f"\nfrom typing import {', '.join(typing)}\n"] if typing else []
    line = f"from pydantic import {', '.join(pydantic)}\n"
    if len(line) > WIDTH + 1:
        line = "from pydantic import (\n" + "".join(f"    {one},\n" for one in pydantic) + ")\n"
    return "".join([*lines, "\n", line])


def bracketed(indent: str, head: str, parts: Sequence[str], tail: str) -> str:
    """A bracket on one line if it fits there, else one part on each line."""
    line = f"{indent}{head}{', '.join(parts)}{tail}\n"
    if len(line) <= WIDTH + 1:
        return line
    inner = "".join(f"{indent}    {part},\n" for part in parts)
    return f"{indent}{head}\n{inner}{indent}{tail}\n"


def _defined(one: Model | Alias) -> str:
    return _class(one) if isinstance(one, Model) else _alias(one)


def _alias(one: Alias) -> str:
    if one.outer == "Annotated":
        members = " | ".join(one.parts[:-1])
        if len(members) > WIDTH - 5:
            members = "\n    | ".join(one.parts[:-1])
        return f"\n\n{one.name} = Annotated[\n    {members},\n    {one.parts[-1]},\n]\n"
    if one.outer:
        return (
            f"\n\n{one.name} = {one.outer}[\n" + "".join(f"    {p},\n" for p in one.parts) + "]\n"
        )
    line = f"{one.name} = {' | '.join(one.parts)}\n"
    if len(line) > WIDTH + 1:
        line = f"{one.name} = (\n    " + "\n    | ".join(one.parts) + "\n)\n"
    return f"\n\n{line}"


def _class(model: Model) -> str:
    base = {
        (False, False): "Closed",
        (True, False): "Open",
        (False, True): "Written",
        (True, True): "WrittenOpen",
    }[model.is_open, model.is_written]
    about = model.about if 0 < len(model.about) < WIDTH - 10 else "An object that the client sends."
    fields = "".join(_field(one) for one in model.fields)
    gap = "\n" if fields else ""
    return f'\n\nclass {model.name}({base}):\n    """{about}"""\n{gap}{fields}'


def _field(one: ModelField) -> str:
    words = one.typed.words
    if one.is_optional and words != "JsonValue" and not words.endswith("None"):
        words += " | None"
    head = f"{one.name}: {words}"
    if one.name != one.alias:
        parts = [f"alias={json.dumps(one.alias)}"]
        if one.is_optional:
            parts.insert(0, "default=None")
        return bracketed("    ", f"{head} = Field(", parts, ")")
    return f"    {head} = None\n" if one.is_optional else f"    {head}\n"


# --- routes ------------------------------------------------------------------------------------


def main_module(found: tuple[Drawn, ...], service: Service, client: str) -> str:
    """`app/main.py`."""
    routes = "".join(_route(one) for one in found)
    has_bodies = any(one.payload is not None for one in found)
    schema = _SCHEMA_ROUTE if has_bodies else ""
    cors = _cors(found, service) if service.is_cross else ""
    body = f"{_CREATE}{cors}{_HANDLER}{_HEALTH_ROUTE}{routes}{schema}{_TAIL}"
    readers = [
        name for name in ("form_body", "json_body", "maybe", "problems") if f"{name}(" in body
    ]
    fastapi = [
        name
        for name in ("Depends", "FastAPI", "HTTPException", "Path", "Query", "Request")
        if f"{name}(" in body or f": {name}" in body or f"> {name}" in body
    ]
    lines = [
        f'"""The service that {client} talks to; run it with `uvicorn app.main:app`."""\n\n',
        "import os\n" if service.is_cross else "",
        "from collections import deque\nfrom collections.abc import Callable\n",
        "from typing import Annotated\n" if "Annotated[" in body else "",
        f"\nfrom fastapi import {', '.join(fastapi)}\n",
        "from fastapi.exceptions import RequestValidationError\n",
        "from fastapi.middleware.cors import CORSMiddleware\n" if service.is_cross else "",
        "from fastapi.responses import JSONResponse\n\n",
        "from . import models\n" if "models." in body else "",
        "from .limits import LimitBody\n",
        f"from .reading import {', '.join(readers)}\n",
    ]
    return "".join(lines) + body


def _route(one: Drawn) -> str:
    endpoint = one.endpoint
    arguments = [
        bracketed("", f"{part.name}: Annotated[", _limit(part.kind), "]").rstrip("\n")
        for part in endpoint.parameters
    ]
    kept = [f'"{part.name}": {part.name}' for part in endpoint.parameters]
    if one.query_type is not None:
        arguments.append(f"query: Annotated[models.{one.query_type.words}, Query()]")
        kept.append('"query": query')
    if one.payload is not None:
        arguments.append(_payload(one))
        kept.append('"payload": payload')
    returns = {200: "dict[str, object]", 202: "dict[str, str]", 204: "None"}[one.status]
    parts = [f'"{endpoint.path}"', f"status_code={one.status}"]
    sites = _site(endpoint.sites[0])
    lines = [
        bracketed("    ", f"@app.{endpoint.method.lower()}(", parts, ")"),
        _signature(one.handler, arguments, returns),
    ]
    if one.status == _OK:
        lines.append(f'        """Answer {sites}; with what, its source does not say."""\n')
        return "".join([*lines, "        return {}\n\n"])
    lines.append(f'        """Take what {sites} sends."""\n')
    call = [f'"{endpoint.name}"', f"{{{', '.join(kept)}}}"]
    lines.append(bracketed("        ", "keep(", call, ")"))
    if one.status == _ACCEPTED:
        lines.append('        return {"status": "accepted"}\n')
    return "".join([*lines, "\n"])


def _site(place: str) -> str:
    """A place in the client for a docstring, without what could end it."""
    return place if _SITE.match(place) else f"line {place.rpartition(':')[2]} of the client"


def _limit(kind: Kind) -> list[str]:
    if kind is Kind.INT:
        return ["int", "Path(ge=0, le=2**53)"]
    return ["str", f"Path(max_length={_MAX_PART})"]


def _payload(one: Drawn) -> str:
    reader = f"{'form' if one.endpoint.is_form else 'json'}_body(models.{one.constant})"
    kind = f"models.{payload_name(one)}"
    if one.endpoint.is_bare:
        reader, kind = f"maybe({reader})", f"{kind} | None"
    found = bracketed("        ", "payload: Annotated[", [kind, f"Depends({reader})"], "],")
    return found.strip().removesuffix(",")


def _signature(name: str, arguments: list[str], returns: str) -> str:
    line = f"    async def {name}({', '.join(arguments)}) -> {returns}:\n"
    if len(line) <= WIDTH + 1 and "\n" not in line[:-1]:
        return line
    listed = "".join(f"        {one},\n" for one in arguments)
    return f"    async def {name}(\n{listed}    ) -> {returns}:\n"


def _cors(found: tuple[Drawn, ...], service: Service) -> str:
    methods = sorted({one.endpoint.method for one in found})
    headers = sorted({"content-type", *filter(_HEADER.match, service.headers)})
    lines = [
        "    # The outermost, so that refusals have the headers, too.\n",
        "    app.add_middleware(\n        CORSMiddleware,\n",
        '        allow_origins=os.environ.get("ALLOWED_ORIGINS", "").split(),\n',
        bracketed("        ", "allow_methods=[", [json.dumps(one) for one in methods], "],"),
        bracketed("        ", "allow_headers=[", [json.dumps(one) for one in headers], "],"),
        "        allow_credentials=True,\n" if service.has_credentials else "",
        "    )\n",
    ]
    return "".join(lines)


_CREATE = '''
Keep = Callable[[str, dict[str, object]], None]
received: deque[tuple[str, dict[str, object]]] = deque(maxlen=1000)


def remember(endpoint: str, parts: dict[str, object]) -> None:
    """Keep the newest in memory, until there is a place for them."""
    received.append((endpoint, parts))


def create_app(keep: Keep) -> FastAPI:
    """Build the service; `keep` is given what it takes, by endpoint."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.add_middleware(LimitBody)
'''
_HANDLER = '''
    @app.exception_handler(RequestValidationError)
    async def refuse(_request: Request, error: RequestValidationError) -> JSONResponse:
        """Say what is wrong with a path or a query."""
        return JSONResponse({"detail": problems(error.errors())}, status_code=422)

'''
_HEALTH_ROUTE = '''\
    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Answer as long as the process serves requests."""
        return {"status": "ok"}

'''
_SCHEMA_ROUTE = '''\
    @app.get("/schema/{name}")
    async def schema(name: Annotated[str, Path(max_length=64)]) -> dict[str, object]:
        """Answer with the JSON schema of an endpoint's payload."""
        if name not in models.ADAPTERS:
            raise HTTPException(404, "there is no such endpoint")
        return models.ADAPTERS[name].json_schema()

'''
_TAIL = """\
    return app


app = create_app(remember)
"""


def reading_module(found: tuple[Drawn, ...]) -> str:
    """`app/reading.py`."""
    bodies = [one.endpoint for one in found if one.payload is not None]
    parts = []
    if any(not one.is_form for one in bodies):
        parts.append(templates.JSON_BODY)
    if any(one.is_form for one in bodies):
        parts.append(templates.FORM_BODY)
    if any(one.is_bare for one in bodies):
        parts.append(templates.OPTIONAL_BODY)
    if not parts:
        return templates.READING_QUERY + templates.PROBLEMS
    imports = "from urllib.parse import parse_qsl\n" if templates.FORM_BODY in parts else ""
    head = templates.READING_BODY.format(imports=imports)
    return "".join((head, templates.PROBLEMS, templates.MEDIA_TYPE, *parts))


def schema_file(one: Drawn) -> str:
    """`schema/NAME.json`."""
    return json.dumps(one.schema, indent=2) + "\n"
