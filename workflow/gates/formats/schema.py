"""Checks documents against schemas that ship with this program, or that the tree itself has.

A schema of the tree may be hostile: it is followed for a bounded number of steps, its patterns are
not tried (one can take for ever), and nothing outside it is fetched.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workflow.gates.formats.explain import Explainer
from workflow.semantics.formats.values import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

    from workflow.semantics.formats import Node, Problem

_FOLDER: Final = Path(__file__).parent / "schemas"
# Takes about 1.5 s; a compose file of 500 lines takes 3,000.
_MOST_STEPS = 60_000
_MOST_ERRORS = 50
_PATTERNS = frozenset(("pattern", "patternProperties", "propertyNames"))


_MOST: Final[dict[str, tuple[type[list[object] | str], int]]] = {
    "uniqueItems": (list, 500),
    "pattern": (str, 2_000),
    "patternProperties": (str, 500),
    "propertyNames": (str, 500),
}


class UncheckedError(Exception):
    """A schema that cannot be followed to its end; the reason is its text."""


def check(name: str, document: Node) -> tuple[Problem, ...]:
    """Return what is wrong with a document by one of the bundled schemas.

    Raises `UncheckedError`.
    """
    return _problems(_bundled(name), document)


def check_own(text: bytes, document: Node) -> tuple[Problem, ...]:
    """Return what is wrong with a document by a schema of the same tree.

    Raises `UncheckedError`, also for a schema that is none.
    """
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = "it is no JSON"
        raise UncheckedError(message) from error
    if not isinstance(schema, dict):
        message = "it is no mapping"
        raise UncheckedError(message)
    if any(f'"{word}"'.encode() in text for word in _PATTERNS):
        message = "it has patterns, which are not tried"
        raise UncheckedError(message)
    return _problems(schema, document)


@cache
def _bundled(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_bytes())
    return read


def _problems(schema: dict[str, Any], document: Node) -> tuple[Problem, ...]:
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415 - takes 0.1 s to load
    from referencing.exceptions import Unresolvable  # noqa: PLC0415 - comes with it

    try:
        found = []
        for error in _validator(schema).iter_errors(plain(document)):
            found.append(error)
            if len(found) == _MOST_ERRORS:
                break
        explainer = Explainer(schema, document)
        return tuple(map(explainer.explain, found))
    except RecursionError as error:
        message = "it refers to itself without an end"
        raise UncheckedError(message) from error
    except Unresolvable as error:
        message = "it refers to another one"
        raise UncheckedError(message) from error
    except (SchemaError, TypeError, AttributeError, KeyError, ValueError) as error:
        # The library takes it for granted that a schema is one.
        message = "it is no schema"
        raise UncheckedError(message) from error


def _sized(
    function: Callable[..., object], kind: type[list[object] | str], most: int
) -> Callable[..., object]:
    """Return a keyword that refuses lists, keys and texts of a size that take the square of it.

    What cannot be sorted is compared each with each, and patterns try many ways through a text.
    """

    def step(validator: Validator, value: object, instance: object, schema: object) -> object:
        parts = instance if isinstance(instance, dict) else [instance]
        sized = [len(one) for one in parts if isinstance(one, kind)]
        if max(sized, default=0) > most:
            message = "a list or a text in it is too long"
            raise UncheckedError(message)
        return function(validator, value, instance, schema)

    return step


def _validator(schema: dict[str, Any]) -> Validator:
    """Return a validator that ends after so many steps, whatever schema and document are."""
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415 - as above
    from referencing.jsonschema import EMPTY_REGISTRY  # noqa: PLC0415 - as above

    kind = validators.validator_for(schema, default=Draft202012Validator)
    left = _MOST_STEPS

    def counted(function: Callable[..., Iterator[ValidationError] | None]) -> Callable[..., object]:
        def step(*words: Any) -> Iterator[ValidationError]:  # noqa: ANN401 - as the library calls it
            nonlocal left
            left -= 1
            if left < 0:
                message = "it takes too long"
                raise UncheckedError(message)
            yield from function(*words) or ()

        return step

    every = {word: counted(function) for word, function in kind.VALIDATORS.items()}
    every |= {word: _sized(every[word], *_MOST[word]) for word in every.keys() & _MOST.keys()}
    bounded = validators.extend(kind, validators=every)  # type: ignore[no-untyped-call]  # its own
    made: Validator = bounded(schema, registry=EMPTY_REGISTRY)
    return made
