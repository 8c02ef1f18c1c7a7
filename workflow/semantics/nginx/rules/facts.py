"""What rules for headers, access and TLS read out of an effective configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from textwrap import indent
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Fault
from workflow.semantics.nginx.rules.reading import written
from workflow.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Level

_SHOWN = 240
_SENTENCE = 700
_LISTED = 6
ADD_HEADER = "add_header"
# What makes a block send other headers than the one around it.
SETTING_HEADERS = (ADD_HEADER, "more_set_headers", "add_header_inherit")
# Blocks that take directives of their own and answer requests.
ANSWERING = ("http", "server", "location", "if", "limit_except")
CSP = "content-security-policy"
HSTS = "strict-transport-security"
ORIGIN = "access-control-allow-origin"
# Headers by which a browser protects whoever uses the site: OWASP's list of secure headers, and
# those of the Fetch standard for other origins.
SECURITY = {
    name.lower(): name
    for name in (
        "Access-Control-Allow-Credentials",
        "Access-Control-Allow-Headers",
        "Access-Control-Allow-Methods",
        "Access-Control-Allow-Origin",
        "Content-Security-Policy",
        "Cross-Origin-Embedder-Policy",
        "Cross-Origin-Opener-Policy",
        "Cross-Origin-Resource-Policy",
        "Permissions-Policy",
        "Referrer-Policy",
        "Strict-Transport-Security",
        "X-Content-Type-Options",
        "X-Frame-Options",
        "X-Permitted-Cross-Domain-Policies",
        "X-Robots-Tag",
    )
}
_FIRST_PAIR = 2
_LONG_WORD = 8
_LONGEST_WORD = 60
_MORE = re.compile(r"([^:\s]{1,100})\s*:\s*(.*)", re.DOTALL)
_ONE_VARIABLE = re.compile(r"\$\{?(\w+)\}?\Z")


@dataclass(frozen=True, slots=True)
class Header:
    """A header that answers get: its name in lower case, its value and where it is written."""

    name: str
    value: str
    always: bool
    item: Item

    @property
    def said(self) -> str:
        """The name as a person writes it."""
        return SECURITY.get(self.name, self.item.args[0] if self.item.args else self.name)


def header_of(item: Item) -> Header | None:
    """An `add_header` as a header; `None` where its arguments are too few."""
    if len(item.args) < _FIRST_PAIR:
        return None
    always = "always" in item.args[_FIRST_PAIR:]
    return Header(item.args[0].lower(), item.args[1], always, item)


def own(block: Item) -> tuple[Header, ...]:
    """The headers that a block itself adds."""
    return _headers(block.named(ADD_HEADER))


def applied(block: Item) -> tuple[Header, ...]:
    """The headers that `add_header` gives to answers from a block, inherited ones included."""
    return _headers(block.effective(ADD_HEADER))


def sent(block: Item) -> tuple[Header, ...]:
    """What `applied` says, and what `more_set_headers` adds; not what has an empty value.

    Unlike `add_header`, `more_set_headers` of the blocks around are kept (headers-more-nginx).
    """
    more = [
        Header(found[1].lower(), found[2], always=True, item=item)
        for one in (block, *block.around)
        for item in one.named("more_set_headers")
        for arg in item.args
        if (found := _MORE.match(arg))
    ]
    return tuple(one for one in (*applied(block), *more) if one.value)


def _headers(items: Iterable[Item]) -> tuple[Header, ...]:
    return tuple(found for item in items if (found := header_of(item)))


def every_header(config: Config) -> Iterator[Header]:
    """Every `add_header` that is written anywhere."""
    return (found for item in config.every(ADD_HEADER) if (found := header_of(item)))


def texts_of(config: Config, value: str) -> Iterator[str]:
    """The texts that a value may stand for: itself, or what `set` and `map` give its variable."""
    variable = _ONE_VARIABLE.match(value)
    if not variable:
        yield value
        return
    yield from _texts_by_variable(config).get(f"${variable[1]}", ())


@lru_cache(maxsize=2)
def _texts_by_variable(config: Config) -> dict[str, list[str]]:
    """What `set` and `map` give each variable; kept for the last two configurations."""
    found: dict[str, list[str]] = {}
    for item in config.every("set"):
        if len(item.args) == _FIRST_PAIR:
            found.setdefault(item.args[0], []).append(item.args[1])
    for block in config.blocks("map", "geo", "split_clients"):
        texts = found.setdefault(block.args[-1] if block.args else "", [])
        texts += [one.args[-1] for one in block.items if one.args]
    return found


def variable_of(value: str) -> str:
    """The name of the variable that a value consists of, without `$`; else nothing."""
    found = _ONE_VARIABLE.match(value)
    return found[1] if found else ""


def address_of(listen: Item) -> tuple[str, str]:
    """The address and port of a `listen`; `*` is every IPv4 address, 80 the default port."""
    address = listen.args[0] if listen.args else ""
    if address.startswith("unix:"):
        return (address, "")
    host, colon, port = address.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = ("*", address) if address.isdecimal() else (address, "80")
    return ("*" if host in {"", "*", "0.0.0.0"} else host, port)  # noqa: S104 - read, not bound


def is_tls(server: Item) -> bool:
    """Whether a server listens with TLS anywhere."""
    listens = server.named("listen")
    return server.value("ssl") == "on" or any({"ssl", "quic"} & set(one.args) for one in listens)


def shown(item: Item) -> str:
    """A directive as evidence: one bounded line, as nginx sees it."""
    words = [word if word and " " not in word else f'"{word}"' for word in item.words]
    return _line(" ".join(words))


def _line(text: str, limit: int = _SHOWN) -> str:
    line = one_line(text[: 4 * limit])
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def listed(names: Sequence[str]) -> str:
    """Names with commas, the surplus counted."""
    some = ", ".join(names[:_LISTED])
    return some if len(names) <= _LISTED else f"{some} and {len(names) - _LISTED} more"


def blocks_said(blocks: Sequence[Item]) -> str:
    """One block's label, and how many more there are."""
    first = f"`{blocks[0].label}`"
    return first if len(blocks) == 1 else f"{first} and {number(len(blocks) - 1, 'more block')}"


def number(count: int, one: str) -> str:
    """A count with its noun: `1 header`, `2 headers`."""
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


@dataclass(frozen=True, slots=True)
class Finder:
    """Makes the faults of one rule; what comes from a configuration is bounded and printable."""

    rule: str
    level: Level

    def at(  # noqa: PLR0913 - a fault has these parts; all but the first are named in calls
        self,
        item: Item,
        *,
        cause: str,
        fix: str,
        key: tuple[str, ...] = (),
        parts: tuple[str, ...] = (),
        level: Level | None = None,
    ) -> Fault:
        """A fault at a directive, or at a block that is at fault as a whole."""
        scope = item if item.is_block or item.parent is None else item.parent
        return Fault(
            rule=self.rule,
            level=level or self.level,
            place=item.place,
            scope=_line(scope.label),
            evidence=written(item),
            cause=_line(cause, _SENTENCE),
            fix=_line(fix, _SENTENCE),
            key=(scope.label, *key),
            parts=parts,
        )


def main(text: str) -> str:
    """A main file as a sample, from what stands in `http`."""
    return f"events {{}}\n\nhttp {{\n{indent(text.strip(), '    ')}\n}}\n"


def site(text: str, listen: str = "80", above: str = "") -> str:
    """A main file as a sample, from what stands in its one server."""
    server = f"server {{\n    listen {listen};\n    server_name example.test;\n\n"
    server += f"{indent(text.strip(), '    ')}\n}}"
    return main(f"{above.strip()}\n\n{server}" if above else server)


CERTIFICATE = "ssl_certificate example.test.crt;\nssl_certificate_key example.test.key;\n"


def tls_site(text: str, listen: str = "443 ssl", above: str = "") -> str:
    """As `site`, with TLS and a certificate."""
    return site(CERTIFICATE + text.strip(), listen, above)


def nearest(word: str, known: Iterable[str], limit: int = 2) -> str:
    """The known word that a misspelled one stands for; nothing where none is close.

    At most `limit` letters are wrong, missing, too many or swapped, one in a word of under eight.
    """
    bound = limit if len(word) >= _LONG_WORD else 1
    best, least = "", bound + 1
    for one in known:
        if abs(len(one) - len(word)) < least and one[:1] == word[:1]:
            steps = _distance(word, one)
            if steps < least:
                best, least = one, steps
    return best


def _distance(one: str, other: str) -> int:
    """How many letters to add, drop, change or swap with a neighbour from one to the other."""
    one = one[:_LONGEST_WORD]
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one):
        older, before, row = before, row, [i + 1]
        for j, wanted in enumerate(other):
            steps = min(before[j + 1] + 1, row[j] + 1, before[j] + (letter != wanted))
            if i and j and letter == other[j - 1] and one[i - 1] == wanted:
                steps = min(steps, older[j - 1] + 1)
            row.append(steps)
    return row[-1]
