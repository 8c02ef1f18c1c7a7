"""The rule that finds who has to approve a file, and objects where nobody could."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.patterns import first_match
from workflow.policy import codeowners
from workflow.policy.fold import fold_path, shown
from workflow.policy.paths import protected
from workflow.policy.rule import Rule, Said, Sample
from workflow.types import Requirement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from workflow.policy.codeowners import Codeowners, Entry
    from workflow.policy.interface import Approvals, Policy
    from workflow.policy.look import Look
    from workflow.types import RepoPath

_MAX_FAULTS = 5
_OFF = "or set codeowners: off in the policy's approval"


def required(
    policy: Policy, paths: Sequence[RepoPath], committed: Callable[[RepoPath], bytes | None]
) -> tuple[Requirement, ...]:
    """Who has to approve changes of these paths, by all that a policy says.

    `committed` gives the bytes of a file of the base, `None` where there is none.
    """
    said = (*protected(policy, paths), *_said(policy.approvals, paths, committed))
    return tuple(dict.fromkeys(one for one in said if isinstance(one, Requirement)))


def unknown_owners(
    approvals: Approvals, committed: Callable[[RepoPath], bytes | None]
) -> tuple[str, ...]:
    """The `@names` of the CODEOWNERS file that a policy gives nobody for, each once.

    `committed` gives the bytes of a file of the base, `None` where there is none.
    """
    found = codeowners.find(committed) if approvals.codeowners else None
    if found is None:
        return ()
    known = dict(approvals.owners)
    every = (entry for entries in found.sections.values() for entry in entries if entry.needed)
    names: dict[str, str] = {}
    for owner in (owner for entry in every for owner in entry.owners):
        if not _people_of(owner, known):
            names.setdefault(owner.casefold(), shown(owner))
    return tuple(names.values())


def _who_approves(look: Look) -> Iterator[Said]:
    paths = [file.path for file in look.files]
    yield from _said(look.policy.approvals, paths, look.committed)


def _said(
    approvals: Approvals,
    paths: Sequence[RepoPath],
    committed: Callable[[RepoPath], bytes | None],
) -> Iterator[Said]:
    for path in paths:
        names = {str(path), fold_path(path)}
        for one in approvals.paths:
            pattern = first_match(one.paths, names)
            if pattern is not None:
                because = f"approval.paths {shown(pattern)}"
                yield Requirement(path, one.approvers, one.needed, because)
    found = codeowners.find(committed) if approvals.codeowners else None
    if found:
        yield from _owners(found, paths, dict(approvals.owners))


def _owners(
    found: Codeowners, paths: Sequence[RepoPath], known: Mapping[str, tuple[str, ...]]
) -> Iterator[Said]:
    # Matching may find one fault more.
    owned = [(path, entry) for path in paths for entry in found.of(path)]
    for fault in found.faults[:_MAX_FAULTS]:
        yield found.source, f"{fault}; correct and commit it, {_OFF}"
    for path, entry in owned:
        because = f"{found.source} line {entry.line}"
        people = _people(entry, known)
        if len(people) >= entry.needed:
            yield Requirement(path, people, entry.needed, because)
            continue
        nameless = [owner for owner in entry.owners if not _people_of(owner, known)]
        if nameless:
            mend = f"say under approval.teams of the policy who {shown(nameless[0])} is"
        else:
            mend = f"it wants {entry.needed} people and names {len(people)}"
        yield path, f"{because} names nobody who could approve it: {mend}, {_OFF}"


def _people(entry: Entry, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The addresses behind an entry's owners, each once."""
    every = [who for owner in entry.owners for who in _people_of(owner, known)]
    return tuple({who.casefold(): who for who in every}.values())


def _people_of(owner: str, known: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return known.get(owner.casefold(), ()) if owner.startswith("@") else (owner,)


APPROVER_UNKNOWN = Rule(
    id="approver-unknown",
    reason="a file that only owners may approve, none of whom is known here",
    about=(
        "`approval.paths` of the policy and the CODEOWNERS file of the base name who has to "
        "approve which files.  A CODEOWNERS file says `@name` or `@name/team`, and "
        "`approval.teams` of the policy says who that is.  Where an owner is known, a change there "
        "needs their approval and this rule does not object.  Where none is, nobody could approve "
        "the change, so it is refused; so it is where a line of the file is not understood."
    ),
    good=Sample(
        {"CODEOWNERS": b"*.conf ops@example.org\n", "site.conf": b"one;\n"},
        {"CODEOWNERS": b"*.conf ops@example.org\n", "site.conf": b"two;\n"},
    ),
    bad=Sample(
        {"CODEOWNERS": b"*.conf @example/ops\n", "site.conf": b"one;\n"},
        {"CODEOWNERS": b"*.conf @example/ops\n", "site.conf": b"two;\n"},
    ),
    check=_who_approves,
    is_fixed=True,
)
