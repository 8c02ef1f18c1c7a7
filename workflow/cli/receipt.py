"""`workflow receipt`: what left this machine for a proposal, to the byte."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.text import Text

from workflow.canonical import plain
from workflow.cli import cost, session
from workflow.cli.output import visible, visible_lines
from workflow.errors import UsageError
from workflow.spending import dollars

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.cli.output import Output
    from workflow.store import Store, Stored
    from workflow.types import Count, Digest, Receipt, RepoPath, Round, Sent, Shown, Usage

_NAMED = 6


def run(output: Output, number: int, body: int | None = None, answer: int | None = None) -> None:
    """Print the receipts of a proposal's rounds, or one of two things as it was, both from 1.

    These are the `body` of a request, and the `answer` of a round.
    """
    repository = session.open_repository(output)
    stored = repository.store.get(number)
    if body is not None:
        _print(output, stored, "body", repository.store.kept(_request_of(stored, body).body))
        return
    if answer is not None:
        _print(output, stored, "answer", repository.store.kept(_answer_of(stored, answer)))
        return
    rounds = [_of_round(repository.store, one) for one in stored.proposal.rounds]
    output.result({"id": number, "rounds": rounds}, *_lines(stored))
    output.next(f"workflow show {number}")


def _of_round(store: Store, one: Round) -> dict[str, Any]:
    data = plain(one.receipt)
    for request, sent in zip(data["requests"], one.receipt.requests, strict=True):
        request["text"] = _text(store, sent.body)
    said = {"role": str(one.role), "provider": one.provider, "model": one.model}
    answer = _text(store, one.answer) if one.answer else None
    return {
        **said,
        **data,
        "prompt_text": _text(store, one.receipt.prompt),
        "usage": plain(one.usage) if one.usage else None,
        "answer": answer,
    }


def counted(counts: Sequence[Count]) -> str:
    """How many values were sealed, by kind, in words."""
    total = sum(one.values for one in counts)
    if not total:
        return "no value had to be sealed"
    kinds = ", ".join(f"{one.values} {one.kind}" for one in counts)
    return f"{total} value{'s' if total > 1 else ''} sealed: {kinds}"


def shown(receipt: Receipt) -> tuple[RepoPath, ...]:
    """Every file that a drafter has seen, to edit or to read."""
    return (*receipt.files, *receipt.context)


def named(paths: Sequence[RepoPath]) -> str:
    """Files by name, each once; of many only the first, and how many more there are."""
    names = list(dict.fromkeys(paths))
    first = visible(", ".join(names[:_NAMED]))
    return f"{first} and {len(names) - _NAMED} more" if len(names) > _NAMED else first


def allowed(one: Shown) -> Text:
    """A value that was allowed to be seen, with its reason and its last day."""
    place = f"{one.path}:{one.line}" if one.path else "the request"
    said = f"{place}: a {one.kind} may be seen until {one.expires}: {one.reason}"
    return Text.assemble(("  ! ", "yellow"), ("allowed  ", "bold"), visible(said))


def _lines(stored: Stored) -> Iterator[Text]:
    rounds, number = stored.proposal.rounds, stored.id
    yield Text(f"Receipt of proposal {number}", "bold")
    place = 0
    before: tuple[RepoPath, ...] = ()
    for count, one in enumerate(rounds, 1):
        receipt = one.receipt
        said = f"  round {count}, the {one.role}: " if len(rounds) > 1 else f"  the {one.role}: "
        files = visible(", ".join(shown(receipt))) or "no file"
        is_same = count > 1 and shown(receipt) == before
        before = shown(receipt)
        yield Text.assemble((said, "bold"), "the same files" if is_same else files)
        for value in receipt.shown:
            yield allowed(value)
        if not receipt.requests:
            yield from _unsent(receipt, number)
            continue
        many = cost.counted(len(receipt.requests), "request")
        yield Text(f"  {receipt.sent_bytes:,} bytes in {many}")
        for sent in receipt.requests:
            place += 1
            yield from _request(sent, number, place)
        if one.usage:
            yield Text(f"     answered: {_took(one.usage)}")
        if one.answer:
            read = f"workflow receipt {number} --answer {count}"
            yield Text.assemble(("     read it: ", "dim"), read)
    total = cost.of_proposal(stored.proposal)
    if total.answers > 1:
        sent_bytes = sum(one.receipt.sent_bytes for one in rounds)
        yield Text.assemble(("  all rounds: ", "bold"), f"{sent_bytes:,} bytes sent; {total}")


def _unsent(receipt: Receipt, number: int) -> Iterator[Text]:
    yield Text("  nothing was sent: the drafter runs in this process")
    yield Text(
        f"  a remote model would be given {receipt.prompt_bytes:,} bytes,"
        f" {receipt.prompt.short}; {counted(receipt.sealed)}"
    )
    yield Text.assemble(("  read them: ", "dim"), f"workflow show {number} --prompt")


def _request(sent: Sent, number: int, place: int) -> Iterator[Text]:
    yield Text.assemble(
        (f"  {place}. ", "bold"),
        f"{sent.at}  {visible(sent.destination)}  {visible(sent.model)}"
        f"  {sent.size:,} bytes  {sent.body.short}",
    )
    yield Text(f"     {counted(sent.sealed)}")
    yield Text.assemble(("     read them: ", "dim"), f"workflow receipt {number} --body {place}")


def _took(usage: Usage) -> str:
    """What an answer took, in words."""
    cached = f" ({usage.cached_tokens:,} of them cached)" if usage.cached_tokens else ""
    price = "its price is not known"
    if usage.microdollars is not None:
        price = dollars(usage.microdollars)
    return f"{usage.input_tokens:,} tokens in{cached}, {usage.output_tokens:,} out; {price}"


def _request_of(stored: Stored, place: int) -> Sent:
    """A request of a proposal, by its place over all rounds."""
    requests = [sent for one in stored.proposal.rounds for sent in one.receipt.requests]
    if place > len(requests):
        made = f"{cost.counted(len(requests), 'request')} made" if requests else "nothing was sent"
        message = f"proposal {stored.id} has no request {place}: {made}"
        raise UsageError(message, hint=f"workflow receipt {stored.id}")
    return requests[place - 1]


def _answer_of(stored: Stored, place: int) -> Digest:
    """Where the answer of a round was kept."""
    rounds = stored.proposal.rounds
    hint = f"workflow receipt {stored.id}"
    if place > len(rounds):
        message = (
            f"proposal {stored.id} has no answer {place}: {cost.counted(len(rounds), 'round')}"
        )
        raise UsageError(message, hint=hint)
    found = rounds[place - 1].answer
    if found is None:
        message = f"no answer of round {place} was kept: its drafter runs in this process"
        raise UsageError(message, hint=hint)
    return found


def _print(output: Output, stored: Stored, name: str, data: bytes) -> None:
    """Print bytes as they were kept, harmless where they would reach a terminal."""
    if output.as_json:
        output.result({"id": stored.id, name: data.decode("utf-8", "backslashreplace")})
    elif sys.stdout.isatty():
        sys.stdout.write(visible_lines(data.decode("utf-8", "replace")))
    else:
        # Bytes for a file or a pipe go out as they are: their digest is in the receipt.
        sys.stdout.buffer.write(data)


def _text(store: Store, name: Digest) -> str:
    return store.kept(name).decode("utf-8", "backslashreplace")
