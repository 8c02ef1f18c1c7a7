"""The gate's own look at both trees: which units a change is about, and what is new in them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.gates.systemd import around, confine, deployed, form, linked, started, units
from workflow.gates.systemd.fault import Level
from workflow.gates.systemd.names import Kind, names
from workflow.gates.systemd.vouch import Known
from workflow.semantics.systemd import unit_of
from workflow.types import ChangeKind, RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.gates.interface import Case, Tree
    from workflow.gates.systemd.fault import Fault
    from workflow.gates.systemd.units import Unit, Units


@dataclass(frozen=True)
class Look:
    """Both trees' units, and the faults that the patch brings in or mends.

    `given` are the names that the settings vouch for, `stock` where systemd's own units are.
    """

    case: Case
    given: frozenset[str] = frozenset()
    stock: Path = Path("/usr/lib/systemd/system")
    _read: dict[tuple[str, str], bytes] = field(default_factory=dict)

    @cached_property
    def base(self) -> Units:
        """The base's units."""
        return units.read(self.case.base)

    @cached_property
    def patched(self) -> Units:
        """The patched tree's units."""
        return units.read(self.case.patched)

    @cached_property
    def is_ours(self) -> bool:
        """Whether the change is about units, or about a file that one needs."""
        paths = {str(path) for path in self.case.change.paths if unit_of(path)}
        if not paths and not self._may_take:
            return False
        sides = (self.base, self.patched)
        files = [one for side in sides for one in (*side.texts, *side.skipped, *side.unread)]
        return not paths.isdisjoint(files) or bool(self.touched or self._moved)

    @cached_property
    def touched(self) -> tuple[Unit, ...]:
        """The patched units that the change is about, or whose programs it takes away."""
        changed = {str(path) for path in self.case.change.paths}
        found = [unit for unit in self.patched.units if changed & {*unit.files}]
        if self._may_take:
            found += [unit for unit in self.patched.units if self._started_new(unit)]
        gone = [unit for unit in self.base.units if changed & {*unit.files}]
        same = {(unit.name, unit.folder) for unit in gone}
        names_gone = {unit.name for unit in gone if unit.name not in self.patched.by_name}
        for unit in self.patched.units:
            needed = {name.value for name in names(unit) if name.kind is Kind.UNIT}
            is_same = (unit.name, unit.folder) in same
            if is_same or names_gone & (needed | {f"{unit.stem}.service"}):
                found.append(unit)
        return tuple({(unit.folder, unit.name): unit for unit in found}.values())

    @property
    def unread(self) -> tuple[str, ...]:
        """The changed unit files that are too large, or too many, to be read."""
        changed = {str(path) for path in self.case.change.paths}
        return tuple(path for path in self.patched.unread if path in changed)

    @cached_property
    def _may_take(self) -> bool:
        """Whether the change may take away what a unit starts, or a port that it is reached by."""
        return any(
            file.old_mode != file.new_mode or file.path.endswith(".py") or around.is_web(file.path)
            for file in self.case.change.files
            if file.kind is not ChangeKind.ADDED
        )

    @cached_property
    def _moved(self) -> tuple[Fault, ...]:
        """Ports that the web server of the tree is sent away from, and no unit is at."""
        if not any(around.is_web(path) for path in self.case.change.paths):
            return ()
        readers = (self._reader(self.case.base), self._reader(self.case.patched))
        return tuple(around.moved(self.base, self.patched, *readers))

    def before(self, unit: Unit) -> Unit | None:
        """Return the base's unit of the same name, of the same folder if there is one."""
        alike = [one for one in self.base.units if one.name == unit.name]
        return next((one for one in alike if one.folder == unit.folder), next(iter(alike), None))

    @cached_property
    def known(self) -> Known:
        """What the patched units may take for granted."""
        trees = (self.case.base, self.case.patched)
        folders = (self.stock,)
        places = self._places
        return Known(self.base, self.patched, places, trees, self.given, folders)

    @cached_property
    def _known_base(self) -> Known:
        return replace(self.known, patched=self.base, _made={}, _near={})

    @cached_property
    def _places(self) -> deployed.Places:
        return deployed.places(self.base)

    def faults(self) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
        """Return the faults that the patch brings in, and those of the base that it mends."""
        now: list[Fault] = [*self._moved]
        was: list[Fault] = []
        for unit in self.touched:
            now += [*self._own(unit, self.patched), *linked.unvouched(unit, self.known)]
            base = self.before(unit)
            if base is None:
                continue
            was += self._own(base, self.base)
            now += confine.compared(base, unit)
            now += started.compared(base, unit)
            now += linked.compared(base, unit)
            now += around.compared(base, unit, self.patched, self._reader(self.case.patched))
        old = {fault.key for fault in was}
        left = {fault.key for fault in now}
        fresh = {fault.key: fault for fault in now if fault.key not in old}
        mended = {fault.key: fault for fault in was if fault.key not in left}
        return tuple(fresh.values()), tuple(
            fault for fault in mended.values() if fault.level is Level.FAULT
        )

    def _own(self, unit: Unit, side: Units) -> Iterator[Fault]:
        """Yield the faults that one tree alone shows."""
        texts = {path: side.texts[path].decode("utf-8", "replace") for path in unit.files}
        yield from form.faults(unit, texts)
        yield from confine.faults(unit)
        known = self._known_base if side is self.base else self.known
        yield from linked.faults(unit, side, known)
        yield from self._started(unit, side)

    def _started(self, unit: Unit, side: Units) -> Iterator[Fault]:
        tree = self.case.base if side is self.base else self.case.patched
        yield from started.faults(unit, side, self._places, self._reader(tree))

    def _started_new(self, unit: Unit) -> bool:
        base = self.before(unit)
        if base is None:
            return False
        old = {fault.key for fault in self._started(base, self.base)}
        return any(fault.key not in old for fault in self._started(unit, self.patched))

    def _reader(self, tree: Tree) -> Callable[[str], bytes]:
        return lambda path: self._file(tree, path)

    def _file(self, tree: Tree, path: str) -> bytes:
        key = (str(tree.id), path)
        if key not in self._read:
            self._read[key] = tree.read(RepoPath(path))
        return self._read[key]

    def stubs(self) -> frozenset[str]:
        """Return the units that the base takes for granted, and those that are vouched for."""
        every = [*self.base.units, *self.patched.units]
        wanted = {
            (unit.name, name)
            for unit in every
            for name in names(unit)
            if name.kind is Kind.UNIT and self.known.vouches(unit, name)
        }
        ours = {unit.name for unit in every if unit.has_file}
        return frozenset(name.value for _, name in wanted if name.value not in ours)

    def granted(self) -> tuple[str, ...]:
        """Return what the touched units take for granted because the base does."""
        found: dict[str, None] = {}
        for unit in self.touched:
            for name in names(unit):
                if name.kind is not Kind.UNIT and (name.kind, name.value) in self.known.frozen:
                    found[f"{name.kind} {name.value}"] = None
        return tuple(found)
