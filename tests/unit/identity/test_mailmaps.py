from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.errors import GitError
from workflow.git_store import discover
from workflow.identity import NO_MAILMAP, are_same, fold, is_named, mailmap
from workflow.identity.mailmap import read
from workflow.types import Identity, Person

if TYPE_CHECKING:
    from tests.conftest import GitRepoFactory

TEXT = """\
# a comment <not@example.test> <read@example.test>
Ada Author <ada@example.test> <ada@old.test>
<ada@example.test> <ADA@Older.Test>
Bob Builder <bob@example.test> Bob <shared@example.test>
Eve Else <eve@example.test> Eve <shared@example.test>
Only A Name <name@example.test>
<c@example.test> <b@chain.test>
<b@chain.test> <a@chain.test>
<a@chain.test> <z@chain.test>
<z@chain.test> <y@chain.test>
  <lead@example.test>   <blank@old.test>   # behind
<broken@example.test <other@old.test>
"""
PEOPLE = (
    ("Ada", "ada@old.test"),
    ("Ada", "Ada@OLD.test"),
    ("x", "ada@older.test"),
    ("Bob", "shared@example.test"),
    ("bob", "SHARED@example.test"),
    ("Eve", "shared@example.test"),
    ("Nobody", "shared@example.test"),
    ("x", "name@example.test"),
    ("x", "a@chain.test"),
    ("x", "b@chain.test"),
    ("x", "blank@old.test"),
    ("x", "other@old.test"),
    ("x", "read@example.test"),
)


def _who(email: str, name: str = "x") -> Person:
    return Person(Identity(name, email))


@pytest.mark.parametrize(("name", "email"), PEOPLE)
def test_it_says_what_git_says(git_repo: GitRepoFactory, name: str, email: str) -> None:
    """The proper address of a person is the one that `git check-mailmap` gives."""
    repo = git_repo({".mailmap": TEXT})
    git = discover(repo.path)
    said = repo.git("check-mailmap", f"{name} <{email}>").rpartition("<")[2].rstrip(">")
    found = mailmap(git, git.snapshot().tree).proper(Identity(name, email))
    assert found == said.lower()


def test_only_the_base_tree_counts(git_repo: GitRepoFactory) -> None:
    """What the work tree or a newer commit says of people is not heard."""
    repo = git_repo({"a": "1"})
    git = discover(repo.path)
    tree = git.snapshot().tree
    repo.commit({".mailmap": TEXT})
    assert mailmap(git, tree) is NO_MAILMAP
    repo.write({".mailmap": "<mallory@example.test> <ada@old.test>\n"})
    assert is_named(_who("ada@old.test"), "ada@example.test", mailmap(git, git.snapshot().tree))


def test_an_old_address_is_the_same_person() -> None:
    """A line connects two addresses, whichever of them the one who approves bears."""
    people = read(TEXT)
    assert are_same(_who("ada@old.test"), _who("ada@example.test"), people)
    assert are_same(_who("ada@old.test"), _who("ada@older.test"), people)
    assert not are_same(_who("ada@old.test"), _who("bob@example.test"), people)
    assert fold("ada@old.test", people) == "ada@example.test"


def test_a_spelling_of_an_old_address_is_the_same_person() -> None:
    """Git would not find this one in its mailmap; two spellings of one address are one here."""
    assert are_same(_who("\u0430da+x@OLD.test"), _who("ada@example.test"), read(TEXT))


def test_lines_that_lead_to_one_another_are_one_person() -> None:
    """Git follows one line; who approves under another name of theirs is found over any number."""
    for name in "abyz":
        assert are_same(_who(f"{name}@chain.test"), _who("c@example.test"), read(TEXT))


def test_a_shared_address_makes_nobody_one() -> None:
    """Where lines go by name, the address could be any of them, and they stay two people."""
    bob, eve, shared = (_who(f"{name}@example.test") for name in ("bob", "eve", "shared"))
    assert are_same(shared, bob, read(TEXT))
    assert are_same(shared, eve, read(TEXT))
    assert not are_same(bob, eve, read(TEXT))


def test_a_lookalike_of_an_old_address_is_not_named() -> None:
    """The mailmap grants for exactly the addresses that it has."""
    people = read(TEXT)
    assert is_named(_who("ada@old.test"), "ada@example.test", people)
    assert not is_named(_who("\u0430da@old.test"), "ada@example.test", people)
    assert is_named(_who("shared@example.test", "Bob"), "bob@example.test", people)
    assert not is_named(_who("shared@example.test", "Eve"), "bob@example.test", people)


def test_a_huge_mailmap_is_refused(git_repo: GitRepoFactory) -> None:
    """Over 1 MiB nobody has looked at what it says."""
    git = discover(git_repo({".mailmap": "#" * (1024 * 1024 + 1)}).path)
    with pytest.raises(GitError, match="1048577 bytes"):
        mailmap(git, git.snapshot().tree)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<a@b.test> <c@d.test>\n" * 10_001, "more than 10,000 addresses"),
        ("<a@b.test> <\u00e9@d.test>\n" * 1001, "more than 1,000 addresses with other letters"),
        ("\n<a@b.test> <" + "x" * 321 + ">\n", "320 characters in line 2"),
        ("<" + "\ufdfa" * 20 + "@x> <a@b.test>\n", "320 characters in line 1"),
    ],
)
def test_more_than_anybody_has_is_refused(text: str, why: str) -> None:
    """A line that was passed over could make two people of one, so that all is refused."""
    with pytest.raises(GitError, match=why):
        read(text)
