"""Long lines that make careless rules slow: each by its size in bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def _of(unit: str) -> Callable[[int], bytes]:
    text = unit.encode()
    return lambda size: (text * (size // len(text) + 1))[:size]


_UNITS = {
    "equal signs": "=",
    "double quotes": '"',
    "single quotes": "'",
    "one letter": "a",
    "digits": "7",
    "spaces": " ",
    "backslashes": "\\",
    "opening brackets": "[",
    "opening braces": "{",
    "dashes": "-",
    "base64 letters": "QUJD",
    "hex digits": "4a",
    "percent signs": "%41",
    "unicode escapes": "\\u0041",
    "hex escapes": "\\x41",
    "entities": "&quot;",
    "password=": "password=",
    "password: ": "password: ",
    'password="': 'password="',
    "password=x ": "password=hX7kq2 ",
    "JSON of passwords": '"password":"hX7kq2",',
    "URLs": "http://u:",
    "URLs with at": "http://u:pX7k@h/",
    "at signs": "a:b@",
    "Basic": "Basic QWxhZGRp",
    "Authorization": "Authorization: Bearer ",
    "eyJ": "eyJ.",
    "eyJ words": "eyJhbGciOi.",
    "PEM heads": "-----BEGIN PRIVATE KEY-----",
    "PEM heads, escaped": "-----BEGIN RSA PRIVATE KEY-----\\n",
    "AKIA": "AKIA",
    "sk-": "sk-",
    "commas": ",",
    "name=value&": "token=a&",
    "string parts": '"a" + ',
    "card digits": "4111 1111 ",
    "e-mail": "a@b.",
    "IPv6": "fe80:",
    "Latin-1": "pässword=",
}
LINES: dict[str, Callable[[int], bytes]] = {
    **{name: _of(unit) for name, unit in _UNITS.items()},
    "nested": lambda size: b"[" * (size // 2) + b"]" * (size // 2),
    "one quote far away": lambda size: b'password = "' + b"x y" * (size // 3) + b'"',
    "many short lines": lambda size: b'"a"\n' * (size // 4),
    "backslash lines": lambda size: b"a\\\n" * (size // 3),
    "quoted-printable lines": lambda size: b"a=\n" * (size // 3),
    "PEM without an end": lambda size: b"-----BEGIN PRIVATE KEY-----\n" + b"QUJD\n" * (size // 5),
    "YAML block": lambda size: b"password: |\n" + b"  aB3x\n" * (size // 7),
    "pairs": lambda size: b"- name: PASSWORD\n  value: aB3xk9\n" * (size // 35),
}
