"""Says what a validator means: the likeliest mistake, its line, and the mend; never a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workflow.gates.formats.found import near
from workflow.semantics.formats import Items, Problem, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from jsonschema import ValidationError

    from workflow.semantics.formats import Node

_SHOWN = 6
_MOST_SCHEMAS = 200
_NESTED = ("allOf", "anyOf", "oneOf")
_CLOSED = frozenset(("additionalProperties", "unevaluatedProperties"))


@dataclass(frozen=True, slots=True)
class Explainer:
    """Explains errors of one document by one schema."""

    root: dict[str, Any]
    document: Node

    def explain(self, error: ValidationError) -> Problem:
        """Return what is wrong, where; a value is never shown, it may be a secret."""
        error = self._likeliest(error)
        path = list(error.absolute_path)
        node, line = _at(self.document, path)
        name = _spelled(path) or "the document"
        wanted: Any = error.validator_value
        match error.validator:
            case "additionalProperties" | "unevaluatedProperties" if extra := self._extra(error):
                _, line = _at(self.document, [*path, extra[0]])
                alike = self._near(extra[0], error)
                mend = f"write {alike}" if alike else "take it out, or move it to where it belongs"
                return Problem(line, f"{name} knows no key {extra[0][:80]}", mend, not alike)
            case "required":
                lacks = [key for key in wanted if isinstance(node, Table) and node.get(key) is None]
                return Problem(line, f"{name} lacks {', '.join(lacks) or 'a key'}", "add it")
            case "type":
                kinds = [wanted] if isinstance(wanted, str) else list(wanted)
                return Problem(line, f"{name} is no {' or '.join(kinds)}", "see how it is quoted")
            case "enum":
                shown = ", ".join(str(one) for one in wanted[:_SHOWN])
                more = ", …" if len(wanted) > _SHOWN else ""
                return Problem(line, f"{name} is none of {shown}{more}", "take one of them")
            case "pattern":
                return Problem(line, f"{name} is not written as it must be: {wanted}"[:200])
            case word:
                return Problem(line, f"{name} does not fit the schema ({word})")

    def _likeliest(self, error: ValidationError) -> ValidationError:
        """Return the error that says most: of alternatives, what is wrong with the likeliest."""
        while error.context:
            ways: dict[object, list[ValidationError]] = {}
            for one in error.context:
                way = next(iter(one.relative_schema_path), "")
                ways.setdefault(way, []).append(one)
            error = max(max(ways.values(), key=self._likelihood), key=self._told)
        return error

    def _likelihood(self, errors: Iterable[ValidationError]) -> tuple[bool, int, int]:
        """How likely an alternative is meant: of its type, wrong only deep inside, and least."""
        errors = list(errors)
        is_typed = not any(one.validator == "type" and not one.relative_path for one in errors)
        depth = min(len(one.relative_path) for one in errors)
        return is_typed, depth, -sum(max(len(self._extra(one)), 1) for one in errors)

    def _told(self, error: ValidationError) -> tuple[bool, int]:
        """How much an error says: most is a key that is nearly one that is known."""
        extra = self._extra(error)
        return bool(extra) and bool(self._near(extra[0], error)), len(error.relative_path)

    def _extra(self, error: ValidationError) -> list[str]:
        """Return the keys that a schema does not know, if that is the error."""
        if error.validator not in _CLOSED or not isinstance(error.instance, dict):
            return []
        keys, shapes = self._known(error.schema)
        return [
            key
            for key in error.instance
            if key not in keys and not any(shape.search(key[:200]) for shape in shapes)
        ]

    def _near(self, key: str, error: ValidationError) -> str:
        keys, _ = self._known(error.schema)
        return near(key, keys)

    def _known(self, schema: object) -> tuple[set[str], list[re.Pattern[str]]]:
        """Return the keys and the patterns of keys that a schema names, with those it refers to."""
        keys: set[str] = set()
        shapes: list[re.Pattern[str]] = []
        stack = [schema]
        for _ in range(_MOST_SCHEMAS):
            one = stack.pop() if stack else None
            if not isinstance(one, dict):
                continue
            keys.update(_table(one.get("properties")))
            shapes += (re.compile(shape) for shape in _table(one.get("patternProperties")))
            for word in _NESTED:
                stack += one.get(word, [])
            if isinstance(one.get("$ref"), str):
                stack.append(self._referred(one["$ref"]))
        return keys, shapes

    def _referred(self, name: str) -> object:
        """Return what a reference inside the schema names."""
        found: object = self.root
        for part in name.removeprefix("#").strip("/").split("/"):
            found = _table(found).get(part)
        return found


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _at(document: Node, path: Sequence[str | int]) -> tuple[Node, int]:
    """Return what stands at a path, and its line."""
    node, line = document, document.line
    for part in path:
        if isinstance(node, Table):
            entry = next((one for one in node.entries if one.key == part), None)
            if entry is None:
                break
            node, line = entry.value, entry.line
        elif isinstance(node, Items) and isinstance(part, int):
            node = node.items[part]
            line = node.line
    return node, line


def _spelled(path: Sequence[str | int]) -> str:
    said = ""
    for part in path:
        said += f"[{part}]" if isinstance(part, int) else f"{'.' if said else ''}{part[:80]}"
    return said
