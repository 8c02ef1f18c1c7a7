"""`workflow route`: who would draft a change, and why; it reads, and changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from workflow.cli import session
from workflow.cli.output import visible
from workflow.errors import PathError, UnbornBranchError
from workflow.route import by_words, choose, in_nothing
from workflow.types import ChangeRequest, Identity, Way

if TYPE_CHECKING:
    from workflow.cli.output import Output
    from workflow.git_store import GitStore
    from workflow.types import RepoPath, Route, Snapshot

# Who asks does not matter to who drafts, and git need not know it here.
_ANYONE = Identity("anyone", "")


def run(output: Output, typed: str, names: list[str]) -> None:
    """Print who would draft a change; outside a repository, as far as the words tell."""
    text = session.request_text(typed)
    route = _route(output, text, names)
    following = _next(route.way)
    data = {
        "role": str(route.way),
        "confidence": route.confidence / 100,
        "reasons": list(route.reasons),
        "looked_at": list(route.looked_at),
        "next": following,
    }
    who = "ask: you have to say" if route.way is Way.ASK else str(route.way)
    lines = [Text.assemble((who, "bold"), f"  {route.confidence} %")]
    lines += [Text(f"  {visible(reason)}") for reason in route.reasons]
    lines += [Text(f"  looked at: {visible(thing)}", "dim") for thing in route.looked_at]
    output.result(data, *lines)
    output.next(following)


def _route(output: Output, text: str, names: list[str]) -> Route:
    git = session.git_around(Path.cwd())
    if git is None:
        if names:
            output.note("no git repository is around here: the named files were not looked at")
        return by_words(text)
    try:
        base = git.snapshot()
    except UnbornBranchError:
        return in_nothing(text)
    paths = tuple(session.path_in(git, name) for name in names)
    request = ChangeRequest(text, paths, _ANYONE)
    return choose(git, base, request, _named(git, base, request))


def _named(git: GitStore, base: Snapshot, request: ChangeRequest) -> tuple[RepoPath, ...]:
    """The files that the request is about; a name that stands for none is one of the facts."""
    from workflow import gather

    try:
        return gather.resolve(git, base, request)
    except PathError:
        return ()


def _next(way: Way) -> str:
    if way is Way.ASK:
        return 'workflow propose "…" PATH --route surgeon, or --route architect'
    return 'workflow propose "…"'
