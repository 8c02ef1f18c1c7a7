"""The commit message of a landing, in which no word of anybody else can pose as a trailer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.canonical import digest
from workflow.text import is_hidden, one_line
from workflow.types import Proof, SelfApproval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workflow.approval import Cleared
    from workflow.ledger import Head
    from workflow.votes import Approval

_SUBJECT = 72
_LONGEST_VALUE = 500


def message(title: str, trailers: Sequence[tuple[str, str]]) -> str:
    """A commit message: the title's words as one line of printable text, and trailers.

    The first line begins with a letter or a digit, since git reads a commit's end, a comment or an
    e-mail's parts into lines that begin with other characters.  A trailer without a value is left
    out.
    """
    whole = plain_line(title)
    if not whole[:1].isalnum():
        whole = f"Change: {whole}".rstrip()
    is_cut = len(whole) > _SUBJECT
    subject = whole[: _SUBJECT - 1].rstrip() + "…" if is_cut else whole
    # git reads trailers from the last paragraph only, and these words are in one before it; `git
    # am` takes a paragraph that begins with "From:" or "diff -" for something else.
    body = [f"In full: {whole}", ""] if is_cut else []
    values = [(key, _cut(plain_line(value))) for key, value in trailers]
    lines = [subject, "", *body, *(f"{key}: {value}" for key, value in values if value)]
    return "\n".join(lines) + "\n"


def trailers(cleared: Cleared, head: Head) -> list[tuple[str, str]]:
    """What a landing's commit says of the proposal that it brings in, and of whose yes it has."""
    stored = cleared.stored
    proposal = stored.proposal
    alone = proposal.consent.self_approval is SelfApproval.SINGLE_USER
    return [
        ("Workflow-Proposal", str(stored.id)),
        ("Workflow-Request", digest(proposal.request)),
        ("Workflow-Digest", stored.digest),
        ("Workflow-Recipe", _each(one.recipe_name for one in proposal.standing)),
        ("Workflow-Model", _each(proposal.drafters)),
        *(("Approved-by", _approver(one, alone=alone)) for one in cleared.approvals),
        ("Workflow-Glass", cleared.glass.reason if cleared.glass else ""),
        ("Workflow-Ledger", head.trailer),
    ]


def plain_line(text: str) -> str:
    """Text as one line without anything that a reader would not see."""
    return one_line("".join(" " if is_hidden(char) else char for char in text))


def _approver(approval: Approval, *, alone: bool) -> str:
    own = "own, single user" if alone else "own"
    said = [
        *([own] if approval.is_own else []),
        *(["signed"] if approval.proof is Proof.SIGNATURE else []),
        *(["carried"] if approval.carried_from else []),
    ]
    name = _cut(plain_line(approval.approver))
    return f"{name} ({', '.join(said)})" if said else name


def _each(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _cut(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1].rstrip() + "…"
