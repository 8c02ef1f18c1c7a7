"""Facts from the application's source: which methods a path really takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workflow.types import RepoPath

_VERB_CALL = re.compile(
    r"(?:^|[^\w.])@?\w+\.(get|post|put|patch|delete|head|options)\(\s*[\"'`](/[^\"'`\s]*)[\"'`]",
    re.IGNORECASE,
)
_ROUTE_CALL = re.compile(
    r"@?\w+\.(?:api_route|route|add_api_route)\(\s*[\"'](/[^\"'\s]*)[\"']"
    r"(?P<rest>[^)]*?methods\s*=\s*[\[{(](?P<list>[^\])}]*)[\])}])?",
)


def methods_of(sources: Mapping[RepoPath, str], path: str) -> tuple[tuple[str, ...], str]:
    """The methods that the sources serve a path with, and the file that says so."""
    for name, text in sources.items():
        found = [verb.upper() for verb, route in _VERB_CALL.findall(text) if route == path]
        for match in _ROUTE_CALL.finditer(text):
            if match[1] == path:
                listed = re.findall(r"[\"'](\w+)[\"']", match["list"] or "")
                found += [verb.upper() for verb in listed] or ["GET"]
        if found:
            return tuple(dict.fromkeys(found)), str(name)
    return (), ""
