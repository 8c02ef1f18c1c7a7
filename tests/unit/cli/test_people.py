"""What `show` says of the landings of a proposal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow import rebase
from workflow.cli import people
from workflow.redaction import Finder, Vault

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


def test_a_conflict_that_a_rebase_found_is_told(desk: Desk) -> None:
    """Where it did not fit the branch as it is now, `show` names the file; a later move clears it.

    Nothing of it is told before a rebase was tried there.
    """
    desk.repo.commit({"site.conf": "one\n"})
    stored = desk.propose({"site.conf": b"two\n"})
    desk.repo.commit({"site.conf": "three\n"})
    assert "workflow rebase 1` first" in waiting(desk)
    vault = Vault(b"k" * 32, Finder(()))
    with pytest.raises(rebase.ConflictError):
        rebase.moved(desk.git, desk.store, stored, rebase.present(desk.git, stored), vault)
    assert "does not fit there (site.conf): `workflow revise 1" in waiting(desk)
    about = people.said(desk.store, desk.git, desk.store.get(1))
    assert people.data(about)["conflict"] == [{"path": "site.conf", "reason": "changed"}]
    desk.repo.commit({"site.conf": "one\n"})
    assert "workflow rebase 1` first" in waiting(desk)


def waiting(desk: Desk) -> str:
    """Return the line about a branch that has moved."""
    about = people.said(desk.store, desk.git, desk.store.get(1))
    (line,) = [line.plain for line in people.lines(about) if "has moved since" in line.plain]
    return line
