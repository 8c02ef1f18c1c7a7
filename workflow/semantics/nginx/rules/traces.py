"""Faults of what stays behind: logs that are missing or say too much, cookies, referrers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Level, Rule
from workflow.semantics.nginx.rules.facts import Finder, every_header, listed, main, site
from workflow.semantics.nginx.rules.pairs import saying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_FILE_OFF = Finder("error-log-off", Level.FAULT)
_SWITCHED = Finder("log-switched-off", Level.DOUBT)
_SECRETS = Finder("log-holds-secrets", Level.FAULT)
_COOKIE = Finder("cookie-without-flags", Level.DOUBT)
_FLAGS = Finder("cookie-flags-lost", Level.FAULT)
_REFERERS = Finder("referers-unused", Level.FAULT)
_SECRET = re.compile(
    r"\$\{?(?P<sure>http_authorization|http_x_api_key|http_x_auth_token|cookie_(?:session\w*|"
    r"sess|sid|token|phpsessid)|arg_(?:\w*token|password|passwd|pwd|secret|api_?key)|"
    r"http_cookie|sent_http_set_cookie)\b|\$\{?(?P<maybe>request_body)\b",
    re.IGNORECASE,
)
_MAX_FORMAT = 20_000


def _file_off(config: Config) -> Iterator[Fault]:
    for item in config.every("error_log"):
        if item.args[:1] == ("off",):
            yield _FILE_OFF.at(
                item,
                cause="`error_log off` writes to a file named `off`; nothing is switched off",
                fix="write `error_log /dev/null crit;`, or name a file",
            )


def _logs(block: Item, name: str) -> bool:
    items = block.effective(name)
    return not items or any(one.args[:1] not in {("off",), ("/dev/null",)} for one in items)


def _switched(base: Config, patched: Config) -> Iterator[Fault]:
    told: set[int] = set()
    for pair in saying(base, patched, "access_log", "error_log"):
        if pair.is_gone or pair.old.words != pair.new.words:
            continue
        for name in ("access_log", "error_log"):
            items = pair.new.effective(name)
            if not items or id(items[-1]) in told:
                continue
            if _logs(pair.old, name) and not _logs(pair.new, name):
                told.add(id(items[-1]))
                yield _SWITCHED.at(
                    items[-1],
                    cause=f"`{pair.new.label}` had an {name} and writes none now",
                    fix=f"keep the {name}",
                    key=(name,),
                )


def _secrets(config: Config) -> Iterator[Fault]:
    for item in config.every("log_format"):
        text = " ".join(item.args[1:])[:_MAX_FORMAT]
        found = list(_SECRET.finditer(text))
        if not found or not item.args:
            continue
        names = list(dict.fromkeys("$" + (one["sure"] or one["maybe"]).lower() for one in found))
        yield _SECRETS.at(
            item,
            cause=f"the log format {item.args[0]} writes secrets into a file: {listed(names)}",
            fix=f"take {listed(names)} out of it",
            key=(item.args[0],),
            parts=tuple(sorted(names)),
            level=None if any(one["sure"] for one in found) else Level.DOUBT,
        )


def _cookies(config: Config) -> Iterator[Fault]:
    for header in every_header(config):
        if header.name != "set-cookie" or not header.value:
            continue
        flags = {part.strip().partition("=")[0].lower() for part in header.value.split(";")[1:]}
        missing = [one for one in ("Secure", "HttpOnly", "SameSite") if one.lower() not in flags]
        if missing and "$" not in header.value.partition(";")[2]:
            name = header.value.partition("=")[0]
            yield _COOKIE.at(
                header.item,
                cause=f"the cookie {name} has no {listed(missing)}",
                fix=f"put {listed(missing)} behind its value (`SameSite=Lax` for most sites)",
                key=(name,),
                parts=tuple(missing),
            )


def _flags(base: Config, patched: Config) -> Iterator[Fault]:
    told: set[tuple[int, str]] = set()
    for pair in saying(base, patched, "proxy_cookie_flags"):
        if pair.is_gone:
            continue
        old, new = _cookie_flags(pair.old), _cookie_flags(pair.new)
        lost = sorted(f"{flag} of {cookie}" for cookie, flag in old - new)
        fresh = [x for x in lost if not any((id(one), x) in told for one in pair.new.around)]
        told.update((id(pair.new), one) for one in lost)
        if fresh:
            yield _FLAGS.at(
                pair.new,
                cause=f"cookies of `{pair.new.label}` lose {listed(fresh)}",
                fix="keep `proxy_cookie_flags` as it was",
                key=tuple(fresh),
            )


def _cookie_flags(block: Item) -> set[tuple[str, str]]:
    return {
        (one.args[0], flag.lower())
        for one in block.effective("proxy_cookie_flags")
        if one.args
        for flag in one.args[1:]
        if not flag.lower().startswith("no")
    }


def _referers(config: Config) -> Iterator[Fault]:
    asked = [one for one in config.every("valid_referers") if one.parent]
    if not asked:
        return
    for one in config.main.walk():
        if any("$invalid_referer" in arg for arg in one.args):
            return
    for item in asked:
        yield _REFERERS.at(
            item,
            cause="`valid_referers` alone keeps nobody out: nothing looks at $invalid_referer",
            fix="put `if ($invalid_referer) { return 403; }` behind it",
        )


_FORMAT = "log_format brief '$remote_addr \"$request\" {}';"
_SERVER = "server {\n    listen 80;\n    server_name example.test;\n}"
_APP = "    proxy_set_header Host $host;\n    proxy_pass http://127.0.0.1:8000;\n"
TRACES: tuple[Rule, ...] = (
    Rule(
        "error-log-off",
        "error_log off writes to a file named off",
        "`access_log` knows `off`, `error_log` does not (ngx_core_module, error_log).",
        bad=site("error_log off;"),
        good=site("error_log /var/log/nginx/error.log crit;"),
        find=_file_off,
    ),
    Rule(
        "log-switched-off",
        "A change stops writing a log",
        "Compares access_log and error_log of base and patched (ngx_http_log_module, access_log)."
        "  Without them an attack leaves no trace.",
        bad=site("access_log off;"),
        good=site("access_log /var/log/nginx/access.log;"),
        compare=_switched,
    ),
    Rule(
        "log-holds-secrets",
        "A log keeps passwords, tokens or cookies",
        "Logs are kept for long and read by many; who reads `Authorization` or a session's cookie"
        " there is logged in (ngx_http_log_module, log_format; OWASP Logging Cheat Sheet).",
        bad=main(f"{_FORMAT.format('$http_authorization')}\n\n{_SERVER}"),
        good=main(f"{_FORMAT.format('$status')}\n\n{_SERVER}"),
        find=_secrets,
    ),
    Rule(
        "cookie-without-flags",
        "A cookie without Secure, HttpOnly or SameSite",
        "Without them a cookie goes over plain HTTP, to scripts, and along with requests of other"
        " sites (RFC 6265, 4.1.2).",
        bad=site('add_header Set-Cookie "seen=1; Path=/" always;'),
        good=site('add_header Set-Cookie "seen=1; Path=/; Secure; HttpOnly; SameSite=Lax" always;'),
        find=_cookies,
    ),
    Rule(
        "cookie-flags-lost",
        "A change takes flags from an application's cookies",
        "Compares proxy_cookie_flags of base and patched (ngx_http_proxy_module,"
        " proxy_cookie_flags).",
        bad=site(f"location / {{\n{_APP}}}"),
        good=site(f"location / {{\n    proxy_cookie_flags ~ secure httponly;\n{_APP}}}"),
        compare=_flags,
    ),
    Rule(
        "referers-unused",
        "Referrers are checked, and nothing comes of it",
        "`valid_referers` only sets `$invalid_referer` (ngx_http_referer_module).",
        bad=site("valid_referers none server_names;"),
        good=site("valid_referers none server_names;\nif ($invalid_referer) {\n    return 403;\n}"),
        find=_referers,
    ),
)
