"""People: who git says they are, the account they act from, and how that is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Proof(StrEnum):
    """How it is known who somebody is, the weakest first."""

    GIT = "git"
    """git's settings say so, which anybody at this account can change."""
    PROXY = "proxy"
    """A configured reverse proxy said so."""
    TOKEN = "token"  # noqa: S105 - the kind of a proof
    """They hold a token that was made for them."""
    SIGNATURE = "signature"
    """They signed, with a key that the base commit says is theirs."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, as git names one."""

    name: str
    email: str

    def __str__(self) -> str:
        """`Name <email>`, as in a trailer."""
        return f"{self.name} <{self.email}>"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks or decides.

    `account` is the login name of the human behind the process on this machine, whoever it runs as
    now (`sudo` does not change it); empty where there is none, as for a token.
    """

    identity: Identity
    account: str = ""
    proof: Proof = Proof.GIT

    def __str__(self) -> str:
        """`Name <email>`, as in a trailer."""
        return str(self.identity)
