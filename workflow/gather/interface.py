"""What a drafter is shown: what is asked for, and what was found for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.errors import UsageError

if TYPE_CHECKING:
    from workflow.types import LeftOut, RepoPath, Role, SourceFile

RULES = ("named", "includes", "imports", "importers", "tests", "clients", "listing")
"""What a recipe may ask for beside the named files, which are always shown."""
DEFAULT_BUDGET = 100_000
"""Tokens of input where nothing else is set: `max_input_tokens` of a model."""

# A shipped recipe has up to 2,400 tokens, and a placeholder can be longer than what it hides.
_RESERVED_SHARE = 5
_MOST_RESERVED = 20_000


class TooLargeError(UsageError):
    """The named files alone are more than a model may be given."""

    def __init__(self, files: int, tokens: int, room: int) -> None:
        """Say how many tokens there are, and how many there may be."""
        named = "the named file has" if files == 1 else f"the {files} named files have"
        super().__init__(
            f"{named} about {tokens} tokens, and there is room for {room}",
            hint="raise max_input_tokens in workflow.toml, or name fewer or smaller files",
        )


@dataclass(frozen=True, slots=True)
class Needs:
    """What a recipe wants its drafter to see.

    `context` are names of `RULES`.  `budget_tokens` is what the drafter may be given in one call;
    files and names may take `room` of it.
    `may_default` lets an edit that names no file be about the repository's one NGINX site.
    `inputs` are patterns such as `*.js`: for each that no named file matches, the one file that
    does is taken as if it had been named.

    Raises `ValueError` for a rule that there is not.
    """

    role: Role
    context: tuple[str, ...] = ()
    budget_tokens: int = DEFAULT_BUDGET
    may_default: bool = True
    inputs: tuple[str, ...] = ()

    @property
    def room(self) -> int:
        """Tokens for files and names; the rest is for the recipe, the request and complaints."""
        return self.budget_tokens - min(self.budget_tokens // _RESERVED_SHARE, _MOST_RESERVED)

    def __post_init__(self) -> None:
        """Check the names of the rules."""
        for rule in self.context:
            if rule not in RULES:
                message = f"no rule of context: {rule!r}; there are {', '.join(RULES)}"
                raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a drafter is shown: all of it with the exact bytes of the base.

    `files` may be edited, `context` may be read, `existing` are names of files that there are, not
    always all of them, in the order of the alphabet.  `left_out` was of use and is not shown, or
    was not followed, with the reason.
    """

    files: tuple[SourceFile, ...]
    context: tuple[SourceFile, ...] = ()
    existing: tuple[RepoPath, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
