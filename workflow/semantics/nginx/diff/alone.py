"""The semantic diff of one file that is given as two texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.context import context_of
from workflow.semantics.nginx.diff.effective import difference
from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.files import Texts
from workflow.semantics.nginx.parser import parse

if TYPE_CHECKING:
    from workflow.semantics.nginx.change import Change

_NAME = "part.conf"


def difference_alone(before: str, after: str) -> tuple[Change, ...]:
    """What really changes between two texts of one file, read as a part without its includes.

    Raises `NginxSyntaxError` for a text that is not nginx configuration.
    """
    nodes = [parse(text).children for text in (before, after)]
    context = context_of(nodes[0] or nodes[1])
    return difference(*(load(Texts({_NAME: text}), _NAME, context) for text in (before, after)))
