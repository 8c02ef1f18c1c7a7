"""A text under examination: its syntax, and runs and lines read once however many rules ask."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from workflow.redaction.plausible import Syntax
from workflow.redaction.structural.names import words

# How far back from a hit a rule looks for the name and for what stands before it, in bytes.
LOOK_BACK = 192

_CODE = words(
    "py pyi pyx ipynb js jsx ts tsx mjs cjs go java kt kts scala groovy gradle rb php rs c h cc "
    "cpp "
    "cxx hpp cs fs vb swift m mm lua pl pm t dart ex exs erl clj cljs hs ml r jl vue svelte sol "
    "zig nim cr v d pas f90 asm s el lisp scm tcl proto graphql g4 y l pxd"
)
_PROSE = words(
    "md markdown rst adoc asciidoc html htm xhtml tex texi texinfo po pot man roff "
    "1 2 3 4 5 6 7 8 1m 3pm changes news license css scss less svg dtd xsl xslt xsd"
)
_CONFIG = words(
    "env yml yaml toml json jsonc json5 ini cfg conf cnf config properties props xml plist tf "
    "tfvars hcl sh bash zsh fish ksh ps1 psm1 bat cmd service socket timer dockerfile nginx sql "
    "pgpass netrc npmrc pypirc htpasswd my cf ldif csv tsv credentials secrets kubeconfig "
    "local production development test staging override vault cron desktop reg rdp ovpn wg "
    "settings csproj nuspec pom mk makefile j2 tpl tmpl template example sample dist bak"
)
_CONFIG_NAMES = words(
    "dockerfile containerfile makefile vagrantfile jenkinsfile procfile credentials config "
    "shadow gshadow sasl_passwd pgpass netrc chap-secrets pap-secrets passwd-s3fs environment "
    "crontab kubeconfig wg0 hosts secrets"
)
_TEMPLATES = words("js jsx ts tsx mjs cjs go vue svelte")
_SHELL = words("sh bash zsh fish ksh service dockerfile containerfile mk makefile")
_PROSE_NAMES = re.compile(
    r"(?i)(?:readme|changelog|changes|news|copyright|license|licence|notice|authors|copying|todo|history)\b"
)


def syntax_of(path: str) -> Syntax:
    """The syntax that a file's name promises."""
    name = PurePosixPath(path).name.lower()
    if not name:
        return Syntax.UNKNOWN
    ending = name.rpartition(".")[2]
    if ending in {
        "gz",
        "bak",
        "orig",
        "j2",
        "tmpl",
        "tpl",
        "template",
        "dist",
        "sample",
        "example",
    }:
        ending = name.rpartition(".")[0].rpartition(".")[2]
    if _PROSE_NAMES.match(name):
        return Syntax.PROSE
    if ending in _CODE and "." in name:
        return Syntax.CODE
    if ending in _PROSE and "." in name:
        return Syntax.PROSE
    if ending in _CONFIG or name in _CONFIG_NAMES or name.startswith((".", "dockerfile")):
        return Syntax.CONFIG
    return Syntax.UNKNOWN


class Source:
    """The text, and what was already read of it.

    Rules ask in the order of their hits, so that each cache keeps one entry and reading stays
    linear on a line of any length.
    """

    __slots__ = (
        "_lines",
        "_runs",
        "covered",
        "has_templates",
        "is_log",
        "is_shell",
        "listed",
        "name",
        "syntax",
        "text",
    )

    def __init__(self, text: bytes, path: str) -> None:
        self.text = text
        self.name = PurePosixPath(path).name.lower()
        self.syntax = syntax_of(path)
        self.is_shell = self.name.rpartition(".")[2] in _SHELL or self.name.startswith("dockerfile")
        self.has_templates = self.name.rpartition(".")[2] in _TEMPLATES
        """Whether backticks quote strings, as in JavaScript and Go."""
        self.is_log = self.name.endswith(".log")
        self.covered = 0
        """Up to here the assignments have taken every value."""
        self.listed = {"list": 0, "cookie": 0, "manifest": 0, "table": 0, "insert": 0}
        """Up to here rules that read on and on have read, whether they found values or not."""
        self._runs: dict[re.Pattern[bytes], tuple[int, int]] = {}
        self._lines = (0, -1)

    def run(self, what: re.Pattern[bytes], at: int) -> int:
        """The end of the longest run of `what` from `at`; it ends every part of that run, too."""
        start, end = self._runs.get(what, (0, -1))
        if start <= at < end:
            return end
        match = what.match(self.text, at)
        end = match.end() if match else at
        self._runs[what] = (at, end)
        return end

    def reads_on(self, what: str, at: int, end: int) -> bool:
        """Whether `what` may read from `at`: not where it has been.  `end`: it has, so far."""
        if at < self.listed[what]:
            return False
        self.listed[what] = end
        return True

    def line_end(self, at: int) -> int:
        """The offset of the line feed that ends the line of `at`, or the end of the text."""
        start, end = self._lines
        if start <= at <= end:
            return end
        end = self.text.find(b"\n", at)
        end = len(self.text) if end < 0 else end
        self._lines = (at, end)
        return end

    def before(self, at: int) -> bytes | None:
        """What stands on the line before `at`; None where the line is longer than `LOOK_BACK`."""
        low = max(0, at - LOOK_BACK)
        start = self.text.rfind(b"\n", low, at) + 1
        if start:
            return self.text[start:at]
        return self.text[:at] if low == 0 else None
