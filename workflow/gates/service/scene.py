"""What of a change is probed, and what the probes of both trees reported."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from workflow.gates.service import derive, detect, exchange
from workflow.gates.service.transcript import transcript
from workflow.gates.text import listed
from workflow.process import side_by_side
from workflow.types import Evidence, Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workflow.environments import Pair
    from workflow.gates.interface import Case, Tree
    from workflow.gates.service.checks import Check
    from workflow.gates.service.detect import App
    from workflow.gates.service.exchange import Probe, Service, Target
    from workflow.process import Ran


@dataclass(frozen=True, slots=True)
class Scene:
    """The app on each tree that has one, what it is asked, and what a reviewer should know."""

    apps: Mapping[Side, App]
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What uvicorn is told for the app, with the folder that it is imported from."""
        return str(self.apps[Side.PATCHED].target)

    @property
    def home(self) -> str:
        """The project's folder."""
        return self.apps[Side.PATCHED].target.home


@dataclass(frozen=True, slots=True)
class Seen:
    """What the probes of a scene reported, and the runs that show it."""

    probes: Mapping[Side, Probe]
    evidence: tuple[Evidence, ...]

    @property
    def base(self) -> Probe | None:
        """The base's, if it has the app."""
        return self.probes.get(Side.BASE)

    @property
    def patched(self) -> Probe:
        """The patched tree's, which is always probed."""
        return self.probes[Side.PATCHED]


def configured(case: Case, target: Target, own: Sequence[Check], *, derives: bool) -> Scene | None:
    """Return the scene of an app that the settings name; `None` if the change is not about it."""
    changed = case.change.paths
    apps = {side: detect.app_of(tree, target) for side, tree in _trees(case).items()}
    if not any(app.concerns(changed) for app in apps.values()):
        return None
    if not apps[Side.BASE].closure and apps[Side.PATCHED].closure:
        del apps[Side.BASE]
    return _scene(case, apps, own, (), derives=derives)


def found(case: Case, own: Sequence[Check], *, derives: bool) -> Scene | None:
    """Return the scene of the app that is nearest to the change; `None` where there is none.

    One that is not found any more on the patched tree is tried by its name: that it is gone has to
    show.
    """
    changed = case.change.paths
    sides = {side: detect.find(tree, changed) for side, tree in _trees(case).items()}
    base, patched = sides[Side.BASE], sides[Side.PATCHED]
    if base:
        same = [app for app in patched if app.target == base[0].target]
        other = [*same, *patched, detect.app_of(case.patched, base[0].target)]
        apps = {Side.BASE: base[0], Side.PATCHED: other[0]}
    elif patched:
        apps = {Side.PATCHED: patched[0]}
    else:
        return None
    return _scene(case, apps, own, _told(apps, (*patched, *base)), derives=derives)


def look(case: Case, scene: Scene, service: Service, pair: Pair) -> Seen:
    """Probe each tree, both at the same time."""
    trees = _trees(case)
    pythons = {Side.BASE: pair.base.interpreter, Side.PATCHED: pair.patched.interpreter}
    commands = {
        side: exchange.command(trees[side], app.target, service, scene.checks, pythons[side])
        for side, app in scene.apps.items()
    }
    calls = [partial(case.sandbox.run, command) for command in commands.values()]
    rans = dict(zip(commands, side_by_side(calls), strict=True))
    probes = {side: exchange.read(ran, scene.checks) for side, ran in rans.items()}
    evidence = [_evidence(case, scene, side, ran, probes[side]) for side, ran in rans.items()]
    return Seen(probes, tuple(evidence))


def _trees(case: Case) -> dict[Side, Tree]:
    return {Side.BASE: case.base, Side.PATCHED: case.patched}


def _scene(
    case: Case,
    apps: Mapping[Side, App],
    own: Sequence[Check],
    notes: tuple[str, ...],
    *,
    derives: bool,
) -> Scene:
    checks = [_filled(case, check) for check in own]
    left = 0
    if derives:
        made, left = derive.derived(apps.get(Side.BASE), apps.get(Side.PATCHED))
        taken = {check.name for check in own}
        checks += [check for check in made if check.name not in taken]
    more = f"{left} more requests could be made from the routes, and were not"
    return Scene(apps, tuple(checks), (*notes, more) if left else notes)


def _filled(case: Case, check: Check) -> Check:
    """Return a check with its body; one whose file the base does not have keeps the file's name."""
    try:
        return check.with_file(case.base.read)
    except KeyError:
        return check


def _told(apps: Mapping[Side, App], every: Sequence[App]) -> tuple[str, ...]:
    notes = [f"the service {apps[Side.PATCHED].target} was found by itself"]
    base = apps.get(Side.BASE)
    if base and base.target != apps[Side.PATCHED].target:
        notes.append(f"on the base it is {base.target}")
    taken = {app.target for app in apps.values()}
    others = dict.fromkeys(str(app.target) for app in every if app.target not in taken)
    if others:
        said = f"there are others, which were not probed: {listed([*others])}"
        notes.append(f"{said}; `[gates.service] app` chooses")
    return tuple(notes)


def _evidence(case: Case, scene: Scene, side: Side, ran: Ran, probe: Probe) -> Evidence:
    said = transcript(scene.checks, probe)
    log = b"\n--- printed by the service\n".join((said, ran.stdout + ran.stderr))
    words = f"uvicorn {scene.apps[side].target}, {len(scene.checks)} requests, twice"
    return Evidence(side, words, ran.exit_status, round(ran.seconds, 3), case.keep(log))
