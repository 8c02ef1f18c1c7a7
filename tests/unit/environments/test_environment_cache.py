from __future__ import annotations

import gzip
import os
import resource
import threading
import time
from typing import TYPE_CHECKING

import pytest

from workflow.environments import EnvironmentUnavailableError
from workflow.environments.cache import Cache
from workflow.environments.unpack import unpack

if TYPE_CHECKING:
    from pathlib import Path

DAY_S = 24 * 3600
LARGE = gzip.compress(b'{"path": "a", "size": 9000, "program": false}\n' + b"x" * 9000)


def fill(folder: Path) -> None:
    """Write one file."""
    (folder / "file").write_text("made")


def test_environment_is_made_once(tmp_path: Path) -> None:
    """What is there is not made again."""
    cache = Cache(tmp_path / "cache")
    assert not cache.kept("one")
    assert cache.make("one", fill) == cache.place("one")
    cache.make("one", lambda _: pytest.fail("made again"))
    assert cache.kept("one")
    assert (cache.place("one") / "file").read_text() == "made"


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    """What fails half-way is not there, and nothing of it stays."""
    cache = Cache(tmp_path)

    def fail(folder: Path) -> None:
        fill(folder)
        message = "half-way"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError):
        cache.make("one", fail)
    assert not cache.kept("one")
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_left_of_a_killed_build_is_removed(tmp_path: Path) -> None:
    """The next build clears away what a killed one could not."""
    (tmp_path / ".new-dead").mkdir()
    Cache(tmp_path).make("one", fill)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "one"]


def test_builders_wait_for_one_another(tmp_path: Path) -> None:
    """Two that want the same environment make it once, and both get it."""
    made: list[Path] = []

    def slowly(folder: Path) -> None:
        made.append(folder)
        time.sleep(0.05)
        fill(folder)

    threads = [
        threading.Thread(target=lambda: Cache(tmp_path).make("one", slowly)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_oldest_goes_unless_it_may_be_in_use(tmp_path: Path) -> None:
    """More than a dozen: the ones used longest ago go, and none that was used today."""
    cache = Cache(tmp_path)
    for number in range(13):
        cache.make(f"key{number}", fill)
    assert len(list(tmp_path.glob("key*"))) == 13
    old = time.time() - 2 * DAY_S
    for name in ("key3", "key5"):
        os.utime(tmp_path / name, (old, old))
    assert cache.kept("key5")
    cache.make("another", fill)
    assert not cache.place("key3").exists()
    assert cache.place("key5").exists()


def test_forgotten_ones_go(tmp_path: Path) -> None:
    """What was not used for a month goes at the next build."""
    cache = Cache(tmp_path)
    for name, days in (("old", 31), ("older", 40), ("new", 3)):
        cache.make(name, fill)
        then = time.time() - days * DAY_S
        os.utime(tmp_path / name, (then, then))
    cache.make("another", fill)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["another", "lock", "new"]


def test_full_disk_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    """A file that cannot be written whole is an error, and no environment."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(EnvironmentUnavailableError, match="File too large") as caught:
            Cache(tmp_path).make("one", lambda folder: unpack(LARGE, folder))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "make room" in caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A cache where nothing can be written says how to choose another place."""
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentUnavailableError) as caught:
        Cache(tmp_path / "file").make("one", fill)
    assert "XDG_CACHE_HOME" in caught.value.hint
