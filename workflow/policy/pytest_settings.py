"""What a changed file says about pytest's settings: which tests are found, and what fails them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.policy.fold import shown
from workflow.semantics.python import UnreadableError, is_settings_file, pytest_settings
from workflow.types import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.policy.look import Sight
    from workflow.policy.rule import Said

# These say how pytest prints and keeps, and nothing about what is run or what fails.
_HARMLESS = re.compile(
    r"markers|cache_dir|console_output_style|junit_\w+|log_\w+|tmp_path_retention_\w+|verbosity_\w+"
    r"|faulthandler_\w+|truncation_limit_\w+|doctest_encoding|enable_assertion_pass_hook"
)
_SELECTS = re.compile(
    r"--(?:ignore(?:-glob)?|deselect|collect-only|co|lf|last-failed|ff|sw|stepwise|no-\w+|maxfail)\b"
    r"|(?<![\w-])-(?:k|m|x|p)\b"
)


def settings_said(file: Sight) -> Iterator[Said]:
    """Which of pytest's settings differ between the two contents of a file."""
    name = file.path.name
    if not is_settings_file(name):
        return
    if file.change.kind is ChangeKind.ADDED and name.removeprefix(".").startswith("pytest."):
        yield file.path, "it takes the place of every other file with settings of pytest"
        return
    try:
        before = pytest_settings(name, file.old)
    except UnreadableError:
        before = {}
    try:
        after = pytest_settings(name, file.new)
    except UnreadableError as error:
        yield file.path, f"pytest's settings cannot be told any more: it is {error}"
        return
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key) and not _HARMLESS.fullmatch(key):
            yield file.path, f"pytest's setting {shown(key)} {_how(before, after, key)}"


def _how(before: dict[str, str], after: dict[str, str], key: str) -> str:
    if key not in after:
        return "goes"
    if key != "addopts":
        return "changes" if key in before else "comes"
    known = set(_SELECTS.findall(before.get(key, "")))
    new = [word for word in dict.fromkeys(_SELECTS.findall(after[key])) if word not in known]
    return f"gains {', '.join(new)}" if new else "changes"
