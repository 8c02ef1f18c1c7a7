"""Signed approvals: what a person signs, and whose signature it is.

A statement names the repository, the proposal's digest, the base, the tree and the decision, and
the signature's namespace is ours alone, so that no signature can be used for anything else.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from workflow.canonical import encode, plain
from workflow.identity.allowed import listed, principals, signers, why_not
from workflow.identity.interface import SignatureError
from workflow.identity.mailmap import NO_MAILMAP, lower
from workflow.identity.setting import setting
from workflow.identity.ssh import (
    AGENT,
    Check,
    agent_keys,
    key_fingerprint,
    sign_bytes,
    verify_any,
    verify_bytes,
)
from workflow.types import Identity

if TYPE_CHECKING:
    from workflow.git_store import GitStore
    from workflow.identity.interface import Signed, Signers, SigningKey, Statement
    from workflow.identity.mailmap import Mailmap

__all__ = [
    "AGENT",
    "NAMESPACE",
    "agent_keys",
    "key_fingerprint",
    "listed",
    "message",
    "own_key",
    "principals",
    "sign",
    "sign_bytes",
    "signers",
    "signing_key",
    "verify",
    "verify_bytes",
    "why_not",
]

NAMESPACE = "approval@change-workflow"
_TYPE = "change-workflow/statement/1"
_LITERAL = ("key::", "ssh-", "ecdsa-", "sk-")


def message(statement: Statement) -> bytes:
    """The bytes that are signed: canonical JSON (RFC 8785) and one line feed."""
    said = replace(statement, approver=lower(statement.approver))
    return encode({"type": _TYPE, **plain(said)}) + b"\n"


def sign(statement: Statement, key: SigningKey) -> str:
    """An armored signature of a statement.

    Raises `SigningError`, and `NoSshKeygenError`.
    """
    return sign_bytes(message(statement), NAMESPACE, key)


def verify(
    statement: Statement,
    armored: str,
    signers: Signers,
    at: datetime,
    mailmap: Mailmap = NO_MAILMAP,
) -> Signed:
    """Who signed a statement.  Its `approver` is not believed: it is whose key it is, or nobody.

    An empty `approver` stands for whoever the allowed signers give the key to.  `at` is when the
    signature was taken in, by our own clock.

    Raises `SignatureError` when the statement has expired by then, when the signature is not over
    exactly this statement, or its key is not allowed at that time; and `NoSshKeygenError`.
    """
    if at.astimezone(UTC) >= datetime.fromisoformat(statement.expires):
        text = f"the statement was to be signed and handed in before {statement.expires}"
        raise SignatureError(text, hint="workflow show NUMBER; propose the change again")

    def signed_by(principal: str) -> bytes:
        return message(replace(statement, approver=statement.approver or principal))

    signed = verify_any(signed_by, armored, Check(NAMESPACE, signers, at, mailmap))
    wanted, found = (Identity("", one) for one in (statement.approver, signed.principal))
    if wanted.email and mailmap.proper(wanted) != mailmap.proper(found):
        text = f"the signature is by {signed.principal}, not by {statement.approver}"
        raise SignatureError(text, hint="workflow keys shows whose keys count")
    return signed


def own_key(git: GitStore) -> SigningKey | None:
    """What one signs with here: git's SSH key, else the only one of an agent that runs.

    `None` where there is neither.  Raises `GitError` when git cannot read its settings.
    """
    agent = AGENT if "SSH_AUTH_SOCK" in os.environ else None
    return signing_key(git) or agent


def signing_key(git: GitStore) -> SigningKey | None:
    """The SSH key that git signs with (`gpg.format` ssh, `user.signingKey`); `None` without one.

    Raises `GitError` when git cannot read its settings.
    """
    if setting(git, "gpg.format") != "ssh":
        return None
    key = setting(git, "user.signingKey")
    if not key or key.startswith(_LITERAL):
        return key or None
    return git.top / setting(git, "user.signingKey", "--type=path")
