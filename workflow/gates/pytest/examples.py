"""Examples in texts that are run as tests (doctests): whether a patch leaves them as they were."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROMPT = b">>>"


def kept(old: bytes, new: bytes) -> bool:
    """Whether every example of a text is in the other, with what it must print."""
    return not Counter(_examples(old)) - Counter(_examples(new))


def _examples(data: bytes) -> Iterator[tuple[bytes, ...]]:
    """Yield each example: the line of its prompt, and those after it up to the next or a blank."""
    example: list[bytes] = []
    for line in data.split(b"\n"):
        text = line.strip()
        is_prompt = text.startswith(_PROMPT)
        if example and (is_prompt or not text or text in {b'"""', b"'''"}):
            yield tuple(example)
            example = []
        if is_prompt or example:
            example.append(text)
    if example:
        yield tuple(example)
