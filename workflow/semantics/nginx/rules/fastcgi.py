"""Faults of FastCGI: a script that is not named, and one that a caller names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Rule
from workflow.semantics.nginx.rules.pairs import pairs
from workflow.semantics.nginx.rules.routes import (
    Finding,
    head,
    is_full,
    is_whole,
    matcher,
    short,
    site,
    variables,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_SCRIPT = "SCRIPT_FILENAME"
# Variables that hold the address of a request.
_PATHS = frozenset({"fastcgi_script_name", "uri", "document_uri"})


def _php(config: Config) -> Iterator[tuple[Item, Item]]:
    """Each fastcgi_pass of a location whose pattern is for PHP, with the location."""
    for item in config.every("fastcgi_pass"):
        location = item.parent
        if location is not None and location.name == "location":
            where = matcher(location)
            if where.is_regex and r"\.php" in where.text:
                yield item, location


def _unnamed(config: Config) -> Iterator[Fault]:
    found = Finding("fastcgi-script-missing")
    for item, location in _php(config):
        params = {one.args[0] for one in location.effective("fastcgi_param") if one.args}
        if _SCRIPT in params or not is_full(config) or not is_whole(config, item):
            continue
        yield found.fault(
            item,
            f"PHP is not told which file to run, since `{_SCRIPT}` is not among the "
            "parameters here, and answers with an empty page",
            f"add `fastcgi_param {_SCRIPT} $document_root$fastcgi_script_name;`",
            _SCRIPT,
        )


_PHP = (
    "root /srv/www;\nlocation ~ \\.php$ {\n    try_files $uri =404;\nLINE"
    "    fastcgi_pass 127.0.0.1:9000;\n}"
)
_FILE = f"    fastcgi_param {_SCRIPT} $document_root$fastcgi_script_name;\n"
UNNAMED = Rule(
    "fastcgi-script-missing",
    "FastCGI is not told which script to run",
    "fastcgi_param is inherited only by blocks without one of their own, and `fastcgi_params` has "
    "no SCRIPT_FILENAME, `fastcgi.conf` has (ngx_http_fastcgi_module, fastcgi_param).",
    site(_PHP.replace("LINE", "    fastcgi_param QUERY_STRING $query_string;\n")),
    site(_PHP.replace("LINE", _FILE)),
    find=_unnamed,
)


def _uploaded(config: Config) -> Iterator[Fault]:
    found = Finding("fastcgi-path-info")
    for item, location in _php(config):
        where = matcher(location)
        if where.text.endswith(r"\.php$") or location.named("try_files", "if", "internal"):
            continue
        if (begin := head(where.text)) and begin.text.strip("/"):
            continue  # a list of known scripts
        if (
            not location.named("fastcgi_split_path_info")
            and "/" not in where.text.partition(r"\.php")[2]
        ):
            continue
        yield found.doubt(
            item,
            f"`{short(where.text)}` takes `/upload/a.jpg/x.php` as well, without looking whether "
            "that script is there; PHP may then run the uploaded `a.jpg` (cgi.fix_pathinfo)",
            "add `try_files $fastcgi_script_name =404;` in front of fastcgi_pass",
            where.text,
        )


_INFO = (
    "root /srv/www;\nlocation ~ \\.php(/|$) {\n"
    "    fastcgi_split_path_info ^(.+\\.php)(/.*)$;\nLINE"
    f"{_FILE}    fastcgi_pass 127.0.0.1:9000;\n}}"
)
UPLOADED = Rule(
    "fastcgi-path-info",
    "A path behind a script's name is passed to PHP unchecked",
    "With PATH_INFO the pattern cannot end at `.php`; unless nginx checks that the script is "
    "there, PHP looks for a file further up the path (ngx_http_fastcgi_module, "
    "fastcgi_split_path_info).",
    site(_INFO.replace("LINE", "")),
    site(_INFO.replace("LINE", "    try_files $fastcgi_script_name =404;\n")),
    find=_uploaded,
)


def _rootless(config: Config) -> Iterator[Fault]:
    found = Finding("fastcgi-script-without-root")
    for item in config.every("fastcgi_param"):
        value = item.args[1] if item.args[:1] == (_SCRIPT,) and item.args[1:] else ""
        if value.startswith("$") and set(variables(value)[:1]) & _PATHS:
            yield found.fault(
                item,
                f"PHP is told to run `{short(value)}`, a path from the root of the file system: "
                'it answers "File not found." unless it runs in a chroot',
                f"write `$document_root` in front: `fastcgi_param {_SCRIPT} "
                f"$document_root{short(value)};`",
                _SCRIPT,
            )


ROOTLESS = Rule(
    "fastcgi-script-without-root",
    "FastCGI is given a script's address instead of its file",
    "SCRIPT_FILENAME is a path in the file system, and $fastcgi_script_name one of the site "
    "(ngx_http_fastcgi_module, $fastcgi_script_name).",
    site(_PHP.replace("LINE", f"    fastcgi_param {_SCRIPT} $fastcgi_script_name;\n")),
    site(_PHP.replace("LINE", _FILE)),
    find=_rootless,
)


def _unchecked(base: Config, patched: Config) -> Iterator[Fault]:
    found = Finding("fastcgi-check-lost")
    for pair in pairs(base, patched):
        passed = pair.new.named("fastcgi_pass")
        if pair.new.name != "location" or pair.is_gone or not passed:
            continue
        if r"\.php" not in matcher(pair.new).text or not pair.old.named("fastcgi_pass"):
            continue
        if (lost := _checks(pair.old)) and not _checks(pair.new):
            yield found.doubt(
                passed[0],
                f"`{short(' '.join(lost[0].words))}` is gone, so PHP gets paths of scripts that "
                "are not there, too: with cgi.fix_pathinfo, `/upload/a.jpg/x.php` makes it look "
                "at the uploaded `a.jpg`",
                f"keep `{short(' '.join(lost[0].words))}`",
                _SCRIPT,
            )


def _checks(location: Item) -> tuple[Item, ...]:
    """What looks whether the script is there before PHP is asked."""
    tests = [one for one in location.named("if") if {"!-f", "(!-f"} & set(one.args)]
    tried = [one for one in location.named("try_files") if one.args[-1:] and len(one.args) > 1]
    return (*tried, *tests)


UNCHECKED = Rule(
    "fastcgi-check-lost",
    "PHP is no longer asked only for scripts that are there",
    "PHP with cgi.fix_pathinfo looks for the script further up a path that is none "
    "(php.ini, cgi.fix_pathinfo; security.limit_extensions limits what it runs).",
    site(_PHP.replace("    try_files $uri =404;\nLINE", _FILE)),
    site(_PHP.replace("LINE", _FILE)),
    compare=_unchecked,
)

FASTCGI: tuple[Rule, ...] = (UNNAMED, ROOTLESS, UPLOADED, UNCHECKED)
