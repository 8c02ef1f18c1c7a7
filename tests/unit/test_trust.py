"""A person's yes covers exactly one section of one repository in one place, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow import config, trust

HERE = trust.Place("repo-1", Path("/srv/one/.git"))
TARGET = '[[targets]]\nname = "web"\nfiles = { "a" = "/etc/a" }\nreload = ["true"]\n'


def settings(text: str) -> config.Settings:
    """Settings from TOML."""
    return config.load(text, {}, "workflow.toml")


@pytest.mark.parametrize(
    ("text", "is_needed"),
    [
        ("", False),
        ('[[probes]]\nname = "a"\nhttp = "http://127.0.0.1:80/"\n', False),
        ('[[probes]]\nname = "a"\nhttp = "http://localhost/"\n', False),
        ('[[probes]]\nname = "a"\nhttp = "http://[::1]/"\n', False),
        ('[[probes]]\nname = "a"\nhttp = "http://shop.example.test/"\n', True),
        ('[[probes]]\nname = "a"\nhttp = "http://127.0.0.1.example.test/"\n', True),
        ('[[probes]]\nname = "a"\ncommand = ["true"]\n', True),
        (TARGET, True),
    ],
)
def test_only_what_reaches_the_live_machine_needs_a_yes(text: str, is_needed: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Requests to this machine itself need none; files, commands and other hosts do."""
    found = settings(text)
    assert trust.is_needed(found) is is_needed
    assert trust.is_trusted(HERE, found) is not is_needed
    if is_needed:
        with pytest.raises(trust.UntrustedError):
            trust.require(HERE, found)
    else:
        trust.require(HERE, found)


def test_a_yes_is_bound_to_the_repository_and_its_place() -> None:
    """A copy elsewhere and another repository in the same place are not trusted."""
    found = settings(TARGET)
    digest = trust.trust(HERE, found)
    assert trust.knows(HERE, digest)
    trust.require(HERE, found)
    assert not trust.is_trusted(trust.Place("repo-2", HERE.folder), found)
    assert not trust.is_trusted(trust.Place("repo-1", Path("/srv/two/.git")), found)


@pytest.mark.parametrize(
    "other",
    [
        TARGET.replace('"true"', '"false"'),
        TARGET.replace("/etc/a", "/etc/b"),
        TARGET + 'validate = ["true"]\n',
        TARGET + 'mode = "0600"\n',
        TARGET + '[[probes]]\nname = "up"\nhttp = "http://127.0.0.1/"\n',
    ],
)
def test_any_other_section_is_not_covered(other: str) -> None:
    """A yes to one section is none to a section that differs in anything."""
    trust.trust(HERE, settings(TARGET))
    assert not trust.is_trusted(HERE, settings(other))


def test_what_else_the_settings_say_does_not_matter() -> None:
    """A yes stays when other settings, or the file's spelling, change."""
    trust.trust(HERE, settings(TARGET))
    assert trust.is_trusted(HERE, settings("# a comment\n[shrink]\nbudget_s = 1\n" + TARGET))


def test_a_yes_can_be_taken_back() -> None:
    """Taking back covers every section of this repository, and no other's."""
    other = trust.Place("repo-2", Path("/srv/two/.git"))
    for place in (HERE, other):
        trust.trust(place, settings(TARGET))
    trust.trust(HERE, settings(TARGET + 'mode = "0600"\n'))
    assert trust.revoke(HERE)
    assert not trust.revoke(HERE)
    assert not trust.is_trusted(HERE, settings(TARGET))
    assert trust.is_trusted(other, settings(TARGET))


def test_the_note_is_private_and_outside_the_repository(sealed: Path) -> None:
    """Only we can read and write it."""
    trust.trust(HERE, settings(TARGET))
    path = trust.path()
    assert path == sealed / "home/.config/change-workflow/trusted.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_note_that_others_may_write_is_not_believed() -> None:
    """It could have been written by anybody, so it is refused and not just ignored."""
    trust.trust(HERE, settings(TARGET))
    trust.path().chmod(0o620)
    with pytest.raises(trust.TrustFileError, match="other accounts"):
        trust.is_trusted(HERE, settings(TARGET))


def test_a_note_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link could lead to a file that a repository brought."""
    trust.trust(HERE, settings(TARGET))
    moved = trust.path().rename(tmp_path / "trusted.json")
    trust.path().symlink_to(moved)
    with pytest.raises(trust.TrustFileError, match="cannot be read"):
        trust.is_trusted(HERE, settings(TARGET))


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_a_broken_note_trusts_nothing(data: bytes) -> None:
    """Whatever stands in the file, it is read whole or refused."""
    trust.path().parent.mkdir(parents=True, exist_ok=True)
    trust.path().write_bytes(data)
    trust.path().chmod(0o600)
    with pytest.raises(trust.TrustFileError):
        trust.is_trusted(HERE, settings(TARGET))


@pytest.mark.parametrize(
    "body",
    [
        {"version": 2, "repositories": []},
        {"version": 1, "repositories": [{"repository": "repo-1", "folder": "/srv/one/.git"}]},
        {"version": 1, "repositories": [[]]},
        {"version": 1, "repositories": [{"repository": "", "folder": "", "sections": ["x"]}]},
    ],
)
def test_a_note_of_another_form_is_refused(body: object) -> None:
    """A newer version's note, or one with fields missing, is not guessed at."""
    trust.path().parent.mkdir(parents=True)
    trust.path().write_text(json.dumps(body))
    trust.path().chmod(0o600)
    with pytest.raises(trust.TrustFileError):
        trust.is_trusted(HERE, settings(TARGET))


def test_only_so_many_sections_are_remembered() -> None:
    """The oldest yes of a repository is forgotten after fifty others."""
    for number in range(52):
        trust.trust(HERE, settings(TARGET.replace("/etc/a", f"/etc/{number}")))
    known = [
        number
        for number in range(52)
        if trust.is_trusted(HERE, settings(TARGET.replace("/etc/a", f"/etc/{number}")))
    ]
    assert known == list(range(2, 52))
