"""Realistic nginx trees, each as a repository has it, and patches that break them."""

from __future__ import annotations

from dataclasses import dataclass

MAIN = """\
user www-data;
worker_processes auto;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log warn;
include /etc/nginx/modules-enabled/*.conf;

events {
    worker_connections 768;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    log_format main '$remote_addr "$request" $status';
    access_log /var/log/nginx/access.log main;
    sendfile on;
    include /etc/nginx/conf.d/*.conf;
    include /etc/nginx/sites-enabled/*;
}
"""
SITE = """\
upstream api { server app:8000; keepalive 8; }

server {
    listen 443 ssl;
    listen [::]:443 ssl;
    http2 on;
    server_name example.com;
    ssl_certificate /etc/letsencrypt/live/example.com/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/example.com/privkey.pem;
    ssl_dhparam /etc/ssl/dhparam.pem;
    add_header X-Frame-Options DENY always;
    location / { proxy_pass http://api; proxy_set_header Host $host; }
    location = /healthz { access_log off; return 200 "ok"; }
}
"""
SNIPPET = """\
add_header X-Content-Type-Options nosniff always;
add_header Referrer-Policy no-referrer always;
"""
LOCATION = """\
location /static/ {
    alias /srv/app/static/;
    expires 7d;
}
location @app { proxy_pass http://127.0.0.1:8000; }
"""
SELF_CONTAINED = """\
events {}
http {
    server {
        listen 127.0.0.1:8080;
        location / { return 204; }
    }
}
"""


@dataclass(frozen=True, slots=True)
class Edit:
    """A tree and one textual edit of one of its files."""

    files: dict[str, str]
    path: str
    old: str
    new: str

    @property
    def patched(self) -> dict[str, str]:
        """Return the tree with the edit made."""
        text = self.files[self.path]
        assert self.old in text
        return {**self.files, self.path: text.replace(self.old, self.new, 1)}


FULL = {
    "nginx/nginx.conf": MAIN,
    "nginx/sites-enabled/example.conf": SITE,
    "nginx/conf.d/gzip.conf": "gzip on;\ngzip_types text/css;\n",
    "README.md": "# configuration\n",
}
LINKED = {
    "etc/nginx/nginx.conf": MAIN,
    "etc/nginx/sites-available/example": SITE,
    "etc/nginx/sites-enabled/example": "link to: ../sites-available/example",
}
LINKED_ABSOLUTE = {
    **LINKED,
    "etc/nginx/sites-enabled/example": "link to: /etc/nginx/sites-available/example",
}
DROP_IN = {"deploy/site_nginx.conf": SITE, "app.py": "print(1)\n"}
RELATIVE = {
    "conf/nginx.conf": "events {}\nhttp {\n  include mime.types;\n  include sites/*.conf;\n}\n",
    "conf/sites/a.conf": "server { listen 80; include proxy_params; root /srv/a; }\n",
}
OPENRESTY_FOLDER = "/usr/local/openresty/nginx"
OPENRESTY = {
    "nginx/nginx.conf": f"events {{}}\nhttp {{ include {OPENRESTY_FOLDER}/conf/sites/*.conf; }}\n",
    "nginx/sites/a.conf": f"server {{ listen 80; access_log {OPENRESTY_FOLDER}/logs/a.log; }}\n",
}
ADDRESSES = {
    "nginx.conf": (
        "events {}\nhttp {\n  server { listen 203.0.113.5:80; listen [2001:db8::5]:443; }\n"
        "  server { listen unix:/run/app/web.sock; }\n}\n"
    )
}
CACHE = {
    "nginx.conf": (
        "events {}\nhttp {\n  proxy_cache_path /data/nginx/cache keys_zone=one:1m;\n"
        "  client_body_temp_path /data/nginx/body;\n"
        "  server { listen 80; access_log logs/site.log; location / { proxy_cache one;\n"
        "    proxy_pass http://backend.internal:9000; auth_basic x;\n"
        "    auth_basic_user_file /etc/nginx/htpasswd; } }\n}\n"
    )
}
STREAM = {
    "nginx/stream.d/db.conf": (
        "upstream db { server db1:5432; }\nserver { listen 5432; proxy_pass db; }\n"
    )
}
MUTUAL_TLS = {
    "nginx/conf.d/mtls.conf": (
        "server {\n  listen 8443 ssl;\n  ssl_certificate certs/server.crt;\n"
        "  ssl_certificate_key certs/server.key;\n  ssl_client_certificate certs/ca.crt;\n"
        "  ssl_verify_client on;\n  ssl_session_ticket_key certs/ticket.key;\n}\n"
    )
}
SHARED = {
    "sites-enabled/app": (
        "server {\n  listen 80;\n  access_log /var/log/nginx/app.log main;\n"
        "  limit_req zone=login burst=5;\n  limit_conn perip 10;\n"
        "  location / { proxy_set_header Connection $connection_upgrade; proxy_cache static;\n"
        "    proxy_pass http://127.0.0.1:3000; }\n}\n"
    )
}

PASSING = {
    "full tree": Edit(FULL, "nginx/sites-enabled/example.conf", "DENY", "SAMEORIGIN"),
    "main file": Edit(FULL, "nginx/nginx.conf", "768", "1024"),
    "linked site": Edit(LINKED, "etc/nginx/sites-available/example", '"ok"', '"fine"'),
    "absolute link": Edit(LINKED_ABSOLUTE, "etc/nginx/sites-available/example", '"ok"', '"fine"'),
    "drop-in site": Edit(DROP_IN, "deploy/site_nginx.conf", "DENY", "SAMEORIGIN"),
    "snippet": Edit(
        {"nginx/snippets/headers.conf": SNIPPET},
        "nginx/snippets/headers.conf",
        "nosniff",
        '"nosniff"',
    ),
    "locations": Edit(
        {"ops/nginx/app.locations.conf": LOCATION}, "ops/nginx/app.locations.conf", "7d", "30d"
    ),
    "relative includes": Edit(RELATIVE, "conf/sites/a.conf", "listen 80", "listen 81"),
    "other prefix": Edit(OPENRESTY, "nginx/sites/a.conf", "listen 80", "listen 81"),
    "foreign addresses": Edit(ADDRESSES, "nginx.conf", ":80;", ":81;"),
    "folders and cache": Edit(CACHE, "nginx.conf", "listen 80;", "listen 8080;"),
    "stream": Edit(STREAM, "nginx/stream.d/db.conf", "listen 5432", "listen 15432"),
    "mutual TLS": Edit(MUTUAL_TLS, "nginx/conf.d/mtls.conf", "8443", "9443"),
    "names from elsewhere": Edit(SHARED, "sites-enabled/app", "burst=5", "burst=9"),
    "tabs and CRLF": Edit(
        {"site.conf": SITE.replace("    ", "\t").replace("\n", "\r\n")},
        "site.conf",
        "DENY",
        "SAMEORIGIN",
    ),
    "self-contained": Edit({"nginx.conf": SELF_CONTAINED}, "nginx.conf", "204", "200"),
    "no events block": Edit(
        {"nginx.conf": SELF_CONTAINED.replace("events {}\n", "")}, "nginx.conf", "204", "200"
    ),
}

_SITE = "nginx/sites-enabled/example.conf"
# Each with the words that must be in the summary.
BROKEN = {
    "missing semicolon": (Edit(FULL, _SITE, "http2 on;", "http2 on"), "invalid number of arg"),
    "unknown directive": (
        Edit(FULL, _SITE, "proxy_pass http", "proxy_pas http"),
        'unknown directive "proxy_pas"',
    ),
    "lost brace": (Edit(FULL, _SITE, '"ok"; }', '"ok";'), "unexpected end of file"),
    "spare brace": (Edit(FULL, _SITE, '"ok"; }', '"ok"; } }}'), 'unexpected "}"'),
    "upstream name": (
        Edit(FULL, _SITE, "http://api;", "http://apj;"),
        'host not found in upstream "apj"',
    ),
    "upstream server": (Edit(FULL, _SITE, "app:8000", "aap:8000"), '"aap:8000"'),
    "certificate path": (Edit(FULL, _SITE, "fullchain.pem", "fulchain.pem"), "fulchain.pem"),
    "key path": (Edit(DROP_IN, "deploy/site_nginx.conf", "privkey", "privatekey"), "privatekey"),
    "include path": (Edit(FULL, "nginx/nginx.conf", "mime.types", "mimes.types"), "mimes.types"),
    "account": (Edit(FULL, "nginx/nginx.conf", "www-data", "wwww-data"), 'getpwnam("wwww-data")'),
    "variable": (Edit(DROP_IN, "deploy/site_nginx.conf", "$host", "$hots"), '"hots" variable'),
    "wrong context": (
        Edit(FULL, "nginx/conf.d/gzip.conf", "gzip on;", "listen 80;"),
        '"listen" directive is not allowed here',
    ),
    "bad value": (Edit(FULL, "nginx/nginx.conf", "768", "many"), "invalid number"),
    "bad flag": (
        Edit(FULL, "nginx/conf.d/gzip.conf", "gzip on", "gzip yes"),
        'invalid value "yes"',
    ),
    "duplicate location": (Edit(FULL, _SITE, "= /healthz", "/"), 'duplicate location "/"'),
    "log folder": (
        Edit(FULL, "nginx/nginx.conf", "/var/log/nginx/access", "/var/logs/nginx/access"),
        "/var/logs/nginx/access.log",
    ),
    "log format": (
        Edit(FULL, "nginx/nginx.conf", "access.log main", "access.log mian"),
        'unknown log format "mian"',
    ),
    "port": (Edit(ADDRESSES, "nginx.conf", ":80;", ":800000;"), "invalid port"),
    "snippet typo": (
        Edit(
            {"nginx/snippets/headers.conf": SNIPPET},
            "nginx/snippets/headers.conf",
            "add_header R",
            "add_headers R",
        ),
        'unknown directive "add_headers"',
    ),
    "password in the include": (
        Edit(FULL, "nginx/nginx.conf", "/etc/nginx/mime.types", "/etc/shadow"),
        "/etc/shadow",
    ),
}
