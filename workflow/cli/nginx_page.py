"""Makes `docs/nginx-rules.md` from the rules for silent faults; `rules_page` writes it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.fault import found, new
from workflow.semantics.nginx.files import Texts
from workflow.semantics.nginx.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.fault import Fault, Rule

_FILE = "nginx.conf"
_AROUND = 3
_HEAD = """\
# Rules for silent faults of NGINX

Generated from the code by `make docs`; do not edit.

`nginx -t` accepts all of these.
The nginx gate and `workflow nginx lint` look for them in the effective configuration: includes \
expanded, inheritance applied.
Only what a patch brings in counts; what the base has, too, is listed apart.
A *fault* refuses the patch, unless the requester says that it is intended (`--allow nginx:RULE`); \
a *doubt* is shown to the reviewer.

Each rule is shown with a file in which it finds something, and the same file mended.
"""


def page() -> str:
    """The whole page."""
    rules = sorted(RULES, key=lambda rule: rule.id)
    return "\n".join((_HEAD, *_table(rules), *_sections(rules))).rstrip() + "\n"


def _table(rules: list[Rule]) -> Iterator[str]:
    yield "| rule | what it finds | level |\n| --- | --- | --- |"
    for rule in rules:
        yield f"| [`{rule.id}`](#{rule.id}) | {rule.title} | {_of_bad(rule).level} |"
    yield ""


def _sections(rules: list[Rule]) -> Iterator[str]:
    for rule in rules:
        fault = _of_bad(rule)
        yield f"## {rule.id}\n"
        yield rule.about.replace(".  ", ".\n") + "\n"
        yield "```diff"
        yield from _difference(rule)
        yield "```\n"
        yield f"> line {fault.place.line} of the first: {fault.cause}\n>\n> Mend: {fault.fix}\n"


def _of_bad(rule: Rule) -> Fault:
    """What the rule finds in its bad sample."""
    good, bad = (load(Texts({_FILE: text}), _FILE) for text in (rule.good, rule.bad))
    faults = new((rule,), good, bad) if rule.compare else found((rule,), bad)
    return faults[0]


def _difference(rule: Rule) -> Iterator[str]:
    """The lines that mend the bad sample."""
    lines = difflib.unified_diff(
        rule.bad.strip().splitlines(), rule.good.strip().splitlines(), "bad", "good", n=_AROUND
    )
    return (line.rstrip("\n") for line in lines if not line.startswith("@@"))
