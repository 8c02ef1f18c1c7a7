"""Content-Security-Policy as browsers read it: directives with their words.

The words are those of CSP Level 3 and its neighbours (Trusted Types, Upgrade Insecure Requests,
Mixed Content, Fenced Frames), and older ones that browsers still knew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from workflow.semantics.nginx.rules.facts import CSP, every_header, site, texts_of

if TYPE_CHECKING:
    from workflow.semantics.nginx.expanded import Config, Item

REPORT_ONLY = f"{CSP}-report-only"
FETCH = frozenset(
    {
        *("child-src", "connect-src", "default-src", "fenced-frame-src", "font-src", "frame-src"),
        *("img-src", "manifest-src", "media-src", "object-src", "prefetch-src", "script-src"),
        *("script-src-attr", "script-src-elem", "style-src", "style-src-attr", "style-src-elem"),
        "worker-src",
    }
)
SOURCES = FETCH | {"base-uri", "form-action", "frame-ancestors", "navigate-to"}
DIRECTIVES = SOURCES | {
    *("block-all-mixed-content", "plugin-types", "referrer", "reflected-xss", "report-to"),
    *("report-uri", "require-sri-for", "require-trusted-types-for", "sandbox", "trusted-types"),
    *("upgrade-insecure-requests", "webrtc"),
}
KEYWORDS = frozenset(
    {
        *("none", "self", "unsafe-inline", "unsafe-eval", "strict-dynamic", "unsafe-hashes"),
        *("report-sample", "wasm-unsafe-eval", "inline-speculation-rules"),
        *("unsafe-allow-redirects", "trusted-types-eval", "report-sha256", "report-sha384"),
        "report-sha512",
    }
)
_MAX_POLICY = 20_000


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy: its directives with their words, in order, repeated ones included."""

    header: str
    item: Item
    directives: tuple[tuple[str, tuple[str, ...]], ...]

    def get(self, name: str) -> tuple[str, ...] | None:
        """The words of a directive, of the first one of its name; `None` without one."""
        return next((words for known, words in self.directives if known == name), None)

    @property
    def scripts(self) -> tuple[str, ...] | None:
        """What scripts may come from; `None` where nothing is said, which means everywhere."""
        said = self.get("script-src")
        return self.get("default-src") if said is None else said


@lru_cache(maxsize=2)
def policies(config: Config) -> tuple[Policy, ...]:
    """Every policy that is written, also those that reach the header by a variable.

    Kept for the last two configurations, for many rules ask.
    """
    return tuple(
        policy_of(header.name, text, header.item)
        for header in every_header(config)
        if header.name in {CSP, REPORT_ONLY}
        for text in texts_of(config, header.value)
    )


def policy_of(header: str, text: str, item: Item) -> Policy:
    """A header's value as a policy."""
    parts = [part.split() for part in text[:_MAX_POLICY].split(";")]
    return Policy(
        header,
        item,
        tuple((words[0].lower(), tuple(words[1:])) for words in parts if words),
    )


def said(policy: str, above: str = "") -> str:
    """A main file as a sample, from its policy."""
    return site(f'add_header Content-Security-Policy "{policy}" always;', above=above)


GOOD = "default-src 'self'; script-src 'self'; frame-ancestors 'none'"
