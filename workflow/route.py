"""Chooses who drafts, from hard facts: what the request names, and whether it exists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.types import Role, Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.types import ChangeRequest, RepoPath

# A blank page is asked for in these words, and an existing file is not.
_BLANK_PAGE = re.compile(
    r"\b(scaffold|bootstrap|from scratch|first pass|skeleton|boilerplate"
    r"|(?:generate|write|create|draft|build)\s+(?:me\s+)?(?:a|an|the)\s+(?:\S+\s+){0,3}"
    r"(?:backend|service|app|application|project|server block|site config|module|unit))\b",
    re.IGNORECASE,
)


def choose(request: ChangeRequest, existing: Sequence[RepoPath]) -> Route:
    """The role for a request; `existing` are the files of the base that it names.

    Named files that exist go to the surgeon, a blank page to the architect.
    """
    if request.role is not None:
        return Route(request.role, (f"--route {request.role} was given",))
    if existing:
        names = ", ".join(existing)
        return Route(Role.SURGEON, (f"the request is about files that exist: {names}",))
    words = _BLANK_PAGE.search(request.text)
    if words:
        return Route(Role.ARCHITECT, (f"no existing file is named, and it says {words[0]!r}",))
    return Route(Role.SURGEON, ("no new file is asked for",))
