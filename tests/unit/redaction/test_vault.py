"""Sealing gives back everything but the values, and forgets none of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.redaction.interface import Kind, SealingError, Span
from workflow.redaction.vault.placeholder import Shape, make
from workflow.redaction.vault.restore import restore
from workflow.types import Count

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.redaction.vault.vault import Vault

    VaultOf = Callable[..., Vault]

KEY = bytes(range(32))
STRONG, OTHER = b"Tr0ub4dor-and-3", b"corr3ct.Horse+staple"
# Text that is made to collide: heads, shapes, cut shapes, values and parts of values.
_HOSTILE = st.sampled_from(
    [
        b"ZQVX",
        b"ZQV",
        b"ZQVX0123456789BC",
        b"7261",
        b"726112345678901234",
        b"245.101.102.103",
        b"fd5a:5156:",
        b"fd5a:5156:1abc:1abc:1abc:1abc:1abc:1abc",
        make(KEY, STRONG, Shape.WORD),
        make(KEY, b"1234", Shape.NUMBER),
        make(KEY, b"10.0.0.1", Shape.IPV4),
        STRONG,
        STRONG[:5],
        OTHER,
        b"1234",
        b"10.0.0.1",
        b"10.0.0.",
        b"fe80::1",
        b"\r\n",
        b"\n",
        b'"',
        b": ",
        b".",
        b"=",
        b",",
        b" ",
        b"x",
        "é".encode(),
        b"\xe4",
    ]
)
_TEXT = st.lists(_HOSTILE | st.binary(max_size=4), max_size=12).map(b"".join)


@pytest.fixture(scope="module")
def hostile(vault_of: VaultOf) -> Callable[[], Vault]:
    """Return what makes a vault with values of every shape."""

    def make_one() -> Vault:
        ips = [(ip, Kind.IP) for ip in (b"10.0.0.1", b"fe80::1", b"245.101.102.103")]
        return vault_of(STRONG, OTHER, (b"1234", Kind.PASSWORD), b"ZQVX0", *ips)

    return make_one


def _is_text(data: bytes, vault: Vault) -> bool:
    try:
        vault.find(data)
    except SealingError:
        return False
    return True


@given(_TEXT, _TEXT)
def test_restoring_undoes_sealing(hostile: Callable[[], Vault], one: bytes, two: bytes) -> None:
    """Byte for byte, whatever the text holds, and whatever was sealed before it."""
    vault = hostile()
    for path, data in (("one", one), ("two", two), ("three", two + one)):
        if _is_text(data, vault):
            sealed = vault.seal(data, path)
            assert restore(vault, sealed, sealed.data, path).data == data
            assert restore(vault, sealed, sealed.data, path).faults == ()


@given(_TEXT)
def test_lines_are_kept(hostile: Callable[[], Vault], data: bytes) -> None:
    """So that a place in a sealed file is a place in the file."""
    vault = hostile()
    if _is_text(data, vault):
        sealed = vault.seal(data)
        ends = [data.count(b"\r\n"), data.count(b"\n"), data.count(b"\r")]
        new = sealed.data
        assert [new.count(b"\r\n"), new.count(b"\n"), new.count(b"\r")] == ends
        assert data[-1:] in b"\r\n" or not new.endswith((b"\r", b"\n"))
        for mark in sealed.marks:
            assert new[mark.start : mark.end].replace(b"\0", b"").decode() == mark.placeholder
            assert new.count(b"\n", 0, mark.start) == mark.line - 1


@given(_TEXT.map(lambda text: text.replace(b"\0", b"")))
def test_no_value_is_left(hostile: Callable[[], Vault], data: bytes) -> None:
    """Neither where the finder says, nor in what was sealed later."""
    vault = hostile()
    # Without the mark of a wide encoding, these bytes are what they look like.
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        sealed = vault.seal(data)
        assert STRONG not in sealed.data
        assert OTHER not in sealed.data
        known = {bytes(mark.placeholder, "ascii") for mark in sealed.marks}
        assert all(vault.known(mark) is not None for mark in known)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"]
)
def test_the_encoding_is_kept(vault_of: VaultOf, encoding: str) -> None:
    """The same value has the same placeholder in all of them."""
    text = f"name = bär\r\npassword = {STRONG.decode()}\r\nlast"
    data = text.encode(encoding)
    vault = vault_of(STRONG)
    sealed = vault.seal(data, "a")
    word = make(KEY, STRONG, Shape.WORD)
    assert sealed.data.decode(encoding) == text.replace(STRONG.decode(), word.decode())
    (mark,) = sealed.marks
    assert sealed.data[mark.start : mark.end].replace(b"\0", b"") == word
    assert data[mark.span.start : mark.span.end].replace(b"\0", b"") == STRONG
    assert mark.line == 2
    assert restore(vault, sealed, sealed.data, "a").data == data


def test_the_same_value_has_one_placeholder(vault_of: VaultOf) -> None:
    """In every file, and in the next process; another key gives another."""
    first, second = vault_of(STRONG), vault_of(STRONG)
    assert first.seal(STRONG, "a").data == second.seal(STRONG, "b").data
    assert first.seal(STRONG, "c").data == second.seal(STRONG).data
    assert vault_of(STRONG, key=b"k" * 32).seal(STRONG).data != first.seal(STRONG).data


@given(st.sets(st.binary(min_size=8, max_size=9), min_size=1))
def test_keys_never_share_a_placeholder(vault_of: VaultOf, values: set[bytes]) -> None:
    """For no value that both repositories have."""
    marks = []
    for key in (b"a" * 32, b"b" * 32):
        vault = vault_of(key=key)
        marks.append({make(key, value, Shape.WORD) for value in values})
        assert vault.values() == ()
    assert not marks[0] & marks[1]


def test_what_is_learned_is_sealed_everywhere(vault_of: VaultOf) -> None:
    """A value that only one file's syntax gives away is found in the others, also encoded."""

    class InEnv:
        def find(self, data: bytes, path: str = "") -> tuple[Span, ...]:
            return vault_of(STRONG).find(data, path) if path.endswith(".env") else ()

    vault = type(vault_of())(KEY, InEnv())
    for number in range(40):
        vault.learn(b"x = 1\n", f"{number}.env")
    vault.learn(b"PASSWORD=" + STRONG, "a.env")
    for form in (STRONG, STRONG.hex().encode()):
        sealed = vault.seal(b"it says " + form + b" there", "notes.md")
        assert form not in sealed.data
        assert len(sealed.marks) == 1


def test_nothing_that_was_learned_is_forgotten(vault_of: VaultOf) -> None:
    """However many files brought one value each, and were sealed in between."""
    values = [b"Secret-%d-of-many" % number for number in range(50)]

    class FirstLine:
        def find(self, data: bytes, path: str = "") -> tuple[Span, ...]:
            assert isinstance(path, str)
            return (Span(0, data.index(b"\n"), Kind.TOKEN, "first"),) if data[:1] != b"\n" else ()

    vault = type(vault_of())(KEY, FirstLine())
    for number, value in enumerate(values):
        vault.seal(value + b"\n", f"{number}")
        sealed = vault.seal(b"\n" + b"\n".join(values[: number + 1]), "all")
        assert len(sealed.marks) == number + 1
        assert not any(one in sealed.data for one in values)


def test_values_that_touch_are_told_apart(vault_of: VaultOf) -> None:
    """A number beside another value becomes a word, or it would not be found again."""
    vault = vault_of((b"1234", Kind.PASSWORD), b"!key-!")
    data = b"a: !key-!1234\nb: 1234\n"
    sealed = vault.seal(data, "a.yaml")
    assert [len(mark.placeholder) for mark in sealed.marks] == [16, 16, 18]
    assert restore(vault, sealed, sealed.data, "a.yaml").data == data


def test_two_values_never_share_a_placeholder(vault_of: VaultOf) -> None:
    """Addresses are few: by chance some collide, and the later ones get others."""

    class InLines:
        def find(self, data: bytes, path: str = "") -> tuple[Span, ...]:
            assert path == "a"
            lines = re.finditer(rb"[^\n]+", data)
            return tuple(Span(*line.span(), Kind.IP, "line") for line in lines)

    values = [b"10.%d.%d.1" % divmod(number, 256) for number in range(16_000)]
    vault = type(vault_of())(KEY, InLines())
    data = b"\n".join(values) + b"\n"
    plain = {make(KEY, value, Shape.IPV4) for value in values}
    assert len(plain) < len(values), "no collision: this test shows nothing"
    sealed = vault.seal(data, "a")
    assert len({mark.placeholder for mark in sealed.marks}) == len(values)
    assert restore(vault, sealed, sealed.data, "a").data == data


def test_a_placeholder_in_the_text_is_not_given_out(vault_of: VaultOf) -> None:
    """Somebody has saved a sealed file: its text is sealed like any value."""
    word = make(KEY, STRONG, Shape.WORD)
    vault = vault_of(STRONG)
    data = b"old = " + word + b"\nnew = " + STRONG + b"\n"
    sealed = vault.seal(data, "a")
    assert word not in sealed.data
    assert [mark.span.kind for mark in sealed.marks] == [Kind.MARKER, Kind.TOKEN]
    assert restore(vault, sealed, sealed.data, "a").data == data


def test_nothing_shows_a_value(vault_of: VaultOf) -> None:
    """A traceback with local variables has every repr."""
    vault = vault_of(STRONG)
    sealed = vault.seal(STRONG, "a")
    restored = restore(vault, sealed, sealed.data, "a")
    for one in (vault, sealed, vault.values(), restored, vault.values()[0]):
        assert STRONG.decode() not in repr(one)


def test_values_say_where_they_were_first(vault_of: VaultOf) -> None:
    """So that a refusal at the door can name the file and the kind."""
    vault = vault_of(STRONG, (b"root", Kind.PASSWORD))
    vault.learn(b"\n\npw = " + STRONG + b"\n", "a")
    vault.learn(STRONG + b" root", "b")
    rows = [(v.kind, v.path, v.line, v.is_strong) for v in vault.values()]
    assert rows == [(Kind.TOKEN, "a", 3, True), (Kind.PASSWORD, "b", 1, False)]
    first, second = vault.values()
    assert vault.paths(first) == {"a", "b"}
    assert vault.paths(second) == {"b"}
    assert vault.known(first.placeholder.encode()) == first
    assert vault.known(first.placeholder.lower().encode()) is None


def test_counts_are_of_values(vault_of: VaultOf) -> None:
    """Each value once, by kind, also within JSON."""
    vault = vault_of(STRONG, OTHER, (b"10.0.0.1", Kind.IP))
    sealed = vault.seal(STRONG + b" " + STRONG + b" " + OTHER + b"\n10.0.0.1\n", "a")
    body = b'{"x": "' + sealed.data.replace(b"\n", b"\\n") + b'"}'
    assert vault.counts(body) == (Count("ip", 1), Count("token", 2))
    assert vault.counts(b"nothing") == ()


def test_a_request_is_of_no_file(vault_of: VaultOf) -> None:
    """What it alone holds belongs nowhere."""
    vault = vault_of(STRONG)
    sealed = vault.seal_text(f"set it to {STRONG.decode()}, please \udce4")
    assert sealed.endswith(", please \udce4")
    (value,) = vault.values()
    assert sealed.split()[3] == value.placeholder + ","
    assert vault.paths(value) == frozenset()


@given(st.lists(_HOSTILE.filter(lambda x: b"/" not in x), min_size=1).map(b"".join))
def test_file_names_come_back(hostile: Callable[[], Vault], name: bytes) -> None:
    """Part by part, also in bytes that are no UTF-8."""
    vault = hostile()
    path = f"conf/{name.decode('utf-8', 'surrogateescape')}/x.py"
    sealed = vault.seal_path(path)
    assert sealed.count("/") == path.count("/")
    assert vault.restore_path(sealed) == path


def test_an_unknown_placeholder_in_a_name_is_refused(vault_of: VaultOf) -> None:
    """No file of that name was meant."""
    vault = vault_of(STRONG)
    assert vault.restore_path("a/b.py") == "a/b.py"
    with pytest.raises(SealingError, match="stands for nothing"):
        vault.restore_path("a/ZQVX0123456789BC.py")


# --- what is kept or shown ------------------------------------------------------------------------


def test_scrubbing_leaves_placeholders(vault_of: VaultOf) -> None:
    """A log of a sealed file is read beside it, and is scrubbed more than once."""
    word = make(KEY, STRONG, Shape.WORD)
    vault = vault_of(STRONG, word, b"is " + word)
    text = f"{STRONG.decode()} is {word.decode()}"
    once = vault.scrub_text(text)
    assert once.count(word.decode()) == 2
    assert STRONG.decode() not in once
    assert vault.scrub_text(once).count(word.decode()) == 2


@pytest.mark.parametrize(
    "prefix", [b"\0\1\2", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\x89PNG\0"]
)
def test_scrubbing_takes_any_bytes(vault_of: VaultOf, prefix: bytes) -> None:
    """What cannot be read as text loses what kept it from being so, and its values."""
    vault = vault_of(STRONG)
    vault.learn(STRONG, "a")
    wide = STRONG.decode().encode("utf-16-le")
    for data in (prefix + STRONG + b"\0", prefix + wide, prefix + wide + b"\0\xd8", b"\0" + wide):
        scrubbed = vault.scrub(data)
        assert STRONG not in scrubbed.replace(b"\0", b""), data


@given(st.binary())
def test_scrubbing_never_fails_on_bytes(vault_of: VaultOf, data: bytes) -> None:
    """Whatever a tool prints can be kept."""
    vault_of(STRONG).scrub(data)


def test_a_finder_that_fails_stops_everything(vault_of: VaultOf) -> None:
    """Nothing is sealed, so nothing is sent, kept or shown."""

    class Broken:
        def find(self, data: bytes, path: str = "") -> tuple[Span, ...]:
            raise OSError(5, f"{path}{len(data)}")

    vault = type(vault_of())(KEY, Broken())
    for act in (vault.seal, vault.learn, vault.scrub):
        with pytest.raises(OSError, match="5"):
            act(b"x")
    for undecodable in (b"a\0b", b"\xff\xfea"):
        with pytest.raises(SealingError):
            vault_of().seal(undecodable)
        with pytest.raises(SealingError):
            vault_of().learn(undecodable)
