"""Live files are exchanged and come back exactly, whatever they were and wherever it is cut."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.targets.fingerprints import fingerprint
from workflow.canonical import sha256
from workflow.targets import plan as planning
from workflow.targets.exchange import Exchange
from workflow.targets.interface import (
    ABSENT,
    Entry,
    EntryKind,
    TargetError,
    TargetRefusedError,
)
from workflow.targets.manifest import Manifest, Row, read, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

IS_ROOT = os.geteuid() == 0
NAMES = ("a.conf", "b.conf", "sub/c.conf", "sub/deep/d.conf", "other/e f'.conf")
OWNERS = st.sampled_from([(0, 0), (1000, 1000), (12345, 54321)])
CONTENT = st.binary(max_size=40)
FILES = st.fixed_dictionaries(
    {
        "kind": st.just("file"),
        "data": CONTENT,
        "mode": st.integers(0, 0o7777).map(lambda mode: mode | 0o400),
        "owner": OWNERS if IS_ROOT else st.none(),
        "xattrs": st.dictionaries(st.sampled_from(["user.a", "user.b"]), CONTENT, max_size=2),
        "time": st.integers(0, 2**61),
        "names": st.integers(1, 2),
    }
)
LINKS = st.fixed_dictionaries(
    {"kind": st.just("link"), "to": st.sampled_from(["a.conf", "/nowhere", "..", "\udcff"])}
)
BEFORE = st.one_of(st.none(), FILES, LINKS)
AFTER = st.one_of(st.none(), CONTENT)
TREES = st.fixed_dictionaries({name: st.tuples(BEFORE, AFTER) for name in NAMES})


def make(top: Path, name: str, one: Mapping[str, object] | None) -> None:
    """Make a live file as a person has it."""
    path = top / name
    if one is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if one["kind"] == "link":
        path.symlink_to(str(one["to"]))
        return
    path.write_bytes(bytes(one["data"]))  # type: ignore[call-overload]  # drawn as bytes
    if one["owner"]:
        os.chown(path, *one["owner"])  # type: ignore[misc]  # drawn as two numbers
    for key, value in dict(one["xattrs"]).items():  # type: ignore[call-overload]  # drawn as a dict
        os.setxattr(path, key, value)
    path.chmod(int(str(one["mode"])))
    os.utime(path, ns=(int(str(one["time"])),) * 2)
    if one["names"] == 2:
        os.link(path, top / f"second name of {path.name}")


def manifest_of(top: Path, after: Mapping[str, bytes | None]) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest of an exchange, and the bytes of what is there before."""
    rows, blobs = [], {}
    for number, (name, content) in enumerate(after.items()):
        entry, data, names = planning.look(top / name)
        new = ABSENT
        if content is not None:
            is_file = entry.kind is EntryKind.FILE
            mode, uid, gid = (entry.mode, entry.uid, entry.gid) if is_file else (0o644, 0, 0)
            xattrs = entry.xattrs if is_file else ()
            named = sha256(content)
            new = Entry(EntryKind.FILE, named, len(content), mode, uid, gid, "0", xattrs)
        rows.append(Row(name, str(top / name), entry, new, names, number))
        blobs[entry.content] = data
    found = planning._missing_folders(rows)
    made = Manifest(1, "web", "repo", None, "", "who", "now", "ab12", "{}", found, tuple(rows))
    return made, blobs


@pytest.fixture(scope="module")
def ground() -> Iterator[Path]:
    """Return a folder for many small trees."""
    with tempfile.TemporaryDirectory() as top:
        yield Path(top)


RICH = {
    "kind": "file",
    "data": b"old",
    "mode": 0o6751,
    "owner": (12345, 54321) if IS_ROOT else None,
    "xattrs": {"user.a": b"one"},
    "time": 5,
    "names": 1,
}
WHOLE = dict.fromkeys(NAMES, (None, None)) | {
    "a.conf": (RICH, b"new"),
    "b.conf": (RICH, None),
    "sub/c.conf": ({"kind": "link", "to": "/nowhere"}, b"new"),
    "sub/deep/d.conf": (None, b"new"),
}


@example(tree=WHOLE, keeps_old=False, stage=3)
@example(tree=WHOLE, keeps_old=True, stage=3)
@given(tree=TREES, keeps_old=st.booleans(), stage=st.integers(0, 3))
@settings(max_examples=50, deadline=None)
def test_put_back_is_the_identity(
    ground: Path,
    tree: Mapping[str, tuple[Mapping[str, object] | None, bytes | None]],
    keeps_old: bool,  # noqa: FBT001 - drawn by hypothesis
    stage: int,
) -> None:
    """Bytes, modes, owners, attributes, times, links and hard links are exactly as before.

    After any stage, and also where only the snapshot is left of the old files (then hard links
    are not joined again).
    """
    top = Path(tempfile.mkdtemp(dir=ground))
    for name, (one, _) in tree.items():
        make(top, name, one)
    before = fingerprint(top)
    manifest, blobs = manifest_of(top, {name: after for name, (_, after) in tree.items()})
    folder = top.parent / f"{top.name}-kept"
    folder.mkdir()
    write(folder, manifest)
    manifest = read(folder)
    exchange = Exchange(manifest, blobs.__getitem__)
    contents = {str(top / name): after for name, (_, after) in tree.items() if after is not None}
    acts: list[Callable[[], object]] = [
        lambda: exchange.stage(contents),
        exchange.require_unchanged,
        exchange.switch,
    ]
    for act in acts[:stage]:
        act()
    if stage == 3:
        for name, (_, after) in tree.items():
            path = top / name
            assert (path.read_bytes() if path.is_file() else None) == after
        if not keeps_old:
            exchange.clear(and_folders=False)
    foreign: list[bytes] = []
    assert exchange.put_back(foreign.append) == ()
    exchange.clear(and_folders=True)
    assert foreign == []
    now = fingerprint(top)
    if stage == 3 and not keeps_old:
        before, now = ({k: v[:6] for k, v in one.items()} for one in (before, now))
    assert now == before
    assert exchange.put_back(foreign.append) == ()
    shutil.rmtree(top)


def simple(top: Path) -> tuple[Exchange, Path, Path]:
    """An exchange of one file that is there and one that is not."""
    old, new = top / "old.conf", top / "new.conf"
    old.write_text("old\n")
    manifest, blobs = manifest_of(top, {"old.conf": b"OLD\n", "new.conf": b"NEW\n"})
    return Exchange(manifest, blobs.__getitem__), old, new


def staged(top: Path) -> tuple[Exchange, Path, Path]:
    """The same, made ready."""
    exchange, old, new = simple(top)
    exchange.stage({str(old): b"OLD\n", str(new): b"NEW\n"})
    return exchange, old, new


def test_an_edit_in_between_is_not_overwritten(tmp_path: Path) -> None:
    """What was changed after the snapshot stops the exchange, and stays."""
    exchange, old, _ = staged(tmp_path)
    old.write_text("edited\n")
    with pytest.raises(TargetError, match="in this very moment"):
        exchange.require_unchanged()


def test_a_file_that_appears_in_between_is_not_overwritten(tmp_path: Path) -> None:
    """Not even in the last moment: a new file's name is given only if nothing has it."""
    exchange, _, new = staged(tmp_path)
    new.write_text("somebody's\n")
    with pytest.raises(FileExistsError):
        exchange.switch()
    assert new.read_text() == "somebody's\n"


def test_what_somebody_else_wrote_is_put_by(tmp_path: Path) -> None:
    """An edit while the install was proven is kept and said before the old file comes back."""
    exchange, old, _ = staged(tmp_path)
    exchange.switch()
    old.write_text("edited\n")
    foreign: list[bytes] = []
    (said,) = exchange.put_back(foreign.append)
    assert foreign == [b"edited\n"]
    assert "changed by somebody else" in said
    assert old.read_text() == "old\n"


def test_the_old_file_comes_back_without_any_space(tmp_path: Path) -> None:
    """It is the same file: nothing is copied, so that a full disk cannot keep it away."""
    exchange, old, _ = simple(tmp_path)
    number = old.stat().st_ino
    exchange.stage({str(old): b"OLD\n", str(tmp_path / "new.conf"): b"NEW\n"})
    exchange.switch()
    assert old.stat().st_ino != number
    exchange.put_back(lambda _: None)
    assert old.stat().st_ino == number


def test_an_old_file_that_was_tampered_with_comes_from_the_snapshot(tmp_path: Path) -> None:
    """What is put aside beside the live file is believed only if it is what the snapshot says."""
    exchange, old, _ = staged(tmp_path)
    exchange.switch()
    aside = next(tmp_path.glob(".workflow-*"))
    assert aside.stat().st_mode & 0o777 == 0o700
    (aside / "0.old").write_text("evil\n")
    exchange.put_back(lambda _: None)
    assert old.read_text() == "old\n"


@pytest.mark.parametrize("number", range(4))
def test_a_folder_exchanged_for_a_link_leads_nowhere(tmp_path: Path, number: int) -> None:
    """At whatever moment the live folder becomes a link, nothing is written where it leads."""
    top, elsewhere = tmp_path / "live", tmp_path / "elsewhere"
    top.mkdir()
    elsewhere.mkdir()
    exchange, old, new = simple(top)

    def swap_folders() -> None:
        top.rename(tmp_path / "moved")
        top.symlink_to(elsewhere)

    acts: list[Callable[[], object]] = [
        lambda: exchange.stage({str(old): b"OLD\n", str(new): b"NEW\n"}),
        exchange.require_unchanged,
        exchange.switch,
        lambda: exchange.put_back(lambda _: None),
    ]
    acts.insert(number, swap_folders)
    with pytest.raises(TargetRefusedError, match="symbolic link"):
        _do(acts)
    assert list(elsewhere.iterdir()) == []


def _do(acts: list[Callable[[], object]]) -> None:
    for act in acts:
        act()
