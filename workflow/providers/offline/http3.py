"""HTTP/3: QUIC listeners beside the TLS ones, `http3 on`, and Alt-Svc so that clients find it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.providers.offline import headers, style
from workflow.providers.offline.refusals import refusal
from workflow.providers.offline.site import Change, choose, find_include, http_level, servers
from workflow.semantics.nginx import directives

if TYPE_CHECKING:
    from workflow.providers.offline.intents import EnableHttp3
    from workflow.providers.offline.site import Site, Work
    from workflow.semantics.nginx import Directive, Edit

_TLS13 = "TLSv1.3"


def _address(listen: Directive) -> str:
    """The address of a `listen` with its port, spelled one way."""
    value = listen.values[0] if listen.args else ""
    if value.isdigit():
        return f"*:{value}"
    return value if value.rpartition(":")[2].isdigit() else f"{value}:80"


def _is_quic(listen: Directive) -> bool:
    return "quic" in listen.values[1:]


def _protocols(work: Work, site: Site) -> Directive | None:
    """The `ssl_protocols` in force, in the server, in its includes, or around it."""
    for level in site.level.up():
        for node in level.own("ssl_protocols"):
            return node
        for item in level.own("include"):
            for file in find_include(work, item):
                for node in directives(file.tree.children, "ssl_protocols"):
                    return node
    return None


def _all_listens(work: Work) -> tuple[Directive, ...]:
    """Every `listen` of every server."""
    return tuple(
        listen
        for revision in work.files.values()
        for server in http_level(revision).own("server")
        for listen in directives(server.children, "listen")
    )


def _tls_site(work: Work, intent: EnableHttp3) -> Site:
    """The server: with several, the only one that listens with TLS."""
    if not intent.scope.port and not intent.scope.server:
        ports = {
            _address(listen).rpartition(":")[2]
            for site in servers(work)
            for listen in site.level.own("listen")
            if "ssl" in listen.values
        }
        if len(ports) == 1:
            return choose(work, replace(intent.scope, port=ports.pop()))
    return choose(work, intent.scope)


def enable_http3(work: Work, intent: EnableHttp3) -> Change:
    """Add what is missing of the three parts."""
    site = _tls_site(work, intent)
    listens = site.level.own("listen")
    secure = [item for item in listens if "ssl" in item.values and not _is_quic(item)]
    if not secure:
        message = f"{site.label} has no 'listen ... ssl', and HTTP/3 is always encrypted"
        raise refusal(message, "name the TLS server: for example.com")
    protocols = _protocols(work, site)
    if protocols is not None and _TLS13 not in protocols.values:
        message = f"HTTP/3 needs {_TLS13}, which line {protocols.line} leaves out: ssl_protocols"
        raise refusal(message, f"add {_TLS13} there first")
    port = _address(secure[0]).rpartition(":")[2]
    edits = _listen_edits(work, site, secure) + _http3_edit(site, secure)
    change = Change(tuple((site.path, edit) for edit in edits))
    top = headers.place_of(work, site)
    present = [item for item in headers.headers_of(top, "Alt-Svc") if "h3" in item.values[1]]
    if headers.headers_of(top, "Alt-Svc") and not present:
        message = f"line {headers.headers_of(top, 'Alt-Svc')[0].line} has an Alt-Svc without h3"
        raise refusal(message)
    word = f"'h3=\":{port}\"; ma=86400'"
    change += headers.add_everywhere(work, site, "Alt-Svc", word)
    if not change.edits:
        return Change(notes=(f"already so: {site.label} serves HTTP/3",))
    hidden = [
        item.values[0]
        for item in site.level.own("include")
        if item.args and protocols is None and not find_include(work, item)
    ]
    notes = (
        *(
            f"not looked into: {name}; if it sets ssl_protocols, {_TLS13} must be there"
            for name in hidden
        ),
        f"needs an nginx with http_v3 (1.25 or newer; see nginx -V) and UDP port {port} open",
        "assumed: browsers remember HTTP/3 for a day (ma=86400)",
    )
    return change + Change(notes=notes)


def _listen_edits(work: Work, site: Site, secure: list[Directive]) -> tuple[Edit, ...]:
    """A QUIC twin for each TLS listener that lacks one; `reuseport` once per address."""
    everywhere = _all_listens(work)
    mine = {_address(item) for item in site.level.own("listen") if _is_quic(item)}
    taken = {_address(item) for item in everywhere if _is_quic(item) and "reuseport" in item.values}
    lines: list[str] = []
    for item in secure:
        address = _address(item)
        if address in mine:
            continue
        mine.add(address)
        words = ["listen", item.args[0].raw, "quic"]
        if address not in taken:
            words.append("reuseport")
        words += [value for value in item.values[1:] if value in {"default_server", "default"}]
        lines.append(" ".join(words) + ";")
    last = site.level.own("listen")[-1]
    return (style.after(site.revision.tree, last, tuple(lines)),) if lines else ()


def _http3_edit(site: Site, secure: list[Directive]) -> tuple[Edit, ...]:
    """`http3 on`, beside `http2` or behind the listeners."""
    own = site.level.own("http3")
    if own and own[0].values == ("on",):
        return ()
    if own:
        message = f"line {own[0].line} says http3 {' '.join(own[0].values)}"
        raise refusal(message, "take that line out first")
    anchor = (*secure, *site.level.own("listen"))[-1]
    beside = site.level.own("http2")
    return (style.after(site.revision.tree, beside[-1] if beside else anchor, ("http3 on;",)),)
