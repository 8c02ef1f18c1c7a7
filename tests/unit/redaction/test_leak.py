from __future__ import annotations

import base64
import html
import json
import random
import string
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.redaction.egress.leak import Leaks
from workflow.redaction.interface import Kind
from workflow.redaction.spread import is_strong

if TYPE_CHECKING:
    from collections.abc import Callable

_RANDOM = random.Random(44)  # noqa: S311 - reproducible, and no secret
_LETTERS = string.ascii_letters + string.digits


def _word(length: int) -> str:
    return "".join(_RANDOM.choices(_LETTERS, k=length))


SECRET = f'{_word(9)}"/\\é+{_word(8)}'
PHRASE = f"{_word(6)} {_word(7)} {_word(5)}"
VALUES = (SECRET, PHRASE, _word(20), "C:\\new" + _word(9), "ключ" + _word(9))


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a vault."""

    data: bytes = field(repr=False)
    kind: Kind = Kind.TOKEN
    path: str = "a.env"
    line: int = 7
    is_strong: bool = True


def _leaks(*values: str) -> Leaks:
    known = [Value(value.encode()) for value in values]
    return Leaks(lambda: known)


ENCODERS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "json": lambda text: json.dumps(text)[1:-1],
    "json, not ASCII": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json twice": lambda text: json.dumps(json.dumps(text))[3:-3],
    "json with slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "every letter by \\u": lambda text: "".join(
        f"\\u{int.from_bytes(text.encode('utf-16-be')[at : at + 2]):04X}"
        for at in range(0, len(text.encode("utf-16-be")), 2)
    ),
    "every byte by \\x": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "url": lambda text: quote(text, safe=""),
    "url with plus": quote_plus,
    "url, every byte": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "html": html.escape,
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 +1": lambda text: base64.b64encode(b"u" + text.encode() + b"\n").decode(),
    "base64 +2": lambda text: base64.b64encode(b"u:" + text.encode() + b"\n").decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 of utf-16": lambda text: base64.b64encode(text.encode("utf-16")).decode(),
    "utf-16 as text": lambda text: "".join(f"{letter}\0" for letter in text),
    "wrapped": lambda text: "\n    ".join(text[at : at + 5] for at in range(0, len(text), 5)),
    "base64 wrapped": lambda text: "\r\n".join(
        base64.b64encode(text.encode()).decode()[at : at + 8] for at in range(0, 4 * len(text), 8)
    ),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_every_form_is_found(name: str) -> None:
    """Each value is found in each form: as bytes, in a leaf, in a key, and quoted once more."""
    for value in VALUES:
        leaks, form = _leaks(value), f"before {ENCODERS[name](value)} after"
        quoted = json.dumps({"arguments": form})
        for document in (form, [1, {"a": [form]}], {form: None}, {"tool": quoted}):
            assert leaks.find_in(b"", document) is not None
            body = json.dumps(document).encode()
            assert leaks.find_in(body, json.loads(body)) is not None


@given(
    st.text(min_size=8, max_size=40).filter(lambda text: is_strong(text.encode("utf-8", "ignore"))),
    st.sampled_from(sorted(ENCODERS)),
    st.text(max_size=20),
)
@settings(max_examples=150, deadline=None)
def test_any_strong_value_is_found(value: str, name: str, around: str) -> None:
    """Whatever the value and the text around it are, each form in a leaf is found."""
    solid = value.translate({ord(each): None for each in " \t\r\n\\"})
    if "\0" in value or not is_strong(value.encode()) or not is_strong(solid.encode()):
        return
    form = ENCODERS[name](value)
    assert _leaks(value).find_in(b"", [around, f" {form} ", around]) is not None


@pytest.mark.parametrize("name", ["raw", "json", "url", "hex", "HEX", "base64", "base64 +1"])
def test_a_value_of_blanks_and_letters_is_found(name: str) -> None:
    """What is too short without its blanks is still found as it is, and encoded as it is."""
    for value in ("Ab\r1\n cd", "A\\\\\\ b \t 9!"):
        assert is_strong(value.encode())
        assert _leaks(value).find_in(b"", [f" {ENCODERS[name](value)} "]) is not None


@given(st.lists(st.text(max_size=30), max_size=5))
@settings(max_examples=50, deadline=None)
def test_what_is_not_there_is_not_found(texts: list[str]) -> None:
    """Text without the value passes."""
    assert _leaks(SECRET).find_in(b"", texts) is None


def test_a_leak_tells_all_but_the_value() -> None:
    """Kind, file, line and form; the value is in no part of it."""
    leak = _leaks(SECRET).find(SECRET.encode().hex().encode())
    assert str(leak) == "a value of kind token from a.env, line 7, written as hex"
    assert SECRET not in repr(leak)


def test_weak_values_are_not_looked_for() -> None:
    """An ordinary word in the vault does not make ordinary prompts impossible."""
    leaks = Leaks(lambda: [Value(b"postgres", is_strong=False)])
    assert leaks.find(b"connect to postgres, please") is None


def test_nul_in_a_value_does_no_harm() -> None:
    """A NUL neither hides a value nor makes its first letter one."""
    leaks = _leaks("\0" + SECRET, "Q\0" + PHRASE)
    assert leaks.find(b"Q and q, quite ordinary") is None
    assert leaks.find_in(b"", ["\0" + SECRET]) is not None
    assert leaks.find_in(b"", ["Q\0" + PHRASE]) is not None


def test_values_that_come_later_are_found() -> None:
    """The vault is asked each time, over more additions than there are databases."""
    known: list[Value] = []
    leaks = Leaks(lambda: tuple(known))
    for _ in range(20):
        value = _word(16)
        assert leaks.find(value.encode()) is None
        known.append(Value(value.encode()))
        assert all(leaks.find(each.data) is not None for each in known)


def test_what_fails_once_is_tried_again() -> None:
    """A vault that cannot answer raises, and its values are not taken for looked after."""
    ready: list[bool] = []

    def source() -> list[Value]:
        if not ready:
            message = "locked"
            raise OSError(message)
        return [Value(SECRET.encode())]

    leaks = Leaks(source)
    with pytest.raises(OSError, match="locked"):
        leaks.find(b"text")
    ready.append(True)
    assert leaks.find(SECRET.encode()) is not None


def test_threads_share_a_search() -> None:
    """Drafts made side by side do not disturb one another."""
    leaks = _leaks(*VALUES)
    text = b"ordinary words " * 200_000 + SECRET.encode()
    found: list[bool] = []

    def look() -> None:
        found.extend(leaks.find(text) is not None for _ in range(5))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 20


@pytest.mark.parametrize(
    "piece", ["\\", "\\u", "\\x", "%", "%4", "\\u0041", "\\x41", "=", '"', "[", "a"]
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    """A megabyte of one thing is searched in less than a second of CPU."""
    leaks = _leaks(SECRET)
    leaks.find(b"warm")
    text = (piece * (1_000_000 // len(piece))).encode()
    before = time.process_time()
    assert leaks.find(text) is None
    assert time.process_time() - before < 10


def test_depth_is_no_limit() -> None:
    """A document 100,000 deep is searched to its end."""
    document: object = SECRET
    for _ in range(100_000):
        document = [document]
    assert _leaks(SECRET).find_in(b"", document) is not None
