"""One target under one nginx: the base first, then the patched tree under the base's manifest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.gates.nginx import complaints, inventory, kept, references, templates
from workflow.gates.nginx.derive import configuration
from workflow.gates.nginx.layout import new_certificates, read, texts_of
from workflow.gates.nginx.manifest import Kind, Shim
from workflow.gates.nginx.modules import missing_module
from workflow.gates.nginx.telling import Teller
from workflow.gates.text import listed, one_line
from workflow.sandbox import TREE
from workflow.types import Side

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from workflow.gates.nginx.derive import Deriver, Try
    from workflow.gates.nginx.layout import Target
    from workflow.gates.nginx.manifest import Manifest
    from workflow.gates.nginx.results import Result
    from workflow.gates.nginx.source import Source
    from workflow.gates.nginx.telling import Tries
    from workflow.types import Keep

_WEAK = "its shims come from itself, so a mistyped host, path or account does not show"
_SETTINGS = "the settings"
# Names that nginx does not always look at when it tests.
_NAMED = {
    Kind.CERTIFICATE: "certificate",
    Kind.KEY: "key",
    Kind.PARAMETERS: "file",
    Kind.TICKET_KEY: "key",
    Kind.PASSWORDS: "file",
    Kind.REVOCATIONS: "file",
    Kind.OCSP_RESPONSE: "file",
    Kind.HOST: "host",
    Kind.ACCOUNT: "account",
}
_OF_A_NEW_FILE = frozenset((Kind.CERTIFICATE, Kind.KEY))


@dataclass(frozen=True, slots=True)
class Trial:
    """One target, tested on both trees with one nginx.

    `cache` is the folder in which manifests are kept, if any.
    """

    deriver: Deriver
    target: Target
    keep: Keep
    known_hosts: tuple[str, ...]
    cache: Path | None

    @property
    def _teller(self) -> Teller:
        return Teller(self.target, self.deriver.binary, self.keep)

    def judge(self, base: Source | None, patched: Source) -> Result:
        """Derive the manifest on the base, freeze it, and test the patched tree under it."""
        if base is None or self.target.path not in base:
            return self._judge_new(patched, base)
        teller = self._teller
        first, second = self._both(base, patched)
        if first.is_foreign:
            return teller.judged(first, ((Side.BASE, first),))
        if missing_module(first.said):
            tries = ((Side.BASE, first),)
            return teller.cannot("nginx lacks what the base needs", first, tries)
        if second is None:
            return self._judge_repair(first, base, patched)
        manifest = second.manifest
        second = self._with_certificates(second, base, patched)
        fresh = second.warnings - first.warnings
        notes = teller.stand_ins(second.manifest)
        notes += [f"new warning: {_line(one)}" for one in sorted(fresh)]
        if second.manifest != manifest:
            notes.append("the certificates of a new file stand in: a mistyped path does not show")
        both: Tries = ((Side.BASE, first), (Side.PATCHED, second))
        if not second.said and (strange := self._strange(second.manifest, base, patched)):
            return teller.strange(strange, both, notes)
        doubts = [*_dangers(fresh), *self._doubts(second.manifest, patched)]
        doubts += self._unopened(second.manifest, base, patched)
        return self._told(second, both, patched, notes, doubts)

    def _both(self, base: Source, patched: Source) -> tuple[Try, Try | None]:
        """Return the base's test, and the patched tree's where the base passes.

        The manifest is one that was kept, or what reading shows: mostly that is all, so both trees
        are tested at once.  It counts only when the base passes under it.
        """
        name = kept.name(base, self.target, self.deriver.binary) if self.cache else ""
        manifest = kept.read(self.cache, name)
        if manifest is None:
            context = next(iter(self.target.contexts), None)
            manifest = self.deriver.guessed(base, self.target, context)
        frozen = manifest.adding(*self._vouched(manifest, base, patched))
        with ThreadPoolExecutor(1) as beside:
            ahead = beside.submit(self.deriver.test, patched, frozen)
            first = self.deriver.test(base, manifest)
            second = ahead.result()
        if first.said and not first.is_foreign:
            first = self.deriver.base(base, self.target, may_mask=True, begun=first)
            if first.said:
                return first, None
            frozen = first.manifest.adding(*self._vouched(first.manifest, base, patched))
            second = self.deriver.test(patched, frozen)
        if not first.said:
            kept.write(self.cache, name, first.manifest)
        return first, second

    def _with_certificates(self, second: Try, base: Source, patched: Source) -> Try:
        """Return the patched tree's test; a new file may bring certificates of its own."""
        fresh = new_certificates(base, patched, self.target) if second.said else frozenset()
        if not fresh:
            return second
        return self.deriver.answered(
            patched, second, may_mask=False, is_allowed=lambda shim: shim.value in fresh
        )

    def _vouched(self, manifest: Manifest, base: Source, patched: Source) -> list[Shim]:
        """Return the hosts that the patch brings in and that the settings or the base know."""
        found = {Shim(Kind.HOST, name, _SETTINGS) for name in self.known_hosts}
        has = {shim.value for shim in manifest.of(Kind.HOST)}
        wanted = {one.value for one in self._referred(manifest, patched) if one.kind is Kind.HOST}
        unknown = wanted - has - set(self.known_hosts)
        if unknown:
            known = inventory.hosts(base, unknown)
            found.update(Shim(Kind.HOST, name, where) for name, where in known)
        return sorted(shim for shim in found if shim.value not in has)

    def _referred(self, manifest: Manifest, source: Source) -> frozenset[Shim]:
        config = configuration(source, manifest)
        home = references.Home(source, self.target.folder)
        return references.shims(config, home, is_part=manifest.context is not None)

    def _strange(self, manifest: Manifest, base: Source, patched: Source) -> list[str]:
        """Return the names that are new in a tree that nginx accepts, as it does not look."""
        has = {shim.value for shim in manifest.shims}
        fresh = new_certificates(base, patched, self.target)
        return [
            f"{_NAMED[shim.kind]} {shim.value}"
            for shim in sorted(self._referred(manifest, patched))
            if shim.kind in _NAMED
            and shim.value not in has
            and not (shim.kind in _OF_A_NEW_FILE and shim.value in fresh)
        ]

    def _unopened(self, manifest: Manifest, base: Source, patched: Source) -> list[str]:
        """Return a doubt for each file that only requests need and only the patch names."""
        before, after = (
            references.unopened(
                configuration(source, manifest), references.Home(source, self.target.folder)
            )
            for source in (base, patched)
        )
        what = "is new, not in the repository, and opened by requests alone"
        return [f"the file of passwords {one_line(name)} {what}" for name in sorted(after - before)]

    def _told(
        self, last: Try, tries: Tries, patched: Source, notes: list[str], doubts: list[str]
    ) -> Result:
        """Return the result; what no nginx could read fails, whichever modules this one lacks."""
        if missing_module(last.said):
            unread = configuration(patched, last.manifest).unread
            if unread:
                where = f"{unread[0].place}: {unread[0].reason}"
                return self._teller.unreadable(where, tries, notes)
        return self._teller.judged(last, tries, notes, doubts)

    def _judge_new(self, patched: Source, base: Source | None) -> Result:
        """Judge a configuration that the base does not have: nothing to freeze the shims on."""
        only = self.deriver.base(patched, self.target, may_mask=False)
        weak = f"{self.target.path} is new" if base is not None else "there is no base"
        notes = [
            f"{weak}: {_WEAK}",
            *self._teller.stand_ins(only.manifest),
            *(f"warning: {_line(text)}" for text in sorted(only.warnings)),
        ]
        doubts = [*_dangers(only.warnings), *self._doubts(only.manifest, patched)]
        tries: Tries = ((Side.PATCHED, only),)
        return self._told(only, tries, patched, notes, doubts)

    def _judge_repair(self, first: Try, base: Source, patched: Source) -> Result:
        """Judge a patch on a base that nginx refuses: it may be the cure.

        nginx stopped early on the base, so more shims may be needed now; only those count
        whose path or name the base's own text has.
        """
        text = texts_of(base, self.target)
        guessed = self.deriver.guessed(patched, self.target, first.manifest.context)
        filled = {shim.value for shim in first.manifest.of(Kind.TEMPLATE)}
        known = [
            shim
            for shim in guessed.shims
            if _is_known(shim, text) and not (shim.kind is Kind.TEMPLATE and shim.value in filled)
        ]
        second = self.deriver.answered(
            patched,
            self.deriver.test(patched, first.manifest.adding(*known)),
            may_mask=False,
            is_allowed=lambda shim: _is_known(shim, text),
        )
        teller = self._teller
        notes = [f"the base fails: {teller.plain(first.said)}"]
        notes += teller.stand_ins(second.manifest)
        tries = ((Side.BASE, first), (Side.PATCHED, second))
        same = complaints.without_line(second.said) == complaints.without_line(first.said)
        if second.said and same:
            return teller.cannot("the base itself fails nginx -t", first, tries)
        return teller.judged(second, tries, notes, self._doubts(second.manifest, patched))

    def _doubts(self, manifest: Manifest, patched: Source) -> list[str]:
        """Return what a test under this manifest does not show of a tree."""
        found = []
        masked = manifest.of(Kind.MASK)
        if masked:
            names = list(dict.fromkeys(shim.value.split(" ")[0] for shim in masked))
            found.append(
                f"not tested, for {self.deriver.binary.title} lacks them: {listed(names)} "
                f"({len(masked)} in all, the same as on the base)"
            )
        unfilled: list[str] = []
        branched: list[str] = []
        filled = {shim.value for shim in manifest.of(Kind.TEMPLATE)}
        for path in read(patched, self.target):
            for shim in templates.shims(patched.text(path), path, manifest):
                if shim.kind is Kind.TAG:
                    branched.append(path)
                elif shim.value not in filled:
                    unfilled.append(shim.value)
        if branched:
            how = "tested with every condition true and each loop once, and no other way"
            found.append(f"{listed(branched)}: {how}")
        if unfilled:
            found.append(f"nobody says what the template variables {listed(unfilled)} hold")
        return found


def _dangers(warnings: Iterable[str]) -> list[str]:
    return [
        f"nginx warns: {_line(one)}" for one in sorted(warnings) if complaints.is_dangerous(one)
    ]


def _is_known(shim: Shim, text: str) -> bool:
    return shim.kind in {Kind.TEMPLATE, Kind.TAG} or shim.value in text


def _line(text: str) -> str:
    return one_line(text.replace(f"{TREE}/", ""))
