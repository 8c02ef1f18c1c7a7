"""How the command speaks: results on stdout, everything else on stderr, nothing raw from outside.

Text that came from a repository, a person or a model is passed through `visible`, so that escape
sequences and characters that reorder or hide text are seen instead of obeyed.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from workflow.errors import OutputError
from workflow.text import is_hidden

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.status import Status


def visible(line: str) -> str:
    """A line with every control and formatting character but tabs shown as `<U+XXXX>`.

    A line feed is one, too: a name that holds it must not add lines of its own to what we say.
    """
    return "".join(
        f"<U+{ord(char):04X}>" if char != "\t" and is_hidden(char) else char for char in line
    )


def visible_lines(text: str) -> str:
    """Several lines of text, each as `visible` shows it."""
    return "\n".join(map(visible, text.split("\n")))


def abandon_stdout() -> None:
    """Send what is still to be printed nowhere, so that Python does not complain at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _printing() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"done, but the result cannot be printed: {error.strerror}"
        raise OutputError(message, hint="workflow list, workflow history") from error


class _Console(Console):
    """A console that leaves it to the edge what a closed pipe means."""

    def on_broken_pipe(self) -> None:
        """Raise what rich would turn into an exit status of its own."""
        raise BrokenPipeError


class Output:
    """One command's two streams.  With `as_json`, stdout carries one JSON object and no more."""

    def __init__(self, *, as_json: bool, quiet: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.out = _Console(highlight=False, soft_wrap=True)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)

    def result(self, data: Mapping[str, Any], *lines: Text | str) -> None:
        """The command's result, in the form that was asked for.

        Raises `OutputError` when it cannot be printed: the work is done by then.
        """
        with _printing():
            if self.as_json:
                sys.stdout.write(json.dumps(data, indent=2) + "\n")
            else:
                for line in lines:
                    self._print(line if isinstance(line, Text) else Text(line))
            sys.stdout.flush()

    def _print(self, line: Text) -> None:
        """Print a line; on a terminal, long prose continues below where it began."""
        width = self.out.width
        if line.no_wrap or not self.out.is_terminal or line.cell_len <= width:
            self.out.print(line)
            return
        lead = len(line.plain) - len(line.plain.lstrip())
        first, *rest = line[lead:].wrap(self.out, max(20, width - lead - 2))
        self.out.print(Text(" " * lead) + first)
        for more in rest:
            self.out.print(Text(" " * (lead + 2)) + more)

    def next(self, command: str) -> None:
        """The last line: what to do now."""
        if not command or self.as_json:
            return
        with _printing():
            self.out.print(Text.assemble(("Next: ", "bold"), (visible(command), "cyan")))
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """Something that a person should know and a program need not."""
        self.err.print(Text.assemble(("note: ", "yellow"), visible(text)))

    def error(self, message: str, hint: str, exit_code: int, details: str = "") -> None:
        """What went wrong, with the lines that show it if there are any, and the next command."""
        if self.as_json:
            body: dict[str, Any] = {"error": message, "hint": hint, "exit_code": exit_code}
            if details:
                body["details"] = details
            try:
                sys.stdout.write(json.dumps(body, indent=2) + "\n")
                sys.stdout.flush()
            except OSError:  # stderr still says it
                abandon_stdout()
        if details:
            self.err.print(Text(visible_lines(details)))
        self.err.print(Text.assemble(("error: ", "bold red"), visible(message)))
        self.err.print(Text.assemble(("  try: ", "bold"), visible(hint)))


_PAUSE_S = 10.0


class Progress:
    """Shows each stage on stderr while it runs: a moving line on a terminal, plain lines elsewhere.

    Implements `engine.Observer`.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._status: Status | None = None
        self._stage = ""
        self._kind = ""
        self._told = 0.0

    def began(self, stage: str) -> None:
        """Show that a stage begins."""
        self._stage, self._kind = stage, ""
        self._show(stage)

    def detail(self, text: str) -> None:
        """Show what the present stage is at; where lines stay, no count is told every second."""
        kind = re.sub(r"[\d.,k]+", "", text)
        now = time.monotonic()
        if not self._output.err.is_terminal and kind == self._kind and now - self._told < _PAUSE_S:
            return
        self._kind, self._told = kind, now
        self._show(f"{self._stage}: {visible(text)}")

    def ended(self, stage: str, seconds: float) -> None:
        """Leave a line for a stage that took long enough to be noticed."""
        if seconds >= 1 and not self._output.quiet:
            self._output.err.print(Text(f"  {stage} took {seconds:.1f} s", style="dim"))

    def close(self) -> None:
        """Take the moving line away."""
        if self._status:
            self._status.stop()
            self._status = None

    def _show(self, text: str) -> None:
        if self._output.quiet:
            return
        if not self._output.err.is_terminal:
            self._output.err.print(Text(f"· {text}"))
        elif self._status is None:
            self._status = self._output.err.status(Text(text))
            self._status.start()
        else:
            self._status.update(Text(text))
