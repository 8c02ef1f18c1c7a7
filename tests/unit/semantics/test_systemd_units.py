"""Unit files as systemd reads them, and what really changes in one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.gates.systemd.bad_units import API
from workflow.semantics.changes.units import unit_changes
from workflow.semantics.systemd import (
    UnitSyntaxError,
    effective,
    is_drop_in,
    parse,
    section_of,
    unit_of,
)
from workflow.semantics.systemd.keys import is_single, keys, sections, sections_of
from workflow.types import RepoPath


def test_settings_have_their_section_value_and_line() -> None:
    """Comments and blank lines are none; blanks round the sign are nothing."""
    unit = parse(
        "# one\n[Unit]\n\nAfter = a.target  b.target\n; two\n[Service]\nUser=x\n", "a.service"
    )
    assert [(one.section, one.key, one.value, one.line) for one in unit.assignments] == [
        ("Unit", "After", "a.target  b.target", 4),
        ("Service", "User", "x", 7),
    ]
    assert unit.sections == ("Unit", "Service")
    assert unit.assignments[0].path == "a.service"


def test_a_backslash_joins_lines_and_a_comment_between_them_is_skipped() -> None:
    """As systemd.syntax(7) says."""
    unit = parse("[Service]\nExecStart=/bin/a \\\n# why\n  b \\\n  c\nUser=x\n")
    first, second = unit.assignments
    assert (first.value, first.line, first.joined) == ("/bin/a b c", 2, ("b", "c"))
    assert (second.key, second.line) == ("User", 6)


def test_a_backslash_before_a_blank_joins_nothing() -> None:
    """The next line is one by itself, and no setting."""
    unit = parse("[Service]\nExecStart=/bin/a \\ \n  b\n")
    assert unit.assignments[0].value == "/bin/a \\"
    assert unit.strays == ((3, "b"),)


def test_a_file_that_ends_in_a_backslash_keeps_its_last_setting() -> None:
    """Nothing is lost at the end."""
    assert parse("[Service]\nUser=x \\").assignments[0].value == "x"


def test_lines_that_are_no_settings_are_told() -> None:
    """One without a sign, one before any section, one without a key."""
    unit = parse("A=1\n[Service]\nPrivateTmp yes\n=x\n")
    assert unit.strays == ((1, "A=1"), (3, "PrivateTmp yes"), (4, "=x"))


def test_a_text_of_too_many_settings_is_refused() -> None:
    """What is read is bounded."""
    with pytest.raises(UnitSyntaxError):
        parse("[Service]\n" + "A=1\n" * 5001)


def test_what_counts_in_the_end() -> None:
    """The last of one value, lists from the last empty one on, dependencies for ever."""
    text = "[Unit]\nAfter=a\nAfter=\nAfter=b\n[Service]\nUser=x\nUser=y\n"
    text += "ExecStart=/a\nExecStart=\nExecStart=/b\n"
    found = [(one.key, one.value) for one in effective(parse(text).assignments)]
    assert found == [
        *(("After", "a"), ("After", "b"), ("User", "y")),
        *(("ExecStart", ""), ("ExecStart", "/b")),
    ]


@pytest.mark.parametrize(
    ("path", "unit", "is_part"),
    [
        ("deploy/app.service", "app.service", False),
        ("deploy/x@.service", "x@.service", False),
        ("etc/app.service.d/a.conf", "app.service", True),
        ("etc/service.d/a.conf", "service", True),
        ("nginx/conf.d/a.conf", "", False),
        ("systemd/journald.conf.d/a.conf", "", False),
        (".service", "", False),
        ("app.py", "", False),
    ],
)
def test_which_unit_a_file_is_about(path: str, unit: str, *, is_part: bool) -> None:
    """By its name, or its folder's."""
    assert unit_of(RepoPath(path)) == unit
    assert is_drop_in(RepoPath(path)) is is_part


def test_the_table_knows_sections_and_keys() -> None:
    """It is systemd's own dump."""
    assert {"Unit", "Service", "Socket", "Timer", "Install"} <= sections()
    assert "ExecStart" in keys("Service")
    assert "ExecStart" not in keys("Unit")
    assert sections_of("OnCalendar") == ("Timer",)
    assert is_single("Service", "User")
    assert not is_single("Service", "Environment")
    assert section_of("a.socket") == "Socket"


def test_each_change_is_told_once() -> None:
    """A changed value, a list's row, a new key, and a key that is gone."""
    after = (
        API.replace("RestartSec=2s", "RestartSec=5s")
        .replace("After=shop-migrate.service\n", "After=shop-migrate.service redis.service\n", 1)
        .replace("MemoryMax=512M\n", "TasksMax=64\n")
        .replace("ExecStart=/", "ExecStart=\nExecStart=/")
    )
    assert [str(one) for one in unit_changes(API, after)] == [
        "added: setting [Unit] After: redis.service",
        "added: setting [Service] ExecStart: (empty)",
        "changed: setting [Service] RestartSec: 2s → 5s",
        "added: setting [Service] TasksMax: 64",
        "removed: setting [Service] MemoryMax: 512M",
    ]


def test_values_of_variables_are_never_told() -> None:
    """They may be secret; their names are no secret."""
    before = "[Service]\nEnvironment=A=one B=two\n"
    after = "[Service]\nEnvironment=A=three\nEnvironment=C=four\n"
    assert [str(one) for one in unit_changes(before, after)] == [
        "changed: setting [Service] Environment: +C, -B, A"
    ]


def test_commands_in_another_order_are_moved() -> None:
    """They run one after the other, so their order counts."""
    before = "[Service]\nExecStartPre=/a\nExecStartPre=/b\n"
    after = "[Service]\nExecStartPre=/b\nExecStartPre=/a\n"
    assert [one.effect for one in unit_changes(before, after)] == ["moved"]


@given(
    comment=st.integers(0, 30),
    blank=st.integers(0, 30),
    spaced=st.booleans(),
    folded=st.booleans(),
    split=st.booleans(),
)
def test_layout_is_no_change(
    comment: int, blank: int, *, spaced: bool, folded: bool, split: bool
) -> None:
    """Comments, blank lines, folding, and dependencies on one line or more mean nothing."""
    lines = API.splitlines()
    lines.insert(comment, "# as it was")
    lines.insert(blank, "")
    text = "\n".join(lines) + "\n"
    if spaced:
        text = text.replace("User=", "User = ")
    if folded:
        text = text.replace("AF_INET AF_INET6", "AF_INET \\\n  AF_INET6")
    if split:
        text = text.replace("target postgresql", "target\nAfter=postgresql")
    assert unit_changes(API, text) == []
