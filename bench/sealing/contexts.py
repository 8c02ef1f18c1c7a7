"""The places where people write a secret down: configuration, code, commands, logs and prose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.sealing import syntax
from bench.sealing.model import Piece, Pieces, Snippet, mapped, text_of

if TYPE_CHECKING:
    import random

_NEUTRAL = ("value", "data", "item", "setting", "arg", "content")


@dataclass(frozen=True, slots=True)
class Value:
    """What a context writes down: the secret in its pieces, and what it is called."""

    called: str
    pieces: Pieces
    shaped: bool

    @property
    def text(self) -> str:
        """All characters."""
        return text_of(self.pieces)

    @property
    def is_block(self) -> bool:
        """Whether it has several lines."""
        return "\n" in self.text

    def name(self, rng: random.Random, style: str) -> str:
        """Its name in `snake`, `UPPER`, `camel`, `kebab` or `Pascal`; any, where it has a shape."""
        called = self.called
        if self.shaped and rng.random() < 0.3:  # noqa: PLR2004 - seldom
            called = rng.choice(_NEUTRAL)
        elif rng.random() < 0.2:  # noqa: PLR2004 - sometimes
            called = f"{rng.choice(['prod', 'my', 'shop', 'v2', 'main'])} {called}"
        parts = called.split()
        if style == "UPPER":
            return "_".join(parts).upper()
        if style == "camel":
            return parts[0] + "".join(part.capitalize() for part in parts[1:])
        if style == "Pascal":
            return "".join(part.capitalize() for part in parts)
        return ("-" if style == "kebab" else "_").join(parts)


def put(path: str, before: str, pieces: Pieces, after: str, comment: str = "#") -> Snippet:
    """A file of this text with the value in the middle."""
    return Snippet(path, (Piece(before), *pieces, Piece(after)), comment)


def indented(pieces: Pieces, prefix: str) -> Pieces:
    """The lines of a block, each with a prefix that is not secret."""
    made: list[Piece] = [Piece(prefix)]
    for text, hidden in pieces:
        for number, line in enumerate(text.split("\n")):
            if number:
                made += [Piece("\n"), Piece(prefix)]
            if line:
                made.append(Piece(line, hidden))
    while made and made[-1].text in {prefix, "\n"}:
        made.pop()
    return tuple(made)


def _stripped(value: Value) -> Pieces:
    """Without the last line end, as it is written in one line."""
    last = value.pieces[-1]
    if value.is_block and last.text.endswith("\n"):
        return (*value.pieces[:-1], Piece(last.text.rstrip("\n"), last.secret))
    return value.pieces


def dotenv(rng: random.Random, value: Value) -> Snippet | None:
    """`NAME=value` of a `.env`."""
    head = f"APP_ENV=production\nPORT=8080\n{value.name(rng, 'UPPER')}="
    tail = "\nDEBUG=false\n"
    if syntax.is_word(value.text) and rng.random() < 0.7:  # noqa: PLR2004 - mostly
        return put(".env", head, value.pieces, tail)
    if rng.random() < 0.3 and "'" not in value.text and not value.is_block:  # noqa: PLR2004 - seldom
        return put(".env", head + "'", value.pieces, f"'{tail}")
    pieces = mapped(_stripped(value), syntax.c_text)
    return put(".env", f'{head}"', pieces, f'"{tail}')


def shell_export(rng: random.Random, value: Value) -> Snippet | None:
    """`export NAME=value`."""
    head = f"#!/bin/sh\nset -eu\nexport {value.name(rng, 'UPPER')}="
    tail = '\nexec "$@"\n'
    if syntax.is_word(value.text) and rng.random() < 0.5:  # noqa: PLR2004 - half
        return put("run.sh", head, value.pieces, tail)
    if rng.random() < 0.5:  # noqa: PLR2004 - half
        return put("run.sh", f"{head}'", mapped(value.pieces, syntax.shell_single), f"'{tail}")
    return put("run.sh", f'{head}"', mapped(value.pieces, syntax.shell_double), f'"{tail}')


def yaml_plain(rng: random.Random, value: Value) -> Snippet | None:
    """`name: value` of YAML, without quotes."""
    if value.is_block or not syntax.is_yaml_plain(value.text):
        return None
    head = f"service:\n  port: 8080\n  {value.name(rng, rng.choice(['snake', 'camel', 'kebab']))}: "
    return put("values.yaml", head, value.pieces, "\n  replicas: 2\n")


def yaml_quoted(rng: random.Random, value: Value) -> Snippet | None:
    """`name: "value"` of YAML."""
    head = f"database:\n  host: db\n  {value.name(rng, rng.choice(['snake', 'camel']))}: "
    if rng.random() < 0.5 and not value.is_block:  # noqa: PLR2004 - half
        pieces = mapped(value.pieces, syntax.yaml_single)
        return put("config.yml", f"{head}'", pieces, "'\n  pool: 5\n")
    pieces = mapped(_stripped(value), syntax.c_text)
    return put("config.yml", f'{head}"', pieces, '"\n  pool: 5\n')


def yaml_block(rng: random.Random, value: Value) -> Snippet | None:
    """`name: |` of YAML."""
    sign = "|" if value.is_block else rng.choice(["|", ">-", "|-"])
    head = f"stringData:\n  {value.name(rng, 'snake')}: {sign}\n"
    return put("secret.yaml", head, indented(value.pieces, "    "), "\nkind: Secret\n")


def kubernetes_env(rng: random.Random, value: Value) -> Snippet | None:
    """The `name:`/`value:` pair of a container's environment."""
    name = value.name(rng, "UPPER")
    head = "    env:\n      - name: LOG_LEVEL\n        value: info\n"
    head += f"      - name: {name}\n        value: "
    tail = "\n      - name: PORT\n        value: '8080'\n"
    if not value.is_block and syntax.is_yaml_plain(value.text) and rng.random() < 0.4:  # noqa: PLR2004 - some
        return put("deployment.yaml", head, value.pieces, tail)
    pieces = mapped(_stripped(value), syntax.c_text)
    return put("deployment.yaml", f'{head}"', pieces, f'"{tail}')


def compose(rng: random.Random, value: Value) -> Snippet | None:
    """`- NAME=value` of a compose file."""
    if value.is_block or not syntax.is_yaml_plain(value.text):
        return None
    head = (
        f"services:\n  web:\n    environment:\n      - TZ=UTC\n      - {value.name(rng, 'UPPER')}="
    )
    return put("compose.yaml", head, value.pieces, "\n    ports: ['80:80']\n")


def toml(rng: random.Random, value: Value) -> Snippet | None:
    """`name = "value"` of TOML."""
    head = f"[database]\nport = 5432\n{value.name(rng, rng.choice(['snake', 'kebab']))} = "
    tail = "\nssl = true\n"
    if value.is_block:
        return put("config.toml", f'{head}"""\n', value.pieces, f'"""{tail}')
    if "'" not in value.text and rng.random() < 0.3:  # noqa: PLR2004 - seldom
        return put("config.toml", f"{head}'", value.pieces, f"'{tail}")
    return put("config.toml", f'{head}"', mapped(value.pieces, syntax.c_text), f'"{tail}')


def json_value(rng: random.Random, value: Value) -> Snippet | None:
    """`"name": "value"` of JSON, pretty or compact."""
    name = value.name(rng, rng.choice(["snake", "camel", "Pascal"]))
    pieces = mapped(value.pieces, syntax.json_text)
    if rng.random() < 0.5:  # noqa: PLR2004 - half
        return put("config.json", f'{{"host":"db","{name}":"', pieces, '","port":5432}\n', "")
    head = f'{{\n  "host": "db",\n  "{name}": "'
    return put("config.json", head, pieces, '",\n  "port": 5432\n}\n', "")


def json_pair(rng: random.Random, value: Value) -> Snippet | None:
    """`{"name": …, "value": …}`, as task definitions have it."""
    head = f'{{"environment": [{{"name": "{value.name(rng, "UPPER")}", "value": "'
    pieces = mapped(value.pieces, syntax.json_text)
    return put("task.json", head, pieces, '"}, {"name": "TZ", "value": "UTC"}]}\n', "")


def ini(rng: random.Random, value: Value) -> Snippet | None:
    """`name = value` of an INI file."""
    if value.is_block or not syntax.is_yaml_plain(value.text) or ";" in value.text:
        return None
    head = f"[server]\nhost = db\n{value.name(rng, 'snake')}{rng.choice([' = ', '=', ': '])}"
    return put("app.ini", head, value.pieces, "\ntimeout = 30\n")


def properties(rng: random.Random, value: Value) -> Snippet | None:
    """`a.b.name=value` of Java."""
    if value.is_block:
        return None
    pieces = mapped(value.pieces, lambda text: text.replace("\\", "\\\\"))
    head = f"server.port=8080\nspring.datasource.{value.name(rng, rng.choice(['kebab', 'camel']))}="
    return put("application.properties", head, pieces, "\nspring.jpa.show-sql=false\n")


def xml_element(rng: random.Random, value: Value) -> Snippet | None:
    """`<name>value</name>`."""
    name = value.name(rng, rng.choice(["camel", "Pascal", "kebab"]))
    head = f"<config>\n  <host>db</host>\n  <{name}>"
    pieces = mapped(_stripped(value), syntax.xml_text)
    return put("config.xml", head, pieces, f"</{name}>\n</config>\n", "")


def xml_attribute(rng: random.Random, value: Value) -> Snippet | None:
    """`name="value"` or a `key`/`value` pair in a tag."""
    if value.is_block:
        return None
    name = value.name(rng, rng.choice(["camel", "Pascal"]))
    pair = rng.random() < 0.5  # noqa: PLR2004 - half
    head = f'<add key="{name}" value="' if pair else f'<datasource host="db" {name}="'
    pieces = mapped(value.pieces, syntax.xml_text)
    return put("app.config", f"<settings>\n  {head}", pieces, '" />\n</settings>\n', "")


def nginx(rng: random.Random, value: Value) -> Snippet | None:
    """A header or a variable of nginx."""
    if value.is_block or set(value.text) & set("\"'\\$"):
        return None
    name = value.name(rng, "snake")
    head = rng.choice(
        [
            f'proxy_set_header X-{value.name(rng, "kebab").title()} "',
            f'set ${name} "',
            f'fastcgi_param {name.upper()} "',
            'proxy_set_header Authorization "Bearer ',
        ]
    )
    before = f"server {{\n    listen 8080;\n    location / {{\n        {head}"
    return put("site.conf", before, value.pieces, '";\n        proxy_pass http://app;\n    }\n}\n')


def systemd(rng: random.Random, value: Value) -> Snippet | None:
    """`Environment=` of a unit."""
    if value.is_block or set(value.text) & set("\"'\\%"):
        return None
    name = value.name(rng, "UPPER")
    head, tail = rng.choice(
        [(f'Environment="{name}=', '"'), (f'Environment="A=1" "{name}=', '" "B=2"')]
    )
    before = f"[Service]\nExecStart=/usr/bin/app\n{head}"
    return put("app.service", before, value.pieces, f"{tail}\nRestart=always\n")


def dockerfile(rng: random.Random, value: Value) -> Snippet | None:
    """`ENV`, `ARG` or `--build-arg`."""
    if value.is_block or set(value.text) & set("\"'\\$"):
        return None
    name = value.name(rng, "UPPER")
    head, tail = rng.choice(
        [(f'ENV {name}="', '"'), (f'ENV PORT=80 {name}="', '" TZ=UTC'), (f'ARG {name}="', '"')]
    )
    if syntax.is_word(value.text) and rng.random() < 0.5:  # noqa: PLR2004 - half
        head, tail = rng.choice([(f"ENV {name} ", ""), (f"ENV {name}=", ""), (f"ARG {name}=", "")])
    before = f"FROM debian:12\nWORKDIR /app\n{head}"
    return put("Dockerfile", before, value.pieces, f"{tail}\nRUN make\n")


def terraform(rng: random.Random, value: Value) -> Snippet | None:
    """An argument or a variable's default of Terraform."""
    name = value.name(rng, "snake")
    if value.is_block:
        head = f'resource "x" "y" {{\n  {name} = <<EOT\n'
        return put("main.tf", head, value.pieces, "EOT\n}\n")
    before = rng.choice(
        [
            f'resource "db" "main" {{\n  port     = 5432\n  {name} = "',
            f'variable "{name}" {{\n  type    = string\n  default = "',
        ]
    )
    return put("main.tf", before, mapped(value.pieces, syntax.c_text), '"\n}\n')
