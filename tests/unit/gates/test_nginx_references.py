from __future__ import annotations

import sys
from pathlib import Path

import pytest

from workflow.gates.nginx import inventory, references
from workflow.gates.nginx.manifest import Kind, Shim
from workflow.gates.nginx.source import Source
from workflow.semantics.nginx.expanded import load
from workflow.semantics.nginx.files import Texts

# The bare `pytest` command does not put the repository on the path.
sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.unit.gates.cases import tree

COMPOSE = """\
services:
  web: {image: x}
  store:
    container_name: store-1
    hostname: st
    links: ["web:alias-1", web]
    extra_hosts: {"legacy.internal": 10.0.0.1}
    networks: {back: {aliases: [db.internal]}, front: null}
  worker: null
"""


def found(text: str, context: str = "http", files: dict[str, str] | None = None) -> set[str]:
    """Return what stands in for a text in a block, each as `KIND value detail`."""
    texts = {"a.conf": text, **(files or {})}
    config = load(Texts(texts), "a.conf", context)
    home = references.Home(Source(tree(texts, "base")), "")
    shims = references.shims(config, home, is_part=True)
    return {f"{shim.kind.name} {shim.value} {shim.detail}".strip() for shim in shims}


@pytest.mark.parametrize(
    ("text", "shims"),
    [
        ("upstream a { server app:80; server 10.0.0.1:80; server unix:/x; }", {"HOST app"}),
        ("server { location / { proxy_pass http://app/x; } }", {"HOST app"}),
        ("upstream a { server 1.1.1.1; } server { location / { proxy_pass http://A; } }", set()),
        ("server { location / { proxy_pass http://$x; proxy_pass http://[::1]:1; } }", set()),
        ("server { location / { fastcgi_pass php; } }", {"HOST php", "UPSTREAM php"}),
        ("server { location / { uwsgi_pass uwsgi://up:1; } }", {"HOST up"}),
        ("resolver dns.internal:53 127.0.0.53 valid=5s;", {"HOST dns.internal"}),
        (
            "server { listen web.internal:80; listen 80; listen *:81; listen [::]:82; }",
            {"HOST web.internal"},
        ),
        ("server { listen unix:/run/app/web.sock; }", {"FOLDER /run/app"}),
        ("access_log /var/log/x/a.log main;", {"FOLDER /var/log/x", "LOG_FORMAT main"}),
        ("log_format main $host; access_log off; error_log stderr;", set()),
        ("access_log syslog:server=logs.internal:514,tag=x;", {"HOST logs.internal"}),
        ("access_log logs/$host.log;", set()),
        ("proxy_cache_path /data/c keys_zone=one:1m; proxy_cache one;", {"FOLDER /data"}),
        (
            "limit_req zone=one burst=5; limit_conn two 1;",
            {"REQUEST_ZONE one", "CONNECTION_ZONE two"},
        ),
        ("ssl_dhparam dh.pem;", {"PARAMETERS /etc/nginx/dh.pem"}),
        ("ssl_trusted_certificate ../ca.pem;", {"CERTIFICATE /ca.pem"}),
        ("include missing/x; include none/*.conf;", {"INCLUDE /etc/nginx/missing/x"}),
        (
            (
                "ssl_certificate a.rsa.crt; ssl_certificate_key a.rsa.key; ssl_certificate b.crt;"
                " ssl_certificate_key b.key;"
            ),
            {
                *("CERTIFICATE /etc/nginx/a.rsa.crt rsa", "KEY /etc/nginx/a.rsa.key rsa"),
                *("CERTIFICATE /etc/nginx/b.crt", "KEY /etc/nginx/b.key"),
            },
        ),
        (
            "ssl_ciphers ECDHE-RSA-AES128-SHA; ssl_certificate c; ssl_certificate_key k;",
            {"CERTIFICATE /etc/nginx/c rsa", "KEY /etc/nginx/k rsa"},
        ),
        ("ssl_certificate $x.crt; ssl_certificate_key data:$y;", set()),
        ("ssl_certificate /proc/x; ssl_certificate_key /lib/y;", set()),
    ],
)
def test_references_are_read(text: str, shims: set[str]) -> None:
    """Files, folders, hosts and names from elsewhere are found without asking nginx."""
    assert found(text) == shims


def test_file_of_the_tree_needs_nothing() -> None:
    """What the repository holds is used as it is."""
    pair = {"certs/a.crt": "x", "certs/a.key": "y"}
    text = "ssl_certificate certs/a.crt; ssl_certificate_key /etc/nginx/certs/a.key;"
    assert found(text, files=pair) == set()


def test_certificate_without_its_key_is_replaced_with_it() -> None:
    """A key that is rightly not in the repository fits the certificate that stands in."""
    text = "ssl_certificate a.crt; ssl_certificate_key a.key;"
    assert found(text, files={"a.crt": "x"}) == {
        "CERTIFICATE /etc/nginx/a.crt over",
        "KEY /etc/nginx/a.key",
    }


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        (
            "compose.yml",
            COMPOSE,
            {"web", "store", "store-1", "st", "legacy.internal", "db.internal"},
        ),
        ("x/docker-compose.dev.yaml", "services: {api: {}}", {"api"}),
        (
            "inventory/hosts",
            "[a]\nh1 ansible_host=h2\n[a:vars]\nh3=1\n# h4\n[b:children]\nh5\n",
            {"h1", "h2"},
        ),
        (
            "inventories/p/all.yml",
            "all: {children: {w: {hosts: {h1: {ansible_host: h2}}}}}",
            {"h1", "h2"},
        ),
        ("hosts.ini", "h1:2222 x=y\n", {"h1"}),
        ("compose.yml", "services: [a, b]", set()),
        ("compose.yml", "services: {a: &a [*a]}", set()),
        ("compose.yml", "a: b: c", set()),
        ("compose.yml", "services: !!python/object/apply:os.system [x]", set()),
        ("compose.yml", "[" * 250_000, set()),
        ("app/settings.yml", "services: {api: {}}", set()),
    ],
)
def test_inventory_is_read(path: str, text: str, names: set[str]) -> None:
    """Compose files and both forms of Ansible's inventory name hosts; hostile ones name none."""
    source = Source(tree({path: text}, "base"))
    wanted = {"web", "store", "store-1", "st", "legacy.internal", "db.internal", "api"}
    wanted |= {f"h{number}" for number in range(1, 6)} | {"a", "b"}
    assert dict(inventory.hosts(source, wanted)) == dict.fromkeys(names, path)


def test_aliases_do_not_multiply() -> None:
    """A bomb of aliases is read in bounded time, or not at all."""
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    text = "\n".join([*rows, "all: {hosts: {h1: *a11}}"])
    source = Source(tree({"inventory/all.yml": text}, "base"))
    assert dict(inventory.hosts(source, {"h1", "x"})) == {}


def test_shim_of_a_file_names_its_path() -> None:
    """The file of a line that is left out is told without its digest."""
    shim = Shim(Kind.MASK, "brotli on", "a#b/x.conf#0123")
    assert shim.path == "a#b/x.conf"
    assert str(shim).endswith("`brotli on` in a#b/x.conf")
