from __future__ import annotations

import base64
import random
import string
import time

import pytest

from workflow.redaction.interface import Kind
from workflow.redaction.vendor import Vendor

RNG = random.Random(13)  # noqa: S311 - test data
MIXED = string.ascii_letters + string.digits


def _random(length: int, alphabet: str = MIXED) -> str:
    return "".join(RNG.choices(alphabet, k=length))


def _token() -> str:
    return "ghp" + "_" + _random(36)


@pytest.fixture(scope="session")
def vendor(pytestconfig: pytest.Config) -> Vendor:
    """The rules, compiled once for all runs."""
    return Vendor(pytestconfig.cache.mkdir("rules"))


def _found(vendor: Vendor, text: bytes) -> set[bytes]:
    return {text[span.start : span.end] for span in vendor.find(text, "")}


def test_a_token_is_found_at_its_bytes(vendor: Vendor) -> None:
    """Places count bytes, behind letters of UTF-8 and of Latin-1 alike."""
    token = _token()
    for encoding in ("utf-8", "latin-1"):
        assert _found(vendor, f"größe: é {token}\n".encode(encoding)) == {token.encode()}


def test_a_comment_in_the_file_switches_nothing_off(vendor: Vendor) -> None:
    """Content cannot vouch for itself: other scanners' marks have no say."""
    token = _token()
    for mark in ("gitleaks:allow", "kingfisher:ignore", "betterleaks:allow", "nosec"):
        assert _found(vendor, f"t = '{token}'  # {mark}\n".encode()) == {token.encode()}


def test_there_is_no_cap_and_nothing_counts_once_only(vendor: Vendor) -> None:
    """Each of many tokens is found, and each place of the same one."""
    tokens = [_token() for _ in range(3000)]
    text = "\n".join([*tokens, *tokens]).encode()
    assert len(list(vendor.find(text, ""))) == 6000
    assert len(list(vendor.find(text, ""))) == 6000


def test_of_a_private_key_the_body_is_found_and_not_the_armour(vendor: Vendor) -> None:
    """What says that here is a key may stay: the file is still one to read."""
    lines = [base64.b64encode(RNG.randbytes(48)).decode() for _ in range(9)]
    armour = [f"-----{word} RSA PRIVATE KEY-----" for word in ("BEGIN", "END")]
    text = "\n".join([armour[0], "Proc-Type: 4,ENCRYPTED", "", *lines, armour[1], ""]).encode()
    assert _found(vendor, text) == {line.encode() for line in lines}
    assert {span.kind for span in vendor.find(text, "")} == {Kind.PRIVATE_KEY}


def test_of_a_url_the_password_is_found_alone(vendor: Vendor) -> None:
    """Where it leads to may be read."""
    word = _random(16)
    text = f"uri: mongodb+srv://shop:{word}@cluster0.mongodb.net/test\n".encode()
    assert _found(vendor, text) == {word.encode()}
    assert {span.kind for span in vendor.find(text, "")} == {Kind.CONNECTION}


def test_a_reference_is_no_value(vendor: Vendor) -> None:
    """`$TOKEN` in a command names a variable."""
    assert _found(vendor, b"curl -u $LOGIN:$PASSWORD https://api.example.com/\n") == set()


def test_a_piece_of_a_long_base64_is_no_token(vendor: Vendor) -> None:
    """By chance, any shape turns up in a picture of a megabyte."""
    token = "BSA" + _random(28)
    assert _found(vendor, f"x {token}\n".encode()) == {token.encode()}
    assert _found(vendor, f"x {_random(500)}+{token}/{_random(500)}".encode()) == set()


def test_many_keys_without_an_end_take_no_longer_than_their_size_asks(vendor: Vendor) -> None:
    """Left to itself, kingfisher takes 3 s for these; what else is in the text is found."""
    token = _token()
    head = "-----BEGIN RSA PRIVATE KEY-----\\n"
    text = f"{head * 12_000} {token}\n".encode()
    start = time.process_time()
    assert _found(vendor, text) == {token.encode()}
    assert time.process_time() - start < 10


def test_a_key_without_its_end_takes_nothing_of_the_log_behind_it(vendor: Vendor) -> None:
    """The end that is found may be that of another key, a thousand lines below."""
    body = "\n".join(_random(64) for _ in range(6))
    log = "2026-01-05T10:10:07Z INFO request id=31 path=/items/56 status=200\n" * 50
    head, end = ("-----%s RSA PRIVATE" + " KEY-----\n" for _ in range(2))
    text = f"{head % 'BEGIN'}{body}\n{log}{head % 'BEGIN'}{body}\n{end % 'END'}".encode()
    found = {text[span.start : span.end].decode() for span in vendor.find(text, "a.log")}
    assert found
    assert found <= set(body.split("\n"))
