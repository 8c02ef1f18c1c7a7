"""What the routing rules find, and what they leave alone, beyond their own samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.semantics.rules.routing_cases import DOUBT, FAULT, TO_APP, in_site

if TYPE_CHECKING:
    from workflow.semantics.nginx.fault import Level

FOUND = [
    ("alias-traversal", "location /s/ { alias /x/s; }", FAULT, "/x/sa.css"),
    ("alias-traversal", "location ^~ /s { alias /x/s/; }", FAULT, "/x/s/../x"),
    ("alias-traversal", "location /s/ { alias /x/y.html; }", DOUBT, "glued"),
    ("alias-in-regex", "location ~ ^/s(.*) { alias /x/$1; }", FAULT, "leaves the folder"),
    ("location-never-matches", "location .well-known { return 404; }", FAULT, "begins with"),
    ("location-never-matches", "location ~ ^api { return 404; }", FAULT, "^api"),
    ("location-never-matches", "location = /a?b=1 { return 404; }", FAULT, "query"),
    ("location-never-matches", "location /a/* { return 404; }", FAULT, "wildcard"),
    ("location-never-matches", "location /a%20b { return 404; }", FAULT, "%20"),
    ("location-never-matches", "location /a//b { return 404; }", FAULT, "double slashes"),
    ("location-never-matches", "location /a.php$ { return 404; }", FAULT, "ends no pattern"),
    (
        "location-shadowed",
        "location ~ .* { return 404; } location ~ ^/a { return 403; }",
        FAULT,
        "`location ~ .*` stands before it",
    ),
    (
        "location-shadowed",
        "location ~* x$ { return 404; } location ~ x$ { return 403; }",
        FAULT,
        "never reached",
    ),
    (
        "location-shadowed",
        r"location ^~ /s/ { root /x; } location ~ ^/s/.*\.php$ { return 403; }",
        FAULT,
        "forbids patterns",
    ),
    ("location-pattern-loose", "location ~ \\.php { fastcgi_pass 127.0.0.1:1; }", DOUBT, "no `$`"),
    ("location-pattern-loose", "location ~* .(js|css)$ { root /x; }", DOUBT, "any character"),
    ("proxy-pass-slash", "location /api/ { proxy_pass http://127.0.0.1:1/v1; }", FAULT, "`/v1x`"),
    ("proxy-pass-slash", "location / { set $b 127.0.0.1; proxy_pass http://$b/; }", FAULT, "alone"),
    ("named-location-missing", "error_page 502 @down;", FAULT, "@down"),
    ("try-files-last-argument", "location / { try_files $uri 404; }", DOUBT, "`404`"),
    ("try-files-last-argument", "location / { try_files $uri index.html; }", FAULT, "`index.html`"),
    ("error-page-target", "error_page 500 =200 /ok.html;", DOUBT, "200"),
    ("if-content", f"location / {{ if ($arg_a) {{ {TO_APP} }} return 404; }}", DOUBT, "proxy_pass"),
    ("method-check", "if ($request_method = GET|POST) { return 405; }", FAULT, "never holds"),
    ("method-check", "if ($request_method != 'GET|POST') { return 405; }", FAULT, "every request"),
    ("method-check", "if ($request_method !~ ^GET|POST$) { return 405; }", DOUBT, "XGET"),
    (
        "method-check",
        "if ($request_method != GET) { return 405; } if ($request_method != PUT) { return 405; }",
        FAULT,
        "GET and PUT at once",
    ),
    (
        "limit-except-ineffective",
        f"location / {{ limit_except GET {{ allow all; deny all; }} {TO_APP} }}",
        FAULT,
        "refuses nobody",
    ),
    ("uri-splits-header", "add_header X-Path $document_uri;", FAULT, "$document_uri"),
    ("uri-splits-header", "rewrite ^ https://b.example.test$uri permanent;", FAULT, "$uri"),
    ("uri-splits-header", "location / { proxy_pass http://127.0.0.1:1$uri; }", FAULT, "splits"),
    ("uri-splits-header", "location ~ ^/a/([^/]+)$ { return 302 /b/$1; }", DOUBT, "captured"),
    ("open-redirect", "return 302 https://$arg_to/;", FAULT, "$arg_to"),
    ("open-redirect", "rewrite ^/(.*)$ https://b.example.test$1 permanent;", FAULT, "no slash"),
    ("rewrite-never-matches", r"rewrite ^/a\?b=1$ /c last;", FAULT, "query"),
    ("redirect-loop", "return 301 http://a.example.test:8080$request_uri;", FAULT, "comes by http"),
    (
        "redirect-loop",
        "location /a/ { return 301 http://a.example.test:8080$request_uri; }",
        FAULT,
        "address that it came to",
    ),
    ("server-name-never-matches", "server_name https://b.example.test;", FAULT, "://"),
    ("proxy-to-any-host", "location / { set $b $arg_x; proxy_pass http://$b; }", FAULT, "$arg_x"),
    ("proxy-to-any-host", "location ~ ^/p/(.+)$ { proxy_pass http://$1; }", FAULT, "$1"),
    ("proxy-to-any-host", "location / { proxy_pass http://$arg_x.example.test; }", DOUBT, "$arg_x"),
    ("resolver-missing", "location / { proxy_pass http://$host; }", DOUBT, "resolver"),
    (
        "upgrade-incomplete",
        f"location / {{ proxy_set_header Connection upgrade; {TO_APP} }}",
        FAULT,
        "Upgrade",
    ),
    (
        "upgrade-incomplete",
        (
            "location / { proxy_http_version 1.0; proxy_set_header Connection upgrade;"
            f" proxy_set_header Upgrade $http_upgrade; {TO_APP} }}"
        ),
        FAULT,
        "proxy_http_version",
    ),
    ("timeout-too-short", "proxy_read_timeout 500ms;", DOUBT, "500ms"),
    ("timeout-too-short", "fastcgi_connect_timeout 0s;", FAULT, "at once"),
    ("body-limit-odd", "client_max_body_size 0;", DOUBT, "any size"),
    ("request-smuggling", "merge_slashes off;", DOUBT, "//admin"),
    ("request-smuggling", "underscores_in_headers on;", DOUBT, "X_Real_IP"),
    (
        "request-smuggling",
        f"location / {{ proxy_pass_request_body off; {TO_APP} }}",
        DOUBT,
        "length",
    ),
    ("uri-splits-header", "set $b $uri; add_header X-Path a$b;", FAULT, "$uri"),
    ("uri-splits-header", "location ~ ^/a/([^/]+)$ { proxy_pass http://b/$1; }", DOUBT, "captured"),
    ("proxy-to-any-host", "location ~ ^/p/(?<to>.*)$ { proxy_pass $to; }", FAULT, "$to"),
    ("proxy-to-any-host", "location / { fastcgi_pass $arg_to; }", FAULT, "$arg_to"),
    ("return-before-access", "deny all; location /a { return 200 ok; }", DOUBT, "block around"),
    (
        "fastcgi-path-info",
        r"location ~ \.php(/|$) { fastcgi_pass 127.0.0.1:1; }",
        DOUBT,
        "/upload/a.jpg/x.php",
    ),
    ("redirect-loop", "location /a/ { return 302 $request_uri; }", FAULT, "every request"),
    ("redirect-loop", "return 301 http://$host:$server_port$request_uri;", FAULT, "by http"),
    ("method-check", "if ($request_method !~* (get|head)) { return 405; }", DOUBT, "Xget"),
    ("uri-splits-header", "return https://b.example.test$uri;", FAULT, "$uri"),
    ("uri-splits-header", "location ~ ^/a/([^/]+)$ { add_header X-A $1; }", DOUBT, "captured"),
    ("capture-missing", r"rewrite ^/\((a|(?:b))[(]$ /$2 last;", FAULT, "only 1"),
    ("capture-missing", r"location ~ ^/a { alias /x/$1; }", FAULT, "none"),
    ("cache-key-incomplete", "proxy_cache_key $request_uri;", DOUBT, "host"),
    ("return-before-access", "auth_basic x; return 200 ok;", FAULT, "auth_basic"),
]  # fmt: skip - one case a line reads best


@pytest.mark.parametrize(("rule", "text", "level", "said"), FOUND)
def test_a_fault_in_a_server_is_found_once_with_its_cause(
    rule: str, text: str, level: Level, said: str
) -> None:
    """Each faulty server has exactly one fault of the rule, at its level, in the right words."""
    faults = in_site(rule, text)
    assert [one.level for one in faults] == [level]
    assert said in faults[0].cause
    assert faults[0].fix


LEFT_ALONE = [
    ("alias-traversal", "location /favicon.ico { alias /x/favicon.ico; }"),
    ("alias-traversal", "location = /s { alias /x/s/; }"),
    ("alias-traversal", "location /s { alias /x/s; }"),
    ("alias-traversal", "location /{{ name }} { alias /x/; }".replace("{{ name }}", "__PATH__")),
    ("alias-in-regex", r"location ~ ^/(favicon\.ico)$ { alias /x/favicon.ico; }"),
    ("root-repeats-location", "location / { root /; }"),
    ("location-never-matches", "location @app { return 404; }"),
    ("location-never-matches", "location %(url)s { return 404; }"),
    ("location-never-matches", "merge_slashes off; location /a//b { return 404; }"),
    ("location-shadowed", "location ~ x$ { return 404; } location ~* x$ { return 403; }"),
    (
        "location-shadowed",
        (
            r"location ^~ /s/ { root /x; } location /s/p/ { root /y; }"
            r" location ~ ^/s/.*\.php$ { return 403; }"
        ),
    ),
    ("location-pattern-loose", r"location ~ ^/robots.txt$ { root /x; }"),
    ("location-pattern-loose", r"location ~ /\.ht { deny all; }"),
    ("location-pattern-loose", r"location ~ \.php(/|$) { fastcgi_pass 127.0.0.1:1; }"),
    ("proxy-pass-slash", "location /api { proxy_pass http://127.0.0.1:1; }"),
    ("proxy-pass-slash", "location /api { proxy_pass http://127.0.0.1:1/v1; }"),
    ("proxy-pass-slash", "location = /api { proxy_pass http://127.0.0.1:1/; }"),
    ("proxy-pass-slash", "location /i/ { proxy_pass http://127.0.0.1:1/get?u=; }"),
    ("proxy-pass-slash", "location /a/ { rewrite ^/a/(.*) /$1 break; proxy_pass http://b/c; }"),
    ("proxy-loop", "location / { proxy_pass http://127.0.0.1:8081; }"),
    ("named-location-missing", "error_page 502 /50x.html;"),
    ("try-files-last-argument", "location / { try_files $uri $uri/ /index.html; }"),
    ("try-files-last-argument", "location / { try_files $uri =404; }"),
    ("if-loses-try-files", "location / { if ($arg_a) { return 403; } try_files $uri =404; }"),
    ("if-content", f"location / {{ if ($arg_a) {{ set $b 1; }} {TO_APP} }}"),
    ("if-content", "if ($arg_a) { set $b 1; }"),
    ("method-check", "if ($request_method !~ ^(GET|POST)$) { return 405; }"),
    ("method-check", "if ($request_method !~ ^GET$) { return 405; }"),
    ("limit-except-ineffective", "location / { limit_except GET { allow ::1; deny all; } }"),
    ("limit-except-ineffective", "location / { limit_except GET { auth_basic staff; } }"),
    (
        "method-check",
        (
            "if ($request_method != GET) { set $a 1; }"
            "if ($request_method != PUT) { return 405; }"
            "if ($request_method != PUT) { return 404; }"
        ),
    ),
    ("limit-except-ineffective", "limit_except GET;"),
    ("limit-except-ineffective", "location / { limit_except GET { allow all; auth_basic x; } }"),
    ("limit-except-ineffective", "location / { deny all; limit_except GET { } }"),
    ("uri-splits-header", "return 200 $uri;"),
    ("uri-splits-header", "location / { try_files $uri =404; }"),
    ("uri-splits-header", "rewrite ^/a /b$uri last;"),
    ("redirect-loop", "return 301 https://$host$request_uri;"),
    ("redirect-loop", "return 301 http://c.example.test:8080$request_uri;"),
    ("redirect-loop", "return 301 http://$http_host/other;"),
    ("redirect-loop", "return 301 $scheme://$host$request_uri;"),
    ("redirect-loop", "if ($https) { break; } return 301 http://$http_host$request_uri;"),
    ("uri-splits-header", r"location ~ ^/a/([^/\r\n]+)$ { return 302 /b/$1; }"),
    ("redirect-loop", "return 301 https://b.example.test$request_uri;"),
    ("redirect-loop", "if ($scheme = http) { return 301 http://$http_host$request_uri; }"),
    ("open-redirect", "return 302 /login?next=$arg_next;"),
    ("rewrite-loop", "location /a/ { rewrite ^/a/(.*)$ /b/$1 last; }"),
    ("server-name-never-matches", r"server_name ~^(www\.)?a\.example\.test$ *.b.example.test;"),
    ("proxy-to-any-host", "location / { set $b 127.0.0.1; proxy_pass http://$b; }"),
    ("proxy-to-any-host", "location ~ ^/(one|two)/ { proxy_pass http://$1; }"),
    ("proxy-to-any-host", "location / { proxy_pass http://127.0.0.1:1$request_uri; }"),
    ("resolver-missing", "location / { set $b 127.0.0.1:1; proxy_pass http://$b; }"),
    ("resolver-missing", "location / { set $b unix:/run/x; proxy_pass http://$b; }"),
    ("uri-splits-header", "set $b $request_uri; add_header X-Path a$b;"),
    ("uri-splits-header", "rewrite ^ $request_uri; location / { proxy_pass http://b$uri; }"),
    ("limit-except-ineffective", f"location / {{ limit_except GET {{ {TO_APP} }} }}"),
    ("fastcgi-path-info", r"location ~ ^/app/.*\.php(/|$) { fastcgi_pass 127.0.0.1:1; }"),
    ("fastcgi-script-missing", r"include fastcgi_params; location ~ \.php$ { fastcgi_pass b; }"),
    ("redirect-loop", "return 301 https://$host:$server_port$request_uri;"),
    ("capture-missing", "rewrite ^/(?<name>a)(b)$ /$2 last;"),
    ("return-before-access", "auth_basic x; location /a { auth_basic off; return 200 ok; }"),
    ("timeout-too-short", "proxy_read_timeout 5s; send_timeout 0; keepalive_timeout 0;"),
    ("body-limit-odd", "client_max_body_size 8k;"),
    ("request-smuggling", 'proxy_set_header Content-Length ""; proxy_pass_request_body off;'),
    ("return-before-access", "deny all; return 404;"),
    ("sub-filter-compressed", "location / { sub_filter a b; root /x; }"),
]  # fmt: skip - one case a line reads best


@pytest.mark.parametrize(("rule", "text"), LEFT_ALONE)
def test_what_is_right_or_often_meant_is_left_alone(rule: str, text: str) -> None:
    """A rule says nothing of what works."""
    assert in_site(rule, text) == []
