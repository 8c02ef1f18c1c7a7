"""Counts the assertions of a function: those that can fail, and those that never do."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.semantics.python.names import Names

Definition: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
_Block: TypeAlias = "tuple[Sequence[ast.stmt], bool]"
_CATCH_ALL = frozenset({"AssertionError", "Exception", "BaseException"})
_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
# An `elif` chain is as deep as it is long, and is looked through from each of its links.
_MAX_LOOKED_THROUGH = 200


def count_assertions(definition: Definition, names: Names) -> tuple[int, int]:
    """How many assertions can fail, and how many are always true or never reached.

    Never reached is what stands after a `return`, below a condition that is a false constant, in
    an inner function that nothing names, or where the failure is caught and dropped.
    """
    live = idle = 0
    used = {node.id for node in ast.walk(definition) if isinstance(node, ast.Name)}
    # A stack and not recursion: an `elif` chain nests as deep as it is long.
    blocks: list[_Block] = [(definition.body, True)]
    while blocks:
        body, alive = blocks.pop()
        for statement in body:
            can_fail, never = _in_statement(statement, names)
            live, idle = (
                (live + can_fail, idle + never) if alive else (live, idle + can_fail + never)
            )
            blocks.extend(
                (block, alive and is_run) for block, is_run in _inner(statement, names, used)
            )
            alive = alive and not _ends(statement, names)
    return live, idle


def _in_statement(statement: ast.stmt, names: Names) -> tuple[int, int]:
    """Assertions of one statement, without those of the blocks in it."""
    if isinstance(statement, ast.Assert):
        return (0, 1) if is_truth(statement.test) else (1, 0)
    calls = sum(
        isinstance(node, ast.Call) and names.is_assertion(node) for node in _expressions(statement)
    )
    return calls, 0


def _expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """Every expression node of a statement that is not in a block of it."""
    for child in ast.iter_child_nodes(statement):
        if not isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield from ast.walk(child)


def _inner(statement: ast.stmt, names: Names, used: set[str]) -> Iterator[_Block]:
    """The blocks of a statement, and whether a failure in them can be reached and seen."""
    match statement:
        case ast.If() | ast.While():
            truth = _constant(statement.test)
            yield statement.body, truth is not False
            yield statement.orelse, truth is not True
        case ast.Try() | ast.TryStar():
            yield statement.body, not any(_drops(handler, names) for handler in statement.handlers)
            yield from ((handler.body, True) for handler in statement.handlers)
            yield statement.orelse, True
            yield statement.finalbody, True
        case ast.With() | ast.AsyncWith():
            yield statement.body, not any(_suppresses(item, names) for item in statement.items)
        case ast.For() | ast.AsyncFor():
            yield statement.body, names.length(statement.iter) != 0
            yield statement.orelse, True
        case ast.Match():
            yield from ((case.body, True) for case in statement.cases)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield statement.body, statement.name in used or bool(statement.decorator_list)
        case ast.ClassDef():
            yield statement.body, statement.name in used
        case _:
            return


def _ends(statement: ast.stmt, names: Names) -> bool:
    """Whether nothing after a statement in its block is reached, also for what it surely runs."""
    pending = [statement]
    for _ in range(_MAX_LOOKED_THROUGH):
        if not pending:
            return False
        match pending.pop():
            case ast.Expr(value=ast.Call() as call) if names.is_skip(call):
                return True
            case ast.If() as node:
                truth = _constant(node.test)
                pending += node.body if truth else node.orelse if truth is False else ()
            case ast.With() as node:
                pending += node.body
            case ast.Try(handlers=[]) as node:
                pending += (*node.body, *node.finalbody)
            case node if isinstance(node, _ENDS):
                return True
    return False


def _drops(handler: ast.ExceptHandler, names: Names) -> bool:
    """Whether a handler catches a failed assertion and goes on as if nothing had been."""
    if handler.type is not None:
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        if not any(names.dotted(kind).rpartition(".")[2] in _CATCH_ALL for kind in kinds):
            return False
    return not any(
        isinstance(node, ast.Raise | ast.Assert)
        or (isinstance(node, ast.Call) and names.is_assertion(node))
        for statement in handler.body
        for node in ast.walk(statement)
    )


def _suppresses(item: ast.withitem, names: Names) -> bool:
    call = item.context_expr
    return (
        isinstance(call, ast.Call)
        and names.dotted(call.func)
        in {
            "suppress",
            "contextlib.suppress",
        }
        and any(names.dotted(kind) in _CATCH_ALL for kind in call.args)
    )


def is_generator(definition: Definition) -> bool:
    """Whether a function has a `yield` of its own, so that a call runs nothing of it."""
    pending: list[ast.AST] = list(definition.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            pending += ast.iter_child_nodes(node)
    return False


def is_truth(test: ast.expr) -> bool:
    """Whether a condition is always true, by its form alone."""
    pending = [test]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            pending += node.values
        elif _constant(node) is True or _compares_itself(node):
            return True
    return False


def _constant(node: ast.expr) -> bool | None:
    """The truth of an expression that has one by its form; else `None`."""
    turned = False
    while isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        node, turned = node.operand, not turned
    match node:
        case ast.Constant():
            truth = bool(node.value)
        case ast.Tuple() | ast.List() | ast.Set():
            truth = bool(node.elts)
        case ast.Dict():
            truth = bool(node.keys)
        case ast.Lambda() | ast.JoinedStr():
            truth = True
        case _:
            return None
    return truth != turned


def _compares_itself(node: ast.expr) -> bool:
    """`x == x` and the like, of plain names: anything else may differ from one look to the next."""
    if not isinstance(node, ast.Compare) or not isinstance(
        node.ops[0], ast.Eq | ast.Is | ast.LtE | ast.GtE
    ):
        return False
    left, right = node.left, node.comparators[0]
    if isinstance(left, ast.Name) and isinstance(right, ast.Name):
        return left.id == right.id and len(node.ops) == 1
    return (
        isinstance(left, ast.Constant)
        and isinstance(right, ast.Constant)
        and left.value == right.value
        and len(node.ops) == 1
    )
