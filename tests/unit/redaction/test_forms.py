from __future__ import annotations

import base64
import html
import json
import random
import string
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.redaction.forms.local import BACKSLASH, PERCENT, REFERENCE, Local
from workflow.redaction.forms.unfold import Forms
from workflow.redaction.forms.view import Weaver

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS = Forms()
RNG = random.Random(11)  # noqa: S311 - test data
PIECE = "".join(RNG.choices(string.ascii_letters, k=12)) + "7"
FILE = f"# settings\nDB_PASSWORD={PIECE}\nname = 'a/b'\n"


def _seen(text: str, path: str = "") -> list[str]:
    return [view.text.decode() for view in FORMS.unfold(text.encode(), path).views]


def _twice(text: str) -> str:
    return "\n  ".join(text[at : at + 64] for at in range(0, len(text), 64))


@pytest.mark.parametrize(
    "encode",
    [
        lambda t: json.dumps({"f": t}),
        lambda t: "".join(f"\\u{ord(c):04x}" for c in t),
        lambda t: "".join(f"\\x{ord(c):02X}" for c in t),
        lambda t: "".join(f"\\{ord(c):03o}" for c in t),
        lambda t: "q=" + quote(t, safe=""),
        lambda t: "q=" + quote_plus(t),
        lambda t: "".join(f"%{ord(c):02x}" for c in t),
        lambda t: html.escape(t.replace("\n", " & key\n")),
        lambda t: f"<pre>{html.escape(t)}</pre>",
        lambda t: "".join(f"&#{ord(c)};" for c in t),
        lambda t: "x: " + base64.b64encode(t.encode()).decode(),
        lambda t: "x/" + base64.urlsafe_b64encode(t.encode()).decode().rstrip("="),
        lambda t: "x: |\n  " + _twice(base64.b64encode(t.encode() * 3).decode()),
        lambda t: base64.encodebytes(b"#" * 40 + b"\n" + t.encode()).decode(),
        lambda t: "x: " + base64.b64encode(t.encode("utf-16-le")).decode(),
        lambda t: "x = 0x" + t.encode().hex(),
        lambda t: t.encode().hex(":").upper(),
        lambda t: ", ".join(f"0x{b:02x}" for b in t.encode()),
        lambda t: "\n".join(t.encode().hex()[at : at + 60] for at in range(0, 2 * len(t), 60)),
    ],
)
def test_an_encoded_file_is_seen_as_it_was(encode: Callable[[str], str]) -> None:
    """Each encoding of a file gives a view that holds its statement whole."""
    text = f"before\n\n{encode(FILE)}\n\nafter\n"
    assert any(f"DB_PASSWORD={PIECE}" in seen for seen in _seen(text))


@pytest.mark.parametrize(
    ("between", "quoted"),
    [
        ('"\n    "', True),
        ('" \\\n    "', True),
        ('" + "', True),
        ('" + \\\n  "', True),
        ('"\n  + "', True),
        ("' .\n  '", True),
        ("' ||\n  '", True),
        ("\\\n", False),
        ("\\\r\n      ", False),
        ("\n    ", False),
    ],
)
def test_a_split_value_is_seen_whole(between: str, quoted: bool) -> None:  # noqa: FBT001 - a column
    """Literals side by side, continued and broken lines: the parts are joined."""
    mark = between[-1] if quoted else ""
    text = f"a = 1\nkey={mark}{PIECE}{between}{PIECE}{mark}\nb = 2\n"
    assert any(PIECE + PIECE in seen for seen in _seen(text, "a.py"))


def test_a_soft_break_of_mail_is_joined_and_base64_in_a_configuration_is_not() -> None:
    """Base64 ends with the sign that a soft break is; the next line's name is no more of it."""
    text = f"a = 1\nkey: {PIECE}=\n{PIECE}\nb\n"
    assert any(PIECE + PIECE in seen for seen in _seen(text, "a.eml"))
    assert not any(PIECE + PIECE in seen for seen in _seen(text, "a.yaml"))
    for following in ("build:", "PORT=5432", "- name: x", '"a": 1'):
        assert not any(PIECE + following in seen for seen in _seen(f"K: {PIECE}=\n{following}\n"))


def test_a_form_s_plus_is_a_blank_and_a_url_s_is_not() -> None:
    """Both write `%0A`; who writes `%20` for a blank means a plus by a plus."""
    assert any("b c\nkey" in seen for seen in _seen("a=b+c%0Akey%3D1"))
    assert any("b+c\nkey " in seen for seen in _seen("a=b+c%0Akey%20"))


def test_a_call_s_first_line_belongs_to_its_literals() -> None:
    """The name stands a line above the literals; it has to be seen with them."""
    text = f'KEY = (\n    "{PIECE}"\n    "{PIECE}"\n)\n'
    assert any(f'KEY ="{PIECE}{PIECE}"' in seen for seen in _seen(text, "a.py"))


@pytest.mark.parametrize(
    "text",
    [
        "def parse(token: str) -> None:\n    return None\n",
        "name: a\nitems:\n  - one\n  - two\n",
        "import os\nfrom a import b\n\nclass Example(Base):\n    x = 1\n",
        f"data: {base64.b64encode(RNG.randbytes(300)).decode()}\n",
        f"sha256: {RNG.randbytes(32).hex()}\n",
    ],
)
def test_ordinary_text_has_no_views(text: str) -> None:
    """What is not encoded costs a single pass, and random bytes in base64 are not text."""
    assert FORMS.unfold(text.encode(), "").views == ()


def test_a_login_in_base64_is_known_by_its_shape() -> None:
    """`user:password` needs no detector; the same without a hint is none."""
    login = base64.b64encode(f"admin:{PIECE}".encode()).decode()
    text = f"Authorization: Basic {login}\nx = {login}\n".encode()
    (span,) = FORMS.unfold(text, "").spans
    assert text[span.start : span.end].decode() == login


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60), st.data())
@pytest.mark.parametrize(
    ("local", "encode"),
    [
        (BACKSLASH, lambda t: json.dumps(t)[1:-1]),
        (PERCENT, lambda t: quote(t, safe="é")),
        (REFERENCE, lambda t: html.escape(t).replace("\n", "&#10;")),
    ],
)
def test_a_place_in_a_view_leads_to_what_says_the_same(
    local: Local, encode: Callable[[str], str], text: str, data: st.DataObject
) -> None:
    """The bytes that a place in a view leads back to decode to the text at that place."""
    coded = encode(text).encode()
    view = local.view(coded, [(0, len(coded))])
    if view is None:
        assert coded == b""
        return
    start = data.draw(st.integers(0, len(view.text)))
    end = data.draw(st.integers(start, len(view.text)))
    back = list(view.back(start, end))
    pieces = b"".join(coded[first:last] for first, last in back)
    again = local.view(pieces, [(0, len(pieces))])
    assert view.text[start:end] in (again.text if again else b"")
    if (start, end) == (0, len(view.text)):
        assert back == ([(0, len(coded))] if coded else [])


@given(
    st.lists(st.tuples(st.sampled_from(["copy", "put", "gap"]), st.binary(min_size=1, max_size=9)))
)
def test_a_view_of_any_pieces_leads_back_to_them(pieces: list[tuple[str, bytes]]) -> None:
    """Copies lead back byte by byte, decoded pieces as a whole, and gaps nowhere."""
    source = b"".join(piece for _, piece in pieces)
    weaver, at, places = Weaver(source), 0, []
    for kind, piece in pieces:
        end = at + len(piece)
        if kind == "copy":
            weaver.copy(at, end)
            places += [(n, n + 1) for n in range(at, end)]
        elif kind == "put":
            weaver.put(b"!" * (len(piece) + 1), at, end)
            places += [(at, end)] * (len(piece) + 1)
        elif places:
            weaver.gap()
            places += [(0, 0)] * 2
        at = end
    view = weaver.view("test", "")
    for number, (start, end) in enumerate(places):
        assert view is not None
        assert list(view.back(number, number + 1)) == ([(start, end)] if end else [])


@pytest.mark.parametrize(
    "unit",
    [
        '\\"key',
        "%41",
        "&quot;key",
        "YWJj/",
        "41 ",
        '"ab"\n',
        '"a" + ',
        "abc\\\n",
        "a: b=\n",
        "<pre>",
    ],
)
def test_hostile_text_is_read_in_a_straight_line(unit: str) -> None:
    """A view is never larger than the text, however often something could begin."""
    text = (unit * 40_000).encode()
    assert all(len(view.text) <= 2 * len(text) for view in FORMS.unfold(text, "").views)
