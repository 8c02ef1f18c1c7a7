"""Reads pytest's settings out of the files in which it looks for them; nothing is executed."""

from __future__ import annotations

import configparser
import re

from workflow.semantics.python.source import UnreadableError
from workflow.semantics.toml import read_toml

_MAX_BYTES = 1024 * 1024
# NOTE: configparser looks at a run of blanks within a line once for each of them (20,000 took 6 s),
# and copies its whole message for each faulty line, which is one that begins with a delimiter.
_LONG_BLANK = re.compile(r"(?<=\S)[^\S\n]{100}")
_FAULTY = re.compile(r"(?m)^[^\S\n]*+[=:]")
_MAX_FAULTY = 100
# Where pytest looks, and the sections that it reads there.
_SECTIONS = {
    "pytest.toml": ("pytest",),
    ".pytest.toml": ("pytest",),
    "pytest.ini": ("pytest",),
    ".pytest.ini": ("pytest",),
    "pyproject.toml": ("tool.pytest", "tool.pytest.ini_options"),
    "tox.ini": ("pytest",),
    "setup.cfg": ("tool:pytest",),
}


def is_settings_file(name: str) -> bool:
    """Whether pytest looks for its settings in a file of this name."""
    return name in _SECTIONS


def pytest_settings(name: str, data: bytes) -> dict[str, str]:
    """The settings of pytest in a file, as text; none where it has no section of pytest's.

    Raises `UnreadableError` for a file that may have one and cannot be read.
    """
    if b"pytest" not in data and b"\\" not in data:
        return {}
    if len(data) > _MAX_BYTES:
        message = f"larger than {_MAX_BYTES:,} bytes"
        raise UnreadableError(message)
    try:
        text = data.decode("utf-8-sig")
        return _toml(name, text) if name.endswith(".toml") else _ini(name, text)
    except (ValueError, configparser.Error, RecursionError, MemoryError) as error:
        kind = "TOML" if name.endswith(".toml") else "INI"
        message = f"no valid {kind}"
        raise UnreadableError(message) from error


def _toml(name: str, text: str) -> dict[str, str]:
    document = read_toml(text)
    found: dict[str, str] = {}
    for section in _SECTIONS[name]:
        table: object = document
        for key in section.split("."):
            table = table.get(key) if isinstance(table, dict) else None
        if isinstance(table, dict):
            found |= {key: repr(value) for key, value in table.items() if key != "ini_options"}
    return found


def _ini(name: str, text: str) -> dict[str, str]:
    faulty = sum(1 for _ in _FAULTY.finditer(text))
    if faulty > _MAX_FAULTY or _LONG_BLANK.search(text):
        message = "lines that take too long to read"
        raise ValueError(message)
    # As pytest's own reader: names in their case, and no section that all others inherit from.
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="\0")
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # the documented way
    parser.read_string(text)
    found: dict[str, str] = {}
    for section in _SECTIONS[name]:
        if parser.has_section(section):
            found |= {key: " ".join((value or "").split()) for key, value in parser.items(section)}
    return found
