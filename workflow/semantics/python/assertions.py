"""Counts the assertions of a function: those that can fail, and those that never do."""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, TypeAlias

from workflow.semantics.python.names import EMPTY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.semantics.python.names import Names

Definition: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
_Doubt: TypeAlias = "tuple[str, ast.AST] | None"
# Statements, whether they are reached and what they raise is seen, and what decides on it.
_Block: TypeAlias = "tuple[Sequence[ast.stmt], bool, _Doubt]"
_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_LEAVES = (ast.Return, ast.Continue, ast.Break)
_COMPOUND = (ast.If, ast.While, ast.For, ast.AsyncFor, ast.Try, ast.TryStar, ast.Match)
# An `elif` chain is as deep as it is long, and is looked through from each of its links.
_MAX_LOOKED_THROUGH = 200


@dataclass(slots=True)
class Guard:
    """Something in a function that decides whether assertions run, or whether they are heard.

    `key` is the same for guards that say the same.  `outer` is the place of the guard around it in
    the list of guards, which is a lower one, or -1.  `assertions` can fail, and stand in it, but
    in no guard within it.
    """

    key: str
    outer: int
    assertions: int = 0


@dataclass(frozen=True, slots=True)
class Assertions:
    """How many assertions can fail, how many never do, and the guards around the former."""

    live: int
    idle: int
    guards: tuple[Guard, ...]


def count_assertions(definition: Definition, names: Names) -> Assertions:
    """Count the assertions of a function.

    Never reached is what stands after a `return`, below a condition that is a false constant, in
    an inner function that nothing names, or where the failure is caught and dropped.  A guard is
    what no constant decides, such as a loop over something that is not written out.
    """
    live = idle = 0
    names = names.inside(definition)
    guards: list[Guard] = []
    used = _used(definition)
    # A stack and not recursion: an `elif` chain nests as deep as it is long.
    blocks: list[tuple[Sequence[ast.stmt], bool, int]] = [(definition.body, True, -1)]
    while blocks:
        body, alive, guard = blocks.pop()
        for statement in body:
            can_fail, never = _in_statement(statement, names)
            place = guard
            if alive:
                live, idle = live + can_fail, idle + never
            else:
                idle += can_fail + never
            for block, is_run, doubt in _inner(statement, names, used):
                place = guard
                if doubt is not None and block:
                    place = len(guards)
                    guards.append(Guard(f"{doubt[0]} {digest(doubt[1])}", guard))
                blocks.append((block, alive and is_run, place))
            # What a block must raise may be one of its own failed assertions, so it says nothing.
            is_deaf = isinstance(statement, ast.With | ast.AsyncWith) and place != guard
            if alive and (own := place if is_deaf else guard) >= 0:
                guards[own].assertions += can_fail
            alive = alive and not _ends(statement, names)
    return Assertions(live, idle, tuple(guards))


def unguarded(now: Sequence[Guard], was: Sequence[Guard]) -> int:
    """How many assertions stand in a guard of `now` that `was` does not have."""
    known = {guard.key for guard in was}
    is_known: list[bool] = []
    doubtful = 0
    for guard in now:
        is_known.append(guard.key in known and (guard.outer < 0 or is_known[guard.outer]))
        doubtful += 0 if is_known[-1] else guard.assertions
    return doubtful


def digest(*nodes: ast.AST) -> str:
    """A digest of what nodes say, without where they stand."""
    try:
        text = "\n".join(map(ast.dump, nodes))
    except RecursionError:
        # Nested too deeply to compare: like nothing but itself.
        return f"at {id(nodes)}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _used(definition: Definition) -> set[str]:
    """The names that a function reads; one that stands alone as a statement does nothing."""
    nothing = {
        id(node.value)
        for node in ast.walk(definition)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Name)
    }
    return {
        node.id
        for node in ast.walk(definition)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in nothing
    }


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
            is_open = truth is None
            yield statement.body, truth is not False, ("if", statement.test) if is_open else None
            yield statement.orelse, truth is not True, ("not", statement.test) if is_open else None
        case ast.Try() | ast.TryStar():
            yield from _tried(statement, names)
        case ast.With() | ast.AsyncWith():
            is_heard = not any(_suppresses(item, names) for item in statement.items)
            deaf = [item for item in statement.items if _expects_failure(item, names)]
            yield statement.body, is_heard, ("with", deaf[0]) if deaf else None
        case ast.For() | ast.AsyncFor():
            runs = names.repeats(statement.iter)
            doubt = ("for", statement.iter) if runs is None else None
            yield statement.body, runs is not False, doubt
            yield statement.orelse, True, None
        case ast.Match():
            yield from _cases(statement)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield statement.body, statement.name in used or bool(statement.decorator_list), None
        case ast.ClassDef():
            yield statement.body, statement.name in used, None
        case _:
            return


def _tried(statement: ast.Try | ast.TryStar, names: Names) -> Iterator[_Block]:
    """The blocks of a `try`; one that leaves by its `finally` drops what failed in the others."""
    is_heard = not any(
        isinstance(one, _LEAVES) or (_ends(one, names) and not isinstance(one, ast.Raise))
        for one in statement.finalbody
    )
    is_dropped = any(_drops(handler, names) for handler in statement.handlers)
    odd = [one for one in statement.handlers if one.type and not names.are_kinds(one.type)]
    yield statement.body, is_heard and not is_dropped, ("except", odd[0]) if odd else None
    yield from ((handler.body, is_heard, None) for handler in statement.handlers)
    yield statement.orelse, is_heard, None
    yield statement.finalbody, True, None


def _cases(statement: ast.Match) -> Iterator[_Block]:
    """The blocks of a `match`; constants tell by their form whether they are the same."""
    for case in statement.cases:
        match statement.subject, case.pattern, case.guard:
            case _, ast.MatchAs(pattern=None), None:
                yield case.body, True, None
            case ast.Constant(value=one), ast.MatchValue(value=ast.Constant(value=other)), None:
                yield case.body, one == other, None
            case _:
                header = ast.Tuple([statement.subject, *filter(None, [case.guard])], ast.Load())
                pattern = ast.match_case(case.pattern, header, [])
                yield case.body, True, ("case", pattern)


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
            case (ast.While() | ast.For()) as node if _is_run(node, names):
                first = takewhile(lambda one: not isinstance(one, _COMPOUND), node.body)
                pending += takewhile(
                    lambda one: not isinstance(one, ast.Break | ast.Continue), first
                )
            case ast.Try(handlers=[]) as node:
                pending += (*node.body, *node.finalbody)
            case node if isinstance(node, _ENDS):
                return True
    return False


def _drops(handler: ast.ExceptHandler, names: Names) -> bool:
    """Whether a handler catches a failed assertion and goes on as if nothing had been."""
    if handler.type is not None and not names.is_failure(handler.type):
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
        and any(isinstance(kind, ast.Starred) or names.is_failure(kind) for kind in call.args)
    )


def _expects_failure(item: ast.withitem, names: Names) -> bool:
    """Whether a block must raise something that a failed assertion is as well."""
    call = item.context_expr
    if not isinstance(call, ast.Call) or not names.is_assertion(call):
        return False
    kinds = (*call.args[:1], *(word.value for word in call.keywords if word.arg is not None))
    return any(names.is_failure(kind) for kind in kinds)


def _is_run(node: ast.While | ast.For, names: Names) -> bool:
    """Whether the body of a loop surely runs."""
    if isinstance(node, ast.While):
        return _constant(node.test) is True
    return names.repeats(node.iter) is True


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
        case ast.Name(id="__debug__"):
            truth = True
        case ast.Call(func=ast.Name(id=name), args=[], keywords=[]) if name in EMPTY:
            truth = False
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
