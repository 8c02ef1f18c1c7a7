"""One letter wrong in a name that the machine, not the file, gives a meaning to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bench.nginx.model import Group, Mutant, Site, mutant

if TYPE_CHECKING:
    from bench.nginx.model import Operator
    from workflow.semantics.nginx import Word

_HOST = re.compile(r"(?:[a-z]+://)?([A-Za-z][A-Za-z0-9._-]*)(?=[:/;]|\Z)")
_PASSES = ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "grpc_pass", "scgi_pass")


def _made(site: Site, name: str, word: Word, part: str) -> Mutant | None:
    at = word.raw.find(part)
    wrong = site.typo(part)
    if at < 0 or wrong == part or "$" in word.value or "{" in word.value:
        return None
    text = site.text[: word.span.start] + word.raw[:at] + wrong + word.raw[at + len(part) :]
    text += site.text[word.span.end :]
    return mutant(Group.TYPO, name, site.text, text, f"{part} -> {wrong}")


def upstream(site: Site) -> Mutant | None:
    """A letter in a host of `proxy_pass` or of an `upstream`'s `server`."""
    servers = [one for one in site.named("server", inside=("upstream",)) if one.directive.args]
    for spot in [*site.named(*_PASSES), *servers]:
        word = spot.directive.args[0] if spot.directive.args else None
        if word is None or word.value.startswith("unix:") or "unix:" in word.value:
            continue
        host = _HOST.match(word.value)
        if (
            host
            and host[1] not in {"localhost", "unix"}
            and (made := _made(site, "upstream", word, host[1]))
        ):
            return made
    return None


def include(site: Site) -> Mutant | None:
    """A letter in the file name of an `include` without a wildcard."""
    for spot in site.named("include"):
        word = spot.directive.args[0] if spot.directive.args else None
        if word and not any(mark in word.value for mark in "*?["):
            name = word.value.rsplit("/", 1)[-1]
            if made := _made(site, "include", word, name):
                return made
    return None


def certificate(site: Site) -> Mutant | None:
    """A letter in the path of a certificate, a key or DH parameters."""
    names = ("ssl_certificate", "ssl_certificate_key", "ssl_dhparam", "ssl_trusted_certificate")
    for spot in site.named(*names):
        word = spot.directive.args[0] if spot.directive.args else None
        if word and (made := _made(site, "certificate", word, word.value.rsplit("/", 1)[-1])):
            return made
    return None


def user(site: Site) -> Mutant | None:
    """A letter in the account."""
    for spot in site.named("user", inside=("",)):
        word = spot.directive.args[0] if spot.directive.args else None
        if word and (made := _made(site, "user", word, word.value)):
            return made
    return None


OPERATORS: dict[str, Operator] = {
    "upstream": upstream,
    "include": include,
    "certificate": certificate,
    "user": user,
}
