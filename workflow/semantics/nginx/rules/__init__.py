"""The rules for silent faults, of every family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.rules.headers import HEADERS
from workflow.semantics.nginx.rules.routing import ROUTING

if TYPE_CHECKING:
    from workflow.semantics.nginx.fault import Rule

RULES: tuple[Rule, ...] = (*HEADERS, *ROUTING)
