"""`workflow targets`: live files that live outside git."""

from __future__ import annotations

import shlex
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, assert_never

from rich.text import Text

from workflow import targets as live
from workflow import trust as trusting
from workflow import wiring
from workflow.cli import session
from workflow.cli.output import visible, visible_lines
from workflow.errors import ExitCode, RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workflow.cli.output import Output
    from workflow.config.landing import ProbeSettings
    from workflow.engine import Inline
    from workflow.targets import Install, Site, Target, TargetStatus
    from workflow.wiring import Repository

T = TypeVar("T")

STATUS = {
    "trusted": "whether a person said yes to these targets and probes on this machine",
    "targets": "name, health, commit, good, recovery, note, and files: source, path, differs, and"
    " for one target the diff of an edited file, sealed",
    "next": "the next command",
}
"""The keys of `workflow targets status --json`."""
TRUST = {
    "trusted": "whether a person's yes is written down now",
    "digest": "the digest of the section that it covers",
    "file": "where it is written down, outside the repository",
    "targets": "name, branch, files, validate, reload and probes of each target",
    "probes": "name, http and command of each probe",
    "next": "the next command",
}
"""The keys of `workflow targets trust --json`."""
INSTALL = {
    "targets": "name, installed (false: live already) and, for an install, what `adopt` prints",
    "next": "the next command",
}
"""The keys of `workflow targets install --json`."""
ONE = {
    "install": "the number of the install",
    "target": "its target",
    "commit": "the commit that its content comes from; empty for what was adopted",
    "state": "kept, restored, …",
    "snapshot": "the digest of what says what was live before",
    "next": "the next command",
}
"""The keys of `workflow targets adopt --json` and of `workflow targets restore --json`."""
_STYLES = {live.Health.SAME: "green", live.Health.STUCK: "bold red", live.Health.DRIFT: "red"}
_BAD = {live.Health.STUCK, live.Health.DRIFT, live.Health.UNFINISHED}


def status(output: Output, name: str | None) -> int:
    """Show how live files compare; the exit status is 3 for drift and what is stuck.

    A repository without targets has nothing to compare, and says so with exit status 0.
    """
    repository = session.open_repository(output)
    site = wiring.site(repository)
    wanted = live.chosen(site, name) if name or live.targets_of(site) else ()
    found = [live.status(site, target, with_diff=name is not None) for target in wanted]
    is_trusted = trusting.is_trusted(live.place_of(site), site.settings)
    following = _next_of(found, is_trusted=is_trusted)
    data = {
        "trusted": is_trusted,
        "targets": [_status_data(one) for one in found],
        "next": following,
    }
    lines = [line for one in found for line in _status_lines(one)]
    if not found:
        lines.append(Text("There is no target in workflow.toml: nothing lands outside git."))
    elif not is_trusted:
        lines.append(Text("Nobody has trusted their commands on this machine.", "yellow"))
    output.result(data, *lines)
    output.next(following)
    return ExitCode.REFUSED if any(one.health in _BAD for one in found) else ExitCode.DONE


def trust(output: Output, *, yes: bool, revoke: bool) -> None:
    """Show what would run and be written, and write down a person's yes."""
    repository = session.open_repository(output)
    site = wiring.site(repository)
    place = live.place_of(site)
    if revoke:
        taken = trusting.revoke(place)
        if taken:
            fact = {"section": None, "who": str(repository.git.identity()), "is_revoked": True}
            repository.store.log("trust", fact)
        said = "no command of this repository is trusted now" if taken else "nothing was trusted"
        output.result({"trusted": False, "revoked": taken, "next": trusting.COMMAND}, said)
        output.next(trusting.COMMAND)
        return
    targets = live.targets_of(site)
    if not targets and not site.settings.probes:
        message = "there are no [[targets]] and no [[probes]] to trust"
        raise UsageError(message, hint="name them in workflow.toml; commit it")
    is_known = trusting.is_trusted(place, site.settings)
    shown = [*_target_lines(targets), *_probe_lines(site.settings.probes)]
    if not is_known and not yes:
        for line in shown:
            output.err.print(line)
        _ask(output)
    digest = trusting.digest_of(site.settings) if is_known else trusting.trust(place, site.settings)
    if not is_known:
        fact = {"section": digest, "who": str(repository.git.identity()), "is_revoked": False}
        repository.store.log("trust", fact)
    data = {
        "trusted": True,
        "digest": digest,
        "file": str(trusting.path()),
        "targets": [_target_data(one) for one in targets],
        "probes": [_probe_data(one) for one in site.settings.probes],
        "next": "workflow targets status",
    }
    done = Text(f"Trusted on this machine, exactly as it stands: section {digest.short}", "green")
    output.result(data, *(shown if yes or is_known else ()), done)
    output.next("workflow targets status")


def install(output: Output, name: str | None) -> None:
    """Install what was approved last."""
    repository = session.open_repository(output)
    command = f"workflow targets install {name or ''}".strip()
    with _at_work(repository, output, command) as (site, engine):
        rows = [
            (
                target,
                engine.step("install", live.install, site, target),
            )
            for target in live.chosen(site, name)
        ]
    lines = [_installed_line(target, one) for target, one in rows]
    data = {
        "targets": [
            {
                "name": target.name,
                "installed": one is not None,
                **(_install_data(one) if one else {}),
            }
            for target, one in rows
        ],
        "next": "workflow targets status",
    }
    output.result(data, *lines)
    output.next("workflow targets status; workflow targets restore NAME takes an install back")


def adopt(output: Output, name: str) -> None:
    """Put by what is live now."""
    repository = session.open_repository(output)
    with _at_work(repository, output, f"workflow targets adopt {name}") as (site, engine):
        (target,) = live.chosen(site, name)
        one = engine.step("adopt", live.adopt, site, target)
    output.result(
        {**_install_data(one), "next": f"workflow targets install {name}"},
        f"✓ what is live of {visible(name)} is stashed (number {one.number}); nothing was written",
    )
    output.next(f"workflow targets install {name}, or the next landing")


def restore(output: Output, name: str, *, over_edits: bool, mark_restored: bool) -> None:
    """Bring back what was live before the newest install."""
    repository = session.open_repository(output)
    with _at_work(repository, output, f"workflow targets restore {name}") as (site, engine):
        if mark_restored:
            one = live.mark_restored(site, name)
            said = "is marked as restored"
        else:
            one = engine.step("restore", live.restore, site, name, over_edits=over_edits)
            said = "is exactly what it was"
    output.result(
        {**_install_data(one), "next": "workflow targets status"},
        f"✓ target {visible(name)} {said} before install {one.number}",
    )
    output.next("workflow targets status")


# --- parts ------------------------------------------------------------------------------------


@contextmanager
def _at_work(repository: Repository, output: Output, command: str) -> Iterator[tuple[Site, Inline]]:
    """The live machine, held against every landing and other install."""
    with (
        repository.journal.exclusive(command),
        session.engine(repository, output, command) as engine,
    ):
        yield wiring.site(repository, tell=engine.tell), engine


def _ask(output: Output) -> None:
    """Ask whether all that was shown is right.

    Raises `RefusedError` for a no, and `UsageError` where there is nobody to ask.
    """
    if output.as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        message = "nobody is there to say yes: standard input is no terminal"
        raise UsageError(message, hint=f"look at the list above, then: {trusting.COMMAND} --yes")
    try:
        # Not by rich, which would print it once more where Ctrl-C comes while it is printed.
        sys.stderr.write("Let this run and write on this machine? [y/N] ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        output.err.print()  # the terminal has put a ^C on the line of the question
        output.note("not trusted: nothing was written down")
        raise
    if answer.strip().lower() not in {"y", "yes"}:
        message = "not trusted: nothing was written down"
        raise RefusedError(message, hint=trusting.COMMAND)


def _next_of(found: Sequence[TargetStatus], *, is_trusted: bool) -> str:
    if not is_trusted:
        return trusting.COMMAND
    for one in found:
        match one.health:
            case live.Health.STUCK | live.Health.UNFINISHED:
                return f"workflow targets restore {one.name}"
            case live.Health.DRIFT:
                return f"workflow targets adopt {one.name}"
            case live.Health.NOT_INSTALLED if not one.good:
                # Nothing that was approved is there to install yet.
                return f"workflow targets adopt {one.name}"
            case live.Health.BEHIND | live.Health.NOT_INSTALLED:
                return f"workflow targets install {one.name}"
            case live.Health.SAME:
                continue
            case _:
                assert_never(one.health)
    return "workflow list"


def _status_lines(one: TargetStatus) -> Iterator[Text]:
    style = _STYLES.get(one.health, "yellow")
    yield Text.assemble((f"{one.name}: ", "bold"), (str(one.health), style))
    if one.commit or one.good:
        yield Text(f"  installed {one.commit[:10] or '-'}, last known good {one.good[:10] or '-'}")
    for file in one.files:
        said = f" ({', '.join(file.differs)})" if file.differs else ""
        yield Text(f"  {visible(file.source)} -> {visible(file.path)}{said}")
        if file.diff:
            yield Text(visible_lines(file.diff), no_wrap=True)
    if one.note:
        yield Text(f"  {visible(one.note)}", "red")
    if one.recovery:
        yield Text(f"  commands: {visible(one.recovery)}", "red")


def _status_data(one: TargetStatus) -> Mapping[str, Any]:
    return {
        "name": one.name,
        "health": str(one.health),
        "commit": one.commit,
        "good": one.good,
        "recovery": one.recovery,
        "note": one.note,
        "files": [
            {
                "source": file.source,
                "path": file.path,
                "differs": list(file.differs),
                "diff": file.diff,
            }
            for file in one.files
        ],
    }


def _target_lines(targets: Sequence[Target]) -> Iterator[Text]:
    for target in targets:
        branch = f"branch {target.branch}" if target.branch else "any branch"
        yield Text.assemble(
            ("target ", ""), (target.name, "bold"), f": follows landings on {visible(branch)}"
        )
        for source, place in target.files:
            yield Text(f"  writes {visible(str(place))} (from {visible(str(source))})")
        for what, argv in (("validate", target.check), ("reload", target.reload)):
            if argv:
                yield Text(f"  {what}: {visible(shlex.join(argv))}")
        if target.probes:
            yield Text(f"  probes: {', '.join(target.probes)}")


def _probe_lines(probes: Sequence[ProbeSettings]) -> Iterator[Text]:
    for one in probes:
        what = shlex.join(one.command) if one.command else f"GET {one.http}"
        yield Text.assemble("probe ", (one.name, "bold"), f": {visible(what)}")


def _target_data(target: Target) -> Mapping[str, Any]:
    return {
        "name": target.name,
        "branch": target.branch,
        "files": {str(source): str(place) for source, place in target.files},
        "validate": list(target.check),
        "reload": list(target.reload),
        "probes": list(target.probes),
    }


def _probe_data(one: ProbeSettings) -> Mapping[str, Any]:
    return {"name": one.name, "http": one.http, "command": list(one.command or ())}


def _installed_line(target: Target, one: Install | None) -> str:
    name = visible(target.name)
    if one is None:
        return f"✓ target {name}: live already"
    return f"✓ target {name}: {one.commit[:10]} is live, checked and kept (install {one.number})"


def _install_data(one: Install) -> dict[str, Any]:
    return {
        "install": one.number,
        "target": one.target,
        "commit": one.commit,
        "state": str(one.state),
        "snapshot": str(one.snapshot),
    }
