"""What the objects of the browser and of well-known libraries do with values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.providers.offline.client import known, literals
from workflow.providers.offline.client.places import plain
from workflow.providers.offline.client.values import (
    INT,
    MOMENT,
    STR,
    UNDEFINED,
    UNKNOWN,
    Call,
    Encoded,
    Entry,
    Env,
    Function,
    Hole,
    How,
    Items,
    Kind,
    Made,
    Record,
    Scalar,
    Text,
    Value,
    either,
    merged,
    options,
    text,
)

if TYPE_CHECKING:
    from workflow.providers.offline.client.reading import Reader
    from workflow.providers.offline.client.syntax import Node

_SAME = frozenset({"catch", "finally", "toString", "valueOf", "bind", "freeze", "seal"})
_SAME_CALLS = frozenset({"Object.freeze", "Object.seal", "structuredClone", "String", "JSON.parse"})
_SAME_ITEMS = frozenset({"filter", "slice", "splice", "reverse", "sort", "concat"})
_ADDED = frozenset({"set", "append"})
_CUT = frozenset({"slice", "substring", "substr", "toLowerCase", "toUpperCase"})


class Library:
    """Knows the built-in functions; asks the reader for everything else."""

    def __init__(self, reader: Reader) -> None:
        """Ask `reader` for the values of arguments."""
        self._reader = reader

    # --- new X(...) -----------------------------------------------------------------------------

    def made(self, node: Node, env: Env) -> Value:  # noqa: PLR0911 - one return for each class
        """What `new X(...)` is."""
        maker = node.get("constructor")
        name = self._reader.dotted(maker, env) if maker is not None else ""
        listed = node.get("arguments")
        call = Call(tuple(listed.children) if listed is not None else (), env)
        first = self._reader.argument(call, 0)
        match name:
            case "Date":
                return MOMENT
            case "URL":
                return self._queried(node, env, self._url(call, first))
            case "URLSearchParams":
                return self._parameters(node, env, first)
            case "FormData":
                return Encoded(UNKNOWN, How.MULTIPART, "multipart/form-data")
            case "Blob":
                return self._blob(call, first)
            case "Error":
                return Record((), is_open=True)
            case "Set":
                return first if isinstance(first, Items) else Items(UNKNOWN)
            case _:
                return Made(name, node, env)

    def _url(self, call: Call, first: Value) -> Value:
        """An address; a relative one is put below what it is relative to."""
        base = self._reader.argument(call, 1)
        if base == UNDEFINED:
            return first
        found: list[Value] = []
        for one in options(first):
            start = one.parts[0] if isinstance(one, Text) else ""
            is_absolute = isinstance(start, str) and "://" in start
            if not isinstance(one, Text) or is_absolute:
                found.append(one)
                continue
            found += [_below(under, one, call.arguments[1]) for under in options(base)]
        return either(found)

    def _parameters(self, node: Node, env: Env, first: Value) -> Value:
        fields: Value = Record(()) if first == UNDEFINED else first
        if isinstance(fields, Text) and fields.constant is not None:
            pairs = [one.partition("=") for one in fields.constant.lstrip("?").split("&") if one]
            fields = Record(tuple(Entry(name, Text((value,))) for name, _, value in pairs))
        if not isinstance(fields, Record):
            fields = Record((), is_open=True)
        fields = self._appended(node, env, fields)
        return Encoded(fields, How.FORM, "application/x-www-form-urlencoded")

    def _queried(self, node: Node, env: Env, address: Value) -> Value:
        """An address with what `x.searchParams.set(name, value)` puts behind it."""
        fields = self._appended(node, env, Record(()), "searchParams")
        if not fields.entries and not fields.is_open:
            return address
        query = Hole("searchParams", Kind.STR, fields)
        return either(
            text((*one.parts, "?", query)) if isinstance(one, Text) else one
            for one in options(address)
        )

    def _appended(self, node: Node, env: Env, fields: Record, *below: str) -> Record:
        """The fields with those of `x.append(name, value)` on the name that it is given."""
        parent = node.parent
        name = parent.get("name") if parent is not None else None
        found = self._reader.places.place(name) if name is not None else None
        place = (found[0], (*found[1], *below)) if found is not None else None
        for call in self._reader.places.method_calls(place, _ADDED) if place else ():
            given = call.site.get("arguments")
            if given is None or len(given.children) != 2:  # noqa: PLR2004 - a name and a value
                continue
            key = self._reader.read(given.children[0], env)
            value = self._reader.read(given.children[1], env)
            if isinstance(key, Text) and key.constant is not None:
                entry = Entry(key.constant, value, call.is_conditional)
                fields = merged(fields, Record((entry,)))
            else:
                fields = Record(fields.entries, is_open=True)
        return fields

    def _blob(self, call: Call, first: Value) -> Value:
        content = first.element if isinstance(first, Items) else UNKNOWN
        settings = self._reader.argument(call, 1)
        media = settings.get("type") if isinstance(settings, Record) else None
        written = media.constant if isinstance(media, Text) else None
        return Encoded(content, How.BLOB, written or "")

    # --- f(...) ---------------------------------------------------------------------------------

    def call(  # noqa: PLR0911 - one return for each function
        self, name: str, call: Call
    ) -> Value | None:
        """What a call of a built-in function gives; `None` for any other."""
        first = self._reader.argument(call, 0) if name else UNDEFINED
        match name:
            case "JSON.stringify":
                return Encoded(first, How.JSON)
            case "Object.assign":
                return self._assigned(call)
            case "encodeURIComponent" | "encodeURI":
                return first if isinstance(first, Text | Encoded) else STR
            case "Array.from":
                return first if isinstance(first, Items) else Items(UNKNOWN)
            case "Number":
                return INT if first == INT else known.called(name)
            case "Object.values" if isinstance(first, Record) and not first.is_open:
                return Items(either(entry.value for entry in first.entries))
            case _ if name in _SAME_CALLS and first != UNKNOWN:
                return first if name != "String" or isinstance(first, Text) else STR
            case _:
                return known.called(name)

    def _assigned(self, call: Call) -> Value:
        found = Record(())
        for index in range(len(call.arguments)):
            for one in options(self._reader.argument(call, index)):
                if isinstance(one, Record):
                    found = merged(found, one)
                elif one != UNDEFINED:
                    found = Record(found.entries, is_open=True)
        return found

    def method(self, callee: Node, call: Call) -> Value:
        """What `x.name(...)` gives, by what `x` is."""
        inner, prop = callee.get("object"), callee.get("property")
        if inner is None or prop is None:
            return UNKNOWN
        whole = self._reader.read(inner, call.env)
        return either(self._one(one, prop.text, call, inner) for one in options(whole))

    def _one(  # noqa: PLR0911 - one return for each kind of value
        self, whole: Value, name: str, call: Call, inner: Node
    ) -> Value:
        if name in _SAME and isinstance(whole, Text | Encoded | Items):
            return whole
        if isinstance(whole, Items) or name in {"map", "flatMap"}:
            items = whole if isinstance(whole, Items) else Items(UNKNOWN)
            return self._array(items, name, call)
        if isinstance(whole, Text) and name in {"concat", "replace"}:
            return self._text(whole, name, call, inner)
        if name in _CUT and (isinstance(whole, Text) or whole == STR):
            return STR
        if isinstance(whole, Record):
            kept = whole.get(name)
            if isinstance(kept, Function):
                return self._reader.result(kept.node, Call(call.arguments, call.env))
        if whole == MOMENT and name in {"getTime", "valueOf"}:
            return INT
        return known.method(name) or UNKNOWN

    def _array(self, whole: Items, name: str, call: Call) -> Value:
        if name in _SAME_ITEMS:
            return whole
        if name in {"pop", "shift", "find", "at"}:
            return whole.element
        if name in {"map", "flatMap"}:
            function = plain(call.arguments[0]) if call.arguments else None
            body = self._reader.read(function, call.env)
            if isinstance(body, Function):
                # Its own parameter is found by where it stands: it is handed an element.
                return Items(self._reader.returned(body.node, call.env))
            return Items(STR if function is not None and function.text == "String" else UNKNOWN)
        return known.method(name) or UNKNOWN

    def _text(self, whole: Text, name: str, call: Call, inner: Node) -> Value:
        """`+` in other words, and a part of a text put into its place."""
        first = self._reader.argument(call, 0)
        if name == "concat":
            rest = [(node, self._reader.read(node, call.env)) for node in call.arguments]
            return literals.joined([(inner, whole), *rest])
        wanted = first.constant if isinstance(first, Text) else None
        constant = whole.constant
        if wanted and constant is not None and wanted in constant and len(call.arguments) > 1:
            before, _, after = constant.partition(wanted)
            filling = call.arguments[1]
            value = self._reader.read(filling, call.env)
            parts = value.parts if isinstance(value, Text) else (literals.hole(filling, value),)
            return text((before, *parts, after))
        return STR if constant is None or wanted is None else whole

    def member(  # noqa: PLR0911 - one return for each kind of value
        self, whole: Value, name: str
    ) -> Value | None:
        """What a property of a value is; `None` if nothing is known of it."""
        match whole:
            case Record():
                found = whole.get(name)
                if found is not None:
                    return found
                return UNKNOWN if whole.is_open else UNDEFINED
            case Items() if name == "[]":
                return whole.element
            case Items() | Scalar(kind=Kind.STR) if name == "length":
                return INT
            case Text() if name in {"href", "pathname"}:
                return whole
            case Text():
                return known.member(name)
            case _:
                return None


def _below(base: Value, relative: Text, where: Node) -> Value:
    """A relative address below another."""
    start = relative.parts[0]
    if isinstance(base, Text):
        constant = base.constant
        if constant is not None and isinstance(start, str) and start.startswith("/"):
            scheme, separator, rest = constant.partition("://")
            host = rest.partition("/")[0]
            return text((f"{scheme}://{host}" if separator else "", *relative.parts))
        if constant is not None:
            folder = (
                constant.rpartition("/")[0] if "/" in constant.partition("://")[2] else constant
            )
            return text((f"{folder}/", *relative.parts))
        base_parts = base.parts
    else:
        base_parts = (Hole(literals.label(where), Kind.STR),)
    slash = "" if isinstance(start, str) and start.startswith("/") else "/"
    return text((base_parts[0] if isinstance(base_parts[0], Hole) else "", slash, *relative.parts))
