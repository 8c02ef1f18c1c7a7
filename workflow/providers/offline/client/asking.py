"""Reads a request for a backend word by word: all of it is understood, or refused by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.errors import NotUnderstoodError
from workflow.providers.offline.clauses import FILE, SCRIPTS, existing, named, split
from workflow.providers.offline.client import homes
from workflow.providers.offline.client.vocabulary import KNOWN
from workflow.providers.offline.refusals import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.providers.offline.clauses import Names, Parts
    from workflow.types import Brief

_NOUNS = (
    r"(?:back-?ends?|services?|servers?|apps?|applications?|apis?|counterparts?|receivers?"
    r"|collectors?|server[- ]side)"
)
_NOT_NGINX = r"(?!\s+(?:blocks?|locations?|endpoints?|routes?|paths?|upstreams?|prox\w+|header)\b)"
_MAKES = re.compile(
    r"\b(?:scaffold|create|make|write|draft|generate|build|produce|add|set\s+up|put|give|propose"
    r"|implement|need|want|have)\s+"
    rf"(?:(?!(?:to|in|into|for|from|of|on|with|at)\b)[^\s,;]+\s+){{0,8}}{_NOUNS}\b{_NOT_NGINX}"
    rf"|\bturn\b[^;]{{0,80}}\binto\s+(?:[^\s,;]+\s+){{0,6}}{_NOUNS}\b{_NOT_NGINX}",
    re.IGNORECASE,
)
_INTO = re.compile(r"\b(?:to|into|in)\s+(?:the\s+)?(?:file\s+)?[\"'`]?\Z", re.IGNORECASE)
_BESIDE = frozenset({"behind", "beside", "besides"})
_TOWARDS = frozenset(
    {"also", "and", "at", "called", "for", "host", "is", "of", "on", "or", "serves", "to"}
)
_AMOUNT = re.compile(
    r"(?<![\w.])(?P<number>\d{1,6})\s?(?P<unit>[km])(?:i?b|ilobytes?)?\b", re.IGNORECASE
)
_VERSION = re.compile(
    r"\b(?:python|pydantic|fastapi|http|v(?:ersion)?)[\s/]?v?\d{1,2}(?:\.\d{1,3}){0,2}\+?(?![\w/])",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"\b(?:no|without|not|never|don't|do\s+not)\s+(?:(?:an?|any|the|or|and|need|needs|use|using|add"
    r"|extra|own|new|other|more|further|real|need\s+for)\s+){0,4}"
    r"(?:(?:databases?|db|log-?in|auth(?:entication)?|frameworks?|dependenc(?:y|ies)|docker|frills"
    r"|settings|gaps|placeholders?|edits?|changes?|existing\s+files?|touch(?:ing)?|edit(?:ing)?"
    r"|changing|fields?|features?|magic|anything|than|more|longer|code|server|backend|counterpart)\b(?:[\s,]+(?:or|and|nor)\s+)?"
    r"(?:(?:an?|any|the)\s+)?)+",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:no|without|don't|do\s+not|never|except|skip|omit)\b(?:\s+[^\s,;]+){0,3}", re.IGNORECASE
)
_WORD = re.compile(r"[^\s,;()<>\"`]+")
_HOST = re.compile(
    r"(?:https?://)?(?P<host>(?:[A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9-]*(?::\d{1,5})?|ZQVX[0-9A-Z]{12}"
    r"|localhost(?::\d{1,5})?|\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?)/?\Z"
)
_PATH = re.compile(r"/[\w.~/{}:*-]{0,200}\Z", re.ASCII)
_PARTS = re.compile(r"[/+&-]|'s\Z|'ll\Z|'d\Z|'re\Z")
_LEAST, _MOST = 1024, 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says of the backend.

    `text` is the request without the edits that are left to the surgeon, `paths` and `hosts` are
    those that it names, and `limit` is the most bytes of a body, 0 where it leaves the choice.
    """

    text: str
    parts: Parts
    paths: tuple[str, ...]
    hosts: tuple[str, ...]
    limit: int


def asked(brief: Brief) -> Asked:
    """Read all of a request.

    Raises `NotUnderstoodError` that names the words which ask for something else than a backend for
    a browser client, or for something that its templates do not have.
    """
    known = existing(brief)
    parts = split(brief, lambda clause: _is_ours(clause, known), may_join=True)
    if not parts.clauses:
        message = "the offline architect: the request asks for edits of existing files alone"
        raise NotUnderstoodError(message, hint="leave them to the surgeon: --route surgeon")
    for clause in parts.clauses:
        _require_known(clause, known)
    words = [word for clause in parts.clauses for word, _ in _words(clause)]
    return Asked(
        text=parts.text,
        parts=parts,
        paths=tuple(dict.fromkeys(word for word in words if _PATH.match(word))),
        hosts=tuple(dict.fromkeys(_hosts(words, known))),
        limit=_limit(parts.text),
    )


def _is_ours(clause: str, known: Names) -> bool:
    """Whether a clause asks for a backend, or says something of one."""
    if _MAKES.search(clause):
        return True
    into = any(
        named(match[0], known) and _INTO.search(clause[max(0, match.start() - 40) : match.start()])
        for match in FILE.finditer(clause)
    )
    return not into and not list(_unknown(clause, known))


def _words(clause: str) -> Iterator[tuple[str, str]]:
    """The words, each with the one before it; what is understood as a phrase is not among them."""
    for pattern in (_NOTHING, _AMOUNT, _VERSION):
        clause = pattern.sub(" ", clause)
    before = ""
    for match in _WORD.finditer(clause):
        word = match[0].strip("'*•!?:[]").rstrip(".").removeprefix("./")
        if re.search(r"\w|/", word):
            yield word, before
            before = word.lower()


def _hosts(words: list[str], known: Names) -> Iterator[str]:
    """The hosts among words."""
    for word in words:
        found = _HOST.match(word)
        if found and not named(word, known) and word.lower() not in KNOWN:
            yield found["host"].lower()


def _unknown(clause: str, known: Names) -> Iterator[str]:
    """The words of a clause that nothing covers."""
    folders = homes.mentioned(clause)
    for word, before in _words(clause):
        files = named(word, known)
        if files and not files[0].endswith(SCRIPTS):
            if before not in _BESIDE:
                yield word
        elif not (
            files
            or word.strip("/") in folders
            or _PATH.match(word)
            or _is_known(word.lower())
            or (_HOST.match(word) and (before in _TOWARDS or _HOST.match(before)))
        ):
            yield word


def _is_known(word: str) -> bool:
    if word in KNOWN or word.replace("-", "") in KNOWN:
        return True
    return all(part in KNOWN for part in _PARTS.split(word) if part)


def _require_known(clause: str, known: Names) -> None:
    """Raise for what the templates do not have."""
    found = [match[0] for match in _NOT.finditer(_NOTHING.sub(" ", clause))]
    found = found or list(dict.fromkeys(_unknown(clause, known)))
    if not found:
        return
    quoted = ", ".join(f"'{printable(word)}'" for word in found[:6])
    whole = printable(clause)
    said = f" in '{whole}'" if quoted != f"'{whole}'" else ""
    message = f"the offline architect (backend-from-client) does not understand {quoted}{said}"
    raise NotUnderstoodError(message, hint=HINT)


def _limit(text: str) -> int:
    """The bytes of a body that a request names, or 0."""
    found = {
        int(match["number"]) * (1024 if match["unit"].lower() == "k" else 1024 * 1024)
        for match in _AMOUNT.finditer(text)
    }
    if len(found) > 1 or any(not _LEAST <= one <= _MOST for one in found):
        listed = " and ".join(match[0] for match in _AMOUNT.finditer(text))
        message = f"the offline architect (backend-from-client): a limit of {printable(listed)}"
        raise NotUnderstoodError(message, hint="name one for all bodies, from 1k to 16m")
    return next(iter(found), 0)


HINT = (
    "offline, it drafts a FastAPI backend with models, limits and tests from what a browser client"
    " sends: say for example 'scaffold a FastAPI backend in backend/ for client.js', and an edit of"
    " an existing file as a part of its own that names it: 'and add a /collect endpoint to"
    " nginx/site.conf', or split it in two; for all else, set roles.architect to a model in"
    " workflow.toml (docs/models.md)"
)
