"""Why a configuration of the corpus is no valid one, whatever stands around it.

A sample is valid when a careful environment made by hand lets it pass.  What nginx says of one that
does not pass is looked up here; each of these reasons was verified by reading samples of it.  What
has no reason here counts as valid, and so as a failure of the gate.
"""

from __future__ import annotations

import re
from enum import StrEnum


class Standing(StrEnum):
    """What a sample is worth as a question to the gate."""

    VALID = "valid"
    BROKEN = "broken upstream"
    OTHER_BUILD = "needs another build"


_BROKEN = tuple(
    (re.compile(pattern), reason)
    for pattern, reason in (
        (r"no \"ssl_certificate\" is defined", "a TLS or QUIC listener without a certificate"),
        (r"directive is not allowed here", "parts of several contexts in one file"),
        (r"invalid host in upstream \"/", "a socket's path without `unix:`"),
        (r"directive is duplicate|duplicate listen|duplicate location|the duplicate ", "repeated"),
        (r"cannot have URI part", "a path where proxy_pass may have none"),
        (r"invalid condition \"", "no condition"),
        (r"is outside location", "a location outside the one around it"),
        (r"no servers are inside upstream \S+ in|no \"listen\" is defined", "an empty block"),
        (r"requires upstream \"[^\"]*\"", "`resolve` without a shared zone"),
        (r"unexpected \"|unexpected end of file|is not terminated|has no opening", "bad syntax"),
        (r"unknown directive \"(?:\.\.\.|\[\.\.\.\]|//|empty|probe|[A-Z]\w*(?:'s)?|-|\d)", "prose"),
        (r"unknown \"\d+\" variable", "a capture without a pattern"),
        (r"invalid (?:port|host) in upstream \"[^\"]*(?:<|oldport)", "a placeholder of a document"),
        (r"invalid number of arguments in \"(?:ssl_certificate|alias|add_header)\"", "arguments"),
        (r"invalid value \"2\.0\"|invalid return code|invalid network|invalid value in", "a value"),
        (r"\"proxy_read_timeout\" directive invalid value", "a variable where none may be"),
        (r"nothing to repeat", "a bad pattern"),
        (r"failed to load jwks file", "a directive that is another's, too"),
    )
)
# These are so in a template, too: nothing that is filled in mends them.
_ALWAYS = re.compile(r"invalid return code|no servers are inside upstream")
_PLACEHOLDER = re.compile(r"(?m)^[^#\n]*<[a-z][a-z ]+>\s*;")
_TEMPLATE = re.compile(r"\{%|\{\{|<%|%\(\w+\)|^\s*%|\{[A-Za-z_]+\}|\{#", re.MULTILINE)


def standing(said: str, text: str) -> tuple[Standing, str]:
    """What a sample that does not pass is, from the verdict's summary; and why."""
    if "nginx lacks" in said:
        return Standing.OTHER_BUILD, said.partition("(")[2].partition(")")[0]
    if _ALWAYS.search(said):
        return Standing.BROKEN, "bad in any environment"
    if _PLACEHOLDER.search(text):
        return Standing.BROKEN, "a placeholder of a document"
    if _TEMPLATE.search(re.sub(r"(?m)(?:^|\s)#(?!-).*$", "", text)):
        return Standing.VALID, "a template"
    for pattern, reason in _BROKEN:
        if pattern.search(said):
            return Standing.BROKEN, reason
    return Standing.VALID, ""
