"""Lines are paired with what they were, and a place knows the blocks around it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.redaction.vault.align import aligned
from workflow.redaction.vault.context import Context, compare

_LINES = st.lists(st.sampled_from([b"a", b"b", b"c", b" a ", b"", b"{", b"}"]), max_size=12)


@given(_LINES, _LINES)
def test_pairs_rise_and_are_alike(before: list[bytes], after: list[bytes]) -> None:
    """Each line has at most one like, and none are crossed."""
    pairs = aligned(before, after)
    assert len(pairs) == len(after)
    rising = [pair for pair in pairs if pair >= 0]
    assert rising == sorted(set(rising))
    for line, pair in zip(after, pairs, strict=True):
        assert pair < 0 or line.split() == before[pair].split()


@given(_LINES)
def test_an_equal_text_is_paired_whole(lines: list[bytes]) -> None:
    """Line by line."""
    assert aligned(lines, lines) == list(range(len(lines)))


@given(st.lists(st.integers(0, 99), max_size=30), st.data())
def test_short_texts_are_paired_as_well_as_can_be(lines: list[int], data: st.DataObject) -> None:
    """Where nothing is out of order, a deletion or an addition loses no other pair."""
    before = [b"%d" % line for line in lines]
    at = data.draw(st.integers(0, len(before)))
    after = [*before[:at], b"new", *before[at:]]
    assert aligned(before, after) == [*range(at), -1, *range(at, len(before))]
    assert aligned(after, before) == [*range(at), *range(at + 1, len(after))]


def test_unique_lines_are_the_anchors() -> None:
    """A block that came in holds braces like any other; they do not pair with the old ones."""
    before = b"a {\nx\n}\nb {\ny\n}\n".split(b"\n")
    after = b"a {\nx\n}\nnew {\nz\n}\nb {\ny\n}\n".split(b"\n")
    assert aligned(before, after) == [0, 1, 2, -1, -1, -1, 3, 4, 5, 6]


def test_many_lines_are_paired_in_time() -> None:
    """Thirty thousand, shuffled in places, of which many are alike."""
    before = [b"line %d" % number if number % 3 else b"}" for number in range(30_000)]
    after = [line for at in range(0, 30_000, 50) for line in reversed(before[at : at + 50])]
    start = time.process_time()
    pairs = aligned(before, after)
    assert time.process_time() - start < 10
    assert sum(pair >= 0 for pair in pairs) > 600


def contexts(path: str, text: bytes, word: bytes = b"HERE") -> list[Context]:
    """Return the context of each word in a text that was not edited."""
    places = [at for at in range(len(text)) if text.startswith(word, at)]
    first, second = compare(text, text, path, (places, places))
    assert first == second
    return first


@pytest.mark.parametrize(
    ("path", "text", "statement"),
    [
        ("a.py", b"f(\n  1,\n  HERE,\n)\nx = 1", b"f( 1, HERE, )"),
        ("a.py", b"x = [\n  HERE]\ny", b"x = [ HERE]"),
        ("a.py", b"x = {\n  'a': HERE,\n  'b': 1,\n}", b"'a': HERE"),
        ("a.js", b"get('u', {\n  h: {\n    a: HERE\n  }\n});", b"a: HERE"),
        ("a.sh", b"curl \\\n  -u HERE \\\n  host\nls", b"curl \\ -u HERE \\ host"),
        ("a.sh", b"curl \\\r\n  -u HERE\r\nls", b"curl \\ -u HERE"),
        ("a.yaml", b"a: (\nb: HERE", b"b: HERE"),
        ("a.conf", b"x '(' HERE;\ny", b"x '(' HERE;"),
        ("a.conf", b"x \\( HERE;\ny", b"x \\( HERE;"),
        ("a.txt", b"f(" + b"\n" * 50 + b"HERE", b"f( HERE"),
    ],
)
def test_a_statement_is_all_of_its_lines(path: str, text: bytes, statement: bytes) -> None:
    """What is in its round and square brackets, and continued lines; a block's lines are apart."""
    (context,) = contexts(path, text)
    assert context.statement == statement


@pytest.mark.parametrize(
    ("path", "text", "groups"),
    [
        ("a.conf", b"a {\n HERE\n HERE\n}\nb {\n HERE\n}\nHERE", "xxyz"),
        ("a.conf", b"a\n{\n HERE\n}\nb\n{\n HERE\n}\n", "xy"),
        ("a.conf", b"a { b { HERE } }\nHERE", "xx"),
        ("a.ini", b"HERE\n[a]\nHERE\n[b]\nHERE\nx\nHERE", "xyzz"),
        ("a.toml", b"[[a]]\nHERE\n[[a]]\nHERE", "xy"),
        ("a.py", b"def a():\n    HERE\n\n    # b\n    HERE\ndef b():\n    HERE", "xxy"),
        ("a.py", b"if a:\n    HERE\nelse:\n    HERE\nHERE", "xyz"),
        ("a.py", b"x = {\n    1: HERE\n}\ny = {\n    1: HERE\n}\n", "xy"),
        ("a.yaml", b"a:\n- HERE\n- HERE\nb:\n- HERE", "xxy"),
        ("a.yaml", b"- n: 1\n  v: HERE\n- n: 2\n  v: HERE\n", "xy"),
        ("a.yaml", b"HERE\n---\nHERE\n", "xy"),
        ("a.yaml", b"a:\n  # b\n  HERE\n#\n  HERE\n", "xx"),
        ("a.conf", b"}}}\na {\nHERE\n}\nHERE", "xy"),
    ],
)
def test_blocks_are_told_apart(path: str, text: bytes, groups: str) -> None:
    """By brackets, section headings, indentation, and the items of a list."""
    found = [context.chain for context in contexts(path, text)]
    names = dict(zip(found, groups, strict=True))
    assert [names[chain] for chain in found] == list(groups)
    assert len(set(found)) == len(set(groups))


def test_blocks_of_the_same_name_are_two() -> None:
    """Told by which line of the old text they are, so that a move between them is seen."""
    before = b"s {\n l {\n  HERE\n }\n one\n}\ns {\n l {\n  z\n }\n two\n}\n"
    after = b"s {\n l {\n }\n one\n}\ns {\n l {\n  HERE\n  z\n }\n two\n}\n"
    places = [before.index(b"HERE")], [after.index(b"HERE")]
    (old,), (new,) = compare(before, after, "a.conf", places)
    assert old.statement == new.statement
    assert old.chain != new.chain


def test_a_brace_on_a_line_of_its_own_belongs_to_the_line_before() -> None:
    """Another name above it makes it another block."""
    before, after = b"one\n{\n  HERE\n}\n", b"two\n{\n  HERE\n}\n"
    (old,), (new,) = compare(before, after, "a.conf", ([before.index(b"H")], [after.index(b"H")]))
    assert old.chain != new.chain
