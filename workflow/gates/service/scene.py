"""What of a change is probed, and what the probes of both trees reported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from workflow.errors import WorkflowError
from workflow.gates.service import derive, detect, exchange
from workflow.gates.service.checks import NOWHERE, Address
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


_SHOWN_HINT = "mend the patch, or `folder` in `[gates.service]` of workflow.toml"


class NotShownError(WorkflowError):
    """A tree cannot be laid out in the sandbox, or lacks the folder that a service starts in."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The app on each tree that has one, what it is asked, and what a reviewer should know.

    `doubts` are of that the weightier part: what he has to look at.
    """

    apps: Mapping[Side, App]
    checks: tuple[Check, ...]
    address: Address
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

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

    The base's app is what is compared.  Where its module still has its name, it is started by that,
    whatever else the patched tree has: another app must not answer in its place.  So it is where
    no app is found any more, for that it is gone has to show.
    """
    changed = case.change.paths
    sides = {side: detect.find(tree, changed) for side, tree in _trees(case).items()}
    base, patched = sides[Side.BASE], sides[Side.PATCHED]
    if base:
        kept = detect.app_of(case.patched, base[0].target)
        there = kept if kept.has_name else [*patched, kept][0]
        apps = {Side.BASE: base[0], Side.PATCHED: there}
    elif patched:
        apps = {Side.PATCHED: patched[0]}
    else:
        return None
    made = _scene(case, apps, own, _told(apps, (*patched, *base)), derives=derives)
    return replace(made, doubts=_elsewhere(apps))


def look(case: Case, scene: Scene, service: Service, pair: Pair) -> Seen:
    """Probe each tree, both at the same time.

    Raises `NotShownError`, and what the sandbox raises.
    """
    trees = _trees(case)
    pythons = {Side.BASE: pair.base.interpreter, Side.PATCHED: pair.patched.interpreter}
    commands = {
        side: exchange.command(
            trees[side], app.target, service, scene.checks, pythons[side], address=scene.address
        )
        for side, app in scene.apps.items()
    }
    calls = [partial(case.sandbox.run, command) for command in commands.values()]
    try:
        rans = dict(zip(commands, side_by_side(calls), strict=True))
    except ValueError as error:
        message = f"{scene.name} cannot be started: {error}"
        raise NotShownError(message, hint=_SHOWN_HINT) from error
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
    checks = [filled(case.base, check) for check in own]
    left = 0
    if derives:
        made, left = derive.derived(apps.get(Side.BASE), apps.get(Side.PATCHED))
        taken = {check.name for check in own}
        checks += [check for check in made if check.name not in taken]
    address = Address.made(case.token)
    asked = [replace(one, path=address.nowhere) if one.path == NOWHERE else one for one in checks]
    more = f"{left} more requests could be made from the routes, and were not"
    return Scene(apps, tuple(asked), address, (*notes, more) if left else notes)


def missing(checks: Sequence[Check]) -> str:
    """Say which file the base does not have, though a check's body is to be read from it."""
    for check in checks:
        if check.file:
            return f"the base has no file {check.file} for the check {check.name}"
    return ""


def filled(tree: Tree, check: Check) -> Check:
    """Return a check with its body; one whose file the base does not have keeps the file's name."""
    try:
        return check.with_file(tree.read)
    except KeyError:
        return check


def _told(apps: Mapping[Side, App], every: Sequence[App]) -> tuple[str, ...]:
    notes = [f"the service {apps[Side.PATCHED].target} was found by itself"]
    taken = {app.target for app in apps.values()}
    others = dict.fromkeys(str(app.target) for app in every if app.target not in taken)
    if others:
        said = f"there are others, which were not probed: {listed([*others])}"
        notes.append(f"{said}; `[gates.service] app` chooses")
    return tuple(notes)


def _elsewhere(apps: Mapping[Side, App]) -> tuple[str, ...]:
    """Say where another app was started than on the base: what is there stands for nothing here."""
    base, patched = apps.get(Side.BASE), apps[Side.PATCHED].target
    if base is None or base.target == patched:
        return ()
    said = f"on the base the service is {base.target}, which the patched tree has not any more"
    return (f"{said}; started was {patched} instead",)


def _evidence(case: Case, scene: Scene, side: Side, ran: Ran, probe: Probe) -> Evidence:
    said = transcript(scene.checks, probe)
    log = b"\n--- printed by the service\n".join((said, ran.stdout + ran.stderr))
    words = f"uvicorn {scene.apps[side].target}, {len(scene.checks)} requests, twice"
    return Evidence(side, words, ran.exit_status, round(ran.seconds, 3), case.keep(log))
