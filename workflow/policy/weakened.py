"""The rule on tests: none goes, is skipped, or says less than it did, without saying so."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeAlias

from workflow.policy.fold import shown
from workflow.policy.pytest_settings import settings_said
from workflow.policy.rule import Rule, Said, Sample
from workflow.policy.shadow import shadow_said
from workflow.semantics.places import TEST_FOLDERS, is_test
from workflow.semantics.python import (
    CONDITION,
    Inventory,
    UnreadableError,
    count,
    fingerprint,
    take_inventory,
    unguarded,
    weight,
)
from workflow.types import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from workflow.policy.look import Look, Sight
    from workflow.semantics.python import Function
    from workflow.types import RepoPath

# Functions with which a file decides what is collected and run.
_HOOKS = re.compile(
    r"load_tests|pytest_(?:collection|collect|ignore|itemcollected|pycollect|generate|runtest"
    r"|pyfunc|deselected|configure|load_initial|cmdline|addoption|report|sessionfinish)\w*"
)
# By pytest's defaults: the files that hold tests, and the folders that are passed over.
_COLLECTED = re.compile(r"test_.*\.py|.*_test\.py", re.DOTALL)
_PASSED_OVER = re.compile(
    r".*\.egg|\..*|_darcs|build|CVS|dist|node_modules|venv|\{arch\}", re.DOTALL
)
# Files whose fixtures and hooks are for a whole folder.
_FOR_ALL = frozenset({"conftest.py", "__init__.py"})
_NOTHING = Inventory((), (), ())
_Mark: TypeAlias = "tuple[bool, tuple[str, ...], str]"
# Words and signs of Python read for one judgement: up to 3 seconds' worth, whatever they say.
_MAX_WEIGHT = 200_000
# Folders looked into for what was there before.
_MAX_FOLDERS = 50


class _TooMuchError(UnreadableError):
    """What is to be read for one judgement exceeds what can be read in reasonable time."""


@dataclass(slots=True)
class _Survey:
    """What goes and comes in all files of a change, and how much may still be read."""

    gone: list[tuple[RepoPath, Function, _Mark]] = field(default_factory=list)
    come: Counter[_Mark] = field(default_factory=Counter)
    left: int = _MAX_WEIGHT
    names: Callable[[str], Collection[str]] = field(default=lambda _: ())
    added: frozenset[str] = frozenset()

    def is_fresh(self, path: RepoPath) -> bool:
        """Whether nothing in the folder of a file was there before, so that it acts on nothing."""
        holders = {str(parent) for one in self.added for parent in PurePosixPath(one).parents}
        pending = ["/".join(path.parts[:-1])]
        for _ in range(_MAX_FOLDERS):
            if not pending:
                return True
            folder = pending.pop()
            for name in self.names(folder):
                inner = f"{folder}/{name}".lstrip("/")
                if inner in holders:
                    pending.append(inner)
                elif inner not in self.added:
                    return False
        return False

    def inventory(self, data: bytes) -> Inventory:
        """What a file of tests holds; raises `UnreadableError`."""
        if self.left >= 0:
            self.left -= weight(data)
        if self.left < 0:
            message = "beyond the words of tests that are read for one change; propose it in parts"
            raise _TooMuchError(message)
        return take_inventory(data)


def _weakened_test(look: Look) -> Iterator[Said]:
    added = (file.path for file in look.files if file.change.kind is ChangeKind.ADDED)
    survey = _Survey(names=look.names, added=frozenset(added))
    targets = {old.path: new for old, new in look.moved}
    sources = {new.path for _, new in look.moved}
    # New files last: they have the least to lose where there is too much to read.
    for file in sorted(look.files, key=lambda file: file.change.kind is ChangeKind.ADDED):
        yield from settings_said(file)
        yield from shadow_said(file, look.names, TEST_FOLDERS)
        if file.change.kind is ChangeKind.ADDED and file.path not in sources:
            yield from _compared(file.path, b"", file.new, survey)
        elif file.change.kind is ChangeKind.DELETED:
            yield from _deleted(file, targets.get(file.path), survey)
        elif file.change.kind is not ChangeKind.ADDED:
            yield from _compared(file.path, file.old, file.new, survey)
    for path, function, mark in survey.gone:
        if survey.come[mark]:
            survey.come[mark] -= 1
        elif function.is_test:
            yield path, f"{shown(function.name)} goes"
        else:
            yield path, f"{shown(function.name)} goes, with {_number(function.assertions)}"


def _marked(
    path: RepoPath, inventory: Inventory, without: Collection[str] = ()
) -> Iterator[tuple[Function, _Mark]]:
    """Functions that check something, and a mark: the same where one can stand for the other."""
    is_run = _is_collected(path)
    for function in inventory.functions:
        if function.name not in without and (function.is_test or function.assertions):
            skips = tuple(sorted((*inventory.skips, *function.skips)))
            yield function, (is_run and function.is_test, skips, fingerprint(function))


def _deleted(file: Sight, to: Sight | None, survey: _Survey) -> Iterator[Said]:
    if not is_test(file.path):
        return
    if to is not None and (not is_test(to.path) or _leaves(file.path, to.path)):
        yield file.path, f"the tests move to {shown(to.path)}, where they are not collected"
        return
    if to is not None:
        yield from _compared(to.path, file.old, to.new, survey)
        return
    try:
        inventory = survey.inventory(file.old) if file.path.endswith(".py") else _NOTHING
    except UnreadableError:
        inventory = _NOTHING
    # Its functions may stand in another file now.
    survey.gone += [(file.path, *one) for one in _marked(file.path, inventory)]
    if not inventory.functions:
        yield file.path, "the test file goes"


def _is_collected(path: RepoPath) -> bool:
    """Whether pytest, without settings, looks for tests in a file of Python."""
    return (
        path.endswith(".py")
        and _COLLECTED.fullmatch(path.name) is not None
        and not any(_PASSED_OVER.fullmatch(folder) for folder in path.parts[:-1])
    )


def _leaves(old: RepoPath, new: RepoPath) -> bool:
    """Whether tests move from where they are looked for to where they are not."""
    was_in = not TEST_FOLDERS.isdisjoint(old.parts[:-1])
    is_in = not TEST_FOLDERS.isdisjoint(new.parts[:-1])
    return _is_collected(old) and (not _is_collected(new) or (was_in and not is_in))


def _compared(path: RepoPath, old: bytes, new: bytes, survey: _Survey) -> Iterator[Said]:
    """What two contents of a test file say; what goes and comes is kept, for moves."""
    if old == new or not is_test(path):
        return
    if not path.endswith(".py"):
        yield from ((path, reason) for reason in _counted(old, new))
        return
    try:
        before = survey.inventory(old)
    except UnreadableError as error:
        if isinstance(error, _TooMuchError):
            yield path, f"its tests cannot be told: they are {error}"
        yield from ((path, reason) for reason in _counted(old, new))
        return
    try:
        after = survey.inventory(new)
    except UnreadableError as error:
        if old or path.name == "conftest.py":
            yield path, f"its tests cannot be told any more: it is {error}"
            yield from ((path, reason) for reason in _counted(old, new))
        return
    yield from _read(path, before, after, survey, is_old=bool(old))


def _read(
    path: RepoPath, before: Inventory, after: Inventory, survey: _Survey, *, is_old: bool
) -> Iterator[Said]:
    """What two contents of a file of Python say."""
    there = {function.name: function for function in before.functions}
    kept = {function.name: function for function in after.functions}
    survey.come.update(mark for _, mark in _marked(path, after, there))
    survey.gone += [(path, *one) for one in _marked(path, before, kept)]
    is_run = any(one.is_loose and one.is_test for one in before.functions)
    pairs = ((there[name], kept[name]) for name in there if name in kept)
    for was, now in pairs:
        yield from ((path, reason) for reason in _lost(was, now))
        if now.is_test and now.is_loose and not is_run:
            yield path, f"{shown(was.name)} becomes a coroutine, and no mark says who runs it"
    is_known = bool(there or path.name in _FOR_ALL)
    yield from ((path, reason) for reason in _loaded(path, before, after, is_old=is_old))
    if is_known:
        yield from ((path, reason) for reason in _whole(path, before, after))
        if is_old or not survey.is_fresh(path):
            yield from ((path, reason) for reason in _for_all(before, after))


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
    elif (doubtful := _doubtful(was, now)) > 0:
        yield f"{name}: what decides whether {_number(doubtful)} run, or are heard, changes"
    elif now.idle > was.idle:
        yield f"{name} has {_number(now.idle - was.idle)} more that cannot fail"
    for what, times in sorted((Counter(now.skips) - Counter(was.skips)).items()):
        yield f"{name} gains {what}" + (f" ({times} times)" if times > 1 else "")
    if was.cases is not None and was.cases > 1 and now.cases is None:
        yield f"{name} had {was.cases} cases, and how many it has now cannot be told"
    elif was.cases is not None and now.cases is not None and now.cases < was.cases:
        yield f"{name} loses {was.cases - now.cases} of {was.cases} cases"


def _doubtful(was: Function, now: Function) -> int:
    """How many assertions fewer surely run: a loop or condition that was there counts as sure."""
    return was.assertions - (now.assertions - unguarded(now.guards, was.guards))


def _whole(path: RepoPath, before: Inventory, after: Inventory) -> Iterator[str]:
    """What a file says of all of its tests, or of those of its folder."""
    yield from _brought_in(path, before, after)
    known = {function.name: function for function in before.functions}
    classes = {name[:end] for name in known for end in _dots(name)}
    for function in after.functions:
        was = known.get(function.name)
        if _HOOKS.fullmatch(function.name):
            if was is None or fingerprint(was) != fingerprint(function):
                yield f"{shown(function.name)} decides what is collected and run, and changes"
        elif was is None and not function.is_test and _stands_with(function.name, classes):
            skips = [skip for skip in function.skips if skip != CONDITION]
            if skips:
                yield f"{shown(function.name)} comes, with {skips[0]}"


def _for_all(before: Inventory, after: Inventory) -> Iterator[str]:
    """Which fixtures come, or do something else, that tests use without naming them."""
    known = {function.name: function for function in before.functions}
    classes = {name[:end] for name in known for end in _dots(name)}
    for function in (function for function in after.functions if function.is_for_all):
        was = known.get(function.name)
        if was is None and _stands_with(function.name, classes):
            yield f"{shown(function.name)} comes, a fixture that tests use without naming it"
        elif was is not None and fingerprint(was) != fingerprint(function):
            yield f"{shown(function.name)}, a fixture that tests use without naming it, changes"


def _loaded(path: RepoPath, before: Inventory, after: Inventory, *, is_old: bool) -> Iterator[str]:
    """What happens when a file is loaded; a new file of tests may skip what is its own."""
    if is_old or not _is_collected(path):
        for what in sorted(Counter(after.skips) - Counter(before.skips)):
            yield f"the whole file gains {what}"
    for what in sorted(Counter(after.exits) - Counter(before.exits)):
        yield f"the whole file comes to end pytest where it is loaded, by {what}"
    if set(after.ignored) - set(before.ignored):
        yield "collect_ignore, collect_ignore_glob or pytest_plugins changes"


def _brought_in(path: RepoPath, before: Inventory, after: Inventory) -> Iterator[str]:
    """What imports, assignments and names by text do to the tests, as far as that can be told."""
    for what in sorted(Counter(after.by_text) - Counter(before.by_text)):
        yield f"the whole file comes to reach names by {what}, which can take tests away"
    known = dict(before.given)
    for name in (name for name, digest in after.given if known.get(name) != digest):
        if name == "pytestmark":
            yield "pytestmark is imported: what it marks the tests with cannot be told"
        elif name == "*" and path.name == "conftest.py":
            yield "all names of another file come in, hooks and fixtures among them"
        elif _HOOKS.fullmatch(name):
            yield f"{shown(name)} decides what is collected and run, and comes from elsewhere"


def _stands_with(name: str, classes: Collection[str]) -> bool:
    """Whether a new function stands at the top, or in a class that was there."""
    around = name.rpartition(".")[0]
    return not around or around in classes


def _dots(name: str) -> Iterator[int]:
    """Where the dots of a name are."""
    return (place for place, char in enumerate(name) if char == ".")


def _counted(old: bytes, new: bytes) -> Iterator[str]:
    """What the words of two contents tell, where the language cannot be read."""
    before, after = count(old), count(new)
    if after.tests < before.tests:
        tests = "1 test" if before.tests == 1 else f"{before.tests} tests"
        yield f"{before.tests - after.tests} of {tests} go, counted by their words"
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
        "test.  Python is read as a syntax tree.  What counts: a test function that goes or is not "
        "collected any more, such as a generator; one that becomes a coroutine with no mark that "
        "says who runs it; fewer assertions, assertions that cannot fail or are not reached; added "
        "skips and expected failures, also of what a file does when it is loaded; assertions that "
        "come under a loop or condition that was not there, or whose failure a new block expects; "
        "fewer literal cases; fixtures for all tests that come or change; tests that move to where "
        "pytest's defaults do not collect them; names that are reached by text, as by "
        "`globals`, when the file is loaded; hooks, imported ones as well, and `collect_ignore` in "
        "`conftest.py`; `pytest_plugins` in any file of tests; "
        "pytest's settings in any file where it looks for them; and a new module "
        "that Python would import instead of its own, of pytest or of the program under test.  A "
        "test that moves or gets another name with the same body is not weaker.  In other "
        "languages, tests, assertions and skips are counted by their words.  A change with more "
        "than 200,000 words and signs of Python tests is refused unread.  "
        "Not covered, because no tree tells it: an assertion that says something else than before, "
        "what code does when it runs (a `return` under a condition, an exit in a function that is "
        "called when the file is loaded, a context manager that drops errors, an assertion in a "
        "lambda that nobody calls or behind an `and`, a decorator, a fixture or a plugin from "
        "another file or an installed package, a patched pytest), an added `parametrize` over what "
        "is not written out, a folder of tests that `testpaths` leaves out, "
        "a mark that settings leave out, and a module "
        "in the place of another package.  These are for the reviewer, and for the gate that runs "
        "the tests on both trees."
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
