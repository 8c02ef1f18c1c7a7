"""A second opinion: what gixy-ng finds in the patched configuration and not in the base.

It is asked where it is installed (`pip install change-workflow[second-opinion]`), inside the
sandbox, since it reads what may be hostile.  What it says is a doubt, never a verdict: on most
real configurations it finds something.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.errors import WorkflowError
from workflow.gates.text import one_line
from workflow.process import side_by_side
from workflow.sandbox import TREE, Command, Limits
from workflow.sandbox.interpreter import interpreter
from workflow.semantics.nginx.files import PREFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates.interface import Tree
    from workflow.gates.nginx.layout import Target
    from workflow.sandbox import Sandbox

_LIMITS = Limits(wall_s=20.0, output=4 * 1024 * 1024)
_WEIGHTS = {"MEDIUM", "HIGH"}
_MOST = 5


def is_there() -> bool:
    """Whether gixy-ng is installed beside us."""
    return find_spec("gixy") is not None


def new_findings(
    base: Tree | None, patched: Tree, target: Target, sandbox: Sandbox
) -> tuple[str, ...]:
    """Return what it finds on the patched tree alone, a line each, the first five.

    One line says so where it could not be asked.  Raises `SandboxUnavailableError`.
    """
    trees = [patched] if base is None else [patched, base]
    said = side_by_side([partial(_asked, tree, target, sandbox) for tree in trees])
    if any(one is None for one in said):
        return (f"gixy-ng could not read {one_line(target.path)}",)
    after, *rest = [Counter(one or ()) for one in said]
    before = rest[0] if rest else Counter()
    return tuple(f"gixy-ng: {line}" for line in list((after - before).elements())[:_MOST])


def _asked(tree: Tree, target: Target, sandbox: Sandbox) -> list[str] | None:
    """Return its findings of some weight; `None` where it did not answer."""
    try:
        python = interpreter(Path(sys.executable))
    except WorkflowError:
        return None
    home = f"{TREE}/{target.folder}" if target.folder else TREE
    path = f"{TREE}/{target.path}"
    ran = sandbox.run(
        Command(
            argv=(str(python.program), "-I", "-m", "gixy", "--format", "json", path),
            tree=tree.scratch,
            read_only=python.folders,
            links=(*python.links, (PREFIXES[0], home)),
            dirs=("/etc",),
            limits=_LIMITS,
        )
    )
    try:
        return list(_lines(json.loads(ran.stdout)))
    except ValueError:
        return None


def _lines(found: object) -> Iterator[str]:
    """Yield a finding's words, as far as they have the form that we know."""
    for one in found if isinstance(found, list) else ():
        if not isinstance(one, dict) or one.get("severity") not in _WEIGHTS:
            continue
        words = (one.get("summary"), one.get("reason"), one.get("plugin"))
        summary, reason, plugin = (one_line(str(word or "")) for word in words)
        yield f"{summary.rstrip('.')}: {reason.rstrip('.')} [{plugin}]"
