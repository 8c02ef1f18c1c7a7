"""Faults of identity: a header by which the application knows the caller, and the caller sets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Level, Rule
from workflow.semantics.nginx.rules.facts import Finder, shown, site
from workflow.semantics.nginx.rules.pairs import saying
from workflow.semantics.nginx.rules.routes import variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_CLIENT = Finder("identity-from-client", Level.FAULT)
_SETTING = ("proxy_set_header", "grpc_set_header", "fastcgi_param", "uwsgi_param", "scgi_param")
# What nginx itself found out about the caller, and what the caller wrote.
_PROVEN = re.compile(r"(?:ssl_client_\w+|remote_user|jwt_\w+|realip_remote_addr)\Z")
_WRITTEN = re.compile(r"(?:http_(?!host\Z)\w+|arg_\w+|cookie_\w+)\Z")
_PAIR = len(("name", "value"))


def _from_client(base: Config, patched: Config) -> Iterator[Fault]:
    told: set[int] = set()
    for pair in saying(base, patched, *_SETTING):
        if pair.is_gone:
            continue
        for setting in _SETTING:
            before = _values(pair.old, setting)
            for name, item in _values(pair.new, setting).items():
                old = before.get(name)
                if old is None or id(item) in told or not _is_given_up(old, item):
                    continue
                told.add(id(item))
                yield _CLIENT.at(
                    item,
                    cause=(
                        f"{item.args[0]} was what nginx itself knows of the caller"
                        f" (`{old.args[1]}`) and is now what the caller wrote (`{item.args[1]}`),"
                        " so anybody can be whom they like"
                    ),
                    fix=f"keep `{shown(old)}`",
                    key=(setting, name),
                )


def _values(block: Item, setting: str) -> dict[str, Item]:
    return {one.args[0].lower(): one for one in block.effective(setting) if len(one.args) >= _PAIR}


def _is_given_up(old: Item, new: Item) -> bool:
    """Whether a value was proven and is the client's own now."""
    before, after = variables(old.args[1]), variables(new.args[1])
    proven = any(_PROVEN.match(one) for one in before)
    return proven and any(_WRITTEN.match(one) and one not in before for one in after)


_PASSED = "proxy_set_header X-Client-DN {};\nproxy_pass http://127.0.0.1:8000;"
_SAMPLE = "location / {{\n    {}\n}}"
IDENTITY: tuple[Rule, ...] = (
    Rule(
        "identity-from-client",
        "A change lets callers say who they are",
        "`$ssl_client_*` and `$remote_user` hold what nginx has checked (ngx_http_ssl_module,"
        " ngx_http_auth_basic_module); `$http_*` is what the request says (ngx_http_core_module).",
        bad=site(_SAMPLE.format(_PASSED.format("$http_x_client_dn").replace("\n", "\n    "))),
        good=site(_SAMPLE.format(_PASSED.format("$ssl_client_s_dn").replace("\n", "\n    "))),
        compare=_from_client,
    ),
)
