"""Installs of one target: what goes live, and what comes back when anything says no."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.targets.fingerprints import fingerprint
from workflow import targets, trust
from workflow.config import ConfigError
from workflow.targets import Health, InstallState, book

if TYPE_CHECKING:
    from tests.unit.targets.conftest import Rig

TWO_FILES = """
[[targets]]
name = "web"
files = { "site.conf" = "LIVE/etc/site.conf", "app.conf" = "LIVE/etc/deep/app.conf" }
"""
PROVEN = (
    TWO_FILES
    + """
validate = ["grep", "-q", "two", "LIVE/etc/site.conf"]
reload = ["cp", "LIVE/etc/site.conf", "LIVE/loaded"]
settle_s = 0
"""
)


def installed(rig: Rig, *, landing: bool = True) -> tuple[targets.Install, ...]:
    """Land a new content of both files and let the live files follow."""
    before = rig.site.git.snapshot().commit
    after = rig.commit({"site.conf": "two\n", "app.conf": "app two\n"})
    targets.require_ready(rig.site, branch="main", before=before, after=after)
    return targets.follow(rig.site, rig.landing(before, after)) if landing else ()


def status(rig: Rig) -> targets.TargetStatus:
    """The status of the only target."""
    return targets.status(rig.site, targets.targets_of(rig.site)[0])


def test_a_landing_s_files_go_live_with_their_predecessors_mode(rig: Rig) -> None:
    """A replaced file keeps its mode, a new one has the setting's, and nothing is left beside."""
    rig = rig.with_settings(PROVEN)
    rig.put("etc/site.conf", "one\n", 0o640)
    (one,) = installed(rig)
    assert one.state is InstallState.INSTALLED
    targets.keep(rig.site.store, one.landing or 0)
    site, app = rig.live / "etc/site.conf", rig.live / "etc/deep/app.conf"
    assert (site.read_text(), site.stat().st_mode & 0o7777) == ("two\n", 0o640)
    assert (app.read_text(), app.stat().st_mode & 0o7777) == ("app two\n", 0o644)
    assert (rig.live / "loaded").read_text() == "two\n"
    names = {path.name for path in rig.live.rglob("*")}
    assert names == {"etc", "deep", "site.conf", "app.conf", "loaded"}
    assert status(rig).health is Health.SAME


def test_following_twice_installs_once(rig: Rig) -> None:
    """A landing whose command is run again finds its files live."""
    rig = rig.with_settings(PROVEN)
    (one,) = installed(rig)
    journal_landing = rig.landing(rig.site.git.snapshot().commit, rig.site.git.snapshot().commit)
    assert targets.follow(rig.site, journal_landing) == ()
    assert rig.book.installs("web") == (one,)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('validate = ["grep", "-q", "three", "LIVE/etc/site.conf"]', "validate `grep -q three"),
        ('reload = ["false"]\nsettle_s = 0', "reload `false` ended with status 1"),
        ('validate = ["sh", "-c", "echo hunter >&2; exit 7"]', "status 7: <sealed>"),
        ('validate = ["sleep", "9"]\ntimeout_s = 0.2', "took over 0.2 s"),
    ],
)
def test_what_fails_brings_everything_back(rig: Rig, settings: str, words: str) -> None:
    """A failing check or reload restores all files exactly, and says what said no."""
    rig = rig.with_settings(TWO_FILES + settings)
    rig.put("etc/site.conf", "one\n", 0o600)
    before = fingerprint(rig.live)
    if "reload" in settings:
        with pytest.raises(targets.StuckTargetError, match="reload of what was there before"):
            installed(rig)
        assert fingerprint(rig.live) == before
        return
    with pytest.raises(targets.TargetError) as caught:
        installed(rig)
    assert words in caught.value.message
    assert "what was live before is live again" in caught.value.message
    assert fingerprint(rig.live) == before
    assert [one.state for one in rig.book.installs("web")] == [InstallState.RESTORED]


def test_a_failing_reload_is_taken_back_by_a_second_one(rig: Rig) -> None:
    """The service is told again once the old files are back."""
    rig = rig.with_settings(
        TWO_FILES
        + 'reload = ["sh", "-c", "cp LIVE/etc/site.conf LIVE/loaded; grep -q one LIVE/loaded"]'
    )
    rig.put("etc/site.conf", "one\n")
    with pytest.raises(targets.TargetError, match="reload"):
        installed(rig)
    assert (rig.live / "loaded").read_text() == "one\n"
    assert [one.state for one in rig.book.installs("web")] == [InstallState.RESTORED]


def test_a_failing_probe_brings_everything_back(rig: Rig) -> None:
    """A probe that a target names decides, too: nobody listens on its port."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        rig = rig.with_settings(
            f'[[probes]]\nname = "up"\nhttp = "http://127.0.0.1:{port}/"\ntries = 1\n'
            + PROVEN
            + 'probes = ["up"]\n'
        )
        rig.put("etc/site.conf", "one\n")
        rig.put("loaded", "one\n")
        before = fingerprint(rig.live / "etc")
        with pytest.raises(targets.TargetError, match="probe up failed"):
            installed(rig)
    assert fingerprint(rig.live / "etc") == before
    assert (rig.live / "loaded").read_text() == "one\n"


def test_nothing_is_installed_that_nobody_trusts(rig: Rig) -> None:
    """Untrusted settings are refused before the landing, with the command that trusts them."""
    rig = rig.with_settings(PROVEN, is_trusted=False)
    with pytest.raises(trust.UntrustedError) as caught:
        installed(rig)
    assert "workflow targets trust" in caught.value.hint
    assert list(rig.live.iterdir()) == []
    assert rig.book.installs() == ()


def test_a_changed_section_is_not_trusted(rig: Rig) -> None:
    """A yes covers one command line and no other."""
    rig = rig.with_settings(PROVEN)
    rig = rig.with_settings(PROVEN.replace("loaded", "other"), is_trusted=False)
    with pytest.raises(trust.UntrustedError):
        installed(rig)


def test_a_file_edited_by_hand_is_not_overwritten(rig: Rig) -> None:
    """An edit since the last install is refused with a sealed diff, until a person adopts it."""
    rig = rig.with_settings(PROVEN)
    (one,) = installed(rig)
    targets.keep(rig.site.store, one.landing or 0)
    rig.put("etc/site.conf", "two\npassword hunter\n")
    assert status(rig).health is Health.DRIFT
    before, after = rig.site.git.snapshot().commit, rig.commit({"site.conf": "two three\n"})
    with pytest.raises(targets.DriftError) as caught:
        targets.require_ready(rig.site, branch="main", before=before, after=after)
    assert "+password <sealed>" in caught.value.details
    assert "workflow targets adopt web" in caught.value.hint
    adopted = targets.adopt(rig.site, targets.targets_of(rig.site)[0])
    assert adopted.state is InstallState.KEPT
    (two,) = targets.follow(rig.site, rig.landing(before, after))
    assert (rig.live / "etc/site.conf").read_text() == "two three\n"
    targets.undo(rig.site, two.landing or 0)
    assert (rig.live / "etc/site.conf").read_text() == "two\npassword hunter\n"
    assert not [row for row in status(rig).files if row.differs and "content" in row.differs]


@pytest.mark.parametrize(
    ("edit", "differs"),
    [
        (lambda path: path.chmod(0o600), ("mode",)),
        (lambda path: path.unlink(), ("missing",)),
        (lambda path: path.write_text("other\n"), ("content",)),
        (lambda path: (path.unlink(), path.symlink_to("app")), ("kind",)),
    ],
)
def test_status_names_what_differs(rig: Rig, edit: object, differs: tuple[str, ...]) -> None:
    """Drift is told for each file, with its kind."""
    rig = rig.with_settings(PROVEN)
    installed(rig)
    assert callable(edit)
    edit(rig.live / "etc/site.conf")
    found = status(rig)
    assert found.health is Health.DRIFT
    assert [one.differs for one in found.files] == [differs, ()]


def test_a_file_that_was_never_installed_is_not_overwritten_either(rig: Rig) -> None:
    """The first install replaces what the repository had, and nothing else."""
    rig = rig.with_settings(PROVEN)
    rig.put("etc/site.conf", "by hand\n")
    with pytest.raises(targets.DriftError, match="was never installed"):
        installed(rig)
    assert status(rig).health is Health.NOT_INSTALLED


def test_two_targets_go_live_together_or_not_at_all(rig: Rig) -> None:
    """When the second target says no, the first one is taken back."""
    rig = rig.with_settings(
        """
        [[targets]]
        name = "first"
        files = { "site.conf" = "LIVE/first.conf" }
        reload = ["cp", "LIVE/first.conf", "LIVE/loaded"]
        settle_s = 0
        [[targets]]
        name = "second"
        files = { "app.conf" = "LIVE/second.conf" }
        validate = ["false"]
        """
    )
    rig.put("first.conf", "one\n")
    before = fingerprint(rig.live)
    with pytest.raises(targets.TargetError, match="so is that of first"):
        installed(rig)
    assert (rig.live / "loaded").read_text() == "one\n"
    (rig.live / "loaded").unlink()
    assert fingerprint(rig.live) == before


def test_a_rollback_restores_the_snapshot_and_not_the_repository(rig: Rig) -> None:
    """What comes back has the bytes, the mode, the owner and the time that it had."""
    rig = rig.with_settings(PROVEN)
    path = rig.put("etc/site.conf", "one\n", 0o4711)
    os.setxattr(path, "user.note", b"mine")
    if os.geteuid() == 0:
        os.chown(path, 12345, 54321)
        path.chmod(0o4711)
    before = fingerprint(rig.live / "etc")
    base = rig.site.git.snapshot().commit
    (one,) = installed(rig)
    landed = rig.site.git.snapshot().commit
    targets.keep(rig.site.store, one.landing or 0)
    back = rig.commit({"site.conf": "one\n", "app.conf": "app one\n"})
    targets.require_ready(rig.site, branch="main", before=landed, after=back, reverts=one.landing)
    (undone,) = targets.follow(rig.site, rig.landing(landed, back, reverts=one.landing))
    assert undone.state is InstallState.RESTORED
    assert fingerprint(rig.live / "etc") == before
    assert (rig.live / "loaded").read_text() == "one\n"
    assert base != back


def test_a_rollback_does_not_overwrite_an_edit(rig: Rig) -> None:
    """An edit since the install stands in the way of a rollback, until a person says so."""
    rig = rig.with_settings(TWO_FILES)
    (one,) = installed(rig)
    head = rig.site.git.snapshot().commit
    rig.put("etc/site.conf", "edited two\n")
    with pytest.raises(targets.DriftError, match="edited by hand"):
        targets.require_ready(rig.site, branch="main", before=head, after=head, reverts=one.landing)
    with pytest.raises(targets.DriftError):
        targets.restore(rig.site, "web", over_edits=False)
    done = targets.restore(rig.site, "web", over_edits=True)
    assert done.state is InstallState.RESTORED
    assert not (rig.live / "etc").exists()
    kept = rig.book.place(done) / "blobs"
    assert b"edited two\n" in {path.read_bytes() for path in kept.iterdir()}


def test_only_what_was_approved_is_installed_by_hand(rig: Rig) -> None:
    """A commit that never landed is not installed; the newest landing below it is."""
    rig = rig.with_settings(PROVEN)
    (target,) = targets.targets_of(rig.site)
    with pytest.raises(targets.TargetRefusedError, match="nothing that was approved"):
        targets.install(rig.site, target)
    before = rig.site.git.snapshot().commit
    landed = rig.commit({"site.conf": "two\n"})
    rig.landing(before, landed, state="kept")
    rig.commit({"site.conf": "two, by hand\n"})
    one = targets.install(rig.site, target)
    assert one is not None
    assert (one.commit, one.state) == (landed, InstallState.KEPT)
    assert (rig.live / "etc/site.conf").read_text() == "two\n"
    assert status(rig).health is Health.BEHIND
    assert targets.install(rig.site, target) is None


def test_another_branch_s_landing_is_not_installed(rig: Rig) -> None:
    """A target follows the branch that it names."""
    rig = rig.with_settings(PROVEN + 'branch = "live"\n')
    assert installed(rig) == ()
    assert list(rig.live.iterdir()) == []


def test_a_removed_file_is_removed_live_and_comes_back(rig: Rig) -> None:
    """A landing that removes a file removes what it installed, and a rollback brings it back."""
    rig = rig.with_settings(TWO_FILES)
    installed(rig)
    before = rig.site.git.snapshot().commit
    kept = fingerprint(rig.live)
    rig.repo.git("rm", "--quiet", "app.conf")
    after = rig.commit({})
    (two,) = targets.follow(rig.site, rig.landing(before, after))
    assert not (rig.live / "etc/deep/app.conf").exists()
    targets.undo(rig.site, two.landing or 0)
    now = fingerprint(rig.live)
    for name in ("etc/site.conf", "etc/deep/app.conf"):
        assert now[name][:5] == kept[name][:5]


def test_old_snapshots_go_and_the_last_known_good_stays(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many snapshots are kept, and the newest install that was kept, however old."""
    monkeypatch.setattr(book, "KEPT_SNAPSHOTS", 3)
    rig = rig.with_settings(TWO_FILES)
    (one,) = installed(rig)
    targets.keep(rig.site.store, one.landing or 0)
    (target,) = targets.targets_of(rig.site)
    for _ in range(5):
        targets.adopt(rig.site, target)
    there = sorted(int(path.name) for path in (rig.book.folder / "web").iterdir())
    assert there == [one.number, *range(one.number + 3, one.number + 6)]


def test_snapshots_are_private(rig: Rig) -> None:
    """Live files may hold secrets: nobody else can read what is put by."""
    rig = rig.with_settings(TWO_FILES)
    rig.put("etc/site.conf", "one\n", 0o600)
    installed(rig)
    for path in (rig.book.folder, *rig.book.folder.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ('files = { "site.conf" = "LIVE/../x" }', "not a plain absolute path"),
        ('files = { "../site.conf" = "LIVE/x" }', "not a contained repository path"),
        ('files = { "a" = "LIVE/x", "b" = "LIVE/x" }', "named twice"),
        ('files = { "a" = "LIVE/x", "b" = "LIVE/x/y" }', "below a path that is a file itself"),
        ('files = { "a" = "REPO/x" }', "lies in the repository"),
        ('files = { "a" = "LIVE/x" }\nprobes = ["none"]', "no [[probes]] section named 'none'"),
        (
            'files = { "a" = "LIVE/x" }\n[[targets]]\nname = "web"\nfiles = {a = "/b"}',
            "two targets",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(rig: Rig, section: str, words: str) -> None:
    """A section that names wrong places is refused by name."""
    text = f'[[targets]]\nname = "web"\n{section}\n'.replace("REPO", str(rig.repo.path))
    with pytest.raises(ConfigError) as caught:
        targets.targets_of(rig.with_settings(text).site)
    assert words in caught.value.message


@pytest.mark.parametrize("word", ["REPO/check.sh", "./check.sh", "LIVE/link.sh"])
def test_a_command_never_comes_from_the_repository(rig: Rig, word: str) -> None:
    """A patch could change what runs on the live machine, so such a command is refused."""
    rig.commit({"check.sh": "exit 0\n"})
    (rig.live / "link.sh").symlink_to(rig.repo.path / "check.sh")
    word = word.replace("REPO", str(rig.repo.path))
    rig = rig.with_settings(TWO_FILES + f'validate = ["sh", "{word}"]\n')
    with pytest.raises(ConfigError, match="which a patch could change"):
        installed(rig)


def test_a_live_link_is_refused_or_itself_replaced(rig: Rig) -> None:
    """By default the real file has to be named; a replaced link comes back as the link it was."""
    real = rig.put("available/site.conf", "one\n")
    (rig.live / "enabled").mkdir()
    link = rig.live / "enabled/site.conf"
    link.symlink_to("../available/site.conf")
    text = '[[targets]]\nname = "web"\nfiles = { "site.conf" = "LIVE/enabled/site.conf" }\n'
    with pytest.raises(targets.TargetRefusedError) as caught:
        installed(rig.with_settings(text))
    assert str(real) in caught.value.message
    rig.repo.git("reset", "--quiet", "--hard", "HEAD~1")
    targets_before = fingerprint(rig.live)
    rig = rig.with_settings(text + 'links = "replace"\n')
    targets.adopt(rig.site, targets.targets_of(rig.site)[0])
    (one,) = installed(rig)
    assert (link.read_text(), link.is_symlink(), real.read_text()) == ("two\n", False, "one\n")
    targets.undo(rig.site, one.landing or 0)
    assert fingerprint(rig.live) == targets_before


def test_no_link_is_followed_on_the_way(rig: Rig) -> None:
    """A live folder that is a link is refused, and the real one named."""
    (rig.live / "real").mkdir()
    (rig.live / "etc").symlink_to("real")
    rig = rig.with_settings(TWO_FILES)
    with pytest.raises(targets.TargetRefusedError) as caught:
        installed(rig)
    assert str(rig.live / "real") in caught.value.hint


def test_a_folder_that_anybody_may_write_is_refused(rig: Rig) -> None:
    """Where others may exchange names, nothing is installed; with the sticky bit they cannot."""
    (rig.live / "etc").mkdir()
    (rig.live / "etc").chmod(0o777)
    rig = rig.with_settings(TWO_FILES)
    with pytest.raises(targets.TargetRefusedError, match="every account may exchange"):
        installed(rig)
    (rig.live / "etc").chmod(0o1777)
    before = rig.site.git.snapshot().commit
    after = rig.commit({"site.conf": "three\n"})
    assert targets.follow(rig.site, rig.landing(before, after))


def test_hard_links_are_told(rig: Rig) -> None:
    """Another name of a live file keeps the old content, which is said; a rollback joins them."""
    path = rig.put("etc/site.conf", "one\n")
    os.link(path, rig.live / "other")
    before = fingerprint(rig.live)
    rig = rig.with_settings(TWO_FILES)
    (one,) = installed(rig)
    assert any("hard links" in said for said in rig.told)
    assert (rig.live / "other").read_text() == "one\n"
    targets.undo(rig.site, one.landing or 0)
    assert fingerprint(rig.live) == before


def test_a_folder_that_is_no_file_is_refused(rig: Rig) -> None:
    """A live path that is a folder or a pipe is left alone."""
    (rig.live / "etc/site.conf").mkdir(parents=True)
    with pytest.raises(targets.TargetRefusedError, match="neither a file nor a link"):
        installed(rig.with_settings(TWO_FILES))
    Path(rig.live / "etc/site.conf").rmdir()
    os.mkfifo(rig.live / "etc/site.conf")
    rig.repo.git("reset", "--quiet", "--hard", "HEAD~1")
    with pytest.raises(targets.TargetRefusedError, match="neither a file nor a link"):
        installed(rig.with_settings(TWO_FILES))
