"""Says what was wrong with a draft, to the one who drafted it: only what helps to mend it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from workflow.patch import PatchError, Reason
from workflow.text import one_line
from workflow.types import Outcome, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from workflow.errors import DraftError, WorkflowError
    from workflow.patch import Refusal
    from workflow.types import Digest, Finding, Verdict

_MOST_REFUSALS = 8
_MOST_FINDINGS = 20
_LOG_BYTES = 4_000
_RUNS_NO_CODE = frozenset({"nginx"})
# Nothing executes what is in these.
_INERT = frozenset({".conf", ".css", ".html", ".md", ".rst", ".service", ".socket", ".timer"})
_PATCH_CHARACTERS = 40_000
_LINE_CHARACTERS = 300


def of_refusal(error: DraftError, given: Collection[str]) -> str:
    """What to mend in a draft that is no patch, or whose hunks have no proven place.

    The nearest real lines go with each hunk of a file that the drafter has been given, by the name
    that it has seen; of another one it is told nothing, not even whether it is there.
    """
    if not isinstance(error, PatchError):
        return f"{error.message}\n{error.hint}\n"
    return "".join(
        line for refusal in error.refusals[:_MOST_REFUSALS] for line in _refusal(refusal, given)
    )


def of_form(error: WorkflowError) -> str:
    """What to mend in an answer that is not in the form asked for, and so holds no draft."""
    return f"Your answer could not be used: {error.message}\n"


def of_judgement(
    findings: Sequence[Finding],
    verdicts: Sequence[Verdict],
    kept: Callable[[Digest], bytes],
    *,
    may_quote: bool = True,
) -> str:
    """What stands against a draft: rules that object, and gates that do not pass with their log.

    Empty when nothing does.  `kept` gives the bytes of a log, which is sealed.  Without `may_quote`
    nothing is told of what a gate printed that runs code.
    """
    lines = [
        f"The rule {one.rule} objects to {one.path}: {one.reason}\n"
        for one in findings[:_MOST_FINDINGS]
    ]
    for verdict in verdicts:
        if verdict.outcome is Outcome.PASS:
            continue
        if may_quote or verdict.gate in _RUNS_NO_CODE:
            lines += _verdict(verdict, kept)
        else:
            lines.append(
                f"The gate {verdict.gate} says {verdict.outcome}.  What it printed is kept from"
                " you: code of your draft could have printed values that are.\n"
            )
    return "".join(lines)


def of_wish(wish: str, patch: str) -> str:
    """What a reviewer wants otherwise in an earlier proposal, whose patch goes with the words."""
    text = patch[:_PATCH_CHARACTERS]
    return f"{wish}\nThe patch that this is about, which is not in the files:\n{text}"


def is_inert(paths: Iterable[str]) -> bool:
    """Whether no gate executes anything of these files, by their names."""
    return all(posixpath.splitext(path)[1] in _INERT for path in paths)


def headline(complaint: str) -> str:
    """The first line of a complaint, for the record."""
    return one_line(complaint.split("\n", 1)[0])


def _refusal(refusal: Refusal, given: Collection[str]) -> Iterator[str]:
    if refusal.path and refusal.path not in given and refusal.reason is not Reason.FILE_EXISTS:
        yield f"{refusal.path} was not given to you: change only the files that you were given\n"
        return
    yield f"{refusal.message} [{refusal.reason}]\n"
    if refusal.hint:
        yield f"{refusal.hint}\n"
    if refusal.nearest:
        yield "The nearest lines of the file, with their numbers:\n"
    for number, line in refusal.nearest:
        text = line.decode("utf-8", "surrogateescape").rstrip("\n")
        yield f"{number:>6} | {text[:_LINE_CHARACTERS]}\n"


def _verdict(verdict: Verdict, kept: Callable[[Digest], bytes]) -> Iterator[str]:
    yield f"The gate {verdict.gate} says {verdict.outcome}: {one_line(verdict.summary)}\n"
    for note in verdict.notes:
        yield f"- {one_line(note)}\n"
    runs = [run for run in verdict.evidence if run.side is Side.PATCHED]
    if runs:
        log = kept(runs[-1].log)
        end = log[-_LOG_BYTES:].decode("utf-8", "replace")
        yield f"The end of what `{runs[-1].command}` printed:\n{end.strip()}\n"
