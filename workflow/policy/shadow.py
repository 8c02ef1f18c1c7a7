"""New files that stand in front of modules, which tests would then import instead."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from workflow.policy.fold import shown
from workflow.types import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from workflow.policy.look import Sight
    from workflow.policy.rule import Said

_RUNNERS = frozenset({"pytest", "_pytest", "pluggy", "iniconfig"})
# Each folder of tests may have its own of these, and no test imports them by these names.
_OWN = frozenset({"conftest", "setup", "__main__", "__init__"})
_PACKAGE = "__init__.py"


def shadow_said(
    file: Sight, names: Callable[[str], Collection[str]], test_folders: Collection[str]
) -> Iterator[Said]:
    """Which module a new file would be imported instead of.

    Python looks into the top folder first when it is started there, and pytest puts the folder of
    a test that is in no package before everything else.  `names` gives the names in a folder.
    """
    if file.change.kind is not ChangeKind.ADDED or not file.path.endswith(".py"):
        return
    *folders, module = file.path.removesuffix(f"/{_PACKAGE}").removesuffix(".py").split("/")
    folder = "/".join(folders)
    is_of_tests = not set(test_folders).isdisjoint(folders)
    if module in _OWN or not (folder in {"", "src"} or is_of_tests):
        return
    if _PACKAGE in names(folder):
        return
    if module in _RUNNERS or module in sys.stdlib_module_names:
        yield file.path, f"Python would import it instead of its own {shown(module)}"
    elif is_of_tests and (top := _of_program(module, names)):
        yield file.path, f"tests would import it instead of {shown(top)}"


def _of_program(module: str, names: Callable[[str], Collection[str]]) -> str:
    """The module of this name at the top of the repository or in its folder `src`; else empty."""
    for top in ("", "src/"):
        if f"{module}.py" in names(top.rstrip("/")):
            return f"{top}{module}.py"
        if module in names(top.rstrip("/")) and any(
            name.endswith(".py") for name in names(f"{top}{module}")
        ):
            return f"{top}{module}"
    return ""
