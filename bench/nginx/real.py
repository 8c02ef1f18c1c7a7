"""Edits that each change one thing, with the words that a report of it must have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bench.nginx.model import Group, Mutant, Site, mutant

if TYPE_CHECKING:
    from bench.nginx.model import Operator

_VALUES = {
    "client_max_body_size": ("3m", "17m"),
    "keepalive_timeout": ("7s", "33s"),
    "proxy_read_timeout": ("77s", "91s"),
    "root": ("/srv/elsewhere", "/srv/other"),
    "index": ("other.html", "start.htm"),
    "server_tokens": ("off", "on"),
    "sendfile": ("off", "on"),
    "gzip": ("off", "on"),
    "worker_connections": ("777", "4321"),
    "gzip_comp_level": ("2", "9"),
    "proxy_connect_timeout": ("11s", "13s"),
    "ssl_session_timeout": ("11m", "13m"),
    "default_type": ("text/x-one", "text/x-two"),
    "expires": ("11d", "13d"),
}


def _made(name: str, site: Site, text: str, what: str, *about: str) -> Mutant | None:
    return mutant(Group.REAL, name, site.text, text, what, about=about)


def value(site: Site) -> Mutant | None:
    """Another value of a simple directive."""
    for spot in site.named(*_VALUES):
        args = spot.directive.args
        if len(args) == 1 and args[0].value not in _VALUES[spot.name]:
            new = site.rng.choice(_VALUES[spot.name])
            if spot.name in {"server_tokens", "sendfile", "gzip"}:
                new = "off" if args[0].value == "on" else "on"
            what = f"{spot.name}: {args[0].value} -> {new}"
            return _made("value", site, site.replaced(args[0].span, new), what, spot.name, new)
    return None


def added(site: Site) -> Mutant | None:
    """A directive more in a server that does not have it."""
    for server in site.servers():
        has = {getattr(one, "name", "") for one in server.directive.children}
        free = [
            name
            for name in ("client_body_timeout", "send_timeout", "reset_timedout_connection")
            if name not in has
        ]
        if free:
            name = site.rng.choice(free)
            new = "on" if name.startswith("reset") else "23s"
            text = site.appended(server.directive, f"{name} {new};")
            return _made("added", site, text, f"+ {name} {new}", name, new)
    return None


def removed(site: Site) -> Mutant | None:
    """A directive less."""
    names = (
        "gzip",
        "sendfile",
        "tcp_nopush",
        "tcp_nodelay",
        "expires",
        "charset",
        "keepalive_timeout",
    )
    for spot in site.named(*names):
        alone = (
            [one for one in spot.around[-1].children if getattr(one, "name", "") == spot.name]
            if spot.around
            else [1, 2]
        )
        if len(alone) == 1:
            return _made("removed", site, site.without(spot.directive), f"- {spot.name}", spot.name)
    return None


def header_added(site: Site) -> Mutant | None:
    """A header more where the block has some already."""
    for spot in site.named("add_header"):
        one = spot.directive
        name = f"X-{site.word().title()}"
        text = (
            site.text[: one.span.end]
            + f"\n{site.indent(one)}add_header {name} 7;"
            + site.text[one.span.end :]
        )
        return _made("header added", site, text, name, name)
    return None


def header_changed(site: Site) -> Mutant | None:
    """Another value of a header that stands once in its block."""
    for spot in site.named("add_header", "proxy_set_header"):
        args = spot.directive.args
        if len(args) < 2 or not spot.around:  # noqa: PLR2004 - name, value
            continue
        same = [
            one
            for one in spot.around[-1].children
            if getattr(one, "name", "") == spot.name
            and args[0].value.lower() in site.text[one.span.start : one.span.end].lower()
        ]
        if len(same) == 1:
            new = f"changed-{site.word()}"
            return _made(
                "header changed", site, site.replaced(args[1].span, new), new, args[0].value, new
            )
    return None


def location_added(site: Site) -> Mutant | None:
    """A location more."""
    for server in site.servers():
        word = site.word()
        words = f"location = /{word} {{\n    default_type text/plain;\n    return 200 ok;\n}}"
        return _made(
            "location added", site, site.appended(server.directive, words), word, f"/{word}"
        )
    return None


def location_removed(site: Site) -> Mutant | None:
    """A location less."""
    for spot in site.named("location", inside=("server",)):
        args = spot.directive.args
        same = [
            one
            for one in site.named("location")
            if [w.value for w in one.directive.args] == [w.value for w in args]
        ]
        if len(same) == 1 and args and not args[0].value.startswith("@"):
            return _made(
                "location removed",
                site,
                site.without(spot.directive),
                args[-1].value,
                args[-1].value,
            )
    return None


def location_renamed(site: Site) -> Mutant | None:
    """Another prefix of a location that holds more than a line."""
    for spot in site.named("location", inside=("server",)):
        args = spot.directive.args
        if len(args) == 1 and args[0].value.startswith("/") and len(spot.directive.children) > 1:
            new = f"/{site.word()}{args[0].value}"
            return _made("location renamed", site, site.replaced(args[0].span, new), new, new)
    return None


def proxy_target(site: Site) -> Mutant | None:
    """Another address of a proxied application."""
    for spot in site.named("proxy_pass"):
        args = spot.directive.args
        found = re.match(r"https?://[^/$\s]+", args[0].value) if args else None
        if found and not args[0].quote:
            new = f"http://127.0.0.1:{site.port()}"
            text = site.replaced(args[0].span, args[0].value.replace(found[0], new, 1))
            return _made("proxy target", site, text, new, new.removeprefix("http://"))
    return None


def listen_changed(site: Site) -> Mutant | None:
    """Another port."""
    for spot in site.named("listen", inside=("server",)):
        args = spot.directive.args
        found = re.fullmatch(r"(.*?)(\d+)", args[0].value) if args else None
        if (
            found
            and "." not in found[2]
            and not args[0].value.startswith("unix")
            and (not found[1] or found[1].endswith(":"))
        ):
            new = f"{found[1]}{site.port()}"
            return _made("listen", site, site.replaced(args[0].span, new), new, new)
    return None


def name_added(site: Site) -> Mutant | None:
    """A server's name more."""
    for spot in site.named("server_name", inside=("server",)):
        if spot.directive.args:
            new = f"{site.word()}.example.test"
            at = spot.directive.args[-1].span.end
            return _made("name added", site, f"{site.text[:at]} {new}{site.text[at:]}", new, new)
    return None


def try_files(site: Site) -> Mutant | None:
    """The order of two candidates."""
    for spot in site.named("try_files"):
        args = spot.directive.args
        if len(args) > 2 and args[0].raw != args[1].raw:  # noqa: PLR2004 - two, and the fallback
            text = (
                site.text[: args[0].span.start]
                + f"{args[1].raw} {args[0].raw}"
                + site.text[args[1].span.end :]
            )
            return _made("try_files order", site, text, "order", "try_files")
    return None


def access_order(site: Site) -> Mutant | None:
    """`allow` and `deny`, exchanged."""
    for spot in site.named("allow"):
        one = spot.directive
        found = re.compile(r"\s*deny\s+[^;]+;").match(site.text, one.span.end)
        if found:
            again = site.text[one.span.start : one.span.end]
            text = site.text[: one.span.start] + found[0].strip() + "\n" + site.indent(one) + again
            return _made("access order", site, text + site.text[found.end() :], "order", "deny")
    return None


OPERATORS: dict[str, Operator] = {
    "value": value,
    "added": added,
    "removed": removed,
    "header added": header_added,
    "header changed": header_changed,
    "location added": location_added,
    "location removed": location_removed,
    "location renamed": location_renamed,
    "proxy target": proxy_target,
    "listen": listen_changed,
    "name added": name_added,
    "try_files order": try_files,
    "access order": access_order,
}
