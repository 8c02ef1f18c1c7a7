"""Reads a policy from YAML: strict, with no key that nobody reads."""

from __future__ import annotations

import yaml
from pydantic import BaseModel, ConfigDict, PositiveInt, ValidationError

from workflow.canonical import sha256
from workflow.errors import WorkflowError
from workflow.policy.interface import Policy


class _BlastRadius(BaseModel):
    model_config = ConfigDict(extra="forbid")
    files: PositiveInt
    changed_lines: PositiveInt


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")
    blast_radius: _BlastRadius
    protected: tuple[str, ...]


class PolicyError(WorkflowError):
    """A policy file does not say what a policy must say."""


def load(data: bytes, source: str) -> Policy:
    """The policy in a YAML document; `source` names it in messages and in proposals.

    Raises `PolicyError` naming the first fault.
    """
    try:
        document = _Document.model_validate(yaml.safe_load(data))
    except yaml.YAMLError as error:
        message = f"{source}: not YAML: {' '.join(str(error).split())}"
        raise PolicyError(message, hint="correct and commit it") from error
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"]) or "the document"
        message = f"{source}: {where}: {fault['msg']}"
        raise PolicyError(message, hint="see docs/policies.md") from error
    return Policy(
        max_files=document.blast_radius.files,
        max_changed_lines=document.blast_radius.changed_lines,
        protected=document.protected,
        source=source,
        digest=sha256(data),
    )
