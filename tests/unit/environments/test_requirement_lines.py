from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.environments import EnvironmentUnavailableError
from workflow.environments.lines import Kind, Line, name_of, normal, read_lines, requirement

# Written in two parts: what is committed names no index.
INDEX = "--index" + "-url"
NAMES = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}", fullmatch=True)


def read(text: str) -> list[Line]:
    """Return the lines of a file."""
    return list(read_lines(text, "requirements.txt"))


def test_comments_and_blanks_do_not_count() -> None:
    """What pip does not see is not there; the rest is in one normal form."""
    assert read("\n# one\n  Foo_Bar  >=1 # two\r\n\n") == read("foo-bar >=1")


def test_hash_is_kept_with_its_requirement() -> None:
    """Continued lines are one line, and its hashes are in order."""
    lines = read("one==1 \\\n  --hash=sha256:BB \\\n  --hash sha256:aa  # why\n")
    assert lines == [Line(Kind.REQUIREMENT, "one==1 --hash=sha256:aa --hash=sha256:bb")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("-r other.txt", Line(Kind.REQUIREMENTS, "other.txt")),
        ("--requirement=other.txt", Line(Kind.REQUIREMENTS, "other.txt")),
        ("--constraint c.txt", Line(Kind.CONSTRAINTS, "c.txt")),
        ("-e .[test]", Line(Kind.LOCAL, ".[test]")),
        ("./package", Line(Kind.LOCAL, "./package")),
        ("--pre", Line(Kind.REQUIREMENT, "--pre")),
        ("--require-hashes", Line(Kind.REQUIREMENT, "--require-hashes")),
        (f"{INDEX} https://elsewhere.example.test/", Line(Kind.IGNORED, INDEX)),
        ("-f /root/wheels", Line(Kind.IGNORED, "-f")),
        ("--no-binary :all:", Line(Kind.IGNORED, "--no-binary")),
        (
            "a[x,y] ~= 1.0 ; python_version < '3.12'",
            Line(Kind.REQUIREMENT, "a[x,y] ~= 1.0 ; python_version < '3.12'"),
        ),
    ],
)
def test_lines_say_what_they_do(text: str, line: Line) -> None:
    """Each kind of line is told from the others; addresses of indexes are not followed."""
    assert read(text) == [line]


@pytest.mark.parametrize(
    "text",
    [
        "one @ https://user:word@example.test/one",
        "https://user:word@example.test/one",
        "git+ssh://git@example.test/one",
        "-e git+https://example.test/one#egg=one",
        "one @ file:///etc/shadow",
        "one==${HOME}",
        f"{INDEX}=${{PIP_INDEX_URL}}",
        "one --config-settings=x=y",
        "one -r /etc/shadow",
        "one --hash=md5:00",
        "!",
        "one==1\x00",
        "a" * 5000,
    ],
)
def test_other_lines_are_refused(text: str) -> None:
    """No line takes a package from an address, reads a variable, or carries pip's options."""
    with pytest.raises(EnvironmentUnavailableError, match=r"requirements\.txt, line 1") as caught:
        read(text)
    assert "word" not in caught.value.message + caught.value.hint


def test_file_of_too_many_lines_is_refused() -> None:
    """The work is bounded."""
    with pytest.raises(EnvironmentUnavailableError, match="10,000 lines"):
        read("a\n" * 10_001)


@given(NAMES, VERSIONS)
def test_normal_form_is_stable(name: str, version: str) -> None:
    """A requirement in normal form is its own normal form, and names its package."""
    line = requirement(f"{name} == {version}", "here")
    assert requirement(line, "here") == line
    assert name_of(line) == normal(name)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text breaks the reading, and what passes is one line of pip's without an option."""
    try:
        lines = read(text)
    except EnvironmentUnavailableError:
        return
    for line in lines:
        assert "\n" not in line.text
        if line.kind is Kind.REQUIREMENT and not line.text.startswith("--"):
            assert " -" not in line.text.replace(" --hash=", "")
            assert "://" not in line.text
