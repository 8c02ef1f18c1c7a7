"""What a policy says of sealing, as plain values: what is sealed where, which names, what is not.

Secrets are always sealed; nothing here switches them off as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from workflow.patterns import first_match
from workflow.redaction.interface import Kind, SealingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date


class Sort(StrEnum):
    """Tenant data that is known by its form; a policy switches each on or off."""

    EMAIL = "email"
    IP = "ip"
    """Addresses that are reached from anywhere."""
    PRIVATE_IP = "private-ip"
    """Addresses of private networks, of the machine itself, and those for documentation."""
    PHONE = "phone"
    CARD = "card"
    IBAN = "iban"


@dataclass(frozen=True, slots=True)
class Scope:
    """The files in which something holds, as patterns of paths; none is nowhere."""

    patterns: tuple[str, ...]

    def covers(self, path: str) -> bool:
        """Whether a file is meant.  Text without a path is, unless nothing is."""
        if "**" in self.patterns or not path:
            return bool(self.patterns)
        return _matches(self.patterns, path)


@lru_cache(maxsize=1024)
def _matches(patterns: tuple[str, ...], path: str) -> bool:
    """As `first_match`; each text of a file asks the same of each of a policy's scopes."""
    return first_match(patterns, {path}) is not None


EVERYWHERE = Scope(("**",))
NOWHERE = Scope(())


@dataclass(frozen=True, slots=True)
class Names:
    """Names of customers, tenants, hosts or domains; `file` is where more of them are to be read.

    Without `whole_words` they count within longer words, too.
    """

    kind: Kind
    names: tuple[str, ...] = field(default=(), repr=False)
    file: str = ""
    whole_words: bool = True


@dataclass(frozen=True, slots=True)
class Allowance:
    """Values that may be seen, why, and until when (that day included).

    `kinds` may be empty, which is any kind but `Kind.MARKER`.  `rule` is the one that found the
    value, `""` for any.  `text` is the very value that is public, `""` for any.
    """

    scope: Scope
    kinds: frozenset[Kind]
    reason: str
    expires: date
    rule: str = ""
    text: str = field(default="", repr=False)

    def allows(self, kind: Kind, rule: str) -> bool:
        """Whether a kind of value, found by a rule, is meant.  A marker never is.

        A rule may be named without the encodings before it: `assignment` is `base64:assignment`.
        """
        kinds = self.kinds or frozenset(Kind)
        is_rule = not self.rule or f":{rule}".endswith(f":{self.rule}")
        return is_rule and kind is not Kind.MARKER and kind in kinds


@dataclass(frozen=True, slots=True)
class Move:
    """Files within and between which a draft may move or copy placeholders, and why."""

    scope: Scope
    reason: str


@dataclass(frozen=True, slots=True)
class SealingSettings:
    """What is sealed beside secrets, what may be seen, and which placeholders may move."""

    scopes: tuple[tuple[Sort, Scope], ...] = ((Sort.CARD, EVERYWHERE), (Sort.IBAN, EVERYWHERE))
    names: tuple[Names, ...] = ()
    allowances: tuple[Allowance, ...] = ()
    moves: tuple[Move, ...] = ()

    def sorts(self, path: str) -> frozenset[Sort]:
        """What is sealed in a file, of the tenant data that is known by its form."""
        return frozenset(sort for sort, scope in self.scopes if scope.covers(path))

    def move(self, source: str, target: str) -> Move | None:
        """What allows a placeholder of one file to stand elsewhere, in the same file or another."""
        both = (one for one in self.moves if one.scope.covers(source) and one.scope.covers(target))
        return next(both, None)

    def with_files(self, read: Callable[[str], bytes]) -> SealingSettings:
        """The same with the names of all files; `read` gives the bytes of a path of the base.

        Raises `SealingError` for a file that is no dictionary or that `read` does not give
        (`KeyError`, `OSError`; `ValueError` for what is no path).
        """
        return replace(self, names=tuple(_read(names, read) for names in self.names))


def dictionary(text: bytes, source: str) -> tuple[str, ...]:
    """The names in a file: one a line, without blank lines and what follows a `#`.

    Raises `SealingError` when it is not UTF-8 or has no names.
    """
    try:
        lines = text.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        message = f"{source}: not UTF-8 at byte {error.start:,}"
        raise SealingError(message, hint="save the names as UTF-8, and commit the file") from error
    names = (_uncommented(line) for line in lines)
    found = tuple(dict.fromkeys(name for name in names if name))
    if not found:
        message = f"{source}: no names in it"
        raise SealingError(message, hint="write one name a line, or take it out of the policy")
    return found


def _uncommented(line: str) -> str:
    """A line without its comment; a `#` within a word belongs to the word."""
    blanked = " " + line.replace("\t", " ")
    return blanked.partition(" #")[0].strip()


def _read(names: Names, read: Callable[[str], bytes]) -> Names:
    if not names.file:
        return names
    try:
        text = read(names.file)
    except (KeyError, OSError, ValueError) as error:
        message = f"{names.file}: the policy's file of names cannot be read"
        raise SealingError(message, hint="commit the file, or correct sealing.names") from error
    return replace(names, names=names.names + dictionary(text, names.file), file="")
