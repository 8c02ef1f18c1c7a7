"""One hyperscan database finds where a rule may apply; the rule then reads the exact value."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from workflow.redaction.database import compiled
from workflow.redaction.structural import (
    assignment,
    calls,
    command_rules,
    headers,
    pem,
    spoken,
    tables,
    talk,
    tokens,
    urls,
)
from workflow.redaction.structural.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable

    import hyperscan

    from workflow.redaction.interface import Span
    from workflow.redaction.structural.rule import Rule

RULES: tuple[Rule, ...] = (
    *assignment.RULES,
    *calls.RULES,
    *command_rules.RULES,
    *headers.RULES,
    *pem.RULES,
    *spoken.RULES,
    *tables.RULES,
    *tokens.RULES,
    *urls.RULES,
)


@cache
def _database() -> hyperscan.Database:
    """All rules' patterns, compiled once per process; a pattern's id is its place in `RULES`."""
    import hyperscan  # noqa: PLC0415 - 15 MB that commands which seal nothing do not need

    return compiled(
        [rule.pattern for rule in RULES],
        range(len(RULES)),
        [
            (hyperscan.HS_FLAG_CASELESS if rule.caseless else 0)
            | (hyperscan.HS_FLAG_MULTILINE if rule.multiline else 0)
            for rule in RULES
        ],
    )


class Structural:
    """Finds values by the names, syntax and shapes around them.  It is a `Detector`."""

    def find(self, text: bytes, path: str) -> Iterable[Span]:
        """The values in `text`; `path` tells the syntax and may be empty.

        Raises:
            hyperscan.error: the text could not be scanned.
        """
        hits: list[tuple[int, int]] = []

        def note(rule: int, _start: int, end: int, _flags: int, _context: object) -> None:
            hits.append((end, rule))

        _database().scan(text, match_event_handler=note)
        spans: dict[Span, None] = dict.fromkeys(() if path else talk.find(text))
        hits.sort()
        source = Source(text, path)
        for end, rule in hits:
            for span in RULES[rule].read(source, end):
                spans[span] = None
        return list(spans)
