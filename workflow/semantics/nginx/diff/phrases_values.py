"""Words for switches, sizes, times and numbers: what is on or off, what rises or falls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.diff.facts import http2
from workflow.semantics.nginx.diff.scopes import cut, listed
from workflow.semantics.nginx.diff.values import is_size, size, time

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.semantics.nginx.diff.facts import Facts

_SWITCHES = {
    "absolute_redirect": "redirecting with a full address",
    "autoindex": "the listing of folders",
    "chunked_transfer_encoding": "chunked answers",
    "etag": "the ETag of files",
    "fastcgi_buffering": "buffering of FastCGI answers",
    "gzip": "compression",
    "gzip_static": "sending of files compressed beforehand",
    "gzip_vary": "`Vary: Accept-Encoding`",
    "http2": "HTTP/2",
    "http3": "HTTP/3",
    "ignore_invalid_headers": "ignoring of invalid request headers",
    "log_not_found": "the error log of files that are not found",
    "merge_slashes": "merging of slashes",
    "port_in_redirect": "the port in redirects",
    "proxy_buffering": "buffering of the upstream's answers",
    "proxy_cache_lock": "asking the upstream once for a new cache entry",
    "proxy_ignore_client_abort": "going on when the client has gone",
    "proxy_intercept_errors": "own pages for the upstream's errors",
    "proxy_pass_request_body": "passing of request bodies",
    "proxy_pass_request_headers": "passing of request headers",
    "proxy_request_buffering": "buffering of request bodies",
    "proxy_ssl_server_name": "the server name in TLS to the upstream",
    "proxy_ssl_verify": "verification of the upstream's certificate",
    "real_ip_recursive": "the search for the client's address behind trusted proxies",
    "recursive_error_pages": "error pages for errors of error pages",
    "reset_timedout_connection": "resetting of connections that timed out",
    "sendfile": "sendfile",
    "server_name_in_redirect": "the server's own name in redirects",
    "server_tokens": "NGINX's version in answers",
    "ssl_early_data": "TLS early data (which can be replayed)",
    "ssl_prefer_server_ciphers": "preferring the server's order of ciphers",
    "ssl_reject_handshake": "refusing of TLS handshakes",
    "ssl_session_tickets": "TLS session tickets",
    "ssl_stapling": "OCSP stapling",
    "ssl_stapling_verify": "verification of OCSP answers",
    "tcp_nodelay": "TCP_NODELAY",
    "tcp_nopush": "TCP_NOPUSH",
    "underscores_in_headers": "underscores in request headers",
}
_MEASURES = {
    "client_body_buffer_size": "buffer for request bodies",
    "client_body_timeout": "time to wait for a request body",
    "client_header_buffer_size": "buffer for request headers",
    "client_header_timeout": "time to wait for request headers",
    "client_max_body_size": "body limit",
    "fastcgi_read_timeout": "time to wait for FastCGI",
    "grpc_read_timeout": "time to wait for the gRPC upstream",
    "gzip_comp_level": "level of compression",
    "gzip_min_length": "least size to compress",
    "keepalive": "number of idle connections kept to the upstream",
    "keepalive_requests": "number of requests for one connection",
    "keepalive_timeout": "time that idle connections are kept",
    "limit_rate": "bandwidth of a connection",
    "limit_rate_after": "size sent before the bandwidth is limited",
    "proxy_buffer_size": "buffer for the head of the upstream's answer",
    "proxy_connect_timeout": "time to connect to the upstream",
    "proxy_read_timeout": "time to wait for the upstream's answer",
    "proxy_send_timeout": "time to send to the upstream",
    "resolver_timeout": "time to look up a name",
    "send_timeout": "time to send to a client",
    "ssl_session_timeout": "life of a TLS session",
    "types_hash_max_size": "size of the table of types",
    "uwsgi_read_timeout": "time to wait for uWSGI",
    "worker_connections": "number of connections of a worker",
    "worker_processes": "number of workers",
    "worker_rlimit_nofile": "limit of open files of a worker",
}
# nginx's own values where a configuration says nothing (its documentation).
_DEFAULTS = {
    **dict.fromkeys(
        (
            *("client_body_timeout", "client_header_timeout", "fastcgi_read_timeout"),
            *("grpc_read_timeout", "proxy_connect_timeout", "proxy_read_timeout"),
            *("proxy_send_timeout", "send_timeout", "uwsgi_read_timeout"),
        ),
        "60s",
    ),
    "client_max_body_size": "1m",
    "gzip_comp_level": "1",
    "gzip_min_length": "20",
    "keepalive_requests": "1000",
    "keepalive_timeout": "75s",
    "limit_rate": "0",
    "resolver_timeout": "30s",
    "ssl_session_timeout": "5m",
    "worker_connections": "512",
    "worker_processes": "1",
    **dict.fromkeys(
        (
            *("absolute_redirect", "chunked_transfer_encoding", "etag", "fastcgi_buffering"),
            *("ignore_invalid_headers", "log_not_found", "merge_slashes", "port_in_redirect"),
            *("proxy_buffering", "proxy_pass_request_body", "proxy_pass_request_headers"),
            *("proxy_request_buffering", "server_tokens", "ssl_session_tickets", "tcp_nodelay"),
            "http3",
        ),
        "on",
    ),
}
_NO_LIMIT = {"client_max_body_size", "limit_rate"}
_OF_UPSTREAM = {"keepalive", "keepalive_timeout", "keepalive_requests"}


def _before_and_after(told: Facts) -> tuple[str, str, str]:
    """The values that applied before and apply now, and where one of them comes from."""
    values = [item.args[0] if item and item.args else "" for item in (told.old, told.new)]
    if told.old is not None and told.new is not None:
        return values[0], values[1], ""
    name = told.item.name
    inherited = told.applied()
    if inherited is not None and inherited.args and inherited.parent is not None:
        other, source = inherited.args[0], f"from {inherited.parent.name}"
    elif told.item.parent is not None and told.item.parent.name == "upstream":
        other, source = "", ""
    else:
        is_switch = name in _SWITCHES
        other = _DEFAULTS.get(name, "off" if is_switch else "")
        source = "NGINX's default"
    return (other, values[1], source) if told.old is None else (values[0], other, source)


def _switch(told: Facts) -> str:
    """What is switched on or off."""
    before, after, source = _before_and_after(told)
    noun = _SWITCHES[told.item.name]
    old, new = before.lower(), after.lower()
    if {old, new} - {"on", "off", "always", "build"}:
        return ""
    name = f"`{told.item.name}`"
    if said := _http2(told):
        return said
    if old == new:
        verb = "now set here" if told.old is None else f"gone; {source}"
        return f"{noun} stays {new} in {told.where} ({name} is {verb})"
    how = f"{name} is gone; {source}" if told.new is None else f"{name}"
    return f"{noun} is switched {new} in {told.where} ({how})"


def _http2(told: Facts) -> str:
    """What becomes of HTTP/2 in a server where a `listen` says something of it, too."""
    if told.item.name != "http2" or told.new_block.name != "server":
        return ""
    by_listen, was_by_listen = (
        any("http2" in one.args[1:] for one in block.named("listen"))
        for block in (told.new_block, told.old_block)
    )
    was, now = http2(told.old_block), http2(told.new_block)
    both = [where for where in now if where in was]
    changed = [where for where in both if was[where] != now[where]]
    if changed and len(changed) < len(both):
        state = "on" if now[changed[0]] else "off"
        places = listed(f"`{cut(where)}`" for where in changed)
        return f"HTTP/2 is switched {state} on {places} of {told.where} (`http2`)"
    if not both or changed or not (by_listen or was_by_listen) or not now[both[0]]:
        return ""
    how = "`http2` is written otherwise"
    if by_listen and not was_by_listen:
        how = "`http2` of its `listen` says so, for every server of that address"
    elif was_by_listen and not by_listen:
        how = "`http2 on` says so instead of its `listen`, for this server alone"
    return f"HTTP/2 stays on in {told.where} ({how})"


def _measure(told: Facts) -> str:
    """What rises or falls."""
    name = told.item.name
    before, after, source = _before_and_after(told)
    if len(told.was) > 1 or len(told.now) > 1 or not (before or told.old is None):
        return ""
    noun = f"the {_MEASURES[name]} (`{name}`) of {told.where}"
    if not before:
        return f"{noun} is set to {cut(after)}"
    if not after:
        return f"{noun} is no longer set (was {cut(before)})"
    note = f" ({source})" if source else ""
    start = f"{cut(before)}{note if told.old is None else ''}"
    end = f"{cut(after)}{note if told.new is None else ''}"
    here = "now set here" if told.old is None else "no longer set here"
    return f"{noun} {_movement(name, (before, after), (start, end), here)}"


def _movement(name: str, values: tuple[str, str], said: tuple[str, str], here: str) -> str:
    """Whether a number rises, falls, or stays."""
    first, last = (_number(name, value) for value in values)
    start, end = said
    if first is None or last is None:
        return f"is {end} instead of {start}"
    if first == last:
        return f"stays {end} ({here})"
    if name in _NO_LIMIT and 0 in {first, last}:
        return f"is lifted (was {start})" if last == 0 else f"is set to {end} (there was none)"
    return f"{'rises' if last > first else 'falls'} from {start} to {end}"


def _number(name: str, text: str) -> int | None:
    if name.endswith(("_timeout", "_time")):
        return time(text)
    if is_size(name) or name.endswith("length"):
        return size(text)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None  # noqa: PLR2004 - more digits than any number has


VALUE_PHRASES: dict[str, Callable[[Facts], str]] = {
    **dict.fromkeys(_SWITCHES, _switch),
    **dict.fromkeys(_MEASURES, _measure),
}
