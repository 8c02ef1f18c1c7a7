"""Faults of TLS: protocols, ciphers, certificates, and who is asked for one."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from workflow.semantics.nginx.fault import Level, Rule
from workflow.semantics.nginx.rules.facts import (
    CERTIFICATE,
    Finder,
    address_of,
    is_tls,
    listed,
    site,
    tls_site,
)
from workflow.semantics.nginx.rules.pairs import pairs, saying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.semantics.nginx.expanded import Config, Item
    from workflow.semantics.nginx.fault import Fault

_PROTOCOL = Finder("tls-old-protocol", Level.FAULT)
_CIPHER = Finder("tls-weak-cipher", Level.FAULT)
_PLAIN = Finder("tls-port-without-ssl", Level.FAULT)
_REDIRECT = Finder("tls-redirect-lost", Level.FAULT)
_PAIR = Finder("tls-certificate-of-another", Level.FAULT)
_VERIFY = Finder("tls-verify-weakened", Level.FAULT)
_OPTIONAL = Finder("tls-verify-unused", Level.DOUBT)
_UPSTREAM = Finder("tls-upstream-unverified", Level.DOUBT)
_STAPLING = Finder("tls-stapling-without-resolver", Level.DOUBT)
_EARLY = Finder("tls-early-data", Level.DOUBT)
_OLD = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1")
# Parts of OpenSSL's cipher names and its groups of weak ones.
_WEAK = {
    *("ADH", "AECDH", "ANULL", "COMPLEMENTOFALL", "COMPLEMENTOFDEFAULT", "DES", "ENULL", "EXP"),
    *("EXPORT", "EXPORT40", "EXPORT56", "LOW", "MD5", "NULL", "RC2", "RC4", "IDEA", "SEED"),
}
_DOUBTED = {"3DES", "CBC3"}
_PORTS = {"443", "8443"}
_LOCAL = re.compile(r"https://(?:127\.|localhost|\[::1\]|10\.|192\.168\.|unix:)")
_VERIFYING = ("ssl_verify_client", "proxy_ssl_verify", "grpc_ssl_verify")
_STRICT = {"on": 3, "optional": 2, "optional_no_ca": 1, "off": 0}


def _protocols(config: Config) -> Iterator[Fault]:
    for item in config.every("ssl_protocols", "proxy_ssl_protocols"):
        old = [one for one in item.args if one in _OLD]
        if old:
            yield _PROTOCOL.at(
                item,
                cause=f"{item.name} allows {listed(old)}, which RFC 8996 and RFC 7568 forbid",
                fix=f"write `{item.name} TLSv1.2 TLSv1.3;`",
                key=(item.name,),
                parts=tuple(sorted(old)),
                level=None if item.name == "ssl_protocols" else Level.DOUBT,
            )


def _ciphers(config: Config) -> Iterator[Fault]:
    for item in config.every("ssl_ciphers"):
        versions = item.parent.effective("ssl_protocols") if item.parent else ()
        only_new = bool(versions) and versions[-1].args == ("TLSv1.3",)
        if not item.args or "$" in item.args[0] or only_new:
            continue  # ssl_ciphers says nothing about TLS 1.3
        words = re.split(r"[:, ]", item.args[0][:5000])
        banned = {word[1:].upper() for word in words if word.startswith("!")}
        weak: dict[str, None] = {}
        doubted: dict[str, None] = {}
        for word in words:
            if not word or word[0] in "!-+@":
                continue
            parts = set(re.split(r"[-_+]", word.upper()))
            if parts & _DOUBTED:
                if not {"3DES", "DES", *parts} & banned:
                    doubted[word] = None
            elif parts & _WEAK and not parts & banned:
                weak[word] = None
            if word.upper() == "ALL" and not {"ANULL", "ADH"} & banned:
                weak[word] = None
        if weak or doubted:
            yield _CIPHER.at(
                item,
                cause=f"ssl_ciphers allows {listed(list(weak or doubted))}, which protects nobody"
                if weak
                else f"ssl_ciphers allows {listed(list(doubted))}, whose blocks are too short",
                fix="name suites with ECDHE and GCM or CHACHA20, or put `!` in front of these",
                parts=tuple(sorted((*weak, *doubted))),
                level=Level.FAULT if weak else Level.DOUBT,
            )


def _is_secured(listen: Item) -> bool:
    server = listen.parent
    named = bool({"ssl", "quic"} & set(listen.args))
    return named or (server is not None and server.value("ssl") == "on")


def _plain(config: Config) -> Iterator[Fault]:
    # NOTE: `ssl` on one server's listen counts for every server of that address and port.
    secured = {
        address_of(one)
        for server in config.servers
        for one in server.named("listen")
        if _is_secured(one)
    }
    for server in config.servers:
        if not server.named("ssl_certificate"):
            continue
        listens = [one for one in server.named("listen") if one.args]
        open_ones = [one for one in listens if address_of(one) not in secured]
        wanted = [one for one in open_ones if address_of(one)[1] in _PORTS]
        if not wanted and open_ones and len(open_ones) == len(listens):
            wanted = open_ones
        if wanted:
            port = address_of(wanted[0])[1]
            yield _PLAIN.at(
                wanted[0],
                cause=(
                    f"port {port} speaks plain HTTP although the server has a certificate:"
                    " its `listen` lacks `ssl`"
                ),
                fix=f"write `listen {wanted[0].args[0]} ssl;`",
                key=address_of(wanted[0]),
                level=None if port in _PORTS else Level.DOUBT,
            )


def _leads_to_tls(block: Item) -> bool:
    """Whether any `return` or `rewrite` of a block sends visitors to https."""
    return any(
        one.name in {"return", "rewrite"} and any(arg.startswith("https://") for arg in one.args)
        for one in block.walk()
    )


def _redirect(base: Config, patched: Config) -> Iterator[Fault]:
    for pair in pairs(base, patched):
        old, new = pair.old, pair.new
        if not old.name == new.name == "server" or is_tls(old) or is_tls(new):
            continue
        if _leads_to_tls(old) and not _leads_to_tls(new):
            yield _REDIRECT.at(
                new,
                cause=f"`{new.label}` sent visitors to https and now answers in clear itself",
                fix="keep `return 301 https://...` in the server for port 80",
            )


def _owner(path: str) -> str:
    """Whom a certificate's or key's path names: certbot's folder, or a file called as a domain."""
    if found := re.search(r"/live/([^/$]+)/[^/]+\Z", path):
        return re.sub(r"\.(?:crt|key|pem|cer)\Z", "", found[1].lower())
    stem = posixpath.splitext(posixpath.basename(path))[0].lower()
    stem = re.sub(r"[._-](?:cert|crt|key|pem|fullchain|privkey|chain|bundle|chained)\Z", "", stem)
    return stem if re.fullmatch(r"(?:[a-z0-9-]+\.)+[a-z]{2,}", stem) else ""


def _certificates(config: Config) -> Iterator[Fault]:
    for block in config.blocks("http", "server"):
        crts, keys = (block.effective(name) for name in ("ssl_certificate", "ssl_certificate_key"))
        if not (block.named("ssl_certificate") or block.named("ssl_certificate_key")):
            continue
        for crt, key in zip(crts, keys, strict=False):
            names = [_owner(one.args[0]) if one.args else "" for one in (crt, key)]
            if all(names) and names[0] != names[1]:
                yield _PAIR.at(
                    key,
                    cause=f"the key is that of {names[1]} and the certificate that of {names[0]}",
                    fix="name the certificate and the key of the same host",
                    key=tuple(names),
                )


def _verify(base: Config, patched: Config) -> Iterator[Fault]:
    for pair in saying(base, patched, *_VERIFYING):
        if pair.is_gone:
            continue
        for name in _VERIFYING:
            if name == "ssl_verify_client" and pair.new.name != "server":
                continue
            old, new = pair.old.value(name, "off"), pair.new.value(name, "off")
            where = pair.new.effective(name) or (pair.new,)
            inherited = pair.new.name == "location" and not pair.new.named(name)
            outer = pair.old.parent.value(name, "off") if pair.old.parent else "off"
            if inherited and outer == old:
                continue
            if _STRICT.get(new, 3) < _STRICT.get(old, 0):
                whose = "clients'" if name == "ssl_verify_client" else "the upstream's"
                yield _VERIFY.at(
                    where[-1],
                    cause=(
                        f"`{pair.new.label}` checks {whose} certificates less: {name} was {old} and"
                        f" is {new}"
                    ),
                    fix=f"keep `{name} {old};`",
                    key=(pair.new.label, name, new),
                )


def _optional(config: Config) -> Iterator[Fault]:
    found = [
        one
        for one in config.every("ssl_verify_client")
        if one.args and one.args[0] in {"optional", "optional_no_ca"}
    ]
    if not found:
        return
    for one in config.main.walk():
        if any("ssl_client_" in word for word in one.args) or "ssl_client_" in one.code:
            return
    for item in found:
        yield _OPTIONAL.at(
            item,
            cause=f"`{item.name} {item.args[0]}` lets everybody in; nobody looks at the result",
            fix="write `ssl_verify_client on;`, or refuse unless `$ssl_client_verify` is SUCCESS",
        )


def _upstream(config: Config) -> Iterator[Fault]:
    for item in config.every("proxy_ssl_verify"):
        block = item.parent
        if item.args != ("off",) or block is None:
            continue
        passed = next((one for one in block.effective("proxy_pass") if one.args), None)
        if passed and passed.args[0].startswith("https://") and not _LOCAL.match(passed.args[0]):
            yield _UPSTREAM.at(
                item,
                cause=f"nobody checks who answers at {passed.args[0]}, so a third party can",
                fix="write `proxy_ssl_verify on;` and name proxy_ssl_trusted_certificate",
                key=passed.args,
            )


def _stapling(config: Config) -> Iterator[Fault]:
    told: set[int] = set()
    for server in config.servers:
        asked = server.effective("ssl_stapling")
        if not asked or asked[-1].args != ("on",) or id(asked[-1]) in told or not is_tls(server):
            continue
        if not any(server.effective(name) for name in ("resolver", "ssl_stapling_file")):
            told.add(id(asked[-1]))
            yield _STAPLING.at(
                asked[-1],
                cause="without a resolver, nginx looks the OCSP responder's name up at start only",
                fix="name a resolver of yours, or take ssl_stapling out",
            )


def _early(config: Config) -> Iterator[Fault]:
    asked = [one for one in config.every("ssl_early_data") if one.args == ("on",)]
    if not asked:
        return
    if not any("$ssl_early_data" in arg for one in config.main.walk() for arg in one.args):
        for item in asked:
            yield _EARLY.at(
                item,
                cause="an attacker can send early data again, and the application cannot tell",
                fix="put `proxy_set_header Early-Data $ssl_early_data;` beside proxy_pass",
            )


_STRONG = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
_CLIENTS = "ssl_client_certificate ca.crt;\nssl_verify_client {};"
_UP = (
    "location / {{\n    proxy_set_header Host $host;\n    proxy_pass https://192.0.2.7;\n    {}\n}}"
)
TLS: tuple[Rule, ...] = (
    Rule(
        "tls-old-protocol",
        "An old version of TLS is allowed",
        "RFC 8996 forbids TLS 1.0 and 1.1, RFC 7568 SSL 3.0.  nginx's own default is TLSv1.2 and"
        " TLSv1.3 (ngx_http_ssl_module, ssl_protocols).",
        bad=tls_site("ssl_protocols TLSv1.1 TLSv1.2;"),
        good=tls_site("ssl_protocols TLSv1.2 TLSv1.3;"),
        find=_protocols,
    ),
    Rule(
        "tls-weak-cipher",
        "A cipher is allowed that protects nobody",
        "RC4 (RFC 7465), DES, export and anonymous suites and those without encryption may not be"
        " offered (RFC 9325, 4.1); 3DES is a doubt.",
        bad=tls_site(f"ssl_ciphers {_STRONG}:RC4-SHA;"),
        good=tls_site(f"ssl_ciphers {_STRONG};"),
        find=_ciphers,
    ),
    Rule(
        "tls-port-without-ssl",
        "A server with a certificate speaks plain HTTP",
        "TLS is on for a port only where `listen` says `ssl` (ngx_http_core_module, listen);"
        " without it, browsers get an error and others send their secrets in clear.",
        bad=tls_site("", listen="443"),
        good=tls_site(""),
        find=_plain,
    ),
    Rule(
        "tls-redirect-lost",
        "A change stops sending visitors to https",
        "Compares servers without TLS: what redirected to https in the base answers in clear now"
        " (ngx_http_rewrite_module, return; RFC 6797, 7.2).",
        bad=site("root /srv/www;"),
        good=site("return 301 https://example.test$request_uri;"),
        compare=_redirect,
    ),
    Rule(
        "tls-certificate-of-another",
        "Certificate and key belong to different hosts",
        "nginx takes certificates and keys in order, one of each (ngx_http_ssl_module,"
        " ssl_certificate_key).  A test with throwaway keys cannot see it; the paths tell.",
        bad=site(CERTIFICATE.replace("test.key", "org.key"), listen="443 ssl"),
        good=tls_site(""),
        find=_certificates,
    ),
    Rule(
        "tls-verify-weakened",
        "A change checks fewer certificates",
        "Compares ssl_verify_client per server, and proxy_ssl_verify and grpc_ssl_verify per"
        " location (ngx_http_ssl_module, ngx_http_proxy_module, ngx_http_grpc_module).",
        bad=tls_site(_CLIENTS.format("off")),
        good=tls_site(_CLIENTS.format("on")),
        compare=_verify,
    ),
    Rule(
        "tls-verify-unused",
        "Certificates of clients are asked for, and the answer is not used",
        "With `optional`, nginx serves clients without a certificate, too; only"
        " `$ssl_client_verify` tells them apart (ngx_http_ssl_module, ssl_verify_client).",
        bad=tls_site(_CLIENTS.format("optional")),
        good=tls_site(_CLIENTS.format("on")),
        find=_optional,
    ),
    Rule(
        "tls-upstream-unverified",
        "The check of an upstream's certificate is switched off",
        "Without `proxy_ssl_verify on`, any certificate will do (ngx_http_proxy_module,"
        " proxy_ssl_verify).  It is off by default; only where somebody wrote it is it told.",
        bad=tls_site(_UP.format("proxy_ssl_verify off;")),
        good=tls_site(
            _UP.format("proxy_ssl_verify on;\n    proxy_ssl_trusted_certificate ca.crt;")
        ),
        find=_upstream,
    ),
    Rule(
        "tls-stapling-without-resolver",
        "OCSP stapling without a resolver",
        "nginx needs a resolver for the responder's name (ngx_http_ssl_module, ssl_stapling).",
        bad=tls_site("ssl_stapling on;"),
        good=tls_site("ssl_stapling on;\nresolver 127.0.0.1;"),
        find=_stapling,
    ),
    Rule(
        "tls-early-data",
        "Early data can be replayed, and the application cannot tell",
        "Requests in TLS 1.3 early data can be sent again by others (RFC 8446, 8; RFC 8470);"
        " `$ssl_early_data` says which they are (ngx_http_ssl_module, ssl_early_data).",
        bad=tls_site("ssl_early_data on;"),
        good=tls_site(
            "ssl_early_data on;\n\nlocation / {\n    proxy_set_header Host $host;\n"
            "    proxy_set_header Early-Data $ssl_early_data;\n"
            "    proxy_pass http://127.0.0.1:8000;\n}"
        ),
        find=_early,
    ),
)
