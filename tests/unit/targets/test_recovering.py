"""Installs that were cut short: the next command takes them back, or says why it cannot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.unit.targets.fingerprints import fingerprint
from workflow import ledger, targets, trust
from workflow.canonical import sha256
from workflow.store import Store
from workflow.targets import InstallState, installing, rescue
from workflow.targets import manifest as manifests
from workflow.targets.plan import plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.targets.conftest import Rig

INTENDED = "install-intended"
SETTINGS = """
[[targets]]
name = "web"
files = { "site.conf" = "LIVE/site.conf", "app.conf" = "LIVE/new/app.conf" }
reload = ["cp", "LIVE/site.conf", "LIVE/loaded"]
settle_s = 0
"""


def cut_short(rig: Rig, *, told: bool = False) -> targets.Install:
    """Switch the live files, and stop there as a killed command does."""
    before, after = rig.site.git.snapshot().commit, rig.commit({"site.conf": "two\n"})
    (target,) = targets.targets_of(rig.site)
    planned = plan(rig.site, target, after, before=before, landing=None)
    one = rig.book.begin(planned.manifest, planned.blobs)
    exchange = installing._exchange(rig.book, one)
    exchange.stage(planned.contents)
    exchange.switch()
    if told:
        rig.book.note_reload(one)
    assert (rig.live / "site.conf").read_text() == "two\n"
    return one


@pytest.fixture
def cut(rig: Rig) -> Rig:
    """Return a rig with one live file, trusted."""
    made = rig.with_settings(SETTINGS)
    made.put("site.conf", "one\n", 0o640)
    return made


def recover(rig: Rig) -> tuple[str, ...]:
    """What the next command does."""
    assert targets.is_needed(rig.site.store)
    return targets.recover(rig.site.git, rig.site.store)


def test_what_was_cut_short_is_taken_back(cut: Rig) -> None:
    """The live files are as before, it is said, and there is nothing left to do."""
    before = fingerprint(cut.live)
    cut_short(cut)
    (said,) = recover(cut)
    assert "was cut short; what was live before is live again" in said
    assert fingerprint(cut.live) == before
    assert not targets.is_needed(cut.site.store)
    assert targets.recover(cut.site.git, cut.site.store) == ()


def test_the_service_is_told_again_if_it_may_have_been_told(cut: Rig) -> None:
    """A reload that had begun is followed by another one, with the old files."""
    cut_short(cut, told=True)
    recover(cut)
    assert (cut.live / "loaded").read_text() == "one\n"


@pytest.fixture
def lost(cut: Rig) -> Iterator[Rig]:
    """Return a rig whose database was lost in the middle of an install."""
    cut_short(cut)
    cut.site.store.close()
    for path in cut.site.store.folder.glob("workflow.db*"):
        path.unlink()
    store = Store(cut.site.store.folder)
    yield replace(cut, site=replace(cut.site, store=store))
    store.close()


def test_a_lost_database_does_not_lose_the_live_files(lost: Rig) -> None:
    """The folder of the install alone is enough, for a person who asks for it."""
    cut_short_live = fingerprint(lost.live)
    for _ in range(2):
        (said,) = recover(lost)
        assert "the ledger does not know of it: nothing was done" in said
        assert "workflow targets restore web;" in said
        assert fingerprint(lost.live) == cut_short_live
    with pytest.raises(targets.StuckTargetError, match="cut short"):
        targets.require_settled(lost.site.store)
    (target,) = targets.targets_of(lost.site)
    assert targets.status(lost.site, target).health is targets.Health.UNFINISHED
    one = targets.restore(lost.site, "web", over_edits=False)
    assert one.state is InstallState.RESTORED
    assert (lost.live / "site.conf").read_text() == "one\n"
    assert (lost.live / "site.conf").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in lost.live.iterdir()] == ["site.conf"]
    assert not targets.is_needed(lost.site.store)
    facts = [row for row in ledger.rows(lost.site.store.connection) if row.event == INTENDED]
    assert [row.body["note"] for row in facts] == [
        f"known from its folder alone; asked for by {lost.site.who}"
    ]


def test_what_only_a_folder_says_can_be_laid_aside(lost: Rig) -> None:
    """A person who does not believe it leaves what is live, and is told of it no more."""
    live = fingerprint(lost.live)
    targets.mark_restored(lost.site, "web")
    assert fingerprint(lost.live) == live
    assert not targets.is_needed(lost.site.store)
    targets.require_settled(lost.site.store)


def test_a_lost_row_comes_back_for_what_the_ledger_knows(cut: Rig) -> None:
    """Rows alone are no proof, nor is their want: the ledger heard of the install before."""
    before = fingerprint(cut.live)
    cut_short(cut)
    cut.site.store.connection.execute("DELETE FROM installs")
    (said,) = recover(cut)
    assert "live again" in said
    assert fingerprint(cut.live) == before


def test_a_row_that_the_ledger_does_not_know_is_only_told(cut: Rig) -> None:
    """A forged row beside a forged folder brings nothing live, nor does a rollback follow it."""
    before, after = cut.site.git.snapshot().commit, cut.commit({"site.conf": "two\n"})
    landing = cut.landing(before, after)
    (one,) = targets.follow(cut.site, landing)
    forge(cut, one)
    with pytest.raises(targets.TargetRefusedError, match="the ledger does not know"):
        targets.undo(cut.site, landing.id)
    cut.site.store.connection.execute("UPDATE installs SET state = 'intended'")
    manifests.write_state(cut.book.place(one), manifests.new_state())
    (said,) = recover(cut)
    assert "nothing was done" in said
    assert (cut.live / "site.conf").read_text() == "two\n"


def forge(rig: Rig, one: targets.Install) -> None:
    """Make an install say that something else was live before, in its folder and in its row."""
    place = rig.book.place(one)
    found = manifests.read(place)
    manifests.write_blobs(place, (b"evil\n",))
    rows = tuple(
        replace(row, before=replace(row.before, content=sha256(b"evil\n"), size=5))
        for row in found.rows
    )
    forged = replace(found, rows=rows)
    manifests.write(place, forged)
    rig.site.store.connection.execute("UPDATE installs SET snapshot = ?", (forged.digest,))


def test_a_number_that_is_taken_is_refused_in_words(cut: Rig) -> None:
    """A folder with the number of another target's install gets no row."""
    one = cut_short(cut)
    recover(cut)
    place = cut.book.folder / "other" / str(one.number)
    shutil.copytree(cut.book.place(one), place)
    found = replace(manifests.read(place), target="other")
    manifests.write(place, found)
    manifests.write_state(place, manifests.new_state())
    (said,) = recover(cut)
    assert "nothing was done" in said
    with pytest.raises(targets.TargetRefusedError, match="is that of another install"):
        targets.mark_restored(cut.site, "other")


def test_folders_that_are_not_above_its_files_are_refused(cut: Rig, tmp_path: Path) -> None:
    """A record cannot have an empty folder elsewhere removed, even if a person asks for it."""
    (tmp_path / "empty").mkdir()
    one = cut_short(cut)
    place = cut.book.place(one)
    found = manifests.read(place)
    assert found.folders == (str(cut.live / "new"),)
    manifests.write(place, replace(found, folders=(*found.folders, str(tmp_path / "empty"))))
    cut.site.store.connection.execute("DELETE FROM installs")
    with pytest.raises(targets.TargetRefusedError, match="files or folders"):
        targets.restore(cut.site, "web", over_edits=False)
    assert (tmp_path / "empty").is_dir()


def test_a_kill_between_the_ledger_and_the_name_is_finished(cut: Rig) -> None:
    """The folder gets the name that the kill kept from it, and the install is taken back."""
    before = fingerprint(cut.live)
    one = cut_short(cut)
    place = cut.book.place(one)
    place.rename(place.with_name(f".new-{one.number}"))
    (said,) = recover(cut)
    assert "live again" in said
    assert fingerprint(cut.live) == before
    assert [path.name for path in place.parent.iterdir()] == [str(one.number)]


def test_one_bad_record_keeps_no_other_from_recovery(cut: Rig) -> None:
    """It is told, and the install that was cut short beside it is taken back."""
    before = fingerprint(cut.live)
    cut_short(cut)
    (cut.book.folder / "other" / "7").mkdir(parents=True)
    said = recover(cut)
    assert any("gone or changed" in one for one in said)
    assert any("live again" in one for one in said)
    assert fingerprint(cut.live) == before


def test_a_database_behind_its_folders_is_brought_up(cut: Rig) -> None:
    """A kill between the note on disk and the row leaves them apart; the folder counts."""
    one = cut_short(cut)
    cut.book.set(one, InstallState.INSTALLED, after=installing._exchange(cut.book, one).now())
    cut.site.store.connection.execute("UPDATE installs SET state = 'intended'")
    (said,) = recover(cut)
    assert "was through, and is kept" in said
    assert [each.state for each in cut.book.installs()] == [InstallState.KEPT]
    assert (cut.live / "site.conf").read_text() == "two\n"


def test_an_unwritten_install_is_forgotten(cut: Rig) -> None:
    """A kill before the intent was whole leaves a folder that is removed."""
    (cut.book.folder / "web/.new-1").mkdir(parents=True)
    one = cut_short(cut)
    recover(cut)
    assert [path.name for path in (cut.book.folder / "web").iterdir()] == [str(one.number)]


def test_recovery_runs_nothing_that_nobody_trusts(cut: Rig) -> None:
    """Without a person's yes neither files nor commands are touched, and that is said."""
    cut_short(cut, told=True)
    now = fingerprint(cut.live)
    trust.revoke(targets.place_of(cut.site))
    (said,) = recover(cut)
    assert "not trusted here" in said
    assert fingerprint(cut.live) == now
    with pytest.raises(targets.StuckTargetError, match="cut short"):
        targets.require_settled(cut.site.store)


@pytest.mark.parametrize("field", ["section", "path", "content"])
def test_a_record_that_was_changed_runs_nothing(cut: Rig, field: str) -> None:
    """Neither other commands nor other places nor other bytes get in through the record."""
    one = cut_short(cut, told=True)
    now = fingerprint(cut.live)
    place = cut.book.place(one)
    body = json.loads((place / "manifest.json").read_text())
    if field == "section":
        body["manifest"]["section"] = body["manifest"]["section"].replace('"cp"', '"rm"')
    elif field == "path":
        body["manifest"]["rows"][0]["path"] = str(cut.live / "victim")
    else:
        for path in (place / "blobs").iterdir():
            path.write_bytes(b"evil")
        shutil.rmtree(next(cut.live.glob(".workflow-*")))
    (place / "manifest.json").write_text(json.dumps(body))
    (said,) = recover(cut)
    assert "changed" in said or "stuck" in said
    found = fingerprint(cut.live)
    assert "loaded" not in found
    assert found["site.conf"] == now["site.conf"]


def test_a_record_from_elsewhere_is_not_trusted(cut: Rig) -> None:
    """A folder that came with an archive has sections that nobody here said yes to."""
    one = cut_short(cut, told=True)
    place = cut.book.place(one)
    found = manifests.read(place)
    evil = found.section.replace('"cp"', '"rm"')
    manifests.write(place, replace(found, section=evil))
    cut.site.store.connection.execute("DELETE FROM installs")
    (said,) = recover(cut)
    assert "nothing was done" in said
    with pytest.raises(trust.UntrustedError, match="nobody trusts"):
        targets.restore(cut.site, "web", over_edits=False)
    assert "loaded" not in fingerprint(cut.live)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files immutable")
def test_a_restore_that_fails_says_exactly_what_to_do(cut: Rig) -> None:
    """The target is stuck, the commands are in a file, and they work when the cause is mended."""
    before = fingerprint(cut.live)
    one = cut_short(cut, told=True)
    live_file = cut.live / "site.conf"
    subprocess.run(["chattr", "+i", str(live_file)], check=True)
    try:
        (said,) = recover(cut)
        assert "is stuck" in said
        path = cut.book.place(one) / "RECOVER.md"
        assert str(path) in said
        (stuck,) = cut.book.installs()
        assert stuck.state is InstallState.STUCK
        (target,) = targets.targets_of(cut.site)
        found = targets.status(cut.site, target)
        assert (found.health, found.recovery) == (targets.Health.STUCK, str(path))
        with pytest.raises(targets.StuckTargetError, match="is stuck"):
            targets.adopt(cut.site, target)
        with pytest.raises(targets.StuckTargetError):
            targets.restore(cut.site, "web", over_edits=False)
        assert not targets.is_needed(cut.site.store)
    finally:
        subprocess.run(["chattr", "-i", str(live_file)], check=True)
    script = path.read_text().split("```sh\n")[1].split("```")[0]
    script = script.replace("workflow targets restore", "true")
    subprocess.run(["sh", "-eu", "-c", script], check=True, cwd="/")
    assert (cut.live / "loaded").read_text() == "one\n"
    targets.mark_restored(cut.site, "web")
    targets.require_settled(cut.site.store)
    (cut.live / "loaded").unlink()
    shutil.rmtree(cut.live / "new", ignore_errors=True)
    assert fingerprint(cut.live) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files immutable")
def test_a_stuck_target_is_restored_when_the_cause_is_mended(cut: Rig) -> None:
    """The same command goes on where it was stuck, and the target is free again."""
    before = fingerprint(cut.live)
    cut_short(cut)
    subprocess.run(["chattr", "+i", str(cut.live / "site.conf")], check=True)
    recover(cut)
    subprocess.run(["chattr", "-i", str(cut.live / "site.conf")], check=True)
    one = targets.restore(cut.site, "web", over_edits=False)
    assert one.state is InstallState.RESTORED
    assert fingerprint(cut.live) == before
    targets.require_settled(cut.site.store)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files immutable")
@pytest.mark.parametrize("name", ["site.conf", "."])
def test_an_immutable_place_is_refused_before_anything_is_written(cut: Rig, name: str) -> None:
    """What could neither be replaced nor brought back is found out first."""
    place = str(cut.live / name)
    subprocess.run(["chattr", "+i", place], check=True)
    try:
        before, after = cut.site.git.snapshot().commit, cut.commit({"site.conf": "two\n"})
        with pytest.raises(targets.TargetRefusedError, match="immutable"):
            targets.require_ready(cut.site, branch="main", before=before, after=after)
    finally:
        subprocess.run(["chattr", "-i", place], check=True)


def test_a_recovery_file_has_no_content(cut: Rig, tmp_path: Path) -> None:
    """It names places and never what stands in a live file."""
    cut.put("site.conf", "one hunter\n")
    targets.adopt(cut.site, targets.targets_of(cut.site)[0])
    one = cut_short(cut)
    (target,) = targets.targets_of(cut.site)
    path = rescue.write(tmp_path, cut.book.manifest(one), target, "why")
    assert "hunter" not in path.read_text()


def test_a_confirmed_landing_s_old_files_are_let_go(cut: Rig) -> None:
    """A kill after the landing was kept, and before its install was, leaves nothing beside."""
    before, after = cut.site.git.snapshot().commit, cut.commit({"site.conf": "two\n"})
    landing = cut.landing(before, after)
    targets.follow(cut.site, landing)
    assert targets.recover(cut.site.git, cut.site.store) == ()
    assert list(cut.live.glob(".workflow-*"))
    cut.site.store.connection.execute("UPDATE landings SET state = 'kept'")
    (said,) = recover(cut)
    assert "is kept" in said
    assert not list(cut.live.glob(".workflow-*"))
    assert [one.state for one in cut.book.installs()] == [InstallState.KEPT]
