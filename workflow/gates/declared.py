"""Which findings of gates a requester may declare as intended, and how they are named."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from workflow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

NGINX = "nginx:"
"""In front of the id of a rule for silent faults."""
REMOVED_HARDENING = "systemd:removed-hardening"


def require_known(names: Iterable[str]) -> None:
    """Check names that a person typed behind `--allow`, of the form `GATE:RULE`.

    Raises `UsageError` with what they may mean.
    """
    # Imported here: nearly a hundred rules, for a request that declares one of them.
    from workflow.semantics.nginx.rules import RULES  # noqa: PLC0415 - see above

    known = {REMOVED_HARDENING, *(f"{NGINX}{rule.id}" for rule in RULES)}
    for name in names:
        if name not in known:
            near = get_close_matches(name, sorted(known), n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "docs/nginx-rules.md has them"
            message = f"no gate has a finding {name!r} that can be declared"
            raise UsageError(message, hint=hint)
