"""Estimates tokens without a tokenizer: those of the vendors are fetched at run time, or secret."""

from __future__ import annotations

_BYTES_PER_TOKEN = 3


def estimate(text: str) -> int:
    """How many tokens a text may have: one for three bytes of UTF-8, rounded up.

    Prose and code have about four bytes for a token, so this is more than will be counted; rows of
    digits or of random letters can have fewer than three.
    """
    size = len(text.encode("utf-8", "surrogateescape"))
    return -(-size // _BYTES_PER_TOKEN)
