"""The tricks by which code makes tests say something else, as they are written.

Each is something that honest programs seldom need, and that is told by one node of a source.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from workflow.gates.pytest import shapes
from workflow.semantics.python.names import targets

if TYPE_CHECKING:
    from workflow.semantics.python.names import Names

_FRAMES = "looks into other functions' frames or into all objects there are"
_RUNNER = "reaches into what runs the tests"
_IMPORTS = "changes what others get when they import"
_EXIT = "ends the process, or puts itself before its end"
_RAW = "reaches memory, descriptors or code below Python's own objects"
_BUILT = "runs code out of a text that is put together"
_SOURCE = "reads source or code of functions while it runs"
_AGREES = "is equal to everything"
_DECIDES = "decides by itself what it is equal to, in the place of a built-in kind"
_SNIFFS = "could tell a test run from a real one"
_PATCHES = "replaces something in another module"
_HOOKS = "decides how tests are found, run or reported"

_RUNNERS = ("__main__.", "pytest.", "_pytest.", "pluggy.", "unittest.")
# By the dotted name; one that ends with a dot is a module that is imported.
_NAMES: Final = {
    **dict.fromkeys(
        (
            *("sys._getframe", "sys._current_frames", "sys.settrace", "sys.setprofile"),
            *("sys.addaudithook", "sys.monitoring", "threading.settrace", "threading.setprofile"),
            *("inspect.currentframe", "inspect.stack", "inspect.trace", "inspect.getouterframes"),
            *("gc.get_objects", "gc.get_referrers", "gc.get_referents"),
            *("traceback.extract_stack", "traceback.walk_stack", "traceback.format_stack"),
            *("traceback.print_stack", "traceback.StackSummary"),
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
    **dict.fromkeys(
        (
            *("sys.orig_argv", "sys.modules.get", "sys.modules.keys", "sys.modules.items"),
            *("sys.modules.values", "sys.modules.copy", "faulthandler.is_enabled"),
        ),
        _SNIFFS,
    ),
}
_ATTRIBUTES: Final = {
    **dict.fromkeys(
        ("f_back", "f_locals", "f_globals", "tb_frame", "tb_next", "gi_frame", "cr_frame"), _FRAMES
    ),
    **dict.fromkeys(("__closure__", "cell_contents", "co_code", "co_consts"), _SOURCE),
    **dict.fromkeys(("get_source", "get_code"), _SOURCE),
    **dict.fromkeys(("f_code", "__subclasses__", "findCaller", "_getframe"), _FRAMES),
    **dict.fromkeys(("runtest", "from_item_and_call", "_hookexec"), _RUNNER),
}
# What nobody asks for to decide what to do, but who wants to know where he is.
_PLACES: Final = frozenset(
    {"socket.gethostname", "platform.node", "nodename", "os.getppid", "logging.root.handlers"}
)
_ASKS = frozenset({"type", "hasattr", "isinstance", "dir", "vars"})
_STREAMS = frozenset({"sys.stdout", "sys.stderr", "sys.stdin"})
_WALKED = frozenset({"os.environ", "os.environ.keys", "sys.modules"})
_KINDS = frozenset(
    {"int", "float", "complex", "str", "bytes", "list", "tuple", "dict", "set", "frozenset"}
)
_GETTERS = frozenset({"getattr", "setattr", "delattr", "operator.attrgetter"})
# How much of what is compared is looked at.
_MAX_WALKED = 50
_LOADS = frozenset({"importlib.import_module"})
_RUNS = frozenset({"exec", "eval", "compile", "__import__", "builtins.exec", "builtins.eval"})
_EQUALITY = frozenset({"__eq__", "__ne__", "__instancecheck__", "__subclasscheck__"})
_TOLD = re.compile(
    r"(?i)\b_?(?:py\.?test|unittest)\b|PYTEST_|nodeid|/proc/|/dev/fd|/run/workflow|WORKFLOW_REPORT"
    r"|_CURRENT_TEST|PYTHONHASHSEED|PYTHONDONTWRITEBYTECODE|^/tree(?:/|$)|^/tmp/home"
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


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing seen: in which line, what it is, in which function, and what stands there."""

    line: int
    what: str
    where: str
    text: str


def modules_of(module: ast.Module) -> frozenset[str]:
    """Return the names under which a file has other modules."""
    return frozenset(
        item.asname or item.name.partition(".")[0]
        for node in ast.walk(module)
        if isinstance(node, ast.Import)
        for item in node.names
    )


class Reader:
    """Looks at one node after the other, and keeps what it saw.

    In files of tests, what tests do anyway is not said: they know their runner, and replace things.
    """

    def __init__(self, names: Names, modules: frozenset[str], *, is_test: bool) -> None:
        self.found: list[Sign] = []
        self._names = names
        self._modules = modules
        self._is_test = is_test
        self._docstrings: set[int] = set()
        self._heads: dict[int, str] = {}
        self._where = ""
        self._statement: ast.stmt | None = None

    def read(self, module: ast.Module) -> None:
        """Look at all of a module, a node before what is in it."""
        stack: list[tuple[ast.AST, str, ast.stmt | None]] = [(module, "", None)]
        while stack:
            node, where, statement = stack.pop()
            if isinstance(node, ast.stmt):
                statement = node
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                where = f"{where}.{node.name}"
            self._where, self._statement = where, statement
            self._look(node)
            inner = list(ast.iter_child_nodes(node))
            stack += [(one, where, statement) for one in reversed(inner)]

    def _look(self, node: ast.AST) -> None:
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                self._look_at_block(node)
            case ast.Import() | ast.ImportFrom():
                self._look_at_import(node)
            case ast.Attribute() | ast.Name():
                self._look_at_name(node)
            case ast.Call():
                self._look_at_call(node)
            case ast.Subscript(value=value, slice=ast.Constant(value=str() as attribute)):
                self._look_at_entry(node, value, attribute)
            case ast.Constant(value=str() as text):
                if not self._is_test and id(node) not in self._docstrings and _TOLD.search(text):
                    self._say(node, _SNIFFS)
            case ast.Compare() | ast.For() | ast.comprehension():
                self._look_at_question(node)
            case ast.stmt():
                self._look_at_assignment(node)
            case _:
                pass

    def _say(self, node: ast.AST, what: str) -> None:
        statement = self._statement
        line = int(getattr(node, "lineno", statement.lineno if statement else 1))
        # NOTE: a statement can have thousands of signs.
        if id(statement) not in self._heads:
            self._heads[id(statement)] = shapes.head(statement)
        self.found.append(Sign(line, what, self._where, self._heads[id(statement)]))

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
            if node.name in _EQUALITY and (shapes.always(node) or shapes.ignores_itself(node)):
                self._say(node, _AGREES)
        elif isinstance(node, ast.ClassDef) and not self._is_test:
            is_kind = any(self._names.dotted(base) in _KINDS for base in node.bases)
            for item in node.body if is_kind else ():
                if isinstance(item, ast.FunctionDef) and item.name in _EQUALITY:
                    self._say(item, _DECIDES)

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
        self._look_at_attribute(node, name, node.attr if isinstance(node, ast.Attribute) else "")
        if name == "unittest.mock.ANY" and not self._is_test:
            self._say(node, _AGREES)

    def _look_at_attribute(self, node: ast.AST, name: str, attribute: str) -> None:
        what = _NAMES.get(name) or _ATTRIBUTES.get(attribute)
        if what is not None and not (self._is_test and what in {_RUNNER, _IMPORTS}):
            self._say(node, what)

    def _look_at_entry(self, node: ast.Subscript, value: ast.expr, attribute: str) -> None:
        """Look at `vars(x)["name"]` and `x.__dict__["name"]`, which are `x.name`."""
        match value:
            case ast.Call(func=ast.Name(id="vars"), args=[within]):
                pass
            case ast.Attribute(value=within, attr="__dict__"):
                pass
            case _:
                return
        self._look_at_attribute(node, f"{self._names.dotted(within)}.{attribute}", attribute)

    def _look_at_call(self, node: ast.Call) -> None:
        name = self._names.dotted(node.func)
        first = node.args[0] if node.args else None
        if (name in _RUNS and not isinstance(first, ast.Constant)) or (
            name in _LOADS and isinstance(first, ast.BinOp | ast.Call)
        ):
            self._say(node, _BUILT)
        elif name in _GETTERS:
            self._look_at_getter(node, name)
        elif name in _ASKS and first is not None and not self._is_test:
            if self._names.dotted(first) in _STREAMS:
                self._say(node, _SNIFFS)
        elif shapes.reads_itself(node, name):
            self._say(node, _SOURCE)
        elif (
            shapes.has_true(node, "record")
            and name == "warnings.catch_warnings"
            and not self._is_test
        ):
            self._say(node, _FRAMES)

    def _look_at_getter(self, node: ast.Call, name: str) -> None:
        """Look at `getattr` and its like: with a constant, that is the attribute itself."""
        if not node.args:
            return
        *owner, attribute = node.args[: 1 if name == "operator.attrgetter" else 2]
        if isinstance(attribute, ast.BinOp | ast.JoinedStr | ast.Call) and owner:
            self._say(node, _BUILT)
        if isinstance(attribute, ast.Constant) and isinstance(attribute.value, str):
            dotted = ".".join((*map(self._names.dotted, owner), attribute.value))
            self._look_at_attribute(node, dotted, attribute.value.rpartition(".")[2])
        is_change = name in {"setattr", "delattr"} and not self._is_test
        if is_change and any(map(self._is_module, owner)):
            self._say(node, _PATCHES)

    def _look_at_question(self, node: ast.Compare | ast.For | ast.comprehension) -> None:
        """Look at what is compared or gone through: it could tell where the program runs."""
        if self._is_test:
            return
        if not isinstance(node, ast.Compare):
            source = node.iter.func if isinstance(node.iter, ast.Call) else node.iter
            if self._names.dotted(source) in _WALKED:
                self._say(node.iter, _SNIFFS)
            return
        is_in = isinstance(node.ops[0], ast.In | ast.NotIn)
        parts = (
            one
            for operand in (node.left, *node.comparators)
            for one in islice(ast.walk(operand), _MAX_WALKED)
        )
        if (is_in and self._names.dotted(node.comparators[0]) == "sys.modules") or any(
            map(self._tells_place, parts)
        ):
            self._say(node, _SNIFFS)

    def _tells_place(self, node: ast.AST) -> bool:
        match node:
            case ast.Subscript(value=value, slice=ast.Constant(value=0)):
                return self._names.dotted(value) == "sys.argv"
            case ast.Attribute() | ast.Name():
                return self._names.dotted(node) in _PLACES
            case _:
                return False

    def _look_at_assignment(self, node: ast.stmt) -> None:
        given = tuple(targets(node))
        if "pytest_plugins" in given or any(
            name.startswith("pytest_") and name not in _HARMLESS for name in given
        ):
            self._say(node, _HOOKS)
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value) if (
                name in _EQUALITY
            ):
                if isinstance(value.body, ast.Constant) or shapes.ignores_itself(value):
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
