"""Which pytest plugins a project needs, by what its base says: nothing is loaded unasked.

A run loads no plugin because it is installed; a patch could bring one along.  It loads those that
the settings name, and those of the project's environment that the base's own files mention.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates.interface import Tree
    from workflow.types import RepoPath

_FILES = re.compile(
    r"pyproject\.toml|setup\.(?:cfg|py)|tox\.ini|\.?pytest\.(?:ini|toml)|noxfile\.py|Pipfile"
    r"|environment\.ya?ml|[\w.-]*(?:requirements|constraints)[\w.-]*\.(?:txt|in|pip)"
    r"|requirements/[\w.-]+\.(?:txt|in|pip)"
)
# A name of a distribution or a plugin, but not one that is switched off by `-p no:name`.
_WORD = re.compile(r"(?<![\w.:-])[A-Za-z][A-Za-z0-9._-]{1,60}(?![\w-])")
_MOST_FILES = 30
_MOST_BYTES = 256 * 1024
_MOST_WORDS = 2000


def mentioned(tree: Tree, root: str) -> tuple[str, ...]:
    """Return the words of the files that say what a project needs, in its folder and at the top.

    Most of them are no plugin's name; only inside can be told which are.
    """
    words: set[str] = set()
    for path in _files(tree, root):
        text = tree.read(path)[:_MOST_BYTES].decode("utf-8", "replace")
        words.update(found[0].strip(".-_") for found in _WORD.finditer(text))
        if len(words) > _MOST_WORDS:
            break
    return tuple(sorted(words)[:_MOST_WORDS])


def _files(tree: Tree, root: str) -> Iterator[RepoPath]:
    folders = {f"{root}/" if root else "", ""}
    deepest = 1 + max(folder.count("/") for folder in folders)
    left = _MOST_FILES
    for entry in tree.entries:
        path = entry.path
        if path.count("/") > deepest or not entry.is_regular:
            continue
        names = (path[len(one) :] for one in folders if path.startswith(one))
        if any(map(_FILES.fullmatch, names)):
            left -= 1
            yield path
        if not left:
            return
