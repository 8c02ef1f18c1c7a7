"""Data that is known by its form is found exactly, and its look-alikes are left alone."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.redaction.interface import Kind
from workflow.redaction.settings import EVERYWHERE, NOWHERE, Scope, SealingSettings, Sort
from workflow.redaction.tenant.numbers import IBAN_LENGTHS
from workflow.redaction.tenant.personal import Personal

ALL = Personal(SealingSettings(scopes=tuple((sort, EVERYWHERE) for sort in Sort)))
PUBLIC = Personal(
    SealingSettings(
        scopes=tuple((sort, EVERYWHERE) for sort in Sort if sort is not Sort.PRIVATE_IP)
    )
)

ACCOUNTS = Personal(SealingSettings(scopes=((Sort.IBAN, EVERYWHERE),)))


def found(text: str | bytes, personal: Personal = PUBLIC, path: str = "") -> list[str]:
    """Return what is found in a text, in its order."""
    data = text.encode() if isinstance(text, str) else text
    spans = sorted(personal.find(data, path))
    return [data[one.start : one.end].decode("utf-8", "replace") for one in spans]


def card(prefix: str, length: int = 16) -> str:
    """Return a card number with Luhn's digit, found in another way than the product's."""
    for last in "0123456789":
        number = prefix + "7" * (length - len(prefix) - 1) + last
        twice = {0: 0, 1: 2, 2: 4, 3: 6, 4: 8, 5: 1, 6: 3, 7: 5, 8: 7, 9: 9}
        if sum(twice[int(d)] if i % 2 else int(d) for i, d in enumerate(number[::-1])) % 10 == 0:
            return number
    raise AssertionError


def iban(country: str, seed: int = 0) -> str:
    """Return an account number of a country with right check digits."""
    digits = random.Random(seed).choices("0123456789", k=IBAN_LENGTHS[country] - 4)  # noqa: S311 - made up
    number = "".join(str(int(char, 36)) for char in "".join(digits) + country + "00")
    return f"{country}{98 - int(number) % 97:02}{''.join(digits)}"


def grouped(number: str, by: str = " ") -> str:
    """Return a number in groups of four."""
    return by.join(number[i : i + 4] for i in range(0, len(number), 4))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Mail ada.b+x@shop.acme.co.uk. Bye", ["ada.b+x@shop.acme.co.uk"]),
        ('<a href="mailto:ada@acme.de">', ["ada@acme.de"]),
        ("“jörg@müller.de”", ["jörg@müller.de"]),
        (
            "Ada <ada@acme.de>, bob@acme.de;'eve@acme.de'",
            ["ada@acme.de", "bob@acme.de", "eve@acme.de"],
        ),
        ("git@git.acme.de:o/r https://ada@acme.de/x ssh ada@acme.de", []),
        ("ada@example.com ada@sub.example.org x@y.test icon@2x.png getty@tty1.service", []),
        ("@decorator a@b pkg@1.2.3 a@b.c ada@-.de @acme.de ada@acme..de", []),
    ],
)
def test_email(text: str, values: list[str]) -> None:
    """Mailboxes, without what is around them; no accounts, file names and made-up domains."""
    assert found(text) == values


@pytest.mark.parametrize(
    "before", [r"\n", r"\t", r"\u003c", r"\x3c", "%3C", "to%3D%22", "\\\\", "+49%20"]
)
def test_what_is_escaped_before_an_address(before: str) -> None:
    """Escapes stay whole, so that the string that they stand in still can be read."""
    assert found(f'"{before}ada@acme.de"') == ["ada@acme.de"]
    assert found(f'"{before}bob%2Bx@acme.de"') == ["bob%2Bx@acme.de"]


def test_what_is_escaped_before_a_number() -> None:
    """A line that begins within a string is the beginning of a line."""
    values = ["52.14.3.2", "2a02:8108:1::5e", "+49 30 901820", card("401288"), iban("DE")]
    for value in values:
        for before in (r"\n", r"\t", r"\r\n"):
            assert found(f'"by server:{before}{value}{before}"') == [value]


def test_email_in_latin_1() -> None:
    """Letters of one byte belong to the address."""
    assert found("x jörg@acme.de".encode("latin-1")) == ["j\ufffdrg@acme.de"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("server 52.14.3.2:80; allow 52.14.0.0/16;", ["52.14.3.2", "52.14.0.0"]),
        ('ip="52.14.3.2",52.14.3.3-52.14.3.4', ["52.14.3.2", "52.14.3.3", "52.14.3.4"]),
        ("http://52.14.3.2/ ::ffff:52.14.3.2", ["52.14.3.2", "52.14.3.2"]),
        ("server 1.2.3.4; and 4.3.2.1", ["1.2.3.4", "4.3.2.1"]),
        ("nothing says what 4.3.2.1 is", []),
        ("v52.14.3.2 version 52.14.3.2 x==52.14.3.2 release: '52.14.3.2' a-52.14.3.2", []),
        ("1.3.6.1.4.1 52.14.3.2.7 052.14.3.2 52.14.3.256 Chrome/120.0.0.0", []),
        ("10.0.0.1 127.0.0.1 192.168.1.1 203.0.113.7 0.0.0.0 169.254.1.1", []),
        ("255.255.255.0 224.0.0.1 240.1.2.3 255.255.255.255 8.8.8.8 1.1.1.1", []),
        (
            "[2a02:8108:1::5e]:80 2a02:8108:1:2:3:4:5:6/64",
            ["2a02:8108:1::5e", "2a02:8108:1:2:3:4:5:6"],
        ),
        ("2a02:8108:1::5e: up", ["2a02:8108:1::5e"]),
        ("std::foo face::b 12:34:56 00:1b:44:11:3a:b7 ::1 fe80::1 fd00::1 2001:db8::1", []),
        ("2a02:8108:1::5exit 2001:4860:4860::8888 ff02::1", []),
    ],
)
def test_public_addresses(text: str, values: list[str]) -> None:
    """Addresses that are reached from anywhere; no versions, masks, resolvers and private ones."""
    assert found(text) == values


def test_private_addresses() -> None:
    """They are sealed where that is on, and masks and multicast still are not."""
    text = "10.0.0.1 127.0.0.1 0.0.0.0 203.0.113.7 ::1 fe80::1%eth0 fd00::1 2001:db8::1"
    assert found(text, ALL) == text.replace("%eth0", "").split()
    assert found("255.255.255.0 224.0.0.1 ff02::1 240.1.2.3 255.255.255.255", ALL) == []
    only = Personal(SealingSettings(scopes=((Sort.PRIVATE_IP, EVERYWHERE),)))
    assert found("10.0.0.1 52.14.3.2", only) == ["10.0.0.1"]


def test_no_addresses_in_lock_files() -> None:
    """Four numbers there are a version."""
    assert found('"52.14.3.2"', path="a/poetry.lock") == []
    assert found('"52.14.3.2"', path="a/poetry.toml") == ["52.14.3.2"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("call +49 30 901820 or +1 (202) 456-1111!", ["+49 30 901820", "+1 (202) 456-1111"]),
        ("tel:+493090182000 (+44) 20 7946 0018", ["+493090182000", "+44) 20 7946 0018"]),
        ("+49 30 9018200 12 items", ["+49 30 9018200 12"]),
        ("tel: 030 901820, phone=(202) 456-1111", ["030 901820", "(202) 456-1111"]),
        ('"fax_number": "020 7946 0018", Telefon 030/901820', ["020 7946 0018", "030/901820"]),
        ("mobile: 0049 170 1234567", ["0049 170 1234567"]),
        ("030 901820 (202) 456-1111 phone: 12 telephone = 5", []),
        ("+1234567 +35236450.6 x+493090182000 a=+493090182000b +0123456789 hotel 12345678", []),
    ],
)
def test_phone(text: str, values: list[str]) -> None:
    """International numbers anywhere, national ones behind a name, and nothing else."""
    assert found(text) == values


def test_card() -> None:
    """Whole, in groups, of each issuer; Luhn's sum, the prefix and the length have to be right."""
    visa, amex = card("401288"), card("371449", 15)
    grouped_amex = f"{amex[:4]} {amex[4:10]} {amex[10:]}"
    good = [visa, grouped(visa), grouped(visa, "-"), amex, grouped_amex]
    good += [card("222155"), card("545454"), card("601100"), card("353011"), card("620000")]
    for number in good:
        assert found(f"pay {number}, thanks") == [number], number
        assert found(f'{{"n":"{number}"}}') == [number]
    assert found(f"Diners card {card('305693', 14)}") == [card("305693", 14)]
    wrong = visa[:-1] + str((int(visa[-1]) + 1) % 10)
    long = card("401288", 19)
    for text in (wrong, f"1{visa}", f"{visa}1", f"0.{visa}", f"a{visa}", f"{visa}f", f"/{visa}",
                 f"1234-{grouped(visa, '-')}", f"{grouped(visa, '-')}-1", card("901288"),
                 card("401288", 15), long, card("305693", 14), "0" * 16, "4" * 16):  # fmt: skip
        assert found(f"pay {text} now") == [], text
    assert found(f"card_number={long}") == [long]


@given(st.integers(0, 10**6), st.sampled_from(sorted(IBAN_LENGTHS)))
def test_iban(seed: int, country: str) -> None:
    """Each country's length and check digits, whole or in groups, also in small letters."""
    number = iban(country, seed)
    for form in (number, grouped(number), grouped(number, "-"), number.lower()):
        assert found(f"IBAN:{form} and more", ACCOUNTS) == [form]
    checked = number[:2] + f"{(int(number[2:4]) + 1) % 100:02}" + number[4:]
    for form in (checked, f"x{number}", f"{number}0", number[:-1], f"ZZ{number[2:]}"):
        assert found(f"a {form}/", ACCOUNTS) == []


def test_kinds_and_rules() -> None:
    """Spans say what they are."""
    text = (
        f"ada@acme.de 52.14.3.2:1 2a02:8108::5 +49 30 901820 tel 030 901820 {card('401288')} "
        + iban("DE")
    )
    assert [(one.kind, one.rule) for one in sorted(PUBLIC.find(text.encode(), ""))] == [
        (Kind.EMAIL, "email"),
        (Kind.IP, "ipv4"),
        (Kind.IP, "ipv6"),
        (Kind.PHONE, "phone"),
        (Kind.PHONE, "phone"),
        (Kind.CARD, "card"),
        (Kind.IBAN, "iban"),
    ]


def test_where_it_is_on() -> None:
    """By path and sort; without a policy's word cards and accounts are, and nothing else."""
    text = f"ada@acme.de 52.14.3.2:1 +49 30 901820 {card('401288')}"
    assert found(text, Personal(SealingSettings())) == [card("401288")]
    scopes = ((Sort.EMAIL, Scope(("data/**", "*.csv"))), (Sort.CARD, NOWHERE))
    personal = Personal(SealingSettings(scopes=scopes))
    assert found(text, personal, "data/x/y.txt") == ["ada@acme.de"]
    assert found(text, personal, "y.csv") == ["ada@acme.de"]
    assert found(text, personal, "src/y.py") == []
    assert found(text, personal, "") == ["ada@acme.de"]


def test_what_the_request_names_stays_readable() -> None:
    """Its own addresses do, and no others."""
    names = frozenset({"ada@acme.de", "52.14.3.2", "2a02:8108::5", "acme.org"})
    personal = Personal(PUBLIC._settings, names)
    text = "Ada@Acme.de bob@acme.de ada@acme.de.eu 52.14.3.2 52.14.3.20 "
    text += "2a02:8108::5 2a02:8108::55 a@acme.org"
    assert found(text, personal) == [
        "bob@acme.de",
        "ada@acme.de.eu",
        "52.14.3.20",
        "2a02:8108::55",
        "a@acme.org",
    ]


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """Whatever the bytes, what is found lies within one line of them."""
    for span in ALL.find(data, "x"):
        assert 0 <= span.start < span.end <= len(data)
        assert b"\n" not in data[span.start : span.end]


@pytest.mark.parametrize(
    "piece", ["=", "a@", "a@b.", "1.", "1.1.1.1 ", "2a02:", "::1", "+49 ", "+493", "tel:1", "4111 ",
              "4", "DE00", "DE00 ", "ssh a@b.cc ", "://a@b.cc ", "é@é."],
)  # fmt: skip
def test_hostile_lines(piece: str) -> None:
    """A long line of one thing is read in time that grows with its length only."""
    started = time.process_time()
    found((piece * (150_000 // len(piece))).encode(), ALL)
    assert time.process_time() - started < 15
