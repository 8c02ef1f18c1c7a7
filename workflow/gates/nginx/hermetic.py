"""`nginx -t` that can be trusted: both trees, under what stands in for the servers of the base.

What a repository lacks because it lives on servers is derived from the base, frozen, and told; the
patched tree gets exactly that.  A name that only the patch brings in has nothing to stand in for
it, unless the base's inventory or the settings vouch for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.gates.nginx import binaries
from workflow.gates.nginx.derive import Deriver
from workflow.gates.nginx.layout import every, targets
from workflow.gates.nginx.results import Result, Results
from workflow.gates.nginx.source import Source
from workflow.gates.nginx.trial import Trial
from workflow.gates.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workflow.gates.interface import Tree
    from workflow.gates.nginx.binaries import Binary
    from workflow.sandbox import Sandbox
    from workflow.types import Keep, RepoPath


@dataclass(frozen=True, slots=True)
class Options:
    """How to judge.

    `binaries` are settings as `binaries.find` reads them, and each of them judges; `config` names
    the repository's main file where it is not found by itself; `known_hosts` are names that the
    real servers can resolve, also where the base does not mention them; `timeout_s` bounds all
    runs for one target on one tree, in seconds of wall time.  `cache` is a folder for manifests;
    without it none is kept.
    """

    binaries: tuple[str, ...] = (binaries.WHEEL,)
    config: RepoPath | None = None
    known_hosts: tuple[str, ...] = ()
    timeout_s: float = 20.0
    cache: Path | None = None


def check(  # noqa: PLR0913, PLR0917 - two trees, the means, how, and what of them
    base: Tree | None,
    patched: Tree,
    sandbox: Sandbox,
    keep: Keep,
    options: Options = Options(),
    touched: Sequence[RepoPath] | None = None,
) -> Results:
    """Test each main file, or wrapped part, that `touched` reaches, with every nginx.

    Without `base` nothing is frozen: what stands in comes from the configuration itself.  Without
    `touched` every nginx configuration of both trees is tested.  Raises what the sandbox raises.
    """
    new = Source(patched)
    old = Source(base) if base is not None else None
    refusal, programs = _programs(options)
    if refusal:
        return Results(refusal=refusal)
    sources = [new] if old is None else [new, old]
    if options.config and not any(options.config in source for source in sources):
        summary = f"there is no {one_line(options.config)} in the repository"
        hint = "correct `[gates.nginx] config` in workflow.toml, or leave it out"
        return Results(refusal=(summary, hint))
    if touched is None:
        touched = list(dict.fromkeys(path for source in sources for path in every(source)))
    found = targets(new, touched, options.config)
    gone = [path for path in touched if path not in new]
    left = targets(old, gone, options.config) if old is not None else ()
    found += tuple(target for target in left if target.path in new and target not in found)
    if not found:
        return Results(removed=tuple(gone))
    results: list[Result] = []
    for program in programs:
        deriver = Deriver(sandbox, binaries.known(sandbox, program), options.timeout_s)
        for target in found:
            trial = Trial(deriver, target, keep, options.known_hosts, options.cache)
            results.append(trial.judge(old, new))
    return Results(tuple(results))


def _programs(options: Options) -> tuple[tuple[str, str] | None, list[Binary]]:
    """Return the nginx of each setting, or why one cannot judge and what to do."""
    found = []
    for setting in options.binaries:
        binary = binaries.find(setting)
        if binary is None or not binaries.can_be_shown(binary):
            return _without(setting, is_there=binary is not None), []
        found.append(binary)
    return None, found


def _without(setting: str, *, is_there: bool) -> tuple[str, str]:
    """Return the words for an nginx that is not there, or cannot be inside."""
    if is_there:
        summary = f"the nginx at {one_line(setting)!r} cannot be shown in the sandbox"
        return (
            summary,
            "set `[gates.nginx] binary` to a full path without `..`, and not below /proc",
        )
    if setting == binaries.SYSTEM:
        summary = "there is no nginx on this system"
        return summary, 'install nginx, or set `[gates.nginx] binary` to "wheel" or to a full path'
    summary = f"there is no nginx at {one_line(setting)!r}"
    return summary, 'set `[gates.nginx] binary` to "wheel", "system" or a full path'
