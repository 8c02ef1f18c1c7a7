"""Rules on text: nothing that a reader would not see as it is."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from workflow.policy.rule import Rule, Said, Sample
from workflow.text import is_hidden, is_odd_blank
from workflow.types import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.policy.look import Look, Sight

_ASCII = bytes(range(0x80))
# NUL makes a file binary, which is a rule of its own.
_ASCII_HIDDEN = bytes(set(range(1, 0x20)) - set(b"\t\n\r")) + b"\x7f"
# The selector that makes a symbol a coloured one, directly after a symbol that has both forms.
_SELECTOR = "\ufe0f"
_COLOURED = re.compile(
    "[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]\ufe0f"
)


def _binary_file(look: Look) -> Iterator[Said]:
    for file in look.files:
        if b"\0" in file.new:
            was = "it is binary" if b"\0" in file.old else "it would be binary"
            yield file.path, f"{was}: nobody can review what its bytes mean"
        elif not _is_utf8(file.new) and _is_utf8(file.old):
            yield file.path, "it would hold bytes that are no UTF-8 text"


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _hidden_character(look: Look) -> Iterator[Said]:
    for file in look.files:
        if file.change.kind is ChangeKind.ADDED:
            for char in sorted(filter(_is_unseen, set(file.path))):
                yield file.path, f"its name has {_named(char)}"
        if file.is_text:
            for char in sorted(_brought_in(file)):
                yield file.path, f"brings in {_named(char)}"


def _is_unseen(char: str) -> bool:
    """Whether a reader does not see a character, or takes it for an ordinary blank."""
    return is_hidden(char) or is_odd_blank(char)


def _brought_in(file: Sight) -> Iterator[str]:
    """The hidden characters that the new content has more often than the old one."""
    if len(file.new.translate(None, _ASCII_HIDDEN)) != len(file.new):
        for byte in _ASCII_HIDDEN:
            if file.new.count(byte) > file.old.count(byte):
                yield chr(byte)
    if not file.new.isascii():
        new, old = _beyond_ascii(file.new), _beyond_ascii(file.old)
        hidden = {char for char in set(new) if not char.isascii() and _is_unseen(char)}
        if hidden:
            yield from hidden & (Counter(new) - Counter(old)).keys()


def _beyond_ascii(data: bytes) -> str:
    """The characters that are not ASCII, and some that are where the text is not UTF-8."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")
    if _SELECTOR in text:
        data = _COLOURED.sub("", text).encode()
    # A multi-byte character has no ASCII byte, so that none is torn.
    return data.translate(None, _ASCII).decode()


def _named(char: str) -> str:
    return f"U+{ord(char):04X} ({unicodedata.name(char, 'a control character').lower()})"


def _line_length(look: Look) -> Iterator[Said]:
    limit = look.policy.sizes.line_characters
    for file in look.files:
        if file.is_text and len(file.new) > limit:
            longest = max(
                (_characters(line) for line in file.added if len(line) > limit), default=0
            )
            if longest > limit:
                yield file.path, f"a line of {longest:,} characters; the policy allows {limit:,}"


def _characters(line: bytes) -> int:
    return len(line.removesuffix(b"\r").decode("utf-8", "replace"))


def _line_ends(look: Look) -> Iterator[Said]:
    for file in look.files:
        if file.is_text and (b"\r" in file.new or b"\r" in file.old):
            bare, pairs, feeds = _ends(file.new)
            old_bare, old_pairs, old_feeds = _ends(file.old)
            if bare > old_bare:
                yield file.path, "brings in a carriage return that ends no line: it overwrites text"
            if pairs and feeds and not (old_pairs and old_feeds):
                yield file.path, f"mixes line ends: {pairs} CRLF and {feeds} LF"
            elif file.change.old and feeds and not pairs and old_pairs and not old_feeds:
                yield file.path, f"turns all line ends, {old_pairs} CRLF, into LF"
            elif file.change.old and pairs and not feeds and old_feeds and not old_pairs:
                yield file.path, f"turns all line ends, {old_feeds} LF, into CRLF"


def _ends(data: bytes) -> tuple[int, int, int]:
    """How many bare carriage returns, CRLF and bare line feeds there are."""
    pairs = data.count(b"\r\n")
    return data.count(b"\r") - pairs, pairs, data.count(b"\n") - pairs


BINARY_FILE = Rule(
    id="binary-file",
    reason="the new content is binary",
    about=(
        "A NUL byte makes a file binary, as for git.  A diff of it tells a reviewer nothing, and "
        "the other rules on text cannot judge it.  Bytes that are no UTF-8 count, too, unless the "
        "file has such bytes already: every tool shows them in another way."
    ),
    good=Sample({}, {"logo.svg": b"<svg/>\n"}),
    bad=Sample({}, {"logo.ico": b"\0\0\1\0\1\0"}),
    check=_binary_file,
)
HIDDEN_CHARACTER = Rule(
    id="hidden-character",
    reason="a control, a formatting character such as a bidi override, or an odd blank comes in",
    about=(
        "Controls drive a terminal, bidi overrides show text in another order than the one that "
        "runs, and invisible characters make two names of one.  Blanks other than the ASCII one, "
        "such as the no-break space, the ideographic space and the form feed, look like it and "
        "are not taken for it by programs.  What the file holds already does not count; one more "
        "of it does.  Tab, line feed and carriage return are free, and so is the selector U+FE0F "
        "directly after a symbol that has a coloured form.  The names of new files are judged, "
        "too.  Repositories with prose that needs other blanks can lower the level of this rule."
    ),
    good=Sample({"a.py": b"x = 1\n"}, {"a.py": "x = 'h\u00e9llo \u4f60\u597d'\n".encode()}),
    bad=Sample({"a.py": b"x = 1\n"}, {"a.py": b"x = 1  # \xe2\x80\xae drow\n"}),
    check=_hidden_character,
)
LINE_LENGTH = Rule(
    id="line-length",
    reason="an added line is longer than the policy allows",
    about=(
        "Nobody reads the thousandth column: whatever stands there passes unseen.  "
        "`sizes.line_characters` is the limit, in characters."
    ),
    good=Sample({"a.txt": b"x\n"}, {"a.txt": b"x" * 100 + b"\n"}),
    bad=Sample({"a.txt": b"x\n"}, {"a.txt": b"x" * 1001 + b"\n"}),
    check=_line_length,
)
LINE_ENDS = Rule(
    id="line-ends",
    reason="a bare carriage return or mixed line ends come in, or all line ends change",
    about=(
        "In a terminal, what follows a bare carriage return overwrites what stands before it.  A "
        "file with both CRLF and LF reads differently in different tools.  A file that has such "
        "ends already may keep them, and one of mixed ends may get either.  A file that turns "
        "from LF to CRLF or back changes in every line, so that nobody sees what else does."
    ),
    good=Sample({"a.txt": b"one\r\n"}, {"a.txt": b"one\r\ntwo\r\n"}),
    bad=Sample({"a.txt": b"one\n"}, {"a.txt": b"one\nharmless\revil\n"}),
    check=_line_ends,
)
