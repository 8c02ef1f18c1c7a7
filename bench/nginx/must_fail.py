"""Faults that nginx itself refuses, by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.nginx.model import Group, Mutant, Site, Spot, mutant
from workflow.semantics.nginx.table import known

if TYPE_CHECKING:
    from bench.nginx.model import Operator

_FLAGS = ("sendfile", "tcp_nopush", "tcp_nodelay", "gzip", "server_tokens", "proxy_buffering")
_ONE_WORD = ("root", "client_max_body_size", "keepalive_timeout", "sendfile", "proxy_read_timeout")
_ONCE = ("root", "client_max_body_size", "sendfile", "proxy_read_timeout", "default_type", "gzip")


def _made(name: str, site: Site, text: str, what: str) -> Mutant | None:
    return mutant(Group.MUST_FAIL, name, site.text, text, what)


def _server(site: Site) -> Spot | None:
    found = site.servers()
    return found[0] if found else None


def _into_server(name: str, site: Site, words: str) -> Mutant | None:
    server = _server(site)
    if server is None:
        return None
    filled = words.replace("WORD", site.word()).replace("PORT", str(site.port()))
    return _made(name, site, site.appended(server.directive, filled), filled)


def _beside_server(name: str, site: Site, words: str) -> Mutant | None:
    server = _server(site)
    if server is None:
        return None
    filled = words.replace("WORD", site.word()).replace("PORT", str(site.port()))
    return _made(name, site, site.beside(server.directive, filled), filled)


def missing_semicolon(site: Site) -> Mutant | None:
    """The last directive of a block without its `;`."""
    last = [
        spot.directive
        for spot in site.spots
        if spot.around
        and not spot.directive.block
        and spot.around[-1].children
        and [one for one in spot.around[-1].children if hasattr(one, "word")][-1] is spot.directive
    ]
    if not last:
        return None
    one = site.rng.choice(last)
    text = site.text[: one.span.end - 1] + site.text[one.span.end :]
    return _made("missing ;", site, text, one.name)


def missing_brace(site: Site) -> Mutant | None:
    """A block that is not closed."""
    blocks = [spot.directive for spot in site.spots if spot.directive.block]
    if not blocks:
        return None
    one = site.rng.choice(blocks)
    return _made("missing }", site, site.text[: one.span.end - 1] + site.text[one.span.end :], "}")


def extra_brace(site: Site) -> Mutant | None:
    """One `}` too many, at the end."""
    return _made("extra }", site, site.text.rstrip("\n") + "\n}\n", "}")


def unknown_directive(site: Site) -> Mutant | None:
    """A directive's name with a letter wrong."""
    simple = [spot.directive for spot in site.spots if known(spot.name) and spot.parent != "types"]
    for _ in range(20):
        if not simple:
            return None
        one = site.rng.choice(simple)
        wrong = site.typo(one.name)
        inside_map = any(
            one in spot.around[-1].children
            for spot in site.spots
            if spot.around and spot.parent in {"map", "geo", "split_clients", "types"}
        )
        if wrong != one.name and not known(wrong) and not inside_map:
            return _made("unknown directive", site, site.replaced(one.word.span, wrong), wrong)
    return None


def bad_flag(site: Site) -> Mutant | None:
    """A flag that is neither on nor off."""
    for spot in site.named(*_FLAGS):
        if spot.directive.args and spot.directive.args[0].value in {"on", "off"}:
            wrong = site.rng.choice(("onn", "true", "yes", "of", "1"))
            return _made("bad flag", site, site.replaced(spot.directive.args[0].span, wrong), wrong)
    wrong = site.rng.choice(("onn", "true", "yes", "of", "1"))
    return _into_server("bad flag", site, f"location /WORD {{ sendfile {wrong}; }}")


def too_many(site: Site) -> Mutant | None:
    """A word too many."""
    for spot in site.named(*_ONE_WORD):
        if len(spot.directive.args) == 1:
            end = spot.directive.args[0].span.end
            text = f"{site.text[:end]} {site.word()} {site.word()}{site.text[end:]}"
            return _made("too many arguments", site, text, spot.name)
    return None


def too_few(site: Site) -> Mutant | None:
    """A word too few."""
    names = ("proxy_set_header", "fastcgi_param", "root", "proxy_pass", "ssl_certificate", "index")
    for spot in site.named(*names):
        if spot.directive.args:
            last = spot.directive.args[-1]
            return _made("too few arguments", site, site.replaced(last.span, ""), spot.name)
    return None


def twice(site: Site) -> Mutant | None:
    """A directive that may stand once in a block, twice."""
    for spot in site.named(*_ONCE):
        one = spot.directive
        again = site.text[one.span.start : one.span.end]
        text = f"{site.text[: one.span.end]}\n{site.indent(one)}{again}{site.text[one.span.end :]}"
        return _made("duplicate directive", site, text, one.name)
    return None


def open_quote(site: Site) -> Mutant | None:
    """A quote that is not closed."""
    quoted = [word for spot in site.spots for word in spot.directive.args if word.quote]
    if not quoted:
        return _into_server("unbalanced quote", site, 'set $WORD "open;')
    word = site.rng.choice(quoted)
    rest = site.text[word.span.end :]
    if rest.count(word.quote) % 2:
        return None
    return _made("unbalanced quote", site, site.text[: word.span.end - 1] + rest, word.raw)


def _fixed(name: str, *words: str, beside: bool = False) -> Operator:
    """An operator that adds a wrong directive to a server, or beside it."""

    def made(site: Site) -> Mutant | None:
        chosen = site.rng.choice(words)
        return (_beside_server if beside else _into_server)(name, site, chosen)

    return made


OPERATORS: dict[str, Operator] = {
    "missing ;": missing_semicolon,
    "missing }": missing_brace,
    "extra }": extra_brace,
    "unknown directive": unknown_directive,
    "bad flag": bad_flag,
    "too many arguments": too_many,
    "too few arguments": too_few,
    "duplicate directive": twice,
    "unbalanced quote": open_quote,
    "wrong context": _fixed(
        "wrong context",
        "worker_processes 2;",
        "location /WORD { server_name WORD.example.test; }",
        "location /WORD { listen PORT; }",
        "upstream WORD { server 127.0.0.1:PORT; }",
        "log_format WORD '$remote_addr';",
        "location /WORD { server { listen PORT; } }",
    ),
    "bad size": _fixed(
        "bad size",
        "location /WORD { client_max_body_size 10mb; }",
        "location /WORD { proxy_buffer_size 4 k; }",
        "location /WORD { client_body_buffer_size lots; }",
    ),
    "bad time": _fixed(
        "bad time",
        "location /WORD { keepalive_timeout 65sx; }",
        "location /WORD { proxy_read_timeout 1.5m; }",
        "location /WORD { expires 30days; }",
    ),
    "unknown variable": _fixed(
        "unknown variable",
        "location /WORD { return 200 $no_WORD; }",
        "location /WORD { add_header X-WORD $no_WORD; }",
        "location /WORD { proxy_set_header X-WORD $no_WORD; proxy_pass http://127.0.0.1:PORT; }",
        "location /WORD { if ($no_WORD) { return 403; } }",
    ),
    "bad pattern": _fixed(
        "bad pattern",
        'location ~ "^/WORD/(a" { return 404; }',
        'location ~* "[z-a]WORD" { return 404; }',
        'rewrite "^/WORD(?<x" /y last;',
        'if ($uri ~ "*WORD") { return 404; }',
    ),
    "bad address": _fixed("bad address", "listen 300.1.1.1:PORT;", "listen [::zz]:PORT;"),
    "bad port": _fixed(
        "bad port",
        "listen 127.0.0.1:99999;",
        "listen 127.0.0.1:0x50;",
        "location /WORD { proxy_pass http://127.0.0.1:808080; }",
    ),
    "bad listen parameter": _fixed(
        "bad listen parameter", "listen PORT defautl_server;", "listen PORT backlog=many;"
    ),
    "duplicate listen": _fixed(
        "duplicate listen", "listen 127.0.0.1:PORT;\nlisten 127.0.0.1:PORT;"
    ),
    "two default servers": _fixed(
        "two default servers",
        "server { listen PORT default_server; }\nserver { listen PORT default_server; }",
        beside=True,
    ),
    "listen options twice": _fixed(
        "listen options twice",
        "server { listen PORT rcvbuf=8k; server_name WORD; }\n"
        "server { listen PORT rcvbuf=16k; server_name x-WORD; }",
        beside=True,
    ),
    "duplicate upstream": _fixed(
        "duplicate upstream",
        "upstream WORD { server 127.0.0.1:81; }\nupstream WORD { server 127.0.0.1:82; }",
        beside=True,
    ),
    "empty upstream": _fixed("empty upstream", "upstream WORD { }", beside=True),
    "duplicate location": _fixed(
        "duplicate location", "location /WORD { return 404; }\nlocation /WORD { return 403; }"
    ),
    "location outside": _fixed(
        "location outside", "location /WORD { location /other { return 404; } }"
    ),
    "undefined zone": _fixed(
        "undefined zone",
        "location /WORD { limit_req zone=WORD; }",
        "location /WORD { limit_conn WORD 5; }",
        "location /WORD { proxy_cache WORD; proxy_pass http://127.0.0.1:PORT; }",
    ),
    "undefined log format": _fixed(
        "undefined log format", "location /WORD { access_log /dev/null WORD; }"
    ),
    "undefined upstream": _fixed(
        "undefined upstream",
        "location /WORD { proxy_pass http://WORD; }",
        "location /WORD { fastcgi_pass WORD:9000; }",
        "location /WORD { uwsgi_pass WORD:9000; }",
    ),
    "missing certificate": _fixed(
        "missing certificate",
        "server { listen 127.0.0.1:PORT ssl; server_name WORD; "
        "ssl_certificate /etc/ssl/WORD.pem; ssl_certificate_key /etc/ssl/WORD.key; }",
        beside=True,
    ),
    "missing include": _fixed("missing include", "include snippets/WORD.conf;"),
    "proxy_pass with a path in a pattern": _fixed(
        "proxy_pass with a path in a pattern",
        "location ~ ^/WORD/ { proxy_pass http://127.0.0.1:PORT/x/; }",
    ),
    "bad URL": _fixed("bad URL", "location /WORD { proxy_pass 127.0.0.1:PORT; }"),
    "bad status": _fixed(
        "bad status", "error_page 200 /WORD.html;", "location /WORD { return 1000; }"
    ),
    "bad condition": _fixed(
        "bad condition", "if $host { return 404; }", 'if ($host == "WORD") { return 404; }'
    ),
    "bad method": _fixed("bad method", "location /WORD { limit_except GTE { deny all; } }"),
    "try_files alone": _fixed("try_files alone", "location /WORD { try_files $uri; }"),
    "alias and root": _fixed("alias and root", "location /WORD { root /srv; alias /srv/; }"),
    "bad protocol": _fixed(
        "bad protocol", "server { listen PORT; ssl_protocols TLSv1.4; }", beside=True
    ),
}
