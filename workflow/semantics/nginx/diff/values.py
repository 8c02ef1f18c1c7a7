"""Values in their plainest form: sizes in bytes, times in milliseconds, policies as their parts."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_NUMBER = 40
_SIZE = re.compile(r"(\d{1,18})([kKmMgG]?)\Z")
_TIME = re.compile(r"(?:\d{1,12}(?:ms|[yMwdhms])?\s*){1,9}\Z")
_TIME_PART = re.compile(r"(\d{1,12})(ms|[yMwdhms])?")
_RATE = re.compile(r"(\d{1,9})r/([sm])\Z")
_BYTES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_SECOND = 1000
_MINUTE = 60 * _SECOND
_DAY = 24 * 60 * _MINUTE
# A number without a unit is in seconds (`ngx_parse_time`).
_MILLISECONDS = {
    "ms": 1,
    "": _SECOND,
    "s": _SECOND,
    "m": _MINUTE,
    "h": 60 * _MINUTE,
    "d": _DAY,
    "w": 7 * _DAY,
    "M": 30 * _DAY,
    "y": 365 * _DAY,
}
_SWITCHES = {"on", "off"}
_SIZE_ENDINGS = (
    *("_size", "_buffers", "_rate", "_rate_after", "_min_length", "_length", "limit_rate"),
    *("limit_rate_after", "postpone_output", "directio"),
)
_TIME_ENDINGS = (
    *("_timeout", "_time", "_interval", "_delay", "_cache_valid", "_expires", "_ttl", "_age"),
    *("expires", "timer_resolution"),
)
_SIZE_PARAMETERS = {"max_size", "min_free", "buffer", "rcvbuf", "sndbuf", "size"}
_ZONE_PARAMETERS = {"keys_zone", "zone"}
_TIME_PARAMETERS = {
    *("inactive", "valid", "fail_timeout", "slow_start", "flush", "timeout", "interval"),
    *("loader_sleep", "loader_threshold", "manager_sleep", "manager_threshold", "time"),
    *("purger_sleep", "purger_threshold", "max_age"),
}


def size(text: str) -> int | None:
    """A size in bytes, such as 1048576 for `1m`; `None` for what is none."""
    found = _SIZE.match(text)
    return int(found[1]) * _BYTES[found[2].lower()] if found else None


def time(text: str) -> int | None:
    """A time in milliseconds, such as 5400000 for `1h30m`; `None` for what is none."""
    if len(text) > _LONGEST_NUMBER or not _TIME.match(text):
        return None
    return sum(int(number) * _MILLISECONDS[unit] for number, unit in _TIME_PART.findall(text))


@lru_cache(maxsize=1024)
def is_size(name: str) -> bool:
    """Whether a directive's numbers are sizes."""
    return name.endswith(_SIZE_ENDINGS)


@lru_cache(maxsize=1024)
def is_time(name: str) -> bool:
    """Whether a directive's numbers are times."""
    return name.endswith(_TIME_ENDINGS)


def plainest(name: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """Arguments as all their spellings have them; nothing with a variable in it is touched."""
    if is_time(name):
        return tuple(word if (found := time(word)) is None else f"{found}ms" for word in words)
    if is_size(name):
        return tuple(word if (found := size(word)) is None else str(found) for word in words)
    return tuple(map(_plainest, words))


def _plainest(word: str) -> str:
    key, equals, value = word.partition("=")
    if equals:
        return f"{key}={_parameter(key, value)}"
    if word.startswith("shared:"):
        return _zone(word)
    return word.lower() if word.lower() in _SWITCHES else word


def _parameter(key: str, value: str) -> str:
    if key in _SIZE_PARAMETERS:
        return str(found) if (found := size(value)) is not None else value
    if key in _TIME_PARAMETERS:
        return f"{found}ms" if (found := time(value)) is not None else value
    if key in _ZONE_PARAMETERS:
        return _zone(value)
    if key == "rate" and (rate := _RATE.match(value)):
        return f"{int(rate[1]) * (60 if rate[2] == 's' else 1)}r/m"
    return value


def _zone(text: str) -> str:
    """A shared zone with its size in bytes: `one:10m`."""
    name, colon, told = text.rpartition(":")
    found = size(told)
    return f"{name}:{found}" if colon and found is not None else text


def address(text: str) -> str:
    """What a `listen` listens on, with the address and the port that nginx adds."""
    if text.startswith("unix:"):
        return text
    if text.isdigit():
        return f"*:{text}"
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit():
        host, port = text, "80"
    return f"{'*' if host in {'0.0.0.0', ''} else host.lower()}:{port}"  # noqa: S104 - a comparison


def policy(text: str) -> dict[str, tuple[str, ...]]:
    """A policy's directives with their sources; as in browsers, the first of a name counts."""
    found: dict[str, tuple[str, ...]] = {}
    for part in text.split(";"):
        name, *sources = part.split() or ("",)
        if name:
            found.setdefault(name.lower(), tuple(sources))
    return found


def policy_text(parts: Mapping[str, tuple[str, ...]]) -> str:
    """A policy in one spelling: neither blanks nor order mean anything in it."""
    return ";".join(" ".join((name, *sorted(set(parts[name])))) for name in sorted(parts))
