"""`workflow probe`: asks the probes now, so that one knows before a landing what they would say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.text import Text

from workflow import probes, seal, trust, wiring
from workflow.canonical import sha256
from workflow.cli import probe_report, session
from workflow.cli.output import Progress, visible_lines
from workflow.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.cli.output import Output
    from workflow.probes import Means, Probe, ProbeResult
    from workflow.types import Digest, TreeId


def run(output: Output, names: Sequence[str], *, log: bool) -> None:
    """Ask the probes of the branch's newest commit, all or those that are named."""
    repository = session.open_repository(output)
    git = repository.git
    tree = git.snapshot().tree
    settings = wiring.read_settings(git, tree)
    if wiring.has_uncommitted_settings(git):
        output.note("workflow.toml has changes; the probes of the newest commit are asked")
    wanted = _named(probes.configured(settings.probes), names)
    if wanted:
        trust.require(trust.Place(repository.store.repository, git.common_dir), settings)
    logs: dict[Digest, bytes] = {}
    progress = Progress(output)
    progress.began("probe")
    try:
        found = probes.run(wanted, _means(repository, tree, logs), tell=progress.detail)
    finally:
        progress.close()
    said = {one.name: logs[one.log].decode("utf-8", "replace") for one in found}
    rows = [
        {**probe_report.of_result(one), **({"said": said[one.name]} if log else {})}
        for one in found
    ]
    is_fine = all(one.is_passed for one in found)
    following = "workflow list"
    if not is_fine:
        failed = " ".join(one.name for one in found if not one.is_passed)
        # Whoever has read what they said wants to know what landed, and how to go back.
        following = "workflow history" if log else f"workflow probe --log {failed}"
    data = {"probes": rows, "next": following}
    output.result(data, *_lines(found, said if log else {}))
    output.next(following)
    if not is_fine:
        raise typer.Exit(ExitCode.REFUSED)


def _lines(found: Sequence[ProbeResult], said: dict[str, str]) -> Iterator[Text]:
    if not found:
        yield Text("There is no probe in workflow.toml: what lands is kept, and called unproven.")
        yield Text("docs/landing.md says how to name one.")
    for one in found:
        yield probe_report.line(one)
        if one.name in said:
            yield Text(visible_lines(said[one.name].rstrip("\n")), style="dim")


def _named(every: Sequence[Probe], names: Sequence[str]) -> tuple[Probe, ...]:
    """The probes that are named, in their order; all where none is."""
    known = [one.name for one in every]
    for name in names:
        if name not in known:
            message = f"there is no probe {name!r}"
            raise UsageError(message, hint=f"the probes: {', '.join(known) or 'none'}")
    return tuple(one for one in every if not names or one.name in names)


def _means(repository: wiring.Repository, tree: TreeId, logs: dict[Digest, bytes]) -> Means:
    """Means that keep nothing: what is said is sealed, and shown once."""
    git = repository.git
    vault = wiring.vault(repository, tree)
    seal.learn_tree(vault, git, tree)

    def keep(data: bytes) -> Digest:
        sealed = vault.scrub(data)
        name = sha256(sealed)
        logs[name] = sealed
        return name

    return probes.Means(git.top, keep, vault.scrub_text)
