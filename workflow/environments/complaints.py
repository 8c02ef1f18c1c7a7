"""What pip says when it fails, in a sentence, with the mend."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from workflow.environments.inside import NO_PIP
from workflow.sandbox import Network
from workflow.text import one_line

if TYPE_CHECKING:
    from workflow.environments.sources import Sources
    from workflow.process import Ran

_MAX = 200
_MISSING = re.compile(r"No matching distribution found for (.+?)(?: \(from .*)?$", re.MULTILINE)
_VERSIONS = re.compile(r"\(from versions: (?:[^()\n]*, )?([^()\s,]+)\)")
_UNREACHED = re.compile(
    r"Could not fetch URL [^\n]*: (?:connection error|There was a problem confirming)|"
    r"Max retries exceeded|CERTIFICATE_VERIFY_FAILED"
)
_DENIED = re.compile(r"\b(401|403) (?:Client )?Error")
_CONFLICT = re.compile(
    r"conflict is caused by:\s*\n((?: {4}\S.*\n){1,6})|ERROR: ResolutionImpossible"
)
_HASHES = re.compile(r"DO NOT MATCH THE HASHES|--require-hashes mode|hashes are required")
_FULL = re.compile(r"No space left on device|Errno 28|File too large|Errno 27")
_MAKE_VENV = "or make a `.venv` with what the tests need, beside the project"


def complaint(ran: Ran, said: str, sources: Sources) -> tuple[str, str]:
    """Return why a build failed, and what helps; `said` is what it printed, without credentials."""
    is_online, places = sources.network is not Network.NONE, sources.told
    too_large = ran.truncated or ran.out_of_memory or _FULL.search(said)
    known = (
        (ran.exit_status == NO_PIP, "the Python has no pip", "`apt install python3-pip`"),
        (ran.timed_out, "it took too long", "try again"),
        (too_large, "it is larger than the sandbox lets a build be", "require less"),
        (
            is_online and _UNREACHED.search(said),
            f"{places} cannot be reached",
            "look at `pip config list` and the network, or `export WORKFLOW_WHEELHOUSE=…`",
        ),
        (
            is_online and _DENIED.search(said),
            f"{places} refuses the account",
            "look at `pip config list` and `.netrc`",
        ),
        (
            _HASHES.search(said),
            f"hashes are missing or wrong: {_last(said)}",
            "give every requirement its hash, pytest too, or none",
        ),
        (
            _CONFLICT.search(said),
            f"the requirements contradict one another: {_conflict(said)}",
            "correct the versions; a lock beside them counts, too",
        ),
    )
    found = next(((what, hint) for is_so, what, hint in known if is_so), None)
    if found is None:
        missing = _MISSING.search(said)
        newest = _VERSIONS.search(said)
        no_wheel = (
            _no_wheel(one_line(missing[1])[:_MAX], newest[1] if newest else "none", sources)
            if missing
            else None
        )
        found = no_wheel or (_last(said), "mend the requirements")
    return found[0], f"{found[1]}, {_MAKE_VENV}"


def _no_wheel(requirement: str, newest: str, sources: Sources) -> tuple[str, str]:
    what = f"there is no wheel of {requirement!r} for this Python in {sources.told}"
    if newest != "none":
        what += f", where the newest is {newest[:40]}"
    words = shlex.quote(requirement)
    if sources.wheels:
        folder = shlex.quote(sources.wheels)
        return what, f"`pip download --only-binary :all: -d {folder} {words}` on a network"
    return what, f"`pip wheel -w WHEELHOUSE {words}` and `export WORKFLOW_WHEELHOUSE=…`"


def _last(said: str) -> str:
    errors = re.findall(r"^ *ERROR: (.+)$", said, re.MULTILINE)
    lines = errors or said.strip().splitlines() or ["it said nothing"]
    return one_line(lines[-1])[:_MAX]


def _conflict(said: str) -> str:
    found = _CONFLICT.search(said)
    return one_line("; ".join((found[1] or "").split("\n")).strip("; ") if found else "")[:_MAX]
