"""`workflow receipt`: what left this machine for a proposal, to the byte."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.text import Text

from workflow.canonical import plain
from workflow.cli import session
from workflow.cli.output import visible, visible_lines
from workflow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.cli.output import Output
    from workflow.store import Store, Stored
    from workflow.types import Count, Digest, Receipt


def run(output: Output, number: int, body: int | None) -> None:
    """Print the receipt of a proposal, or the body of one of its requests (from 1) as it was."""
    repository = session.open_repository(output)
    stored = repository.store.get(number)
    if body is not None:
        _body(output, repository.store, stored, body)
        return
    receipt = stored.proposal.receipt
    prompt = _text(repository.store, receipt.prompt)
    bodies = [_text(repository.store, sent.body) for sent in receipt.requests]
    data = plain(receipt)
    for request, text in zip(data["requests"], bodies, strict=True):
        request["text"] = text
    output.result({"id": number, **data, "prompt_text": prompt}, *_lines(stored))
    output.next(f"workflow show {number}")


def counted(counts: Sequence[Count]) -> str:
    """How many values were sealed, by kind, in words."""
    total = sum(one.values for one in counts)
    if not total:
        return "no value had to be sealed"
    kinds = ", ".join(f"{one.values} {one.kind}" for one in counts)
    return f"{total} value{'s' if total > 1 else ''} sealed: {kinds}"


def allowances(receipt: Receipt) -> Iterator[Text]:
    """The values that were allowed to be seen, each with its reason and its last day."""
    for one in receipt.shown:
        place = f"{one.path}:{one.line}" if one.path else "the request"
        said = f"{place}: a {one.kind} may be seen until {one.expires}: {one.reason}"
        yield Text.assemble(("  ! ", "yellow"), ("allowed  ", "bold"), visible(said))


def _lines(stored: Stored) -> Iterator[Text]:
    receipt, number = stored.proposal.receipt, stored.id
    yield Text.assemble(
        (f"Receipt of proposal {number}  ", "bold"), visible(", ".join(receipt.files))
    )
    yield from allowances(receipt)
    if not receipt.requests:
        yield Text("  nothing was sent: the drafter runs in this process")
        yield Text(
            f"  a remote model would be given {receipt.prompt_bytes} bytes,"
            f" {receipt.prompt.short}; {counted(receipt.sealed)}"
        )
        yield Text.assemble(("  read them: ", "dim"), f"workflow show {number} --prompt")
        return
    yield Text(f"  {receipt.sent_bytes} bytes in {len(receipt.requests)} requests")
    for place, sent in enumerate(receipt.requests, 1):
        yield Text.assemble(
            (f"  {place}. ", "bold"),
            f"{sent.at}  {visible(sent.destination)}  {visible(sent.model)}"
            f"  {sent.size} bytes  {sent.body.short}",
        )
        yield Text(f"     {counted(sent.sealed)}")
        yield Text.assemble(
            ("     read them: ", "dim"), f"workflow receipt {number} --body {place}"
        )


def _body(output: Output, store: Store, stored: Stored, place: int) -> None:
    requests = stored.proposal.receipt.requests
    if place > len(requests):
        made = f"{len(requests)} requests were made" if requests else "nothing was sent"
        message = f"proposal {stored.id} has no request {place}: {made}"
        raise UsageError(message, hint=f"workflow receipt {stored.id}")
    data = store.kept(requests[place - 1].body)
    if output.as_json:
        output.result({"id": stored.id, "body": data.decode("utf-8", "backslashreplace")})
    elif sys.stdout.isatty():
        sys.stdout.write(visible_lines(data.decode("utf-8", "replace")))
    else:
        # Bytes for a file or a pipe go out as they are: their digest is in the receipt.
        sys.stdout.buffer.write(data)


def _text(store: Store, name: Digest) -> str:
    return store.kept(name).decode("utf-8", "backslashreplace")
