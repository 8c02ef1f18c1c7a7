"""A written name is one path inside the tree, or the draft is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.patch import names
from workflow.patch.interface import Edit, PatchError, Reason
from workflow.patch.read import read

if TYPE_CHECKING:
    from workflow.patch.interface import Names

HUNK = "@@\n one\n-two\n+TWO\n"


def named(old: str, new: str) -> Names:
    """Return what the names of a file header stand for."""
    (edit,) = read(f"--- {old}\n+++ {new}\n{HUNK}".encode("utf-8", "surrogateescape")).operations
    assert isinstance(edit, Edit)
    return edit.names


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a/f", "b/f", ("f",)),
        ("b/f", "a/f", ("f",)),
        ("a/a/f", "b/a/f", ("a/f",)),
        ("a/f", "a/f", ("a/f", "f")),
        ("b/f", "b/f", ("b/f", "f")),
        ("dir/f", "dir/f", ("dir/f",)),
        ("a/f", "f", ("f",)),
        ("f", "b/f", ("f",)),
        ("a/with space", "b/with space", ("with space",)),
        ("a/with space\t", "b/with space\t", ("with space",)),
        ('"a/tab\\there"', '"b/tab\\there"', ("tab\there",)),
        ('"a/\\303\\244"', '"b/\\303\\244"', ("ä",)),
        ('"a/\\351"', '"b/\\351"', ("\udce9",)),
        ('"a/q\\"\\\\q"', '"b/q\\"\\\\q"', None),
        ("a/ä", "b/ä", ("ä",)),
        ("a/.github/x", "b/.github/x", (".github/x",)),
        ("a/.gitignore", "b/.gitignore", (".gitignore",)),
        ("a/git", "b/git", ("git",)),
        ("a/x.git/y", "b/x.git/y", ("x.git/y",)),
        ("a/...x", "b/...x", ("...x",)),
    ],
)
def test_the_prefix_is_taken_off(old: str, new: str, expected: tuple[str, ...] | None) -> None:
    """`a/` and `b/` together are git's; where that is not certain, both readings are kept."""
    if expected is None:
        with pytest.raises(PatchError):  # a backslash, once unquoted
            named(old, new)
    else:
        assert named(old, new) == expected


HOSTILE = [
    *("..", "../f", "x/../f", "x/..", "/etc/passwd", "//x", "x//y", ".", "./.", "x/", "x/."),
    *(".git/config", ".GIT/config", ".Git/hooks/x", "x/.git/hooks/y", ".git"),
    *("git~1/config", "GIT~1/x", "Git~2/x", "x/git~1"),
    *(".git /x", ".git./x", ".git . ./x", ".git::$INDEX_ALLOCATION/x", ".git:x/y"),
    *(".g\u200cit/x", ".gi\u200dt/x", "\ufeff.git/x", ".git\u202e/x", "\u206a.GIT/x"),
    *("\uff0egit/x", ".\uff47it/x", ". . /x", "... /x", ".. /x", "..\u200b/x"),
    *("x\\y", "..\\x", ".git\\config", "C:/x", "C:x", "c:\\x"),
    "x" * 5000,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_leads_out_is_refused(name: str) -> None:
    """Absolute, upwards, with backslashes, or git's own folder in any file system's spelling."""
    for old, new in ((f"a/{name}", f"b/{name}"), (name, name), ("/dev/null", f"b/{name}")):
        body = HUNK if old != "/dev/null" else "@@\n+one\n"
        with pytest.raises(PatchError) as caught:
            read(f"--- {old}\n+++ {new}\n{body}".encode())
        assert caught.value.refusals[0].reason is Reason.UNSAFE_PATH


@pytest.mark.parametrize("name", [".git/q", "../q", "x/../q", "/q"])
def test_a_quoted_name_is_unquoted_before_it_is_judged(name: str) -> None:
    """Git reads octal escapes, so a dot may hide in one."""
    octal = "".join(f"\\{byte:03o}" for byte in name.encode())
    with pytest.raises(PatchError) as caught:
        named(f'"a/{octal}"', f'"b/{octal}"')
    assert caught.value.refusals[0].reason is Reason.UNSAFE_PATH
    for text in (
        f'diff --git "a/{octal}" "b/{octal}"\nnew file mode 100644\n',
        f'diff --git a/x "b/{octal}"\nrename from x\nrename to "{octal}"\n',
        f"*** Begin Patch\n*** Update File: x\n*** Move to: {name}\n@@\n a\n+b\n*** End Patch\n",
        f"*** Add File: {name}\n+x\n",
        f"*** Delete File: {name}\n",
        f"{name}\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n",
        f'{{"path": "{name}", "old_str": "a", "new_str": "b"}}',
        f'{{"type": "delete_file", "path": "{name}"}}',
        f"`{name}`\n```\nx\n```\n",
    ):
        with pytest.raises(PatchError) as caught:
            read(text.encode())
        assert caught.value.refusals[0].reason is Reason.UNSAFE_PATH, text


@pytest.mark.parametrize(
    "name", ['"a/f', '"a/\\9"', '"a/\\400"', '"a/\\x41"', '"a/f" more', '"a\\"']
)
def test_a_broken_quotation_is_refused(name: str) -> None:
    """A name that ends elsewhere for another reader is no name."""
    with pytest.raises(PatchError) as caught:
        named(name, name)
    assert caught.value.refusals[0].reason is Reason.UNREADABLE


def test_a_message_shows_no_raw_bytes() -> None:
    """Escapes and text that runs backwards do not reach a terminal."""
    with pytest.raises(PatchError) as caught:
        named("a/\x1b[2J\u202e\u0430", "b/other\x1b")
    assert caught.value.message.isascii()
    assert caught.value.message.isprintable()


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_any_name_is_read_or_refused(old: bytes, new: bytes) -> None:
    """No bytes make the reading of names fail in another way."""
    for header in (
        b"--- %b\n+++ %b\n" % (old, new),
        b"diff --git %b %b\n" % (old, new),
        b"diff --git %b %b\nrename from %b\nrename to %b\n" % (old, new, old, new),
    ):
        try:
            read(header + HUNK.encode())
        except PatchError:
            continue


@given(st.text(st.characters(exclude_characters="\0/\\", exclude_categories=["Cs"]), min_size=1))
def test_what_is_contained_stays_as_it_is(name: str) -> None:
    """A name that is let through is the path of exactly these bytes."""
    try:
        path = names.contained(name.encode())
    except PatchError:
        return
    assert path == name
