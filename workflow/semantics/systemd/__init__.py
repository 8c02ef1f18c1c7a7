"""systemd's unit files: read, with what systemd knows of sections and keys."""

from workflow.semantics.systemd.unit import (
    SUFFIXES,
    Assignment,
    UnitFile,
    UnitSyntaxError,
    effective,
    is_drop_in,
    parse,
    section_of,
    suffix_of,
    unit_of,
)

__all__ = [
    "SUFFIXES",
    "Assignment",
    "UnitFile",
    "UnitSyntaxError",
    "effective",
    "is_drop_in",
    "parse",
    "section_of",
    "suffix_of",
    "unit_of",
]
