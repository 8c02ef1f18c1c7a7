"""Where control groups may be made, by tables and folders of these tests' own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from workflow.sandbox import cgroup
from workflow.sandbox.cgroup import Home
from workflow.sandbox.interface import Limits

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = Limits(memory=2**26, processes=10)


class Tables:
    """The kernel's two tables and a tree of control groups, as files."""

    def __init__(self, folder: Path) -> None:
        """Make them empty."""
        self.folder = folder
        self.mounts, self.own = folder / "mountinfo", folder / "cgroup"
        self.own.write_text("")
        self.mounts.write_text("21 1 0:5 / /proc rw,nosuid - proc proc rw\n")

    def mounted(self, kind: str, name: str, options: str = "rw") -> None:
        """Add a mount of control groups."""
        line = f"30 21 0:26 / {self.folder / name} rw,nosuid shared:9 - {kind} cgroup {options}\n"
        self.mounts.write_text(self.mounts.read_text() + line)

    def group(self, path: str, handed_on: str = "") -> Path:
        """Add a group."""
        made = self.folder / path
        made.mkdir(parents=True, exist_ok=True)
        (made / "cgroup.procs").write_text("")
        (made / "cgroup.subtree_control").write_text(handed_on)
        return made

    def found(self) -> Home | None:
        """Return what these tables come to."""
        return cgroup.find(self.mounts, self.own)


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    """Return tables without any control group."""
    return Tables(tmp_path)


def test_no_control_groups_at_all(tables: Tables) -> None:
    """A machine without them has none to give."""
    assert tables.found() is None


def test_nearest_group_that_hands_both_bounds_on(tables: Tables) -> None:
    """Of version 2, the group above this process that systemd delegates to the user is taken."""
    tables.mounted("cgroup2", "fs")
    tables.own.write_text("0::/user/user-7/app.slice/shell.scope\n")
    tables.group("fs", "cpu memory pids")
    delegated = tables.group("fs/user/user-7", "cpu memory pids")
    tables.group("fs/user/user-7/app.slice", "pids")
    tables.group("fs/user/user-7/app.slice/shell.scope")
    assert tables.found() == Home((delegated,), 2)


def test_group_that_hands_too_little_on(tables: Tables) -> None:
    """Bounds that would not hold are not taken for bounds."""
    tables.mounted("cgroup2", "fs")
    tables.own.write_text("0::/shell.scope\n")
    tables.group("fs", "cpu memory")
    tables.group("fs/shell.scope")
    assert tables.found() is None


def test_search_ends_at_the_mount(tables: Tables) -> None:
    """A folder above the control groups is none, whatever files it has."""
    tables.mounted("cgroup2", "fs")
    tables.own.write_text("0::/\n")
    tables.group("", "memory pids")
    tables.group("fs")
    assert tables.found() is None


def test_both_controllers_of_version_one(tables: Tables) -> None:
    """Each controller has its own mount, and this process a place of its own in each."""
    tables.mounted("cgroup", "memory", "rw,memory")
    tables.mounted("cgroup", "pids", "rw,pids")
    tables.mounted("cgroup2", "unified")
    tables.own.write_text("4:memory:/box/1\n3:pids:/\n0::/\n")
    memory, pids = tables.group("memory/box/1"), tables.group("pids")
    assert tables.found() == Home((memory, pids), 1)


def test_one_controller_of_version_one_is_too_few(tables: Tables) -> None:
    """Memory alone is half a wall."""
    tables.mounted("cgroup", "memory", "rw,memory")
    tables.own.write_text("4:memory:/\n")
    tables.group("memory")
    assert tables.found() is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_groups_of_others_are_left_alone(tables: Tables) -> None:
    """What may not be written is not taken."""
    tables.mounted("cgroup2", "fs")
    tables.own.write_text("0::/\n")
    tables.group("fs", "memory pids").joinpath("cgroup.procs").chmod(0o444)
    assert tables.found() is None


@pytest.mark.parametrize(
    ("events", "said"),
    [("low 0\noom 3\noom_kill 0\n", ""), ("oom_kill 2\n", "the kernel ended it: memory"), ("", "")],
)
def test_reason_is_read_from_the_kernels_count(tmp_path: Path, events: str, said: str) -> None:
    """Only a kill counts; the bound itself may be met and held."""
    (tmp_path / "memory.events").write_text(events)
    assert cgroup.Group((tmp_path,), ()).reason() == said
