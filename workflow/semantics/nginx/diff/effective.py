"""The semantic diff: two effective configurations in, each real change once out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from workflow.semantics.nginx.change import Change, Effect
from workflow.semantics.nginx.diff.compare import Kind, differences
from workflow.semantics.nginx.diff.consequences import Consequences
from workflow.semantics.nginx.diff.folding import folded, with_the_name
from workflow.semantics.nginx.diff.forms import Forms
from workflow.semantics.nginx.diff.scopes import cut
from workflow.semantics.nginx.diff.telling import Teller

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.semantics.nginx.diff.compare import Difference
    from workflow.semantics.nginx.expanded import Config, Item

_MOST_FOLLOWED = 200
"""For how many changes is looked up what follows from them."""
_CLAIMS = {"listen", "server_name"}


def difference(base: Config, patched: Config) -> tuple[Change, ...]:
    """Each real change once, in the order of the patched text; empty when there is none.

    Includes count as what they read, and spellings of one value as one.  What could not be read,
    and differs or was read before, is a change that says so.  Never raises.
    """
    forms = Forms()
    unread = tuple(_unread(base, patched))
    found = [
        one for one in differences(forms, base, patched) if not _is_unknown(one, base, patched)
    ]
    if not found:
        return unread
    teller = Teller(base, patched)
    following = Consequences(forms, patched, teller.new)
    parts = folded(found, patched)
    told, by_cause = _with_causes(tuple(parts))
    changes = []
    for at, one in enumerate(told):
        said = [teller.taken_over(other) for other in by_cause.get(one, ())]
        if at < _MOST_FOLLOWED:
            said += with_the_name(one, parts.get(one, ()), teller.new)
            said += following.of(one)
        changes.append(teller.change(one, tuple(dict.fromkeys(said))))
    return (*changes, *unread)


def _with_causes(
    found: Sequence[Difference],
) -> tuple[list[Difference], dict[Difference, list[Difference]]]:
    """Give each server that takes over requests to the difference that makes it do so.

    Those without such a cause come from the order of the servers alone, and are one difference for
    each `http`.
    """
    causes: dict[Item, Difference] = {}
    for one in found:
        item = one.after or one.before
        if item is None or one.kind is Kind.DEFAULT:
            continue
        if item.is_block and item.name == "server":
            causes |= {each: one for each in (one.before, one.after) if each}
        elif one.kind is Kind.INCLUDE or not _CLAIMS.isdisjoint(
            each.name for each in (one.before, one.after) if each
        ):
            causes |= {one.old_block: one, one.new_block: one}
    told: list[Difference] = []
    by_cause: dict[Difference, list[Difference]] = {}
    alone: dict[Item, Difference] = {}
    for one in found:
        servers = [each for each in (one.before, one.after) if each]
        cause = next((causes[each] for each in servers if each in causes), None)
        if one.kind is not Kind.DEFAULT:
            told.append(one)
        elif cause is not None:
            by_cause.setdefault(cause, []).append(one)
        elif one.new_block in alone:
            alone[one.new_block].places += (one,)
        else:
            alone[one.new_block] = one
            told.append(one)
    return told, by_cause


def _is_unknown(one: Difference, base: Config, patched: Config) -> bool:
    """Whether a directive seems gone, or new, only because its file could not be read."""
    if one.kind is not Kind.DIRECTIVE or one.effect not in {Effect.ADDED, Effect.REMOVED}:
        return False
    item, other = (one.after, base) if one.effect is Effect.ADDED else (one.before, patched)
    return item is not None and any(each.place.path == item.place.path for each in other.unread)


def _unread(base: Config, patched: Config) -> Iterator[Change]:
    """What can be said of files that could not be read in either configuration."""
    before = Counter((one.place.path, one.reason, one.digest) for one in base.unread)
    for one in patched.unread:
        key = (one.place.path, one.reason, one.digest)
        if before[key]:
            before[key] -= 1
            continue
        yield Change(
            Effect.CHANGED,
            "main",
            cut(one.place.path),
            cut(
                f"`{one.place.path}` cannot be read (line {one.place.line}: {one.reason}): "
                "what it says is not compared"
            ),
            patched=one.place,
        )
    known = {one.place.path for one in patched.unread}
    for one in base.unread:
        key = (one.place.path, one.reason, one.digest)
        if before[key] and one.place.path not in known:
            before[key] -= 1
            yield Change(
                Effect.CHANGED,
                "main",
                cut(one.place.path),
                cut(
                    f"`{one.place.path}` could not be read before "
                    f"(line {one.place.line}: {one.reason}): what it says is not compared"
                ),
                base=one.place,
            )
