"""Reads INI files as Python's own reader does, without looking values up in each other."""

from __future__ import annotations

import configparser

from workflow.semantics.formats.tree import (
    Entry,
    FormatError,
    Node,
    Problem,
    Read,
    Scalar,
    Table,
    UnboundedError,
    refuse_long_gaps,
)

_MAX = 256 * 1024
# No section is called like this, so that [DEFAULT] is one like any other.
_NO_SECTION = "\0"


def read_ini(text: str) -> Read:
    """Return the sections of INI text, each a table; the first thing that stands twice is told.

    Raises `FormatError` with the line, and `UnboundedError` for text that takes too long to read.
    """
    if len(text) > _MAX:
        message = f"larger than {_MAX:,} characters"
        raise UnboundedError(message)
    refuse_long_gaps(text)
    try:
        return Read((_tree(text, is_strict=True),))
    except configparser.DuplicateSectionError as error:
        problem = Problem(
            error.lineno or 0,
            f"the section [{error.section}] stands twice",
            "put all of its options below one heading",
        )
    except configparser.DuplicateOptionError as error:
        message = f"the option {error.option} of [{error.section}] stands twice"
        problem = Problem(error.lineno or 0, message, "keep one of them")
    return Read((_tree(text, is_strict=False),), (problem,))


def _tree(text: str, *, is_strict: bool) -> Table:
    reader = configparser.RawConfigParser(
        allow_no_value=True, strict=is_strict, default_section=_NO_SECTION
    )
    reader.optionxform = str  # type: ignore[assignment,method-assign]  # as its documentation says
    try:
        reader.read_string(text)
    except configparser.MissingSectionHeaderError as error:
        message = "there is an option before the first [section]"
        raise FormatError(message, error.lineno, "write its section's name above it") from error
    except configparser.ParsingError as error:
        line = error.errors[0][0] if error.errors else 0
        message = "not an option, a section or a comment"
        raise FormatError(message, line, "write `option = value`") from error
    except AttributeError as error:
        # NOTE: what CPython's reader does with a further line of an option that has no value.
        message = "a line goes on with an option that has no value"
        raise FormatError(message, 0, "write `option = value`") from error
    sections = [Entry(name, _section(reader, name)) for name in reader.sections()]
    return Table(tuple(sections), 0, 1 + sum(one.value.size for one in sections))


def _section(reader: configparser.RawConfigParser, name: str) -> Node:
    options = reader.items(name)
    entries = [Entry(key, Scalar("str", _laid(value or ""))) for key, value in options]
    return Table(tuple(entries), 0, 1 + len(entries))


def _laid(value: str) -> str:
    """A value of several lines without the blanks around each."""
    return "\n".join(line.strip() for line in value.strip().split("\n"))
