"""What `show` says of the landings of a proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.cli import people

if TYPE_CHECKING:
    from tests.unit.conftest import Desk


def landings(desk: Desk) -> list[str]:
    """Return the lines about the landings of proposal 1."""
    about = people.said(desk.store, desk.git, desk.store.get(1))
    lines = [line.plain for line in people.lines(about)]
    return lines[lines.index("Landings") + 1 :]


def test_a_branch_that_is_gone_is_told(desk: Desk) -> None:
    """What landed on it is not to be found there any more; what was taken back is not missed."""
    desk.land({"site.conf": b"new\n"})
    (line,) = landings(desk)
    assert "gone" not in line
    desk.repo.git("update-ref", "-d", "refs/heads/main")
    (line,) = landings(desk)
    assert line.endswith("; the branch main is gone")
