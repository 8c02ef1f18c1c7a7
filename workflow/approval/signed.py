"""Signed decisions: what a signature is of, and whether it holds by the base's keys."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workflow.approval.interface import NotAllowedError
from workflow.canonical import sha256
from workflow.identity import Decision, Statement, signatures

if TYPE_CHECKING:
    from workflow.git_store import GitStore
    from workflow.identity import Mailmap, Signed, Signers
    from workflow.store import Store, Stored
    from workflow.types import Digest
    from workflow.votes import Approval


def statement(stored: Stored, approver: str, decision: Decision = Decision.APPROVE) -> Statement:
    """What somebody signs: one decision on exactly this proposal; `approver` is an address.

    It is to be given while the proposal can be approved.
    """
    proposal = stored.proposal
    until = datetime.fromisoformat(proposal.created) + timedelta(seconds=proposal.consent.expires_s)
    return Statement(
        repository=proposal.repository,
        digest=stored.digest,
        base=proposal.base.commit,
        tree=proposal.tree,
        decision=decision,
        approver=approver,
        expires=f"{until:%Y-%m-%dT%H:%M:%SZ}",
    )


@dataclass(slots=True)
class Signatures:
    """The signatures of one proposal's approvals, verified by the signers of its base."""

    git: GitStore
    store: Store
    stored: Stored
    mailmap: Mailmap
    _signers: Signers | None = field(default=None, init=False)
    _handed_in: dict[Digest, str] = field(default_factory=dict, init=False)

    def signers(self) -> Signers:
        """The allowed signers that the base holds, read once.

        Raises `NotAllowedError` where its policy names no file of them, and `SignersError` where
        that is not there.
        """
        if self._signers is None:
            proposal = self.stored.proposal
            path = proposal.consent.signers
            if path is None:
                message = "the policy names no file of allowed signers"
                hint = "name one, approval.signers, and commit both; or do without a signature"
                raise NotAllowedError(message, hint=hint)
            found = signatures.signers(self.git, proposal.base.tree, path)
            self._signers = replace(found, commit=proposal.base.commit.short)
        return self._signers

    def known(self) -> frozenset[str]:
        """The folded addresses that the base's signers name; none where there is no such file."""
        if self.stored.proposal.consent.signers is None:
            return frozenset()
        return signatures.principals(self.signers())

    def verified(self, yes: Approval) -> Signed:
        """Who signed a yes, by the keys that were good when it was given.

        Raises `SignatureError` and `SignersError`, and `StoreError` when the signature is gone.
        """
        armored = self._armored(yes.signature) if yes.signature else ""
        said = statement(self._signed_for(yes), yes.person.identity.email)
        return self.check(said, armored, datetime.fromisoformat(yes.at))

    def handed_in(self, armored: str) -> Digest:
        """Take a signature that is not kept yet; returns the digest that it is going to have."""
        name = sha256(armored.encode())
        self._handed_in[name] = armored
        return name

    def check(self, said: Statement, armored: str, at: datetime) -> Signed:
        """Who signed a statement, which was handed in at a moment.  Raises as `verified`."""
        return signatures.verify(said, armored, self.signers(), at, self.mailmap)

    def _armored(self, name: Digest) -> str:
        return self._handed_in.get(name) or self.store.kept(name).decode("utf-8", "replace")

    def _signed_for(self, yes: Approval) -> Stored:
        """The proposal that a yes was given to: another one where it was carried over."""
        number = self.store.number_of(yes.carried_from) if yes.carried_from else None
        return self.stored if number is None else self.store.get(number)
