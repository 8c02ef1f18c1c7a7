"""Faults of exposure: files, pages and versions that were not meant for everybody."""

from __future__ import annotations

import ipaddress
import posixpath
import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Level, Rule
from workflow.semantics.nginx.rules.access import guards
from workflow.semantics.nginx.rules.facts import Finder, listed, main, site, tls_site
from workflow.semantics.nginx.rules.pairs import saying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_ROOT = Finder("root-exposes-system", Level.FAULT)
_UPWARD = Finder("root-leads-upward", Level.DOUBT)
_INDEX = Finder("autoindex-on", Level.DOUBT)
_STATUS = Finder("status-open", Level.FAULT)
_VERSION = Finder("version-disclosed", Level.DOUBT)
_ERROR_PAGE = Finder("error-page-never-shown", Level.FAULT)
_OUTSIDE = Finder("error-page-elsewhere", Level.DOUBT)
_BREACH = Finder("gzip-near-secrets", Level.DOUBT)
# Folders of a system that hold keys, passwords or other people's files.
_SYSTEM = {
    *("/", "/etc", "/home", "/proc", "/root", "/sys", "/usr", "/var", "/opt", "/dev", "/run"),
    *("/boot", "/var/lib", "/var/run", "/var/log", "/etc/nginx", "/etc/ssl", "/etc/letsencrypt"),
    *("/usr/local", "/usr/local/etc", "/srv/..", "/var/backups", "/var/spool"),
}
_STATUS_PAGES = (
    *("stub_status", "vhost_traffic_status_display", "check_status", "upstream_conf", "api"),
    *("dyups_interface", "req_status_show", "nchan_stub_status", "rtmp_stat", "rtmp_control"),
)
_TEMPLATED = re.compile(r"\{\{|\$\{|__|@\w+@|<%|%\w+%")
_JSON = {"application/json", "*", "text/json", "application/xml", "application/graphql"}


def _roots(config: Config) -> Iterator[Fault]:
    for item in config.every("root", "alias"):
        if not item.args or "$" in item.args[0] or _TEMPLATED.search(item.args[0]):
            continue
        folder = posixpath.normpath(item.args[0]).replace("//", "/")
        block = item.parent
        if folder not in _SYSTEM or block is None or _is_narrow(block):
            continue
        if item.name == "alias" and not _is_prefixed(item, block):
            continue
        if item.name == "root" and block.name == "location" and block.args[-1].strip("/^~ "):
            # The location's path is put behind the root: only that folder is open.
            folder = posixpath.normpath(folder + "/" + block.args[-1].lstrip("^"))
            if folder not in _SYSTEM:
                continue
        yield _ROOT.at(
            item,
            cause=f"`{item.name} {item.args[0]}` gives every file below {folder} to everybody",
            fix="name the folder that holds the site alone",
            key=(folder,),
            level=Level.DOUBT if guards(block) else None,
        )


def _is_prefixed(alias: Item, block: Item) -> bool:
    """Whether what follows the location's prefix names a file below the alias."""
    if block.args[:1] in {("~",), ("~*",)}:
        return False
    return alias.args[0].endswith("/") or not (block.args or ("",))[-1].endswith("/")


def _is_narrow(block: Item) -> bool:
    """Whether a block serves one path, or nothing but what nginx itself sends there."""
    if block.name != "location":
        return bool(block.named("return"))
    is_exact = len(block.args) > 1 and block.args[0] == "="
    return is_exact or bool(block.named("internal", "return"))


def _upward(config: Config) -> Iterator[Fault]:
    for item in config.every("root", "alias"):
        block = item.parent
        if not item.args or block is None or _is_narrow(block) or item.args[0].startswith("/"):
            continue
        folder = posixpath.normpath(item.args[0])
        if folder == ".." or folder.startswith("../") or folder == ".":
            yield _UPWARD.at(
                item,
                cause=(
                    f"`{item.name} {item.args[0]}` serves the folder around nginx's own files, with"
                    " `.git` and whatever else lies there"
                ),
                fix="name the folder that holds the site alone, or `location = /file` for one file",
                key=(folder,),
            )


def _index(config: Config) -> Iterator[Fault]:
    for item in config.every("autoindex"):
        if item.args == ("on",) and item.parent and not _is_held(item.parent):
            yield _INDEX.at(
                item,
                cause=f"everybody may list the folders that `{item.parent.label}` serves",
                fix="write `autoindex off;`, or ask for a login there",
            )


def _is_held(block: Item) -> bool:
    held = guards(block)
    return bool({"addresses", "internal"} & held.keys()) or any("auth" in name for name in held)


def _is_local(server: Item) -> bool:
    """Whether a server listens on addresses that only machines of one's own reach."""
    listens = [one.args[0] for one in server.named("listen") if one.args]
    return bool(listens) and all(_is_private(one) for one in listens)


def _is_private(listen: str) -> bool:
    if listen.startswith("unix:"):
        return True
    host = listen[1:].partition("]")[0] if listen.startswith("[") else listen.partition(":")[0]
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private and not address.is_unspecified


def _status(config: Config) -> Iterator[Fault]:
    for item in config.every(*_STATUS_PAGES):
        block, server = item.parent, item.within("server")
        if item.is_block or block is None or server is None or block.name != "location":
            continue
        refuses = any(one.named("return") for one in block.named("if"))
        if not _is_held(block) and not _is_local(server) and not refuses:
            yield _STATUS.at(
                item,
                cause=f"everybody may read nginx's state at `{block.label}`",
                fix="put `allow 127.0.0.1;` and `deny all;` into the location",
            )


def _version(base: Config, patched: Config) -> Iterator[Fault]:
    told: set[int] = set()
    for pair in saying(base, patched, "server_tokens"):
        old, new = pair.old.value("server_tokens", "on"), pair.new.value("server_tokens", "on")
        if pair.is_gone or old not in {"off", ""} or new in {"off", ""}:
            continue
        if any(id(one) in told for one in pair.new.around):
            told.add(id(pair.new))
            continue
        told.add(id(pair.new))
        where = pair.new.effective("server_tokens")
        yield _VERSION.at(
            where[-1] if where else pair.new,
            cause="nginx names its version in the header Server and on error pages again",
            fix="keep `server_tokens off;`",
        )


def _error_page(config: Config) -> Iterator[Fault]:
    for item in config.every("error_page"):
        if len(item.args) <= 1 or not item.parent:
            continue
        server, target = item.within("server"), item.args[-1]
        codes = {arg for arg in item.args[:-1] if arg.isdecimal()}
        if server is None or not target.startswith("/"):
            continue
        for location in server.named("location"):
            answers = location.named("return")
            if location.args == ("=", target) and answers and answers[0].args[:1]:
                code = answers[0].args[0]
                if code in codes and len(answers[0].args) == 1:
                    yield _ERROR_PAGE.at(
                        item,
                        cause=f"{target} answers {code} itself, so visitors get nginx's own page",
                        fix=f"let `location = {target}` serve a file, with `internal;`",
                        key=(target, code),
                    )


def _outside(config: Config) -> Iterator[Fault]:
    for item in config.every("error_page"):
        to = item.args[-1] if item.args else ""
        if to.startswith(("http://", "https://")) and not any(a[:1] == "=" for a in item.args):
            codes = [arg for arg in item.args[:-1] if arg.isdecimal() and arg[0] in "45"]
            if codes and "497" not in codes:
                yield _OUTSIDE.at(
                    item,
                    cause=f"errors {listed(codes)} become a redirect (302) to {to}, so clients and"
                    " monitors see no error",
                    fix="show a page of your own: `error_page 404 /404.html;`",
                    key=(to,),
                )


def _types(block: Item) -> set[str]:
    if block.value("gzip", "off") != "on":
        return set()
    return {arg for one in block.effective("gzip_types") for arg in one.args} & _JSON


def _breach(base: Config, patched: Config) -> Iterator[Fault]:
    told: set[int] = set()
    for pair in saying(base, patched, "gzip", "gzip_types", "listen"):
        if pair.is_gone or pair.new.name not in {"server", "location"}:
            continue
        server = pair.new.within("server")
        is_secret = server and any("ssl" in one.args for one in server.named("listen"))
        fresh = _types(pair.new) - _types(pair.old)
        where = pair.new.effective("gzip_types")
        if is_secret and fresh and where and id(where[-1]) not in told:
            told.add(id(where[-1]))
            yield _BREACH.at(
                where[-1],
                cause=(
                    f"answers of {listed(sorted(fresh))} are compressed now: where they repeat a"
                    " caller's input beside a secret, their length gives the secret away (BREACH)"
                ),
                fix="leave answers that hold secrets out of gzip_types",
                parts=tuple(sorted(fresh)),
            )


_STATUS_PAGE = "location = /status {{\n    stub_status;\n{}}}"
EXPOSURE: tuple[Rule, ...] = (
    Rule(
        "root-exposes-system",
        "A folder of the system is served",
        "`root` and `alias` make every readable file below them public (ngx_http_core_module,"
        " root).",
        bad=site("root /etc;"),
        good=site("root /srv/www;"),
        find=_roots,
    ),
    Rule(
        "root-leads-upward",
        "The folder around the configuration is served",
        "A relative `root` starts at nginx's prefix; `..` is often a repository with all its files"
        " (ngx_http_core_module, root).  A location for one exact path is fine.",
        bad=site("root ..;"),
        good=site("location = /app.js {\n    root ..;\n}"),
        find=_upward,
    ),
    Rule(
        "autoindex-on",
        "Folders can be listed",
        "`autoindex on` shows every file of a folder without an index (ngx_http_autoindex_module)."
        "  It is how download sites work, so it is a doubt.",
        bad=site("location /files/ {\n    root /srv/www;\n    autoindex on;\n}"),
        good=site("location /files/ {\n    root /srv/www;\n    autoindex off;\n}"),
        find=_index,
    ),
    Rule(
        "status-open",
        "nginx's state is open to everybody",
        "Status pages tell how busy a server is, and some of them change it"
        " (ngx_http_stub_status_module).",
        bad=site(_STATUS_PAGE.format("")),
        good=site(_STATUS_PAGE.format("    allow 127.0.0.1;\n    deny all;\n")),
        find=_status,
    ),
    Rule(
        "version-disclosed",
        "A change makes nginx tell its version",
        "Compares server_tokens of base and patched; nginx's default is `on`"
        " (ngx_http_core_module, server_tokens).",
        bad=main("server_tokens on;\n\nserver {\n    listen 80;\n    server_name example.test;\n}"),
        good=main(
            "server_tokens off;\n\nserver {\n    listen 80;\n    server_name example.test;\n}"
        ),
        compare=_version,
    ),
    Rule(
        "error-page-never-shown",
        "A page for errors that is an error itself",
        "Unless recursive_error_pages is on, nginx shows its own page when the page for an error"
        " fails, too (ngx_http_core_module, error_page).",
        bad=site("error_page 404 /404.html;\n\nlocation = /404.html {\n    return 404;\n}"),
        good=site("error_page 404 /404.html;\n\nlocation = /404.html {\n    internal;\n}"),
        find=_error_page,
    ),
    Rule(
        "error-page-elsewhere",
        "Errors become redirects",
        "An `error_page` with a URL answers 302 (ngx_http_core_module, error_page), so crawlers"
        " and monitors take a missing page for one that moved.",
        bad=site("error_page 404 https://www.example.test/;"),
        good=site("error_page 404 /404.html;"),
        find=_outside,
    ),
    Rule(
        "gzip-near-secrets",
        "A change compresses answers that may hold secrets",
        "Compares gzip_types of servers with TLS: JSON and XML often repeat input next to secrets,"
        " which BREACH reads from their length (CVE-2013-3587; ngx_http_gzip_module).",
        bad=tls_site("gzip on;\ngzip_types text/css application/json;"),
        good=tls_site("gzip on;\ngzip_types text/css;"),
        compare=_breach,
    ),
)
