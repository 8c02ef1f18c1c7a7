"""The lossless nginx tree: what goes in comes out, and nginx's own lexing rules hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.semantics.nginx import (
    Comment,
    Edit,
    NginxSyntaxError,
    Span,
    apply_edits,
    byte_span,
    decode,
    directives,
    encode,
    parse,
    print_tree,
    walk,
)

SPACES = st.sampled_from([" ", "\t", "\n", "\r\n", "  \n", " # note\n", "\n# it's {odd};\r\n"])
WORDS = st.one_of(
    st.text(alphabet="abcz09_-./$*^~=:@", min_size=1, max_size=8),
    st.sampled_from(
        [
            "${var}",
            "a${b}c",
            "$a",
            r"\;",
            r"a\ b",
            '"x;y"',
            "'{'",
            r'"\""',
            "'é'",
            '"a\nb"',
            "\udcff",
        ]
    ),
)


@st.composite
def configs(draw: st.DrawFn, depth: int = 2) -> str:
    """A configuration that nginx's reader accepts, with odd spacing and words."""
    pieces = [draw(SPACES)]
    for _ in range(draw(st.integers(0, 4))):
        words = draw(st.lists(WORDS, min_size=1, max_size=3))
        pieces += [draw(SPACES).join([*words, ""])]
        if depth and draw(st.booleans()):
            pieces += ["{", draw(configs(depth - 1)), "}"]
        else:
            pieces.append(";")
        pieces.append(draw(SPACES))
    return "".join(pieces)


@given(configs(), st.sampled_from(["", "\ufeff"]))
def test_prints_what_it_parsed(text: str, mark: str) -> None:
    """Printing a parsed configuration gives the same text, byte-order mark included."""
    assert print_tree(parse(mark + text)) == mark + text


@given(st.text(alphabet="a{};\"'\\#$ \n\r\t)é", max_size=40))
def test_arbitrary_text_parses_or_is_refused(text: str) -> None:
    """Any text either round-trips or raises the typed error with a line of the text."""
    try:
        tree = parse(text)
    except NginxSyntaxError as error:
        line = error.line
    else:
        line = 1
        assert print_tree(tree) == text
    assert 1 <= line <= text.count("\n") + 1


@given(st.binary(max_size=60))
def test_any_bytes_survive(data: bytes) -> None:
    """Decoding and encoding keep every byte, valid UTF-8 or not."""
    assert encode(decode(data)) == data


@settings(max_examples=50)
@given(configs(), st.data())
def test_edits_leave_the_rest_alone(text: str, data: st.DataObject) -> None:
    """Bytes outside the edited spans stay, and every replacement is there."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    edits = [Edit(start, end, f"<{index}>") for index, (start, end) in enumerate(spans)]
    result = apply_edits(text, edits)
    position = 0
    for edit, behind in zip(edits, [*spans[1:], (len(text), 0)], strict=False):
        position = result.index(edit.replacement, position) + len(edit.replacement)
        kept = text[edit.end : behind[0]]
        assert result[position : position + len(kept)] == kept


def test_insertions_keep_their_order() -> None:
    """Two insertions at one place stand in the order in which they were given."""
    assert apply_edits("ab", [Edit(1, 1, "x"), Edit(1, 1, "y")]) == "axyb"


@pytest.mark.parametrize("edits", [[Edit(0, 2, ""), Edit(1, 2, "")], [Edit(0, 9, "")]])
def test_impossible_edits_are_refused(edits: list[Edit]) -> None:
    """Overlapping edits, and edits outside the text, raise."""
    with pytest.raises(ValueError, match="overlap"):
        apply_edits("abc", edits)


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("a ${b}c d;", "a", ("${b}c", "d")),
        ("a ${x} y;", "a", ("${x}", "y")),
        (r"a b\;c;", "a", (r"b\;c",)),
        ('a "b c" \'d"e\';', "a", ("b c", 'd"e')),
        (r'a "say \"hi\"" "tab\t";', "a", ('say "hi"', "tab\t")),
        (r"a \.php$;", "a", (r"\.php$",)),
        ("a b#c;", "a", ("b#c",)),
        ('a b"c d;', "a", ('b"c', "d")),
        ('if ($a = "b") { }', "if", ("($a", "=", "b", ")")),
        ("a }b;", "", ()),
        ("a b}c;", "a", ("b}c",)),
        ('"a" b;', "a", ("b",)),
    ],
)
def test_words(text: str, name: str, values: tuple[str, ...]) -> None:
    """Quotes, escapes, variables in braces and marks inside words are read as nginx reads them."""
    if not name:
        with pytest.raises(NginxSyntaxError):
            parse(text)
        return
    (node,) = directives(parse(text).children)
    assert (node.name, node.values) == (name, values)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a b", 1, "unexpected end of file"),
        ("a {\n b;\n", 3, 'expecting "}"'),
        ("a;\n}\n", 2, 'unexpected "}"'),
        ("a;\n;", 2, 'unexpected ";"'),
        ("\n{", 2, 'unexpected "{"'),
        ('a "b"c;', 1, "unexpected 'c'"),
        ('a\n"b', 2, "unexpected end of file"),
        ("a { b }", 1, 'unexpected "}"'),
        ("x { content_by_lua_block {\n a = {} \n", 1, "Lua"),
        ("a{" * 200, 1, "nested deeper"),
    ],
)
def test_syntax_errors(text: str, line: int, reason: str) -> None:
    """What nginx's reader would not take is refused with the line and a reason."""
    with pytest.raises(NginxSyntaxError, match=reason) as caught:
        parse(text)
    assert caught.value.line == line


@pytest.mark.parametrize(
    "lua",
    [
        ' ngx.say("}") ',
        " local t = {a={1}} ",
        " -- a } in a comment\n ",
        " --[[ } ]] ",
        " --[==[ } ]] } ]==] ",
        " local s = [[ } ]] ",
        r" local s = '\'}' ",
    ],
)
def test_lua_blocks_are_opaque(lua: str) -> None:
    """Braces in Lua strings and comments do not close a block, and its text is kept."""
    text = f"location / {{ content_by_lua_block {{{lua}}} return 200; }}"
    names = [node.name for node in walk(parse(text).children)]
    assert names == ["location", "content_by_lua_block", "return"]
    assert print_tree(parse(text)) == text


def test_map_lines_have_the_shape_of_directives() -> None:
    """Entries of a map are name and arguments, whatever the name looks like."""
    (node,) = directives(parse('map $a $b { default ""; "~^x{2}$" 1; }').children)
    assert [(entry.name, entry.values) for entry in directives(node.children)] == [
        ("default", ("",)),
        ("~^x{2}$", ("1",)),
    ]


def test_comments_keep_their_place() -> None:
    """A comment is a node with its span, without the line's end."""
    (node, _) = parse("# héllo\r\na;").children
    assert isinstance(node, Comment)
    assert (node.text, node.line) == ("# héllo", 1)


def test_byte_spans_count_bytes() -> None:
    """A span in characters is a span in bytes where the text is not ASCII."""
    text = "é x;"
    (node,) = directives(parse(text).children)
    assert byte_span(text, node.args[0].span) == Span(3, 4)
