"""What a manifest changes in the text of a configuration, line by line, for the sandbox alone.

A changed file is laid over the tree; every line keeps its number, so that nginx's words still fit.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import Counter
from typing import TYPE_CHECKING

from workflow.gates.nginx import templates
from workflow.gates.nginx.layout import Context, read
from workflow.gates.nginx.manifest import Kind, Shim
from workflow.gates.text import one_line
from workflow.sandbox.interface import Laid
from workflow.semantics.nginx import (
    Edit,
    NginxSyntaxError,
    apply_edits,
    directives,
    encode,
    parse,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.gates.nginx.binaries import Binary
    from workflow.gates.nginx.manifest import Manifest
    from workflow.gates.nginx.source import Source
    from workflow.semantics.nginx import Tree

# What another file of a main configuration defines, by the block that it stands in.
_DEFINED = {
    Kind.VARIABLE: ('map "" ${0} {{ default ""; }}', "http stream"),
    Kind.LOG_FORMAT: ("log_format {0} '$remote_addr';", "http stream"),
    Kind.REQUEST_ZONE: ("limit_req_zone $binary_remote_addr zone={0}:1m rate=100r/s;", "http"),
    Kind.CONNECTION_ZONE: ("limit_conn_zone $binary_remote_addr zone={0}:1m;", "http stream"),
    Kind.CACHE_ZONE: ("proxy_cache_path /tmp/cache-{0} keys_zone={0}:1m;", "http"),
    Kind.SERVER_CERTIFICATE: (
        "ssl_certificate /run/workflow/CERTIFICATE; ssl_certificate_key /run/workflow/KEY;",
        "http stream",
    ),
    Kind.UPSTREAM: ("upstream {0} {{ server 127.0.0.1:9; }}", "http stream"),
}
_LINES = re.compile(r"[^\n]")


def labels(text: str) -> dict[int, tuple[str, str]]:
    """Return for each directive, by its offset, its words and what tells it from all others.

    The latter is a digest of its words, of those in its block and of those of the blocks around it,
    and of how many that are the same in all this come before it.  Empty for what cannot be read.
    """
    tree = _parsed(text)
    return _labels(tree) if tree else {}


def _labels(tree: Tree) -> dict[int, tuple[str, str]]:
    found = {}
    seen: Counter[str] = Counter()
    stack = [(one, "") for one in reversed(directives(tree.children))]
    while stack:
        one, around = stack.pop()
        words = " ".join((one.name, *one.values))
        inner = [" ".join((child.name, *child.values)) for child in walk(one.children)]
        whole = "\n".join((around, words, *inner))
        seen[whole] += 1
        digest = hashlib.sha256(f"{whole}\n{seen[whole]}".encode("utf-8", "replace")).hexdigest()
        found[one.span.start] = one_line(words, 120), digest[:12]
        here = f"{around}\n{words}"
        stack.extend((child, here) for child in reversed(directives(one.children)))
    return found


def line_shim(kind: Kind, text: str, path: str, start: int) -> Shim | None:
    """Return the shim that blanks the directive at an offset of a file's text."""
    found = labels(text).get(start)
    return Shim(kind, found[0], f"{path}#{found[1]}") if found else None


def defined(manifest: Manifest, block: str) -> str:
    """Return the directives that stand in for those of files that are not there."""
    found = (
        _DEFINED[shim.kind][0].format(shim.value)
        for shim in manifest.of(*_DEFINED)
        if block in _DEFINED[shim.kind][1].split()
    )
    return " ".join(found)


def before_all(manifest: Manifest, binary: Binary) -> str:
    """Return the directives that must stand before all others."""
    words = [f"thread_pool {shim.value} threads=2;" for shim in manifest.of(Kind.THREAD_POOL)]
    words += [
        f"load_module {binary.dynamic[shim.value]};"
        for shim in manifest.of(Kind.MODULE)
        if shim.value in binary.dynamic
    ]
    return "".join(f"{word} " for word in words)


def laid(manifest: Manifest, source: Source, binary: Binary) -> tuple[Laid, ...]:
    """Return the files of a tree that are laid over it for a run."""
    return tuple(_laid(manifest, source, binary))


def rendered(manifest: Manifest, source: Source, path: str) -> str:
    """Return the text of a file with its template variables filled in."""
    return templates.render(source.text(path), manifest)


def _laid(manifest: Manifest, source: Source, binary: Binary) -> Iterator[Laid]:
    main = manifest.target.path
    masked = {shim.path for shim in manifest.of(Kind.MASK, Kind.BUILT_IN)}
    paths = {source.real(path) for path in masked}
    if manifest.of(Kind.TEMPLATE, Kind.TAG):
        paths |= {source.real(path) for path in read(source, manifest.target)}
    before = "" if manifest.context else before_all(manifest, binary)
    inside = {"http": defined(manifest, "http"), "stream": defined(manifest, "stream")}
    is_main = manifest.context in {None, Context.MAIN}
    if before or (is_main and any(inside.values())):
        paths.add(source.real(main))
    for path in sorted(filter(None, paths)):
        text = rendered(manifest, source, path)
        edits = _edits(manifest, source, path, text)
        if path == source.real(main):
            edits += _additions(text, before, inside if is_main else {})
        changed = apply_edits(text, edits)
        if changed != source.text(path):
            yield Laid(path, source.mode(path), encode(changed))


def _edits(manifest: Manifest, source: Source, path: str, text: str) -> list[Edit]:
    """Return the edits that blank what is masked, newlines kept."""
    left = {
        shim.detail.rpartition("#")[2]
        for shim in manifest.of(Kind.MASK, Kind.BUILT_IN)
        if source.real(shim.path) == path
    }
    tree = _parsed(text) if left else None
    if tree is None:
        return []
    edits: list[Edit] = []
    known = _labels(tree)
    end = 0
    for directive in walk(tree.children):
        span = directive.span
        if span.start >= end and known[span.start][1] in left:
            edits.append(Edit(span.start, span.end, _LINES.sub(" ", text[span.start : span.end])))
            end = span.end
    return edits


def _additions(text: str, before: str, inside: dict[str, str]) -> list[Edit]:
    """Return the edits that put directives first, and first in a block, on lines that are there."""
    mark = 1 if text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}") else 0
    edits = [Edit(mark, mark, before)] if before else []
    tree = _parsed(text)
    for name, words in inside.items():
        for block in directives(tree.children, name)[:1] if tree and words else ():
            if block.block is not None:
                start = block.block.span.start + 1
                edits.append(Edit(start, start, f" {words} "))
    return edits


def _parsed(text: str) -> Tree | None:
    try:
        return parse(text)
    except NginxSyntaxError:
        return None


def tree_path(place: str, folder: str) -> str:
    """Return the tree's path of a file as nginx names it inside; empty where it is not the tree's.

    A relative path is the tree's already.
    """
    for prefix, home in (("/tree", ""), ("/etc/nginx", folder)):
        if place.startswith(f"{prefix}/"):
            return posixpath.join(home, place[len(prefix) + 1 :])
    return "" if place.startswith("/") else place
