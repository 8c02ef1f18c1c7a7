"""A diff from a to b placed in a gives b, or is refused; nothing crashes and nothing is guessed."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from hypothesis import assume, example, given
from hypothesis import strategies as st

from workflow.patch.interface import Content, Edit, Fit, Hunk, PatchError, Reason, Snippet
from workflow.patch.lines import indent, split, turns
from workflow.patch.place import place
from workflow.types import RepoPath

if TYPE_CHECKING:
    from workflow.patch.interface import Placement

PATH = RepoPath("f")

WORDS = st.sampled_from(
    [b"a", b"b", b"}", b"return", b"\xe9", b"\x0c", b"\x01", b"\x02", b"\xef\xbb\xbf"]
)
BLANKS = st.sampled_from([b"", b"", b" ", b"  ", b"\t", b"\t\t", b" \t"])
ENDS = st.sampled_from([b"", b"", b"", b" ", b"\r", b" \r", b"\t", b"\r\r"])
LINE = st.one_of(st.builds(lambda *parts: b"".join(parts), BLANKS, WORDS, ENDS), BLANKS, ENDS)
LINES = st.lists(LINE, max_size=12)
FILE = st.builds(
    lambda lines, end: b"\n".join(lines) + (b"\n" if lines and end else b""), LINES, st.booleans()
)


class Memory:
    """One file that is only in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, path: RepoPath) -> Content | None:
        """Return it."""
        return Content("100644", self._data) if path == PATH else None


def placed(data: bytes, *changes: Hunk | Snippet) -> Placement:
    """Place changes of one file."""
    return place([Edit((PATH,), changes)], Memory(data))


def tried(data: bytes, *changes: Hunk | Snippet) -> Placement | PatchError:
    """Place changes of one file, or return why not."""
    try:
        return placed(data, *changes)
    except PatchError as error:
        return error


def edited(data: bytes, *changes: Hunk | Snippet) -> bytes:
    """Return the bytes that changes of one file give."""
    ((_, content),) = placed(data, *changes).files
    assert content
    return content.data


def keeping_ends(data: bytes) -> list[bytes]:
    """Split at line feeds alone, keeping them."""
    return [line for line in data.replace(b"\n", b"\n\0").split(b"\0") if line]


def hunks(old: bytes, new: bytes, context: int) -> list[Hunk]:
    """Write down what turns one text into another."""
    a, b = keeping_ends(old.replace(b"\0", b"0")), keeping_ends(new.replace(b"\0", b"0"))
    found = []
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    for number, group in enumerate(matcher.get_grouped_opcodes(context), 1):
        signs = b"".join(
            b" " * (a2 - a1) if tag == "equal" else b"-" * (a2 - a1) + b"+" * (b2 - b1)
            for tag, a1, a2, b1, b2 in group
        )
        first, last = group[0], group[-1]
        lines = b"".join(a[first[1] : last[2]]), b"".join(b[first[3] : last[4]])
        found.append(Hunk(number, *lines, signs))
    return found


@given(FILE, FILE, st.integers(0, 3), st.randoms(use_true_random=False))
@example(b"a\nb", b"a\nb\nc\n", 3, None)
@example(b"a\n", b"", 3, None)
def test_a_diff_gives_what_it_was_made_of_or_nothing(
    old: bytes, new: bytes, context: int, random: object
) -> None:
    """Never something else, however the lines look and wherever they stand twice."""
    assume(old != new)
    changes = hunks(old, new, context)
    if hasattr(random, "shuffle"):
        random.shuffle(changes)
    try:
        result = placed(old, *changes)
    except PatchError:
        return
    assert result.files == ((PATH, Content("100644", new)),)
    assert {at.fit for at in result.places} == {Fit.EXACT}


@given(st.lists(st.integers(0, 10**6), unique=True, min_size=1, max_size=20), LINES, st.data())
def test_unique_lines_are_never_refused(
    numbers: list[int], fresh: list[bytes], data: st.DataObject
) -> None:
    """Where no two lines are equal, every diff with context finds its place."""
    lines = [b"%d\n" % number for number in numbers]
    at = data.draw(st.integers(0, len(lines) - 1))
    until = data.draw(st.integers(at, len(lines)))
    added = [b"new " + line + b"\n" for line in fresh]
    old, new = b"".join(lines), b"".join([*lines[:at], *added, *lines[until:]])
    assume(new != old)
    assert edited(old, *hunks(old, new, 3)) == new


# --- places in each tier, counted by a scan that is slow and plain -----------------------------


def bare(line: bytes) -> bytes:
    """Return a line without blanks at its end."""
    return line.rstrip(b" \t\r")


def is_shift(wanted: list[bytes], real: list[bytes]) -> bool:
    """Whether one prefix, added to or taken from all lines that are not blank, makes them equal."""
    pairs = [(bare(a), bare(b)) for a, b in zip(wanted, real, strict=True)]
    if any(bool(a) != bool(b) for a, b in pairs):
        return False
    pairs = [(a, b) for a, b in pairs if a]
    prefixes = {b.removesuffix(a) for a, b in pairs if b.endswith(a)}
    others = {a.removesuffix(b) for a, b in pairs if a.endswith(b)}
    more = len(prefixes) == 1 and all(b.endswith(a) for a, b in pairs)
    less = len(others) == 1 and all(a.endswith(b) for a, b in pairs)
    blank = b"".join(prefixes if more else others).strip(b" \t") == b""
    return (more or less) and blank


def tiers(wanted: list[bytes], lines: list[bytes]) -> list[list[int]]:
    """Every place in every tier."""
    count = len(wanted)
    spans = [(at, lines[at : at + count]) for at in range(len(lines) - count + 1)]
    return [
        [at for at, real in spans if real == wanted],
        [at for at, real in spans if [*map(bare, real)] == [*map(bare, wanted)]],
        [at for at, real in spans if is_shift(wanted, real)],
    ]


@given(
    st.lists(LINE, min_size=1, max_size=30), st.data(), st.sampled_from([b"", b" ", b"  ", b"\t"])
)
def test_the_first_tier_with_a_place_decides(
    lines: list[bytes], data: st.DataObject, shift: bytes
) -> None:
    """A plain scan of each tier says the same: one place, several, or none."""
    at = data.draw(st.integers(0, len(lines) - 1))
    count = data.draw(st.integers(1, 3))
    wanted = [shift + line + data.draw(ENDS) for line in lines[at : at + count]]
    # NOTE: a mark at the top is looked behind, which the plain scan does not.
    assume(any(line.strip() for line in wanted) and not lines[0].startswith(b"\xef\xbb\xbf"))
    text = b"\n".join(wanted) + b"\n"
    found = next((places for places in tiers(wanted, lines) if places), [])
    change = Hunk(1, text, b"", b"-" * len(wanted))
    result = tried(b"\n".join([*lines, b"end\n"]), change)
    if isinstance(result, PatchError):
        expected = {0: Reason.NO_PLACE, 1: None}.get(len(found), Reason.SEVERAL_PLACES)
        # NOTE: tabs for spaces are one more way to fit, which the plain scan does not know.
        both = {byte for line in (*wanted, *lines) for byte in indent(line)} == set(b" \t")
        assert result.refusals[0].reason is expected or both
    else:
        assert [result.places[0].line - 1] == found or not found


@given(
    st.lists(LINE, min_size=1, max_size=6),
    st.sampled_from([b"", b" ", b"\t", b"  "]),
    st.lists(st.integers(0, 9), min_size=6, max_size=6),
)
def test_turns_are_the_same_exactly_under_one_shift(
    one: list[bytes], shift: bytes, odd: list[int]
) -> None:
    """The form in which shifted lines are searched for finds these and no others."""
    ours = [b"x", *map(bare, one)]
    theirs = [
        line and (b" " * (number == 1) + shift + line)[number == 2 :]
        for line, number in zip(ours, [0, *odd], strict=False)
    ]
    a, b = indent(ours[0]), indent(theirs[0])
    first = [text.split(b"\x02", 1)[1] for text in (turns(ours)[0], turns(theirs)[0])]
    is_same = first[0] == first[1] and turns(ours)[1:] == turns(theirs)[1:]
    assert (is_same and (a.endswith(b) or b.endswith(a))) == is_shift(ours, theirs)


@given(st.lists(LINE, min_size=3, max_size=20), st.data())
def test_a_fault_in_the_blanks_changes_nothing_else(
    lines: list[bytes], data: st.DataObject
) -> None:
    """A hunk with other blanks at its line ends changes its one line, or nothing."""
    at = data.draw(st.integers(0, len(lines) - 3))
    real = lines[at : at + 3]
    written = [bare(line) + data.draw(ENDS) for line in real]
    new = [written[0], b"fresh", written[2]]
    change = Hunk(
        1,
        b"".join(line + b"\n" for line in written),
        b"".join(line + b"\n" for line in new),
        b" -+ ",
    )
    before = b"".join(line + b"\n" for line in lines)
    try:
        result = edited(before, change)
    except PatchError:
        return
    after = split(result)
    assert [bare(line) for line in after] == [
        *map(bare, lines[: at + 1]),
        b"fresh",
        *map(bare, lines[at + 2 :]),
    ]
    assert after[: at + 1] + after[at + 2 :] == lines[: at + 1] + lines[at + 2 :]


# --- anything at all ---------------------------------------------------------------------------

RAW = st.one_of(FILE, st.binary(max_size=20))
HUNK = st.builds(Hunk, st.integers(1, 9), RAW, RAW, st.binary(max_size=9), st.booleans())
SIGNED = st.builds(Hunk, st.integers(1, 9), RAW, RAW, st.text(" -+", max_size=9).map(str.encode))
SNIPPET = st.builds(Snippet, st.integers(1, 9), RAW, RAW)


@given(RAW, st.lists(st.one_of(HUNK, SIGNED, SNIPPET), max_size=4))
def test_arbitrary_hunks_never_crash(data: bytes, changes: list[Hunk | Snippet]) -> None:
    """Whatever a reader may hand over: a placement, or a refusal that says why."""
    result = tried(data, *changes)
    if isinstance(result, PatchError):
        assert all(refusal.message and refusal.hint for refusal in result.refusals)
        assert all(len(refusal.nearest) <= 7 for refusal in result.refusals)
    else:
        assert len(result.places) == len(changes)


@given(LINES, LINES, st.integers(1, 4))
def test_a_decoy_is_never_chosen(one: list[bytes], other: list[bytes], copies: int) -> None:
    """Where the file holds a hunk's old lines once more, nothing is placed."""
    old, new = (b"\n".join([b"anchor", *lines, b""]) for lines in (one, other))
    assume(old != new)
    changes = hunks(old, new, len(one))
    decoy = changes[0].old
    result = tried(old + b"between\n" + decoy * copies, *changes)
    assert isinstance(result, PatchError)
    assert result.refusals[0].number == changes[0].number
