"""Built environments by their hash, in this user's cache: written whole or not at all, bounded."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import time
from typing import TYPE_CHECKING

from workflow.environments.interface import EnvironmentUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_NEW = ".new-"
_MOST = 12
_YOUNG_S = 24 * 3600.0
_OLD_S = 30 * _YOUNG_S


class Cache:
    """A folder of environments, each in a folder named by its key.

    One process builds at a time; the others wait for it.  When there are more than a dozen, the
    ones that were used longest ago go, but none that was used within a day: it may be in use.  What
    was not used for a month goes anyway.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, key: str) -> Path:
        """Return where the environment of a key is, or is going to be."""
        return self._folder / key

    def kept(self, key: str) -> bool:
        """Whether it is there; that counts as a use."""
        try:
            os.utime(self.place(key))
        except FileNotFoundError:
            return False
        except OSError:
            # Somebody else's cache, shown to us read-only: it is there all the same.
            return self.place(key).is_dir()
        return True

    def make(self, key: str, fill: Callable[[Path], None]) -> Path:
        """Return the environment's folder; if it is not there, `fill` an empty one for it.

        Raises `EnvironmentUnavailableError` where the cache cannot be written, and what `fill`
        raises.
        """
        if self.kept(key):
            return self.place(key)
        with self._alone():
            if self.kept(key):
                return self.place(key)
            new = self._folder / f"{_NEW}{secrets.token_hex(8)}"
            try:
                new.mkdir(mode=0o755)
                fill(new)
                new.rename(self.place(key))
            except OSError as error:
                raise self._unwritable(error) from error
            finally:
                shutil.rmtree(new, ignore_errors=True)
            self._bound(key)
        return self.place(key)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock, and remove what a killed build left."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left in self._folder.glob(f"{_NEW}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield
        finally:
            os.close(lock)

    def _bound(self, but: str) -> None:
        """Remove the ones used longest ago."""
        kept = [path for path in self._folder.iterdir() if path.is_dir() and path.name != but]
        ages = {path: time.time() - path.stat().st_mtime for path in kept}
        surplus = len(kept) + 1 - _MOST
        for path in sorted(kept, key=lambda path: -ages[path]):
            if ages[path] > _OLD_S or (surplus > 0 and ages[path] > _YOUNG_S):
                gone = self._folder / f"{_NEW}{secrets.token_hex(8)}"
                path.rename(gone)
                shutil.rmtree(gone, ignore_errors=True)
                surplus -= 1

    def _unwritable(self, error: OSError) -> EnvironmentUnavailableError:
        message = f"{error.filename or self._folder}: {error.strerror}"
        hint = "make room, or export XDG_CACHE_HOME=/another/place"
        return EnvironmentUnavailableError(message, hint=hint)
