"""Values are allowed one by one, for a reason and for a time, and never markers."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.redaction.allow import Allow
from workflow.redaction.interface import Kind, Span
from workflow.redaction.settings import EVERYWHERE, Allowance, Scope, SealingSettings

TODAY = date(2026, 11, 22)
LATER = date(2027, 1, 31)
# Put together here, so that this file itself holds no comment that allows anything.
ALLOW = "workflow: " + "allow"
GOOD = f"{ALLOW} token until 2027-01-31 because public test key"
COMMENTS = Allow(SealingSettings(), TODAY)


def at(text: str, value: str = "VALUE", kind: Kind = Kind.TOKEN, rule: str = "assignment") -> Span:
    """Return the place of a value in a text."""
    start = text.encode().index(value.encode())
    return Span(start, start + len(value.encode()), kind, rule)


def reason(text: str, span: Span | None = None, allow: Allow = COMMENTS, path: str = "f") -> str:
    """Return why a value may be seen, or nothing."""
    allowance = allow.drops(text.encode(), path, span or at(text))
    return allowance.reason if allowance else ""


@pytest.mark.parametrize(
    "text",
    [
        f"key = VALUE  # {GOOD}",
        f"key = VALUE  #{GOOD}\r\nnext",
        f"key = VALUE; // {GOOD}",
        f"key = VALUE ; {GOOD}",
        f"key VALUE -- {GOOD}",
        f"<key>VALUE</key> <!-- {GOOD} -->",
        f"key: VALUE, /* {GOOD} */ other",
        f'{{"key": "VALUE", "//": "{GOOD}"}}',
        f"x\n# {GOOD}\nkey = VALUE\nnext",
        f"  /** {GOOD} */\r\n  key = VALUE",
        f"<!-- {GOOD} -->\nVALUE",
        f"; {GOOD}\nkey = VALUE  # {ALLOW} password until 2027-01-31 because other",
        f"% {GOOD}\nVALUE",
        f"REM {GOOD}\nVALUE",
        f"'''\n-- {GOOD}\n VALUE'''",
    ],
)
def test_comments(text: str) -> None:
    """In any language's comments, on the same line or alone above, and in JSON's strings."""
    assert reason(text).startswith("public test key")
    assert COMMENTS.faults(text.encode(), "f") == ()


@pytest.mark.parametrize(
    "text",
    [
        "key = VALUE",
        f"key = VALUE {GOOD}",
        f"key = VALUE # see `{GOOD}`",
        f"x = 1  # {GOOD}\nkey = VALUE",
        f"# {GOOD}\n\nkey = VALUE",
        f"key = VALUE\n# {GOOD}",
        f"key = VALUE  # {GOOD.replace('token', 'password')}",
        f"key = VALUE  # {GOOD.replace('allow', 'allowed')}",
    ],
)
def test_what_is_no_such_comment(text: str) -> None:
    """No comment, another line, another kind: the value stays sealed, and there is no fault."""
    assert reason(text) == ""
    assert COMMENTS.faults(text.encode(), "f") == ()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("token until 2026-11-21 because public", "expired on 2026-11-21"),
        ("token until 2027-11-24 because public", "more than a year ahead"),
        ("token until 2027-02-30 because public", "none of the calendar"),
        ("token until 31.1.2027 because public", "lacks a kind, a day or a reason"),
        ("token until 2027-01-31", "lacks a kind, a day or a reason"),
        ("token because public", "lacks a kind, a day or a reason"),
        ("until 2027-01-31 because public", "lacks a kind, a day or a reason"),
        ("token until 2027-01-31 because -->", "no reason"),
        ("tokens until 2027-01-31 because public", "no kind of this name"),
        ("marker until 2027-01-31 because public", "no kind of this name"),
        ("token, marker until 2027-01-31 because public", "no kind of this name"),
        ("", "lacks a kind, a day or a reason"),
    ],
)
def test_faults(said: str, why: str) -> None:
    """What is expired or malformed allows nothing, and is told with its line."""
    text = f"a\nb\n\nkey = VALUE  # {ALLOW} {said}\n# {GOOD}\n"
    assert reason(text) == ""
    ((line, told),) = COMMENTS.faults(text.encode(), "f")
    assert line == 4
    assert why in told


def test_limits_of_time() -> None:
    """The last day counts, and a year ahead is allowed."""
    for day in ("2026-11-22", "2027-11-22"):
        assert reason(f"VALUE # {GOOD.replace('2027-01-31', day)}")


def test_any_and_several_kinds() -> None:
    """`any` is all kinds but markers; several are named with commas."""
    text = f"VALUE # {GOOD.replace('token', 'any')}"
    assert reason(text, at(text, kind=Kind.PRIVATE_KEY))
    assert not reason(text, at(text, kind=Kind.MARKER))
    text = f"VALUE # {GOOD.replace('token', 'cookie, password')}"
    kinds = [kind for kind in Kind if reason(text, at(text, kind=kind))]
    assert kinds == [Kind.PASSWORD, Kind.COOKIE]


def test_policy() -> None:
    """By path, kind, rule and the very text; markers never, and not outside its time."""

    def allow(**fields: object) -> Allow:
        given = {"scope": EVERYWHERE, "kinds": frozenset(), "reason": "why", "expires": LATER}
        return Allow(SealingSettings(allowances=(Allowance(**(given | fields)),)), TODAY)  # type: ignore[arg-type] # fields by name

    text = "key = VALUE"
    assert reason(text, allow=allow()) == "why"
    assert not reason(text, at(text, kind=Kind.MARKER), allow())
    assert reason(text, allow=allow(scope=Scope(("tests/**",))), path="tests/a") == "why"
    assert not reason(text, allow=allow(scope=Scope(("tests/**",))), path="src/a")
    assert reason(text, allow=allow(kinds=frozenset({Kind.TOKEN})))
    assert not reason(text, allow=allow(kinds=frozenset({Kind.PASSWORD})))
    assert reason(text, at(text, rule="base64:assignment"), allow(rule="assignment"))
    assert not reason(text, at(text, rule="reassignment"), allow(rule="assignment"))
    assert reason(text, allow=allow(text="VALUE"))
    assert not reason(text, allow=allow(text="VALUES"))
    for day in (date(2026, 11, 21), date(2027, 11, 24)):
        late = allow(expires=day)
        assert not reason(text, allow=late)
        ((fault),) = late.policy_faults()
        assert fault.startswith("sealing.allow (why): ")
    assert allow().policy_faults() == ()


def test_what_was_used() -> None:
    """Reviewers see the place, the kind and the reason; not the value."""
    text = f"\nVALUE # {GOOD}\n\nOTHER\nTHIRD # {GOOD}\n".encode()
    spans = [
        Span(text.index(name), text.index(name) + 5, Kind.TOKEN, "r")
        for name in (b"THIRD", b"OTHER", b"VALUE")
    ]
    used = COMMENTS.used(text, "f", spans)
    assert [(one.path, one.line, one.kind, one.rule) for one in used] == [
        ("f", 2, Kind.TOKEN, "r"),
        ("f", 5, Kind.TOKEN, "r"),
    ]
    assert used[0].allowance.expires == LATER
    assert "VALUE" not in repr(used) + repr(
        Allowance(EVERYWHERE, frozenset(), "", LATER, text="VALUE")
    )


def test_another_text_is_looked_at_anew() -> None:
    """The comments of one text or path say nothing of another."""
    assert reason(f"VALUE # {GOOD}")
    assert not reason(f"VALUE $ {GOOD}")
    allow = Allow(
        SealingSettings(allowances=(Allowance(Scope(("a",)), frozenset(), "w", LATER),)), TODAY
    )
    text = "VALUE"
    assert [bool(reason(text, at(text), allow, path)) for path in ("a", "b", "a", "")] == [
        1,
        0,
        1,
        1,
    ]


@given(
    st.lists(
        st.sampled_from(["VALUE", f"# {GOOD}", f"#{ALLOW} ", "\n", "\r", "\r\n", " ", "x"]),
        max_size=12,
    )
)
def test_only_its_line_and_the_next(pieces: list[str]) -> None:
    """Whatever stands around: a value is allowed if and only if lines, taken one by one, say so."""
    text = "".join(pieces)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    said = [GOOD in line and line.index(GOOD) == line.index("workflow:") for line in lines]
    alone = [
        one and not line[: line.index("#")].strip() for one, line in zip(said, lines, strict=True)
    ]
    expected = [
        (said[number] and not alone[number]) or (number > 0 and alone[number - 1])
        for number, line in enumerate(lines)
        for _ in range(line.count("VALUE"))
    ]
    data = text.encode()
    starts = [i for i in range(len(data)) if data.startswith(b"VALUE", i)]
    spans = [Span(start, start + 5, Kind.TOKEN, "r") for start in starts]
    assert [COMMENTS.drops(data, "f", span) is not None for span in spans] == expected


@pytest.mark.parametrize(
    "piece", [f"# {ALLOW} ", f"# {GOOD}\n", f"# {GOOD} ", "workflow:", "\r", f"{ALLOW}\n"]
)
def test_hostile_comments(piece: str) -> None:
    """Many comments and many values cost what they are long."""
    data = (piece * (1_000_000 // len(piece))).encode()
    started = time.process_time()
    for start in range(0, len(data), 1000):
        COMMENTS.drops(data, "f", Span(start, start + 1, Kind.TOKEN, "r"))
    COMMENTS.faults(data, "f")
    assert time.process_time() - started < 5
