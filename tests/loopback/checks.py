"""What a vendor refuses in a request, so that a wrong client is found without the vendor."""

from __future__ import annotations

import re
from typing import Any

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""What a tool and a schema may be called."""
_REFUSED_KEYWORDS = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
    | {"minLength", "maxLength", "maxItems", "uniqueItems", "minProperties", "maxProperties"}
    | {"patternProperties", "default", "oneOf", "allOf", "not", "if", "then", "else"}
)
"""Not in the part of JSON Schema that both vendors take for strict answers."""


class RequestError(Exception):
    """The vendor would answer 400; the message says why."""


def need(condition: object, why: str) -> None:
    """Refuse the request unless the condition holds."""
    if not condition:
        raise RequestError(why)


def strict_schema(schema: object) -> None:
    """Refuse a schema that is not in the strict part of JSON Schema: an object, closed, whole."""
    need(isinstance(schema, dict) and schema.get("type") == "object", "schema: root is no object")
    open_ends: list[Any] = [schema]
    while open_ends:
        each = open_ends.pop()
        wrong = _REFUSED_KEYWORDS & set(each)
        need(not wrong, f"schema: not permitted: {sorted(wrong)}")
        need(each.get("minItems", 0) in {0, 1}, "schema: minItems")
        if each.get("type") == "object":
            names = each.get("properties", {})
            need(each.get("additionalProperties") is False, "schema: additionalProperties: false")
            need(set(each.get("required", ())) == set(names), "schema: each property is required")
            open_ends += names.values()
        need(each.get("type") != "array" or "items" in each, "schema: an array without items")
        open_ends += [each["items"]] if "items" in each else []
        open_ends += each.get("anyOf", [])
        open_ends += each.get("$defs", {}).values()
