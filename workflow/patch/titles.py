"""Finds the path of a file where a draft writes it above a block of text or beside its fence."""

from __future__ import annotations

import re

_EDGES = b"`*\"' \t\r"
_LEAD = re.compile(rb"[ \t]*(?:#{1,6}[ \t]+|[-*+][ \t]+|[0-9]{1,3}[.)][ \t]+)?")
_WORD = re.compile(
    rb"(?:new[ \t]+)?(?:file(?:[ \t]?name|[ \t]?path)?|path)(?:\*\*)?:(?:\*\*)?[ \t]*",
    re.IGNORECASE,
)
_REMARK = re.compile(rb"[ \t]{0,4}\([^()\n]{1,40}\)\Z")
_PATH = re.compile(rb"[^\s`*\"'<>|:=,;(){}\[\]]{1,4096}\Z")
_NAME = re.compile(
    rb"\.?[^/]+\.[A-Za-z0-9_-]{1,16}\Z|\.[A-Za-z][^/]*\Z|(?:Make|Docker)file\Z|LICENSE\Z"
)
_TICKED = re.compile(rb"`([^`\n]{1,4096})`")
_KEY = re.compile(rb"(?:path|file|filename|title|name)=(.+)\Z", re.IGNORECASE)
_LANGUAGE = re.compile(rb"[A-Za-z][A-Za-z0-9+#-]*:(.+)\Z")
_COMMENT = re.compile(rb"(?:#|//|--|;|/\*|<!--)[ \t]*([^\s]+)[ \t]*(?:\*/|-->)?\r?\Z")
_MAX_LINE = 5000


def title(line: bytes) -> bytes | None:
    """The path that a line consists of, in any Markdown dress; `None` if it is something else."""
    if len(line) > _MAX_LINE:
        return None
    text = line[_match_end(_LEAD, line) :].strip(_EDGES).removesuffix(b":").strip(_EDGES)
    text = text[_match_end(_WORD, text) :].strip(_EDGES)
    text = _REMARK.sub(b"", text).strip(_EDGES).removesuffix(b":").strip(_EDGES)
    ticked = _TICKED.search(line)
    if ticked and ticked[1].strip() == text:
        return text or None
    return text if is_path(text) else None


def mentioned(line: bytes) -> tuple[bytes, ...]:
    """The different paths that a sentence holds in backticks."""
    if len(line) > _MAX_LINE:
        return ()
    found = (text.strip() for text in _TICKED.findall(line))
    return tuple(dict.fromkeys(text for text in found if is_path(text)))


def of_info(info: bytes) -> bytes | None:
    """The path in the words behind a fence's marks: `python app/x.py`, `path=app/x.py`."""
    for word in info[:_MAX_LINE].split():
        for form in (_KEY, _LANGUAGE):
            found = form.match(word)
            if found:
                word = found[1].strip(b"\"'")  # noqa: PLW2901 - the word without its key
        if is_path(word):
            return word
    return None


def of_comment(line: bytes) -> bytes | None:
    """The path that a comment consists of, at the top of a file; it has at least one folder."""
    found = _COMMENT.match(line[:_MAX_LINE])
    return found[1] if found and b"/" in found[1] and is_path(found[1]) else None


def is_path(text: bytes) -> bool:
    """Whether a word looks like a file's path: it has a folder, an ending, or is well known."""
    if not _PATH.match(text):
        return False
    name = text.rpartition(b"/")[2]
    return bool(name) and (b"/" in text or bool(_NAME.match(name)))


def _match_end(pattern: re.Pattern[bytes], text: bytes) -> int:
    found = pattern.match(text)
    return found.end() if found else 0
