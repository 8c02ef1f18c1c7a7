"""More faults that nginx accepts: splitting, hosts, upstreams, rewrites, caches, HTTP/3."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bench.nginx.model import Group, Mutant, Site, mutant
from bench.nginx.prepared import own_server
from bench.nginx.silent import beside, gone, into, swap

if TYPE_CHECKING:
    from bench.nginx.model import Operator


def upstream_port(site: Site) -> Mutant | None:
    """Another port of the application."""
    found = re.search(r"(?<=    server 127\.0\.0\.1:)(\d+)(?=;\n\s*keepalive)", site.text)
    if found is None:
        return None
    new = str(int(found[1]) + site.rng.choice((1, -1, 10)))
    text = site.text[: found.start()] + new + site.text[found.end() :]
    rules = ("proxy-target-changed",)
    return mutant(
        Group.SILENT,
        "upstream port",
        site.text,
        text,
        f"{found[1]} -> {new}",
        rules=rules,
        about=(new,),
    )


def default_server_theft(site: Site) -> Mutant | None:
    """A new server that takes the requests for names that nobody serves."""
    server = own_server(site)
    if server is None:
        return None
    listen = re.search(r"(?m)^[ \t]*listen (\d+) ssl;", site.text)
    if listen is None:
        return None
    word = site.word()
    words = (
        f"server {{\n    listen {listen[1]} ssl default_server;\n"
        f"    server_name {word}.other.test;\n"
        "    ssl_certificate /etc/ssl/own/cert.pem;\n"
        "    ssl_certificate_key /etc/ssl/own/key.pem;\n"
        "    return 404;\n}"
    )
    base = re.sub(r"/etc/ssl/\w+/(cert|key)\.pem", r"/etc/ssl/own/\1.pem", site.text)
    own = Site(site.rng, base)
    place = own_server(own)
    if place is None:
        return None
    text = own.beside(place, words)
    rules = ("default-server-moved",)
    return mutant(
        Group.SILENT, "default_server theft", base, text, words, rules=rules, about=("default",)
    )


def name_conflict(site: Site) -> Mutant | None:
    """A second server of the same name on the same port: nginx only warns, and ignores it."""
    server = own_server(site)
    named = re.search(r"listen (\d+);\n\s*server_name (\w+\.example\.test);", site.text)
    if server is None or named is None:
        return None
    words = f"server {{\n    listen {named[1]};\n    server_name {named[2]};\n    return 404;\n}}"
    text = site.beside(server, words)
    # In front: the new server wins.
    rules = ("server-name-taken",)
    return mutant(
        Group.SILENT, "server_name conflict", site.text, text, words, rules=rules, about=(named[2],)
    )


def redirect_loop(site: Site) -> Mutant | None:
    """A redirect of everything to the server that it is in."""
    server = own_server(site)
    listen = re.search(r"listen (\d+) ssl;\n(?:.*quic.*\n)?\s*server_name (\S+);", site.text)
    if server is None or listen is None:
        return None
    where = site.rng.choice(
        (
            f"https://{listen[2]}:{listen[1]}$request_uri",
            "https://$host:$server_port$request_uri",
            "$scheme://$http_host$request_uri",
            "$request_uri",
        )
    )
    words = f"location /{site.word()}/ {{\n    return 301 {where};\n}}"
    text = site.appended(server, words)
    rules, about = ("redirect-loop",), ("redirect",)
    return mutant(Group.SILENT, "redirect loop", site.text, text, where, rules=rules, about=about)


def upstream_unchecked(site: Site) -> Mutant | None:
    """The certificate of an upstream server is no longer looked at."""
    server = own_server(site)
    if server is None:
        return None
    words = (
        f"location /{site.word()}/ {{\n    proxy_ssl_verify on;\n"
        "    proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;\n"
        f"    proxy_pass https://127.0.0.1:{site.port()};\n}}"
    )
    base = site.appended(server, words)
    text = base.replace("proxy_ssl_verify on;", "proxy_ssl_verify off;")
    rules, about = ("tls-verify-weakened", "tls-upstream-unverified"), ("certificate",)
    name = "upstream certificate unchecked"
    return mutant(Group.SILENT, name, base, text, "on -> off", rules=rules, about=about)


def without_alt_svc(site: Site) -> Mutant | None:
    """QUIC is listened to, and no answer says so."""
    text = re.sub(r"(?m)^[ \t]*add_header Alt-Svc .*;\n", "", site.text)
    rules, about = ("quic-without-alt-svc",), ("Alt-Svc",)
    name = "quic without Alt-Svc"
    return mutant(Group.SILENT, name, site.text, text, "- Alt-Svc", rules=rules, about=about)


OPERATORS: dict[str, Operator] = {
    "upstream port": upstream_port,
    "default_server theft": default_server_theft,
    "server_name conflict": name_conflict,
    "uri in a redirect": swap(
        "uri in a redirect",
        r"return 301 (https://\S+?)\$request_uri;",
        r"return 301 \1$uri;",
        "uri-splits-header",
        "$uri",
    ),
    "uri in a header": into(
        "uri in a header",
        "location /WORD/ {\n    add_header X-Path $document_uri;\n    return 204;\n}",
        "uri-splits-header",
        "$document_uri",
    ),
    "http_host": swap(
        "http_host",
        r"(?<=proxy_set_header Host )\$host;",
        "$http_host;",
        "host-header-raw",
        "$http_host",
    ),
    "forwarded by the client": swap(
        "forwarded by the client",
        r"(?<=X-Forwarded-For )\$proxy_add_x_forwarded_for",
        "$http_x_forwarded_for",
        "forwarded-for-client",
        "orwarded",
    ),
    "trust everyone": into(
        "trust everyone",
        "set_real_ip_from 0.0.0.0/0;\nreal_ip_header X-Forwarded-For;",
        "real-ip-trusts-all",
        "0.0.0.0/0",
    ),
    "request's host as upstream": into(
        "request's host as upstream",
        "location /WORD/ {\n    resolver 127.0.0.53;\n    proxy_pass http://$arg_host;\n}",
        "proxy-to-any-host",
        "$arg_host",
    ),
    "variable upstream without resolver": into(
        "variable upstream without resolver",
        "location /WORD/ {\n    set $where_WORD WORD.example.test;\n"
        "    proxy_pass http://$where_WORD;\n}",
        "resolver-missing",
        "resolver",
    ),
    "open redirect": into(
        "open redirect",
        "location = /WORD {\n    return 302 $arg_next;\n}",
        "open-redirect",
        "$arg_next",
    ),
    "redirect loop": redirect_loop,
    "merge_slashes off": into(
        "merge_slashes off",
        "merge_slashes off;",
        "request-smuggling merge-slashes",
        "merge_slashes",
    ),
    "invalid headers kept": into(
        "invalid headers kept",
        "ignore_invalid_headers off;",
        "request-smuggling",
        "ignore_invalid_headers",
    ),
    "underscores in headers": into(
        "underscores in headers",
        "underscores_in_headers on;",
        "request-smuggling",
        "underscores",
    ),
    "cache key without host": swap(
        "cache key without host",
        r"proxy_cache_key \$scheme\$host\$request_method\$request_uri;",
        "proxy_cache_key $request_uri;",
        "cache-key-incomplete",
        "cache",
        "key",
    ),
    "cache of cookies": swap(
        "cache of cookies",
        r"(?=proxy_cache_valid 200 10m;)",
        "proxy_ignore_headers Set-Cookie Cache-Control;\n        ",
        "cache-stores-cookies",
        "ookie",
    ),
    "websocket header gone": gone(
        "websocket header gone",
        r"proxy_set_header Upgrade \$http_upgrade;",
        "upgrade-incomplete",
        "Upgrade",
    ),
    "websocket version gone": swap(
        "websocket version gone",
        r"proxy_http_version 1\.1;(?=\s*proxy_set_header Upgrade)",
        "proxy_http_version 1.0;",
        "upgrade-incomplete",
        "proxy_http_version",
        "1.1",
        "HTTP/1.0",
    ),
    "keepalive lost": gone(
        "keepalive lost",
        r'proxy_http_version 1\.1;\s*proxy_set_header Connection "";'
        r"(?=\s*proxy_set_header Host \$host;\s*proxy_set_header X-Real-IP)",
        "upstream-keepalive-unused",
        "keepalive",
    ),
    "timeout too short": swap(
        "timeout too short",
        r"(?<=proxy_read_timeout )60s;",
        "1s;",
        "timeout-too-short",
        "timeout",
    ),
    "body size open": swap(
        "body size open",
        r"(?<=client_max_body_size )2m;",
        "0;",
        "body-limit-odd",
        "body",
    ),
    "hsts short": swap(
        "hsts short", r"max-age=31536000", "max-age=0", "hsts-value hsts-weakened", "max-age"
    ),
    "header misspelled": swap(
        "header misspelled",
        r"(?<=add_header )X-Content-Type-Options",
        "X-Content-Type-Option",
        "header-misspelled",
        "X-Content-Type-Option",
    ),
    "header value wrong": swap(
        "header value wrong",
        r"(?<=X-Frame-Options )DENY",
        "ALLOWALL",
        "header-value",
        "X-Frame-Options",
    ),
    "header value misspelled": swap(
        "header value misspelled",
        r"(?<=X-Content-Type-Options )nosniff",
        "nosnif",
        "header-value",
        "nosnif",
    ),
    "method pattern loose": into(
        "method pattern loose",
        "location /WORD/ {\n    if ($request_method !~ GET|POST) {\n        return 405;\n    }\n"
        "    return 204;\n}",
        "method-check",
        "request_method",
        "method",
    ),
    "map pattern order": beside(
        "map pattern order",
        "map $uri $place_WORD {\n    default 0;\n    ~^/WORD 1;\n    ~^/WORD/admin 2;\n}",
        "map-entry-shadowed",
        "/WORD",
    ),
    "php anywhere": into(
        "php anywhere",
        "location ~ \\.php {\n"
        "    fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;\n"
        "    fastcgi_pass 127.0.0.1:9000;\n}",
        "location-pattern-loose",
        ".php",
    ),
    "error_page loses the status": into(
        "error_page loses the status",
        "error_page 404 =200 /WORD.html;",
        "error-page-target",
        "200",
    ),
    "sub_filter of compressed answers": into(
        "sub_filter of compressed answers",
        "location /WORD/ {\n    gzip on;\n    gzip_types application/json;\n    sub_filter a b;\n"
        "    proxy_pass http://APP;\n}",
        "sub-filter-compressed",
        "sub_filter",
        "Accept-Encoding",
    ),
    "secrets in the log": beside(
        "secrets in the log",
        'log_format WORD "$remote_addr $http_authorization";',
        "log-holds-secrets",
        "authorization",
    ),
    "upstream certificate unchecked": upstream_unchecked,
}

# These need an nginx that speaks HTTP/3.
QUIC: dict[str, Operator] = {
    "quic without Alt-Svc": without_alt_svc,
    "quic without a TCP twin": gone(
        "quic without a TCP twin",
        r"listen \d+ ssl;(?=\n\s*listen \d+ quic)",
        "quic-without-tcp",
        "TCP",
    ),
    "Alt-Svc of another port": swap(
        "Alt-Svc of another port",
        r"(?<=add_header Alt-Svc 'h3=\":)(\d+)",
        lambda site, _: str(site.port()),
        "alt-svc-without-quic quic-without-alt-svc",
        "Alt-Svc",
    ),
}
