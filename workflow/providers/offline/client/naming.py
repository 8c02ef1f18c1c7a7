"""Names for what is drafted, and objects of several shapes put together into one."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from workflow.providers.offline.client.values import Entry, Record, Text, either

if TYPE_CHECKING:
    from collections.abc import Sequence

LITERAL = re.compile(r"[\w .:/@+-]{1,64}\Z", re.ASCII)
_HUMP = re.compile(r"[A-Za-z0-9]+")
# Names that mean something inside a model, or that its annotations use.
_TAKEN = frozenset(
    {
        *("copy", "json", "dict", "schema", "construct", "validate", "parse_obj", "parse_raw"),
        *("parse_file", "from_orm", "schema_json", "update_forward_refs", "fields"),
        *("int", "float", "bool", "str", "list", "Text", "Whole", "Number", "Moment", "Name"),
        *(
            "Several",
            "Fields",
            "Any",
            "T",
            "Annotated",
            "Literal",
            "Field",
            "JsonValue",
            "Closed",
            "Open",
            "LongText",
        ),
    }
)


def camel(name: str) -> str:
    """A part of a class name: `page_view` is `PageView`."""
    return "".join(word[:1].upper() + word[1:] for word in _HUMP.findall(name))[:40]


def python_name(name: str) -> str:
    """A field's name in Python; the name in JSON is kept as its alias where they differ."""
    found = re.sub(r"\W", "_", name, flags=re.ASCII).lstrip("_") or "field"
    if found[0].isdigit() or found.startswith("model_"):
        found = f"field_{found}"
    return f"{found}_" if keyword.iskeyword(found) or found in _TAKEN else found


def tag_of(value: Record, name: str) -> str:
    """The constant text of a property, or an empty one."""
    found = value.get(name)
    return (found.constant or "") if isinstance(found, Text) else ""


def discriminator(records: Sequence[Record]) -> str:
    """The property by whose constant text these objects differ, or an empty name."""
    if len(records) < 2:  # noqa: PLR2004 - one object differs from nothing
        return ""
    for entry in records[0].entries:
        words = [tag_of(one, entry.name) for one in records]
        sure = all(
            not item.is_optional
            for one in records
            for item in one.entries
            if item.name == entry.name
        )
        if sure and len(set(words)) > 1 and all(LITERAL.match(word) for word in words):
            return entry.name
    return ""


def together(records: Sequence[Record]) -> Record:
    """One object that is any of these: what some of them lack is optional."""
    names = dict.fromkeys(entry.name for one in records for entry in one.entries)
    entries = []
    for name in names:
        found = [entry for one in records for entry in one.entries if entry.name == name]
        lacking = len(found) < len(records) or any(entry.is_optional for entry in found)
        entries.append(Entry(name, either(entry.value for entry in found), lacking))
    return Record(tuple(entries), any(one.is_open for one in records))
