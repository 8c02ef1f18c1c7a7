from __future__ import annotations

import base64
import random
import re
import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.redaction.find import Finder, cut, merged
from workflow.redaction.interface import Kind, SealingError, Span
from workflow.redaction.reading import UndecodableError

if TYPE_CHECKING:
    from collections.abc import Iterator

RNG = random.Random(12)  # noqa: S311 - test data
VALUE = "".join(RNG.choices(string.ascii_letters, k=14)) + "7+"


class Assigned:
    """A detector of one rule: what follows `password=` up to a blank or a quote."""

    def find(self, text: bytes, path: str) -> Iterator[Span]:  # noqa: ARG002 - of the protocol
        """The values."""
        for match in re.finditer(rb"password=['\"]?([^\s'\"\\]+)", text):
            yield Span(*match.span(1), Kind.PASSWORD, "assigned")


class Block:
    """A detector whose values span lines."""

    def find(self, text: bytes, path: str) -> Iterator[Span]:  # noqa: ARG002 - of the protocol
        """All between two lines of dashes."""
        for match in re.finditer(rb"---\n(.*?)---", text, re.DOTALL):
            yield Span(*match.span(1), Kind.PRIVATE_KEY, "block")


class Any:
    """A detector that finds what it is told to."""

    def __init__(self, spans: list[Span]) -> None:
        self._spans = spans

    def find(self, text: bytes, path: str) -> Iterator[Span]:  # noqa: ARG002 - of the protocol
        """Those that fit into the text."""
        return (span for span in self._spans if span.end <= len(text))


class Broken:
    """A detector at fault."""

    def find(self, text: bytes, path: str) -> Iterator[Span]:  # noqa: ARG002 - of the protocol
        """Raise."""
        raise LookupError


FINDER = Finder([Assigned(), Block()])


def _found(data: bytes, path: str = "") -> list[bytes]:
    return [data[span.start : span.end] for span in FINDER.find(data, path)]


@pytest.mark.parametrize(
    ("file", "value"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("latin-1", "latin-1"),
        ("utf-16", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32-le"),
    ],
)
def test_places_are_those_of_the_file_s_own_bytes(file: str, value: str) -> None:
    """A value in any encoding is found where it stands in the file."""
    assert _found(f"größe=1\npassword={VALUE}\n".encode(file)) == [VALUE.encode(value)]


def test_a_value_found_once_is_found_everywhere() -> None:
    """Elsewhere nothing says that it is a secret: it is known by now, in other forms, too."""
    coded = base64.b64encode(VALUE.encode()).decode().rstrip("=")
    data = f"password={VALUE}\nlog: {VALUE}\nx {coded}\ny {VALUE.encode().hex()}\n".encode()
    assert _found(data) == [v.encode() for v in (VALUE, VALUE, coded, VALUE.encode().hex())]


def test_a_value_found_in_an_encoded_part_is_found_elsewhere() -> None:
    """What base64 of JSON gives away is looked for in the plain text."""
    escaped = "".join(f"\\u{ord(char):04x}" for char in f"password={VALUE}\n")
    inner = base64.b64encode(f'{{"a": "{escaped}"}}'.encode()).decode()
    data = f"log: {VALUE}\nfile: {inner}\n".encode()
    assert _found(data) == [VALUE.encode(), inner.encode()]


def test_a_weak_value_is_found_where_it_stands_only() -> None:
    """`admin` as a password does not make each `admin` one."""
    assert _found(b"password=admin\nuser admin\n") == [b"admin"]


def test_a_split_value_is_found_in_its_parts() -> None:
    """Each literal holds a part of the value; quotes and operators stay."""
    data = b'password="' + VALUE[:8].encode() + b'" +\n  "' + VALUE[8:].encode() + b'"\n'
    assert _found(data, "a.js") == [VALUE[:8].encode(), VALUE[8:].encode()]


def test_spans_end_with_their_line_and_begin_behind_the_blanks() -> None:
    """A value of several lines becomes one span for each, so that the line count stays."""
    data = b"  ---\n  first \r\n\t# second\n\n  third---\n"
    assert _found(data) == [b"first", b"second", b"third"]


def test_overlapping_spans_are_united_and_the_more_specific_kind_names_them() -> None:
    """Two detectors see one value: a token's rule says more than an assignment's."""
    spans = [
        Span(4, 9, Kind.PASSWORD, "a"),
        Span(2, 6, Kind.EMAIL, "b"),
        Span(8, 12, Kind.TOKEN, "c"),
        Span(12, 14, Kind.IP, "d"),
    ]
    assert merged(spans) == [Span(2, 12, Kind.TOKEN, "c"), Span(12, 14, Kind.IP, "d")]


def test_what_is_allowed_stays() -> None:
    """The allow-list is asked for each value, with its place in the text."""

    class Allow:
        def drops(self, text: bytes, path: str, span: Span) -> object | None:
            return path if text[span.start : span.end] == b"public" else None

    finder = Finder([Assigned()], Allow())
    assert [s.start for s in finder.find(b"password=public password=secret!", "a")] == [25]


class Said:
    """An allow-list that allows what stands on lines with `ok`, or on the line below one."""

    def drops(self, text: bytes, path: str, span: Span) -> object | None:  # noqa: ARG002 - see Allowing
        """Look at two lines."""
        lines = text[: text.find(b"\n", span.start)].split(b"\n")
        return b" ok" in b"\n".join(lines[-2:]) or None


KEY = "\n".join("".join(RNG.choices(string.ascii_letters, k=64)) for _ in range(5))
HEAD, FOOT = ("-" * 5 + f"{word} PRIVATE KEY" + "-" * 5 for word in ("BEGIN", "END"))


@pytest.mark.parametrize(
    "text",
    [
        f"# ok\n{HEAD}\n{KEY}\n{FOOT}\n",
        f"{HEAD} ok\r\n{KEY}\n{FOOT}\n",
        f"{HEAD}\n{KEY.replace(chr(10), ' ok' + chr(10), 1)}\n{FOOT}\n",
    ],
)
def test_a_comment_at_the_head_of_a_key_allows_all_of_it(text: str) -> None:
    """The list is asked for the whole value, before it is cut into lines, and for its head."""
    data = text.encode()

    class Armour:
        def find(self, text: bytes, path: str) -> Iterator[Span]:  # noqa: ARG002 - of the protocol
            start = text.find(KEY[:8].encode())
            if start >= 0:
                yield Span(start, text.find(FOOT.encode()), Kind.PRIVATE_KEY, "armour")

    assert Finder([Armour()], Said()).find(data) == ()
    assert len(Finder([Armour()], Said()).find(data.replace(b" ok", b""))) == len(KEY.split("\n"))


def test_what_is_allowed_is_looked_for_elsewhere_only_if_it_is_a_finding_elsewhere() -> None:
    """An example that everybody may see is one in the text below, too."""
    finder = Finder([Assigned()], Said())
    allowed, log = f"password={VALUE} ok\n\n", f"log: {VALUE}\n"
    assert finder.find((allowed + log).encode()) == ()
    again = (allowed + log + f"password={VALUE}\n").encode()
    starts = [span.start for span in finder.find(again)]
    assert starts == [len(allowed) + 5, len(allowed) + len(log) + 9]


def test_what_is_known_renames_nothing() -> None:
    """A password is one where it is found as such, though a URL elsewhere holds it, too."""

    class Url:
        def find(self, text: bytes, path: str) -> Iterator[Span]:  # noqa: ARG002 - of the protocol
            for match in re.finditer(rb"//u:([^@]+)@", text):
                yield Span(*match.span(1), Kind.CONNECTION, "url")

    spans = Finder([Assigned(), Url()]).find(f"password={VALUE}\na://u:{VALUE}@b\n".encode())
    assert [span.rule for span in spans] == ["assigned", "url"]


class Loose:
    """A detector that takes all up to the end of a line."""

    def find(self, text: bytes, path: str) -> Iterator[Span]:  # noqa: ARG002 - of the protocol
        """The values."""
        for match in re.finditer(rb"(?:token|key1)=?\s?= ?([^\r\n]+)", text):
            yield Span(*match.span(1), Kind.TOKEN, "loose")


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (b"the_token = line[pos:].rstrip('\\r\\n')", [b"line[pos:].rstrip('\\r\\n')"]),
        (b"call('--labels=\\'key1=%s\\'') #", [b"%s\\'"]),
        (b'call("{\\"token=%s", 1)', [b"%s"]),
    ],
)
def test_a_view_of_code_shows_values_in_its_literals_only(line: bytes, values: list[bytes]) -> None:
    """What escapes say is said within a literal; a value ends with it at the latest."""
    line, values = (
        line.replace(b"%s", VALUE.encode()),
        [v.replace(b"%s", VALUE.encode()) for v in values],
    )

    class Escaped(Loose):
        def find(self, text: bytes, path: str) -> Iterator[Span]:
            return iter(()) if text == line else super().find(text, path)

    for path in ("a.py", "a.js"):
        found = [line[span.start : span.end] for span in Finder([Escaped()]).find(line, path)]
        assert found == [value for value in values if b"[" not in value]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_value_in_the_bytes_of_utf_16_refuses_the_file(encoding: str) -> None:
    """Text that may be Chinese and ASCII alike is looked at as both."""
    rest = "文\n说明".encode(encoding)
    data = "\ufeff".encode(encoding) + rest + b"password=a7" + b"\n" + rest
    with pytest.raises(UndecodableError, match="value"):
        FINDER.find(data)
    assert FINDER.find(data.replace(b"password", b"passport")) == ()


def test_a_detector_that_raises_stops_all() -> None:
    """No finding is not the same as no secret."""
    with pytest.raises(LookupError):
        Finder([Assigned(), Broken()]).find(b"x")


def test_what_cannot_be_read_is_refused() -> None:
    """The error is one that the whole product knows as a refusal."""
    with pytest.raises(UndecodableError) as caught:
        FINDER.find(b"\0\1")
    assert isinstance(caught.value, SealingError)


TEXTS = st.one_of(
    st.binary(max_size=200),
    st.text(st.sampled_from("password=a7F+/%41\\u0\"'\n\r -&;<>"), max_size=200).map(str.encode),
)
SPANS = st.lists(
    st.builds(
        lambda start, length, kind: Span(start, start + length, kind, "any"),
        st.integers(0, 200),
        st.integers(0, 60),
        st.sampled_from(Kind),
    ),
    max_size=12,
)


@given(TEXTS, SPANS, st.sampled_from(["utf-8", "utf-16"]))
def test_spans_are_in_order_apart_and_within_a_line(
    text: bytes, spans: list[Span], encoding: str
) -> None:
    """Whatever detectors say of whatever bytes, the spans keep their promises."""
    data = text.decode("latin-1").encode("utf-16") if encoding == "utf-16" else text
    try:
        found = Finder([Any(spans), Assigned()]).find(data)
    except UndecodableError:
        return
    last = 0
    for span in found:
        assert last <= span.start < span.end <= len(data)
        last = span.end
        value = data[span.start : span.end]
        if encoding == "utf-16":
            value = value.decode("utf-16-le").encode()
        assert not set(value) & set(b"\r\n")


@given(st.binary(max_size=80), SPANS)
def test_uniting_and_cutting_lose_no_visible_character(text: bytes, spans: list[Span]) -> None:
    """What a detector marked stays marked, but for line ends, blanks and comment signs."""
    spans = [span for span in spans if span.end <= len(text)]
    kept = {at for span in cut(text, merged(spans)) for at in range(span.start, span.end)}
    lost = {at for span in spans for at in range(span.start, span.end)} - kept
    assert {text[at] for at in lost} <= set(b"\r\n \t#/;*>|")


def test_a_view_of_a_file_is_not_read_as_what_a_person_types() -> None:
    """The freer rules for requests are for text that has no path at all."""
    asked: list[str] = []

    class Noting:
        """A detector that remembers the paths it is asked with."""

        def find(self, text: bytes, path: str) -> tuple[Span, ...]:
            """Find nothing."""
            del text
            asked.append(path)
            return ()

    text = b'SIGN = "the password\\u0020is\\u0020here\\n"\n'
    Finder([Noting()]).find(text, "app.py")
    assert len(asked) > 1
    assert "" not in asked
