"""What changes in files of data: YAML, TOML, JSON and INI, by path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.changes.interface import MOST, Effect, SemanticChange, change
from workflow.semantics.changes.told import HIDDEN, told
from workflow.semantics.changes.trees import Step, spelled, steps
from workflow.semantics.formats import FormatError, Items, Scalar, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.semantics.formats import Node, Read

_THING = "setting"
# Conditions of a package's entry points are tried from the first one on.
_ORDERED = ("exports", "imports")


def yaml_changes(before: str, after: str) -> list[SemanticChange]:
    """Return what differs between two YAML texts, aliases resolved, document by document."""
    from workflow.semantics.formats.yaml_text import read_yaml  # noqa: PLC0415 - loads PyYAML

    return _documents(_all(read_yaml(before)), _all(read_yaml(after)))


def toml_changes(before: str, after: str) -> list[SemanticChange]:
    """Return what differs between two TOML texts."""
    from workflow.semantics.formats.toml_text import read_toml_tree  # noqa: PLC0415 - as above

    return _documents(_all(read_toml_tree(before)), _all(read_toml_tree(after)))


def ini_changes(before: str, after: str) -> list[SemanticChange]:
    """Return what differs between two INI texts; other formats have its endings, too."""
    from workflow.semantics.formats.ini_text import read_ini  # noqa: PLC0415 - for INI alone

    read: list[tuple[Node, ...]] = []
    errors = []
    for text in (before, after):
        try:
            read.append(_all(read_ini(text)))
        except FormatError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    return _documents(*read) if read else []


def json_changes(before: str, after: str) -> list[SemanticChange]:
    """Return what differs between two JSON texts; an empty one has no values."""
    old, new = _json(before), _json(after)
    return _documents(old, new)


def package_changes(before: str, after: str) -> list[SemanticChange]:
    """Return what differs between two `package.json`, the order of entry points included."""
    old, new = _json(before), _json(after)
    found = _documents(old, new)
    if old and new:
        for key in _ORDERED:
            both = old[0], new[0]
            was, now = (one.get(key) if isinstance(one, Table) else None for one in both)
            if was and now and not steps(was, now) and _orders(was) != _orders(now):
                found.append(change(Effect.CHANGED, _THING, key, "the order of its keys"))
    return found


def tree_changes(old: Node, new: Node) -> list[SemanticChange]:
    """Return what differs between two trees."""
    return worded(steps(old, new))


def worded(found: Sequence[Step], prefix: str = "") -> list[SemanticChange]:
    """Return steps in words; those beyond what is told are there to be counted, and say little."""
    words = [as_change(step, prefix=prefix) for step in found[:MOST]]
    return words + [SemanticChange(step.effect, _THING, "") for step in found[MOST:]]


def as_change(step: Step, prefix: str = "") -> SemanticChange:
    """Return a step in words."""
    name = prefix + spelled(step.path)
    key = ".".join([step.near, *(part for part in step.path if isinstance(part, str))])
    match step.effect:
        case Effect.MOVED:
            return change(Effect.MOVED, _THING, name, f"from {prefix}{spelled(step.source)}")
        case Effect.CHANGED if step.old and step.new:
            was, now = told(key, step.old), told(key, step.new)
            detail = f"{was} → {now}" if was != now else _of_types(was, step.old, step.new)
            return change(Effect.CHANGED, _THING, name, detail)
        case _:
            node = step.new or step.old
            return change(step.effect, _THING, name, told(key, node) if node else "")


def _of_types(said: str, old: Node, new: Node) -> str:
    """Say what differs where the words are the same: the types, or what is hidden."""
    tags = [one.tag or type(one).__name__.lower() for one in (old, new)]
    if said != HIDDEN and tags[0] != tags[1]:
        return f"{said}: {tags[0]} → {tags[1]}"
    return said if said == HIDDEN else ""


def _all(read: Read) -> tuple[Node, ...]:
    """Return the documents; keys that stand twice say nothing certain."""
    if read.problems:
        first = read.problems[0]
        message = f"line {first.line}: {first.message}"
        raise FormatError(message, first.line)
    return read.documents


def _json(text: str) -> tuple[Node, ...]:
    from workflow.semantics.formats.json_text import read_json  # noqa: PLC0415 - for JSON alone

    return _all(read_json(text)) if text else ()


def _documents(old: Sequence[Node], new: Sequence[Node]) -> list[SemanticChange]:
    """Compare documents; those of a stream each with its namesake, or by their places."""
    if max(len(old), len(new)) <= 1:
        made = [*new, *old][0] if [*new, *old] else Table(())
        empty = Items(()) if isinstance(made, Items) else Table(())
        return tree_changes(old[0] if old else empty, new[0] if new else empty)
    names = [_name(one, place) for place, one in enumerate(old)]
    others = [_name(one, place) for place, one in enumerate(new)]
    if len(set(names)) < len(names) or len(set(others)) < len(others):
        names, others = _numbered(len(old)), _numbered(len(new))
    before, after = dict(zip(names, old, strict=True)), dict(zip(others, new, strict=True))
    found = []
    for name, node in after.items():
        if name not in before:
            found.append(change(Effect.ADDED, "document", name, told("", node)))
        else:
            found += worded(steps(before[name], node), f"{name}: ")
    gone = [name for name in before if name not in after]
    found += [change(Effect.REMOVED, "document", name, told("", before[name])) for name in gone]
    if [name for name in before if name in after] != [name for name in after if name in before]:
        found.append(change(Effect.CHANGED, "the order of documents", ""))
    return found


def _numbered(count: int) -> list[str]:
    return [f"document {place + 1}" for place in range(count)]


def _name(node: Node, place: int) -> str:
    """Return what a document is called: its kind and its name, as Kubernetes' have."""
    if isinstance(node, Table):
        kind, name = node.get("kind"), node.get("metadata", "name")
        space = node.get("metadata", "namespace")
        if isinstance(kind, Scalar) and isinstance(name, Scalar):
            inside = f"{space.text}/" if isinstance(space, Scalar) else ""
            return f"{kind.text} {inside}{name.text}"
    return f"document {place + 1}"


def _orders(node: Node) -> list[tuple[str, ...]]:
    """Return the keys of each table of a tree, in their order."""
    found, stack = [], [node]
    while stack:
        one = stack.pop()
        if isinstance(one, Table):
            found.append(tuple(entry.key for entry in one.entries))
            # Sorted, so that only the order inside each table counts.
            rows = sorted(one.entries, key=lambda entry: entry.key)
            stack.extend(entry.value for entry in rows)
        elif isinstance(one, Items):
            stack.extend(one.items)
    return found
