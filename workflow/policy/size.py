"""Rules on how much: files, hunks, lines and bytes, and lines beyond the needed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.policy.rule import Rule, Said, Sample
from workflow.types import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.policy.look import Look, Sight


def _blast_radius(look: Look) -> Iterator[Said]:
    if not look.files or look.radius is None:
        return
    first, budget = look.files[0].path, look.policy.budgets.of(look.measured)
    lines = look.radius.added + look.radius.removed
    for count, limit, what in (
        (look.radius.files, budget.files, "files change"),
        (look.radius.hunks, budget.hunks, "hunks"),
        (lines, budget.changed_lines, "lines change"),
        (look.radius.things, budget.things, "functions, routes and the like change"),
    ):
        if limit is not None and count > limit:
            who = look.measured.value if look.measured else "patch"
            yield first, f"{count} {what}; the policy allows a {who} {limit}"


def _added_size(look: Look) -> Iterator[Said]:
    sizes = look.policy.sizes
    for file in look.files:
        if len(file.old) < len(file.new) > sizes.file_bytes:
            size = f"{len(file.new):,} bytes"
            yield file.path, f"it would have {size}; the policy allows {sizes.file_bytes:,}"
    total = sum(map(_added, look.files))
    if total > sizes.added_bytes:
        allowed = f"the policy allows {sizes.added_bytes:,}"
        yield look.files[0].path, f"{total:,} bytes come in; {allowed}"


def _added(file: Sight) -> int:
    return sum(map(len, file.added)) + len(file.added)


def _excess(look: Look) -> Iterator[Said]:
    if look.excess is None or not look.excess.parts:
        return
    limit = look.policy.budgets.of(look.measured).excess
    if look.excess.score > limit:
        needed = look.excess.needed
        said = (
            f"{look.excess.changed} lines change and {needed} {'has' if needed == 1 else 'have'} to"
        )
        allowed = "as many" if limit == 1 else f"{limit:g} times as many"
        yield look.excess.parts[0].path, f"{said}; the policy allows {allowed}"


def _lines(count: int) -> bytes:
    return b"".join(b"setting_%d = 1\n" % number for number in range(count))


BLAST_RADIUS = Rule(
    id="blast-radius",
    reason="more files, hunks, lines or functions change than the budget of the role allows",
    about=(
        "A person can review only so much.  `blast_radius` has a budget for the surgeon, for the "
        "architect, and for a `patch` from anywhere; lines are added plus removed ones.  `things`, "
        "if it is given, bounds the functions, routes, dependencies and the like whose meaning "
        "changes.  Ask for less in one request."
    ),
    good=Sample({"a.toml": b""}, {"a.toml": _lines(50)}),
    bad=Sample({"a.toml": b""}, {"a.toml": _lines(2001)}),
    check=_blast_radius,
)
ADDED_SIZE = Rule(
    id="added-size",
    reason="more bytes come in, in total or in one file, than the policy allows",
    about=(
        "`sizes.added_bytes` counts the lines that come in, over all files; `sizes.file_bytes` is "
        "for one file that grows.  What is too large to read is too large to approve."
    ),
    good=Sample({}, {"data.csv": b"1,2,3\n" * 100}),
    bad=Sample({}, {"data.csv": (b"1,2,3," * 110 + b"\n") * 1600}, Role.ARCHITECT),
    check=_added_size,
)
EXCESS = Rule(
    id="excess",
    reason="the patch changes many times the lines that it needs",
    about=(
        "Judged after the gates have told which parts of a patch are spare: they change nothing "
        "that the file means, or without them all evidence still holds.  `blast_radius` has the "
        "allowed ratio of changed to needed lines for each role.  `workflow shrink ID` makes a "
        "proposal without the spare parts."
    ),
    good=Sample({"a.txt": b""}, {"a.txt": _lines(10)}, spare_lines=2),
    bad=Sample({"a.txt": b""}, {"a.txt": _lines(10)}, spare_lines=9),
    check=_excess,
)
