"""What a run of pytest is watched by: a key for its report, and tests of which the end is known.

A canary is a test of a name that nobody can foretell.  One that must fail and is said to pass shows
that what runs in the process decides the outcomes, and not the tests.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

INSIDE = "/run/workflow"
"""Where what is ours appears inside the sandbox."""

_ONCE = f"{INSIDE}/once"
# At the start, between two files in the middle, and at the end.
_PLACES = 3
_NAME = 12


@dataclass(frozen=True, slots=True)
class Watch:
    """How one run is watched: what it is told in files, and what its report is held against.

    `files` and `dirs` belong into the run's command.  `key` authenticates the lines of the report;
    the file that tells it is read and removed before anything of the tree is loaded.  `failing` and
    `passing` are the canaries' names, in the file of `module`.  `stops` ends the run at the first
    other test that fails.
    """

    files: tuple[tuple[str, bytes], ...] = field(repr=False)
    dirs: tuple[str, ...]
    key: bytes = field(repr=False)
    failing: tuple[str, ...]
    passing: tuple[str, ...]
    module: str
    stops: bool = False

    @property
    def canaries(self) -> frozenset[str]:
        """The names of all of them."""
        return frozenset((*self.failing, *self.passing))

    def scrubbed(self, text: bytes) -> bytes:
        """Return a text without the canaries' names: they stay between us and the run."""
        words = [name.encode() for name in (*self.failing, *self.passing, self.module)]
        found = re.compile(b"|".join(map(re.escape, words)))
        return found.sub(b"canary", text)


def watch(
    token: Callable[[str], str],
    about: str,
    *,
    plugins: Collection[str] = (),
    known: Collection[str] = (),
    stops: bool = False,
) -> Watch:
    """Return how to watch the run `about`: the same words give the same watch.

    `token` makes words that nobody outside can foretell.  `plugins` are entry points, modules or
    distributions of the environment to load, or `*` for all; `known` are the modules of the tree
    that may hide the environment's.  `stops` ends the run at the first test that fails.
    """
    failing = tuple(_name(token, about, f"fails {place}") for place in range(_PLACES))
    passing = tuple(_name(token, about, f"passes {place}") for place in range(_PLACES))
    key = bytes.fromhex(token(f"pytest key: {about}"))
    module = _name(token, about, "module")
    lines = [f"def {name}():\n    assert int('7') == 8\n" for name in failing]
    lines += [f"def {name}():\n    assert int('7') == 7\n" for name in passing]
    told = {
        "key": key.hex(),
        "module": module,
        "canaries": list(zip(failing, passing, strict=True)),
        "plugins": sorted(plugins),
        "known": sorted(known),
        "stops": stops,
    }
    return Watch(
        files=(
            (f"{_ONCE}/told.json", json.dumps(told, sort_keys=True).encode()),
            (f"{INSIDE}/{module}/{module}.py", "\n".join(lines).encode()),
        ),
        dirs=(_ONCE,),
        key=key,
        failing=failing,
        passing=passing,
        module=module,
        stops=stops,
    )


def _name(token: Callable[[str], str], about: str, what: str) -> str:
    return f"test_{token(f'pytest canary: {what}: {about}')[:_NAME]}"
