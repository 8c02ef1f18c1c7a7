"""Finds the names that a policy lists: customers, tenants, hosts, domains.

Each name is looked for by its rarest word, as one literal among all others' in hyperscan, which
takes 10,000 names at memory speed; only around a hit is the name itself compared.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.redaction.interface import SealingError, Span
from workflow.redaction.tenant.names import Name, name_of
from workflow.redaction.tenant.readable import Readable
from workflow.redaction.tenant.words import is_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import hyperscan

    from workflow.redaction.settings import SealingSettings


@dataclass(slots=True)
class _Literal:
    """What hyperscan looks for, and the names that it may be a part of."""

    length: int
    names: list[tuple[Name, int]] = field(default_factory=list, repr=False)


class Tenant:
    """Finds names of the policy's dictionaries (a `Detector`).

    Names in files have to be read before: `SealingSettings.with_files`.  What `readable` holds, as
    `named_in` gives it, is not found.  Raises `SealingError` for a name that is too short.
    """

    def __init__(self, settings: SealingSettings, readable: frozenset[str] = frozenset()) -> None:
        self._readable = Readable(readable)
        names = tuple(_names(settings))
        self._literals, self._database = _compiled(names)

    def find(self, text: bytes, path: str) -> Iterator[Span]:
        """The names in a text, in no order; one with blanks in it may go over a line's end."""
        del path  # A name is a name in every file.
        if self._database is None:
            return
        hits: list[tuple[int, int]] = []

        def met(literal: int, _start: int, end: int, _flags: int, _context: object) -> None:
            hits.append((literal, end))

        self._database.scan(text, match_event_handler=met)
        for number, end in hits:
            literal = self._literals[number]
            for name, word in literal.names:
                place = name.around(text, end - literal.length, end, word)
                if place is None or (name.whole and not is_whole(text, *place)):
                    continue
                if not self._readable.holds(text, *place):
                    yield Span(*place, name.kind, f"name:{name.kind.value}")


def _names(settings: SealingSettings) -> Iterator[Name]:
    for section in settings.names:
        if section.file:
            message = f"{section.file}: its names were not read"
            raise SealingError(message, hint="this is a defect of workflow; please report it")
        for name in dict.fromkeys(section.names):
            yield name_of(name, section.kind, whole=section.whole_words)


def _compiled(names: Sequence[Name]) -> tuple[list[_Literal], hyperscan.Database | None]:
    if not names:
        return [], None
    import hyperscan  # noqa: PLC0415 - heavy, and only needed where a policy has names

    often = Counter(word for name in names for word in set(name.words))
    found: dict[bytes, _Literal] = {}
    for name in names:
        rarest = name.rarest(often)
        for form in {form.lower() for form in name.forms(rarest)}:
            found.setdefault(form, _Literal(len(form))).names.append((name, rarest))
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=list(found),
        ids=list(range(len(found))),
        elements=len(found),
        flags=hyperscan.HS_FLAG_CASELESS,
        literal=True,
    )
    return list(found.values()), database
