"""Where tests are looked for, by what files and folders are called, in many languages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow.types import RepoPath

TEST_FOLDERS = frozenset({"test", "tests", "testing", "__tests__", "spec"})
_PYTHON_NAME = re.compile(r"(?:conftest|tests?|test_.*|.*_tests?)\.pyi?", re.DOTALL)
_OTHER_NAME = re.compile(
    r".*(?:_test\.(?:go|rs|exs|dart|cc|cpp)|[._](?:test|spec)\.[cm]?[jt]sx?|_spec\.rb|_test\.rb"
    r"|Tests?\.(?:java|kt|cs|swift|php)|\.bats)",
    re.DOTALL,
)
_CODE = (".js", ".jsx", ".ts", ".tsx", ".go", ".rs", ".rb", ".java", ".kt", ".sh", ".php", ".cs")


def is_in_test_folder(path: RepoPath) -> bool:
    """Whether a path lies in a folder of tests, whatever it is."""
    return not TEST_FOLDERS.isdisjoint(path.parts[:-1])


def is_named_as_test(path: RepoPath) -> bool:
    """Whether a file is called as tests are, in Python or another language, wherever it lies."""
    pattern = _PYTHON_NAME if path.name.endswith((".py", ".pyi")) else _OTHER_NAME
    return pattern.fullmatch(path.name) is not None


def is_test(path: RepoPath) -> bool:
    """Whether a path is one where tests are looked for, in Python or another language."""
    code = (".py", ".pyi", *_CODE)
    return is_named_as_test(path) or (is_in_test_folder(path) and path.name.endswith(code))
