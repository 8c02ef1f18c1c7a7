"""The order of it: facts that decide alone, then the head if it is sure, then a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

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
    looked_at = (*looked_at, "the words, by a local classifier")
    seen = words.shown(readable)
    if opinion.way is Way.ASK or opinion.confidence < head().threshold:
        return Route(Way.ASK, (_doubt(opinion.way, seen),), percent, looked_at)
    return Route(opinion.way, _reasons(opinion.way, facts, seen), percent, looked_at)


def by_fact(text: str, facts: Facts) -> tuple[Way, str] | None:
    """The way that facts alone decide, and the reason; `None` where they do not.

    Files that exist decide only for words that edit and do not speak of a file, a new one or a
    source, and for a whole new thing of which a part goes into such a file.  Files that do not
    exist decide only against an answer: where nothing is to be created, or from them.
    """
    seen = words.shown(features.neutral(text))
    return _by_absence(facts, seen) or _by_presence(text, facts, seen)


def _by_absence(facts: Facts, seen: frozenset[str]) -> tuple[Way, str] | None:
    """What is decided by files that are not there."""
    if "asks" in seen:
        return None
    if facts.no_input:
        return Way.ASK, f"it is to be made from {_list(facts.no_input)}, {_not_there(facts)}"
    has_nothing = facts.bare is not None and not (facts.existing or facts.kinds)
    edits = _edits(seen) and (has_nothing or not seen & _A_FILE)
    if facts.missing and not facts.existing and edits:
        return Way.ASK, f"it is about {_list(facts.missing)}, {_not_there(facts)}"
    if has_nothing:
        rest = f"but {_list(facts.bare)}" if facts.bare else "yet"
        return Way.ARCHITECT, f"the repository has no file {rest}: there is nothing to edit"
    return None


def _by_presence(text: str, facts: Facts, seen: frozenset[str]) -> tuple[Way, str] | None:
    """What is decided by files that are there."""
    if "asks" in seen or not facts.existing:
        return None
    if words.is_twofold(features.readable(text, facts)):
        return Way.MIXED, "it asks for something new, and for a change of a file that exists"
    if seen & _A_FILE or facts.missing or facts.absent:
        return None
    # Files that were given beside words about a part of a file are where that part belongs.
    if _edits(seen) or (facts.beside == facts.existing and seen & _PART):
        return Way.SURGEON, f"the request is about files that exist: {_list(facts.existing)}"
    return None


def _edits(seen: frozenset[str]) -> bool:
    return "edits" in seen and not seen & _OPEN


_A_FILE = frozenset(
    {"creates a file", "a new file", "in a file of its own", "a blank page", "a whole"}
)
_PART = frozenset({"creates a part", "a new part"})
_OPEN = frozenset({"creates", "hooks in", "and then edits"})


def _doubt(nearest: Way, seen: frozenset[str]) -> str:
    """Why a person has to say it."""
    if "asks" in seen:
        return "it wants to know something, and asks for no change"
    match nearest:
        case Way.ARCHITECT:
            return "it reads most like a wish for a new file, but not clearly enough"
        case Way.SURGEON:
            return "it reads most like an edit of what exists, but not clearly enough"
        case Way.MIXED:
            return "it reads most like a wish for a new file and an edit, but not clearly enough"
        case Way.ASK:
            return "it leaves open what is to change, or where"
        case _:
            assert_never(nearest)


def _reasons(way: Way, facts: Facts, seen: frozenset[str]) -> tuple[str, ...]:
    """Why, in the words of facts and signs; the classifier's own reasons cannot be told."""
    reasons = []
    if facts.existing:
        reasons.append(f"it names files that exist: {_list(facts.existing)}")
    if facts.missing:
        reasons.append(f"it names files that do not exist: {_list(facts.missing)}")
    if facts.new_hosts and way is not Way.SURGEON:
        reasons.append(f"no site for {_list(facts.new_hosts)} was found")
    if facts.found and way is Way.SURGEON:
        reasons.append(f"the files that were searched have {_list(facts.found)}")
    if facts.absent and way is not Way.SURGEON:
        reasons.append(f"the base has none of this kind: {_list(facts.absent)}")
    reasons += [sentence for signs, sentence in _TOLD[way] if seen & signs]
    return tuple(reasons) or (_ALIKE[way],)


_NEW = (
    frozenset({"creates a file", "a new file", "in a file of its own"}),
    "its words ask for a new file",
)
_TOLD: dict[Way, tuple[tuple[frozenset[str], str], ...]] = {
    Way.ARCHITECT: (
        _NEW,
        (frozenset({"a blank page", "a first pass"}), "its words ask for a beginning"),
        (frozenset({"a backend for a client"}), "its words ask for the other end of a client"),
        (frozenset({"changes only the copy"}), "its words ask for a copy, and change only that"),
    ),
    Way.SURGEON: (
        (frozenset({"edits"}), "its words ask for an edit"),
        (frozenset({"a part", "a new part", "creates a part"}), "its words name a part of a file"),
        (frozenset({"create nothing"}), "its words want no new file"),
    ),
    Way.MIXED: (
        _NEW,
        (frozenset({"hooks in", "and then edits"}), "its words ask for an edit that goes with it"),
    ),
    Way.ASK: (),
}
_ALIKE = {
    Way.ARCHITECT: "its words are most like those of requests for new files",
    Way.SURGEON: "its words are most like those of requests for edits",
    Way.MIXED: "its words are most like those of requests for new files with an edit",
}


def _looked_at(facts: Facts) -> tuple[str, ...]:
    """What was weighed, for a person who wonders."""
    if facts.files is None:
        return ("the words alone: there is no repository here",)
    looked = [f"the names of the {facts.files} files in the last commit"]
    if facts.files == 1:
        looked = ["the name of the one file in the last commit"]
    if facts.files == 0:
        looked = ["the repository, which has no files yet"]
    if facts.searched:
        looked.append(f"whether names of the request stand in {_list(facts.searched)}")
    return tuple(looked)


def _not_there(facts: Facts) -> str:
    return "which is not in the last commit" if facts.files else "and there are no files yet"


def _list(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
