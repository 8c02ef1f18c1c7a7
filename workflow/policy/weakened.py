"""The rule on tests: none goes, is skipped, or says less than it did, without saying so."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from workflow.policy.fold import shown
from workflow.policy.pytest_settings import settings_said
from workflow.policy.rule import Rule, Said, Sample
from workflow.semantics.python import (
    CONDITION,
    Inventory,
    UnreadableError,
    count,
    fingerprint,
    take_inventory,
)
from workflow.types import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from workflow.policy.look import Look, Sight
    from workflow.semantics.python import Function
    from workflow.types import RepoPath

_TEST_FOLDERS = frozenset({"test", "tests", "testing", "__tests__", "spec"})
_PYTHON_NAME = re.compile(r"(?:conftest|tests?|test_.*|.*_tests?)\.pyi?", re.DOTALL)
_OTHER_NAME = re.compile(
    r".*(?:_test\.(?:go|rs|exs|dart|cc|cpp)|[._](?:test|spec)\.[cm]?[jt]sx?|_spec\.rb|_test\.rb"
    r"|Tests?\.(?:java|kt|cs|swift|php)|\.bats)",
    re.DOTALL,
)
_CODE = (".js", ".jsx", ".ts", ".tsx", ".go", ".rs", ".rb", ".java", ".kt", ".sh", ".php", ".cs")
# Functions with which a file decides what is collected and run.
_HOOKS = re.compile(
    r"load_tests|pytest_(?:collection|collect|ignore|itemcollected|pycollect|generate|runtest"
    r"|pyfunc|deselected|configure|load_initial|cmdline|addoption|report|sessionfinish)\w*"
)
_NOTHING = Inventory((), (), ())
_Mark: TypeAlias = "tuple[bool, tuple[str, ...], str]"
_Gone: TypeAlias = "list[tuple[RepoPath, Function, _Mark]]"
_Come: TypeAlias = "Counter[_Mark]"


def _weakened_test(look: Look) -> Iterator[Said]:
    gone: _Gone = []
    come: _Come = Counter()
    targets = {old.path: new for old, new in look.moved}
    sources = {new.path for _, new in look.moved}
    for file in look.files:
        yield from settings_said(file)
        if file.change.kind is ChangeKind.ADDED and file.path not in sources:
            yield from _compared(file.path, b"", file.new, gone, come)
        elif file.change.kind is ChangeKind.DELETED:
            yield from _deleted(file, targets.get(file.path), gone, come)
        elif file.change.kind is not ChangeKind.ADDED:
            yield from _compared(file.path, file.old, file.new, gone, come)
    for path, function, mark in gone:
        if come[mark]:
            come[mark] -= 1
        elif function.is_test:
            yield path, f"{shown(function.name)} goes"
        else:
            yield path, f"{shown(function.name)} goes, with {_number(function.assertions)}"


def _marked(
    inventory: Inventory, without: Collection[str] = ()
) -> Iterator[tuple[Function, _Mark]]:
    """Functions that check something, and a mark: the same where one can stand for the other."""
    for function in inventory.functions:
        if function.name not in without and (function.is_test or function.assertions):
            skips = tuple(sorted((*inventory.skips, *function.skips)))
            yield function, (function.is_test, skips, fingerprint(function))


def _deleted(file: Sight, to: Sight | None, gone: _Gone, come: _Come) -> Iterator[Said]:
    if not _is_test(file.path):
        return
    if to is not None and _is_test(to.path):
        yield from _compared(to.path, file.old, to.new, gone, come)
        return
    if to is not None:
        yield file.path, f"the tests move to {shown(to.path)}, where they are not collected"
        return
    try:
        inventory = take_inventory(file.old) if file.path.endswith(".py") else _NOTHING
    except UnreadableError:
        inventory = _NOTHING
    # Its functions may stand in another file now.
    gone += [(file.path, *one) for one in _marked(inventory)]
    if not inventory.functions:
        yield file.path, "the test file goes"


def _is_test(path: RepoPath) -> bool:
    """Whether a path is one where tests are looked for, in Python or another language."""
    *folders, name = path.parts
    in_folder = not _TEST_FOLDERS.isdisjoint(folders)
    if name.endswith((".py", ".pyi")):
        return in_folder or _PYTHON_NAME.fullmatch(name) is not None
    return _OTHER_NAME.fullmatch(name) is not None or (in_folder and name.endswith(_CODE))


def _compared(path: RepoPath, old: bytes, new: bytes, gone: _Gone, come: _Come) -> Iterator[Said]:
    """What two contents of a test file say; what goes and comes is kept, for moves."""
    if old == new or not _is_test(path):
        return
    if not path.endswith(".py"):
        yield from ((path, reason) for reason in _counted(old, new))
        return
    try:
        before = take_inventory(old)
    except UnreadableError:
        yield from ((path, reason) for reason in _counted(old, new))
        return
    try:
        after = take_inventory(new)
    except UnreadableError as error:
        if old or path.name == "conftest.py":
            yield path, f"its tests cannot be told any more: it is {error}"
        return
    there = {function.name: function for function in before.functions}
    kept = {function.name: function for function in after.functions}
    come.update(mark for _, mark in _marked(after, there))
    gone += [(path, *one) for one in _marked(before, kept)]
    pairs = ((there[name], kept[name]) for name in there if name in kept)
    for was, now in pairs:
        yield from ((path, reason) for reason in _lost(was, now))
    if there or path.name == "conftest.py":
        yield from ((path, reason) for reason in _whole(path, before, after))


def _lost(was: Function, now: Function) -> Iterator[str]:
    """What a function that is still there says less than it did."""
    name = shown(was.name)
    if was.is_test and not now.is_test:
        yield f"{name} is not collected as a test any more"
    if now.assertions < was.assertions:
        lost = was.assertions - now.assertions
        if now.idle > was.idle:
            yield f"{name}: {_number(now.idle - was.idle)} can no longer fail"
        else:
            yield f"{name} loses {lost} of {_number(was.assertions)}"
    elif now.idle > was.idle:
        yield f"{name} has {_number(now.idle - was.idle)} more that cannot fail"
    for what, times in sorted((Counter(now.skips) - Counter(was.skips)).items()):
        yield f"{name} gains {what}" + (f" ({times} times)" if times > 1 else "")
    if was.cases is not None and was.cases > 1 and now.cases is None:
        yield f"{name} had {was.cases} cases, and how many it has now cannot be told"
    elif was.cases is not None and now.cases is not None and now.cases < was.cases:
        yield f"{name} loses {was.cases - now.cases} of {was.cases} cases"


def _whole(path: RepoPath, before: Inventory, after: Inventory) -> Iterator[str]:
    """What a file says of all of its tests, or of those of its folder."""
    for what in sorted(Counter(after.skips) - Counter(before.skips)):
        yield f"the whole file gains {what}"
    known = {function.name: function for function in before.functions}
    for function in after.functions:
        was = known.get(function.name)
        if _HOOKS.fullmatch(function.name):
            if was is None or fingerprint(was) != fingerprint(function):
                yield f"{shown(function.name)} decides what is collected and run, and changes"
        elif was is None and not function.is_test and _stands_with(function.name, known):
            skips = [skip for skip in function.skips if skip != CONDITION]
            if skips:
                yield f"{shown(function.name)} comes, with {skips[0]}"
    if path.name == "conftest.py" and set(after.ignored) - set(before.ignored):
        yield "collect_ignore, collect_ignore_glob or pytest_plugins changes"


def _stands_with(name: str, known: Collection[str]) -> bool:
    """Whether a new function stands at the top, or in a class that was there."""
    around = name.rpartition(".")[0]
    return not around or any(one.startswith(f"{around}.") for one in known)


def _counted(old: bytes, new: bytes) -> Iterator[str]:
    """What the words of two contents tell, where the language cannot be read."""
    before, after = count(old), count(new)
    if after.tests < before.tests:
        yield f"{before.tests - after.tests} of {before.tests} tests go, counted by their words"
    if after.assertions < before.assertions:
        lost = before.assertions - after.assertions
        yield f"{lost} of {_number(before.assertions)} go, counted by their words"
    if after.skips > before.skips:
        yield f"{after.skips - before.skips} more skips, counted by their words"


def _number(assertions: int) -> str:
    return f"{assertions} assertion{'' if assertions == 1 else 's'}"


WEAKENED_TEST = Rule(
    id="weakened-test",
    reason="a test goes, is skipped, or checks less than it did",
    about=(
        "Tests decide whether a change is good, so a change must not quietly decide what they "
        "test.  Python is read as a syntax tree: a test function that goes or is not collected "
        "any more, fewer assertions, assertions that cannot fail or are not reached, added skips "
        "and expected failures, fewer literal cases, hooks and `collect_ignore` in `conftest.py`, "
        "and pytest's settings in any file where it looks for them.  A test that moves or gets "
        "another name with the same body is not weaker.  In other languages, tests, assertions "
        "and skips are counted by their words.  An assertion that says something else than before "
        "is for the reviewer to judge."
    ),
    good=Sample(
        {"test_a.py": b"def test_a():\n    assert 1 + 1 == 2\n"},
        {"test_a.py": b"def test_sum():\n    assert 1 + 1 == 2\n"},
    ),
    bad=Sample(
        {"test_a.py": b"def test_a():\n    assert f() == 2\n    assert g() == 3\n"},
        {"test_a.py": b"def test_a():\n    assert f() == 2\n"},
    ),
    check=_weakened_test,
)
