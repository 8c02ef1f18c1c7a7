"""NGINX's own directives: which module has each, and in which blocks it may stand.

The table is data made from NGINX's documentation (`directives.json` names the package and its
version, `bench/nginx_directives.mjs` makes it again).  Modules of others are not in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Known:
    """One directive of one module.

    `contexts` are as the documentation calls them (`main`, `http`, `server`, `location`,
    `if in location`, `limit_except`, `upstream`, `stream`, `mail`, `events`...); empty: everywhere.
    """

    name: str
    module: str
    contexts: tuple[str, ...]
    is_block: bool


@cache
def _table() -> dict[str, tuple[Known, ...]]:
    text = files("workflow.semantics.nginx").joinpath("directives.json").read_text("utf-8")
    found: dict[str, list[Known]] = {}
    for module, rows in json.loads(text)["modules"].items():
        for name, row in rows.items():
            contexts = tuple(row["contexts"])
            known = Known(name, module, contexts, "block" in row)
            found.setdefault(name, []).append(known)
    return {name: tuple(rows) for name, rows in found.items()}


def known(name: str) -> tuple[Known, ...]:
    """What is known of a directive, a row for each module that has one of that name."""
    return _table().get(name, ())
