"""Finds tenant data that is known by its form: addresses, numbers of phones, cards and accounts."""

from __future__ import annotations

import re
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING, assert_never

from workflow.redaction.database import compiled
from workflow.redaction.interface import Kind, Span
from workflow.redaction.settings import Sort
from workflow.redaction.tenant.net import email, ipv4, ipv6
from workflow.redaction.tenant.numbers import card, iban, named_phone, phone
from workflow.redaction.tenant.readable import Readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import hyperscan

    from workflow.redaction.settings import SealingSettings


class _Form(IntEnum):
    """A form that is looked for; its name is the rule's."""

    EMAIL = 0
    IPV4 = 1
    IPV6 = 2
    PHONE = 3
    NAMED_PHONE = 4
    CARD = 5
    IBAN = 6

    @property
    def rule(self) -> str:
        return "phone" if self is _Form.NAMED_PHONE else self.name.lower()


_FORMS = {
    Sort.EMAIL: (_Form.EMAIL,),
    Sort.IP: (_Form.IPV4, _Form.IPV6),
    Sort.PRIVATE_IP: (_Form.IPV4, _Form.IPV6),
    Sort.PHONE: (_Form.PHONE, _Form.NAMED_PHONE),
    Sort.CARD: (_Form.CARD,),
    Sort.IBAN: (_Form.IBAN,),
}
_KINDS = {
    _Form.EMAIL: Kind.EMAIL,
    _Form.IPV4: Kind.IP,
    _Form.IPV6: Kind.IP,
    _Form.PHONE: Kind.PHONE,
    _Form.NAMED_PHONE: Kind.PHONE,
    _Form.CARD: Kind.CARD,
    _Form.IBAN: Kind.IBAN,
}
# What a form begins with, in hyperscan's language.  Each matches few ordinary texts, ends one byte
# into its last repetition so that it is told once, and leaves the exact place to `re`.
_PHONE_NAMES = (
    rb"(?:phone|telephone|telefon|t\xc3\xa9l\xc3\xa9phone|mobile?|msisdn|whatsapp"
    rb"|(?:^|[^a-z])(?:tel|fax|cell|handy))(?:[_ -]?(?:number|nummer|num|no|nr))?"
)
# Any two letters: to look for those of each country takes five times as long as for all the rest.
_IBAN_START = (
    rb"(?:^|\\[nrt]|[^0-9A-Za-z])(?:[A-Z]{2}|[a-z]{2})[0-9]{2}"
    rb"(?:[ .-]?[0-9A-Za-z]{4}){2}[ .-]?[0-9A-Za-z]{2}"
)
_BEGINNINGS = (
    (_Form.EMAIL, rb"[A-Za-z0-9_%+\x80-\xff-]@[A-Za-z0-9\x80-\xff]"),
    (_Form.IPV4, rb"(?:^|\\[nrt]|[^0-9A-Za-z_.])(?:[0-9]{1,3}\.){3}[0-9]"),
    (_Form.IPV6, rb"(?:^|\\[nrt]|[^0-9A-Za-z_:.])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]"),
    (
        _Form.IPV6,
        rb"(?:^|\\[nrt]|[^0-9A-Za-z_:.])[Ff][C-Ec-e][0-9A-Fa-f]{2}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]",
    ),
    (_Form.IPV6, rb"(?:^|\\[nrt]|[^0-9A-Za-z_:.])::1"),
    (_Form.PHONE, rb"(?:^|\\[nrt]|[^0-9A-Za-z_+/=])\+[ (]{0,2}[1-9][0-9 ()./\x80-\xff-]{6}"),
    (
        _Form.CARD,
        rb"(?:^|\\[nrt]|[^0-9A-Za-z_.])[2-68][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{2}",
    ),
    (_Form.CARD, rb"(?:^|\\[nrt]|[^0-9A-Za-z_.])3[0-9]{3}[ -]?[0-9]{6}[ -]?[0-9]{4}"),
    (
        _Form.IBAN,
        _IBAN_START,
    ),
    # Told at the first digit of the number itself: the start is behind the name.
    (
        _Form.NAMED_PHONE,
        rb"(?i)%b[\"'\])]{0,2}[\t ]{0,4}(?:[:=]>?|=>|\.:?|,|>)?[\t ]{0,4}[\"']?[(]?[0-9]"
        % _PHONE_NAMES,
    ),
)
# The bytes that the value itself may begin with; another one is what stands before it.
_FIRST = {
    _Form.IPV4: b"0123456789",
    _Form.IPV6: b"0123456789abcdefABCDEF:",
    _Form.PHONE: b"+",
    _Form.CARD: b"0123456789",
    _Form.IBAN: b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
}
# What begins a line within a string also stands before a value.
_ESCAPE = re.compile(rb"\\[nrt]")


class Personal:
    """Finds e-mail and IP addresses, phone, card and account numbers (a `Detector`).

    What it looks for in a file is what the policy has on for the file's path.  What `readable`
    holds, as `named_in` gives it, is not found.
    """

    def __init__(self, settings: SealingSettings, readable: frozenset[str] = frozenset()) -> None:
        self._settings = settings
        self._readable = Readable(readable)

    def find(self, text: bytes, path: str) -> Iterator[Span]:
        """The values in a text, in no order."""
        sorts = self._settings.sorts(path)
        if not sorts:
            return
        hits: list[tuple[int, int, int]] = []

        def met(form: int, start: int, end: int, _flags: int, _context: object) -> None:
            hits.append((form, start, end))

        database = _database(frozenset(form for sort in sorts for form in _FORMS[sort]))
        database.scan(text, match_event_handler=met)
        done = dict.fromkeys(_Form, 0)
        for number, low, end in hits:
            form = _Form(number)
            start = _start(text, form, low, end)
            if start < done[form]:
                continue
            place = _exact(text, form, start, sorts, path)
            if place is not None:
                done[form] = place[1]
                if not self._readable.holds(text, *place):
                    yield Span(*place, _KINDS[form], form.rule)


@cache
def _database(forms: frozenset[_Form]) -> hyperscan.Database:
    import hyperscan  # noqa: PLC0415 - heavy, and only needed where something is read

    wanted = [(form, pattern) for form, pattern in _BEGINNINGS if form in forms]
    return compiled(
        [pattern for _, pattern in wanted],
        [int(form) for form, _ in wanted],
        [hyperscan.HS_FLAG_SOM_LEFTMOST] * len(wanted),
    )


def _start(text: bytes, form: _Form, low: int, end: int) -> int:
    """Where the value starts, or for an e-mail address its `@` stands."""
    match form:
        case _Form.EMAIL:
            return end - 2
        case _Form.NAMED_PHONE:
            return end - 2 if text[end - 2 : end - 1] == b"(" else end - 1
        case _Form.IPV4 | _Form.IPV6 | _Form.PHONE | _Form.CARD | _Form.IBAN:
            if _ESCAPE.match(text, low):
                return low + 2
            return low + (text[low] not in _FIRST[form])
    assert_never(form)


def _exact(
    text: bytes, form: _Form, start: int, sorts: frozenset[Sort], path: str
) -> tuple[int, int] | None:
    match form:
        case _Form.EMAIL:
            place = email(text, start)
        case _Form.IPV4:
            place = ipv4(text, start, sorts, path)
        case _Form.IPV6:
            place = ipv6(text, start, sorts)
        case _Form.PHONE:
            place = phone(text, start)
        case _Form.NAMED_PHONE:
            place = named_phone(text, start)
        case _Form.CARD:
            place = card(text, start)
        case _Form.IBAN:
            place = iban(text, start)
        case _:
            assert_never(form)
    return place
