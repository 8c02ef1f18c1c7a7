"""What the sections of a policy share: no key that nobody reads, patterns, counts, addresses."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from workflow.policy.fold import shown


def pattern(value: str) -> str:
    """A pattern that can match a path.  Raises `ValueError` for another one."""
    if any(part in {"", ".", ".."} for part in value.removesuffix("/").split("/")):
        message = (
            f"'{shown(value)}' matches nothing: patterns are of paths from the repository's top, "
            "such as docs/** or **/*.key"
        )
        raise ValueError(message)
    return value


Count = Annotated[int, Field(strict=True, gt=0)]
Pattern = Annotated[str, AfterValidator(pattern)]
Patterns = Annotated[tuple[Pattern, ...], Field(min_length=1)]
Address = Annotated[str, Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$")]


class Section(BaseModel):
    """Keys with values; an unknown key is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)
