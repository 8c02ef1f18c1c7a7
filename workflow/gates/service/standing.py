"""How the service of a tree stands, for `workflow doctor`: a change need not be there for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.canonical import sha256
from workflow.gates.interface import Case
from workflow.gates.service import detect, scene
from workflow.gates.service.checks import ANYWHERE
from workflow.gates.service.scene import Scene
from workflow.gates.text import one_line
from workflow.types import Side, TreeChange

if TYPE_CHECKING:
    from workflow.gates.interface import Tree
    from workflow.gates.service.detect import App
    from workflow.gates.service.gate import ServiceGate
    from workflow.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Standing:
    """The app that would be probed, empty where there is none, and whether it can be.

    `is_wanted` says that the settings name it or ask something of it: then it has to be up.
    """

    app: str
    is_up: bool
    detail: str
    is_wanted: bool = False


def standing(gate: ServiceGate, tree: Tree, sandbox: Sandbox) -> Standing:
    """Start the service of a tree in the sandbox, and say what came of it.

    Raises `SandboxUnavailableError`, and what the environments raise.
    """
    app = detect.app_of(tree, gate.target) if gate.target else None
    if app is None and gate.detect:
        app = next(iter(detect.find(tree, [entry.path for entry in tree.entries])), None)
    if app is None:
        return Standing("", is_up=False, detail="no ASGI app was found, and none is configured")
    is_wanted = bool(gate.target or gate.checks)
    why, started = _why(gate, tree, sandbox, app)
    if not why:
        said = f"{app.target} starts in {started} ms"
        return Standing(str(app.target), is_up=True, detail=said, is_wanted=is_wanted)
    how = "is configured and cannot be probed" if is_wanted else "is not probed"
    said = one_line(f"{app.target} {how}: {why}")
    return Standing(str(app.target), is_up=False, detail=said, is_wanted=is_wanted)


def _why(gate: ServiceGate, tree: Tree, sandbox: Sandbox, app: App) -> tuple[str, int | None]:
    """Say what keeps an app from being probed, if anything, and in how many ms it starts."""
    checks = tuple(scene.filled(tree, check) for check in gate.checks)
    if said := scene.missing(checks):
        return said, None
    change = TreeChange(tree.id, tree.id, ())
    case = Case(change, base=tree, patched=tree, sandbox=sandbox, keep=sha256)
    one = Scene({Side.PATCHED: app}, (), ANYWHERE)
    pair = gate.environments.pair(tree.read, tree.read, one.home, ())
    try:
        probe = scene.look(case, one, gate.service, pair).patched
    except scene.NotShownError as error:
        return error.message, None
    if probe.is_missing:
        return "its Python has no uvicorn", None
    problem = "" if probe.is_up else "it does not start"
    return probe.problem or problem, probe.started_ms
