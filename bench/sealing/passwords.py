"""Passwords in the styles that people and generators make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.sealing.chance import filled, some, words
from bench.sealing.model import Kind, Pieces, secret

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_NAMES = (
    "db password",
    "password",
    "admin password",
    "smtp password",
    "keystore password",
    "redis password",
    "root passwd",
    "ldap bind password",
    "app secret",
    "client secret",
    "mysql pwd",
    "user passphrase",
)
_SYMBOLS = "!#$%&*+-.:;<=>?@^_|~"
_ENDS = "!?.*#$%"


def _leet(rng: random.Random) -> str:
    word = "".join(w.capitalize() for w in words(rng, 2, " ").split())
    return word.translate(str.maketrans("aeio", "@3!0")) + some(rng, "d", 2) + rng.choice(_ENDS)


def _season(rng: random.Random) -> str:
    season = rng.choice(["Spring", "Summer", "Autumn", "Winter", "January", "October"])
    return f"{season}{rng.randint(1990, 2030)}{rng.choice(['', '!', '#', '$'])}"


def _quoted(rng: random.Random) -> str:
    """With a quote or a backslash in the middle."""
    middle = rng.choice(['"', "'", "\\", "`", '"\\', "\\'"])
    return some(rng, "a", 5, 8) + middle + some(rng, "a", 4, 8)


def _unicode(rng: random.Random, letters: str) -> str:
    return some(rng, letters, 4, 6) + some(rng, "a", 4, 6) + rng.choice("!?.-")


def _of(template: str) -> Callable[[random.Random], str]:
    return lambda rng: filled(rng, template)


_STYLES: dict[str, Callable[[random.Random], str]] = {
    "alnum-8": _of("{a8}"),
    "alnum-12": _of("{a12}"),
    "alnum-16": _of("{a16}"),
    "alnum-32": _of("{a32}"),
    "alnum-64": _of("{a64}"),
    "symbols-10": lambda rng: some(rng, "a", 3) + some(rng, "".join(_SYMBOLS) + "aB3", 7),
    "symbols-16": lambda rng: some(rng, "a", 4) + some(rng, "".join(_SYMBOLS) + "aB3xY9", 12),
    "symbols-24": lambda rng: some(rng, "a", 2) + some(rng, "abcXYZ0189" + _SYMBOLS, 22),
    "hex-16": _of("{h16}"),
    "hex-32": _of("{h32}"),
    "hex-64": _of("{h64}"),
    "base64-24": _of("{b64:16}"),
    "base64-44": _of("{b64:32}"),
    "base64url-43": _of("{b64url:32}"),
    "uuid": _of("{uuid}"),
    "digits-8": _of("{d8}"),
    "digits-6": _of("{d6}"),
    "short-5": _of("{l4}{d1}"),
    "short-6": _of("{M5}{d1}"),
    "leet": _leet,
    "season-year": _season,
    "word-number": lambda rng: words(rng, 1, "") + some(rng, "d", 2, 4),
    "word-pair": lambda rng: words(rng, 2, rng.choice("-_.")) + some(rng, "d", 1, 2),
    "passphrase-spaces": lambda rng: words(rng, rng.randint(4, 6), " "),
    "passphrase-dashes": lambda rng: words(rng, rng.randint(4, 6), "-"),
    "camel-words": lambda rng: "".join(w.capitalize() for w in words(rng, 3, " ").split()),
    "with-quote": _quoted,
    "with-equals": lambda rng: some(rng, "a", 6, 8) + "=" + some(rng, "a", 4, 8) + rng.choice("=!"),
    "with-hash": lambda rng: some(rng, "a", 5, 8) + "#" + some(rng, "a", 4, 8),
    "with-at-and-colon": lambda rng: some(rng, "a", 4) + "@" + some(rng, "a", 4) + ":/" + "k9",
    "latin": lambda rng: _unicode(rng, "äöüßéèñçøåÄÖÜ"),
    "cyrillic": lambda rng: _unicode(rng, "абвгдежзиклмнопрст"),
    "apple-style": _of("{l6}-{l6}-{l5}{u1}"),
}


def _kind(name: str, make: Callable[[random.Random], str]) -> Kind:
    def pieces(rng: random.Random) -> Pieces:
        return secret(make(rng))

    return Kind(f"password-{name}", "password", pieces, _NAMES)


KINDS = tuple(_kind(name, make) for name, make in _STYLES.items())
