"""The names of a policy are found however a file writes them, and not within other words."""

from __future__ import annotations

import random
import time
import unicodedata
from typing import TYPE_CHECKING

import pytest

from workflow.redaction.interface import Kind, SealingError
from workflow.redaction.settings import Names, SealingSettings, dictionary
from workflow.redaction.tenant.dictionary import Tenant

if TYPE_CHECKING:
    from collections.abc import Callable

CUSTOMERS = ("Acme Corp", "Müller AG", "Johnson & Johnson", "株式会社アクメ", "Contoso", "I.B.M.")
NAMES = (
    Names(Kind.CUSTOMER, CUSTOMERS),
    Names(Kind.TENANT, ("t-10482", "9f1c2ab0-1111-4222-8333-444455556666", "face")),
    Names(Kind.HOST, ("db1.acme.internal",)),
    Names(Kind.DOMAIN, ("bücher.example", "acme.example")),
)
TENANT = Tenant(SealingSettings(names=NAMES))


def found(text: str | bytes, tenant: Tenant = TENANT) -> list[str]:
    """Return what is found in a text, in its order."""
    data = text.encode() if isinstance(text, str) else text
    return [
        data[one.start : one.end].decode("utf-8", "replace")
        for one in sorted(tenant.find(data, ""))
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "acme_corp acme-corp ACMECORP Acme.Corp",
            ["acme_corp", "acme-corp", "ACMECORP", "Acme.Corp"],
        ),
        ("AcmeCorp myAcmeCorpId HTTPAcmeCorp", ["AcmeCorp"] * 3),
        (
            "/srv/acme-corp/x https://acme-corp.test/ ACME_CORP_KEY=",
            ["acme-corp"] * 2 + ["ACME_CORP"],
        ),
        ("acmecorp01 2acmecorp acme%20corp", ["acmecorp", "acmecorp", "acme%20corp"]),
        (r"a\nContoso \tContoso %2Fcontoso", ["Contoso", "Contoso", "contoso"]),
        ("by Acme\n    # Corp, and Acme\r\nCorp", ["Acme\n    # Corp", "Acme\r\nCorp"]),
        (
            "johnson_and_johnson; Johnson&amp;Johnson",
            ["johnson_and_johnson", "Johnson&amp;Johnson"],
        ),
        ("MÜLLER AG müller-ag MüllerAG", ["MÜLLER AG", "müller-ag", "MüllerAG"]),
        ("これは株式会社アクメのです", ["株式会社アクメ"]),
        ("i.b.m. I.B.M.", ["i.b.m.", "I.B.M."]),
        ("T-10482 t_10482 tenant_t10482", ["T-10482", "t_10482", "t10482"]),
        ("9F1C2AB0111142228333444455556666", ["9F1C2AB0111142228333444455556666"]),
        ("x.db1.acme.internal:5432", ["db1.acme.internal"]),
        ("www.bücher.example xn--bcher-kva.example", ["bücher.example", "xn--bcher-kva.example"]),
    ],
)
def test_names_are_found(text: str, names: list[str]) -> None:
    """In identifiers, paths, hosts, other cases, other separators and over a line's end."""
    assert found(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "acmecorporation xacmecorp placmecorp",
        "Acme, a Corp",
        "contosó xcontoso contosoland",
        "Muller AG and Miller AG",
        "t-104821 xt-10482 deface surfaces face1 1face 0xface",
        "db1.acme.internals notacme.example db1xacme.internal",
        "",
    ],
)
def test_other_words_are_not(text: str) -> None:
    """A longer word, another letter, a hexadecimal number, other names of the same words."""
    assert found(text) == []


def test_forms_of_unicode_and_latin_1() -> None:
    """Composed, decomposed, and in the one-byte encodings; an accent makes another word."""
    for form in ("NFC", "NFD"):
        text = unicodedata.normalize(form, "die Müller AG.").encode()
        ((span),) = TENANT.find(text, "")
        assert unicodedata.normalize("NFC", text[span.start : span.end].decode()) == "Müller AG"
    ((span),) = TENANT.find("die MÜLLER AG.".encode("latin-1"), "")
    assert (span.start, span.end, span.kind) == (4, 13, Kind.CUSTOMER)
    assert found("contoso\u0301") == []


def test_kind_and_rule() -> None:
    """A span says what a name is of."""
    ((span),) = TENANT.find(b"on db1.acme.internal now", "")
    assert (span.start, span.end, span.kind, span.rule) == (3, 20, Kind.HOST, "name:host")


def test_anywhere() -> None:
    """Names that count within words are found there."""
    names = Names(Kind.TENANT, ("zebra",), whole_words=False)
    assert found("xzebray", Tenant(SealingSettings(names=(names,)))) == ["zebra"]


def test_what_the_request_names_stays_readable() -> None:
    """A host that the request names is readable as a part of it; the customer's name is not."""
    tenant = Tenant(SealingSettings(names=NAMES), frozenset({"shop.contoso.test", "acme.example"}))
    text = "https://shop.contoso.test:8443 contoso shop.contoso.test.evil www.acme.example"
    assert [one.start for one in sorted(tenant.find(text.encode(), ""))] == [31, 44]


def test_a_name_that_is_too_short() -> None:
    """Two characters would be found all over; the refusal does not show the name."""
    for name in ("qz", "q-z", "§§§§", ""):
        with pytest.raises(SealingError) as caught:
            Tenant(SealingSettings(names=(Names(Kind.CUSTOMER, (name,)),)))
        assert "qz" not in caught.value.message


def test_files_of_names() -> None:
    """Names come from files of the base, without comments; unread or missing ones are refused."""
    settings = SealingSettings(names=(Names(Kind.CUSTOMER, ("Contoso",), "c.txt"),))
    with pytest.raises(SealingError):
        Tenant(settings)
    files = {"c.txt": "\ufeff# ours\nFabrikam  # since 2020\n\n Wing#tip \r\nFabrikam\n".encode()}
    read = settings.with_files(files.__getitem__)
    assert read.names[0].names == ("Contoso", "Fabrikam", "Wing#tip")
    assert found("fabrikam, contoso", Tenant(read)) == ["fabrikam", "contoso"]
    nothing: dict[str, bytes] = {}
    with pytest.raises(SealingError, match=r"c\.txt: the policy's file of names cannot be read"):
        settings.with_files(nothing.__getitem__)
    for text in (b"\xff\xfe", b"# nothing\n"):
        with pytest.raises(SealingError, match="list"):
            dictionary(text, "list")


@pytest.mark.parametrize("kind", [Kind.HOST, Kind.CUSTOMER])
def test_a_name_with_a_nul_is_refused(kind: Kind) -> None:
    """Hyperscan would look for what is before the NUL alone, and find it all over the place."""
    for name in ("a\0bcd.example", "I.B.\0M"):
        with pytest.raises(SealingError, match="NUL"):
            Tenant(SealingSettings(names=(Names(kind, (name,)),)))


def test_names_are_not_shown() -> None:
    """No repr of the settings or the detector has a name in it."""
    settings = SealingSettings(names=NAMES)
    assert "Contoso" not in repr(settings) + repr(TENANT) + repr(TENANT.__dict__)


def test_without_names() -> None:
    """There is nothing to find."""
    assert found("acme", Tenant(SealingSettings())) == []


def _seconds(do: Callable[[], object]) -> float:
    started = time.process_time()
    do()
    return time.process_time() - started


def test_ten_thousand_names_at_memory_speed() -> None:
    """They are compiled in half a second, and found at more than 50 MB/s even on a busy machine."""
    draw = random.Random(7)  # noqa: S311 - made-up names
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(draw.choices(letters, k=draw.randint(5, 9))) for _ in range(10_000)]
    ends = ("Ltd", "GmbH", "Group", "Bank")
    names = tuple(f"{word} {draw.choice(ends)}" for word in words)
    settings = SealingSettings(names=(Names(Kind.CUSTOMER, names),))
    assert _seconds(lambda: Tenant(settings)) < 2
    tenant = Tenant(settings)
    text = b"nothing of the kind stands in this line of group and bank\n" * 100_000
    text += names[77].encode()
    spans: list[object] = []
    assert _seconds(lambda: spans.extend(tenant.find(text, ""))) < len(text) / 50e6
    assert len(spans) == 1


@pytest.mark.parametrize(
    "piece", ["=", "a", "acme ", "corp", "acme_", "johnson & ", "müller", "\n\n#"]
)
def test_hostile_lines(piece: str) -> None:
    """A megabyte of one thing, even of a name's own words, takes no longer than it has to."""
    assert _seconds(lambda: found(piece * (1_000_000 // len(piece)))) < 8
