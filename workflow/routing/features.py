"""What the head is given: an embedding of the request's words, the facts, and the signs."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from workflow.routing import names, words

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.routing.facts import Facts

LIMIT = 200
"""How many characters are embedded at most: about 45 tokens, and 40 ms on one core."""
FACTS = (
    *("existing files", "missing files", "existing and missing files", "names found"),
    *("names not found", "no repository", "kinds there", "kinds absent", "files beside"),
    "a site for a new host",
)
"""The names of the facts as the head knows them, in the order of `facts`."""

# Latin, Greek and Cyrillic, with general punctuation.  NOTE: the embedder's tokenizer has a buffer
# of four code points for each byte, and some of the code points left out here become eighteen.
_FOREIGN = re.compile("[^\x20-\x7e\xa0-\u052f\u2010-\u2027\u20ac]+")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")


def readable(text: str, found: Facts) -> str:
    """A request as the head is shown it: each file is `the existing file` or `the new file`."""

    def known(path: str) -> str:
        is_there = any(f"/{whole}".endswith(f"/{path}") for whole in found.existing)
        return "the existing file" if is_there else "the new file"

    return _clean(text, known)


def neutral(text: str) -> str:
    """A request without its files: each is `it`."""
    return _clean(text, lambda _: "it")


def _clean(text: str, known: Callable[[str], str]) -> str:
    """A text with words for its files and URLs.

    It is in compatibility form (NFKC), without control characters and foreign scripts.
    """
    parts: list[str] = []
    at = 0
    for mention in names.files(text):
        parts += (text[at : mention.start], known(mention.path.removeprefix("./")))
        at = mention.end
    whole = names.without_addresses("".join(parts) + text[at:])
    lines = (unicodedata.normalize("NFKC", line) for line in whole.splitlines())
    cleaned = (" ".join(_FOREIGN.sub(" ", line).split()) for line in lines)
    return "\n".join(line for line in cleaned if line)


def focus(text: str) -> str:
    """What of a readable text is embedded: all of a short one, else the sentences that ask.

    At most `LIMIT` characters, in lower case.
    """
    if len(text) > LIMIT:
        sentences = _SENTENCE.split(text)
        asking = [sentence for sentence in sentences if words.is_asking(sentence)]
        text = " ".join(asking or sentences)
    return " ".join(text.lower().split())[:LIMIT]


def facts(found: Facts) -> tuple[bool, ...]:
    """The facts as the head is given them, in the order of `FACTS`.

    What a new site is to have, other sites may have, too: then it does not count that it is found.
    """
    in_words = len(found.existing) > len(found.beside)
    return (
        in_words,
        bool(found.missing),
        in_words and bool(found.missing),
        bool(found.found) and not found.new_hosts,
        bool(found.unfound),
        found.files is None,
        bool(found.kinds),
        bool(found.absent),
        bool(found.beside),
        bool(found.new_hosts),
    )
