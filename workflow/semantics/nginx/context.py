"""For which block of a main file a part is written, by the directives at its outermost level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.tree import directives

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workflow.semantics.nginx.tree import Node

_MAIN = {
    *("events", "http", "stream", "mail", "worker_processes", "load_module", "user", "pid"),
    *("worker_rlimit_nofile", "daemon", "env", "thread_pool", "pcre_jit"),
}
_HTTP = {"upstream", "map", "geo", "log_format", "split_clients", "proxy_cache_path"}
_SERVER = {"location", "listen", "server_name", "ssl_reject_handshake"}
_LOCATION = {
    *("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "alias", "internal"),
    *("limit_except", "proxy_method", "fastcgi_index", "fastcgi_split_path_info"),
}


def context_of(nodes: Sequence[Node]) -> str:
    """The likeliest context of a part, one of those that `expanded.load` takes."""
    top = directives(nodes)
    names = {one.name for one in top}
    if names & _MAIN:
        return "main"
    if names & _HTTP or any(one.name == "server" and one.block for one in top):
        return "http"
    if any(one.name == "server" for one in top):
        return "upstream"
    return "location" if names & _LOCATION and not names & _SERVER else "server"
