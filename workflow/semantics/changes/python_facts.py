"""What a Python file defines: one table of names and values for each kind of thing.

Values are spelled by `ast.unparse`, so that layout, comments and quotes are no difference.
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from workflow.semantics.changes.routes import prefixes, routes_of_call, routes_of_decorators

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
_MODEL_BASES = {"BaseModel", "BaseSettings", "TypedDict", "NamedTuple", "SQLModel", "Schema"}
_MODEL_MARKS = {"dataclass", "define", "frozen", "attrs", "s", "dataclass_transform"}
_SHORT = 60


@dataclass(frozen=True, slots=True)
class Function:
    """A function: its signature and decorators as text, digests of its body and its docstring."""

    signature: str
    decorators: tuple[str, ...]
    body: str
    docstring: str


@dataclass(slots=True)
class Facts:
    """The tables of one file, each by name in the order of the file."""

    imports: dict[str, str] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    routes: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    docstrings: dict[str, str] = field(default_factory=dict)


def facts(tree: ast.Module) -> Facts:
    """Return what a file defines.

    Raises `RecursionError` for one that is nested beyond what can be spelled.
    """
    found = Facts()
    known = prefixes(tree)
    _take_docstring(found, "", tree)
    _read(found, _without_docstring(tree.body), "", known)
    return found


def is_same_tree(one: ast.AST, other: ast.AST) -> bool:
    """Whether two trees are equal in all but places, and texts that stand alone.

    Their nodes are gone through side by side and without recursion.
    """
    stack: list[tuple[object, object]] = [(one, other)]
    while stack:
        left, right = stack.pop()
        if type(left) is not type(right):
            return False
        if isinstance(left, ast.Expr) and isinstance(right, ast.Expr):
            if not (_says_nothing(left) and _says_nothing(right)):
                stack.append((left.value, right.value))
        elif isinstance(left, ast.AST):
            stack += [
                (getattr(left, name, None), getattr(right, name, None)) for name in left._fields
            ]
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            stack += zip(left, right, strict=True)
        elif left != right:
            return False
    return True


def _read(found: Facts, body: Iterable[ast.stmt], scope: str, known: dict[str, str]) -> None:
    """Take in the statements of a module or a class; branches count as if they were taken."""
    for node in body:
        match node:
            case ast.Import() | ast.ImportFrom():
                found.imports |= dict.fromkeys(_imported(node), "")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                name = _free(found.functions, scope + node.name)
                found.functions[name] = _function(node)
                _add(found.routes, routes_of_decorators(node, known))
            case ast.ClassDef():
                _read_class(found, node, scope, known)
            case ast.If() | ast.Try() | ast.With() if _defines(node):
                found.statements.append(_spelled(_head(node)))
                for inner in _branches(node):
                    _read(found, inner, scope, known)
            case _:
                _read_statement(found, node, scope, known)


def _read_class(found: Facts, node: ast.ClassDef, scope: str, known: dict[str, str]) -> None:
    name = _free(found.classes, scope + node.name)
    heads = [*node.bases, *(keyword.value for keyword in node.keywords)]
    marks = [f"@{_spelled(mark)}" for mark in node.decorator_list]
    found.classes[name] = " ".join([*marks, f"({', '.join(map(_spelled, heads))})"])
    _take_docstring(found, name, node)
    is_model = _is_model(node)
    left: list[ast.stmt] = []
    for inner in _without_docstring(node.body):
        target = _target(inner)
        if target is None:
            left.append(inner)
            continue
        table = found.fields if is_model else found.attributes
        table[f"{name}.{target}"] = _value(inner)
    _read(found, left, f"{name}.", known)


def _read_statement(found: Facts, node: ast.stmt, scope: str, known: dict[str, str]) -> None:
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
    _add(found.routes, (route for call in calls for route in routes_of_call(call, known)))
    target = _target(node)
    if target is not None:
        found.variables[scope + target] = _value(node)
    elif not _says_nothing(node):
        found.statements.append(scope + _spelled(node))


def _function(node: _Function) -> Function:
    returns = f" -> {_spelled(node.returns)}" if node.returns else ""
    kind = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    body = _without_docstring(node.body)
    return Function(
        signature=f"{kind}({_spelled(node.args)}){returns}",
        decorators=tuple(map(_spelled, node.decorator_list)),
        body=_digest("\n".join(map(_spelled, body))),
        docstring=_docstring(node),
    )


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """Return each name that is imported, as a line of its own would say it."""
    for alias in node.names:
        named = f" as {alias.asname}" if alias.asname else ""
        if isinstance(node, ast.Import):
            yield f"{alias.name}{named}"
        else:
            yield f"{alias.name}{named} from {'.' * node.level}{node.module or ''}"


def _is_model(node: ast.ClassDef) -> bool:
    bases = {_last(base) for base in node.bases}
    marks = {
        _last(mark.func if isinstance(mark, ast.Call) else mark) for mark in node.decorator_list
    }
    return bool(bases & _MODEL_BASES or marks & _MODEL_MARKS)


def _last(node: ast.expr) -> str:
    """Return the last part of a dotted name, without what stands in brackets behind it."""
    if isinstance(node, ast.Subscript):
        node = node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _target(node: ast.stmt) -> str | None:
    """Return the one name that a statement gives a value or a type; `None` for another one."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        (target,) = node.targets
        return target.id if isinstance(target, ast.Name) else None
    return None


def _value(node: ast.stmt) -> str:
    if isinstance(node, ast.AnnAssign):
        value = f" = {_spelled(node.value)}" if node.value else ""
        return f"{_spelled(node.annotation)}{value}"
    return _spelled(node.value) if isinstance(node, ast.Assign) else ""


def _says_nothing(node: ast.stmt) -> bool:
    """Whether a statement does nothing: a text that stands alone is documentation."""
    match node:
        case ast.Pass() | ast.Expr(ast.Constant()):
            return True
    return False


def _defines(node: ast.If | ast.Try | ast.With) -> bool:
    """Whether a branch at the top defines or imports anything, such as under `TYPE_CHECKING`."""
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(one, kinds) for inner in _branches(node) for one in inner)


def _branches(node: ast.If | ast.Try | ast.With) -> list[list[ast.stmt]]:
    match node:
        case ast.If():
            return [node.body, node.orelse]
        case ast.Try():
            handlers = [handler.body for handler in node.handlers]
            return [node.body, *handlers, node.orelse, node.finalbody]
        case _:
            return [node.body]


def _head(node: ast.If | ast.Try | ast.With) -> ast.expr:
    match node:
        case ast.If():
            return node.test
        case ast.Try():
            caught = [handler.type for handler in node.handlers if handler.type]
            return ast.Tuple([ast.Name("try"), *caught])
        case _:
            return ast.Tuple([ast.Name("with"), *(item.context_expr for item in node.items)])


def _take_docstring(found: Facts, name: str, node: ast.Module | ast.ClassDef) -> None:
    found.docstrings[name or "of the file"] = _docstring(node)


def _docstring(node: _Function | ast.Module | ast.ClassDef) -> str:
    """Return a digest of the words; how they are laid out is nothing."""
    return _digest(" ".join((ast.get_docstring(node, clean=False) or "").split()))


def _without_docstring(body: Sequence[ast.stmt]) -> Sequence[ast.stmt]:
    match body:
        case [ast.Expr(ast.Constant(str())), *rest]:
            return rest
    return body


def _add(table: dict[str, str], found: Iterable[tuple[str, str]]) -> None:
    for name, value in found:
        table[_free(table, name)] = value


def _free(table: dict[str, object] | dict[str, Function] | dict[str, str], name: str) -> str:
    """Return a name that the table does not have: overloads and properties share theirs."""
    free, number = name, 1
    while free in table:
        number += 1
        free = f"{name} ({number})"
    return free


def _spelled(node: ast.AST) -> str:
    return ast.unparse(node)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() if text else ""
