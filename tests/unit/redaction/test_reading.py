from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.redaction.reading import UndecodableError, read

WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
TEXT = "name = 'größe'\r\nkey = '💶 1'\n"


def test_ascii_and_latin_1_stay_as_they_are() -> None:
    """An encoding of which ASCII is a part needs no decoding."""
    for data, encoding in ((b"a=1\n", "utf-8"), ("ü=1\n".encode("latin-1"), "latin-1")):
        reading = read(data)
        assert (reading.text, reading.encoding, reading.span(1, 3)) == (data, encoding, (1, 3))


def test_the_mark_of_utf_8_is_no_text() -> None:
    """A name at the beginning of a line is there with a mark, too; places count it."""
    reading = read(b"\xef\xbb\xbfkey=1")
    assert (reading.text, reading.span(0, 3)) == (b"key=1", (3, 6))


@pytest.mark.parametrize("encoding", WIDE)
@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_wide_encodings_are_told_with_and_without_a_mark(encoding: str, mark: str) -> None:
    """Editors leave the mark out; the NULs tell."""
    text = TEXT if mark else TEXT.replace("💶", "x")
    reading = read((mark + text).encode(encoding))
    assert (reading.text, reading.encoding) == (text.encode(), encoding)


CHARACTERS = st.one_of(
    # Without those that are two letters of ASCII each.
    st.characters(max_codepoint=0x1FFF, exclude_characters="\0"),
    st.characters(min_codepoint=0x8000, exclude_categories=["Cs"]),
)


@given(st.text(CHARACTERS), st.data())
@pytest.mark.parametrize("encoding", WIDE)
def test_a_place_in_the_text_leads_to_the_same_characters_in_the_file(
    encoding: str, text: str, data: st.DataObject
) -> None:
    """What the place in the file decodes to is what stood at the place in the text."""
    text = text * data.draw(st.sampled_from([1, 200]))
    file = ("\ufeff" + text).encode(encoding)
    reading = read(file)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    places = len(text[:start].encode()), len(text[:end].encode())
    first, last = reading.span(*places)
    assert file[first:last].decode(encoding) == text[start:end]
    assert reading.text[places[0] : places[1]].decode() == text[start:end]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 8),
        (b"key=1\0\n", 5),
        (b"\xff\xfea\0b", 4),
        (b"\xff\xfe\0\xd8a\0", 2),
        (b"\xff\xfea\0\0\0b\0", 4),
        (b"\0" * 64, 0),
    ],
)
def test_what_is_no_text_is_refused_and_the_place_is_told(data: bytes, place: int) -> None:
    """NULs, cut or broken UTF-16: nobody can say what is in it, so nothing of it is sent."""
    with pytest.raises(UndecodableError, match=rf"\(byte {place}\)"):
        read(data)


NAMED = f"name = {random.Random(5).randbytes(9).hex()}\n"  # noqa: S311 - test data
CHINESE = "这份说明书介绍如何安装和使用本软件，请先阅读。「注意」：不要一次打开两个窗口。\r\n"  # noqa: RUF001 - its signs
JAPANESE = "この文書はソフトウェアの使い方を説明します。最初にここをお読みください。\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text", [CHINESE, JAPANESE, "密码", "パス\nパス", "\u3000一\u3000刀\u3000切"]
)
def test_chinese_and_japanese_are_read(text: str, encoding: str) -> None:
    """Many of their characters are two printable bytes, by chance."""
    for times in (1, 50):
        assert read(("\ufeff" + text * times).encode(encoding)).text == (text * times).encode()


MIXTURES = [
    *("mark ascii", "mark ascii line", "mark wide ascii line", "mark ascii line wide"),
    *("wide ascii line", "ascii line wide", "wide wide wide wide wide wide wide wide ascii line"),
    *("ascii ascii ascii nul", "ascii nul one one", "nul ascii ascii ascii", "nuls nuls"),
    *("mark nuls line", "mark wide swapped", "mark swapped", "wide swapped", "swapped wide"),
    *("mark wide ascii", "mark ascii wide", "wide ascii", "ascii wide", "mark short", "short x16"),
    *("x16 short", "short short short x16", "mark x16 long"),
    *("mark mark wide nul nul ascii", "mark x32 wide", "mark wide x32"),
]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mixture", MIXTURES)
def test_what_may_be_read_in_two_ways_is_refused(mixture: str, encoding: str) -> None:
    """ASCII read as Chinese, or one byte order as the other, would pass unseen."""
    parts = {
        "mark": "\ufeff".encode(encoding),
        "ascii": NAMED.encode(),
        "wide": NAMED.encode(encoding),
        "swapped": NAMED.encode("utf-16-be" if encoding == "utf-16-le" else "utf-16-le"),
        "nuls": NAMED.replace(" ", "\0").encode(),
        "short": b"passwort",
        "long": b"correct horse battery staple and so on, and on again until sunrise",
        "x16": "x".encode(encoding),
        "x32": b"x\0\0\0",
        "line": b"\n",
        "nul": b"\0",
        "one": b"\1",
    }
    with pytest.raises(UndecodableError):
        read(b"".join(parts[part] for part in mixture.split()))


@pytest.mark.parametrize("swap", [False, True])
def test_utf_16_of_an_alphabet_needs_no_mark(swap: bool) -> None:  # noqa: FBT001 - a column
    """Cyrillic has NULs for its blanks and line ends only."""
    text = "пароль для входа = «тест»\n" * 3
    assert read(text.encode("utf-16-be" if swap else "utf-16-le")).text == text.encode()


def test_no_value_is_shown() -> None:
    """A reading may land in a traceback."""
    assert "hidden" not in repr(read(b"hidden"))
