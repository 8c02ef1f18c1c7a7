"""What every section of the settings has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

MISSING_KEY = "missing_key"
"""The kind of fault where one key asks for another, which its context names."""


class Section(BaseModel):
    """A section of `workflow.toml`: it cannot be changed, and knows all its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
