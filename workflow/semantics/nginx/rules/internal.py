"""Faults of internal redirects: `try_files`, `error_page` and named locations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Rule
from workflow.semantics.nginx.rules.near import Names
from workflow.semantics.nginx.rules.routes import (
    Finding,
    is_template,
    is_whole,
    matcher,
    servers,
    short,
    site,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_REFERRING = ("try_files", "error_page", "post_action")
# How the last argument of both may begin: a path, a named location, a variable.
_TARGETS = ("/", "@", "$")


def _named(server: Item) -> tuple[str, ...]:
    return tuple(
        where.text
        for one in server.named("location")
        if one.is_block and (where := matcher(one)).modifier == "@"
    )


def _missing_name(config: Config) -> Iterator[Fault]:
    found = Finding("named-location-missing")
    known = {id(one): set(_named(one)) for one in servers(config)}
    anywhere = set().union(*known.values()) if known else set()
    for item in config.every(*_REFERRING):
        name = item.args[-1] if item.args else ""
        if not name.startswith("@") or is_template(name) or not is_whole(config, item):
            continue
        server = item.within("server")
        names = known.get(id(server), set()) if server else anywhere
        if name in names:
            continue
        near = Names(names).near(name) or next(iter(sorted(names)), "")
        where = "its server" if server else "any server"
        yield found.fault(
            item,
            f"no location of {where} is called `{short(name)}`: nginx notices only when a request "
            "is sent there, and answers 500",
            f"write `{short(near)}`, the name that there is" if near else "add that location",
        )


NAME_MISSING = Rule(
    "named-location-missing",
    "A request is sent to a named location that does not exist",
    "Names such as `@app` are looked up when a request is sent there, in the server of that "
    "request (ngx_http_core_module, try_files, error_page).",
    site(
        "location / {\n    try_files $uri @ap;\n}\n"
        "location @app {\n    proxy_pass http://127.0.0.1:9000;\n}"
    ),
    site(
        "location / {\n    try_files $uri @app;\n}\n"
        "location @app {\n    proxy_pass http://127.0.0.1:9000;\n}"
    ),
    find=_missing_name,
)


def _last_argument(config: Config) -> Iterator[Fault]:
    found = Finding("try-files-last-argument")
    for item in config.every("try_files"):
        last = item.args[-1] if item.args else ""
        if last in {"$uri", "$uri/", "${uri}", "$document_uri"}:
            yield found.fault(
                item,
                f"where no file is there, nginx redirects to `{last}`, which is the same location "
                "again, until it gives up with 500",
                "end the line with `=404`",
            )
        elif last.isdigit():
            yield found.doubt(
                item,
                f"the last argument is a path, so a missing file is looked for as `{last}` beside "
                f"the root instead of being answered with {last}",
                f"write `={last}`",
            )
        elif last and not last.startswith((*_TARGETS, "=", "http")) and not is_template(last):
            yield found.fault(
                item,
                f"a request without a file is redirected to `{short(last)}`, which no location "
                "matches: the last argument is a path and begins with a slash",
                f"write `/{short(last)}`",
            )


LAST_ARGUMENT = Rule(
    "try-files-last-argument",
    "The last argument of try_files is no place to go",
    "All arguments of try_files but the last are files to look for; the last is a path for an "
    "internal redirect, a named location or `=code` (ngx_http_core_module, try_files).",
    site("root /srv/www;\nlocation / {\n    try_files $uri $uri/;\n}"),
    site("root /srv/www;\nlocation / {\n    try_files $uri $uri/ =404;\n}"),
    find=_last_argument,
)


def _lost_query(config: Config) -> Iterator[Fault]:
    found = Finding("try-files-query-lost")
    for item in config.every("try_files"):
        last = item.args[-1] if item.args else ""
        if last.startswith("/") and last.endswith(".php"):
            yield found.doubt(
                item,
                f"a request that ends at `{short(last)}` loses its query: `?page=2` does not reach "
                "the application in QUERY_STRING",
                f"write `{short(last)}?$args`",
            )


LOST_QUERY = Rule(
    "try-files-query-lost",
    "The front controller behind try_files gets no query",
    "The last argument of try_files replaces path and query; the query survives only as `$args` "
    "in it (ngx_http_core_module, try_files).",
    site(
        "root /srv/www;\nlocation / {\n    try_files $uri $uri/ /index.php;\n}\n"
        "location = /index.php {\n    fastcgi_param SCRIPT_FILENAME /srv/www/index.php;\n"
        "    fastcgi_pass 127.0.0.1:9000;\n}"
    ),
    site(
        "root /srv/www;\nlocation / {\n    try_files $uri $uri/ /index.php?$args;\n}\n"
        "location = /index.php {\n    fastcgi_param SCRIPT_FILENAME /srv/www/index.php;\n"
        "    fastcgi_pass 127.0.0.1:9000;\n}"
    ),
    find=_lost_query,
)


def _never_served(config: Config) -> Iterator[Fault]:
    found = Finding("try-files-before-proxy")
    for item in config.every("try_files"):
        block = item.parent
        passes = block.named("proxy_pass") if block and block.name == "location" else ()
        if passes and any(not one.startswith("=") for one in item.args[:-1]):
            yield found.doubt(
                item,
                "a file that is found is not served: proxy_pass in the same location answers "
                "all requests that stay in it",
                "move proxy_pass to a named location and make that the last argument of try_files",
            )


NEVER_SERVED = Rule(
    "try-files-before-proxy",
    "try_files and proxy_pass in one location",
    "try_files only picks a path; what answers is the location's handler, and that is proxy_pass "
    "(ngx_http_core_module, try_files).",
    site(
        "root /srv/www;\nlocation / {\n    try_files $uri @app;\n"
        "    proxy_pass http://127.0.0.1:9000;\n}\n"
        "location @app {\n    proxy_pass http://127.0.0.1:9000;\n}"
    ),
    site(
        "root /srv/www;\nlocation / {\n    try_files $uri @app;\n}\n"
        "location @app {\n    proxy_pass http://127.0.0.1:9000;\n}"
    ),
    find=_never_served,
)


def _error_target(config: Config) -> Iterator[Fault]:
    found = Finding("error-page-target")
    for item in config.every("error_page"):
        last = item.args[-1] if item.args else ""
        if last and not last.startswith((*_TARGETS, "http")) and not is_template(last):
            yield found.fault(
                item,
                f"an error is answered with a redirect to the relative address `{short(last)}`: "
                "a page of the own site begins with a slash",
                f"write `/{short(last.lstrip('='))}`",
            )
        elif _hides_errors(item):
            yield found.doubt(
                item,
                "errors are answered with 200, so clients, caches and monitors take them for good "
                "answers",
                "take the `=200` out",
            )


def _hides_errors(item: Item) -> bool:
    is_good = any(one in {"=200", "=204"} for one in item.args)
    return is_good and any(one.startswith(("4", "5")) and one.isdigit() for one in item.args)


ERROR_TARGET = Rule(
    "error-page-target",
    "error_page leads to a relative address, or turns failures into 200",
    "What does not begin with a slash or `@` is sent to the client as a redirect with code 302; "
    "`=200` replaces the code (ngx_http_core_module, error_page).",
    site("root /srv/www;\nerror_page 404 error.html;"),
    site("root /srv/www;\nerror_page 404 /error.html;"),
    find=_error_target,
)

INTERNAL: tuple[Rule, ...] = (NAME_MISSING, LAST_ARGUMENT, LOST_QUERY, NEVER_SERVED, ERROR_TARGET)
