"""Words for what a server is: its addresses, names, certificates, upstreams, limits and logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.diff.facts import arguments, gained_and_lost, quoted
from workflow.semantics.nginx.diff.scopes import cut, listed
from workflow.semantics.nginx.diff.values import plainest

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.semantics.nginx.diff.facts import Facts
    from workflow.semantics.nginx.expanded import Item

_ZONED = {"limit_req": "requests", "limit_conn": "connections"}


def _listen(told: Facts) -> str:
    """Where a server listens, and how."""
    if told.old is None:
        return f"{_offer(told.item)} by {told.where}"
    if told.new is None:
        return f"{_offer(told.item, ' no longer')} by {told.where}"
    if told.was[:1] != told.now[:1]:
        new, old = (arguments(item) for item in (told.new, told.old))
        return f"{told.where} listens on {new} instead of {old}"
    gained, lost = gained_and_lost(told.was[1:], told.now[1:])
    said = [
        f"{verb} `{cut(' '.join(words))}`"
        for verb, words in (("gained", gained), ("lost", lost))
        if words
    ]
    default = {"default_server", "default"}
    note = ""
    if default & {*gained, *lost}:
        verb = "takes" if default & set(gained) else "no longer takes"
        note = f": it {verb} requests for names that no server has"
    return f"`listen {cut(told.now[0])}` of {told.where} {' and '.join(said)}{note}"


def _offer(item: Item, no_longer: str = "") -> str:
    """What an address offers: HTTP/3, TLS or plain HTTP."""
    where = "".join(item.args[:1])
    if "quic" in item.args:
        return f"HTTP/3 is{no_longer} offered on {cut(where)} (`quic`)"
    how = " with TLS" if "ssl" in item.args else ""
    return f"{quoted(where)} is{no_longer} listened on{how}"


def _names(told: Facts) -> str:
    """The names that a server answers to."""
    gained, lost = gained_and_lost(told.was, told.now)
    if not gained and not lost:
        new, old = (quoted("".join(args[:1])) for args in (told.now, told.was))
        return f"the first name of {told.where} is {new} instead of {old}"
    said = []
    if gained:
        said.append(f"answers to {listed(map(quoted, gained))}")
    if lost:
        said.append(f"no longer answers to {listed(map(quoted, lost))}")
    first = ""
    if told.was and told.now and told.was[0].lower() != told.now[0].lower():
        new, old = (quoted(args[0]) for args in (told.now, told.was))
        first = f"; its first name (`$server_name`) is {new} instead of {old}"
    return f"{told.where} {' and '.join(said)}{first}"


def _upstream_server(told: Facts) -> str:
    """A server of an upstream."""
    if told.item.is_block:
        return ""
    if told.old is None or told.new is None:
        verb = "gained" if told.old is None else "lost"
        return f"{told.where} {verb} the server {arguments(told.item)}"
    if told.was[:1] != told.now[:1]:
        return f"{told.where} has the server {arguments(told.new)} instead of {arguments(told.old)}"
    gained, lost = gained_and_lost(told.was[1:], told.now[1:])
    said = [
        f"{verb} `{cut(' '.join(words))}`"
        for verb, words in (("gained", gained), ("lost", lost))
        if words
    ]
    return f"the server {quoted(told.now[0])} of {told.where} {' and '.join(said)}"


def _of(noun: str) -> Callable[[Facts], str]:
    """Words for one thing of a server that is another one now."""

    def phrase(told: Facts) -> str:
        if told.old is None:
            applied = told.applied()
            other = f" instead of {arguments(applied)}" if applied else ""
            return f"the {noun} of {told.where} is {arguments(told.new)}{other}"
        if told.new is None:
            applied = told.applied()
            then = f"; now it is {arguments(applied)}" if applied else ""
            return f"the {noun} of {told.where} is no longer set (was {arguments(told.old)}){then}"
        return (
            f"the {noun} of {told.where} is {arguments(told.new)} instead of {arguments(told.old)}"
        )

    return phrase


def _set_of(noun: str, separator: str | None = None) -> Callable[[Facts], str]:
    """Words for a set that gains or loses members."""

    def phrase(told: Facts) -> str:
        if told.old is None or told.new is None:
            return _of(noun)(told)
        was, now = (
            [one for arg in args for one in (arg.split(separator) if separator else (arg,)) if one]
            for args in (told.was, told.now)
        )
        gained, lost = gained_and_lost(was, now)
        said = [
            f"{verb} {listed(map(quoted, words))}"
            for verb, words in (("gained", gained), ("lost", lost))
            if words
        ]
        return f"the {noun} of {told.where} {' and '.join(said)}" if said else ""

    return phrase


def _limit(told: Facts) -> str:
    """Whether requests or connections are limited, and by which zone."""
    if told.old is not None and told.new is not None:
        return ""
    what = _ZONED[told.item.name]
    verb = "are limited" if told.old is None else "are no longer limited"
    return f"{what} to {told.where} {verb} by {arguments(told.item)}"


def _rate(told: Facts) -> str:
    """How many requests a zone lets through."""
    if told.old is None or told.new is None:
        return ""
    gained, lost = gained_and_lost(told.was, told.now)
    rates = [
        next((one.removeprefix("rate=") for one in words if one.startswith("rate=")), "")
        for words in (lost, gained)
    ]
    if len(gained) != 1 or not all(rates):
        return ""
    zone = next((one.removeprefix("zone=") for one in told.now if one.startswith("zone=")), "")
    first, last = (
        word.partition("=")[2] for word in plainest("", tuple(f"rate={rate}" for rate in rates))
    )
    numbers = [one.removesuffix("r/m") for one in (first, last)]
    verb = "changes"
    if all(one.isdigit() for one in numbers):
        verb = "rises" if int(numbers[1]) > int(numbers[0]) else "falls"
    name = quoted(zone.partition(":")[0])
    return f"the rate of the zone {name} {verb} from {rates[0]} to {rates[1]}"


def _log(told: Facts) -> str:
    """Where a log goes."""
    what = "the access log" if told.item.name == "access_log" else "the error log"
    if told.old is not None and told.new is not None:
        if "off" in told.now[:1]:
            return f"{what} of {told.where} is switched off (was {arguments(told.old)})"
        return (
            f"{what} of {told.where} goes to {arguments(told.new)} instead of {arguments(told.old)}"
        )
    if "off" in told.item.args[:1]:
        verb = "is" if told.old is None else "is no longer"
        return f"{what} of {told.where} {verb} switched off"
    if told.new is not None:
        return f"{what} of {told.where} goes to {arguments(told.new)}"
    return f"{what} of {told.where} no longer goes to {arguments(told.old)}"


def _upstream(told: Facts) -> str:
    """An upstream, a map or another thing with a name, that has another one."""
    if told.old is None or told.new is None:
        return ""
    return f"`{cut(' '.join(told.old.words))}` is now `{cut(' '.join(told.new.words))}`"


SERVER_PHRASES: dict[str, Callable[[Facts], str]] = {
    "listen": _listen,
    "server_name": _names,
    "server": _upstream_server,
    "upstream": _upstream,
    "map": _upstream,
    "geo": _upstream,
    "split_clients": _upstream,
    "ssl_certificate": _of("certificate"),
    "ssl_certificate_key": _of("certificate's key"),
    "ssl_trusted_certificate": _of("list of trusted certificates"),
    "ssl_client_certificate": _of("list of authorities for clients"),
    "ssl_verify_client": _of("verification of client certificates"),
    "ssl_dhparam": _of("file of Diffie-Hellman parameters"),
    "ssl_protocols": _set_of("list of TLS versions"),
    "ssl_ciphers": _set_of("list of ciphers", ":"),
    "ssl_session_cache": _of("cache of TLS sessions"),
    "gzip_types": _set_of("list of compressed types"),
    "proxy_http_version": _of("HTTP version for the upstream"),
    "resolver": _of("name server"),
    "proxy_cache": _of("cache"),
    "proxy_cache_key": _of("cache key"),
    "auth_basic_user_file": _of("password file"),
    "user": _of("account"),
    "pid": _of("file of the process number"),
    "real_ip_header": _of("header with the client's address"),
    "limit_req_zone": _rate,
    "limit_req": _limit,
    "limit_conn": _limit,
    "access_log": _log,
    "error_log": _log,
}
