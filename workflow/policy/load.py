"""Reads a policy from YAML: strict, with no key that nobody reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workflow.canonical import sha256
from workflow.errors import WorkflowError
from workflow.policy.interface import Policy

if TYPE_CHECKING:
    from collections.abc import Hashable


_Count = Annotated[int, Field(strict=True, gt=0)]


class _BlastRadius(BaseModel):
    model_config = ConfigDict(extra="forbid")
    files: _Count
    changed_lines: _Count


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")
    blast_radius: _BlastRadius
    protected: tuple[str, ...]


class _Loader(yaml.SafeLoader):
    """YAML in which a key that stands twice is a fault: the first would be forgotten in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's own signature
        """Construct a mapping, refusing repeated keys."""
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            problem = f"the key {twice!r} stands twice"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)


class PolicyError(WorkflowError):
    """A policy file does not say what a policy must say."""


def load(data: bytes, source: str) -> Policy:
    """The policy in a YAML document; `source` names it in messages and in proposals.

    Raises `PolicyError` naming the first fault.
    """
    try:
        # A subclass of the safe loader: it makes plain values only.
        document = _Document.model_validate(yaml.load(data, _Loader))  # noqa: S506 - see above
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
