"""The rule on words that read as other words: letters of one script in the clothes of another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.policy.fold import shown, spelled
from workflow.policy.lookalikes import (
    SIGNS,
    is_all_alike,
    is_mixed,
    may_be_alike,
    own_scripts,
    reads_as,
    script_of,
)
from workflow.policy.rule import Rule, Said, Sample
from workflow.types import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.policy.look import Look, Sight

_WORD = re.compile(r"[^\W\d]\w*")
# Before a word, these make it a name in code, whatever stands beside it.
_SIGILS = frozenset("$@%&.:/\\=")
_MAX_CHARACTERS = 1_000_000


def _homoglyph(look: Look) -> Iterator[Said]:
    for file in look.files:
        if file.change.kind is ChangeKind.ADDED and not file.path.isascii():
            for word in _disguised(list(file.path.parts), frozenset()):
                yield file.path, f"in its name, {_described(word)}"
        if file.is_text and not file.new.isascii():
            yield from ((file.path, said) for said in _in_text(file))


def _in_text(file: Sight) -> Iterator[str]:
    lines = [line.decode("utf-8", "replace") for line in file.added if not line.isascii()]
    for sign in (sign for sign in SIGNS if any(sign in line for line in lines)):
        yield f"{spelled(sign)} reads as {SIGNS[sign]}"
    if any(map(may_be_alike, lines)):
        if sum(map(len, lines)) > _MAX_CHARACTERS:
            yield f"over {_MAX_CHARACTERS:,} characters in lines beyond ASCII cannot be checked"
            return
        for word in _disguised(lines, _words(file)):
            yield _described(word)


def _words(file: Sight) -> frozenset[str]:
    """The words of the old content, which are not brought in."""
    if file.old.isascii():
        return frozenset()
    return frozenset(_WORD.findall(file.old.decode("utf-8", "replace")))


def _disguised(lines: list[str], known: frozenset[str]) -> Iterator[str]:
    """The words that read as other words, each once: mixed ones first."""
    words = {word: None for line in lines for word in _WORD.findall(line) if not word.isascii()}
    pure = set()
    for word in words:
        if word not in known and may_be_alike(word):
            if is_mixed(word):
                yield word
            elif is_all_alike(word):
                pure.add(word)
    if pure:
        for word in dict.fromkeys(word for line in lines for word in _out_of_place(line, pure)):
            yield word


def _out_of_place(line: str, pure: set[str]) -> Iterator[str]:
    """Which words that read as ASCII ones do not stand in prose of their own script.

    In prose, one of the words that only blanks part them from has a letter that ASCII lacks.
    """
    run: list[str] = []
    end = 0
    for found in _WORD.finditer(line):
        word, start = found[0], found.start()
        if word.isascii() or not _goes_on(run, line[end:start]):
            yield from _names(run, pure)
            run = []
        end = found.end()
        if start and line[start - 1] in _SIGILS:
            yield from _names([word], pure)
        elif not word.isascii():
            run.append(word)
    yield from _names(run, pure)


def _goes_on(run: list[str], gap: str) -> bool:
    """Whether prose goes on after a gap; a single letter may be an abbreviation or an item."""
    if gap in {". ", ") "}:
        return bool(run) and len(run[-1]) == 1
    return gap in {" ", "-"}


def _names(run: list[str], pure: set[str]) -> Iterator[str]:
    """The words of a run that are not prose: none in it has a letter of its script alone."""
    if not pure.isdisjoint(run):
        scripts = {script for word in run for script in own_scripts(word)}
        yield from (word for word in run if word in pure and script_of(word) not in scripts)


def _described(word: str) -> str:
    return f"{spelled(word)} reads as {shown(reads_as(word))}"


HOMOGLYPH = Rule(
    id="homoglyph",
    reason="a word reads as another word: letters that look like ASCII letters come in",
    about=(
        "Words that mix ASCII letters with letters of other scripts that look like them, or that "
        "consist of such letters only, or of wide, bold or script forms, in added lines and in "
        "names of new files.  Prose in Cyrillic, Greek or Armenian is free: its words stand beside "
        "words with letters of their own.  Single Greek letters are symbols, and free, too.  Some "
        "signs count as words do, such as the Greek question mark, which shows as a semicolon."
    ),
    good=Sample({"a.py": b"x = 1\n"}, {"a.py": "# \u0434\u0430 \u0430\nx = 2\n".encode()}),
    bad=Sample({"a.py": b"x = 1\n"}, {"a.py": "p\u0430ypal = 2\n".encode()}),
    check=_homoglyph,
)
