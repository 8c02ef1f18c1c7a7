"""Runs a target's own commands and probes: outside the sandbox, since the live machine is meant."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import probes, process
from workflow.errors import WorkflowError
from workflow.targets.interface import TargetError
from workflow.targets.settings import resolve, search_path
from workflow.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workflow.targets.interface import Site, Target

_MOST_OUTPUT = 4 * 1024 * 1024
_MOST_SAID = 400
# What a command of the machine may need of our environment: where its user's session is.
_KEPT = ("HOME", "USER", "LOGNAME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "TZ")


def run(
    argv: Sequence[str], target: Target, top: Path, seal: Callable[[str], str], what: str
) -> None:
    """Run one of a target's commands from `/`; `what` says which one it is.

    Raises `TargetError` when it does not end with status 0 in time.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    env = {**kept, "PATH": search_path(), "LC_ALL": "C.UTF-8"}
    try:
        full = resolve(argv, top, target.name)
        ran = process.run(
            full, env=env, cwd=Path("/"), timeout=target.timeout_s, max_output=_MOST_OUTPUT
        )
    except WorkflowError as error:
        message = f"target {target.name}: {what} could not run: {error.message}"
        raise TargetError(message, hint=error.hint) from error
    if ran.is_ok:
        return
    if ran.timed_out:
        how = f"took over {target.timeout_s:g} s"
    elif ran.truncated:
        how = "printed over 4 MiB"
    else:
        how = f"ended with status {ran.exit_status}"
    said = _said(ran.stderr, ran.stdout)
    message = f"target {target.name}: {what} `{shlex.join(argv)}` {how}"
    if said:
        message += f": {seal(said)}"
    hint = f"run it by hand to see all that it says: {shlex.join(argv)}"
    raise TargetError(message, hint=hint)


def require_probes(target: Target, site: Site) -> None:
    """Ask the probes that a target names.  Raises `TargetError` for the first that fails."""
    wanted = [one for one in site.settings.probes if one.name in target.probes]
    if not wanted:
        return
    means = probes.Means(site.git.top, site.keep, site.seal)
    for result in probes.run(probes.configured(wanted), means, tell=site.tell):
        if not result.is_passed:
            message = f"target {target.name}: probe {result.name} failed: {result.summary}"
            raise TargetError(message, hint=f"workflow probe --log {result.name}")


def _said(*streams: bytes) -> str:
    """The last words of the first stream that has any, on one line."""
    for stream in streams:
        text = one_line(stream[-4 * _MOST_SAID :].decode("utf-8", "replace"))
        if text:
            return text[-_MOST_SAID:]
    return ""
