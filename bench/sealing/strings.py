"""Connection strings, URLs with credentials and webhooks: a secret within a longer value."""

# ruff: noqa: E501 - tables of texts that are easier to read as they are
from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from bench.sealing.chance import filled, host, noise, some, user, words
from bench.sealing.model import Kind, Piece, Pieces

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

# `%u` is a user, `%p` the password, `%h` a host; the rest stands as it is.
_STRINGS = """
postgres|postgresql://%u:%p@%h:5432/shop?sslmode=require|database url
postgres-async|postgresql+asyncpg://%u:%p@%h/shop|sqlalchemy database uri
mysql|mysql://%u:%p@%h:3306/shop|database url
mariadb|mariadb+pymysql://%u:%p@%h/shop?charset=utf8mb4|db uri
mongodb|mongodb://%u:%p@%h:27017/admin?replicaSet=rs0|mongo url
mongodb-srv|mongodb+srv://%u:%p@%h/shop?retryWrites=true|mongodb uri
redis|redis://:%p@%h:6379/0|redis url
redis-tls|rediss://%u:%p@%h:6380|cache url
amqp|amqp://%u:%p@%h:5672/vhost|rabbitmq url
amqps|amqps://%u:%p@%h/%2f|broker url
clickhouse|clickhouse://%u:%p@%h:9000/events|clickhouse url
cockroach|cockroachdb://%u:%p@%h:26257/bank|database url
mssql-url|mssql+pyodbc://%u:%p@%h/erp?driver=ODBC+Driver+18|database url
oracle|oracle://%u:%p@%h:1521/ORCL|database url
cassandra|cassandra://%u:%p@%h:9042/ks|cassandra url
elastic|https://%u:%p@%h:9200/_search|elasticsearch url
neo4j|neo4j+s://%u:%p@%h:7687|neo4j uri
nats|nats://%u:%p@%h:4222|nats url
mqtt|mqtts://%u:%p@%h:8883|mqtt url
smtp|smtps://%u:%p@%h:465|mail url
ldap|ldaps://cn=%u:%p@%h:636/dc=corp|ldap url
ftp|ftp://%u:%p@%h/incoming/|ftp url
sftp|sftp://%u:%p@%h:22/upload|backup url
git-https|https://%u:%p@git.example.com/team/repo.git|git remote
python-index|https://%u:%p@mirror.example.com/python|pip index url
proxy|http://%u:%p@proxy.example.com:3128|https proxy
rtsp|rtsp://%u:%p@%h:554/stream1|camera url
jdbc-postgres|jdbc:postgresql://%h:5432/shop?user=%u&password=%p|jdbc url
jdbc-sqlserver|jdbc:sqlserver://%h;databaseName=erp;user=%u;password=%p;encrypt=true|jdbc url
ado|Server=%h;Database=erp;User Id=%u;Password=%p;Encrypt=True|connection string
odbc|Driver={ODBC Driver 18};Server=%h;Uid=%u;Pwd=%p;|odbc connection string
libpq|host=%h port=5432 dbname=shop user=%u password=%p sslmode=require|dsn
"""

_TOKENS = """
azure-blob|DefaultEndpointsProtocol=https;AccountName=%u;AccountKey=%[{b64:64}];EndpointSuffix=core.windows.net|storage connection string
azure-bus|Endpoint=sb://%u.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=%[{b64:32}]|servicebus connection string
azure-cosmos|AccountEndpoint=https://%u.documents.azure.com:443/;AccountKey=%[{b64:64}];|cosmos connection string
azure-iot|HostName=%u.azure-devices.net;DeviceId=d1;SharedAccessKey=%[{b64:32}]|iot connection string
azure-sas|https://%u.blob.core.windows.net/c/b?sv=2022-11-02&sr=b&sp=r&sig=%[{w43}]%3D|sas url
aws-presigned|https://bucket.s3.amazonaws.com/k?X-Amz-Date=20260101T000000Z&X-Amz-Signature=%[{h64}]|download url
sentry-dsn|https://%[{h32}]:%[{h32}]@o%h/42|sentry dsn
slack-hook|https://hooks.slack.com/services/T{u10}/B{u10}/%[{a24}]|slack webhook url
discord-hook|https://discord.com/api/webhooks/{d18}/%[{w68}]|discord webhook url
teams-hook|https://corp.webhook.office.com/webhookb2/{uuid}@{uuid}/IncomingWebhook/%[{h32}/{uuid}]|teams webhook url
telegram-url|https://api.telegram.org/bot{d10}:%[AA{w33}]/sendMessage|bot url
api-query|https://api.example.com/v1/items?api_key=%[{a32}]&page=2|api url
token-query|https://cdn.example.com/file?access_token=%[{a40}]|download url
zapier|https://hooks.zapier.com/hooks/catch/%[{d7}/{l7}]/|zapier webhook url
"""
_SAFE = "!$*-._~"


def _password(rng: random.Random) -> str:
    style = rng.randrange(5)
    if style == 0:
        return some(rng, "a", 8, 24)
    if style == 1:
        return quote(some(rng, "a", 5) + some(rng, "@#/:%&!a", 4) + some(rng, "a", 3), safe="")
    if style == 2:  # noqa: PLR2004 - the third style
        return words(rng, 2, "-") + some(rng, "d", 2)
    if style == 3:  # noqa: PLR2004 - the fourth style
        return some(rng, "a", 5) + rng.choice(_SAFE) + some(rng, "a", 5)
    return noise(rng, 12).hex()


def _connection(template: str) -> Callable[[random.Random], Pieces]:
    def make(rng: random.Random) -> Pieces:
        before, _, after = template.partition("%p")
        return (
            Piece(_public(rng, before)),
            Piece(_password(rng), secret=True),
            Piece(_public(rng, after)),
        )

    return make


def _token(template: str) -> Callable[[random.Random], Pieces]:
    def make(rng: random.Random) -> Pieces:
        first, *others = template.split("%[")
        made = [Piece(_public(rng, first))]
        for other in others:
            inside, _, after = other.partition("]")
            made += [Piece(filled(rng, inside), secret=True), Piece(_public(rng, after))]
        return tuple(piece for piece in made if piece.text)

    return make


def _public(rng: random.Random, text: str) -> str:
    made = text.replace("%u", user(rng).replace("_", "")).replace("%h", host(rng))
    return filled(rng, made)


def _kinds(
    table: str, make: Callable[[str], Callable[[random.Random], Pieces]]
) -> tuple[Kind, ...]:
    rows = [line.split("|") for line in table.strip().splitlines()]
    return tuple(
        Kind(f"url-{name}", "connection", make(template), (called,), shaped=True)
        for name, template, called in rows
    )


KINDS = (*_kinds(_STRINGS, _connection), *_kinds(_TOKENS, _token))
