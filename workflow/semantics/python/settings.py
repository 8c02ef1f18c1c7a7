"""Reads pytest's settings out of the files in which it looks for them; nothing is executed."""

from __future__ import annotations

import configparser
import tomllib

from workflow.semantics.python.source import UnreadableError

_MAX_BYTES = 1024 * 1024
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
    except (ValueError, configparser.Error, RecursionError) as error:
        kind = "TOML" if name.endswith(".toml") else "INI"
        message = f"no valid {kind}"
        raise UnreadableError(message) from error


def _toml(name: str, text: str) -> dict[str, str]:
    document = tomllib.loads(text.replace("\r\n", "\n"))
    found: dict[str, str] = {}
    for section in _SECTIONS[name]:
        table: object = document
        for key in section.split("."):
            table = table.get(key) if isinstance(table, dict) else None
        if isinstance(table, dict):
            found |= {key: repr(value) for key, value in table.items() if key != "ini_options"}
    return found


def _ini(name: str, text: str) -> dict[str, str]:
    # As pytest's own reader: names in their case, and no section that all others inherit from.
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, default_section="\0")
    parser.optionxform = str  # type: ignore[method-assign,assignment]  # the documented way
    parser.read_string(text)
    found: dict[str, str] = {}
    for section in _SECTIONS[name]:
        if parser.has_section(section):
            found |= {key: " ".join((value or "").split()) for key, value in parser.items(section)}
    return found
