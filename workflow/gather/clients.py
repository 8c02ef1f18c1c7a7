"""The files that speak of the same endpoints as a named one: browser clients, services, settings.

A search of text for paths such as `/collect`: cheap, and right often enough for what is only read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.gather.near import Lead, Leads, is_foreign
from workflow.gather.nginx import may_be_nginx
from workflow.gather.touching import is_test

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gather.near import Nearness
    from workflow.gather.shelf import Shelf
    from workflow.types import RepoPath

_MAX_SEARCHED = 300
_MAX_ENDPOINTS = 50
_ENDINGS = (
    *(".js", ".mjs", ".cjs", ".ts", ".jsx", ".tsx", ".vue", ".svelte", ".html", ".htm"),
    *(".py", ".conf", ".service", ".yml", ".yaml", ".toml", ".json", ".j2"),
)
_SOURCES = (".py", ".js", ".mjs", ".cjs", ".ts", ".jsx", ".tsx")
# Files of the machine, which no client asks for.
_OF_THE_MACHINE = (
    "/etc/",
    "/usr/",
    "/var/",
    "/opt/",
    "/dev/",
    "/proc/",
    "/sys/",
    "/run/",
    "/home/",
)
# The quotes need not be one pair: a template string may go on behind the path.
_IN_QUOTES = re.compile(r"""["'`](?:https?://[^/"'`\s]{1,200})?(/[\w.~-][\w.~/-]{1,78})""")
_IN_LOCATION = re.compile(
    r"""(?m)(?:^|[;{}])[ \t]*location\s+(?:=\s*|\^~\s*)?["']?(/[\w.~-][\w.~/-]{1,78})"""
)


def mentioning(shelf: Shelf, near: Nearness, files: Sequence[RepoPath]) -> Leads:
    """The files that mention an endpoint of some others; those with most of them first."""
    endpoints: dict[str, None] = {}
    for path in files:
        endpoints.update(dict.fromkeys(_endpoints(shelf, path)))
    if not endpoints:
        return Leads()
    # The longest first: `/v1/items` is not counted as `/v1`.
    choice = sorted(tuple(endpoints)[:_MAX_ENDPOINTS], key=lambda one: (-len(one), one))
    pattern = re.compile(rf"(?:{'|'.join(map(re.escape, choice))})(?![\w-]|[./]\w)")
    candidates = near.sorted(
        path
        for path in shelf.entries
        if (path.endswith(_ENDINGS) or may_be_nginx(path))
        and not (path in files or is_test(path) or is_foreign(path))
    )[:_MAX_SEARCHED]
    shelf.open(candidates)
    counts = {path: len(set(pattern.findall(shelf.text(path)))) for path in candidates}
    found = sorted((path for path in candidates if counts[path]), key=lambda path: -counts[path])
    return Leads(tuple(Lead(path, 0) for path in found))


def _endpoints(shelf: Shelf, path: RepoPath) -> list[str]:
    """The paths of addresses that a file answers or asks for, without a `/` at their end."""
    if path.endswith(_SOURCES):
        pattern = _IN_QUOTES
    elif may_be_nginx(path):
        pattern = _IN_LOCATION
    else:
        return []
    found = (match.rstrip("/.") for match in pattern.findall(shelf.text(path)))
    return [one for one in found if not one.startswith(_OF_THE_MACHINE)]
