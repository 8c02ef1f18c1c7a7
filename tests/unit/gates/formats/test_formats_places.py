"""What a tree has at a named path; what cannot be told counts as there."""

from __future__ import annotations

from tests.unit.gates.cases import LINK, tree
from workflow.gates.formats.places import Places
from workflow.types import RepoPath

_HERE = RepoPath("deploy/compose.yml")
_PLACES = Places(
    tree({"deploy/web/Dockerfile": "x", "top.txt": "abc", "deploy/link": LINK + "/srv"}, "x")
)


def test_files_and_folders_beside_are_found() -> None:
    """Names are taken from the folder of the file that names them."""
    for name in ("web", "./web", "web/", "web/Dockerfile", "../top.txt", "..", "."):
        assert _PLACES.has(_HERE, name)
    for name in ("Dockerfile", "top.txt", "webs", "web/x", "../deploy/x"):
        assert not _PLACES.has(_HERE, name)


def test_what_cannot_be_told_is_there() -> None:
    """Outside the repository, on the host, behind a link, or in a variable."""
    for name in ("../../other", "/etc/app", "~/x", "$DATA/x", "link", "link/x/y"):
        assert _PLACES.has(_HERE, name)
    assert _PLACES.resolved(_HERE, "../../other") is None
    assert _PLACES.resolved(_HERE, "../top.txt") == "top.txt"


def test_wildcards_are_looked_for_in_their_folder() -> None:
    """The folders before the first wildcard have to be there."""
    assert _PLACES.matches(_HERE, "web/*.js")
    assert _PLACES.matches(_HERE, "*.js")
    assert not _PLACES.matches(_HERE, "gone/*.js")


def test_only_small_regular_files_are_read() -> None:
    """A link is not followed, and a larger file is none."""
    assert _PLACES.read("top.txt", 3) == b"abc"
    assert _PLACES.read("top.txt", 2) is None
    assert _PLACES.read("deploy/link", 100) is None
    assert _PLACES.read("gone", 100) is None
