"""A directive as its file has it, so that a reviewer can look for the very line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.text import one_line

if TYPE_CHECKING:
    from workflow.semantics.nginx.expanded import Item

_SHOWN = 240


def written(item: Item) -> str:
    """The directive's words with their quotes, up to its `;` or `{`, on one bounded line.

    A block that only a wrapper has, and no file, is given as nginx sees it.
    """
    directive = item.directive
    if directive is None:
        words, end = list(item.words), ""
    else:
        words = [word.raw for word in (directive.word, *directive.args)]
        end = " {" if directive.block else ";"
    line = one_line(" ".join(words)[: 4 * _SHOWN]) + end
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."
