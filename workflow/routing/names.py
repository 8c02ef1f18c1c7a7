"""Finds in a request what it names: files, and the names of directives, headers, locations, code.

Everything here is bounded: a request has at most 4,000 characters, and no pattern looks back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MAX_NAMES = 24
_BEFORE = 48

_SUFFIXES = (
    "cfg|cjs|conf|cs|css|csv|env|go|graphql|h|html|ini|j2|java|js|json|jsonl|jsx|kt|lock|lua|map|md"
    "|mjs|patch|php|properties|proto|py|pyi|rb|rs|rst|scss|service|sh|socket|sql|svg|swift|target"
    "|tf|timer|toml|ts|tsx|txt|vue|xml|yaml|yml"
)
# A file by its suffix or by a name that needs none.  Behind `/`, `:` or `@` it is part of a URL, of
# a location or of an address; `next.js` and its kind are products.
_FILE = re.compile(
    rf"(?<![\w./:@~-])(?!(?:node|next|vue|nuxt|express|three|d3)\.js\b)"
    rf"(?:\./)?(?P<path>(?:[\w@+.-]{{1,100}}/){{0,12}}"
    rf"(?:[\w@+.-]{{0,100}}\.(?:{_SUFFIXES})|Dockerfile|Makefile|Caddyfile|Procfile|Jenkinsfile))"
    r"(?![\w/-])"
)
_URL = re.compile(r"\bhttps?://[^\s\"'<>]{1,500}", re.IGNORECASE)
_NAME = re.compile(
    r"(?<![\w./:@-])(?:"
    r"/[a-z_][\w./-]{0,60}"  # a location
    r"|[A-Za-z]\w{0,60}\(\)"  # a function
    r"|[A-Za-z]+(?:-[A-Za-z]+){0,5}-[A-Z][a-z]+"  # a header
    r"|[A-Za-z]{1,30}(?:_[A-Za-z0-9]{1,30}){1,6}"  # a directive, a variable
    r")(?![\w/-]|\.\w)"
)
# A host that a site is asked for, as in "a server block for shop.example.test".
_SITE = re.compile(
    r"\b(?:server[ -]?blocks?|v-?hosts?|virtual hosts?|sites?|(?:site|nginx) config\w*|nginx"
    r"|prox(?:y|ies)|first pass)\b(?: [\w,/'-]{1,30}){0,3}? (?:for|of|named|called) "
    r"(?:the )?(?:host |domain )?"
    r"(?P<host>[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.[a-z]{2,63})\b(?![./-]\w)",
    re.IGNORECASE,
)
# What stands before a file out of which something is to be made.
_OUT_OF = re.compile(
    r"\b(?:from|out of|based on|modell?ed on|according to"
    r"|(?:back-?ends?|server(?: side| half)?|api|service) (?:for|behind|of|matching))"
    r" (?:the |our |this |that )?[`'\"(]?\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A file as a request writes it, and where it stands in the text, in characters."""

    path: str
    start: int
    end: int


def files(text: str) -> tuple[Mention, ...]:
    """The files that a text names, whether they exist or not, in the text's order."""
    urls = [match.span() for match in _URL.finditer(text)]
    found = [
        Mention(match["path"], match.start(), match.end())
        for match in _FILE.finditer(text)
        if not any(start <= match.start() < end for start, end in urls)
    ]
    return tuple(found[:_MAX_NAMES])


def sources(text: str) -> tuple[str, ...]:
    """The files out of which a text wants something made, whether they exist or not."""
    return tuple(
        mention.path
        for mention in files(text)
        if _OUT_OF.search(text[max(0, mention.start - _BEFORE) : mention.start])
    )


def things(text: str) -> tuple[str, ...]:
    """The names of directives, headers, locations, functions and variables in a text."""
    found = (match[0].removesuffix("()").rstrip(".") for match in _NAME.finditer(text))
    return tuple(dict.fromkeys(name for name in found if len(name) > 1))[:_MAX_NAMES]


def sites(text: str) -> tuple[str, ...]:
    """The hosts that a text speaks of an NGINX site for, whether there is one or not."""
    found = (match["host"] for match in _SITE.finditer(text))
    return tuple(dict.fromkeys(host for host in found if not _FILE.fullmatch(host)))[:_MAX_NAMES]


def without_addresses(text: str) -> str:
    """The text with a word in place of each URL."""
    return _URL.sub("a URL", text)


def is_in(name: str, text: str) -> bool:
    """Whether a name stands in a text as a whole word; case does not matter."""
    pattern = rf"(?<![\w-]){re.escape(name)}(?![\w-])"
    return re.search(pattern, text, re.IGNORECASE) is not None
