"""Whole files that hold secrets in a syntax of their own, such as `.netrc` or a kubeconfig."""

# ruff: noqa: ISC004, E501 - tables of texts that are easier to read as they are
from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from bench.sealing.chance import filled, host, noise, some, user, words
from bench.sealing.model import Kind, Piece, Pieces

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_SYMBOLS = "!$%*+-.=?@^_~"

# `%p` is a password, `%[…]` a token of that template, `%u` a user, `%h` a host.
_TEXTS: dict[str, tuple[str, str]] = {
    "netrc": (".netrc", "machine %h\n  login %u\n  password %p\nmachine %h login %u password %p\n"),
    "pgpass": (".pgpass", "# host:port:db:user:password\n%h:5432:shop:%u:%p\n*:*:*:%u:%p\n"),
    "npmrc": (
        ".npmrc",
        "registry=https://npm.example.com/\n//npm.example.com/:_authToken=%[npm_{a30}{crc}]\n"
        "//other.example.com/:_password=%[{b64:14}]\nalways-auth=true\n",
    ),
    "pypirc": (
        ".pypirc",
        "[distutils]\nindex-servers =\n    corp\n\n[corp]\nrepository = https://%h/\n"
        "username = %u\npassword = %p\n",
    ),
    "aws-credentials": (
        ".aws/credentials",
        "[default]\naws_access_key_id = %[AKIA{t16}]\naws_secret_access_key = %[{b40}]\n\n"
        "[ci]\naws_access_key_id=%[ASIA{t16}]\naws_secret_access_key=%[{b40}]\n"
        "aws_session_token=%[{b64:180}]\n",
    ),
    "htpasswd": (
        ".htpasswd",
        "%u:%[$apr1${a8}${a22}]\nweb:%[$2y$10${a53}]\nold:%[{b13}]\nsha:{SHA}%[{b64:20}]\n",
    ),
    "shadow": (
        "etc/shadow",
        "root:%[$6${a16}${b86}]:19500:0:99999:7:::\ndaemon:*:19500:0:99999:7:::\n"
        "%u:%[$y$j9T${a22}${a43}]:19600:0:99999:7:::\n",
    ),
    "my-cnf": (".my.cnf", "[client]\nuser = %u\npassword = %p\nhost = %h\n\n[mysqld]\nport=3306\n"),
    "wireguard-conf": (
        "wg0.conf",
        "[Interface]\nAddress = 10.8.0.2/24\nPrivateKey = %[{b64:32}]\nListenPort = 51820\n\n"
        "[Peer]\nPresharedKey = %[{b64:32}]\nEndpoint = %h:51820\nAllowedIPs = 0.0.0.0/0\n",
    ),
    "wpa": (
        "wpa_supplicant.conf",
        'network={\n    ssid="office"\n    psk="%p"\n    key_mgmt=WPA-PSK\n}\n'
        'network={\n    ssid="lab"\n    psk=%[{h64}]\n}\n',
    ),
    "redis-conf": (
        "redis.conf",
        "bind 127.0.0.1\nrequirepass %p\nmasterauth %p\nuser %u on >%p ~* +@all\n",
    ),
    "haproxy": (
        "haproxy.cfg",
        "userlist ops\n    user %u insecure-password %p\n    user web password %[$6${a16}${b86}]\n"
        "listen stats\n    bind :8404\n    stats auth %u:%p\n",
    ),
    "sasl-passwd": ("sasl_passwd", "[smtp.example.com]:587 %u:%p\nrelay.example.com %u@corp:%p\n"),
    "slapd": ("ldap.conf", "base dc=corp\nuri ldaps://%h\nbinddn cn=%u,dc=corp\nbindpw %p\n"),
    "rclone": (
        "rclone.conf",
        "[store]\ntype = s3\nprovider = Minio\naccess_key_id = %[{u20}]\n"
        "secret_access_key = %[{b40}]\n\n[vault]\ntype = crypt\npassword = %[{b64url:40}]\n",
    ),
    "git-credentials": (".git-credentials", "https://%u:%p@git.example.com\nhttps://%u:%p@%h\n"),
    "chap-secrets": ("chap-secrets", '# client server secret addresses\n%u * "%p" *\nvpn * %p *\n'),
    "fstab-cifs": ("smb.credentials", "username=%u\npassword=%p\ndomain=CORP\n"),
    "s3cfg": (
        ".s3cfg",
        "[default]\naccess_key = %[{u20}]\nsecret_key = %[{b40}]\nuse_https = True\n",
    ),
    "cookies-txt": (
        "cookies.txt",
        "# Netscape HTTP Cookie File\n.example.com\tTRUE\t/\tTRUE\t1893456000\tsessionid\t%[{l32}]\n"
        "app.example.com\tFALSE\t/\tTRUE\t1893456000\tauth_token\t%[{h40}]\n",
    ),
    "http-request": (
        "request.http",
        "GET /v1/me HTTP/1.1\nHost: %h\nAuthorization: Bearer %[{w48}]\n"
        "Cookie: theme=dark; sessionid=%[{l32}]\nX-Api-Key: %[{h40}]\nAccept: */*\n\n",
    ),
    "http-response": (
        "response.http",
        "HTTP/1.1 200 OK\nDate: Mon, 05 Jan 2026 10:00:00 GMT\n"
        "Set-Cookie: session=%[{b64url:48}]; Path=/; HttpOnly\nContent-Type: application/json\n\n"
        '{"access_token": "%[{w64}]", "token_type": "Bearer", "refresh_token": "%[{a40}]"}\n',
    ),
    "user-data": (
        "user-data",
        "#cloud-config\nchpasswd:\n  expire: false\n  users:\n    - name: %u\n      password: %p\n"
        "      type: text\nusers:\n  - name: ops\n    passwd: %[$6${a16}${b86}]\n",
    ),
    "ansible-hosts": (
        "hosts.ini",
        "[web]\n%h ansible_user=%u ansible_password=%p\n\n[web:vars]\nansible_become_pass=%p\n",
    ),
    "maven-settings": (
        "settings.xml",
        "<settings>\n  <servers>\n    <server>\n      <id>corp</id>\n      <username>%u</username>\n"
        "      <password>%p</password>\n    </server>\n  </servers>\n</settings>\n",
    ),
    "web-config": (
        "web.config",
        '<configuration>\n  <connectionStrings>\n    <add name="Main" connectionString="Server=%h;'
        'Database=erp;User Id=%u;Password=%p" />\n  </connectionStrings>\n  <appSettings>\n'
        '    <add key="ApiKey" value="%[{a32}]" />\n  </appSettings>\n</configuration>\n',
    ),
    "sql-users": (
        "users.sql",
        "CREATE USER shop WITH PASSWORD '%p';\nCREATE USER 'app'@'%' IDENTIFIED BY '%p';\n"
        "ALTER ROLE reporting PASSWORD '%p';\nGRANT SELECT ON ALL TABLES TO shop;\n",
    ),
    "shell-session": (
        "session.txt",
        "$ mysql -u %u -p%[{a14}] shop\n$ sshpass -p %[{a12}] ssh %u@%h\n"
        "$ curl -u %u:%[{a16}] https://%h/\n$ redis-cli -a %[{a18}] ping\n"
        "$ PGPASSWORD=%[{a15}] psql -h %h\n$ docker login -u %u -p %[{a20}] %h\n",
    ),
    "terraform-state": (
        "terraform.tfstate",
        '{"version": 4, "resources": [{"type": "aws_db_instance", "instances": [{"attributes": '
        '{"username": "%u", "password": "%p", "port": 5432}}]}]}\n',
    ),
    "gcp-service-account": (
        "sa.json",
        '{\n  "type": "service_account",\n  "project_id": "shop-1",\n'
        '  "private_key_id": "%[{h40}]",\n  "private_key": "-----BEGIN PRIVATE KEY-----\\n'
        '%[{b64}]\\n%[{b64}]\\n%[{b64}]\\n-----END PRIVATE KEY-----\\n",\n'
        '  "client_email": "ci@shop-1.iam.gserviceaccount.com"\n}\n',
    ),
    "vault-init": (
        "init.txt",
        "Unseal Key 1: %[{b64:33}]\nUnseal Key 2: %[{b64:33}]\nUnseal Key 3: %[{b64:33}]\n\n"
        "Initial Root Token: %[hvs.{a24}]\n",
    ),
    "rabbit-definitions": (
        "definitions.json",
        '{"users": [{"name": "%u", "password_hash": "%[{b64:36}]", "tags": "administrator"}]}\n',
    ),
}


def _make(text: str) -> Callable[[random.Random], Pieces]:
    def make(rng: random.Random) -> Pieces:
        first, *others = text.split("%[")
        made = [*_words(rng, first)]
        for other in others:
            inside, _, after = other.partition("]")
            made += [Piece(filled(rng, inside.replace("{b64}", "{b64:48}")), secret=True)]
            made += _words(rng, after)
        return tuple(piece for piece in made if piece.text)

    return make


def _words(rng: random.Random, text: str) -> list[Piece]:
    first, *others = text.split("%p")
    made = [Piece(_public(rng, first))]
    for other in others:
        made += [Piece(_password(rng), secret=True), Piece(_public(rng, other))]
    return made


def _public(rng: random.Random, text: str) -> str:
    return text.replace("%u", user(rng)).replace("%h", host(rng))


def _password(rng: random.Random) -> str:
    style = rng.randrange(3)
    if style == 0:
        return some(rng, "a", 8, 20)
    if style == 1:
        return some(rng, "a", 4) + some(rng, _SYMBOLS + "aB3", 6) + some(rng, "a", 2)
    return words(rng, 2, "-") + some(rng, "d", 2)


def _kubeconfig(rng: random.Random) -> Pieces:
    key = _pem_base64(rng, "RSA PRIVATE KEY", 600)
    return (
        Piece(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: prod\n  cluster:\n"
            f"    server: https://{host(rng)}:6443\n"
            f"    certificate-authority-data: {_pem_base64(rng, 'CERTIFICATE', 700)}\n"
            f"users:\n- name: {user(rng)}\n  user:\n    client-key-data: "
        ),
        Piece(key, secret=True),
        Piece("\n- name: ci\n  user:\n    token: "),
        Piece(some(rng, "a", 40), secret=True),
        Piece("\n"),
    )


def _pem_base64(rng: random.Random, label: str, size: int) -> str:
    body = base64.encodebytes(b"\x30\x82" + noise(rng, size)).decode()
    return base64.b64encode(
        f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()
    ).decode()


def _docker_config(rng: random.Random) -> Pieces:
    name, password = user(rng), _password(rng)
    auth = base64.b64encode(f"{name}:{password}".encode()).decode()
    start = (len(name) + 1) * 8 // 6
    return (
        Piece(f'{{\n  "auths": {{\n    "{host(rng)}": {{\n      "auth": "{auth[:start]}'),
        Piece(auth[start:].rstrip("="), secret=True),
        Piece(f'{"=" * auth.count("=")}"\n    }}\n  }}\n}}\n'),
    )


def _kubernetes_secret(rng: random.Random) -> Pieces:
    made = [Piece("apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ntype: Opaque\ndata:\n")]
    for name in ("username", "password", "dsn"):
        value = {
            "username": user(rng),
            "password": _password(rng),
            "dsn": f"postgres://app:{some(rng, 'a', 16)}@{host(rng)}/shop",
        }[name]
        encoded = base64.b64encode(value.encode()).decode()
        made += [Piece(f"  {name}: "), Piece(encoded, secret=name != "username"), Piece("\n")]
    return tuple(made)


def _notebook(rng: random.Random) -> Pieces:
    key = filled(rng, "sk-proj-{w74}T3BlbkFJ{w74}")
    before = json.dumps(["import openai\n", 'client = OpenAI(api_key="@")\n'])
    head, _, tail = before.partition("@")
    return (
        Piece('{"cells": [{"cell_type": "code", "source": ' + head),
        Piece(key, secret=True),
        Piece(tail + "}]}\n"),
    )


KINDS = (
    *(
        Kind(f"file-{name}", "document", _make(text), path=path)
        for name, (path, text) in _TEXTS.items()
    ),
    Kind("file-kubeconfig", "document", _kubeconfig, path="kubeconfig"),
    Kind("file-docker-config", "document", _docker_config, path=".docker/config.json"),
    Kind("file-kubernetes-secret", "document", _kubernetes_secret, path="secret.yaml"),
    Kind("file-notebook", "document", _notebook, path="demo.ipynb"),
)
