"""Faults that nginx accepts: each knows the rule that has to tell it, and the words it must say.

Most find their place in the real configuration or in the careful site that `prepared` puts beside
it; which of the two is left to chance.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bench.nginx.model import Group, Mutant, Site, Spot, mutant
from bench.nginx.prepared import own_server
from workflow.semantics import nginx

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.nginx.model import Operator


def _made(
    name: str, site: Site, text: str, what: str, rules: tuple[str, ...], *about: str
) -> Mutant | None:
    return mutant(Group.SILENT, name, site.text, text, what, rules=rules, about=about)


def _headers(block: nginx.Directive) -> list[nginx.Directive]:
    return list(nginx.directives(block.children, "add_header"))


def _lines(site: Site, pattern: str) -> list[re.Match[str]]:
    """Every place of a pattern outside comments, in random order."""
    found = [
        one
        for one in re.finditer(pattern, site.text, re.MULTILINE)
        if "#" not in site.text[site.text.rfind("\n", 0, one.start()) + 1 : one.start()]
    ]
    site.rng.shuffle(found)
    return found


def swap(
    name: str, pattern: str, by: str | Callable[[Site, re.Match[str]], str], rules: str, *about: str
) -> Operator:
    """An operator that replaces one place of a pattern."""

    def made(site: Site) -> Mutant | None:
        for found in _lines(site, pattern):
            new = found.expand(by) if isinstance(by, str) else by(site, found)
            text = site.text[: found.start()] + new + site.text[found.end() :]
            what = f"{found[0].strip()} -> {new.strip()}"
            words = tuple(one.replace("SELF", found[1] if found.re.groups else "") for one in about)
            return _made(name, site, text, what[:200], tuple(rules.split()), *words)
        return None

    return made


def into(name: str, words: str, rules: str, *about: str) -> Operator:
    """An operator that adds lines to the careful server."""

    def made(site: Site) -> Mutant | None:
        server = own_server(site)
        if server is None:
            return None
        word = site.word()
        upstream = re.search(r"http://(app_\w+)", site.text)
        filled = words.replace("WORD", word).replace("PORT", str(site.port()))
        filled = filled.replace("APP", upstream[1] if upstream else "127.0.0.1:81")
        said = tuple(one.replace("WORD", word) for one in about)
        text = site.appended(server, filled)
        return _made(name, site, text, filled, tuple(rules.split()), *said)

    return made


def beside(name: str, words: str, rules: str, *about: str) -> Operator:
    """An operator that adds a block beside the careful server."""

    def made(site: Site) -> Mutant | None:
        server = own_server(site)
        if server is None:
            return None
        word = site.word()
        filled = words.replace("WORD", word).replace("PORT", str(site.port()))
        said = tuple(one.replace("WORD", word) for one in about)
        return _made(name, site, site.beside(server, filled), filled, tuple(rules.split()), *said)

    return made


def gone(name: str, pattern: str, rules: str, *about: str) -> Operator:
    """An operator that removes a line."""
    return swap(name, rf"^[ \t]*{pattern}[ \t]*\n", "", rules, *about)


def inherited_headers(site: Site) -> Mutant | None:
    """A location with a header of its own, which loses all of its server's."""
    places: list[Spot] = []
    for spot in site.named("location"):
        around = spot.around[-1] if spot.around else None
        if around is None or around.name != "server" or not spot.directive.block:
            continue
        outer = _headers(around)
        if outer and not _headers(spot.directive):
            places.append(spot)
    if not places:
        return None
    spot = site.rng.choice(places)
    lost = _headers(spot.around[-1])
    words = f"add_header X-{site.word().title()} 1 always;"
    text = site.inserted(spot.directive, words)
    about = tuple(one.args[0].value for one in lost if one.args)
    return _made("inherited headers lost", site, text, words, ("header-inheritance",), *about)


def inherited_proxy_headers(site: Site) -> Mutant | None:
    """A location with a `proxy_set_header` of its own below a server that sets others."""
    server = own_server(site)
    if server is None:
        return None
    word = site.word()
    base = site.inserted(
        server,
        "proxy_set_header Host $host;\n"
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
        f"location /{word}/ {{\n    proxy_pass http://127.0.0.1:{site.port()};\n}}",
    )
    line = f"location /{word}/ {{\n"
    at = base.index(line) + len(line)
    text = base[:at] + f"        proxy_set_header X-{word} 1;\n" + base[at:]
    rules = ("proxy-header-inheritance",)
    about = ("Host", "X-Forwarded-For")
    name = "inherited proxy headers lost"
    return mutant(Group.SILENT, name, base, text, line.strip(), rules=rules, about=about)


def same_pattern(site: Site) -> Mutant | None:
    """A second location of the same pattern, which is never asked."""
    for spot in site.named("location", inside=("server",)):
        args = spot.directive.args
        if len(args) == 2 and args[0].value in {"~", "~*"}:  # noqa: PLR2004 - operator, pattern
            words = f"location {args[0].raw} {args[1].raw} {{\n    return 410;\n}}"
            text = site.appended(spot.around[-1], words)
            rules = ("location-never-matches", "location-shadowed")
            return _made("same pattern twice", site, text, words, rules, args[1].value)
    return None


def pattern_order(site: Site) -> Mutant | None:
    """Two overlapping patterns change places, so that the wide one wins."""
    deny = re.search(r"(?ms)^[ \t]*location ~ \^/img/secret/ \{.*?^[ \t]*\}\n", site.text)
    wide = re.search(r"(?ms)^[ \t]*location ~ \^/img/\.\*.*?^[ \t]*\}\n", site.text)
    if deny is None or wide is None:
        return None
    text = site.text[: deny.start()] + wide[0] + deny[0] + site.text[wide.end() :]
    rules = ("pattern-order-changed",)
    return _made("pattern order", site, text, "order", rules, "/img/")


_HEADER = (
    r"^([ \t]*add_header (?:X-Frame-Options|X-Content-Type-Options|"
    r"Strict-Transport-Security)\b.*?) always;"
)
# What follows the target in `location /api/` of the careful site, and nowhere else.
API = (
    r"\s*proxy_http_version 1\.1;\s*proxy_set_header Connection \"\";"
    r"\s*proxy_set_header Host \$host;\s*proxy_set_header X-Real-IP"
)

OPERATORS: dict[str, Operator] = {
    "inherited headers lost": inherited_headers,
    "inherited proxy headers lost": inherited_proxy_headers,
    "header without always": swap(
        "header without always",
        _HEADER,
        r"\1;",
        "header-without-always",
        "always",
    ),
    "security header removed": gone(
        "security header removed",
        r"add_header (X-Frame-Options|X-Content-Type-Options) .*;",
        "header-removed",
        "SELF",
    ),
    "csp misspelled": swap(
        "csp misspelled",
        r"(?<=; )(script-src|connect-src|frame-ancestors)(?= )",
        lambda site, found: _misspelled(site, found[1]),
        "csp-unknown-directive",
        "Content-Security-Policy",
        "csp",
    ),
    "csp keyword without quotes": swap(
        "csp keyword without quotes",
        r"(?<=connect-src )'self'",
        "self",
        "csp-unquoted-keyword",
        "self",
    ),
    "csp without a semicolon": swap(
        "csp without a semicolon",
        r"(?<=cdn\.example\.test);(?= connect-src)",
        "",
        "csp-missing-semicolon",
        "connect-src",
    ),
    "csp unsafe": swap(
        "csp unsafe",
        r"(?<=script-src 'self') https://cdn\.example\.test",
        " 'unsafe-eval' *",
        "csp-weakened",
        "unsafe-eval",
        "*",
    ),
    "cors star with credentials": into(
        "cors star with credentials",
        "location /WORD/ {\n    add_header Access-Control-Allow-Origin * always;\n"
        "    add_header Access-Control-Allow-Credentials true always;\n    return 204;\n}",
        "cors-wildcard-credentials",
        "Access-Control-Allow-Credentials",
        "credentials",
    ),
    "cors origin reflected": swap(
        "cors origin reflected",
        r"(?<=Access-Control-Allow-Origin )\$cors_\w+(?= always)",
        "$http_origin",
        "cors-reflected-origin",
        "origin",
    ),
    "cors origin pattern open": swap(
        "cors origin pattern open",
        r'"https://app\.(\w+)\.example\.test" \$http_origin;',
        r'"~https://app.\1.example.test" $http_origin;',
        "cors-origin-pattern",
        "example.test",
    ),
    "cors without Vary": gone(
        "cors without Vary", r"add_header Vary Origin always;", "cors-without-vary", "Vary"
    ),
    "method allowed": swap(
        "method allowed",
        r"limit_except POST \{\s*deny all;\s*\}",
        "limit_except POST {\n        allow all;\n    }",
        "limit-except-ineffective method-limit-lost",
        "limit_except",
    ),
    "method limit gone": swap(
        "method limit gone",
        r"^[ \t]*limit_except POST \{\s*deny all;\s*\}\n",
        "",
        "method-limit-lost",
        "limit_except",
        "method",
    ),
    "named location misspelled": swap(
        "named location misspelled",
        r"(?<=\$uri/ @)(app_\w+)(?=;)",
        lambda site, found: site.typo(found[1]),
        "named-location-missing",
        "@",
    ),
    "same pattern twice": same_pattern,
    "pattern order": pattern_order,
    "alias traversal": swap(
        "alias traversal",
        r"location (/assets|/private)/ \{(?=\s*(?:internal;\s*)?alias)",
        r"location \1 {",
        "alias-traversal",
        "SELF",
    ),
    "proxy_pass slash": swap(
        "proxy_pass slash",
        rf"(?<=proxy_pass http://)(app_\w+)(?=;{API})",
        r"\1/",
        "proxy-path-changed",
        "/api/",
    ),
    "proxy_pass double slash": into(
        "proxy_pass double slash",
        "location /WORD {\n    proxy_pass http://APP/;\n}",
        "proxy-pass-slash",
        "/WORD",
    ),
    "if with proxy_pass": into(
        "if with proxy_pass",
        "location /WORD/ {\n    if ($arg_a) {\n        proxy_pass http://APP;\n    }\n"
        "    try_files $uri =404;\n}",
        "if-content if-loses-try-files",
        "if",
    ),
    "autoindex on": swap(
        "autoindex on",
        r"autoindex off;",
        "autoindex on;",
        "autoindex-on",
        "autoindex",
        "list",
    ),
    "weak TLS": swap(
        "weak TLS",
        r"ssl_protocols TLSv1\.2 TLSv1\.3;",
        "ssl_protocols TLSv1 TLSv1.1 TLSv1.2;",
        "tls-old-protocol",
        "TLSv1",
    ),
    "weak ciphers": swap(
        "weak ciphers",
        r"ssl_ciphers HIGH:!aNULL:!MD5;",
        "ssl_ciphers ALL:RC4:eNULL:EXPORT;",
        "tls-weak-cipher",
        "cipher",
        "RC4",
    ),
    "deny removed": gone(
        "deny removed",
        r"deny all;(?=\s*auth_basic)",
        "access-lost access-allow-without-deny",
        "deny",
    ),
    "auth removed": gone(
        "auth removed",
        r'auth_basic "staff";',
        "access-lost",
        "auth",
    ),
    "auth off": swap(
        "auth off",
        r'auth_basic "staff";',
        "auth_basic off;",
        "access-lost",
        "auth",
    ),
    "satisfy any": swap(
        "satisfy any",
        r'(?=auth_basic "staff";)',
        "satisfy any;\n        ",
        "access-either-suffices",
        "satisfy",
        "either",
    ),
    "allow all first": swap(
        "allow all first",
        r"allow 10\.0\.0\.0/8;",
        "allow all;",
        "access-order access-lost",
        "allow",
    ),
    "internal removed": gone(
        "internal removed",
        r"internal;(?=\s*alias)",
        "access-lost",
        "internal",
    ),
    "rate limit removed": gone(
        "rate limit removed",
        r"limit_req zone=req_\w+ burst=20 nodelay;",
        "access-lost",
        "limit",
    ),
    "root of everything": swap(
        "root of everything",
        r"root /srv/\w+/public;",
        "root /;",
        "root-exposes-system",
        "root",
    ),
    "status open": swap(
        "status open",
        r"(?<=stub_status;)\s*allow 127\.0\.0\.1;\s*deny all;",
        "",
        "status-open access-lost",
        "status",
        "127.0.0.1",
    ),
}


def _misspelled(site: Site, word: str) -> str:
    """A name with a letter too few or two swapped, never the name itself."""
    for _ in range(20):
        wrong = site.typo(word)
        if wrong != word and re.fullmatch(r"[a-z-]+", wrong):
            return wrong
    return word[:-1]
