"""What well-known expressions of a browser are, as the platform's documents have them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.providers.offline.client.values import (
    BOOL,
    FLOAT,
    INT,
    MOMENT,
    NULL,
    STR,
    UNKNOWN,
    Items,
    Record,
    either,
)

if TYPE_CHECKING:
    from workflow.providers.offline.client.values import Value

_ORIGINS = ("location.origin", "location.protocol", "location.host", "location.hostname")
ORIGINS = frozenset(_ORIGINS)
"""Names of parts of the page's own origin."""

_STRINGS = (
    *("location.href", "location.pathname", "location.search", "location.hash", "location.port"),
    *("document.URL", "document.title", "document.referrer", "document.cookie", "document.domain"),
    *("document.documentElement.lang", "document.visibilityState", "document.readyState"),
    *("document.charset", "document.characterSet", "document.compatMode"),
    *("navigator.userAgent", "navigator.language", "navigator.platform", "navigator.vendor"),
    *("navigator.connection.effectiveType", "screen.orientation.type", "history.state.key"),
)
_INTEGERS = (
    *("screen.width", "screen.height", "screen.availWidth", "screen.availHeight"),
    *("screen.colorDepth", "screen.pixelDepth", "innerWidth", "innerHeight", "outerWidth"),
    *("outerHeight", "history.length", "navigator.hardwareConcurrency", "navigator.maxTouchPoints"),
    *("document.documentElement.clientWidth", "document.documentElement.clientHeight"),
)
_FLOATS = ("devicePixelRatio", "scrollX", "scrollY", "pageXOffset", "pageYOffset")
_BOOLS = ("navigator.onLine", "navigator.cookieEnabled", "navigator.webdriver", "document.hidden")
_NAMES: dict[str, Value] = {
    **dict.fromkeys((*_STRINGS, *ORIGINS), STR),
    **dict.fromkeys(_INTEGERS, INT),
    **dict.fromkeys(
        (*_FLOATS, "performance.timeOrigin", "navigator.deviceMemory", "Math.PI"), FLOAT
    ),
    **dict.fromkeys(_BOOLS, BOOL),
    "navigator.languages": Items(STR),
    "navigator.doNotTrack": either((STR, NULL)),
    "NaN": NULL,
    "Infinity": NULL,
}
_CALLS: dict[str, Value] = {
    **dict.fromkeys(("Date.now", "Math.round", "Math.floor", "Math.ceil", "Math.trunc"), INT),
    **dict.fromkeys(("parseInt", "Number.parseInt", "Math.sign", "Date.UTC", "Date.parse"), INT),
    **dict.fromkeys(("Math.random", "performance.now", "parseFloat", "Number"), FLOAT),
    **dict.fromkeys(("Math.sqrt", "Math.pow", "Number.parseFloat"), FLOAT),
    **dict.fromkeys(("String", "crypto.randomUUID", "JSON.stringify", "btoa", "atob"), STR),
    **dict.fromkeys(("encodeURIComponent", "encodeURI", "decodeURIComponent", "escape"), STR),
    **dict.fromkeys(("localStorage.getItem", "sessionStorage.getItem"), either((STR, NULL))),
    **dict.fromkeys(("Boolean", "Array.isArray", "Number.isInteger", "isNaN", "isFinite"), BOOL),
    "matchMedia": Record((), is_open=True),
    "Object.keys": Items(STR),
    "Object.getOwnPropertyNames": Items(STR),
    "Object.fromEntries": Record((), is_open=True),
    "Object.entries": Items(UNKNOWN),
    "Object.values": Items(UNKNOWN),
}
_METHODS: dict[str, Value] = {
    **dict.fromkeys(("toISOString", "toJSON"), MOMENT),
    **dict.fromkeys(("toLowerCase", "toUpperCase", "trim", "trimStart", "trimEnd", "join"), STR),
    **dict.fromkeys(("toString", "toFixed", "toPrecision", "substring", "substr", "charAt"), STR),
    **dict.fromkeys(("replace", "replaceAll", "padStart", "padEnd", "repeat", "normalize"), STR),
    **dict.fromkeys(("toLocaleString", "toLocaleDateString", "toUTCString", "toDateString"), STR),
    **dict.fromkeys(("getAttribute",), either((STR, NULL))),
    **dict.fromkeys(("getTime", "valueOf", "indexOf", "lastIndexOf", "charCodeAt"), INT),
    **dict.fromkeys(("getTimezoneOffset", "getFullYear", "getMonth", "getDate", "getHours"), INT),
    **dict.fromkeys(("getMinutes", "getSeconds", "getDay"), INT),
    **dict.fromkeys(("includes", "startsWith", "endsWith", "test", "some", "every"), BOOL),
    **dict.fromkeys(("has", "hasAttribute", "matches", "contains"), BOOL),
    **dict.fromkeys(("split",), Items(STR)),
}
_PROPERTIES: dict[str, Value] = {
    **dict.fromkeys(("length", "clientWidth", "clientHeight", "offsetWidth", "offsetHeight"), INT),
    **dict.fromkeys(("lineno", "colno", "size"), INT),
    **dict.fromkeys(("tagName", "nodeName", "className", "textContent", "innerText"), STR),
    **dict.fromkeys(("innerHTML", "userAgent", "hostname", "pathname"), STR),
    **dict.fromkeys(("checked", "isTrusted"), BOOL),
}
_MATH = re.compile(r"Math\.[a-z0-9]+\Z")


def named(name: str) -> Value | None:
    """What a global name with its properties is, such as `document.title`."""
    return _NAMES.get(name)


def called(name: str) -> Value | None:
    """What a call of a global function gives, such as `Date.now`."""
    found = _CALLS.get(name)
    return FLOAT if found is None and _MATH.match(name) else found


def method(name: str) -> Value | None:
    """What a method of that name gives, whatever it is called on."""
    return _METHODS.get(name)


def member(name: str) -> Value | None:
    """What a property of that name is, whatever has it."""
    return _PROPERTIES.get(name)
