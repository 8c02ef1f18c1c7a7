"""The facts that a ledger may hold: a closed set of names, and what each of them has to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Event:
    """A kind of fact: what it means, and the keys that the body of its row must have."""

    name: str
    meaning: str
    keys: tuple[str, ...]


_LANDING = ("landing", "kind", "proposal", "branch", "before", "after", "who")
_INSTALL = ("install", "target", "landing", "commit", "who")
_TOKEN = ("token", "name", "person")

EVENTS = (
    Event("request", "somebody asked for a change", ("proposal", "text", "requester", "base")),
    Event("route", "who drafts was chosen", ("proposal", "way", "reasons")),
    Event("sent", "a request left for a model", ("at", "destination", "model", "body", "size")),
    Event("answer", "a paid answer came", ("provider", "model", "recipe", "role", "answer")),
    Event("unusable", "a paid answer was of no use", ("answer", "reason")),
    Event(
        "round",
        "a drafter answered, and what became of it: its recipe, model, draft and receipt",
        ("role", "recipe", "provider", "model", "draft", "receipt", "objection"),
    ),
    Event("finding", "a policy rule objects", ("proposal", "rule", "path", "reason")),
    Event("declaration", "an objection was said to be intended", ("proposal", "rule", "path")),
    Event("verdict", "a gate judged", ("proposal", "gate", "outcome", "evidence")),
    Event(
        "policy-change", "the policy of the base is another now", ("proposal", "before", "after")
    ),
    Event("proposal", "a proposal was stored", ("proposal", "digest", "state", "policy")),
    Event("approval", "a person's yes to one digest", ("proposal", "digest", "approver")),
    Event(
        "approval-carried",
        "a yes went along to a newer base",
        ("proposal", "digest", "approver", "carried_from"),
    ),
    Event(
        "rebase",
        "a proposal was put on a newer base, or judged again",
        ("proposal", "digest", "before", "rebased_from", "base", "carried", "reasons"),
    ),
    Event(
        "rebase-conflict", "a patch does not fit a newer base", ("proposal", "digest", "base", "at")
    ),
    Event("rejection", "a person's no", ("proposal", "digest", "who", "reason")),
    Event("refusal", "a step was refused to somebody", ("proposal", "what", "who", "reason")),
    Event(
        "break-glass", "somebody landed without approval", ("proposal", "digest", "who", "reason")
    ),
    Event("handed-out", "an approved change was given out", ("proposal", "digest", "mail", "who")),
    Event("landing-intended", "a branch is about to move", _LANDING),
    Event("landing-moved", "the branch has moved, and its files with it", _LANDING),
    Event("landing-kept", "branch, index and files hold what was landed", _LANDING),
    Event("landing-undone", "a landing was taken back", _LANDING),
    Event("landing-abandoned", "a landing moved nothing", _LANDING),
    Event("install-intended", "live files are about to be replaced", _INSTALL),
    Event("install-installed", "live files are the new ones, checked and reloaded", _INSTALL),
    Event("install-kept", "live files hold what was installed", _INSTALL),
    Event("install-restoring", "live files are being put back", _INSTALL),
    Event("install-restored", "live files are what they were before", _INSTALL),
    Event("install-stuck", "live files could not be put back or reloaded", _INSTALL),
    Event("probe", "a probe looked at what had landed", ("landing", "probe", "outcome", "summary")),
    Event("rollback", "why a landing was taken back", ("landing", "proposal", "reason", "who")),
    Event("token-made", "a token was made for somebody", _TOKEN),
    Event("token-revoked", "a token counts no more", _TOKEN),
    Event(
        "trust", "settings may act on this machine, or no longer", ("section", "who", "is_revoked")
    ),
    Event("anchor", "git was told the row that the ledger had come to", ("row", "hash", "commit")),
    Event(
        "replay", "the gates of a proposal were run again", ("proposal", "result", "gates", "who")
    ),
)
"""Every kind of fact, in the order in which a change meets them."""

_BY_NAME = {event.name: event for event in EVENTS}


def require(event: str, body: Mapping[str, object]) -> None:
    """Refuse a fact that is not in the closed set, or does not say what it must.

    Raises `StoreError`: the row is not written, and neither is what would go with it.
    """
    known = _BY_NAME.get(event)
    if known is None:
        message = f"the ledger has no event {event!r}"
        raise StoreError(message, hint="use the `workflow` that writes it; or report this")
    if missing := [key for key in known.keys if key not in body]:
        message = f"the ledger's event {event!r} lacks {', '.join(missing)}"
        raise StoreError(message, hint="report this: it is a fault of `workflow` itself")


def table() -> str:
    """The closed set as a Markdown table, for `docs/ledger.md`."""
    rows = ["| event | what it says | its keys |", "| --- | --- | --- |"]
    for event in EVENTS:
        keys = ", ".join(f"`{key}`" for key in event.keys)
        rows.append(f"| `{event.name}` | {event.meaning} | {keys} |")
    return "\n".join(rows) + "\n"
