"""What changes between two texts of one file of nginx configuration, read as a part of its own."""

from __future__ import annotations

from workflow.semantics.changes.interface import Effect, SemanticChange, change
from workflow.semantics.nginx.diff import difference_alone
from workflow.semantics.nginx.tree import NginxSyntaxError


def nginx_changes(before: str, after: str) -> list[SemanticChange]:
    """Return what really changes; nothing where only layout, comments or spellings do.

    What its includes read is not looked at.  Raises `ValueError` for a text that is not nginx
    configuration.
    """
    try:
        found = difference_alone(before, after)
    except NginxSyntaxError as error:
        raise ValueError(str(error)) from error
    return [
        change(Effect(one.effect.value), "directive", one.directive, _in_scope(one.scope, one.text))
        for one in found
    ]


def _in_scope(scope: str, text: str) -> str:
    return text if scope in text else f"{scope}: {text}"
