"""What one request of a client is: method, address, headers and body, for each chain of calls."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from workflow.errors import NotUnderstoodError
from workflow.providers.offline.client.places import given
from workflow.providers.offline.client.scopes import FUNCTIONS
from workflow.providers.offline.client.sinks import METHODS, Means, Sink
from workflow.providers.offline.client.values import (
    BOOL,
    FLOAT,
    INT,
    NO_ENV,
    NULL,
    STR,
    UNDEFINED,
    UNKNOWN,
    Call,
    Encoded,
    Entry,
    Env,
    How,
    Items,
    Made,
    Record,
    Text,
    Value,
    options,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.providers.offline.client.reading import Reader
    from workflow.providers.offline.client.syntax import Node

JSON = "application/json"
PLAIN = "text/plain"
FORM = "application/x-www-form-urlencoded"
_MAX_CHAINS = 1000
_MAX_LINKS = 6
_MAX_DEPTH = 20
_READS = (".json(", ".responseText", ".response", ".responseJSON", ".data")


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent: the value, and the content type that it is sent with."""

    value: Value
    media: str


@dataclass(frozen=True, slots=True)
class Sending:
    """One request that a client can send.

    `headers` are the names of those that the client sets itself, in lower case; `is_read` says
    whether it seems to read the answer.
    """

    means: Means
    site: Node
    method: str
    address: Text
    body: Body | None
    headers: tuple[str, ...]
    has_credentials: bool
    is_read: bool
    notes: tuple[str, ...] = ()


def refused(node: Node, reason: str) -> NotUnderstoodError:
    """A call that cannot be told, by file, line and its own words."""
    return NotUnderstoodError(
        f"the offline architect cannot tell what {node.place} sends: `{node.shown}`: {reason}",
        hint="write it out in the client, or name a model for the architect in workflow.toml",
    )


def sendings(reader: Reader, sink: Sink) -> Iterator[Sending]:
    """The requests of one place in a client, one for each way in which it is called.

    Raises `NotUnderstoodError` for a place of which the method, the address or the body cannot be
    told.
    """
    chains = [(NO_ENV, _around(sink.site))]
    outside: dict[Node, None] = {}
    seen = 0
    while chains:
        env, chain = chains.pop()
        seen += 1
        if seen > _MAX_CHAINS:
            raise refused(sink.site, f"it is called in more than {_MAX_CHAINS} ways")
        reader.within(frozenset(chain))
        reader.touched = set()
        failure: NotUnderstoodError | None = None
        found: list[Sending] = []
        try:
            found = list(_sent(reader, sink, env))
        except NotUnderstoodError as error:
            failure = error
        open_to = [one for one in chain if one in reader.touched and reader.places.calls(one)]
        if open_to and len(env.bound) < _MAX_LINKS:
            function = open_to[0]
            if reader.places.escapes(function):
                outside[function] = None
            for call in reversed(reader.places.calls(function)):
                around = tuple(one for one in _around(call) if one not in chain)
                bound = env.binding(function, Call(given(call), env))
                chains.append((bound, (*(one for one in chain if one is not function), *around)))
            continue
        if failure is not None:
            raise failure
        notes = tuple(
            f"{one.place}: what else calls this function is not in the files, and only what they "
            "send is taken"
            for one in outside
        )
        for one in found:
            yield replace(one, notes=(*one.notes, *notes))


def _around(node: Node) -> tuple[Node, ...]:
    return tuple(one for one in node.above() if one.kind in FUNCTIONS)


def _sent(reader: Reader, sink: Sink, env: Env) -> Iterator[Sending]:
    address: Value = reader.read(sink.address, env) if sink.address is not None else UNDEFINED
    settings = _settings(reader, sink, env)
    for one in options(address):
        if isinstance(one, Made) and one.maker == "Request":
            request = Call(_made(one), one.env)
            address = reader.argument(request, 0)
            settings = tuple(
                found for found in options(reader.argument(request, 1)) if isinstance(found, Record)
            )
    for setting in settings or (Record(()),):
        chosen = address
        if sink.address is None:
            chosen = setting.get("url") or UNDEFINED
        yield from _with(reader, sink, env, setting, chosen)


def _made(value: Made) -> tuple[Node, ...]:
    listed = value.node.get("arguments")
    return tuple(listed.children) if listed is not None else ()


def _settings(reader: Reader, sink: Sink, env: Env) -> tuple[Record, ...]:
    found = options(reader.read(sink.settings, env))
    for one in found:
        if not isinstance(one, Record) and one not in (UNDEFINED, UNKNOWN):
            raise refused(sink.site, "its settings are not an object")
    return tuple(one for one in found if isinstance(one, Record))


def _with(
    reader: Reader, sink: Sink, env: Env, setting: Record, address: Value
) -> Iterator[Sending]:
    texts = [one for one in options(address) if isinstance(one, Text)]
    if not texts:
        raise refused(sink.site, "its address is not written in the file")
    notes: tuple[str, ...] = ()
    if len(texts) < len(options(address)):
        shown = texts[0].constant or "its default"
        notes = (f"{sink.site.place}: the address is taken to be {shown[:80]!r}, its default",)
    bodies = _bodies(reader, sink, env, setting)
    headers, media = _headers(reader, sink, env, setting)
    credentials = setting.get("credentials")
    with_credentials = setting.get("withCredentials") is not None or (
        isinstance(credentials, Text) and credentials.constant == "include"
    )
    is_read = _reads(sink.site)
    for method, text, body in product(
        _methods(reader, sink, env, setting), _joined(reader, sink, env, texts), bodies
    ):
        sent = None if body is None else _media(sink, body, media)
        yield Sending(
            sink.means, sink.site, method, text, sent, headers, with_credentials, is_read, notes
        )


def _joined(reader: Reader, sink: Sink, env: Env, texts: list[Text]) -> list[Text]:
    """The addresses with what a library's instance puts before them."""
    base = reader.read(sink.base, env) if sink.base is not None else UNDEFINED
    found: list[Text] = []
    for one in texts:
        start = one.parts[0]
        if not isinstance(base, Text) or (isinstance(start, str) and "://" in start):
            found.append(one)
            continue
        last = base.parts[-1]
        head = (*base.parts[:-1], last.rstrip("/")) if isinstance(last, str) else base.parts
        tail = (start.lstrip("/"), *one.parts[1:]) if isinstance(start, str) else one.parts
        found.append(Text((*head, "/", *tail)))
    return found


def _methods(reader: Reader, sink: Sink, env: Env, setting: Record) -> tuple[str, ...]:
    if sink.method:
        return (sink.method,)
    value = setting.get("method") or setting.get("type")
    if sink.verb is not None:
        value = reader.read(sink.verb, env)
    if value is None or value == UNDEFINED:
        return ("GET",)
    found = []
    known = [one.constant for one in options(value) if isinstance(one, Text)]
    for verb in known:
        if verb is None or verb.upper() not in METHODS:
            raise refused(sink.site, "its method is not written in the file")
        found.append(verb.upper())
    if UNDEFINED in options(value):
        found.append("GET")
    if not found:
        raise refused(sink.site, "its method is not written in the file")
    return tuple(dict.fromkeys(found))


def _headers(reader: Reader, sink: Sink, env: Env, setting: Record) -> tuple[tuple[str, ...], str]:
    """The names of the headers that are set, and the content type if it is said."""
    names: dict[str, Value] = {}
    for one in options(setting.get("headers") or UNDEFINED):
        value = one
        if isinstance(one, Made) and one.maker == "Headers":
            value = reader.argument(Call(_made(one), one.env), 0)
        if isinstance(value, Record):
            names |= {entry.name.lower(): entry.value for entry in value.entries}
    for name, node in sink.headers:
        key = reader.read(name, env)
        if isinstance(key, Text) and key.constant:
            names[key.constant.lower()] = reader.read(node, env)
    said = names.get("content-type") or setting.get("contentType")
    media = said.constant if isinstance(said, Text) else None
    own = tuple(sorted(name for name in names if name != "content-type"))
    return own, (media or "").partition(";")[0].strip().lower()


# --- the body ----------------------------------------------------------------------------------


def _bodies(reader: Reader, sink: Sink, env: Env, setting: Record) -> tuple[Value | None, ...]:
    """What can be sent; `None` for nothing."""
    if sink.body is not None:
        value = reader.read(sink.body, env)
    else:
        names = ("json", "data") if sink.means is Means.LIBRARY else ("body",)
        found = [setting.get(name) for name in names]
        value = next((one for one in found if one is not None), UNDEFINED)
    nothing = (UNDEFINED, NULL)
    kept: list[Value | None] = [one for one in options(value) if one not in nothing]
    return tuple(kept) or (None,)


def _media(sink: Sink, value: Value, said: str) -> Body:
    """The body with its content type; what is not JSON or a form is refused."""
    if isinstance(value, Encoded):
        return _encoded(sink, value, said)
    if isinstance(value, Text):
        return Body(_parsed(sink, value), said or PLAIN)
    is_library = sink.means is Means.LIBRARY
    if is_library and isinstance(value, Record | Items):
        is_form = sink.library in {"$", "jQuery"} and said != JSON
        return Body(value, FORM if is_form else JSON)
    if isinstance(value, Made):
        raise refused(sink.site, f"a body made by {value.maker or 'that'} is not read")
    if value == UNKNOWN:
        if said and said not in {JSON, PLAIN, FORM}:
            raise refused(sink.site, f"a body of type {said} is not read")
        return Body(UNKNOWN, said or (JSON if is_library else PLAIN))
    raise refused(sink.site, "its body is neither JSON nor a form")


def _encoded(sink: Sink, value: Encoded, said: str) -> Body:
    match value.how:
        case How.JSON:
            return Body(value.value, said or PLAIN)
        case How.FORM:
            return Body(value.value, said or FORM)
        case How.MULTIPART:
            raise refused(sink.site, "a FormData body (multipart/form-data) is not drafted")
        case How.BLOB:
            inner = value.value
            media = said or value.media.partition(";")[0].strip().lower() or PLAIN
            if isinstance(inner, Encoded) and inner.how is How.JSON:
                return Body(inner.value, media)
            if media == JSON:
                return Body(UNKNOWN, media)
            raise refused(sink.site, "what is in its Blob is not JSON")


def _parsed(sink: Sink, text: Text) -> Value:
    """JSON that is written out as a text."""
    constant = text.constant
    try:
        found: object = json.loads(constant or "")
    except (ValueError, RecursionError):
        raise refused(sink.site, "its body is a text that is not JSON") from None
    return _value(found, 0)


def _value(found: object, depth: int) -> Value:  # noqa: PLR0911 - one return for each kind
    if depth > _MAX_DEPTH:
        return UNKNOWN
    match found:
        case bool():
            return BOOL
        case int():
            return INT
        case float():
            return FLOAT
        case str():
            return Text((found,)) if found else STR
        case dict():
            return Record(tuple(Entry(str(k), _value(v, depth + 1)) for k, v in found.items()))
        case list():
            return Items(_value(found[0], depth + 1) if found else UNKNOWN)
        case _:
            return NULL


def _reads(site: Node) -> bool:
    """Whether the function or the statement around a call seems to read what is answered."""
    data, end = site.source.data, site.end
    for around in site.above():
        is_top = around.parent is None or around.parent.kind == "program"
        if around.kind in FUNCTIONS or is_top:
            end = max(end, around.end)
            break
    text = data[site.end : min(end, site.end + 2000)]
    return any(word.encode() in text for word in _READS)
