"""Who was refused what is a fact as well: somebody who tries again and again should be seen."""

from __future__ import annotations

import re
import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from workflow.errors import NotApprovedError, RefusedError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow import wiring
    from workflow.types import Person

_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@contextmanager
def told(repository: wiring.Repository, number: int, what: str, who: Person) -> Iterator[None]:
    """Write a refusal of what is done inside into the ledger, and let it pass through.

    Its reason is the error's name, such as `not-approved`, and none of its words, which may quote
    a file.  A ledger that cannot be written stands in no error's way.
    """
    try:
        yield
    except (RefusedError, NotApprovedError) as error:
        reason = _CAPITAL.sub("-", type(error).__name__.removesuffix("Error")).lower()
        fact = {"proposal": number, "what": what, "who": str(who), "account": who.account}
        with suppress(StoreError, sqlite3.Error):
            repository.store.log("refusal", {**fact, "reason": reason})
        raise
