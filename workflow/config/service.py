"""Settings of the service probe: which app is started, and what it is asked."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, JsonValue, field_validator, model_validator

from workflow.config.section import Section
from workflow.types import RepoPath

MAX_CHECKS = 50
MAX_BODY = 16 * 1024 * 1024
_PATH_SAID = "a path that begins with / is expected, as /healthz, in printable ASCII"


def _worded(pattern: str, said: str) -> AfterValidator:
    """Return the check of a text against a pattern, which says in words what is expected."""
    wanted = re.compile(pattern)

    def checked(text: str) -> str:
        if not wanted.fullmatch(text):
            raise ValueError(said)
        return text

    return AfterValidator(checked)


_HeaderName = Annotated[
    str,
    _worded(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}", "the name of a header is expected, as X-Kind"),
]
_HeaderValue = Annotated[
    str, Field(max_length=4096), _worded(r"[ -~]*", "printable ASCII on one line is expected")
]
_Variable = Annotated[
    str,
    _worded(
        r"[A-Za-z_][A-Za-z0-9_]{0,99}",
        "the name of a variable is expected: letters, digits and _, no digit first",
    ),
]
_Path = Annotated[
    str,
    Field(max_length=4096),
    _worded(r"/[!-~]*", _PATH_SAID),
]
_Health = Annotated[str, Field(max_length=4096), _worded(r"(/[!-~]*)?", _PATH_SAID)]
_Method = Annotated[str, _worded(r"[A-Z]{1,20}", "capital letters are expected, as POST")]
_App = Annotated[
    str,
    Field(max_length=300),
    _worded(
        r"(\w+(\.\w+)*:\w+(\.\w+)*)?",
        "a module and a variable in it are expected, as app.main:app",
    ),
]


class ServiceExpectSettings(Section):
    """What an answer has to be.

    `status` is its status, `header` has headers with their values, and `contains` is text in its
    body.  `json` is in its JSON body: of a table the keys that are given, of a list all items.
    `max_ms` is the time to its end, in milliseconds; one of two tries has to keep it.
    """

    status: int | None = Field(default=None, ge=100, le=599)
    header: dict[_HeaderName, _HeaderValue] = Field(default_factory=dict)
    # Named otherwise inside: pydantic has a method of that name.
    json_body: JsonValue = Field(default=None, alias="json")
    contains: str = Field(default="", max_length=10_000)
    max_ms: int | None = Field(default=None, ge=1, le=60_000)


class ServiceCheckSettings(Section):
    """One request, and what its answer has to be.

    At most one of `body` (text), `json` and `file` (a repository path, read from the base) is the
    request's body; `size` fills it with spaces up to that many bytes.  Without `expect`, the answer
    has only to be one that is no error of the server.
    """

    name: str = Field(min_length=1, max_length=100)
    method: _Method = "GET"
    path: _Path
    headers: dict[_HeaderName, _HeaderValue] = Field(default_factory=dict)
    body: str | None = Field(default=None, max_length=MAX_BODY)
    json_body: JsonValue = Field(default=None, alias="json")
    file: str = ""
    size: int = Field(default=0, ge=0, le=MAX_BODY)
    expect: ServiceExpectSettings | None = None

    @field_validator("name")
    @classmethod
    def _is_printable(cls, name: str) -> str:
        if not name.isprintable():
            message = "the name of a check has to be printable"
            raise ValueError(message)
        return name

    @field_validator("expect", mode="before")
    @classmethod
    def _is_table(cls, expect: object) -> object:
        if isinstance(expect, int):
            message = "a section is expected, such as expect = { status = 200 }"
            raise ValueError(message)  # noqa: TRY004 - pydantic words a `ValueError` alone
        return expect

    @field_validator("file")
    @classmethod
    def _is_contained(cls, file: str) -> str:
        return RepoPath(file) if file else file

    @model_validator(mode="after")
    def _has_one_body(self) -> Self:
        given = [self.body is not None, self.json_body is not None, bool(self.file)]
        if sum(given) > 1:
            message = "of body, json and file a check has one at most"
            raise ValueError(message)
        return self


class ServiceSettings(Section):
    """The service probe.

    `app` is what uvicorn is told, such as `app.main:app`, imported from the repository folder
    `folder`; without it an app is looked for around the change, unless `detect` is false.
    `factory` says that it is a function that makes the app.  `env` are variables for it: no
    secrets, they are committed.  `health` is the path that has to answer with 2xx before anything
    is asked.  `start_s` bounds the start, `request_s` one answer and `timeout_s` all of it, on each
    tree, in seconds of wall time.  `derive` adds requests made from the routes that are found.
    """

    app: _App = ""
    folder: str = ""
    factory: bool = False
    detect: bool = True
    env: dict[_Variable, str] = Field(default_factory=dict)
    health: _Health = ""
    start_s: float = Field(default=20.0, gt=0, le=300)
    request_s: float = Field(default=5.0, gt=0, le=60)
    timeout_s: float = Field(default=60.0, gt=0, le=900)
    derive: bool = True
    checks: tuple[ServiceCheckSettings, ...] = Field(default=(), max_length=MAX_CHECKS)

    @field_validator("folder")
    @classmethod
    def _is_folder(cls, folder: str) -> str:
        return RepoPath(folder.rstrip("/")) if folder else folder

    @model_validator(mode="after")
    def _has_names_of_their_own(self) -> Self:
        names = [check.name for check in self.checks]
        if len(set(names)) < len(names):
            message = "two checks have the same name"
            raise ValueError(message)
        return self
