"""A careful site of our own among a real configuration's servers, so that every fault has a place.

Names, ports and the order of its parts are new each time.
"""

from __future__ import annotations

import re

from bench.nginx.model import Site
from workflow.semantics import nginx

_SHARED = """\
upstream app_{w} {{
    server 127.0.0.1:{p1};
    keepalive 8;
}}
map $http_upgrade $up_{w} {{
    default upgrade;
    "" "";
}}
map $http_origin $cors_{w} {{
    default "";
    "https://app.{w}.example.test" $http_origin;
}}
limit_req_zone $binary_remote_addr zone=req_{w}:1m rate=10r/s;
proxy_cache_path /var/cache/nginx/{w} keys_zone=pages_{w}:1m;
"""
_SERVER = """\
server {{
    listen {p2} ssl;
    listen {p2} quic reuseport;
    server_name {w}.example.test;
    ssl_certificate /etc/ssl/{w}/cert.pem;
    ssl_certificate_key /etc/ssl/{w}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers HIGH:!aNULL:!MD5;
    server_tokens off;
    client_max_body_size 2m;
    root /srv/{w}/public;
    error_page 502 504 @down_{w};
    add_header X-Frame-Options DENY always;
    add_header X-Content-Type-Options nosniff always;
    add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
    add_header Content-Security-Policy "{policy}" always;
    add_header Alt-Svc 'h3=":{p2}"; ma=86400' always;
{locations}
}}"""
_POLICY = (
    "default-src 'self'; script-src 'self' https://cdn.example.test; connect-src 'self'; "
    "frame-ancestors 'none'"
)
_PLAIN = """\
server {{
    listen {p3};
    server_name {w}.example.test;
    return 301 https://{w}.example.test:{p2}$request_uri;
}}"""
_LOCATIONS = (
    """\
    location /api/ {{
        proxy_pass http://app_{w};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_read_timeout 60s;
        limit_req zone=req_{w} burst=20 nodelay;
    }}""",
    """\
    location /assets/ {{
        alias /srv/{w}/assets/;
        autoindex off;
        expires 30d;
    }}""",
    """\
    location /admin/ {{
        allow 10.0.0.0/8;
        deny all;
        auth_basic "staff";
        auth_basic_user_file /etc/nginx/{w}.htpasswd;
        proxy_pass http://app_{w};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}""",
    """\
    location = /collect {{
        limit_except POST {{
            deny all;
        }}
        client_max_body_size 64k;
        proxy_pass http://app_{w};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}""",
    """\
    location /ws/ {{
        proxy_pass http://app_{w};
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $up_{w};
        proxy_set_header Host $host;
        proxy_read_timeout 3600s;
    }}""",
    """\
    location /share/ {{
        add_header Access-Control-Allow-Origin $cors_{w} always;
        add_header Access-Control-Allow-Credentials true always;
        add_header Vary Origin always;
        add_header X-Frame-Options DENY always;
        add_header X-Content-Type-Options nosniff always;
        add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
        add_header Content-Security-Policy "default-src 'none'; frame-ancestors 'none'" always;
        add_header Alt-Svc 'h3=":{p2}"; ma=86400' always;
        if ($request_method = OPTIONS) {{
            add_header Access-Control-Allow-Origin $cors_{w} always;
            add_header Access-Control-Allow-Credentials true always;
            add_header Access-Control-Allow-Methods "GET, POST" always;
            add_header Vary Origin always;
            add_header X-Frame-Options DENY always;
            add_header X-Content-Type-Options nosniff always;
            add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
            add_header Content-Security-Policy "default-src 'none'; frame-ancestors 'none'" always;
            add_header Alt-Svc 'h3=":{p2}"; ma=86400' always;
            return 204;
        }}
        proxy_pass http://app_{w};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}""",
    """\
    location /pages/ {{
        proxy_cache pages_{w};
        proxy_cache_key $scheme$host$request_method$request_uri;
        proxy_cache_valid 200 10m;
        proxy_pass http://app_{w};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}""",
    """\
    location = /status {{
        stub_status;
        allow 127.0.0.1;
        deny all;
    }}""",
    """\
    location /old/ {{
        return 301 https://{w}.example.test:{p2}/new$request_uri;
    }}""",
    """\
    location /private/ {{
        internal;
        alias /srv/{w}/private/;
    }}""",
)
_LAST = """\
    location ~ ^/img/secret/ {{
        deny all;
    }}
    location ~ ^/img/.*\\.(?:png|jpg)$ {{
        expires 7d;
    }}
    location / {{
        try_files $uri $uri/ @app_{w};
    }}
    location @app_{w} {{
        proxy_pass http://app_{w};
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }}
    location @down_{w} {{
        internal;
        return 503;
    }}"""


def prepared(site: Site, *, quic: bool = False) -> Site | None:
    """The configuration with a careful site in front of its first server, if it has one.

    With `quic` the site speaks HTTP/3, which needs an nginx that can.
    """
    servers = sorted(site.servers(), key=lambda one: one.directive.span.start)
    if not servers:
        return None
    ports = {f"p{n}": site.port() for n in (1, 2, 3)}
    locations = list(_LOCATIONS)
    site.rng.shuffle(locations)
    own = "\n".join((*locations, _LAST))
    text = "\n".join((_SHARED + _SERVER.replace("{locations}", own), _PLAIN))
    filled = text.format(w=site.word(), policy=_POLICY, **ports)
    if not quic:
        filled = re.sub(r"(?m)^.*(?: quic |Alt-Svc).*\n", "", filled)
    return Site(site.rng, site.beside(servers[0].directive, filled))


def own_server(site: Site) -> nginx.Directive | None:
    """The careful site's TLS server in a configuration that `prepared` made."""
    for spot in site.servers():
        block = spot.directive
        names = [word.value for one in _named(block, "server_name") for word in one.args]
        if _named(block, "ssl_certificate") and any(one.endswith(".example.test") for one in names):
            return block
    return None


def _named(block: nginx.Directive, name: str) -> tuple[nginx.Directive, ...]:
    return nginx.directives(block.children, name)
