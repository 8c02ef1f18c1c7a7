"""The order of it: facts that decide alone, then the head if it is sure, then a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.routing import features, words
from workflow.routing.embedding import NoEmbedderError
from workflow.routing.head import head, weigh
from workflow.types import Route, Way

if TYPE_CHECKING:
    from workflow.routing.facts import Facts

_SHOWN = 4
_CERTAIN = 100


def decide(text: str, facts: Facts) -> Route:
    """Who drafts a request: `Way.ASK` with the reasons where that is in doubt.

    The confidence is in percent: 100 for what a fact decides, at most 99 for an opinion.
    """
    looked_at = _looked_at(facts)
    if decided := by_fact(text, facts):
        way, reason = decided
        return Route(way, (reason,), _CERTAIN, looked_at)
    readable = features.readable(text, facts)
    if not any(character.isalpha() for character in readable):
        return Route(Way.ASK, ("the request has no words that the router reads",), 0, looked_at)
    try:
        opinion = weigh(readable, facts)
    except NoEmbedderError as error:
        said = f"no classifier: {error}"
        return Route(
            Way.ASK, ("no fact decides, and the classifier does not run",), 0, (*looked_at, said)
        )
    percent = min(_CERTAIN - 1, round(100 * opinion.confidence))
    looked_at = (*looked_at, f"a local classifier: {opinion.way}, {percent} %")
    if opinion.way is Way.ASK:
        reasons = ("it does not say what should change",)
        return Route(Way.ASK, reasons, percent, looked_at)
    if opinion.confidence < head().threshold:
        needed = round(100 * head().threshold)
        reasons = (f"it could be the {opinion.way}'s: {percent} % sure, and {needed} % are needed",)
        return Route(Way.ASK, reasons, percent, looked_at)
    return Route(
        opinion.way, _reasons(opinion.way, facts, words.shown(readable)), percent, looked_at
    )


def by_fact(text: str, facts: Facts) -> tuple[Way, str] | None:
    """The way that facts alone decide, and the reason; `None` where they do not.

    Files that exist decide only for words that edit and do not speak of a file, a new one or a
    source; files that do not exist only against an answer, where nothing is to be created.
    """
    if facts.is_bare:
        return Way.ARCHITECT, "the repository has no file that could be edited"
    seen = words.shown(features.neutral(text))
    if seen & _A_FILE:
        return None
    edits = "edits" in seen and not seen & _OPEN
    if facts.missing and not facts.existing and edits:
        return Way.ASK, f"it is about {_list(facts.missing)}, which is not in the base"
    if facts.existing and not facts.missing and not facts.absent:
        # Files that were given beside words about a part of a file are where that part belongs.
        is_part = facts.beside == facts.existing and seen & _PART
        if edits or is_part:
            return Way.SURGEON, f"the request is about files that exist: {_list(facts.existing)}"
    return None


_A_FILE = frozenset(
    {"creates a file", "a new file", "in a file of its own", "a blank page", "a whole", "asks"}
)
_PART = frozenset({"creates a part", "a new part"})
_OPEN = frozenset({"creates", "hooks in", "and then edits"})


def _reasons(way: Way, facts: Facts, seen: frozenset[str]) -> tuple[str, ...]:
    """Why, in the words of facts and signs; the classifier's own reasons cannot be told."""
    reasons = []
    if facts.existing:
        reasons.append(f"it names files that exist: {_list(facts.existing)}")
    if facts.missing:
        reasons.append(f"it names files that do not exist: {_list(facts.missing)}")
    if facts.found and way is not Way.ARCHITECT:
        reasons.append(f"what it names stands in them: {_list(facts.found)}")
    if facts.absent and way is not Way.SURGEON:
        reasons.append(f"the base has none of this kind: {_list(facts.absent)}")
    told = [name for name in words.SIGNS if name in seen & _TOLD[way]]
    if told:
        reasons.append(f"its words show: {', '.join(told)}")
    return tuple(reasons) or (f"it reads like the {way}'s",)


_TOLD = {
    Way.ARCHITECT: frozenset(
        {"creates a file", "a new file", "in a file of its own", "a blank page"}
    ),
    Way.SURGEON: frozenset({"edits", "a part", "a new part", "creates a part", "create nothing"}),
    Way.MIXED: frozenset(
        {"creates a file", "a new file", "in a file of its own", "hooks in", "and then edits"}
    ),
    Way.ASK: frozenset[str](),
}


def _looked_at(facts: Facts) -> tuple[str, ...]:
    """What was weighed, for a person who wonders."""
    if facts.files is None:
        return ("the words alone: there is no repository here",)
    looked = [f"the names of the base's files ({facts.files})"]
    if facts.searched:
        looked.append(f"whether names of the request stand in {_list(facts.searched)}")
    return tuple(looked)


def _list(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
