"""What gixy-ng finds and what crossplane's parser (as ngxparse installs it) refuses, many at once.

Both read what may be hostile, so they run inside the sandbox, over one folder of files.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.nginx import trees
from workflow.sandbox import TREE, Command, Limits
from workflow.sandbox.interpreter import interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BATCH = 60
_DRIVER = """\
import json, logging, sys
logging.disable(logging.CRITICAL)
import crossplane
from gixy.core.config import Config
from gixy.core.manager import Manager
for path in sys.argv[1:]:
    row = {"path": path, "found": None, "errors": None}
    try:
        manager = Manager(config=Config(allow_includes=True))
        manager.audit(path, open(path, "rb"))
        row["found"] = [
            [plugin.name, issue.reason or issue.summary or ""]
            for plugin in manager.results for issue in plugin.issues
        ]
    except BaseException as error:
        row["found"] = None
    try:
        parsed = crossplane.parse(path, strict=True, check_ctx=True, check_args=True, single=True)
        row["errors"] = [one["error"].rsplit(" in ", 1)[0] for one in parsed["errors"]]
    except BaseException as error:
        row["errors"] = [repr(error)[:80]]
    print(json.dumps(row), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Said:
    """Of one file: gixy-ng's findings, `None` where it could not read it, and parse errors."""

    found: tuple[tuple[str, str], ...] | None
    errors: tuple[str, ...]


def asked(bench: trees.Bench, given: Sequence[Mapping[str, bytes]], path: str) -> list[Said | None]:
    """Both tools on the file at `path` in each of many trees, in order."""
    answers: list[Said | None] = []
    for start in range(0, len(given), _BATCH):
        answers += _batch(bench, given[start : start + _BATCH], path)
    return answers


def _batch(
    bench: trees.Bench, given: Sequence[Mapping[str, bytes]], path: str
) -> list[Said | None]:
    files = {
        f"{number}/{name}": data for number, one in enumerate(given) for name, data in one.items()
    }
    shown = trees.tree(bench.folder / "rivals", {**files, "driver.py": _DRIVER.encode()})
    python = interpreter(Path(sys.executable))
    paths = [f"{TREE}/{number}/{path}" for number in range(len(given))]
    ran = bench.sandbox.run(
        Command(
            (str(python.program), "-I", f"{TREE}/driver.py", *paths),
            tree=shown.scratch,
            read_only=python.folders,
            links=python.links,
            limits=Limits(wall_s=300.0, output=64 * 1024 * 1024),
        )
    )
    rows = {}
    for line in ran.stdout.splitlines():
        row = json.loads(line)
        found = row["found"]
        told = None if found is None else tuple((one[0], one[1]) for one in found)
        rows[row["path"]] = Said(told, tuple(row["errors"]))
    return [rows.get(one) for one in paths]


def is_flagged(before: Said | None, after: Said | None) -> bool:
    """Whether gixy-ng has a finding more."""
    if before is None or after is None or before.found is None or after.found is None:
        return False
    return bool(Counter(after.found) - Counter(before.found))


def is_refused(before: Said | None, after: Said | None) -> bool:
    """Whether the parser has an error that it did not have before."""
    if before is None or after is None:
        return False
    return bool(Counter(after.errors) - Counter(before.errors))
