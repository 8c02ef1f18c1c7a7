"""Takes a request for new files apart: what the architect makes, and the edits that it leaves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from workflow.errors import NotUnderstoodError
from workflow.providers.offline.refusals import printable
from workflow.text import is_hidden
from workflow.types import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workflow.types import Brief

MAX_REQUEST = 4000
SCRIPTS = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".vue", ".svelte")
Names: TypeAlias = "Mapping[str, tuple[str, ...]]"
FILE = re.compile(r"[\w./+@-]{0,200}[\w+@-]")
_VERBS = """
add adjust allow append block build bump change configure connect create disable draft drop edit
enable expose extend fix forward generate give harden hook implement include increase insert let
limit link loosen lower make modify mount move open patch permit point produce proxy put raise
reduce register remove rename replace restrict route scaffold set switch teach tighten turn update
wire write
"""
_VERB = "|".join(_VERBS.split())
_JOINTS = "and|then|also|plus|but|please|finally|additionally|afterwards|next"
_CUT = re.compile(
    rf"(?:;|[.!?](?=\s)|\n)(?:\s{{0,20}}+,?(?:{_JOINTS})\b){{0,4}}+"
    rf"|(?:[,&]|\s(?=(?:{_JOINTS})\b))(?:\s{{0,20}}+,?\s{{0,20}}+(?:{_JOINTS})\b){{0,4}}+"
    rf"(?=\s{{1,20}}+(?:{_VERB})\b)",
    re.IGNORECASE,
)
_STARTS = re.compile(
    r"(?:please|kindly|also|then|and|(?:can|could|would) you|(?:i|we) (?:want|need) to|let's"
    rf"|[-*•\s]|\d[.)])*+(?P<verb>{_VERB})\b",
    re.IGNORECASE,
)
_INTO = re.compile(
    r"(?<!\blike )(?<!\bas )\b(?:in|into|to|of|on|inside|within|for|from)\s{1,20}(?:the\s{1,20})?"
    r"(?:file\s{1,20})?[\"'`]?\Z",
    re.IGNORECASE,
)
_FOR = re.compile(
    r"\b(?:for|from)\s{1,20}(?:the\s{1,20})?(?:file\s{1,20})?[\"'`]?\Z", re.IGNORECASE
)
_BEFORE = 60


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a request with where it stands; `cut` is where the words that join it begin."""

    text: str
    cut: int
    end: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What is asked of the architect, clause by clause and as one text, and what is left."""

    clauses: tuple[str, ...]
    text: str
    edits: tuple[Wanted, ...]


def left_over(edits: Sequence[Wanted]) -> tuple[str, ...]:
    """What a reviewer should know of edits that an architect leaves."""
    return tuple(
        f"left to the surgeon: in {printable(one.path)}, '{printable(one.request)}'"
        for one in edits
    )


def existing(brief: Brief) -> Names:
    """The files of the base that a brief tells of, by the last part of their names."""
    shown = (file.path for file in (*brief.files, *brief.context))
    found: dict[str, tuple[str, ...]] = {}
    for path in dict.fromkeys((*map(str, shown), *map(str, brief.existing))):
        name = path.rpartition("/")[2]
        found[name] = (*found.get(name, ()), path)
    return found


def named(word: str, names: Names) -> tuple[str, ...]:
    """The existing files that a word names, by their whole path or by its end."""
    word = word.removeprefix("./")
    paths = names.get(word.rpartition("/")[2], ())
    if word in paths:
        return (word,)
    return tuple(path for path in paths if "." in word and path.endswith(f"/{word}"))


def clauses(text: str) -> tuple[Clause, ...]:
    """The clauses of a request: sentences, and what a joining word and a verb begin anew."""
    found: list[Clause] = []
    start = cut = 0
    for match in _CUT.finditer(text):
        if text[start : match.start()].strip():
            found.append(Clause(text[start : match.start()].strip(), cut, match.start()))
            cut = match.start()
        start = match.end()
    if text[start:].strip():
        found.append(Clause(text[start:].strip().rstrip(".!?"), cut, len(text)))
    return tuple(found)


def split(brief: Brief, is_new: Callable[[str], bool], *, may_join: bool) -> Parts:
    """Tell the clauses that ask for edits of existing files from all others.

    `is_new` says whether a clause asks for what the architect makes.  With `may_join`, a clause for
    an edit that names no file belongs to the one file that the other edits name.

    Raises `NotUnderstoodError` for a request that is too long or has hidden characters, and for an
    edit of a file that the surgeon would not be given.
    """
    text = brief.request
    if len(text) > MAX_REQUEST:
        message = f"the offline architect: a request of {len(text)} characters is too long"
        raise NotUnderstoodError(message, hint=f"say it in {MAX_REQUEST}")
    odd = next((char for char in text if is_hidden(char) and char not in "\n\r\t"), None)
    if odd is not None:
        message = f"the offline architect: the request has a hidden character, U+{ord(odd):04X}"
        raise NotUnderstoodError(message, hint="write it without")
    found, names = clauses(text), existing(brief)
    targets = [None if is_new(one.text) else _target(one.text, names, brief) for one in found]
    paths = {path for path in targets if path is not None}
    if may_join and len(paths) == 1:
        only = paths.pop()
        targets = [
            only if target is None and _STARTS.match(one.text) and not is_new(one.text) else target
            for one, target in zip(found, targets, strict=True)
        ]
    kept = [one for one, target in zip(found, targets, strict=True) if target is None]
    rest = "".join(text[one.cut : one.end] for one in kept)
    return Parts(
        tuple(one.text for one in kept),
        re.sub(rf"\A(?:[\s,;.!?&]|(?:{_JOINTS})\b)++", "", rest, flags=re.IGNORECASE),
        _wanted(text, found, targets),
    )


def _wanted(
    text: str, found: Sequence[Clause], targets: Sequence[str | None]
) -> tuple[Wanted, ...]:
    """The edits; neighbours in one file stay together, as they are said."""
    edits: list[tuple[int, str, str]] = []
    for index, (clause, target) in enumerate(zip(found, targets, strict=True)):
        if target is None:
            continue
        if edits and edits[-1][0] == index - 1 and edits[-1][1] == target:
            before = edits.pop()
            edits.append((index, target, f"{before[2]}{text[clause.cut : clause.end]}"))
        else:
            edits.append((index, target, clause.text))
    return tuple(Wanted(path, said.strip()) for _, path, said in edits)


def _target(clause: str, names: Names, brief: Brief) -> str | None:
    """The existing file that a clause asks to edit, if it does."""
    verb = _STARTS.match(clause)
    if verb is None:
        return None
    for match in FILE.finditer(clause):
        found = named(match[0], names)
        before = clause[max(0, match.start() - _BEFORE) : match.start()]
        is_object = not clause[verb.end() : match.start()].strip(" \t\n\"'`") or _INTO.search(
            before
        )
        if not found or not is_object or (found[0].endswith(SCRIPTS) and _FOR.search(before)):
            continue
        _require_given(match[0], found, brief)
        return found[0]
    return None


def _require_given(word: str, found: Sequence[str], brief: Brief) -> None:
    """Raise for a file that the surgeon would not be given."""
    given = {str(file.path) for file in (*brief.files, *brief.context)}
    if len(found) > 1:
        message = f"the offline architect: {printable(word)} stands for {len(found)} files"
        raise NotUnderstoodError(
            message, hint=f"say its whole path: {printable(', '.join(found[:4]))}"
        )
    if found[0] not in given:
        message = (
            f"the offline architect edits no file, and the surgeon is not given {printable(word)}"
        )
        hint = f"name it behind the request, too: workflow propose '...' {printable(found[0])}"
        raise NotUnderstoodError(message, hint=hint)
