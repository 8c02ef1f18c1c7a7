"""By which rules the structure of a file is read: told by its name and by what is in it.

Only the text before an edit is looked at, so that a draft cannot choose the rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from workflow.redaction.vault import lexical

if TYPE_CHECKING:
    from workflow.redaction.vault.lexical import Dialect


class Layout(Enum):
    """What blocks are told by."""

    BLOCKS = "brackets, indentation, tags and section headings, all of them"
    PYTHON = "indentation, and braces"
    YAML = "indentation alone"


@dataclass(frozen=True, slots=True)
class Syntax:
    """One way to read a text.

    With `semicolons` a statement ends at one, or at a brace; with `operators` it goes on after a
    line that ends in an operator.
    """

    dialect: Dialect
    layout: Layout = Layout.BLOCKS
    semicolons: bool = False
    operators: bool = False

    @property
    def indented(self) -> bool:
        """Whether indentation says anything: not where braces and semicolons say it all."""
        return not (self.semicolons or self.operators)


_PYTHON = (Syntax(lexical.PYTHON, Layout.PYTHON),)
_YAML = (Syntax(lexical.YAML, Layout.YAML),)
_C = (Syntax(lexical.C, operators=True),)
_SCRIPT = (Syntax(lexical.JAVASCRIPT, operators=True), *_C)
_SHELL = (Syntax(lexical.SHELL),)
_SQL = (Syntax(lexical.SQL, semicolons=True), Syntax(lexical.MYSQL, semicolons=True))
_NGINX = (Syntax(lexical.NGINX, semicolons=True),)
_TOML = (Syntax(lexical.PYTHON),)
_XML = (Syntax(lexical.XML),)
_UNKNOWN = (Syntax(lexical.LOOSE), Syntax(lexical.RAW))
_ENDINGS = {
    ".py .pyi": _PYTHON,
    ".yaml .yml": _YAML,
    ".json .jsonc .json5 .c .h .cc .cpp .hpp .cs .java .kt .go .swift .scala .css .proto": _C,
    ".js .mjs .cjs .jsx .ts .mts .cts .tsx": _SCRIPT,
    ".sh .bash .zsh .ksh": _SHELL,
    ".sql": _SQL,
    ".toml": _TOML,
    ".xml .xsd .xsl .svg .plist .csproj .props .xhtml .pom": _XML,
    ".html .htm .vue .svelte .jsp": (*_XML, *_SCRIPT),
}
_BY_ENDING = {ending: found for endings, found in _ENDINGS.items() for ending in endings.split()}
_SHEBANG = re.compile(rb"#![^\n]*\b(?:ba|z|k|da|a)?sh\b")
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*+<[A-Za-z?!][^\n]*>")
_END = re.compile(rb"([;{}])[ \t\r]*(?:#[^\n]*)?$", re.MULTILINE)
_LINE = re.compile(rb"^[ \t]*[^\s#]", re.MULTILINE)


def syntaxes(path: str, before: bytes) -> tuple[Syntax, ...]:
    """The syntaxes to read a file by; a place has to be alike in all of them."""
    name = PurePosixPath(path).name.lower()
    ending = PurePosixPath(name).suffix
    if known := _BY_ENDING.get(ending):
        return known
    if name.startswith(("dockerfile", "containerfile")) or _SHEBANG.match(before):
        return _SHELL
    if _terminated(before):
        return (*_NGINX, *_UNKNOWN) if ending != ".conf" else _NGINX
    if _MARKUP.match(before) and not _sections(before):
        return (*_XML, *_UNKNOWN)
    return _UNKNOWN


def _terminated(text: bytes) -> bool:
    """Whether most lines end as those of nginx do: with a semicolon or a brace."""
    ends = _END.findall(text)
    return b";" in ends and 2 * len(ends) >= len(_LINE.findall(text))


def _sections(text: bytes) -> bool:
    """Whether tags are no more than headings, as in a configuration of Apache."""
    lines = _LINE.findall(text)
    return 2 * len([line for line in lines if line.endswith(b"<")]) < len(lines)
