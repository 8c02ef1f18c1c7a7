"""Who people are, whether two of them are one, and how they prove it.

`signatures`, `tokens` and `proxy` are faces of their own.
"""

from workflow.identity.interface import (
    UNKNOWN_ACCOUNT,
    Decision,
    Grant,
    NoSshKeygenError,
    ProxyError,
    Scope,
    SignatureError,
    Signed,
    Signer,
    Signers,
    SignersError,
    SigningError,
    SigningKey,
    SingleUser,
    Statement,
    Token,
    TokenError,
)
from workflow.identity.local import account, known_account, known_identity, local, single_user
from workflow.identity.mailmap import NO_MAILMAP, Mailmap, mailmap
from workflow.identity.same import are_same, fold, is_named

__all__ = [
    "NO_MAILMAP",
    "UNKNOWN_ACCOUNT",
    "Decision",
    "Grant",
    "Mailmap",
    "NoSshKeygenError",
    "ProxyError",
    "Scope",
    "SignatureError",
    "Signed",
    "Signer",
    "Signers",
    "SignersError",
    "SigningError",
    "SigningKey",
    "SingleUser",
    "Statement",
    "Token",
    "TokenError",
    "account",
    "are_same",
    "fold",
    "is_named",
    "known_account",
    "known_identity",
    "local",
    "mailmap",
    "single_user",
]
