"""Faults that were written down after the rules, in other forms: what to expect of unseen ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.nginx.silent import beside, gone, into, swap

if TYPE_CHECKING:
    import re

    from bench.nginx.model import Operator, Site


def _split(site: Site, found: re.Match[str]) -> str:
    del site
    return f'add_header Content-Security-Policy\n        "{found[1]};\n         {found[2]}"'


OPERATORS: dict[str, Operator] = {
    "headers lost in an if": into(
        "headers lost in an if",
        "location /WORD/ {\n    if ($arg_debug) {\n        add_header X-Debug 1;\n    }\n"
        "    return 204;\n}",
        "header-inheritance",
        "X-Frame-Options",
        "Content-Security-Policy",
    ),
    "headers lost in a nested location": into(
        "headers lost in a nested location",
        "location /WORD/ {\n    location /WORD/deep/ {\n        expires 1d;\n"
        "        add_header Cache-Control public;\n        root /srv/WORD;\n    }\n"
        "    return 204;\n}",
        "header-inheritance",
        "X-Frame-Options",
        "Content-Security-Policy",
    ),
    "csp over two lines": swap(
        "csp over two lines",
        r'add_header Content-Security-Policy "(default-src [^;"]+); ([^"]+)"',
        _split,
        "header-broken header-value csp-invalid-source",
        "Content-Security-Policy",
        "line",
    ),
    "csp none beside others": swap(
        "csp none beside others",
        r"(?<=frame-ancestors )'none'(?=\" always)",
        "'none' https://a.example.test",
        "csp-none-with-others",
        "none",
    ),
    "csp only reported": swap(
        "csp only reported",
        r"add_header Content-Security-Policy(?= \"default-src 'self')",
        "add_header Content-Security-Policy-Report-Only",
        "csp-report-only header-removed",
        "eport",
        "Content-Security-Policy",
    ),
    "csp scheme as a source": swap(
        "csp scheme as a source",
        r"(?<=script-src 'self') https://cdn\.example\.test",
        " https: data:",
        "csp-weakened",
        "https:",
        "data:",
    ),
    "methods in a group, not anchored": into(
        "methods in a group, not anchored",
        "location /WORD/ {\n    if ($request_method ~ (DELETE|PUT)) {\n        return 405;\n    }\n"
        "    if ($request_method !~* (get|head)) {\n        return 405;\n    }\n    return 204;\n}",
        "method-check",
        "method",
    ),
    "limit_except names what it denies": swap(
        "limit_except names what it denies",
        r"limit_except POST \{\s*deny all;",
        "limit_except POST PUT DELETE {\n            deny all;",
        "limit-except-ineffective method-limit-lost",
        "PUT",
        "DELETE",
        "limit_except",
    ),
    "alias without a slash at its end": swap(
        "alias without a slash at its end",
        r"alias (/srv/\w+/assets)/;",
        r"alias \1;",
        "alias-traversal alias-slash alias-without-slash",
        "assets",
    ),
    "origins with a wildcard port": swap(
        "origins with a wildcard port",
        r'"https://app\.(\w+)\.example\.test" \$http_origin;',
        r'"~^https://.*\\.\1\\.example\\.test" $http_origin;',
        "cors-origin-pattern",
        "example",
    ),
    "null origin": swap(
        "null origin",
        r'(?="https://app\.\w+\.example\.test" \$http_origin;)',
        '"null" $http_origin;\n    ',
        "cors-origin-pattern cors-origin-value cors-reflected-origin cors-widened cors-null-origin",
        "null",
    ),
    "host from a header": into(
        "host from a header",
        "location /WORD/ {\n    resolver 127.0.0.53;\n"
        "    proxy_pass http://$http_x_target$request_uri;\n}",
        "proxy-to-any-host",
        "$http_x_target",
    ),
    "host captured from the path": into(
        "host captured from the path",
        "location ~ ^/WORD/([^/]+)/(.*)$ {\n    resolver 127.0.0.53;\n"
        "    proxy_pass http://$1/$2;\n}",
        "proxy-to-any-host uri-splits-header",
        "$1",
    ),
    "redirect to an argument by rewrite": into(
        "redirect to an argument by rewrite",
        "location /WORD {\n    rewrite ^ $arg_url redirect;\n}",
        "open-redirect",
        "$arg_url",
    ),
    "decoded path in a rewrite": into(
        "decoded path in a rewrite",
        "location /WORD/ {\n    rewrite ^ https://www.example.test$uri permanent;\n}",
        "uri-splits-header",
        "$uri",
    ),
    "captured path in a header": into(
        "captured path in a header",
        "location ~ ^/WORD/([^/]+)$ {\n    proxy_set_header X-Path $1;\n    proxy_pass http://APP;\n}",
        "uri-splits-header",
        "$1",
    ),
    "client's address claimed": beside(
        "client's address claimed",
        "limit_req_zone $http_x_forwarded_for zone=WORD:1m rate=5r/s;",
        "limit-key-claimed",
        "orwarded",
    ),
    "limit replaced by a smaller one": into(
        "limit replaced by a smaller one",
        "location /WORD/ {\n    client_max_body_size 10;\n    proxy_pass http://APP;\n}",
        "body-limit-odd body-limit-small",
        "10",
    ),
    "return before access": into(
        "return before access",
        "location /WORD/ {\n    allow 10.0.0.0/8;\n    deny all;\n    return 200 secret;\n}",
        "access-skipped-by-return return-before-access",
        "return",
    ),
    "TLS 1.3 gone with QUIC kept off": swap(
        "TLS 1.3 gone with QUIC kept off",
        r"ssl_protocols TLSv1\.2 TLSv1\.3;",
        "ssl_protocols TLSv1.1 TLSv1.2;",
        "tls-old-protocol",
        "TLSv1.1",
    ),
    "HSTS without its subdomains": swap(
        "HSTS without its subdomains",
        r"max-age=31536000; includeSubDomains",
        "max-age=31536000",
        "hsts-weakened hsts-value",
        "includeSubDomains",
    ),
    "CSRF header no longer passed": gone(
        "CSRF header no longer passed",
        r"proxy_set_header X-Forwarded-Proto \$scheme;",
        "proxy-header-removed",
        "X-Forwarded-Proto",
    ),
    "named location gone": swap(
        "named location gone",
        r"location @down_(\w+) \{",
        r"location @gone_\1 {",
        "named-location-missing",
        "@down",
    ),
    "dotfiles served": into(
        "dotfiles served",
        "location /WORD/ {\n    alias /;\n}",
        "root-exposes-system",
        "alias",
        "/",
    ),
    "error page on another host": into(
        "error page on another host",
        "error_page 404 http://WORD.other.test/404.html;",
        "error-page-elsewhere error-page-target",
        "WORD.other.test",
    ),
    "cached for everybody": swap(
        "cached for everybody",
        r"proxy_cache_valid 200 10m;",
        "proxy_cache_valid any 10m;",
        "cache-stores-errors cache-stores-cookies",
        "any",
        "error",
    ),
}
