"""Which hosts and addresses stay readable because the request itself names them."""

from __future__ import annotations

import re
from ipaddress import ip_address

_ORIGIN = re.compile(
    r"[a-z][a-z0-9+.-]{0,30}://(?:[^\s/@\"'<>]{0,500}@)?(\[[0-9a-f:.]+\]|[\w.-]+)", re.IGNORECASE
)
_EMAIL = re.compile(r"[\w.%+-]{1,64}@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9a-f:]{2,39}(?![\w:])", re.IGNORECASE)
# A bare name: not part of a path or an address, and with a port it may have a single label.
_HOST = re.compile(
    r"(?<![\w.@/-])((?:[\w-]{1,63}\.){1,10}([\w-]{2,63})\.?)(:\d{1,5})?(?![\w@]|/?\.\w)"
)
# Last labels that, in a bare name, rather are the ending of a file's name.
_ENDINGS = re.compile(
    r"bak|bash|c|cc|cfg|conf|config|cpp|cnf|crt|cs|css|csv|dockerfile|env|go|h|hcl|html?|ini|ipynb|"
    r"java|jinja|js|json5?|jsonl|jsx|key|kt|less|lock|log|lua|md|mjs|patch|pem|php|pl|plist|png|"
    r"properties|proto|ps1|pyi?|rb|rs|rst|sass|scala|scss|service|sh|socket|sql|svg|swift|target|"
    r"tf|tfvars|timer|toml|tsx?|txt|vue|wsgi|xml|ya?ml|zip|zsh|[0-9]+"
)


def named_in(request: str) -> frozenset[str]:
    """The hosts, domains, e-mail and IP addresses that a request names, in lower case."""
    found = {host.strip("[]") for host in _ORIGIN.findall(request)}
    rest = _ORIGIN.sub(" ", request)
    found.update(_EMAIL.findall(rest))
    found.update(_IPV4.findall(rest))
    found.update(text for text in _IPV6.findall(rest) if _is_address(text))
    for host, ending, port in _HOST.findall(rest):
        if port or _ENDINGS.fullmatch(ending.lower()) is None:
            found.add(host)
    return frozenset(name.lower().rstrip(".") for name in found if name.strip("."))


class Readable:
    """Says whether a place in a text is part of a name that stays readable."""

    def __init__(self, names: frozenset[str]) -> None:
        forms = {form for name in names for form in _forms(name)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._reach = max(map(len, forms), default=0) + 1
        pattern = b"|".join(map(_pattern, longest_first))
        self._pattern = re.compile(pattern, re.IGNORECASE) if forms else None

    def holds(self, text: bytes, start: int, end: int) -> bool:
        """Whether the bytes from `start` to `end` lie within such a name.

        `example.org` is one within `api.example.org`, too, but not within `example.org.test`.
        """
        if self._pattern is None:
            return False
        low = max(0, start - self._reach)
        return any(
            low + found.start() <= start and end <= low + found.end()
            for found in self._pattern.finditer(text[low : end + self._reach])
        )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _forms(name: str) -> set[bytes]:
    """A name as UTF-8 and, for a host that is not ASCII, as DNS has it."""
    forms = {name.encode("utf-8", "surrogatepass")}
    if not name.isascii() and "@" not in name:
        try:
            forms.add(name.encode("idna"))
        except UnicodeError:  # No host name then; it is only looked for as it is written.
            return forms
    return forms


def _pattern(form: bytes) -> bytes:
    name = re.escape(form)
    if b"@" in form:
        return rb"(?<![\w.%+-])" + name + rb"(?![\w-]|\.\w)"
    if _is_address(form.decode("ascii", "replace")):
        left, right = (rb"[\w:.]", rb"[\w:]") if b":" in form else (rb"[\w.]", rb"\w|\.\d")
        return b"(?<!" + left + b")" + name + b"(?!" + right + b")"
    return rb"(?<![\w-])" + name + rb"(?![\w-]|\.\w)"
