"""Values from a request, checked before they may stand in a file: sizes, times, origins, URLs."""

from __future__ import annotations

import re

from workflow.providers.offline.refusals import refusal

_SIZE = re.compile(r"(\d{1,12})\s*([a-z]*)\Z", re.IGNORECASE)
_SIZE_UNITS = {
    "": "",
    **dict.fromkeys(("b", "byte", "bytes"), ""),
    **dict.fromkeys(("k", "kb", "kib", "kilobyte", "kilobytes"), "k"),
    **dict.fromkeys(("m", "mb", "mib", "meg", "megs", "megabyte", "megabytes"), "m"),
    **dict.fromkeys(("g", "gb", "gib", "gigabyte", "gigabytes"), "g"),
}
_SIZE_FACTORS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_TIME_PART = re.compile(r"(\d{1,12})\s*([a-z]*)", re.IGNORECASE)
_TIME_UNITS = {
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "week", "weeks"), "w"),
    **dict.fromkeys(("month", "months"), "M"),
    **dict.fromkeys(("y", "yr", "year", "years"), "y"),
}
_MILLISECONDS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "M": 2_592_000_000,
    "y": 31_536_000_000,
}
_HOST = (
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*"
)
_IPV6 = r"\[[0-9A-Fa-f:.]+\]"
_PORT = r"(?::(?P<port>\d{1,5}))?"
_ORIGIN = re.compile(
    rf"(?P<scheme>https?|wss?)://(?P<wild>\*\.)?(?P<host>{_HOST}|{_IPV6}){_PORT}\Z", re.IGNORECASE
)
_ADDRESS = re.compile(rf"(?:{_HOST}|[A-Za-z0-9_.-]+|{_IPV6}){_PORT}\Z|unix:/[A-Za-z0-9._/-]+\Z")
_TARGET = re.compile(
    rf"(?P<base>https?://(?:[A-Za-z0-9_.-]+|{_IPV6}){_PORT})(?P<uri>/[A-Za-z0-9._~/-]*)?\Z"
)
_MAX_PORT = 65535


def as_size(text: str) -> str:
    """A size as nginx writes it: `20 MB` is `20m`, `16k` stays."""
    found = _SIZE.match(text.strip())
    unit = found and _SIZE_UNITS.get(found[2].lower())
    if found is None or unit is None:
        message = f"'{text}' is not a size that nginx knows"
        raise refusal(message, "sizes are whole numbers of bytes, k, m or g")
    return f"{int(found[1])}{unit}"


def bytes_in(size: str) -> int | None:
    """How many bytes a size of nginx's stands for; `None` for anything else."""
    found = re.fullmatch(r"(\d{1,15})([kKmMgG]?)", size)
    return int(found[1]) * _SIZE_FACTORS[found[2].lower()] if found else None


def as_time(text: str) -> str:
    """A time as nginx writes it: `2 minutes` is `2m`, `30` is `30s`."""
    parts = _TIME_PART.findall(text.strip())
    rest = _TIME_PART.sub("", text).strip()
    pieces: list[str] = []
    for number, unit in parts:
        known = "M" if unit == "M" else _TIME_UNITS.get(unit.lower() or "s")
        if known is None:
            rest = unit
            break
        pieces.append(f"{int(number)}{known}")
    if rest or not pieces:
        message = f"'{text}' is not a time that nginx knows"
        raise refusal(message, "times are numbers of ms, s, m, h or d")
    return "".join(pieces)


def milliseconds_in(time: str) -> int | None:
    """How long a time of nginx's is; `None` for anything else, such as a variable."""
    if not re.fullmatch(r"(?:\d{1,12}(?:ms|[smhdwMy])?\s*)+", time):
        return None
    parts = re.findall(r"(\d+)(ms|[smhdwMy])?", time)
    return sum(int(number) * _MILLISECONDS[unit or "s"] for number, unit in parts)


def like_time(time: str, old: str) -> str:
    """A time in the unit of the old value where that is a whole number: `2m` beside `60s`."""
    total = milliseconds_in(time)
    unit = re.fullmatch(r"\d+(ms|[smhd])?", old)
    if total is None or unit is None:
        return time
    name = unit[1] or ""
    factor = _MILLISECONDS[name or "s"]
    return f"{total // factor}{name}" if total % factor == 0 else time


def _check_port(text: str, port: str | None) -> None:
    """Refuse a port that no socket can have."""
    if port is not None and not 0 < int(port) <= _MAX_PORT:
        message = f"'{text}' has no valid port"
        raise refusal(message)


def as_origin(text: str) -> str:
    """An origin as browsers send it: lower case, no path, no default port.

    Raises `NotUnderstoodError` for everything that is not exactly scheme, host and port.
    """
    trimmed = text[:-1] if text.endswith("/") and text.count("/") == len("///") else text
    found = _ORIGIN.match(trimmed)
    if found is None:
        message = f"'{text}' is not an origin"
        raise refusal(message, "an origin is scheme://host or scheme://host:port, with no path")
    _check_port(text, found["port"])
    default = {"http": "80", "https": "443", "ws": "80", "wss": "443"}[found["scheme"].lower()]
    port = "" if found["port"] in {None, default} else f":{found['port']}"
    wild = found["wild"] or ""
    return f"{found['scheme']}://{wild}{found['host']}".lower() + port


def as_address(text: str) -> str:
    """An upstream server's address, checked."""
    found = _ADDRESS.match(text)
    if found is None:
        message = f"'{text}' is not a server address"
        raise refusal(message, "an address is host, host:port or unix:/path")
    _check_port(text, found["port"])
    return text


def as_target(text: str) -> str:
    """A URL for `proxy_pass`, checked."""
    found = _TARGET.match(text)
    if found is None:
        message = f"'{text}' is not a proxy target"
        raise refusal(message, "a target is http://host:port, https://host or an upstream's name")
    _check_port(text, found["port"])
    return text


def quoted(value: str, quote: str = '"') -> str:
    """A header's value as one nginx word that cannot end early and holds no variable."""
    bad = [char for char in value if char in "$\\" or not char.isprintable() or not char.isascii()]
    if bad or not value:
        message = f"the value '{value}' has characters that cannot stand in a header safely"
        raise refusal(message, "leave out $, backslashes, line ends and non-ASCII characters")
    if quote in value:
        quote = "'" if quote == '"' else '"'
    if quote in value:
        message = f"the value '{value}' has both kinds of quotes"
        raise refusal(message)
    return f"{quote}{value}{quote}"
