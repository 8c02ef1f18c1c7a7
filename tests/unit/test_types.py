"""Ids and paths cannot be constructed wrong, by hand or by pydantic."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from workflow.types import (
    BlobId,
    CommitId,
    Digest,
    Entry,
    Finding,
    Identity,
    ObjectId,
    Outcome,
    RepoPath,
    TreeId,
    Verdict,
)

if TYPE_CHECKING:
    from tests.unit.conftest import Desk


@pytest.mark.parametrize("kind", [ObjectId, CommitId, TreeId, BlobId])
@pytest.mark.parametrize("length", [40, 64])
def test_an_object_id_is_hex_of_either_hash(kind: type[ObjectId], length: int) -> None:
    """Both SHA-1 and SHA-256 names are ids, and show their first ten digits."""
    made = kind("0123456789abcdef" * 4 if length == 64 else "0123456789" * 4)
    assert len(made) == length
    assert made.short == "0123456789"


@pytest.mark.parametrize(
    "text", ["", "a" * 39, "a" * 41, "A" * 40, "g" * 40, "a" * 40 + "\n", "HEAD", "a" * 63]
)
def test_what_is_no_object_id(text: str) -> None:
    """Abbreviations, capitals, other letters and a trailing line feed are refused."""
    with pytest.raises(ValueError, match="not a full object id"):
        ObjectId(text)


@pytest.mark.parametrize(
    "text", ["", "a" * 64, "sha256:" + "A" * 64, "sha256:" + "a" * 63, "sha256:" + "a" * 64 + "\n"]
)
def test_what_is_no_digest(text: str) -> None:
    """A digest names its hash and has 64 lower-case hex digits, nothing after them."""
    with pytest.raises(ValueError, match="not a digest"):
        Digest(text)


def test_a_digest_shows_twelve_digits() -> None:
    """People see the first twelve hex digits, without the name of the hash."""
    assert Digest("sha256:" + "0123456789abcdef" * 4).short == "0123456789ab"


@pytest.mark.parametrize(
    "text",
    [
        *("", "/", "/etc/passwd", "a//b", "a/", "./a", "a/.", "..", "../a", "a/../b", "a/.."),
        *(".git", ".git/config", "a/.GIT/hooks/x", "a/.gIt", "a\0b", "x" * 4097),
    ],
)
def test_what_is_no_contained_path(text: str) -> None:
    """Absolute paths, dot parts, NUL, git's own folder in any case, and endless names are out."""
    with pytest.raises(ValueError, match="not a contained repository path"):
        RepoPath(text)


@pytest.mark.parametrize(
    "text", ["a", "a b", "-x", "a\nb", '"q"', "*", ".gitignore", "...", "a/..b", "\udcff", "é/ü"]
)
def test_odd_but_contained_paths(text: str) -> None:
    """Whatever git can track and cannot leave the repository is a path."""
    path = RepoPath(text)
    assert "/".join(path.parts) == text
    assert path.name == path.parts[-1]


@given(st.text())
def test_no_path_leaves_the_repository(text: str) -> None:
    """Every text is refused, or stays below the folder that it is joined to."""
    try:
        path = RepoPath(text)
    except ValueError:
        return
    assert not path.startswith("/")
    assert not {"", ".", ".."} & set(path.parts)
    assert ".git" not in {part.lower() for part in path.parts}


def test_pydantic_validates_ids_too() -> None:
    """Reading a stored body back runs the same checks and gives the same classes."""
    read = TypeAdapter(Entry).validate_json(f'{{"mode":"100644","blob":"{"a" * 40}","path":"x"}}')
    assert (type(read.blob), type(read.path)) == (BlobId, RepoPath)
    for bad in ('"blob":"HEAD","path":"x"', f'"blob":"{"a" * 40}","path":"../x"'):
        with pytest.raises(ValidationError):
            TypeAdapter(Entry).validate_json(f'{{"mode":"100644",{bad}}}')


@pytest.mark.parametrize(
    ("mode", "regular"), [("100644", True), ("100755", True), ("120000", False), ("160000", False)]
)
def test_links_and_submodules_are_not_regular(mode: str, *, regular: bool) -> None:
    """Only the two modes of ordinary files count as regular."""
    assert Entry(mode, BlobId("a" * 40), RepoPath("x")).is_regular is regular


def test_an_identity_reads_as_in_a_trailer() -> None:
    """A person is shown as git writes one."""
    assert str(Identity("Ada", "ada@example.test")) == "Ada <ada@example.test>"


def test_only_passes_without_findings_are_clear(desk: Desk) -> None:
    """No verdict, a failure, an error or a finding: each keeps a proposal from being clear."""
    proposal = desk.proposal({"site.conf": b"new\n"})
    assert proposal.is_clear
    assert not replace(proposal, verdicts=()).is_clear
    finding = Finding("rule", RepoPath("site.conf"), "why")
    assert not replace(proposal, findings=(finding,)).is_clear
    for outcome in (Outcome.FAIL, Outcome.ERROR):
        against = Verdict("other", outcome, "no")
        assert not replace(proposal, verdicts=(*proposal.verdicts, against)).is_clear
