"""Rules on what each role may do: a surgeon edits what it was given, an architect creates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.policy.rule import Rule, Said, Sample
from workflow.types import ChangeKind, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.policy.look import Look


def _surgeon_edits(look: Look) -> Iterator[Said]:
    if look.role is Role.SURGEON:
        for file in look.files:
            is_made = look.creates and file.change.kind is ChangeKind.ADDED
            if file.change.kind is not ChangeKind.MODIFIED and not is_made:
                yield file.path, "a surgeon edits existing files, nothing else"


def _outside_request(look: Look) -> Iterator[Said]:
    if look.role is Role.SURGEON and look.given is not None:
        for file in look.files:
            # What is no edit at all, `surgeon-edits` says already.
            if file.change.kind is ChangeKind.MODIFIED and file.path not in look.given:
                yield file.path, "the drafter was not given this file"


def _architect_creates(look: Look) -> Iterator[Said]:
    if look.role is Role.ARCHITECT:
        for file in look.files:
            if file.change.kind is not ChangeKind.ADDED:
                yield file.path, "an architect creates files, nothing else"


SURGEON_EDITS = Rule(
    id="surgeon-edits",
    reason="a surgeon's change creates, deletes or retypes a file",
    about=(
        "The surgeon edits existing files and does nothing else.  A change that needs a new file "
        "belongs to the architect: ask for it as a request of its own."
    ),
    good=Sample({"site.conf": b"one;\n"}, {"site.conf": b"two;\n"}, Role.SURGEON),
    bad=Sample(
        {"site.conf": b"one;\n"}, {"site.conf": b"one;\n", "new.conf": b"two;\n"}, Role.SURGEON
    ),
    check=_surgeon_edits,
    is_fixed=True,
)
OUTSIDE_REQUEST = Rule(
    id="outside-request",
    reason="a surgeon's change touches a file that the drafter was not given",
    about=(
        "A surgeon sees the files that the request names and no others, so what it writes about "
        "another file is a guess.  Name the file in the request if it has to change, too."
    ),
    good=Sample(
        {"a.conf": b"one;\n", "b.conf": b"one;\n"},
        {"a.conf": b"two;\n", "b.conf": b"one;\n"},
        Role.SURGEON,
        given=("a.conf",),
    ),
    bad=Sample(
        {"a.conf": b"one;\n", "b.conf": b"one;\n"},
        {"a.conf": b"two;\n", "b.conf": b"two;\n"},
        Role.SURGEON,
        given=("a.conf",),
    ),
    check=_outside_request,
    is_fixed=True,
)
ARCHITECT_CREATES = Rule(
    id="architect-creates",
    reason="an architect's change touches an existing file",
    about=(
        "The architect creates new files and never edits what works.  To edit an existing file, "
        "propose again for the surgeon."
    ),
    good=Sample({"a.conf": b"one;\n"}, {"a.conf": b"one;\n", "b.conf": b"two;\n"}, Role.ARCHITECT),
    bad=Sample({"a.conf": b"one;\n"}, {"a.conf": b"two;\n"}, Role.ARCHITECT),
    check=_architect_creates,
    is_fixed=True,
)
