"""What changes in a compose file: services and what they have; two ways to write it are one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.changes.documents import as_change
from workflow.semantics.changes.interface import MOST, Effect, SemanticChange, change
from workflow.semantics.changes.told import told
from workflow.semantics.changes.trees import Step, steps
from workflow.semantics.formats import Entry, FormatError, Items, Scalar, Table

if TYPE_CHECKING:
    from workflow.semantics.formats import Node

_SECTIONS = {
    "services": "service",
    "networks": "network",
    "volumes": "volume",
    "secrets": "secret",
    "configs": "config",
}
# What may be written as a list of `NAME=value`, or of names, and as a mapping.
_BY_NAME = frozenset(("environment", "labels", "args", "sysctls", "annotations", "extra_hosts"))
_IN_A_SERVICE = 2


def compose_changes(before: str, after: str) -> list[SemanticChange]:
    """Return what differs between two compose files, aliases and merge keys resolved."""
    found = steps(_read(before), _read(after))
    rest = [SemanticChange(step.effect, "setting", "") for step in found[MOST:]]
    return [_told(step) for step in found[:MOST]] + rest


def _told(step: Step) -> SemanticChange:
    thing = _SECTIONS.get(str(step.path[0])) if step.path else None
    if thing and len(step.path) == _IN_A_SERVICE and step.effect is not Effect.CHANGED:
        node = step.new or step.old
        name = str(step.path[1])
        if step.effect is Effect.MOVED:
            return change(step.effect, thing, name, f"from {step.source[-1]}")
        return change(step.effect, thing, name, told(name, node) if node else "")
    return as_change(step)


def _read(text: str) -> Table:
    from workflow.semantics.formats.yaml_text import read_yaml  # noqa: PLC0415 - loads PyYAML

    read = read_yaml(text)
    if read.problems:
        first = read.problems[0]
        message = f"line {first.line}: {first.message}"
        raise FormatError(message, first.line)
    document = read.documents[0] if read.documents else Table(())
    if len(read.documents) > 1 or not isinstance(document, Table):
        message = "a compose file is one mapping"
        raise FormatError(message, document.line)
    # A section that is not there is an empty one, so that what comes with it is told by name.
    absent = [Entry(key, Table(())) for key in _SECTIONS if document.get(key) is None]
    sections = (*map(_section, document.entries), *absent)
    return Table(sections, document.line, document.size)


def _section(section: Entry) -> Entry:
    if section.key != "services" or not isinstance(section.value, Table):
        return section
    rows = tuple(Entry(one.key, _service(one.value), one.line) for one in section.value.entries)
    return Entry(section.key, Table(rows, section.value.line, section.value.size), section.line)


def _service(node: Node) -> Node:
    """Return a service, what can be written in two ways written in one."""
    if not isinstance(node, Table):
        return node
    entries = tuple(Entry(one.key, _value(one.key, one.value), one.line) for one in node.entries)
    return Table(entries, node.line, node.size)


def _value(key: str, node: Node) -> Node:
    match node:
        case Table() if key == "build":
            return _service(node)
        case Table() if key in _BY_NAME:
            return _texts(node)
        case Scalar() if key == "build":
            return Table((Entry("context", node, node.line),), node.line, 2)
        case Items() if all(isinstance(one, Scalar) for one in node.items):
            return _listed(key, node)
        case _:
            return node


def _listed(key: str, node: Items) -> Node:
    """Return a list of texts as the mapping that it could have been, if it could."""
    rows = [one for one in node.items if isinstance(one, Scalar)]
    if key == "ports":
        return Items(tuple(Scalar("str", one.text, one.line) for one in rows), node.line, node.size)
    made: dict[str, Node] = {}
    for row in rows:
        if key == "depends_on":
            made[row.text] = _waits(row)
        elif key == "networks":
            made[row.text] = Scalar("null", "")
        elif key in _BY_NAME:
            name, sign, value = row.text.partition(":" if _is_host(key, row.text) else "=")
            made[name.strip()] = Scalar("str", value.strip()) if sign else Scalar("null", "")
        else:
            return node
    entries = tuple(Entry(name, one, node.line) for name, one in made.items())
    return Table(entries, node.line, node.size)


def _is_host(key: str, text: str) -> bool:
    return key == "extra_hosts" and "=" not in text


def _waits(row: Scalar) -> Node:
    started = Scalar("str", "service_started", row.line)
    return Table((Entry("condition", started, row.line),), row.line, 2)


def _texts(node: Table) -> Table:
    """Return the values of an environment as the texts that a process gets."""
    entries = (
        Entry(one.key, Scalar("str", one.value.text), one.line)
        if isinstance(one.value, Scalar) and one.value.tag not in {"null", "bool"}
        else one
        for one in node.entries
    )
    return Table(tuple(entries), node.line, node.size)
