"""What a Python module consists of, and how each part of it is spoiled: read and never executed."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING, TypeAlias

from workflow.semantics.python import parse_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    Definition: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

# Set by pytest during each phase of each test, and for the programs that a test starts.
_TESTING = "'PYTEST_CURRENT_TEST' in __import__('os').environ"
_ERROR = "raise RuntimeError('broken on purpose')\n"
_RAISE = f"if {_TESTING}:\n    {_ERROR}"
_NOTHING = f"(lambda value: None if {_TESTING} else value)(it)"
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*_DEFINITIONS, ast.ClassDef, ast.Lambda)
_BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)


def parsed(data: bytes) -> ast.Module:
    """Return a source as a tree.  Raises `UnreadableError`, or `ValueError` for what is no text."""
    return parse_text(data.decode("utf-8-sig"))


def written(module: ast.Module) -> bytes:
    """Return a module as text; empty where that cannot be read again."""
    text = ast.unparse(ast.fix_missing_locations(module))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError:
        return b""
    return text.encode("utf-8", "surrogateescape")


# --- what changed ---------------------------------------------------------------------------------


def things(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield every function and constant of a module, by name and what it says."""
    for name, node, _ in definitions(module):
        yield name, said(node)
    for name, statement in constants(module):
        yield name, ast.dump(statement)


def definitions(
    module: ast.Module,
) -> Iterator[tuple[str, Definition, tuple[str, ...]]]:
    """Yield each function with its dotted name, and the names of the functions around it."""
    stack: list[tuple[ast.AST, str, tuple[str, ...]]] = [(module, "", ())]
    while stack:
        node, prefix, around = stack.pop()
        if isinstance(node, (*_DEFINITIONS, ast.ClassDef)):
            name = prefix + node.name
            if isinstance(node, _DEFINITIONS):
                yield name, node, around
                around = (*around, name)
            prefix = f"{name}."
        blocks = [child for child in ast.iter_child_nodes(node) if isinstance(child, _BLOCKS)]
        stack += [(child, prefix, around) for child in reversed(blocks)]


def said(node: Definition) -> str:
    """What a function says, but for its first words on itself, and what functions in it say."""
    inner = [one for one in _inner(node) if isinstance(one, _DEFINITIONS)]
    bodies = [one.body for one in inner]
    for one in inner:
        one.body = []
    try:
        parts = (node.args, *node.decorator_list, *_after_docstring(node))
        return repr([type(node).__name__, *map(ast.dump, parts)])
    finally:
        for one, body in zip(inner, bodies, strict=True):
            one.body = body


def _inner(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements below a node, at any depth."""
    stack = [node]
    while stack:
        blocks = [one for one in ast.iter_child_nodes(stack.pop()) if isinstance(one, _BLOCKS)]
        yield from blocks
        stack += blocks


def _after_docstring(node: Definition) -> list[ast.stmt]:
    match node.body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
        case body:
            return body


def constants(module: ast.Module) -> Iterator[tuple[str, ast.Assign | ast.AnnAssign]]:
    """Yield what is written out and given a name, in the module and its classes."""
    stack: list[tuple[ast.stmt, str]] = [(one, "") for one in reversed(module.body)]
    while stack:
        node, prefix = stack.pop()
        match node:
            case ast.ClassDef(name=name, body=body):
                stack += [(one, f"{prefix}{name}.") for one in reversed(body)]
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield prefix + name, node
            case _:
                pass


def is_known(
    name: str, statement: ast.Assign | ast.AnnAssign, known: Collection[tuple[str, str]]
) -> bool:
    """Whether a constant says what it said before."""
    return (name, ast.dump(statement)) in known


def can_change(statement: ast.Assign | ast.AnnAssign) -> bool:
    """Whether a constant is written out, so that it can be given another value."""
    return statement.value is not None and another(statement.value) is not None


# --- what is spoiled ------------------------------------------------------------------------------


def raise_at_end(node: Definition, *, always: bool = False) -> bool:
    """Let a function raise an error when all that it does is done, in a test or `always`."""
    body = _after_docstring(node)
    first = node.body[: len(node.body) - len(body)]
    last = ast.parse(_ERROR if always else _RAISE).body
    node.body = [*first, ast.Try(body or [ast.Pass()], [], [], last)]
    return True


def return_nothing(node: Definition) -> bool:
    """Let a function give nothing where it gives something; whether it does anywhere."""
    found = False
    stack: list[ast.AST] = [*node.body]
    while stack:
        inner = stack.pop()
        if isinstance(inner, _SCOPES):
            continue
        stack += ast.iter_child_nodes(inner)
        match inner:
            case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
                if not (isinstance(value, ast.Constant) and value.value is None):
                    inner.value = _nothing(value)
                    found = True
            case _:
                pass
    return found


def _nothing(value: ast.expr) -> ast.expr:
    call = ast.parse(_NOTHING, mode="eval").body
    if isinstance(call, ast.Call):
        call.args = [value]
    return call


def another(value: ast.expr) -> ast.expr | None:
    """Return another value than one that is written out; `None` for any other expression."""
    other: ast.expr | None = None
    match value:
        case ast.Constant(value=bool() as known):
            other = ast.Constant(not known)
        case ast.Constant(value=int() | float() as known):
            other = ast.Constant(known + 1)
        case ast.Constant(value=str() as text):
            other = ast.Constant(f"{text}x")
        case ast.Constant(value=bytes() as data):
            other = ast.Constant(data + b"x")
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
            other = value.operand
        case ast.List(elts=[_, *_]):
            other = ast.List([], ast.Load())
        case ast.Tuple(elts=[_, *_]):
            other = ast.Tuple([], ast.Load())
        case ast.Set(elts=[_, *_]):
            other = ast.Set([])
        case ast.Dict(keys=[_, *_]):
            other = ast.Dict([], [])
        case _:
            pass
    return other
