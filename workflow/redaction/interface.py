"""What redaction speaks of: values found in text, and the placeholders that stand for them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from workflow.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind(StrEnum):
    """What a value is.  Receipts, refusals and `seal --check` name the kind, never the value."""

    PASSWORD = "password"  # noqa: S105 - the kind of a value, not one
    TOKEN = "token"  # noqa: S105 - see above
    """An API key, an access token, a signing secret: what a program shows to be let in."""
    PRIVATE_KEY = "private-key"
    CONNECTION = "connection"
    """The credentials within a URL or a connection string."""
    COOKIE = "cookie"
    MARKER = "marker"
    """Text of the user's that has the shape of a placeholder."""
    CUSTOMER = "customer"
    TENANT = "tenant-id"
    HOST = "host"
    DOMAIN = "domain"
    EMAIL = "email"
    IP = "ip"
    PHONE = "phone"
    CARD = "card"
    IBAN = "iban"

    @property
    def is_secret(self) -> bool:
        """Whether a value of this kind lets somebody in; all others are tenant data."""
        return self in _SECRETS


_SECRETS = frozenset(
    {
        Kind.PASSWORD,
        Kind.TOKEN,
        Kind.PRIVATE_KEY,
        Kind.CONNECTION,
        Kind.COOKIE,
        Kind.MARKER,
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A value's place, `start` to `end` in bytes, without the quotes or names around it.

    It lies within one line.  `rule` names what found it, such as `assignment` or
    `vendor:betterleaks.github-pat`.
    """

    start: int
    end: int
    kind: Kind
    rule: str


class Detector(Protocol):
    """Finds values of one sort."""

    def find(self, text: bytes, path: str) -> Iterable[Span]:
        """The values in `text`, in any order; they may overlap, and may span lines.

        `text` is UTF-8, or any other encoding of which ASCII is a part.  `path` is the file's name
        where there is one; its ending may say what syntax to expect.

        It raises what it raises: a detector that fails means that nothing is sent.
        """
        ...


class SealingError(RefusedError):
    """Something cannot be sealed, so nothing is sent: a key, a file or a detector is at fault."""


class FaultKind(StrEnum):
    """What is wrong with a placeholder in the result of an edit."""

    UNKNOWN = "unknown"
    """It has the shape of ours and stands for nothing."""
    ALTERED = "altered"
    """It was one of ours: cut, lengthened, respelled or broken up."""
    COPIED = "copied"
    """It stands at more places than before."""
    MOVED = "moved"
    """It stands in another file, or below another heading, block or parent than before."""
    REWIRED = "rewired"
    """It stands where it did, and the statement around it says something else."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A placeholder at fault in a file of the result; `line` counts from 1 in that file.

    `sealed` is what the placeholder stands for, `None` where nobody can say, and `source` the file
    that it stood in.
    """

    kind: FaultKind
    path: str
    line: int
    sealed: Kind | None = None
    source: str = ""
