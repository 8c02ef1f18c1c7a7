"""What an account that is not root can install, and what it is told before anything is written."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.targets.test_exchanges import manifest_of
from workflow.targets import plan as planning
from workflow.targets.exchange import Exchange
from workflow.targets.interface import TargetRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOBODY = 65534
IS_ROOT = os.geteuid() == 0


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a folder that belongs to an ordinary account, which it can reach."""
    top = Path(tempfile.mkdtemp(dir="/var/tmp"))
    if IS_ROOT:
        os.chown(top, NOBODY, NOBODY)
    yield top
    for path in (top, *top.rglob("*")):
        if path.is_dir():
            path.chmod(0o700)
    shutil.rmtree(top)


def as_ordinary(act: Callable[[], str]) -> str:
    """What `act` returns in a process of an ordinary account, or the error that it raises."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        try:
            if IS_ROOT:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
            said = act()
        except (OSError, TargetRefusedError) as error:
            said = f"{type(error).__name__}: {error}"
        os.write(theirs, said.encode())
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said


def test_its_own_files_come_and_go(home: Path) -> None:
    """Install and restore need no privilege where the account owns the files."""

    def act() -> str:
        path = home / "a.conf"
        path.write_text("old")
        path.chmod(0o640)
        before = path.stat()
        manifest, blobs = manifest_of(home, {"a.conf": b"new", "sub/b.conf": b"new"})
        planning._require_writable(manifest.rows, manifest.folders)
        exchange = Exchange(manifest, blobs.__getitem__)
        exchange.stage({str(home / "a.conf"): b"new", str(home / "sub/b.conf"): b"new"})
        exchange.switch()
        between = path.read_text() + (home / "sub/b.conf").read_text()
        exchange.put_back(lambda _: None)
        exchange.clear(and_folders=True)
        after = path.stat()
        same = (before.st_mode, before.st_mtime_ns) == (after.st_mode, after.st_mtime_ns)
        names = sorted(one.name for one in home.iterdir())
        return f"{between} {path.read_text()} {same} {names}"

    assert as_ordinary(act) == "newnew old True ['a.conf']"


@pytest.mark.skipif(not IS_ROOT, reason="needs a file of another account")
@pytest.mark.parametrize(
    ("owner", "words"), [("folder", "may not write there"), ("file", "belongs to uid 0")]
)
def test_what_it_could_not_keep_is_refused_first(home: Path, owner: str, words: str) -> None:
    """A folder that it cannot write, or a file whose owner it cannot keep, stops the install."""
    path = home / "a.conf"
    path.write_text("old")
    os.chown(home, 0 if owner == "folder" else NOBODY, 0)
    os.chown(path, NOBODY if owner == "folder" else 0, 0)
    home.chmod(0o755)

    def act() -> str:
        manifest, _ = manifest_of(home, {"a.conf": b"new"})
        planning._require_writable(manifest.rows, manifest.folders)
        return "nothing"

    said = as_ordinary(act)
    assert said.startswith("TargetRefusedError")
    assert words in said
    assert path.read_text() == "old"


def test_a_permission_lost_in_between_is_an_error_and_not_a_loss(home: Path) -> None:
    """When the folder can no longer be written, putting back fails loudly; later it succeeds."""

    def act() -> str:
        path = home / "a.conf"
        path.write_text("old")
        manifest, blobs = manifest_of(home, {"a.conf": b"new"})
        exchange = Exchange(manifest, blobs.__getitem__)
        exchange.stage({str(path): b"new"})
        exchange.switch()
        home.chmod(0o555)
        try:
            exchange.put_back(lambda _: None)
        except PermissionError:
            home.chmod(0o755)
            exchange.put_back(lambda _: None)
            return path.read_text()
        return "not refused"

    assert as_ordinary(act) == "old"
