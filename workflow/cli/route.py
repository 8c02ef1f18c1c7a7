"""`workflow route`: who would draft a change, and why; it reads, and changes nothing."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from workflow.cli import session
from workflow.cli.output import visible
from workflow.errors import UnbornBranchError, VagueRequestError
from workflow.route import by_words, choose, in_nothing, is_question
from workflow.types import ChangeRequest, Identity, Way

if TYPE_CHECKING:
    from workflow.cli.output import Output
    from workflow.types import Route

# Who asks does not matter to who drafts, and git need not know it here.
_ANYONE = Identity("anyone", "")
_PATH = "PATH"


def run(output: Output, typed: str, names: list[str]) -> None:
    """Print who would draft a change; outside a repository, as far as the words tell.

    Raises what `workflow propose` raises for a path that cannot be edited.
    """
    text = session.request_text(typed)
    route, places = _route(output, text, names)
    following = _next(route.way, text, places)
    data = {
        "role": str(route.way),
        "confidence": route.confidence / 100,
        "reasons": list(route.reasons),
        "looked_at": list(route.looked_at),
        "next": following,
    }
    said = f"{route.confidence} % sure"
    if route.way is Way.ASK:
        said = "it is not clear who should draft"
    lines = [Text.assemble((str(route.way), "bold"), f"  {said}")]
    lines += [Text(f"  {visible(reason)}") for reason in route.reasons]
    lines += [Text(f"  looked at: {visible(thing)}", "dim") for thing in route.looked_at]
    output.result(data, *lines)
    output.next(following)


def _route(output: Output, text: str, names: list[str]) -> tuple[Route, list[str]]:
    """The route, and the paths to propose with: as typed, or a word for one that is needed."""
    git = session.git_around(Path.cwd())
    if git is None:
        if names:
            output.note("no git repository is around here: the named files were not looked at")
        return by_words(text), names or [_PATH]
    try:
        base = git.snapshot()
    except UnbornBranchError:
        if names:
            raise
        return in_nothing(text), []
    from workflow import gather

    request = ChangeRequest(text, tuple(session.path_in(git, name) for name in names), _ANYONE)
    named = gather.resolve(git, base, request)
    route = choose(git, base, request, named)
    if named or route.way is Way.ARCHITECT:
        return route, names
    try:
        gather.default_file(git, base.tree)
    except VagueRequestError:
        return route, [_PATH]
    return route, names


def _next(way: Way, text: str, places: list[str]) -> str:
    if way is Way.ASK and is_question(text):
        checked = _command(text, places or [_PATH], "--recipe", "safety-check")
        return f"workflow explain ID, or {checked}"
    if way is Way.ASK:
        return f"{_command(text, places, '--route', 'surgeon')}, or --route architect or mixed"
    if way is Way.ARCHITECT:
        places = [place for place in places if place is not _PATH]
    return _command(text, places)


def _command(text: str, places: list[str], *options: str) -> str:
    """What proposes a request; nothing that was typed is taken for an option."""
    typed = [text, *places]
    if any(each.startswith("-") for each in typed):
        return shlex.join(["workflow", "propose", *options, "--", *typed])
    return shlex.join(["workflow", "propose", *typed, *options])
