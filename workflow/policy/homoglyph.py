"""The rule on words that read as other words: letters of one script in the clothes of another."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from workflow.policy.fold import shown, spelled
from workflow.policy.lookalikes import (
    has_latin_of_its_own,
    is_all_alike,
    is_mixed,
    is_respelled,
    may_be_alike,
    own_scripts,
    reads_as,
    script_of,
)
from workflow.policy.rule import Rule, Said, Sample
from workflow.policy.signs import deceiving, may_deceive, sign_as
from workflow.types import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.policy.look import Look, Sight

_WORD = re.compile(r"[^\W\d]\w*")
# Before a word, these make it a name in code, whatever stands beside it.
_SIGILS = frozenset("$@%&.:/\\=")
# Between the words of a sentence.
_BETWEEN_WORDS = frozenset({" ", ", ", "-", "'", "\u2019"})
# A line that is a comment and has no word in ASCII, so that nothing in it is code.
_COMMENT = re.compile(r"\s*(?:#|//|--)\s[^A-Za-z]*\Z")
_MAX_CHARACTERS = 1_000_000


def _homoglyph(look: Look) -> Iterator[Said]:
    for file in look.files:
        if file.change.kind is ChangeKind.ADDED and not file.path.isascii():
            for said in _deceptions(list(file.path.parts)):
                yield file.path, f"in its name, {said}"
        if file.is_text and not file.new.isascii():
            yield from ((file.path, said) for said in _in_text(file))


def _in_text(file: Sight) -> Iterator[str]:
    lines = [line.decode("utf-8", "replace") for line in file.added if not line.isascii()]
    if any(may_be_alike(line) or may_deceive(line) for line in lines):
        if sum(map(len, lines)) > _MAX_CHARACTERS:
            yield f"over {_MAX_CHARACTERS:,} characters in lines beyond ASCII cannot be checked"
        else:
            old = "" if file.old.isascii() else file.old.decode("utf-8", "replace")
            yield from _deceptions(lines, old, file.new.decode("utf-8", "replace"))


def _deceptions(lines: list[str], old: str = "", new: str = "") -> Iterator[str]:
    """What in some lines reads as something else, and was not there already.

    Of signs and digits, one more than the old content had counts.
    """
    signs = dict.fromkeys(sign for line in lines for sign in deceiving(line))
    for sign in signs:
        if not old or new.count(sign) > old.count(sign):
            yield f"{spelled(sign)} reads as {sign_as(sign)}"
    for word in _disguised(lines, frozenset(_WORD.findall(old))):
        yield f"{spelled(word)} reads as {shown(reads_as(word))}"


def _disguised(lines: list[str], known: frozenset[str]) -> Iterator[str]:
    """The words that read as other words, each once: mixed ones first."""
    words = {word: None for line in lines for word in _WORD.findall(line) if not word.isascii()}
    pure, latin = set(), set()
    for word in words:
        if word not in known and may_be_alike(word):
            if is_mixed(word):
                yield word
            elif is_all_alike(word):
                pure.add(word)
            elif is_respelled(word):
                latin.add(word)
    if latin:
        yield from dict.fromkeys(word for line in lines for word in _respelled(line, latin))
    if pure:
        scripts = {script for word in {*words, *known} for script in own_scripts(word)}
        yield from dict.fromkeys(
            word
            for line in lines
            for word in _out_of_place(line, pure, scripts if _COMMENT.match(line) else set())
        )


def _respelled(line: str, latin: set[str]) -> Iterator[str]:
    """Which words with Latin letters that look like ASCII do not stand in prose.

    In prose, such as Turkish, a word of the same sentence has a letter that does not look so.
    """
    run: list[str] = []
    is_prose = False
    end = 0
    for found in _WORD.finditer(line):
        word, start = found[0], found.start()
        if line[end:start] not in _BETWEEN_WORDS:
            yield from () if is_prose else run
            run, is_prose = [], False
        end = found.end()
        is_prose = is_prose or has_latin_of_its_own(word)
        if word in latin and not unicodedata.combining(line[end : end + 1] or " "):
            if start and line[start - 1] in _SIGILS:
                yield word
            run.append(word)
    yield from () if is_prose else run


def _out_of_place(line: str, pure: set[str], scripts: set[str]) -> Iterator[str]:
    """Which words that read as ASCII ones do not stand in prose of their own script.

    In prose, one of the words that only blanks part them from has a letter that ASCII lacks.
    `scripts` are those of which the file has prose, if the line is a comment.
    """
    run: list[str] = []
    end = 0
    for found in _WORD.finditer(line):
        word, start = found[0], found.start()
        if word.isascii() or not _goes_on(run, line[end:start]):
            yield from _names(run, pure, scripts)
            run = []
        end = found.end()
        if start and line[start - 1] in _SIGILS:
            yield from _names([word], pure, set())
        elif not word.isascii():
            run.append(word)
    yield from _names(run, pure, scripts)


def _goes_on(run: list[str], gap: str) -> bool:
    """Whether prose goes on after a gap; a single letter may be an abbreviation or an item."""
    if gap in {". ", ") "}:
        return bool(run) and len(run[-1]) == 1
    return gap in {" ", "-"}


def _names(run: list[str], pure: set[str], free: set[str]) -> Iterator[str]:
    """The words of a run that are not prose: none in it has a letter of its script alone."""
    if not pure.isdisjoint(run):
        scripts = {script for word in run for script in own_scripts(word)} | free
        yield from (word for word in run if word in pure and script_of(word) not in scripts)


HOMOGLYPH = Rule(
    id="homoglyph",
    reason="a word reads as another word: characters that look like ASCII ones come in",
    about=(
        "Words that mix ASCII letters with letters of other scripts that look like them, or that "
        "consist of such letters only, or of wide, bold or script forms, in added lines and in "
        "names of new files.  Prose in Cyrillic, Greek or Armenian is free: its words stand beside "
        "words with letters of their own, or alone in a comment of a file that has such words.  "
        "Single Greek letters are symbols, and free, too.  Latin letters that look like ASCII "
        "ones, such as the dotless i, count in words that are ASCII otherwise, unless a word of "
        "the same sentence has another letter beyond ASCII, as in Turkish.  Signs and digits "
        "count as well: the Greek question mark, which shows as a semicolon, and the division "
        "slash anywhere; wide slashes and full stops of other scripts between ASCII letters, as "
        "in a host name; other wide signs and digits in lines without Chinese, Japanese or Korean "
        "words.  Typographic quotes and dashes are free."
    ),
    good=Sample({"a.py": b"x = 1\n"}, {"a.py": "# \u0434\u0430 \u0430\nx = 2\n".encode()}),
    bad=Sample({"a.py": b"x = 1\n"}, {"a.py": "p\u0430ypal = 2\n".encode()}),
    check=_homoglyph,
)
