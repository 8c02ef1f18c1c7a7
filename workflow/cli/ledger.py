"""`workflow ledger`: whether it holds, what is in it, and what others can check of it."""

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from workflow import ledger, wiring
from workflow.cli import session
from workflow.cli.output import visible
from workflow.errors import (
    ChangedProposalError,
    ExitCode,
    OutputError,
    StateError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workflow.cli.output import Output
    from workflow.replay import Compared, Result

_WIDTH = 60
_HEX = re.compile(r"(?:sha256:)?[0-9a-f]{40,64}\Z")
# How much of a hash with its name in front, and of git's object name, a person is shown.
_HASH, _OBJECT = 19, 10


@dataclass(frozen=True, slots=True)
class Asked:
    """What to export: rows or statements, of which proposal, signed by which key, where to."""

    is_intoto: bool
    proposal: int | None
    key: Path | None
    file: Path | None


def verify(output: Output) -> ExitCode:
    """Say whether the ledger holds, and what does not."""
    repository = session.open_repository(output, needs_files=False)
    found = ledger.check(repository.git, repository.store.connection)
    is_held = not found.breaks
    mend = "restore .git/workflow from a backup: nothing lands on a ledger that does not hold"
    data = {
        "holds": is_held,
        "rows": found.rows,
        "newest": found.newest,
        "anchors": found.anchors,
        "breaks": [{"row": one.seq, "last": one.end, "reason": one.reason} for one in found.breaks],
        "notes": list(found.notes),
        "next": "workflow ledger show" if is_held else mend,
    }
    told = "1 time" if found.anchors == 1 else f"{found.anchors} times"
    said = f"{found.rows:,} rows hang together; git was told {told}, and agrees"
    lines = [Text.assemble(("✓ ", "green"), said)] if is_held else []
    lines += [Text.assemble(("✗ ", "red"), visible(str(one))) for one in found.breaks]
    lines += [Text.assemble(("! ", "yellow"), visible(note)) for note in found.notes]
    output.result(data, *lines)
    output.next(str(data["next"]))
    return ExitCode.DONE if is_held else ExitCode.REFUSED


def show(output: Output, proposal: int | None, last: int) -> None:
    """Print the newest facts."""
    repository = session.open_repository(output, needs_files=False)
    connection = repository.store.connection
    if proposal is not None:
        repository.store.get(proposal)
    rows = list(ledger.told(connection, proposal, last))
    count = len(rows)
    if proposal is None:
        count = connection.execute("SELECT count(*) FROM ledger").fetchone()[0]
    rows = rows[-last:] if last else rows
    lines = [
        Text.assemble(
            (f"{row['seq']:>6} ", "dim"),
            f"{visible(row['at'])} ",
            (f"{visible(row['event']):<18} ", "bold"),
            visible(_words(row["event"], row["body"])),
            no_wrap=True,
            overflow="ellipsis",
        )
        for row in rows
    ]
    if len(rows) < count:
        lines.insert(0, Text(f"({count - len(rows):,} older ones: --last 0)", "dim"))
    told = [{**row, "body": ledger.parsed(row["body"])} for row in rows]
    output.result({"rows": told, "of": count, "next": "workflow ledger verify"}, *lines)
    output.next("workflow ledger verify")


def _words(event: str, body: str) -> str:
    """A fact in a line: what its kind has to say, each value cut short; nothing that is empty."""
    said = ledger.parsed(body)
    keys = next((one.keys for one in ledger.EVENTS if one.name == event), tuple(said))
    told = ((key, _short(said.get(key))) for key in keys)
    return ", ".join(f"{key} {value}" for key, value in told if value) or _short(body)


def _short(value: object) -> str:
    match value:
        case None | []:
            text = ""
        case {"name": str(text)}:
            pass
        case {"commit": str(text)}:
            pass
        case [str(text)]:
            pass
        case list():
            text = f"({len(value)})"
        case dict():
            text = "(…)"
        case _:
            text = str(value)
    if _HEX.match(text):
        return text[: _HASH if text.startswith("sha256:") else _OBJECT].removeprefix("sha256:")
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def export(output: Output, asked: Asked) -> None:
    """Write what others can check.

    Raises `UsageError` for words that do not go together, and `ChangedProposalError` where a ledger
    that does not hold would be attested.
    """
    if asked.key and not asked.is_intoto:
        message = "--sign signs statements, and a row is held by the chain"
        raise UsageError(message, hint="workflow ledger export --format intoto --sign KEY")
    repository = session.open_repository(output, needs_files=False)
    connection = repository.store.connection
    if asked.proposal is not None:
        repository.store.get(asked.proposal)
    _, breaks = ledger.verify(connection)
    if breaks and asked.is_intoto:
        message = f"the ledger does not hold ({breaks[0]}), so that nothing of it can be attested"
        raise ChangedProposalError(message, hint="workflow ledger verify")
    if breaks:
        output.note(f"the ledger does not hold: {breaks[0]}; see `workflow ledger verify`")
    found = (
        _statements(repository, asked)
        if asked.is_intoto
        else ledger.lines(connection, asked.proposal)
    )
    count = _write(found, asked.file)
    for line in _recipe(asked):
        output.note(line)
    if asked.file:
        lines = "1 line" if count == 1 else f"{count:,} lines"
        output.result({}, f"{asked.file} has {lines}.")


def _statements(repository: wiring.Repository, asked: Asked) -> Iterator[bytes]:
    """A line for each landing: a statement, or an envelope where it is to be signed.

    Raises `StateError` where nothing has landed.
    """
    from workflow.canonical import encode
    from workflow.identity import signatures
    from workflow.identity.armor import read_armor
    from workflow.ledger import attest
    from workflow.ledger.witness import approvers
    from workflow.types import CommitId

    connection = repository.store.connection
    landings = tuple(attest.landings(connection, asked.proposal))
    if not landings:
        message = "nothing of it has landed, so that there is nothing to attest"
        raise StateError(message, hint="workflow list; workflow history")
    for landing in landings:
        commit = CommitId(landing["after"])
        tree, named = repository.git.tree_of(commit), approvers(repository.git, commit)
        data = attest.payload(attest.statement(connection, landing, tree, named))
        if asked.key is None:
            yield data + b"\n"
            continue
        armored = signatures.sign_bytes(attest.encoded(data), attest.NAMESPACE, asked.key)
        fingerprint = read_armor(armored).fingerprint
        yield encode(attest.envelope(data, armored, fingerprint)) + b"\n"


def _recipe(asked: Asked) -> Iterator[str]:
    """How a third party checks what is exported."""
    from workflow.ledger import attest

    name = shlex.quote(str(asked.file)) if asked.file else "EXPORT"
    if not asked.is_intoto:
        yield "each line without `hash` is, as canonical JSON, what `hash` is the SHA-256 of"
        return
    if asked.key is None:
        yield "not signed; --sign KEY signs each statement with an SSH key"
        return
    yield f"to check line 1 of {name}:"
    yield f"head -n 1 {name} | jq -j .payload | base64 -d > statement.json"
    yield f"head -n 1 {name} | jq -j '.signatures[0].sig' | base64 -d > statement.sig"
    kind = attest.PAYLOAD_TYPE
    yield (
        f"{{ printf 'DSSEv1 {len(kind)} {kind} %s ' $(wc -c < statement.json);"
        " cat statement.json; } > signed"
    )
    yield (
        f"ssh-keygen -Y verify -n {attest.NAMESPACE} -f ALLOWED_SIGNERS -I WHO"
        " -s statement.sig < signed"
    )


def _write(lines: Iterable[bytes], file: Path | None) -> int:
    """Write lines to a file, whole or not at all, or to stdout; return how many.

    Raises `OutputError` when they cannot be written.
    """
    count = 0
    try:
        if file is None:
            for line in lines:
                sys.stdout.buffer.write(line)
                count += 1
            sys.stdout.buffer.flush()
            return count
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        fresh = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                for line in lines:
                    stream.write(line)
                    count += 1
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(file)
        finally:
            fresh.unlink(missing_ok=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"{file or 'standard output'}: cannot be written: {error.strerror}"
        raise OutputError(message, hint="free some space, or name another file") from error
    return count


def replay(output: Output, number: int) -> ExitCode:
    """Run a proposal's gates again and print what is the same."""
    from workflow import replay as stage

    repository = session.open_repository(output)
    stored = repository.store.get(number)
    who = repository.git.identity()
    with session.engine(repository, output, f"workflow ledger replay {number}") as engine:
        parts = wiring.build(repository, stored.proposal.base, tell=engine.tell)
        found = stage.replay(number, who, parts, engine)
    result = stage.worst(found)
    data = {
        "id": number,
        "digest": stored.digest,
        "result": result,
        "gates": [_gate(one) for one in found],
        "next": f"workflow show {number}",
    }
    lines = [line for one in found for line in _compared(one)]
    none = f"no gate judged proposal {number}, so there is nothing to compare"
    output.result(data, *(lines or [Text(none)]))
    output.next(f"workflow show {number}")
    return _status(result)


def _status(result: Result) -> ExitCode:
    from workflow.replay import Result as Each

    codes = {Each.SAME: ExitCode.DONE, Each.DIFFERS: ExitCode.REFUSED, Each.CANNOT: ExitCode.ERROR}
    return codes[result]


def _gate(one: Compared) -> dict[str, Any]:
    return {
        "gate": one.gate,
        "result": one.result,
        "then": one.then.outcome if one.then else None,
        "now": one.now.outcome if one.now else None,
        "what": list(one.what),
    }


def _compared(one: Compared) -> Iterator[Text]:
    styles = {"same": ("✓ ", "green"), "differs": ("✗ ", "red"), "cannot": ("! ", "yellow")}
    said = f"{visible(one.gate)}: {one.result}"
    if one.now and one.result == "same":
        said += f" ({one.now.outcome}: {visible(one.now.summary)})"
    yield Text.assemble(styles[one.result], said)
    yield from (Text(f"    {visible(line)}") for line in one.what)
