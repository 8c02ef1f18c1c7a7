"""Sees in a patch's Python what could make tests say something else than what they found.

None of it proves bad intent, and a determined author finds words that are not listed.  So it is a
doubt, which a person looks into, and never a verdict; only what a patch adds is looked at.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from workflow.gates.pytest.guard import infrastructure
from workflow.gates.text import one_line
from workflow.semantics.python import UnreadableError, parse_text, weight
from workflow.semantics.python.names import Names, names_of, targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates.interface import Case
    from workflow.types import FileChange, RepoPath

_MAX_DOUBTS = 20
_MAX_READ = 512 * 1024
# Words and signs of all files of a patch together: about 3 s of reading.
_MAX_WEIGHT = 200_000
_REGULAR = ("100644", "100755")

_FRAMES = "looks into other functions' frames or into all objects there are"
_RUNNER = "reaches into what runs the tests"
_IMPORTS = "changes what others get when they import"
_EXIT = "ends the process, or puts itself before its end"
_RAW = "reaches memory, descriptors or code below Python's own objects"
_BUILT = "runs code out of a text that is put together"
_SOURCE = "reads source or code of functions while it runs"
_AGREES = "is equal to everything"
_SNIFFS = "could tell a test run from a real one"
_PATCHES = "replaces something in another module"
_HOOKS = "decides how tests are found, run or reported"

_RUNNERS = ("pytest.", "_pytest.", "pluggy.", "unittest.")
# By the dotted name; one that ends with a dot is a module that is imported.
_NAMES: Final = {
    **dict.fromkeys(
        (
            *("sys._getframe", "sys._current_frames", "sys.settrace", "sys.setprofile"),
            *("sys.addaudithook", "sys.monitoring", "threading.settrace", "threading.setprofile"),
            *("inspect.currentframe", "inspect.stack", "inspect.trace", "inspect.getouterframes"),
            *("gc.get_objects", "gc.get_referrers", "gc.get_referents"),
        ),
        _FRAMES,
    ),
    **dict.fromkeys(
        (
            *("sys.meta_path", "sys.path_hooks", "sys.path_importer_cache", "builtins.__import__"),
            *("site.addsitedir", "sys.modules.setdefault", "sys.modules.update", "sys.modules.pop"),
        ),
        _IMPORTS,
    ),
    **dict.fromkeys(
        (
            *("os._exit", "os.abort", "atexit.register", "sys.excepthook", "sys.unraisablehook"),
            *("signal.raise_signal", "os.kill", "os.killpg", "faulthandler._sigsegv"),
        ),
        _EXIT,
    ),
    **dict.fromkeys(
        (
            *("ctypes.", "cffi.", "mmap.mmap", "os.dup2", "os.closerange", "os.write", "os.pwrite"),
            *("types.CodeType", "types.FunctionType", "marshal.loads", "marshal.load"),
        ),
        _RAW,
    ),
    **dict.fromkeys(
        (
            *("inspect.getsource", "inspect.getsourcelines", "inspect.getsourcefile"),
            *("linecache.getline", "linecache.getlines", "dis.", "importlib.util.source_hash"),
        ),
        _SOURCE,
    ),
    **dict.fromkeys(_RUNNERS, _RUNNER),
    **dict.fromkeys(("sys.orig_argv", "sys.modules.get", "sys.modules.keys"), _SNIFFS),
}
_ATTRIBUTES: Final = {
    **dict.fromkeys(
        ("f_back", "f_locals", "f_globals", "tb_frame", "tb_next", "gi_frame", "cr_frame"), _FRAMES
    ),
    **dict.fromkeys(("__closure__", "cell_contents", "co_code", "co_consts"), _SOURCE),
    **dict.fromkeys(("get_source", "get_code"), _SOURCE),
}
_RUNS = frozenset({"exec", "eval", "compile", "__import__", "builtins.exec", "builtins.eval"})
_EQUALITY = frozenset({"__eq__", "__ne__", "__instancecheck__", "__subclasscheck__"})
_TOLD = re.compile(
    r"(?i)\b_?(?:py\.?test|unittest)\b|PYTEST_|nodeid|/proc/|/dev/fd|/run/workflow|WORKFLOW_REPORT"
    r"|^/work(?:/|$)|^/tmp/home"
)
# Hooks that add options or print; all others decide about tests.
_HARMLESS = frozenset(
    {
        "pytest_addoption",
        "pytest_report_header",
        "pytest_terminal_summary",
        "pytest_make_parametrize_id",
    }
)
_FILES: Final = (
    (re.compile(r"(?:.*/)?(?:site|user)customize\.py|.*\.pth"), "Python runs it by itself"),
    (re.compile(r".*\.(?:pyc|pyo|so|pyd)"), "it is code that nobody can read"),
    (re.compile(r".*\.(?:dist|egg)-info/.*"), "it can name plugins for pytest to load"),
    (
        re.compile(r"(?i)(?:.*/)?[^/]*(?:junit|test-?results?|report)[^/]*\.xml"),
        "it looks like a report of tests",
    ),
)


def doubts(case: Case) -> tuple[str, ...]:
    """Return what a person should look at before believing the tests, a line for each place."""
    tests = frozenset(infrastructure(case))
    found: list[str] = []
    left = _MAX_WEIGHT
    for file in case.change.files:
        if _is_read(file):
            left -= weight(case.patched.read(file.path))
        if left < 0:
            found.append("the patch is larger than what is looked through for tricks")
            break
        found += _of_file(case, file, is_test=file.path in tests)
    shown = [one_line(line, 200) for line in found[:_MAX_DOUBTS]]
    if len(found) > _MAX_DOUBTS:
        shown.append(f"and {len(found) - _MAX_DOUBTS} more places like these")
    return tuple(shown)


def _is_read(file: FileChange) -> bool:
    return file.path.endswith(".py") and file.new_mode in _REGULAR


def _of_file(case: Case, file: FileChange, *, is_test: bool) -> Iterator[str]:
    if file.new_mode is None:
        return
    for pattern, why in _FILES:
        if pattern.fullmatch(file.path):
            yield f"{file.path}: {why}"
    if not _is_read(file):
        return
    new = case.patched.read(file.path)
    old = case.base.read(file.path) if file.old_mode in _REGULAR else b""
    try:
        signs = _signs(new, is_test=is_test)
    except UnreadableError as error:
        yield f"{file.path}: nobody looked for tricks in it, because it is {error}"
        return
    try:
        known = Counter(sign.what for sign in _signs(old, is_test=is_test))
    except UnreadableError:
        known = Counter()
    yield from _surplus(file.path, signs, known, {line.strip() for line in old.split(b"\n")}, new)


def _surplus(
    path: RepoPath, signs: list[_Sign], known: Counter[str], old: set[bytes], new: bytes
) -> Iterator[str]:
    """Yield a line for each kind of sign that there is more of than before, with its places."""
    lines = new.split(b"\n")
    for what, count in sorted((Counter(sign.what for sign in signs) - known).items()):
        numbers = sorted({sign.line for sign in signs if sign.what == what})
        fresh = [n for n in numbers if lines[min(n, len(lines)) - 1].strip() not in old] or numbers
        places = ", ".join(map(str, fresh[: min(count, 5)]))
        yield f"{path}, line {places}: {what}"


@dataclass(frozen=True, slots=True)
class _Sign:
    """One thing seen: in which line, and what it is."""

    line: int
    what: str


def _signs(data: bytes, *, is_test: bool) -> list[_Sign]:
    """Return what is seen in a file.  Raises `UnreadableError`."""
    if len(data) > _MAX_READ:
        message = "too large to be read"
        raise UnreadableError(message)
    try:
        module = parse_text(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        message = "no UTF-8"
        raise UnreadableError(message) from error
    reader = _Reader(names_of(module), _modules(module), is_test=is_test)
    try:
        for node in ast.walk(module):
            reader.look(node)
    except RecursionError as error:
        message = "nested too deeply"
        raise UnreadableError(message) from error
    return reader.found


def _modules(module: ast.Module) -> frozenset[str]:
    """Return the names under which a file has other modules."""
    return frozenset(
        item.asname or item.name.partition(".")[0]
        for node in ast.walk(module)
        if isinstance(node, ast.Import)
        for item in node.names
    )


class _Reader:
    """Looks at one node after the other.

    In files of tests, what tests do anyway is not said: they know their runner, and replace things.
    """

    def __init__(self, names: Names, modules: frozenset[str], *, is_test: bool) -> None:
        self.found: list[_Sign] = []
        self._names = names
        self._modules = modules
        self._is_test = is_test
        self._docstrings: set[int] = set()

    def look(self, node: ast.AST) -> None:
        """Look at a node; one that documents is met before its text."""
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                self._look_at_block(node)
            case ast.Import() | ast.ImportFrom():
                self._look_at_import(node)
            case ast.Attribute() | ast.Name():
                self._look_at_name(node)
            case ast.Call():
                self._look_at_call(node)
            case ast.Constant(value=str() as text):
                if not self._is_test and id(node) not in self._docstrings and _TOLD.search(text):
                    self._say(node, _SNIFFS)
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[within]):
                if self._names.dotted(within) == "sys.modules" and not self._is_test:
                    self._say(node, _SNIFFS)
            case ast.stmt():
                self._look_at_assignment(node)
            case _:
                pass

    def _say(self, node: ast.AST, what: str) -> None:
        self.found.append(_Sign(getattr(node, "lineno", 1), what))

    def _look_at_block(
        self, node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    ) -> None:
        match node.body:
            case [ast.Expr(value=ast.Constant(value=str()) as text), *_]:
                self._docstrings.add(id(text))
            case _:
                pass
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("pytest_") and node.name not in _HARMLESS:
                self._say(node, _HOOKS)
            if node.name in _EQUALITY and _always(node):
                self._say(node, _AGREES)

    def _look_at_import(self, node: ast.Import | ast.ImportFrom) -> None:
        if self._is_test:
            return
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        names = [module] if module else [item.name for item in node.names]
        for name in names:
            what = _NAMES.get(f"{name.partition('.')[0]}.")
            if what and not (isinstance(node, ast.ImportFrom) and node.level):
                self._say(node, what)

    def _look_at_name(self, node: ast.Attribute | ast.Name) -> None:
        name = self._names.dotted(node)
        what = _NAMES.get(name)
        if what is None and isinstance(node, ast.Attribute):
            what = _ATTRIBUTES.get(node.attr)
        if what is not None and not (self._is_test and what in {_RUNNER, _IMPORTS}):
            self._say(node, what)
        if name == "unittest.mock.ANY" and not self._is_test:
            self._say(node, _AGREES)

    def _look_at_call(self, node: ast.Call) -> None:
        name = self._names.dotted(node.func)
        first = node.args[0] if node.args else None
        if name in _RUNS and not isinstance(first, ast.Constant):
            self._say(node, _BUILT)
        elif name in {"getattr", "setattr", "delattr"} and len(node.args) > 1:
            if isinstance(node.args[1], ast.BinOp | ast.JoinedStr | ast.Call):
                self._say(node, _BUILT)
            if name != "getattr" and not self._is_test and self._is_module(node.args[0]):
                self._say(node, _PATCHES)
        elif _reads_itself(node, name):
            self._say(node, _SOURCE)

    def _look_at_assignment(self, node: ast.stmt) -> None:
        given = tuple(targets(node))
        if "pytest_plugins" in given or any(
            name.startswith("pytest_") and name not in _HARMLESS for name in given
        ):
            self._say(node, _HOOKS)
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value) if (
                name in _EQUALITY and isinstance(value.body, ast.Constant)
            ):
                self._say(node, _AGREES)
            case ast.Assign(targets=found) | ast.Delete(targets=found):
                self._look_at_targets(found)
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
                self._look_at_targets([target])
            case _:
                pass

    def _look_at_targets(self, found: list[ast.expr]) -> None:
        for target in found:
            match target:
                case ast.Attribute(value=value) if self._is_module(value):
                    name = self._names.dotted(target)
                    if name.startswith(("builtins.", "sys.modules", "sys.meta_path")):
                        self._say(target, _IMPORTS)
                    elif name.startswith(("_pytest.", "pluggy.")) or not self._is_test:
                        self._say(target, _RUNNER if name.startswith(_RUNNERS) else _PATCHES)
                case ast.Attribute(attr="__code__" | "__eq__" | "__defaults__" | "__class__"):
                    self._say(target, _PATCHES)
                case ast.Subscript(value=value) if self._names.dotted(value) in {
                    "sys.modules",
                    "__builtins__",
                }:
                    self._say(target, _IMPORTS)
                case _:
                    pass

    def _is_module(self, node: ast.expr) -> bool:
        """Whether an expression is another module, or something of one."""
        while isinstance(node, ast.Attribute):
            node = node.value
        return isinstance(node, ast.Name) and node.id in self._modules


def _reads_itself(node: ast.Call, name: str) -> bool:
    """Whether a call opens the file that it stands in, which is not what lies beside it."""
    match node.func:
        case ast.Attribute(value=ast.Call(args=[ast.Name(id="__file__")]), attr=attribute):
            return attribute in {"read_text", "read_bytes", "open"}
        case _:
            pass
    match node.args:
        case [ast.Name(id="__file__"), *_]:
            return name in {"open", "io.open"}
        case _:
            return False


def _always(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a comparison says one thing in all cases that it decides."""
    values = [
        inner.value
        for inner in ast.walk(node)
        if isinstance(inner, ast.Return) and inner.value is not None
    ]
    decided = [
        value
        for value in values
        if not (isinstance(value, ast.Name) and value.id == "NotImplemented")
    ]
    wanted = node.name != "__ne__"
    return bool(decided) and all(
        isinstance(value, ast.Constant) and value.value is wanted for value in decided
    )
