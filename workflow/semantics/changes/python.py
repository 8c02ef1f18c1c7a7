"""What changes between two texts of a Python file, by their syntax trees; nothing is executed."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, TypeVar

from workflow.semantics.changes.interface import Effect, SemanticChange, change, compared
from workflow.semantics.changes.python_facts import Facts, facts, is_same_tree
from workflow.semantics.python import UnreadableError, parse_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.changes.python_facts import Function

T = TypeVar("T")


def python_changes(before: str, after: str) -> list[SemanticChange]:
    """Return what differs, routes and models first; nothing when only layout does.

    Raises `UnreadableError` for a text that is no Python, or too deep.
    """
    trees = parse_text(before), parse_text(after)
    old, new = (_facts(tree) for tree in trees)
    found = [
        *compared("route", old.routes, new.routes),
        *compared("class", old.classes, new.classes),
        *compared("field", *_of_both(old, new, old.fields, new.fields)),
        *compared("attribute", *_of_both(old, new, old.attributes, new.attributes)),
        *_functions(*_of_both(old, new, old.functions, new.functions)),
        *_variables(old.variables, new.variables),
        *compared("import", old.imports, new.imports),
        *_statements(old, new),
        *_docstrings(old.docstrings, new.docstrings),
    ]
    if not found and not is_same_tree(*trees):
        found.append(change(Effect.CHANGED, "the order of definitions", ""))
    return found


def _facts(tree: ast.Module) -> Facts:
    try:
        return facts(tree)
    except (RecursionError, MemoryError) as error:
        message = "nested too deeply to be spelled"
        raise UnreadableError(message) from error


def _of_both(
    old: Facts, new: Facts, before: dict[str, T], after: dict[str, T]
) -> tuple[dict[str, T], dict[str, T]]:
    """Leave out members of a class that is added or removed: it is told as a whole."""
    told = old.classes.keys() ^ new.classes.keys()

    def left(table: dict[str, T]) -> dict[str, T]:
        return {name: one for name, one in table.items() if name.rpartition(".")[0] not in told}

    return left(before), left(after)


def _variables(old: dict[str, str], new: dict[str, str]) -> Iterator[SemanticChange]:
    for one in compared("variable", old, new):
        before, now = (_items(table.get(one.name, "")) for table in (old, new))
        if one.effect is not Effect.CHANGED or not before or not now or before == now:
            yield one
            continue
        came = [f"+{item}" for item in now if item not in before]
        gone = [f"-{item}" for item in before if item not in now]
        yield change(Effect.CHANGED, "variable", one.name, " ".join(came + gone) or "its order")


def _items(value: str) -> list[str]:
    """The items of a list, tuple or set of constants; nothing for any other value."""
    if not value.startswith(("[", "(", "{")):
        return []
    try:
        found = ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return []
    return [repr(item) for item in found] if isinstance(found, list | tuple | set) else []


def _functions(old: dict[str, Function], new: dict[str, Function]) -> Iterator[SemanticChange]:
    gone = {name: one for name, one in old.items() if name not in new}
    for name, now in new.items():
        before = old.get(name)
        if before is not None:
            if said := _difference(before, now):
                yield change(Effect.CHANGED, "function", name, said)
            continue
        moved = next((former for former, one in gone.items() if _is_same(one, now)), None)
        if moved is None:
            yield change(Effect.ADDED, "function", name, now.signature)
        else:
            del gone[moved]
            yield change(Effect.MOVED, "function", name, f"was {moved}")
    for name, one in gone.items():
        yield change(Effect.REMOVED, "function", name, one.signature)


def _is_same(one: Function, other: Function) -> bool:
    return (one.signature, one.body) == (other.signature, other.body)


def _difference(before: Function, now: Function) -> str:
    said = []
    if before.signature != now.signature:
        said.append(f"{before.signature} → {now.signature}")
    lost = [f"-@{mark}" for mark in before.decorators if mark not in now.decorators]
    came = [f"+@{mark}" for mark in now.decorators if mark not in before.decorators]
    said += lost + came
    if not said and before.decorators != now.decorators:
        said.append("the order of its decorators")
    if before.body != now.body:
        said.append("its body")
    if before.docstring != now.docstring:
        said.append("its docstring")
    return ", ".join(said)


def _statements(old: Facts, new: Facts) -> Iterator[SemanticChange]:
    """What runs when the file is loaded, beside what defines things."""
    if old.statements != new.statements:
        came = [one for one in new.statements if one not in old.statements]
        gone = [one for one in old.statements if one not in new.statements]
        said = [f"+ {one}" for one in came] + [f"- {one}" for one in gone]
        yield change(Effect.CHANGED, "what runs on import", "", "; ".join(said) or "the order")


def _docstrings(old: dict[str, str], new: dict[str, str]) -> Iterator[SemanticChange]:
    for name, said in new.items():
        if old.get(name, said) != said:
            yield change(Effect.CHANGED, "docstring", name)
