"""Which files of the machine a user may have gates see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.config import ConfigError
from workflow.gates.command import checked

if TYPE_CHECKING:
    from pathlib import Path


def test_tools_that_are_there_are_shown(tmp_path: Path) -> None:
    """Folders and files are; what every run sees anyway is left out."""
    (tmp_path / "tool").write_text("")
    names = [str(tmp_path), str(tmp_path / "tool"), "/usr/bin/env"]
    assert checked(names) == (tmp_path, tmp_path / "tool")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/nowhere/at/all", "is not there"),
        ("/", "home folder"),
        ("/etc", "cannot be shown"),
        ("/proc/self", "cannot be shown"),
        ("/usr/../etc", "cannot be shown"),
    ],
)
def test_other_places_are_refused(name: str, why: str) -> None:
    """The message names the variable, the path and the reason."""
    with pytest.raises(ConfigError, match=why) as caught:
        checked([name])
    assert f"WORKFLOW_GATES__TOOLS names {name.rstrip('/') or '/'}" in caught.value.message


def test_the_home_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither it nor what holds it is shown; what lies in it may be."""
    (tmp_path / "home/bin").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for place in (tmp_path, tmp_path / "home"):
        with pytest.raises(ConfigError, match="home folder"):
            checked([str(place)])
    assert checked([str(tmp_path / "home/bin")])
