"""The tests that touch a named file: they import it, name it, or use a fixture made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.gather.near import Lead, Leads, is_foreign
from workflow.types import LeftOut, RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workflow.gather.near import Nearness
    from workflow.gather.python import Sources
    from workflow.gather.shelf import Shelf

_MAX_SEARCHED = 800
_CONFTEST = "conftest.py"
_START = "__init__.py"
_FOLDERS = frozenset({"test", "tests", "testing", "spec", "specs", "__tests__", "e2e"})
_ENDINGS = (
    *(".py", ".js", ".mjs", ".cjs", ".ts", ".jsx", ".tsx", ".sh", ".bats", ".go", ".rb", ".t"),
    *(".yml", ".yaml", ".hurl"),
)
_NAMED = re.compile(r"test_.*\.py|.*_test\.(?:py|go|rb)|conftest\.py|.*[._](?:test|spec)\.\w+")
_NEVER = r"(?!)"
_TOUCHES, _BESIDE, _WITH_FIXTURE, _PART = range(4)


@dataclass(frozen=True, slots=True)
class _Target:
    """What tests may touch: the files, and the pattern of their names in a string.

    A file that has none of the `words` can do neither.
    """

    files: frozenset[RepoPath]
    named: re.Pattern[str]
    words: re.Pattern[str]


def touching(shelf: Shelf, sources: Sources, near: Nearness, files: Sequence[RepoPath]) -> Leads:
    """The tests of some files, the nearest first, with the `conftest.py` and parts they use."""
    if not files:
        return Leads()
    target = _target(sources, files)
    tests = near.sorted(path for path in shelf.entries if is_test(path) and path not in files)
    bears = _any_of(sorted({path.name.partition(".")[0] for path in files} - {""}), r"[^\W_]")
    tests.sort(key=lambda path: bears.search(path.name) is None)
    left = _unsearched(tests)
    tests = tests[:_MAX_SEARCHED]
    shelf.open(tests)
    found: dict[RepoPath, int] = {}
    for path in tests:
        if target.words.search(shelf.text(path)):
            if _touches(shelf, sources, path, target):
                found[path] = _TOUCHES
            elif sources.module(path).fault:
                left.append(LeftOut(path, f"not read: {sources.module(path).fault}"))
    for path in _with_fixtures(shelf, sources, tests, tuple(found)):
        found.setdefault(path, _WITH_FIXTURE)
    for path, rank in _used_by(shelf, sources, tuple(found)):
        found.setdefault(path, rank)
    leads = [Lead(path, rank) for path, rank in found.items() if path not in files]
    # Sorting keeps the order of the search where ranks are equal.
    leads.sort(key=lambda lead: lead.rank)
    return Leads(tuple(leads), tuple(left))


def is_test(path: RepoPath) -> bool:
    """Whether a file is a test, or stands among tests, by its name and place."""
    if is_foreign(path):
        return False
    if _NAMED.fullmatch(path.name):
        return True
    return path.name.endswith(_ENDINGS) and not _FOLDERS.isdisjoint(path.parts[:-1])


def _target(sources: Sources, files: Sequence[RepoPath]) -> _Target:
    names: dict[str, None] = {}
    words: dict[str, None] = {}
    for path in files:
        if path.endswith(".py"):
            dotted = sources.dotted(path)
            words[dotted.rpartition(".")[2]] = None
            if "." in dotted:
                names[rf"{re.escape(dotted)}(?![\w-])"] = None
        if path.name != _START:
            # A name without a dot, such as `default`, is also a word of its own.
            full = path.name if "." in path.name else "/".join(path.parts[-2:])
            words[full] = None
            names[rf"{re.escape(full)}(?![\w-]|\.\w)"] = None
    words.pop("", None)
    named = re.compile(rf"(?<![\w-])(?<!\w\.)(?:{'|'.join(names) or _NEVER})")
    return _Target(frozenset(files), named, _any_of(words))


def _any_of(words: Iterable[str], letter: str = r"\w") -> re.Pattern[str]:
    """Matches any of some words where it is not a part of a longer one, made of such letters."""
    choice = "|".join(map(re.escape, words)) or _NEVER
    return re.compile(rf"(?<!{letter})(?:{choice})(?!{letter})")


def _touches(shelf: Shelf, sources: Sources, path: RepoPath, target: _Target) -> bool:
    """Whether a file that has one of the words imports a target, or names it in a string."""
    if not path.endswith(".py"):
        return target.named.search(shelf.text(path)) is not None
    if not target.files.isdisjoint(sources.imported(path)):
        return True
    return any(target.named.search(text) for text in sources.module(path).strings)


def _with_fixtures(
    shelf: Shelf, sources: Sources, tests: Sequence[RepoPath], found: Sequence[RepoPath]
) -> list[RepoPath]:
    """The tests that use a fixture of a `conftest.py` that touches a target."""
    using = []
    for conftest in [path for path in found if path.name == _CONFTEST]:
        fixtures = sources.module(conftest).fixtures
        folder = conftest.removesuffix(_CONFTEST)
        if fixtures:
            words = _any_of(fixtures)
            using += [
                path
                for path in tests
                if path.startswith(folder) and path.endswith(".py") and path != conftest
                if words.search(shelf.text(path))
            ]
    return using


def _used_by(
    shelf: Shelf, sources: Sources, tests: Sequence[RepoPath]
) -> Iterator[tuple[RepoPath, int]]:
    """Every `conftest.py` that pytest reads for some tests, and what they import of the tests'."""
    for path in tests:
        if path.endswith(".py"):
            for end in range(len(path.parts) - 1, -1, -1):
                beside = RepoPath("/".join((*path.parts[:end], _CONFTEST)))
                if beside in shelf.entries:
                    yield beside, _BESIDE
            yield from ((other, _PART) for other in sources.imported(path) if is_test(other))


def _unsearched(tests: Sequence[RepoPath]) -> list[LeftOut]:
    more = len(tests) - _MAX_SEARCHED
    if more <= 0:
        return []
    others = f", like {more - 1:,} more" if more > 1 else ""
    why = f"not looked at{others}: the nearest {_MAX_SEARCHED} tests were"
    return [LeftOut(tests[_MAX_SEARCHED], why)]
