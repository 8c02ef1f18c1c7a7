"""Settings of the gates that a repository defines itself."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from workflow.config.section import Section
from workflow.types import RepoPath

OWN_GATES = ("nginx", "pytest", "service")
"""The names of the built-in gates, which no other can have."""
_Word = Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=4096)]
_Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]
_Status = Annotated[int, Field(ge=0, le=255)]


class CommandSettings(Section):
    """One gate that runs a command on both trees.

    `argv` is a program with its words, no shell, started in the repository folder `folder`.
    `paths` are patterns of changed files that it is run for, `exit` the statuses that pass.
    `parser` reads single findings from what the command prints, or from the file `report` that it
    writes, so that only new ones count.  `env` are variables for it: no secrets, they are
    committed.  `timeout_s` bounds one run in seconds of wall time, `memory_mb` all its processes
    together in MiB.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")
    argv: tuple[_Word, ...] = Field(min_length=1, max_length=200)
    paths: tuple[str, ...] = Field(default=("**",), min_length=1, max_length=100)
    exit: tuple[_Status, ...] = Field(default=(0,), min_length=1)
    parser: Literal["plain", "junit", "sarif"] = "plain"
    report: str = ""
    folder: str = ""
    env: dict[_Variable, _Word] = Field(default_factory=dict)
    network: Literal["none", "loopback"] = "none"
    timeout_s: float = Field(default=60.0, gt=0, le=3600)
    memory_mb: int = Field(default=2048, ge=16, le=1_048_576)

    @field_validator("name")
    @classmethod
    def _is_no_other(cls, name: str) -> str:
        if name in OWN_GATES:
            message = f"{name} is a gate already"
            raise ValueError(message)
        return name

    @field_validator("report", "folder")
    @classmethod
    def _is_contained(cls, path: str) -> str:
        return RepoPath(path) if path else path

    @model_validator(mode="after")
    def _has_a_use(self) -> Self:
        if not self.argv[0]:
            message = "argv begins with the name of a program"
            raise ValueError(message)
        if self.report and self.parser == "plain":
            message = "a report is read by a parser, junit or sarif"
            raise ValueError(message)
        return self
