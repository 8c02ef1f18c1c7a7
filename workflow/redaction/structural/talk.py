"""Secrets in what people type: a change request, a reason, what is kept of a tool's words.

Such text has no path.  Where it has a word for a secret, every word near it that has the shape of
one is sealed: sealing too much costs nothing there.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from workflow.redaction.database import compiled
from workflow.redaction.interface import Kind, Span
from workflow.redaction.structural.names import classify, words
from workflow.redaction.structural.talk_shapes import (
    is_git_id,
    is_quoted,
    is_said,
    is_secret_word,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import hyperscan

_BEFORE, _AFTER = 240, 480
"""Bytes before and after a telling word in which words are looked at."""
_PASTED = 16_384
"""Bytes of a text beyond which most of it is pasted code: then a sixth of that is looked at, and
only behind words that stand apart, as no name or call of code does."""
_ENDINGS = frozenset((b"", b" ", b"\t", b"\r", b"\n", b":", b"=", b'"', b"'", b"`", b"|", b"s"))
_LEAST, _LONGEST = 6, 64
"""Bytes of a value, and of a word that says secret."""
_WORDS = 12
"""So many words behind a telling word its `to` or `is` may stand."""
_TALK = (
    r"pa(?:ss|\xc3\x9f)[ _-]?(?:wor[dt]|wd|phrase|code)|secret|token|key|cred|bearer|cookie|"
    r"webhook|vault|authoriz|authentic|basic\b|kennwort|zugang|geheim|anmelde|benutzer|"
    r"schl(?:\xc3\xbc|ue)ssel|contrase|clave\b|usuario|mot de passe|utilisateur|jeton|identifiant|"
    r"senha|parola|wachtwoord|heslo|mnemonic|connection_?string|"
    r"(?:\b|[_-])(?:pass|passe|pwd?|psk|jwt|sess(?:ion)?|sid|otp|pin|cvv|dsn|sas|pat|mfa|mdp|"
    r"log[ -]?in|sign(?:ed|s|ing)?|admin|root|user(?:name)?|auth|cl\xc3\xa9|clef?)\b|"
    r"(?:db|my|user|admin|smtp|ldap|ssh|ftp|root|mail|proxy|mysql|pg)_?(?:pass|pw)\b"
)
"""Every telling word has one of these in it, and few other words do."""
_TELLING = words(
    "password passwords passwd passphrase passcode pass pw pwd secret secrets token tokens key "
    "keys apikey credential credentials creds login pin cookie bearer basic webhook vault "
    "passwort passwörter kennwort paßwort schlüssel schluessel geheimnis zugangsdaten "
    "contraseña contrasena clave secreto passe mdp clé clef jeton identifiants credenciales"
)
_DIGITS = words("pin otp")
_LINKS = words(
    "to is was as be by with are from use = : := == => -> equals equal set now instead auf ist "
    "lautet zu durch mit von sei est sont par de à es son por con and und et y or / \u2014 \u2013 -"
)
_SAYS = _LINKS - words("and und et y or with are from set now / \u2014 \u2013 -")
_PLAIN = words(
    "password passwd passphrase passcode pw pwd secret token credential credentials passwort "
    "kennwort paßwort geheimnis contraseña contrasena secreto passe mdp"
)
"""Behind these, plain words in quotes are values, too."""
_SIGN = frozenset((b"sign", b"signed", b"signs", b"signing", b"authenticate", b"in", b"user"))
_WITH = words("with by using /")
"""What announces the secret that something is signed with; `sign in to` announces none."""
_ABOUT = re.compile(rb"[A-Za-z]+\Z")
_RUN = re.compile(rb"\S+")
_MAY = re.compile(rb"[0-9]|[a-z][A-Z]|[A-Za-z]{16}")
_SIGNED = re.compile(rb"[!#$%^&*~+@?|].")
_OPEN = b"\"'`([{<\xc2\xab\xe2\x80\x9e\x9c\x98"
_CLOSE = b"\"'`)]}>.,;:\xc2\xbb\xe2\x80\x9c\x9d\x99\xa6"
_QUOTE = re.compile(rb"[(\[]?([\"'`])(?=\S)")
_PIECE = re.compile(rb"(?:[^=:,;&\"'`<>(){}\[\]]|&(?!\w+=))+(?:=+\Z)?")
_PARTED = re.compile(rb"://|\A[^@]*?[=:][\"'`]?\w[^@]*\Z")
_COMMIT = re.compile(rb"(?i)\b(?:commits?|revision|git)\b")
_PATCH = b"diff --git "


@cache
def _database() -> hyperscan.Database:
    import hyperscan  # noqa: PLC0415 - 15 MB that commands which seal nothing do not need

    return compiled(
        [_TALK.encode()],
        [0],
        [hyperscan.HS_FLAG_CASELESS],
    )


def find(text: bytes) -> Iterable[Span]:
    """The values that `text` without a path speaks of; none in a patch, which is no talk.

    Raises:
        hyperscan.error: the text could not be scanned.
    """
    if text.startswith(_PATCH):
        return
    ends: list[int] = []

    def note(_rule: int, _start: int, end: int, _flags: int, _context: object) -> None:
        ends.append(end)

    _database().scan(text, match_event_handler=note)
    ends.sort()
    if len(text) > _PASTED:
        ends = [end for end in ends if text[end : end + 1] in _ENDINGS]
    if not ends:
        return
    reading = _Reading(text, ends, names_commit=_COMMIT.search(text) is not None)
    for low, high in _windows(text, ends):
        yield from reading.spans(low, high)


def _windows(text: bytes, ends: list[int]) -> Iterator[tuple[int, int]]:
    """The parts of the text around the telling words, each once."""
    share = 6 if len(text) > _PASTED else 1
    before, after = _BEFORE // share, _AFTER // share
    low, high = ends[0] - before, ends[0] + after
    for end in ends:
        if end - before > high:
            yield max(low, 0), min(high, len(text))
            low = end - before
        high = end + after
    yield max(low, 0), min(high, len(text))


class _Reading:
    """Reads the words of a part, and remembers what the last ones announce."""

    def __init__(self, text: bytes, ends: list[int], *, names_commit: bool) -> None:
        self._text = text
        self._ends = ends
        """Where words end, or parts of them, that may say secret."""
        self._at = 0
        """How many of these have been passed."""
        self._names_commit = names_commit
        self._since = _WORDS + 1
        self._is_next = False
        """Whether the word at hand is directly announced."""
        self._is_pin = self._is_plain = self._is_said = False
        self._links = _LINKS
        self._quoted = 0
        """Up to here text in quotes has been taken."""
        self._done = 0
        """Up to here words have been read."""

    def spans(self, low: int, high: int) -> Iterator[Span]:
        """The values between `low` and `high`; words that these cut are read whole."""
        text = self._text
        low = max(self._whole(low), self._done)
        self._since, self._is_next, self._is_said = _WORDS + 1, False, False
        for run in _RUN.finditer(text, low):
            if run.start() >= high:
                return
            end = self._done = run.end()
            if run.start() >= self._quoted and (self._is_said or _may_be(run[0])):
                yield from self._read(run)
            passed = self._at
            while self._at < len(self._ends) and self._ends[self._at] <= end:
                self._at += 1
            if self._at > passed or self._since <= _WORDS:
                self._note(run, may_tell=self._at > passed)

    def _whole(self, low: int) -> int:
        """Where the word at `low` begins, if it is not too long for one."""
        start = max(0, low - _AFTER)
        before = self._text[start:low]
        cut = (
            len(before) - len(before.split()[-1]) if before and not before[-1:].isspace() else None
        )
        return low if cut is None else start + cut

    def _read(self, run: re.Match[bytes]) -> Iterator[Span]:
        if self._is_said and (quote := _QUOTE.match(run[0])):
            start = run.start() + quote.end()
            line = self._text.find(b"\n", start, start + 1024)
            end = self._text.find(quote[1], start, start + 1024 if line < 0 else line)
            if end > start and is_quoted(self._text[start:end]):
                self._quoted = end
                yield Span(start, end, Kind.PASSWORD, "talk")
                return
        if _may_be(run[0]):
            yield from self._word(run)

    def _word(self, run: re.Match[bytes]) -> Iterator[Span]:
        """The word itself, or the parts of `name=value` and `user:value` that are values."""
        raw = run[0]
        start = run.start() + len(raw) - len(raw.lstrip(_OPEN).removeprefix(b"**"))
        end = max(run.start() + len(raw.rstrip(_CLOSE).removesuffix(b"**")), start)
        whole = self._text[start:end]
        if self._text[start - 1 : start] == b"<":
            return  # `<your password>`
        if self._is_secret(whole, is_next=self._is_next):
            yield Span(start, end, Kind.PASSWORD, "talk")
            return
        told = self._is_next
        for piece in _PIECE.finditer(self._text, start, end):
            value = piece[0].rstrip(b".")
            if value != whole and self._is_secret(value, is_next=told):
                yield Span(piece.start(), piece.start() + len(value), Kind.PASSWORD, "talk")
            told = _is_telling(piece[0])

    def _is_secret(self, value: bytes, *, is_next: bool) -> bool:
        if self._names_commit and is_git_id(value):
            return False
        if _PARTED.search(value):
            return False  # its parts may be
        if is_next and self._is_pin and value.isdigit():
            return True
        is_one = is_said if is_next else is_secret_word
        return is_one(value) or is_one(value.rstrip(b"!?"))

    def _note(self, run: re.Match[bytes], *, may_tell: bool) -> None:
        """What the word announces of the next ones; `may_tell`: it has what such words have."""
        raw = run[0]
        word = raw.strip(_OPEN + _CLOSE + b"=-")
        link = raw[:32].lower().decode("utf-8", "replace")
        if may_tell and _is_telling(word):
            name = _lower(word)
            self._links, self._is_pin = _LINKS, name in _DIGITS
            self._is_plain = name in _PLAIN or name not in _TELLING
            self._is_next = not self._is_about(run)
            self._is_said = self._is_next and self._is_plain and raw[-1:] in b":="
            self._since = 0 if self._is_next else _WORDS + 1
        elif may_tell and word.lower() in _SIGN:
            self._since, self._links, self._is_plain = 0, _WITH, False
            self._is_next = self._is_said = False
        else:
            self._since += 1
            told = self._since <= _WORDS
            self._is_next = told and (link in self._links or raw[-1:] in b":=")
            self._is_said = self._is_next and self._is_plain and (link in _SAYS)

    def _is_about(self, run: re.Match[bytes]) -> bool:
        """Whether the next word makes it a name of something else: `token limit`."""
        follows = _RUN.match(self._text, run.end() + 1)
        if follows is None or not _ABOUT.match(follows[0][:64]):
            return False
        return classify(b"password_" + follows[0][:48]) is None


def _may_be(word: bytes) -> bool:
    """Whether any value can be within `word`: what follows asks for a digit or for capitals."""
    if len(word) < _LEAST and not word[:4].isdigit():
        return False
    if _MAY.search(word):
        return True
    return not word.islower() and not word.isupper() and _SIGNED.search(word) is not None


def _is_telling(word: bytes) -> bool:
    """Whether `word` says secret: one for people, or a name such as `DB_PASSWORD`."""
    if not word or len(word) > _LONGEST:
        return False
    if _lower(word) in _TELLING:
        return True
    name = classify(word)
    return name is not None and (name.is_sure or b"_" in word or b"-" in word)


def _lower(word: bytes) -> str:
    return word.decode("utf-8", "replace").lower()
