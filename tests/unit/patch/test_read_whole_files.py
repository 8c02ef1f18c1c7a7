"""Whole new files are read as they are meant, or refused."""

from __future__ import annotations

import pytest

from workflow.patch.interface import Create, Dialect, PatchError, Reason, Repair
from workflow.patch.read import read
from workflow.types import RepoPath

BODY = "import os\n\nprint(1)\n"
PATH = "app/x.py"
FENCE = f"```python\n{BODY}```\n"


@pytest.mark.parametrize(
    "text",
    [
        f"{PATH}\n{FENCE}",
        f"{PATH}:\n\n{FENCE}",
        f"### {PATH}\n{FENCE}",
        f"## `{PATH}`\n\n{FENCE}",
        f"**{PATH}**\n{FENCE}",
        f"File: `{PATH}`\n{FENCE}",
        f"**New file:** {PATH}\n{FENCE}",
        f"Create `{PATH}` with these lines:\n\n{FENCE}",
        f"Here it is.\n\n`{PATH}` (new)\n{FENCE}\nThat is all.\n",
        f"```python {PATH}\n{BODY}```\n",
        f"```{PATH}\n{BODY}```\n",
        f'```python title="{PATH}"\n{BODY}```\n',
        f"```python file={PATH}\n{BODY}```\n",
        f"```python:{PATH}\n{BODY}```\n",
        f"~~~~ {PATH}\n{BODY}~~~~\n",
        f"{PATH}\n{FENCE}".replace("\n", "\r\n"),
        f"{PATH}\n{FENCE}\n{PATH}\n{FENCE}",
        f"{PATH}\n{FENCE}\nTo try it:\n\n```bash\npython {PATH}\n```\n",
    ],
)
def test_one_file_in_any_dress(text: str) -> None:
    """The path stands above or beside the fence, in any Markdown dress."""
    reading = read(text.encode())
    assert reading.dialect is Dialect.WHOLE_FILES
    assert reading.operations == (Create((RepoPath(PATH),), BODY.encode()),)


def test_a_path_in_the_first_comment() -> None:
    """It counts where nothing else tells the path, and stays part of the file."""
    for comment in (f"# {PATH}\n", f"// {PATH}\n", f"/* {PATH} */\n", f"<!-- {PATH} -->\n"):
        (create,) = read(f"```\n{comment}{BODY}```\n".encode()).operations
        assert create == Create((RepoPath(PATH),), (comment + BODY).encode())


def test_several_files() -> None:
    """Each fence is a file; prose round them is left out and said to be."""
    reading = read(f"Two files.\n\n{PATH}\n{FENCE}\nand\n\ny.cfg\n```\n```\n".encode())
    assert [operation.names for operation in reading.operations] == [(PATH,), ("y.cfg",)]
    assert Repair.PROSE in {repair for repair, _ in reading.repairs}


def test_a_longer_fence_holds_shorter_ones() -> None:
    """A document may hold fences, and even a diff in one, if its own fence is longer."""
    body = "# Title\n\n```sh\nls\n```\n"
    for marks in ("````", "~~~"):
        (create,) = read(f"docs/a.md\n{marks}markdown\n{body}{marks}\n".encode()).operations
        assert create == Create((RepoPath("docs/a.md"),), body.encode())


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        (FENCE, Reason.NOT_A_PATCH, "tells no path"),
        (f"In `{PATH}` write:\n{FENCE}", Reason.NOT_A_PATCH, "tells no path"),
        (f"This uses `app.config`:\n{FENCE}", Reason.NOT_A_PATCH, "tells no path"),
        (f"{PATH}\n{FENCE}\n```\nls\n```\n", Reason.NOT_A_PATCH, "tells no path"),
        ("```bash\nls\n```\n", Reason.NOT_A_PATCH, "a patch of nothing"),
        (f"{PATH}\n{FENCE}\n{PATH}\n```\nelse\n```\n", Reason.CONFLICTING, "twice"),
        (
            "docs/a.md\n```markdown\n# T\n```\nls\n```\n```\n",
            Reason.UNREADABLE,
            "without a blank line between: 'ls",
        ),
        (
            "docs/a.md\n```markdown\n# T\n```sh\nls\n```\nmore\n```\n",
            Reason.UNREADABLE,
            "does not end",
        ),
        (
            "docs/a.md\n````markdown\n```diff\n--- a/f\n+++ b/f\n@@\n-a\n+b\n```\n````\n",
            Reason.UNREADABLE,
            "'```'",
        ),
        (
            f"```diff {PATH}\n--- a/f\n+++ b/f\n@@\n-a\n+b\n```\n",
            Reason.CONFLICTING,
            "a patch of other files",
        ),
        (
            f"{PATH}\n{FENCE}\n```diff\n--- a/f\n+++ b/f\n@@\n-a\n+b\n```\n",
            Reason.CONFLICTING,
            "a fence without one for 'app/x.py'",
        ),
        (
            f"{PATH}\n{FENCE}\n--- a/f\n+++ b/f\n@@\n-a\n+b\n",
            Reason.CONFLICTING,
            "a fence without one for 'app/x.py'",
        ),
    ],
)
def test_what_is_refused(text: str, reason: Reason, words: str) -> None:
    """A fence without a path, one that ends too early, and a patch beside a file."""
    with pytest.raises(PatchError) as caught:
        read(text.encode())
    assert caught.value.refusals[0].reason is reason
    assert words in caught.value.message
    assert caught.value.hint
