"""Which targets are probed live, and with which nginx."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from workflow.gates.nginx.live.probe import Options, probe
from workflow.process import side_by_side
from workflow.types import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.gates.interface import Tree
    from workflow.gates.nginx.live.result import Result as Live
    from workflow.gates.nginx.results import Result, Results
    from workflow.sandbox import Sandbox
    from workflow.types import Keep

_MOST = 3
"""How many targets are probed: a change rarely reaches more."""


def asked(
    done: Results,
    base: Tree | None,
    patched: Tree,
    means: tuple[Sandbox, Keep],
    known_hosts: Sequence[str] = (),
) -> tuple[Live, ...]:
    """Probe each target that loads, the first three, by the first nginx under which it does.

    `known_hosts` are upstreams' hosts that exist though the base does not name them.  Raises what
    the sandbox raises.
    """
    first: dict[str, Result] = {}
    for one in done.results:
        if one.outcome is Outcome.PASS and one.manifest:
            first.setdefault(one.target.path, one)
    options = Options(vouched=frozenset(known_hosts))
    calls = [
        partial(probe, *means, one.manifest, one.binary, patched, base, options=options)
        for one in list(first.values())[:_MOST]
        if one.manifest
    ]
    return tuple(side_by_side(calls))
