"""What single nodes of a Python source look like: the questions that `tricks` asks."""

from __future__ import annotations

import ast

_BODIES = frozenset({"body", "orelse", "finalbody", "handlers", "cases"})
_OPERANDS = 2


def head(statement: ast.stmt | None) -> str:
    """Return what a statement says, without the statements in it."""
    if statement is None:
        return ""
    fields = ((name, value) for name, value in ast.iter_fields(statement) if name not in _BODIES)
    return repr(
        [
            [name, [ast.dump(one) if isinstance(one, ast.AST) else one for one in _listed(value)]]
            for name, value in fields
        ]
    )


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def has_true(node: ast.Call, name: str) -> bool:
    """Whether a call is given `name=True`."""
    return any(
        one.arg == name and isinstance(one.value, ast.Constant) and one.value.value is True
        for one in node.keywords
    )


def ignores_itself(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> bool:
    """Whether a comparison never looks at what it belongs to, and looks at the other."""
    names = [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
    if len(names) < _OPERANDS:
        return False
    body = node.body if isinstance(node.body, list) else [node.body]
    used = {one.id for part in body for one in ast.walk(part) if isinstance(one, ast.Name)}
    return names[0] not in used and names[1] in used


def reads_itself(node: ast.Call, name: str) -> bool:
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


def always(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
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
