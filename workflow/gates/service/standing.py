"""How the service of a tree stands, for `workflow doctor`: a change need not be there for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.canonical import sha256
from workflow.gates.interface import Case
from workflow.gates.service import detect, scene
from workflow.gates.service.scene import Scene
from workflow.gates.text import one_line
from workflow.types import Side, TreeChange

if TYPE_CHECKING:
    from workflow.gates.interface import Tree
    from workflow.gates.service.gate import ServiceGate
    from workflow.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class Standing:
    """The app that would be probed, empty where there is none, and whether it can be."""

    app: str
    is_up: bool
    detail: str


def standing(gate: ServiceGate, tree: Tree, sandbox: Sandbox) -> Standing:
    """Start the service of a tree in the sandbox, and say what came of it.

    Raises `SandboxUnavailableError`, and what the environments raise.
    """
    app = detect.app_of(tree, gate.target) if gate.target else None
    if app is None and gate.detect:
        app = next(iter(detect.find(tree, [entry.path for entry in tree.entries])), None)
    if app is None:
        return Standing("", is_up=False, detail="no ASGI app was found, and none is configured")
    change = TreeChange(tree.id, tree.id, ())
    case = Case(change, base=tree, patched=tree, sandbox=sandbox, keep=sha256)
    one = Scene({Side.PATCHED: app}, ())
    pair = gate.environments.pair(tree.read, tree.read, one.home, ())
    probe = scene.look(case, one, gate.service, pair).patched
    if probe.is_up and not probe.problem:
        return Standing(one.name, is_up=True, detail=f"{one.name} starts in {probe.started_ms} ms")
    why = "its Python has no uvicorn" if probe.is_missing else probe.problem
    said = f"{one.name} is not probed unless it is configured: {why}"
    return Standing(one.name, is_up=False, detail=one_line(said))
