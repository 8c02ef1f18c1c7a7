"""What the service gate reads of an app's routes and models, and what it asks because of them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.unit.gates.service_trees import FASTAPI, tree
from workflow.gates.service import detect
from workflow.gates.service.checks import Kind
from workflow.gates.service.derive import MAX_DERIVED, derived
from workflow.gates.service.exchange import Target
from workflow.gates.service.modules import Modules
from workflow.gates.service.routes import routes
from workflow.gates.service.samples import Samples
from workflow.semantics.python import parse_text
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.gates.service.answers import Json

SHOP = {
    "shop/__init__.py": "",
    "shop/main.py": """
from fastapi import FastAPI
from shop import api
from shop.sub import inner as renamed
PREFIX = "/v1"
app = FastAPI()
app.include_router(api.router, prefix=PREFIX)
api.router.include_router(renamed, prefix="/deep")
app.mount("/mounted", api.other)

@app.get("/healthz")
def healthz(): ...

@app.api_route("/both", methods=["POST", "GET"])
def both(): ...

@something.cached("/not-a-route")
def cached(): ...
""",
    "shop/api.py": """
from fastapi import APIRouter
router = APIRouter(prefix="/items")
other = APIRouter()

@router.get("/{item_id}")
async def item(item_id: int, q: str, n: int = 3): ...

@other.delete(path="/{name}")
async def gone(name): ...
""",
    "shop/sub.py": """
from fastapi import APIRouter
inner = APIRouter()

@inner.put("")
async def put(): ...
""",
}


def the_app(files: Mapping[str, str], name: str = "shop.main:app") -> detect.App:
    """Return an app by what uvicorn is told."""
    return detect.app_of(tree(files), Target(name))


def test_routes_and_their_prefixes() -> None:
    """Routes have the prefixes of all routers that they are reached through."""
    assert [(route.method, route.path) for route in routes(the_app(SHOP))] == [
        ("GET", "/both"),
        ("POST", "/both"),
        ("GET", "/healthz"),
        ("DELETE", "/mounted/{name}"),
        ("PUT", "/v1/items/deep"),
        ("GET", "/v1/items/{item_id}"),
    ]


def test_routers_that_include_each_other() -> None:
    """A circle of routers ends."""
    text = "from fastapi import APIRouter\na = APIRouter()\nb = APIRouter()\n"
    text += "a.include_router(b, prefix='/b')\nb.include_router(a, prefix='/a')\n"
    text += "@a.get('/x')\ndef x(): ...\n"
    found_routes = routes(the_app({"main.py": text}, "main:app"))
    assert len(found_routes) == 1
    assert len(found_routes[0].path) < 100


def test_paths_are_filled() -> None:
    """What varies in a path gets a value of its type, and what the query needs is there."""
    checks, _ = derived(the_app(SHOP), None)
    paths = {check.name: check.path for check in checks}
    assert paths["GET /v1/items/{item_id}"] == "/v1/items/1?q=text"
    assert paths["GET of a path that is not there"] == "/no-such-path-here"


MODELS = """
from __future__ import annotations
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal, Optional, Union
from uuid import UUID
from pydantic import BaseModel, ConfigDict, EmailStr, Field, HttpUrl, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Web = Annotated[str, Field(pattern=r"^https?://[^ ]+$")]

class Colour(str, Enum):
    RED = "red"
    BLUE = "blue"

class Inner(BaseModel):
    a: int

class Base(BaseModel):
    model_config = ConfigDict(extra="forbid")
    KIND: ClassVar[int] = 1
    web: Web

class Order(Base):
    type: Literal["order", "other"]
    name: Name
    url: str
    count: int = Field(ge=5, le=9)
    more: Annotated[int, Field(gt=2)]
    less: int = Field(le=-3)
    ratio: float
    ok: bool
    inner: "Inner"
    many: list[Inner]
    table: dict[str, int]
    maybe: Optional[UUID]
    either: int | str
    day: date
    when: datetime
    mail: EmailStr
    site: HttpUrl
    colour: Colour
    short: str = Field(max_length=2)
    long: str = Field(min_length=6)
    any: Any
    renamed: int = Field(alias="reNamed")
    odd: SomethingElse = None

class Self(BaseModel):
    child: Optional["Self"] = None

class Lost(BaseModel):
    what: Nowhere

Payload = Annotated[Union[Order, Inner], Field(discriminator="type")]
"""


def sample(annotation: str) -> tuple[tuple[str, Json], ...]:
    """Return what is made for an annotation of the models."""
    modules = Modules(tree({"m.py": MODELS}), "", frozenset([RepoPath("m.py")]))
    module = modules.get("m")
    assert module is not None
    (statement,) = parse_text(f"x: {annotation}").body
    return Samples(modules).models(module, statement.annotation)  # type: ignore[attr-defined]  # it is annotated


def test_samples_fit_their_models() -> None:
    """Each kind of field gets a value that it should take."""
    ((name, value),) = sample("Order")
    assert name == "Order"
    assert value == {
        "web": "https://example.test/",
        "type": "order",
        "name": "a",
        "url": "https://example.test/",
        "count": 5,
        "more": 3,
        "less": -3,
        "ratio": 1,
        "ok": True,
        "inner": {"a": 1},
        "many": [{"a": 1}],
        "table": {"key": 1},
        "maybe": "00000000-0000-4000-8000-000000000000",
        "either": 1,
        "day": "2026-01-02",
        "when": "2026-01-02T03:04:05Z",
        "mail": "ada@example.test",
        "site": "https://example.test/",
        "colour": "red",
        "short": "te",
        "long": "textaa",
        "any": "text",
        "reNamed": 1,
    }


@pytest.mark.parametrize(
    ("annotation", "names"),
    [
        ("Payload", ["Order", "Inner"]),
        ("Annotated[Inner, Depends(read)]", ["Inner"]),
        ("Inner | None", ["Inner"]),
        ("Self", ["Self"]),
        ("Lost", []),
        ("Colour", []),
        ("str", []),
        ("Request", []),
    ],
)
def test_models_behind_annotations(annotation: str, names: list[str]) -> None:
    """Names, unions and `Annotated` are looked through; what is no model, or circular, ends."""
    assert [name for name, _ in sample(annotation)] == names


ROUTE = """
from fastapi import FastAPI
from pydantic import BaseModel
app = FastAPI()

class Order(BaseModel):
    name: str

@app.post("/orders")
async def orders(order: Order): ...
"""


def test_checks_of_a_route_with_a_body() -> None:
    """A route with a body is asked as it should be, and in each way that it should refuse."""
    app = the_app({"main.py": ROUTE}, "main:app")
    checks, left = derived(app, app)
    assert [(check.kind, check.name) for check in checks] == [
        (Kind.FITTING, "POST /orders with an Order"),
        (Kind.UNFIT, "POST /orders with a body of 2 MiB"),
        (Kind.UNFIT, "POST /orders with 2 MiB of undeclared length"),
        (Kind.UNFIT, "POST /orders as a form"),
        (Kind.UNFIT, "POST /orders with broken JSON"),
        (Kind.UNFIT, "POST /orders with an empty table"),
        (Kind.UNFIT, "DELETE /orders, which is not its method"),
        (Kind.UNFIT, "OPTIONS /orders from another origin"),
        (Kind.UNFIT, "GET of a path that is not there"),
    ]
    assert left == 0
    assert json.loads(checks[0].body) == {"name": "text"}
    assert {len(check.body) + check.pad for check in checks[1:3]} == {2 * 1024 * 1024}


def test_both_trees_models_are_asked() -> None:
    """A model that differs is asked as it is on the patched tree, and as it was on the base."""
    base = the_app({"main.py": ROUTE}, "main:app")
    patched = the_app({"main.py": ROUTE.replace("name: str", "name: int")}, "main:app")
    bodies = {check.name: check.body for check in derived(base, patched)[0]}
    assert bodies["POST /orders with an Order"] == b'{"name": 1}'
    assert bodies["POST /orders with an Order, as on the base"] == b'{"name": "text"}'


def test_new_routes_come_first_and_the_rest_is_counted() -> None:
    """Of too many requests those for new routes are kept, and it is said how many were left."""
    many = "".join(f"@app.get('/{n}')\ndef f{n}(): ...\n" for n in range(80))
    base = the_app({"main.py": FASTAPI + many}, "main:app")
    new = FASTAPI + many + "@app.get('/zz')\ndef zz(): ...\n"
    checks, left = derived(base, the_app({"main.py": new}, "main:app"))
    assert checks[0].name == "GET /zz"
    assert len(checks) == MAX_DERIVED
    assert left > 80
    assert len({check.name for check in checks}) == len(checks)


def test_same_trees_make_the_same_checks() -> None:
    """Nothing in the checks depends on chance: a run is known again by its command."""
    made = [derived(the_app(SHOP), the_app(SHOP)) for _ in range(2)]
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "text",
    [
        "@app.get('/x y')\ndef f(): ...\n",
        "@app.get('/x\\r\\nEvil: 1')\ndef f(): ...\n",
        "@app.get('http://example.test/')\ndef f(): ...\n",
        "@app.get('/" + "a" * 400 + "')\ndef f(): ...\n",
    ],
)
def test_paths_that_are_none_are_left_out(text: str) -> None:
    """A path with which a request could be forged, or that is none, makes no request."""
    checks, _ = derived(the_app({"main.py": FASTAPI + text}, "main:app"), None)
    assert checks == ()


def test_hostile_annotations_end() -> None:
    """Names that stand for unions of each other cost no more than a bounded number of steps."""
    names = [f"A{n}" for n in range(12)]
    text = "from fastapi import FastAPI\napp = FastAPI()\n"
    for one, after in zip(names, [*names[1:], "Other"], strict=True):
        text += f"{one} = {' | '.join([after] * 50)}\n"
    text += "".join(f"@app.post('/{n}')\ndef f{n}(a: A0, b: A1): ...\n" for n in range(100))
    started = time.monotonic()
    derived(the_app({"main.py": text}, "main:app"), None)
    assert time.monotonic() - started < 20


def test_hostile_routers_end() -> None:
    """Routers that all include each other cost no more than a bounded number of steps."""
    text = "from fastapi import APIRouter\n"
    text += "".join(f"r{n} = APIRouter(prefix='/{'p' * 100}')\n" for n in range(20))
    text += "".join(f"r{n}.include_router(r{m})\n" for n in range(20) for m in range(20))
    text += "".join(f"@r{n}.get('/x')\ndef f{n}(): ...\n" for n in range(20))
    started = time.monotonic()
    assert all(len(one.path) <= 301 for one in routes(the_app({"main.py": text}, "main:r0")))
    assert time.monotonic() - started < 20
