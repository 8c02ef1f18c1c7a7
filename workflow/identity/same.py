"""Whether two people are one person: by their addresses, however spelled, or by their accounts.

Two rules pull in two directions.  That somebody may *not* approve is decided loosely (`are_same`):
whatever could be one person's is.  That somebody *may* is decided strictly (`is_named`): an address
that merely looks like an approver's grants nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.identity.interface import TOKEN_ACCOUNT, UNKNOWN_ACCOUNT
from workflow.identity.mailmap import NO_MAILMAP
from workflow.identity.spelling import fold_address, spelled
from workflow.types import Identity, Proof

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from workflow.identity.mailmap import Mailmap
    from workflow.types import Person


def fold(email: str, mailmap: Mailmap = NO_MAILMAP) -> str:
    """The folded form of the address that git would show for an address.

    For telling people apart in words and counts; `are_same` decides.
    """
    return fold_address(mailmap.proper(Identity("", email)))


def are_same(
    one: Person,
    other: Person,
    mailmap: Mailmap = NO_MAILMAP,
    known: AbstractSet[str] = frozenset(),
) -> bool:
    """Whether two people have to count as one.

    They do if any spelling of their addresses is the same, or a mailmap's lines connect them, or
    they acted from the same account.  An account that cannot be known is everybody's.

    `known` are folded addresses that the base's allowed signers name.  Only with it a signature
    outweighs the account, and only where the one who did not sign has a known address of their own:
    then two people with keys of their own share an account.  An agent's address is not known, so
    its human cannot sign for what it asked for.
    """
    addresses = _addresses(one, mailmap), _addresses(other, mailmap)
    if not addresses[0].isdisjoint(addresses[1]):
        return True
    signed = Proof.SIGNATURE in {one.proof, other.proof}
    if signed and all(not every.isdisjoint(known) for every in addresses):
        return False
    return _share_account(one.account, other.account)


def is_named(person: Person, email: str, mailmap: Mailmap = NO_MAILMAP) -> bool:
    """Whether somebody is who an address in a policy or a CODEOWNERS file names.

    The case of ASCII letters does not count, and a mailmap's lines for exactly this address do;
    nothing else is folded.
    """
    wanted = mailmap.proper(Identity("", email))
    return bool(wanted) and mailmap.proper(person.identity) == wanted


def _addresses(person: Person, mailmap: Mailmap) -> frozenset[str]:
    return mailmap.alike(spelled(person.identity.email))


def _share_account(one: str, other: str) -> bool:
    """Whether two accounts are one, or were one when a token was made there for somebody else.

    Whoever may make tokens makes them for many, so that two tokens of one account say nothing.
    """
    if not one or not other:
        return False
    if one.startswith(TOKEN_ACCOUNT) and other.startswith(TOKEN_ACCOUNT):
        return False
    bare = {name.removeprefix(TOKEN_ACCOUNT) for name in (one, other)}
    return len(bare) == 1 or UNKNOWN_ACCOUNT in bare
