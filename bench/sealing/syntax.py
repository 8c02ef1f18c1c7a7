"""How each syntax writes a value, character by character."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

_WORD = re.compile(r"[A-Za-z0-9_./+=-]+")
_YAML_PLAIN = re.compile(r"[A-Za-z0-9_/][^\n]*")


def json_text(text: str, *, ascii_only: bool = False) -> str:
    """As within a JSON string."""
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def json_ascii(text: str) -> str:
    """As within a JSON string, in ASCII alone."""
    return json_text(text, ascii_only=True)


def c_text(text: str) -> str:
    """As within double quotes in Python, JavaScript, Go, Java, TOML and YAML."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def single(text: str) -> str:
    """As within single quotes in Python and JavaScript."""
    return text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")


def yaml_single(text: str) -> str:
    """As within single quotes in YAML and SQL."""
    return text.replace("'", "''")


def shell_double(text: str) -> str:
    """As within double quotes in a shell."""
    return re.sub(r'(["\\$`])', r"\\\1", text)


def shell_single(text: str) -> str:
    """As within single quotes in a shell."""
    return text.replace("'", "'\\''")


def xml_text(text: str) -> str:
    """As between tags and in attributes."""
    for char, name in (("&", "amp"), ("<", "lt"), (">", "gt"), ('"', "quot"), ("'", "apos")):
        text = text.replace(char, f"&{name};")
    return text


def html_text(text: str) -> str:
    """As within HTML, with numbers for the quotes."""
    return xml_text(text).replace("&quot;", "&#34;").replace("&apos;", "&#39;")


def percent(text: str) -> str:
    """As within a URL or a form."""
    return quote(text, safe="", errors="surrogatepass")


def form(text: str) -> str:
    """As within a form, where a space is a plus."""
    return percent(text).replace("%20", "+")


def unicode_all(text: str) -> str:
    r"""Every character as `\u` and four digits."""
    data = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{data[at]:02x}{data[at + 1]:02x}" for at in range(0, len(data), 2))


def unicode_some(text: str) -> str:
    r"""What is no letter or digit of ASCII as `\u` and four digits."""
    return "".join(
        char if char.isascii() and char.isalnum() else unicode_all(char) for char in text
    )


def hexadecimal_escapes(text: str) -> str:
    r"""Every byte as `\x` and two digits."""
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def is_word(text: str) -> bool:
    """Whether it can stand without quotes anywhere."""
    return bool(_WORD.fullmatch(text))


def is_yaml_plain(text: str) -> bool:
    """Whether it can stand without quotes as a YAML value, and remain a string's text."""
    return (
        bool(_YAML_PLAIN.fullmatch(text))
        and ": " not in text
        and " #" not in text
        and text.strip(" :") == text
    )
