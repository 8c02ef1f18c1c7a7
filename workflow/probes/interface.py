"""What a probe asks of the live machine after a landing, and what it says: passed or not, and why.

No probe is not health: a landing without one is kept, and called unproven.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from workflow.config import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from workflow.config import ProbeSettings
    from workflow.types import Digest, Keep


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """A GET that has to be answered with `status`, and with `contains` in the body if it is given.

    `insecure` accepts any certificate.
    """

    url: str
    status: int = 200
    contains: str = ""
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class CommandCheck:
    """A command that has to end with status 0; no shell reads it."""

    argv: tuple[str, ...]


Check: TypeAlias = "HttpCheck | CommandCheck"


@dataclass(frozen=True, slots=True)
class Probe:
    """One check, tried up to `tries` times, `wait_s` seconds apart.

    Each try may take `timeout_s` seconds.
    """

    name: str
    check: Check
    timeout_s: float = 10.0
    tries: int = 3
    wait_s: float = 1.0


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """How a probe ended: `summary` says in a sealed line why, `log` has all of its last try.

    `seconds` are of wall time over all of its `attempts`.  "Could not ask" is not passed either.
    """

    name: str
    is_passed: bool
    summary: str
    seconds: float
    attempts: int
    log: Digest


@dataclass(frozen=True, slots=True)
class Means:
    """Where commands run (the top of the checkout), and how what they say is sealed and kept."""

    folder: Path
    keep: Keep
    seal: Callable[[str], str]


class Moment(StrEnum):
    """When in a landing a probe ran."""

    BEFORE = "before"
    AFTER = "after"
    RESTORED = "restored"
    """After the landing was taken back again."""


def configured(settings: Sequence[ProbeSettings]) -> tuple[Probe, ...]:
    """The probes of `[[probes]]`, in their order.

    Raises `ConfigError` for two of one name.
    """
    found: dict[str, Probe] = {}
    for one in settings:
        if one.name in found:
            message = f"workflow.toml: two probes are named {one.name}"
            raise ConfigError(message, hint="give each its own name")
        check: Check = (
            HttpCheck(one.http, one.status, one.contains, one.insecure)
            if one.command is None
            else CommandCheck(one.command)
        )
        found[one.name] = Probe(one.name, check, one.timeout_s, one.tries, one.wait_s)
    return tuple(found.values())
