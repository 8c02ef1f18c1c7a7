"""Templates of configuration: filled with neutral values, each line where it was.

Known are `${NAME}` as `envsubst` has it, `{{ name }}` and `{% tag %}` of Jinja and its kin, ERB's
`<%= %>`, `{name}` and `%(name)s` of Python, `@NAME@` of configure scripts, `%NAME%`, `__NAME__`.
What a variable really holds nobody knows here: the values only let nginx read what is around them,
and each is told.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workflow.gates.nginx.manifest import Kind, Shim

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workflow.gates.nginx.manifest import Manifest

# Bounded, and no mark reaches into the next one, so that no text makes this slow.
_MARK = re.compile(
    r"""\{\#(?:[^#{]|\#(?!\})|\{(?!\#))*+\#\}
      | \{%-?(?P<tag>(?:[^%{]|%(?!\})|\{(?!%))*+)%\}
      | \{\{\{?-?(?P<braces>[^{}]{1,300}?)-?\}?\}\}
      | <%-?\#[^%]{0,500}%>
      | <%-?=(?P<erb>[^%]{1,300}?)-?%>
      | <%-?(?P<code>[^%]{1,500}?)-?%>
      | \$\{(?P<env>[A-Z][A-Z0-9_]{0,99})(?::-(?P<default>[^{}]{0,200}))?\}
      | (?<!\$)\{(?P<brace>[A-Za-z_][A-Za-z0-9_]{0,99})\}
      | @(?P<at>[A-Za-z_][A-Za-z0-9_]{0,99})@
      | %\((?P<python>[A-Za-z_]\w{0,99})\)[sdifr]
      | %(?P<percent>[A-Z][A-Z0-9_]{2,99})%
      | (?<![A-Za-z0-9_])__(?P<mark>[A-Z][A-Z0-9_]{0,99}?)__(?![A-Za-z0-9_])
    """,
    re.VERBOSE,
)
# Where nginx itself gets a variable of such a name.
_SET = re.compile(r"\b(?:set|map|geo|split_clients)[ \t][^;{}\n]{0,300}?\$([A-Z][A-Z0-9_]{0,99})\b")
_NAMES = ("braces", "brace", "erb", "env", "at", "python", "percent", "mark")
_BEGIN = re.compile(r"(?:if|unless|for|range|with|block|macro|filter|call|define|\w.*\bdo\b)")
_ELSE = re.compile(r"(?:else|elif|elsif|elseif)\b")
_END = re.compile(r"end")
_UNSEEN = re.compile(r"(?:macro|define)\b")
_GO_WORDS = re.compile(
    r"(?:if|range|with|else|end|define|block|template|unless)\b|[#/^>!]|\$\w+ *:?=|/\*"
)
_STATEMENT = re.compile(r"([^;{}\n]*)\Z")
_LOOK_BACK = 300
_PREFIX = "tmpl_"
_WAYS = ("2", "on", "60s", "http://127.0.0.1:9", "127.0.0.1:9", "")


@dataclass(frozen=True, slots=True)
class _Way:
    """What to write for a variable that stands in such a place."""

    directive: re.Pattern[str]
    name: re.Pattern[str]
    value: str


def _way(directive: str, name: str, value: str) -> _Way:
    return _Way(re.compile(directive), re.compile(name, re.IGNORECASE), value)


# The first that fits both the directive and the variable's name counts.
_BY_PLACE = (
    _way(r"listen", r".*(?:ip|addr|host|interface|bind).*", "127.0.0.1"),
    _way(r"listen", r".*", "{port}"),
    _way(r".*", r".*port", "{port}"),
    _way(r"allow|deny|set_real_ip_from|resolver|geo", r".*", "127.0.0.1"),
    _way(r"user", r".*", "nobody"),
    _way(r"ssl_protocols", r".*", "TLSv1.2"),
    _way(r"ssl_ciphers", r".*", "HIGH"),
    _way(r"ssl_ecdh_curve", r".*", "auto"),
    _way(r"error_log", r".*(?:level|severity).*", "warn"),
    _way(r"return|error_page", r".*(?:code|status).*", "404"),
    _way(
        r"worker_(?:processes|connections|rlimit_nofile)|keepalive|.*_(?:level|requests)",
        r".*",
        "8",
    ),
    _way(r".*timeout|expires|.*_(?:time|interval|age|valid)", r".*", "60s"),
    _way(r".*_size|.*_buffers?|.*limit_rate.*", r".*", "8k"),
    _way(r"sendfile|gzip|tcp_nodelay|tcp_nopush|autoindex|server_tokens|.*_buffering", r".*", "on"),
    _way(r".*", r".*(?:rate)", "10r/s"),
    _way(r".*", r".*(?:timeout|duration|interval|expir).*", "60s"),
    _way(r".*", r".*(?:max_body|body_size|_size|max_upload).*", "8k"),
    _way(
        r".*", r".*(?:workers|connections|burst|limit|count|max|min|num|level|weight|fails).*", "8"
    ),
)
_UNIT = re.compile(r"(?:ms|[smhdkMG]|r/s)[;\s]")
# An `include` that matches nothing may stand in every block.
_NOTHING = "include /run/workflow/none/*"
_WHOLE = {
    "error_page": "404 /404.html",
    "return": "204",
    **dict.fromkeys(("proxy_pass", "grpc_pass"), "http://{token}"),
    **dict.fromkeys(("fastcgi_pass", "uwsgi_pass", "scgi_pass"), "{token}:9000"),
    "server": "{token}",
}


@dataclass(slots=True)
class _Rendering:
    """A text that is being filled; `frames` holds for each open tag whether its text counts."""

    values: Mapping[str, str]
    pieces: list[str] = field(default_factory=list)
    frames: list[bool] = field(default_factory=list)
    hidden: int = 0
    used: dict[str, str] = field(default_factory=dict)
    is_branched: bool = False
    tail: str = ""

    @property
    def is_shown(self) -> bool:
        return not self.hidden

    def add(self, text: str) -> None:
        """Add a stretch of the text, or only its line ends where it does not count."""
        shown = text if self.is_shown else "\n" * text.count("\n")
        self.pieces.append(shown)
        self.tail = (self.tail + shown[-_LOOK_BACK:])[-_LOOK_BACK:]

    def tag(self, words: str) -> None:
        """Open, turn over or close what a tag begins or ends."""
        words = words.strip().lstrip("#^/ ") if words.strip().startswith(("#", "^")) else words
        clean = words.strip(" -\t\n")
        if _END.match(clean) or clean.startswith("/"):
            self.hidden -= bool(self.frames) and not self.frames.pop()
        elif _ELSE.match(clean):
            if self.frames and self.frames[-1]:
                self.frames[-1] = False
                self.hidden += 1
        elif _BEGIN.match(clean):
            self.is_branched = True
            self.frames.append(not _UNSEEN.match(clean))
            self.hidden += not self.frames[-1]


def is_template(text: str) -> bool:
    """Whether a text has anything to be filled in."""
    return _MARK.search(text) is not None


def render(text: str, manifest: Manifest) -> str:
    """Return a text with the values of a manifest, or neutral ones, filled in."""
    if not is_template(text):
        return text
    return "".join(_filled(text, _values(manifest)).pieces)


def shims(text: str, path: str, manifest: Manifest) -> tuple[Shim, ...]:
    """Return what filling a text in takes, in the order of the text."""
    if not is_template(text):
        return ()
    done = _filled(text, _values(manifest))
    found = [Shim(Kind.TEMPLATE, name, value) for name, value in done.used.items()]
    if done.is_branched:
        found.append(Shim(Kind.TAG, "each condition true, each loop once", path))
    return tuple(found)


def others(shim: Shim, said: str) -> Iterator[Shim]:
    """Yield other values for a variable that nginx complains of, none when it is of another."""
    token = _token(shim.value)
    value = shim.detail
    if token in said or (value and f'"{value}' in said):
        for other in _WAYS:
            if other != value:
                yield Shim(Kind.TEMPLATE, shim.value, other)


def _values(manifest: Manifest) -> dict[str, str]:
    return {shim.value: shim.detail for shim in manifest.of(Kind.TEMPLATE)}


def _filled(text: str, values: Mapping[str, str]) -> _Rendering:
    done = _Rendering(values)
    own = set(_SET.findall(text))
    end = 0
    for found in _MARK.finditer(text):
        done.add(text[end : found.start()])
        end = found.end()
        words = found["tag"] if found["tag"] is not None else found["code"]
        if words is None and found["braces"] and _GO_WORDS.match(found["braces"].strip()):
            words = found["braces"]
        name = next(filter(None, map(found.group, _NAMES)), None)
        if found["env"] in own:
            done.add(found[0])
            continue
        if words is not None:
            done.tag(words)
        elif name is not None:
            _put(done, " ".join(name.split()), found, text)
        done.pieces.append("\n" * found[0].count("\n"))
    done.add(text[end:])
    return done


def _put(done: _Rendering, name: str, found: re.Match[str], text: str) -> None:
    if not done.is_shown:
        return
    known = done.values.get(name, done.used.get(name))
    value = _guess(name, found, done.tail, text) if known is None else known
    done.used[name] = value
    done.add(value)


def _guess(name: str, found: re.Match[str], written: str, text: str) -> str:
    """Return a value that fits where the variable stands, by the words around it."""
    if found["default"]:
        return found["default"]
    quoted = re.search(r"default\(\s*'([^'\n]{1,100})'|default\(\s*\"([^\"\n]{1,100})\"", name)
    if quoted:
        return str(quoted[1] or quoted[2])
    line = _STATEMENT.search(written)
    before = line[1] if line else ""
    after = text[found.end() : found.end() + 3]
    if not before.strip():
        # A whole statement, or the beginning of one.
        if after[:1] == ";":
            return _NOTHING
        is_beginning = after[:1].strip() and after[:1] not in "{}%" and "(" not in name
        return _token(name) if is_beginning else ""
    return _in_statement(name, before, after)


def _in_statement(name: str, before: str, after: str) -> str:
    """Return a value by the words before it and the characters behind it."""
    directive = before.split(maxsplit=1)[0]
    is_whole = before[-1:].isspace()
    if is_whole and directive in _WHOLE and (after[:1] == ";" or directive == "server"):
        return _WHOLE[directive].format(token=_token(name))
    if after[:1] == ":" and (after == "://" or directive == "listen"):
        return "http" if after == "://" else "127.0.0.1"
    if before.endswith("://") or (is_whole and after[:1] == ":"):
        return _token(name)
    if before[-1:] in {"=", " ", "\t"} and _UNIT.match(after):
        return "8"
    short = re.sub(r"\|.*", "", name).strip()
    port = str(20000 + zlib.crc32(name.encode("utf-8", "replace")) % 20000)
    for way in _BY_PLACE:
        if way.directive.fullmatch(directive) and way.name.fullmatch(short):
            return way.value.format(port=port)
    return _token(name)


def _token(name: str) -> str:
    return _PREFIX + (re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:40] or "x")
