"""Finds the test files that use what a patch changed, by what each file imports; run in a sandbox.

Reads and parses, and imports nothing of the project.  It runs on the project's interpreter, which
may be older than ours: standard library only.  A test that is missed here runs a little later.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEST_FILE = re.compile(r"test_.*\.py|.*_test\.py")
_WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")
_MOST_BYTES = 64 * 1024 * 1024
_MOST_OF_ONE = 1024 * 1024


def find(top: str, changed: list[str]) -> list[str]:
    """Return the test files below `top` that lead to one of the changed files, in order.

    Names are relative to `top`.  A file leads to another by an import, through any number of
    others, and to a changed file that is no Python by mentioning its name.
    """
    contents = _read(top)
    words = {path: set(_WORD.findall(data)) for path, data in contents.items()}
    imports: dict[str, set[str]] = {}
    reached = {path for path in changed if path in contents}
    waiting = list(changed)
    while waiting:
        target = waiting.pop()
        for path in _users(target, contents, words, imports):
            if path not in reached:
                reached.add(path)
                waiting.append(path)
    return sorted(path for path in reached if _TEST_FILE.fullmatch(path.rpartition("/")[2]))


def _users(
    target: str,
    contents: dict[str, bytes],
    words: dict[str, set[bytes]],
    imports: dict[str, set[str]],
) -> Iterator[str]:
    """Yield the files that import one file, or mention one that is no Python."""
    folder, _, name = target.rpartition("/")
    if not name.endswith(".py"):
        mention = name.encode("utf-8", "surrogateescape")
        yield from (path for path, data in contents.items() if mention in data)
        return
    if name == "conftest.py":
        inside = folder + "/" if folder else ""
        yield from (path for path in contents if path.startswith(inside))
        return
    module = _module(target)
    last = module.rpartition(".")[2].encode("utf-8", "surrogateescape")
    for path, data in contents.items():
        if last not in words[path] or path == target:
            continue
        if path not in imports:
            imports[path] = set(_imported(path, data))
        # A module is imported by its whole name, or by an end of it where a folder is on the path.
        if any(module == one or module.endswith("." + one) for one in imports[path]):
            yield path


def _module(path: str) -> str:
    name = path[: -len(".py")].replace("/", ".")
    return name.removesuffix(".__init__")


def _imported(path: str, data: bytes) -> Iterator[str]:
    """Yield the names of all modules that a file may import, those around them included."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    package = path.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _ends(alias.name)
        elif isinstance(node, ast.ImportFrom):
            around = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*around, *([node.module] if node.module else [])])
            yield from _ends(base)
            for alias in node.names:
                yield f"{base}.{alias.name}" if base else alias.name


def _ends(name: str) -> Iterator[str]:
    """Yield a module and the packages around it, which are imported with it."""
    while name:
        yield name
        name = name.rpartition(".")[0]


def _read(top: str) -> dict[str, bytes]:
    """Read the Python files below a folder, without following links; none when it is too much."""
    found: dict[str, bytes] = {}
    left = _MOST_BYTES
    for folder, folders, names in os.walk(top):
        folders[:] = [one for one in folders if not one.startswith(".")]
        for path in (Path(folder, name) for name in names if name.endswith(".py")):
            if path.is_symlink():
                continue
            with path.open("rb") as file:
                data = file.read(_MOST_OF_ONE)
            left -= len(data)
            if left < 0:
                return {}
            found[path.relative_to(top).as_posix()] = data
    return found


def main() -> None:
    """Report the test files below one folder, for the changed files that a JSON file lists."""
    top, told = sys.argv[1:]
    found = find(top, json.loads(Path(told).read_bytes()))
    with os.fdopen(int(os.environ["WORKFLOW_REPORT_FD"]), "wb") as report:
        report.write(json.dumps(found).encode())


if __name__ == "__main__":
    main()
