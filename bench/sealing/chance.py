"""Random text in the alphabets that credentials are written in."""

from __future__ import annotations

import base64
import binascii
import re
import string
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_UPPER, _LOWER, _DIGITS = string.ascii_uppercase, string.ascii_lowercase, string.digits
_ALNUM = _DIGITS + _UPPER + _LOWER
ALPHABETS = {
    "a": _ALNUM,
    "l": _LOWER + _DIGITS,
    "u": _UPPER + _DIGITS,
    "h": _DIGITS + "abcdef",
    "H": _DIGITS + "ABCDEF",
    "d": _DIGITS,
    "w": _ALNUM + "_-",
    "b": _ALNUM + "+/",
    "t": _UPPER + "234567",
    "U": _UPPER,
    "L": _LOWER,
    "M": _UPPER + _LOWER,
}
_FIELD = re.compile(r"\{([a-zA-Z])(\d+)(?:-(\d+))?\}|\{(uuid|crc|b64:\d+|b64url:\d+)\}")

_WORDS = """
anchor amber basalt bishop canyon cedar copper cradle dagger delta ember falcon fennel garnet
glacier harbor hazel indigo island jasper juniper kernel lantern ledger magnet maple meadow nectar
nimbus oasis onyx orchid pepper pilot quarry quartz raven ripple saddle saffron tango timber tundra
umbra velvet violin walnut willow yonder zephyr zinc battery horse staple
"""
WORDS = tuple(_WORDS.split())


def some(rng: random.Random, alphabet: str, least: int, most: int = 0) -> str:
    """`least` to `most` characters of an alphabet, a letter of `ALPHABETS` or spelt out."""
    letters = ALPHABETS.get(alphabet, alphabet)
    return "".join(rng.choices(letters, k=rng.randint(least, most or least)))


def noise(rng: random.Random, count: int) -> bytes:
    """Random bytes."""
    return rng.randbytes(count)


def filled(rng: random.Random, template: str) -> str:
    """The template with `{a36}` (alphabet, length), `{h8-12}`, `{uuid}`, `{b64:33}`, `{crc}` done.

    `{crc}` is the six-digit checksum with which GitHub's and npm's tokens end: CRC-32 of what
    follows the last underscore, in base 62.
    """
    made = ""
    at = 0
    for field in _FIELD.finditer(template):
        made += template[at : field.start()]
        at = field.end()
        letter, least, most, word = field.groups()
        if letter:
            made += some(rng, letter, int(least), int(most or 0))
        elif word == "uuid":
            made += str(uuid.UUID(bytes=noise(rng, 16), version=4))
        elif word == "crc":
            made += _checksum(made.rpartition("_")[2])
        else:
            style, _, count = word.partition(":")
            raw = noise(rng, int(count))
            text = (base64.b64encode if style == "b64" else base64.urlsafe_b64encode)(raw).decode()
            made += text if style == "b64" else text.rstrip("=")
    return made + template[at:]


def _checksum(text: str) -> str:
    number = binascii.crc32(text.encode())
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = _ALNUM[rest] + digits
    return digits.rjust(6, "0")


def words(rng: random.Random, count: int, between: str) -> str:
    """Ordinary words."""
    return between.join(rng.sample(WORDS, count))


def host(rng: random.Random) -> str:
    """A host name."""
    ending = rng.choice(["example.net", "internal", "corp.example.com", "svc.cluster.local"])
    return f"{rng.choice(['db', 'mq', 'cache', 'api', 'mail'])}{rng.randint(1, 9)}.{ending}"


def user(rng: random.Random) -> str:
    """A login name."""
    return rng.choice(["admin", "svc_billing", "deploy", "app", "root", "jenkins", "reporting"])
