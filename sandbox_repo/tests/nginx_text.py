"""Just enough of nginx's grammar to check our own files without an nginx binary."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NGINX_DIR: Final = Path(__file__).resolve().parent.parent / "nginx"

TOKEN: Final = re.compile(
    r"""\s+ | \#[^\n]*
      | (?P<quoted>"(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*')
      | (?P<mark>[{};])
      | (?P<bare>(?:\$\{|\\.|[^\s{};])+)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: its name, its arguments without quotes, and the block's content if any."""

    name: str
    args: tuple[str, ...]
    block: tuple["Directive", ...] = ()

    def all(self, name: str) -> tuple["Directive", ...]:
        """Return the directives called `name` directly in this block."""
        return tuple(child for child in self.block if child.name == name)

    def walk(self) -> Iterator["Directive"]:
        """Yield this directive and everything inside it."""
        yield self
        for child in self.block:
            yield from child.walk()


def tokens(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each token and whether it is one of `{`, `}`, `;`."""
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            message = f"cannot read {text[position : position + 20]!r}"
            raise ValueError(message)
        position = match.end()
        if quoted := match["quoted"]:
            yield quoted[1:-1], False
        elif word := match["mark"] or match["bare"]:
            yield word, match["mark"] is not None


def _block(stream: Iterator[tuple[str, bool]], *, nested: bool) -> tuple[Directive, ...]:
    """Read directives up to the closing brace, or up to the end of the file."""
    found: list[Directive] = []
    words: list[str] = []
    for word, is_mark in stream:
        if not is_mark:
            words.append(word)
        elif word == "}":
            if words or not nested:
                message = f"unexpected }} after {words}"
                raise ValueError(message)
            return tuple(found)
        else:
            inner = _block(stream, nested=True) if word == "{" else ()
            found.extend(_directive(words, inner))
            words = []
    if words or nested:
        message = f"the file ends inside {words or 'a block'}"
        raise ValueError(message)
    return tuple(found)


def _directive(words: list[str], inner: tuple[Directive, ...]) -> tuple[Directive, ...]:
    """Return the directive, or what the files of an include hold."""
    if words[0] != "include":
        return (Directive(words[0], tuple(words[1:]), inner),)
    return tuple(
        directive for path in included(words[1]) for directive in parse(path.read_text("utf-8"))
    )


def included(pattern: str) -> tuple[Path, ...]:
    """Resolve an include as nginx does: a plain name must exist, a glob may match nothing."""
    paths = tuple(sorted(NGINX_DIR.glob(pattern)))
    if not paths and "*" not in pattern:
        message = f"include {pattern} does not exist"
        raise ValueError(message)
    return paths


def parse(text: str) -> tuple[Directive, ...]:
    """Parse one file, with its includes expanded."""
    return _block(tokens(text), nested=False)
