"""Turns values into pydantic models, JSON schemas and samples, all three from one reading."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from workflow.providers.offline.client.naming import (
    LITERAL,
    camel,
    discriminator,
    python_name,
    tag_of,
    together,
)
from workflow.providers.offline.client.values import (
    UNDEFINED,
    Choice,
    Encoded,
    Entry,
    Items,
    Kind,
    Record,
    Scalar,
    Text,
    Value,
    either,
    options,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_TEXT = 2048
MAX_ITEMS = 500
MAX_FIELDS = 64
MAX_SAFE = 2**53
_MAX_DEPTH = 6
_MAX_MODELS = 120
_MAX_CLASS = 40
_MAX_WORDS = 44
_NAME = re.compile(r"[\w$.\-:/@\[\] ]{1,64}\Z", re.ASCII)
# Names that the drafted modules have for themselves.
_CLASSES = frozenset(
    {
        *("Text", "LongText", "Name", "Whole", "Number", "Moment", "Fields", "Several", "T"),
        *("Closed", "Open", "Written", "WrittenOpen", "Annotated", "Any", "Literal", "TypeVar"),
        *("AwareDatetime", "BaseModel", "ConfigDict", "Field", "JsonValue", "TypeAdapter"),
        *("None", "True", "False", "ADAPTERS"),
    }
)
_WRITTEN = frozenset({"Text", "LongText", "Whole", "Number", "bool", "Moment"})


@dataclass(frozen=True, slots=True)
class Typed:
    """A type: how Python writes it, its JSON schema, and a value of it."""

    words: str
    schema: dict[str, Json]
    sample: Json
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class ModelField:
    """A field of a model: its name in Python, its name in JSON, and its type."""

    name: str
    alias: str
    typed: Typed
    is_optional: bool


@dataclass(frozen=True, slots=True)
class Model:
    """A class of the drafted models; an open one lets unknown fields in."""

    name: str
    about: str
    fields: tuple[ModelField, ...]
    is_open: bool
    is_written: bool = False


@dataclass(frozen=True, slots=True)
class Alias:
    """A type with a name of its own, since it is long: `outer[parts, ...]`, or a union of parts."""

    name: str
    outer: str
    parts: tuple[str, ...]


@dataclass(slots=True)
class Models:
    """The classes drafted so far, and the definitions of the schema that is being made."""

    classes: list[Model | Alias] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    _defs: dict[str, Json] = field(default_factory=dict)
    _names: set[str] = field(default_factory=lambda: set(_CLASSES))
    _is_written: bool = False

    def typed(
        self, name: str, values: Sequence[Value], *, is_written: bool = False
    ) -> tuple[Typed, dict[str, Json], tuple[Json, ...]]:
        """The type of what is one of these values, its whole schema, and a sample of each kind.

        `is_written` says that all its values are written as text, as in a query or a form.
        """
        self._defs = {}
        self._is_written = is_written
        found = self._type(either(values), name, 0)
        schema: dict[str, Json] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": name,
            **found.schema,
        }
        if self._defs:
            schema["$defs"] = dict(sorted(self._defs.items()))
        return found, schema, self._samples(found, either(values))

    def _samples(self, found: Typed, value: Value) -> tuple[Json, ...]:
        records = [one for one in options(value) if isinstance(one, Record)]
        tag = discriminator(records)
        if not tag:
            return (found.sample,)
        refs = found.schema.get("oneOf")
        size = len(refs) if isinstance(refs, list) else 0
        made = [one for one in self.classes if isinstance(one, Model) and one.name in self._defs]
        heads = [one for one in made if any(item.alias == tag for item in one.fields)]
        variants = [one for one in heads if isinstance(refs, list) and _ref(one.name) in refs]
        return tuple(sample(one) for one in variants[:size])

    # --- one type -------------------------------------------------------------------------------

    def _type(  # noqa: PLR0911 - one return for each kind of value
        self, value: Value, name: str, depth: int
    ) -> Typed:
        if isinstance(value, Choice):
            return self._choice(value, name, depth)
        match value:
            case Text():
                return self._text(value)
            case Scalar(kind=kind):
                return _SCALARS[kind]
            case Encoded():
                return _SCALARS[Kind.STR]
            case Items(element=element):
                return self._items(element, name, depth)
            case Record() if depth >= _MAX_DEPTH or len(self.classes) >= _MAX_MODELS:
                return _OBJECT
            case Record(entries=(), is_open=True):
                return _OBJECT
            case Record():
                return self._model(value, name, depth)
            case _:
                return _ANY

    def _text(self, value: Text) -> Typed:
        constant = value.constant
        if constant is None or not constant:
            return _SCALARS[Kind.STR]
        if LITERAL.match(constant):
            return _literal((constant,))
        return _LONG if len(constant) > MAX_TEXT // 2 else _SCALARS[Kind.STR]

    def _items(self, element: Value, name: str, depth: int) -> Typed:
        inner = _ANY if element == UNDEFINED else self._type(element, f"{name}Item", depth + 1)
        return Typed(
            f"Several[{inner.words}]",
            {"type": "array", "items": dict(inner.schema), "maxItems": MAX_ITEMS},
            [inner.sample],
        )

    def _choice(self, value: Choice, name: str, depth: int) -> Typed:
        kept = [one for one in value.options if one != UNDEFINED]
        if any(self._is_any(one) for one in kept) or not kept:
            return _ANY
        records = [one for one in kept if isinstance(one, Record)]
        found: list[Typed] = [self._records(records, name, depth)] if records else []
        arrays = [one.element for one in kept if isinstance(one, Items)]
        if arrays:
            present = [one for one in arrays if one != UNDEFINED]
            found.append(self._items(either(present) if present else UNDEFINED, name, depth))
        rest = [one for one in kept if not isinstance(one, Record | Items)]
        found += _simple([self._type(one, name, depth) for one in rest])
        made = _union(found)
        if len(made.words) <= _MAX_WORDS or not found:
            return made
        if len(found) == 1 and _is_literal(made):
            listed = made.schema.get("enum")
            words = [json.dumps(one) for one in listed] if isinstance(listed, list) else []
            parts = tuple(words)
            return replace(made, words=self._alias(name, "Literal", parts)) if words else made
        return replace(made, words=self._alias(name, "", tuple(one.words for one in found)))

    def _alias(self, name: str, outer: str, parts: tuple[str, ...]) -> str:
        chosen = self._free(name)
        self.classes.append(Alias(chosen, outer, parts))
        return chosen

    def _free(self, name: str) -> str:
        base = name[:_MAX_CLASS]
        ways = (base, *(f"{base}{number}" for number in range(2, 3 * _MAX_MODELS)))
        chosen = next(one for one in ways if one not in self._names)
        self._names.add(chosen)
        return chosen

    def _is_any(self, value: Value) -> bool:
        return isinstance(value, Scalar) and value.kind is Kind.UNKNOWN

    def _records(self, records: list[Record], name: str, depth: int) -> Typed:
        tag = discriminator(records)
        if not tag:
            return self._type(together(records), name, depth)
        groups: dict[str, list[Record]] = {}
        for one in records:
            groups.setdefault(tag_of(one, tag), []).append(one)
        variants = [
            self._model(
                together(group), f"{name}{camel(word)}", depth, f'Sent with `{tag}` "{word}".'
            )
            for word, group in groups.items()
        ]
        if len(variants) == 1:
            return variants[0]
        members = tuple(one.words for one in variants)
        parts = (*members, f'Field(discriminator="{python_name(tag)}")')
        return Typed(
            self._alias(name, "Annotated", parts),
            {"oneOf": [dict(one.schema) for one in variants]},
            variants[0].sample,
            is_closed=all(one.is_closed for one in variants),
        )

    def _model(self, value: Record, name: str, depth: int, about: str = "") -> Typed:
        chosen = self._free(name)
        sent = [entry for entry in value.entries if entry.value != UNDEFINED]
        readable = [entry for entry in sent if _NAME.match(entry.name)]
        is_open = value.is_open or len(readable) < len(sent)
        fields: list[ModelField] = []
        for entry in readable:
            made = self._field(entry, chosen, depth, {one.name for one in fields})
            fields.append(made)
        model = Model(chosen, about, tuple(fields), is_open, self._is_written)
        self.classes.append(model)
        self._defs[chosen] = schema_of(model)
        return Typed(chosen, _ref(chosen), sample(model), is_closed=not is_open)

    def _field(self, entry: Entry, model: str, depth: int, taken: set[str]) -> ModelField:
        found = self._type(entry.value, f"{model}{camel(entry.name)}", depth + 1)
        is_any = found is _ANY
        if is_any and not self._is_written:
            self.unknown.append(entry.name)
        if self._is_written and found.words not in _WRITTEN and not _is_literal(found):
            found = _SCALARS[Kind.STR]
        name = python_name(entry.name)
        while name in taken:
            name += "_"
        is_optional = entry.is_optional or is_any or UNDEFINED in options(entry.value)
        return ModelField(name, entry.name, found, is_optional)


# --- several types -----------------------------------------------------------------------------


def _simple(found: list[Typed]) -> list[Typed]:
    """The types, each once: a text takes its literals in, a number the whole numbers."""
    words = {one.words for one in found}
    kept = list({one.words: one for one in found}.values())
    literals = [one for one in kept if one.words.startswith("Literal[")]
    rest = [one for one in kept if one not in literals]
    if words & {"Number"}:
        rest = [one for one in rest if one.words != "Whole"]
    strings = [one for one in rest if one.words in {"Text", "LongText"}]
    if strings:
        return [one for one in rest if one.words != "Moment"]
    if literals:
        if "Moment" in words:
            return [*(one for one in rest if one.words != "Moment"), _SCALARS[Kind.STR]]
        samples = [str(one.sample) for one in literals]
        rest.append(_literal(tuple(samples)))
    return rest


def _union(found: list[Typed]) -> Typed:
    """One of these types; what may be nothing comes last."""
    ordered = [one for one in found if one.words != "None"]
    ordered += [one for one in found if one.words == "None"]
    if len(ordered) == 1:
        return ordered[0]
    return Typed(
        " | ".join(one.words for one in ordered),
        {"anyOf": [dict(one.schema) for one in ordered]},
        ordered[0].sample,
        is_closed=ordered[0].is_closed,
    )


def _literal(words: tuple[str, ...]) -> Typed:
    listed = ", ".join(json.dumps(word) for word in words)
    schema: dict[str, Json] = {"const": words[0]} if len(words) == 1 else {"enum": list(words)}
    return Typed(f"Literal[{listed}]", schema, words[0])


def _is_literal(found: Typed) -> bool:
    return found.words.startswith("Literal[") and found.words.endswith("]")


# --- schemas and samples -----------------------------------------------------------------------


def _ref(name: str) -> dict[str, Json]:
    return {"$ref": f"#/$defs/{name}"}


def schema_of(model: Model) -> dict[str, Json]:
    """The JSON schema of one class."""
    properties: dict[str, Json] = {}
    for one in model.fields:
        properties[one.alias] = dict(one.typed.schema)
    required: list[Json] = [one.alias for one in model.fields if not one.is_optional]
    found: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        found["required"] = required
    found["additionalProperties"] = model.is_open
    return found


def sample(model: Model) -> dict[str, Json]:
    """An object that the class takes: all its fields of which the type is known."""
    return {one.alias: one.typed.sample for one in model.fields if one.typed is not _ANY}


_ANY = Typed("JsonValue", {}, "any")
_OBJECT = Typed(
    "Fields",
    {"type": "object", "maxProperties": MAX_FIELDS},
    {"key": "value"},
)
_LONG = Typed("LongText", {"type": "string", "maxLength": 8 * MAX_TEXT}, "text")
_SCALARS = {
    Kind.STR: Typed("Text", {"type": "string", "maxLength": MAX_TEXT}, "text"),
    Kind.INT: Typed("Whole", {"type": "integer", "minimum": -MAX_SAFE, "maximum": MAX_SAFE}, 1),
    Kind.FLOAT: Typed("Number", {"type": "number"}, 1.5),
    Kind.BOOL: Typed("bool", {"type": "boolean"}, sample=True),
    Kind.MOMENT: Typed("Moment", {"type": "string", "format": "date-time"}, "2026-01-02T03:04:05Z"),
    Kind.NULL: Typed("None", {"type": "null"}, None),
    Kind.UNDEFINED: _ANY,
    Kind.UNKNOWN: _ANY,
}
