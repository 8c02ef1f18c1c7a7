"""The words in which the offline architect says no, and what it can do instead."""

from __future__ import annotations

from workflow.errors import NotUnderstoodError, VagueRequestError
from workflow.providers.offline.refusals import printable

EXAMPLE = (
    "nginx server block for shop.example.test, upstream 127.0.0.1:8000, with POST /collect up to "
    "8k and /healthz"
)


def refused(reason: str, way_out: str) -> NotUnderstoodError:
    """Something that is understood but cannot be drafted, and why."""
    return NotUnderstoodError(
        f"the offline architect (nginx-first-pass): {printable(reason)}", hint=printable(way_out)
    )


def vague(missing: str) -> VagueRequestError:
    """A request that leaves out a name that cannot be guessed."""
    return VagueRequestError(
        f"the request does not say {printable(missing)}",
        hint=f"say for example: workflow propose '{EXAMPLE}' --recipe nginx-first-pass",
    )
