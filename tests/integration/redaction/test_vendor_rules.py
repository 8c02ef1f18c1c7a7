from __future__ import annotations

import random
import string
from typing import TYPE_CHECKING

from workflow.redaction.vendor import Vendor

if TYPE_CHECKING:
    from pathlib import Path


def test_a_cache_that_cannot_be_written_costs_no_rule(tmp_path: Path) -> None:
    """The rules are compiled anew, which takes seconds, and find what they always find."""
    (tmp_path / "file").write_text("")
    letters = random.Random(13).choices(string.ascii_letters, k=36)  # noqa: S311 - test data
    token = ("ghp" + "_" + "".join(letters)).encode()
    text = b"x = " + token
    found = Vendor(tmp_path / "file" / "rules").find(text, "")
    assert {text[span.start : span.end] for span in found} == {token}
