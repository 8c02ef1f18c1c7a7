"""Words that read as other words are named; prose in any script is not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.policy.lookalikes import _table

if TYPE_CHECKING:
    from tests.unit.policy.conftest import Bench

# Cyrillic, by the ASCII letters that they look like.
A, C, E, P, Y = "\u0430", "\u0441", "\u0435", "\u0440", "\u0443"
COPY = f"{C}\u043e{P}{Y}"


def comes(text: str) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return the two trees of a change that adds a line."""
    return {"a.txt": b"x = 1\n"}, {"a.txt": f"x = 1\n{text}\n".encode()}


def test_words_in_disguise_are_named(bench: Bench) -> None:
    """Mixed ones, ones of look-alikes only, and other forms of ASCII letters."""
    for text in [
        f"p{A}ypal = 1",
        f"user_{A}dmin = 1",
        f"user_{A} = 1",
        f"{COPY} = 1",
        f"import {C}\u043e{P}{E}",
        f"if ({A} == 1)",
        f"set ${COPY} 1;",
        f"{COPY}, {A} = 1, 2",
        f"x.{COPY}()",
        f"{COPY} = 1  # \u044d\u0442\u043e",
        f"\u00e9t\u00e9 {COPY}",
        f"\u4f60\u597d {COPY}",
        "\u044d\u0442\u043e \uff50\uff41\uff59",
        f"def {COPY}(\u0436\u0443\u043a):",
        "\u0442oken = 1",
        "\u0433oot = 1",
        "p\u03b1ypal = 1",
        "n\u043ede = 1",
        "\u0578ame = 1",
        "\u13a0\u13aa\u13a2\u13aa = 1",
        "\uff50\uff41\uff59 = 1",
        "pay\uff50al = 1",
        "\U0001d429\U0001d41a\U0001d432 = 1",
        "\ufb01le = 1",
        "\u212aey = 1",
        "\u017fudo = 1",
        "p\u0251ss = 1",
        "l\u0131st = 1",
        "x.l\u0131st(\u00f6)",
        "return \u1d04ode  # \u0131\u015f\u0131k",
        "\u0261et = 1",
        "# TODO \u0440\u043e\u0441\u0430",
        "- \u0440\u043e\u0441\u0430",
        "u = 'https://good.test\u2215evil'",
        "u = 'https:\uff0f\uff0fevil.test'",
        "good.test\u2044evil",
        "1\u2044x",
        "evil\u3002test",
        "evil\uff0etest",
        "host\u02d0port",
        "host\u0589port",
        "a\u201ab",
        "16\u22369",
        "x \ua78a 1",
        "x \u02d7 1",
        "a\ufe52b",
        "key\uff1a value",
        "pad\uff08x",
        "port = \uff18\uff10",
        "x = 1\u0662",
        "x = \u06621",
        "x = \u09ea2",
        "x = \U0001d7cf",
        "x = 9\u037e y = 1",
        "x \u01c3= 1",
        "`\u1fef",
    ]:
        assert bench.rules(*comes(text)) == {"homoglyph"}, ascii(text)


def test_prose_and_mathematics_are_free(bench: Bench) -> None:
    """Whole sentences in other scripts, symbols, raised letters, accents."""
    for text in [
        "# \u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440: \u044d\u0442\u043e \u0430",
        f"# {A} \u043e\u043d \u0436\u0434\u0451\u0442 {C} \u0443\u0442\u0440\u0430",
        f"# {A}) \u043f\u0435\u0440\u0432\u043e\u0435",
        "# \u0433. \u041c\u043e\u0441\u043a\u0432\u0430",
        "# \u03ba\u03b1\u03bb\u03ae \u03bc\u03ad\u03c1\u03b1, \u03c4\u03bf \u03ad\u03bd\u03b1",
        "# \u0532\u0561\u0580\u0565\u0582 \u0541\u0565\u0566",
        "\u03b1 = 0.05; \u03c1 = 1; d\u0394 = 2; \u03bb_x = 3; \u03c1_air = 1.2",
        "\u2139 note",
        "10 m\u00b2, 5 \u00b5s, 3 k\u03a9, 1\u00ba, 2\u00aa, x\u1d40, n\u1d57\u02b0",
        "na\u00efve caf\u00e9 stra\u00dfe \u0131\u015f\u0131k \u00c5ngstr\u00f6m na\u0131\u0308ve",
        "# \u0440\u043e\u0441\u0430, \u0443\u0442\u0440\u043e \u043b\u0435\u0441",
        "bir s\u0131n\u0131f i\u00e7in, yeni l\u0131st",
        "\u201aso\u2018 \u2013 \u201cx\u201d \u2014 1\u20442 \u00bd \u2212 1\u2032",
        "\u4f7f\u7528API\uff1ahttps\uff0c\u652f\u6301 JSON\uff0cYAML \u7b49",
        "text.replace('\u3002', '.')",
        "\u652f\u6301 JSON\u3002",
        "\u0251 = 1",
        "a na\u0131\u0308ve plan",
        "\u7b2c\uff11\u7ae0",
        "\u0540\u0561\u0575\u0565\u0580\u0565\u0576\u0589 b",
        "/\u02c8f\u026a\u0283/ \u0663",
        "\u65e5\u672c\u8a9e\u306eAPI\u3067\u3059 \u4f60\u597d",
        "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd \ud55c\uad6d\uc5b4",
    ]:
        assert bench.rules(*comes(text)) == set(), ascii(text)


def test_names_of_new_files_are_words(bench: Bench) -> None:
    """A module is found by its name."""
    assert bench.rules({}, {f"src/p{A}ypal.py": b"x\n"}) == {"homoglyph"}
    assert bench.rules({}, {f"{COPY}/x.py": b"x\n"}) == {"homoglyph"}
    assert bench.rules({}, {"src/l\u0131st.py": b"x\n"}) == {"homoglyph"}
    assert bench.rules({}, {"src\u2215x.py": b"x\n"}) == {"homoglyph"}
    assert bench.rules({}, {"docs/\u043e\u0442\u0447\u0451\u0442 \u0430.md": b"x\n"}) == set()
    name = f"p{A}ypal.py"
    assert bench.rules({name: b"x\n"}, {name: b"y\n"}) == set()


def test_a_word_that_was_there_is_not_brought_in(bench: Bench) -> None:
    """Whoever edits beside it is not to blame."""
    word = f"p{A}ypal".encode()
    assert bench.rules({"a": b"x\n%s\n" % word}, {"a": b"y\n%s = %s\n" % (word, word)}) == set()


def test_a_sign_that_was_there_is_not_brought_in(bench: Bench) -> None:
    """One more of it is."""
    base = {"a": "16\u22369\n".encode()}
    assert bench.rules(base, {"a": "a 16\u22369\n".encode()}) == set()
    assert bench.rules(base, {"a": "16\u22369\n4\u22363\n".encode()}) == {"homoglyph"}


def test_a_word_alone_in_a_comment(bench: Bench) -> None:
    """It is prose where the file has other prose of its script, and never outside comments."""
    prose, word = "# \u0443\u0442\u0440\u043e \u043b\u0435\u0441\n", "\u0440\u043e\u0441\u0430"
    for base, line, objects in [
        (prose, f"# {word}", False),
        (prose, f"    // {word}, {word}.", False),
        ("x\n", f"# {word}", True),
        (prose, f"x = 1  # {word}", True),
        (prose, f"#{word}", True),
        (prose, f"# define {word}", True),
        (prose, f"# ${word}", True),
        (prose, f"{word} = 1", True),
        ("# \u03ba\u03b1\u03bb\u03ae\n", f"# {word}", True),
    ]:
        change = {"a": base.encode()}, {"a": f"{base}{line}\n".encode()}
        assert bench.rules(*change) == ({"homoglyph"} if objects else set()), ascii(line)


def test_a_reason_says_what_the_word_reads_as(bench: Bench) -> None:
    """By escapes: the word itself would look right."""
    reasons = bench.reasons("homoglyph", *comes(f"p{A}yp{A}l = {COPY}"))
    assert reasons == [
        "p\\u0430yp\\u0430l reads as paypal",
        "\\u0441\\u043e\\u0440\\u0443 reads as copy",
    ]


def test_more_than_can_be_checked_is_refused(bench: Bench) -> None:
    """A haystack of look-alikes is no place to hide in."""
    reasons = bench.reasons("homoglyph", *comes(f"{COPY} " * 250_000))
    assert reasons == ["over 1,000,000 characters in lines beyond ASCII cannot be checked"]


def test_the_table_maps_letters_to_ascii_letters() -> None:
    """Every row has letters of other scripts, which read as the row's letter."""
    for number, read in _table().items():
        assert chr(number).isalpha(), hex(number)
        assert not chr(number).isascii(), hex(number)
        assert re.fullmatch("[A-Za-z]", read)
