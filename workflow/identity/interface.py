"""What is known of people: single-user mode, tokens, keys, statements, and what can go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from workflow.errors import RefusedError, UsageError, WorkflowError

if TYPE_CHECKING:
    from pathlib import Path

    from workflow.types import CommitId, Digest, Person, TreeId

UNKNOWN_ACCOUNT = "?"
"""The account of a process in a user namespace: it could be anybody's, so it counts as everybody's.

Inside of one, the kernel shows whatever user id the process chose (`unshare --map-root-user`).
"""
TOKEN_ACCOUNT = "token:"  # noqa: S105 - the beginning of an account, no secret
"""Before the account at which a token for somebody else was made; no login name holds a colon."""


class NoSshKeygenError(WorkflowError):
    """There is no `ssh-keygen` here, so nothing can be signed or verified."""


class SigningError(WorkflowError):
    """A key did not sign: it is not there, is locked, or there are several to choose from."""


class SignatureError(RefusedError):
    """A signature does not show what it should."""


class SignersError(RefusedError):
    """The file of allowed signers is not in the base, or cannot be used."""


class TokenError(UsageError):
    """A token cannot be made as asked, or there is none of that number."""


class ProxyError(RefusedError):
    """A configured proxy says in an unusable way who somebody is."""


@dataclass(frozen=True, slots=True)
class SingleUser:
    """Whether git's setting says that one person works here alone, and which file says so."""

    is_on: bool
    origin: str = ""


class Decision(StrEnum):
    """What a statement says of a proposal."""

    APPROVE = "approve"
    BREAK_GLASS = "break-glass"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person signs: one decision on one proposal of one repository, on one base.

    It holds nothing that changes from one moment to the next, so that it can be built again from
    the stored proposal when a signature that was made elsewhere comes back.  `expires` (RFC 3339,
    UTC) is after when the signature is not to be taken any more.
    """

    repository: str
    digest: Digest
    base: CommitId
    tree: TreeId
    decision: Decision
    approver: str
    expires: str


SigningKey: TypeAlias = "Path | str"
"""A key file (private or public), a public key as text, or `"agent"` for the only one it holds."""


@dataclass(frozen=True, slots=True)
class Signers:
    """The file of allowed signers: where it is, its bytes, and the keys that count no more.

    `revoked` is a key revocation list, or public keys one a line, as `ssh-keygen -r` reads it.
    `commit` is whose file it is, short and for words alone, empty where that is not known.
    """

    path: str
    data: bytes
    revoked: bytes = b""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """Who made a signature, as the allowed signers say: an e-mail address, and their key."""

    principal: str
    key_fingerprint: str
    key_type: str


@dataclass(frozen=True, slots=True)
class Signer:
    """One line of the allowed signers.  `after` and `before` bound when its signatures count.

    `problem` says why the line allows nothing, empty where it does.
    """

    line: int
    principals: tuple[str, ...]
    key_type: str
    fingerprint: str
    is_authority: bool = False
    namespaces: tuple[str, ...] = ()
    after: str = ""
    before: str = ""
    problem: str = ""


class Scope(StrEnum):
    """What a token is good for."""

    READ = "read"
    PROPOSE = "propose"
    APPROVE = "approve"
    LAND = "land"
    ADMIN = "admin"
    """Everything, and tokens themselves."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token is made for: whose it is, what it allows, its name, and for how many days."""

    person: Person
    scopes: tuple[Scope, ...]
    name: str
    days: int = 90


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept; its secret is not.  Times are RFC 3339 in UTC."""

    id: int
    name: str
    person: Person
    scopes: tuple[Scope, ...]
    made: str
    expires: str
    revoked: str = ""

    def allows(self, scope: Scope) -> bool:
        """Whether it is good for something; every token may read."""
        return scope is Scope.READ or scope in self.scopes or Scope.ADMIN in self.scopes
