"""Secrets in program text, in commands, in addresses, in logs and in prose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.sealing import contexts as config
from bench.sealing import more, syntax
from bench.sealing.contexts import Value, indented, put
from bench.sealing.model import Snippet, mapped

if TYPE_CHECKING:
    import random
    from collections.abc import Callable


def _python(value: Value, rng: random.Random, head: str, tail: str) -> Snippet:
    if value.is_block:
        return put("app.py", f'{head}"""', value.pieces, f'"""{tail}')
    if rng.random() < 0.5:  # noqa: PLR2004 - half
        return put("app.py", f"{head}'", mapped(value.pieces, syntax.single), f"'{tail}")
    return put("app.py", f'{head}"', mapped(value.pieces, syntax.c_text), f'"{tail}')


def python_assign(rng: random.Random, value: Value) -> Snippet | None:
    """`NAME = "value"`."""
    name = value.name(rng, rng.choice(["UPPER", "snake"]))
    annotation = rng.choice(["", "", ": str", ": Final"])
    return _python(value, rng, f"import os\n\n{name}{annotation} = ", "\nTIMEOUT = 30\n")


def python_keyword(rng: random.Random, value: Value) -> Snippet | None:
    """`connect(name="value")`."""
    head = f'client = Client(host="db", {value.name(rng, "snake")}='
    return _python(value, rng, head, ", timeout=3)\n")


def python_item(rng: random.Random, value: Value) -> Snippet | None:
    """`{"name": "value"}`, `os.environ["NAME"] = "value"`, or a default."""
    name = value.name(rng, "snake")
    head, tail = rng.choice(
        [
            (f'CONFIG = {{"host": "db", "{name}": ', ', "port": 5432}\n'),
            (f'os.environ["{name.upper()}"] = ', "\n"),
            (f'settings["{name}"] = ', "\n"),
            (f'token = os.environ.get("{name.upper()}", ', ")\n"),
            (f"def connect(host, {name}=", "):\n    return host\n"),
        ]
    )
    return _python(value, rng, head, tail)


def javascript(rng: random.Random, value: Value) -> Snippet | None:
    """`const name = "value"` or a property."""
    name = value.name(rng, "camel")
    head, tail = rng.choice(
        [
            (f"const {name} = ", ";\n"),
            (f"const client = new Client({{ host: 'db', {name}: ", ", port: 1 });\n"),
            (f"process.env.{value.name(rng, 'UPPER')} = ", ";\n"),
        ]
    )
    if value.is_block and rng.random() < 0.5:  # noqa: PLR2004 - half
        return put("app.js", f"{head}`", value.pieces, f"`{tail}", "//")
    if rng.random() < 0.5:  # noqa: PLR2004 - half
        return put("app.ts", f"{head}'", mapped(value.pieces, syntax.single), f"'{tail}", "//")
    return put("app.js", f'{head}"', mapped(value.pieces, syntax.c_text), f'"{tail}', "//")


def golang(rng: random.Random, value: Value) -> Snippet | None:
    """`name := "value"` or a field of Go."""
    head, tail = rng.choice(
        [
            (f"func main() {{\n\t{value.name(rng, 'camel')} := ", "\n\trun()\n}\n"),
            (f"const {value.name(rng, 'Pascal')} = ", "\n"),
            (f'cfg := Config{{Host: "db", {value.name(rng, "Pascal")}: ', "}\n"),
        ]
    )
    before = f"package main\n\n{head}"
    if value.is_block:
        return put("main.go", f"{before}`", value.pieces, f"`{tail}", "//")
    return put("main.go", f'{before}"', mapped(value.pieces, syntax.c_text), f'"{tail}', "//")


def other_code(rng: random.Random, value: Value) -> Snippet | None:
    """Java, C#, Ruby, PHP, Rust, Kotlin."""
    camel, upper, snake = (value.name(rng, style) for style in ("camel", "UPPER", "snake"))
    path, head, tail = rng.choice(
        [
            ("App.java", f'private static final String {upper} = "', '";\n'),
            ("App.java", f'props.setProperty("{snake}", "', '");\n'),
            ("App.cs", f'public string {value.name(rng, "Pascal")} {{ get; }} = "', '";\n'),
            ("app.rb", f'  config.{snake} = "', '"\n'),
            ("app.rb", f'{{ :{snake} => "', '" }\n'),
            ("config.php", f'define("{upper}", "', '");\n'),
            ("config.php", f'$config["{snake}"] = "', '";\n'),
            ("main.rs", f'let {snake}: &str = "', '";\n'),
            ("App.kt", f'val {camel} = "', '"\n'),
            ("Run.ps1", f'${value.name(rng, "Pascal")} = "', '"\n'),
        ]
    )
    pieces = mapped(value.pieces, syntax.c_text)
    return put(path, head, pieces, tail, "//" if path[-3:] in {"ava", ".cs", ".rs", ".kt"} else "#")


def sql(rng: random.Random, value: Value) -> Snippet | None:
    """`SET name = 'value'` or an insert."""
    name = value.name(rng, "snake")
    head, tail = rng.choice(
        [
            (f"UPDATE conf SET {name} = '", "' WHERE id = 1;\n"),  # noqa: S608 - sample text
            (f"SET @{name} = '", "';\n"),
            (f"ALTER SYSTEM SET {name} = '", "';\n"),
        ]
    )
    return put("seed.sql", head, mapped(value.pieces, syntax.yaml_single), tail, "--")


def curl(rng: random.Random, value: Value) -> Snippet | None:
    """A header or an option of a command."""
    if value.is_block or set(value.text) & set("\"'\\$`"):
        return None
    kebab = value.name(rng, "kebab")
    head, tail = rng.choice(
        [
            ('curl -fsS -H "Authorization: Bearer ', '" https://api.example.com/v1\n'),
            (f"curl -H 'X-{kebab.title()}: ", "' https://api.example.com/v1\n"),
            (f'app --host db --{kebab}="', '" --verbose\n'),
            (f"app --{kebab} '", "' start\n"),
            ('curl -u "deploy:', '" https://api.example.com/\n'),
        ]
    )
    return put("fetch.sh", f"#!/bin/sh\n{head}", value.pieces, tail)


def url_query(rng: random.Random, value: Value) -> Snippet | None:
    """A parameter of an address."""
    if value.is_block:
        return None
    head = f"GET https://api.example.com/v1/items?page=2&{value.name(rng, 'snake')}="
    pieces = mapped(value.pieces, syntax.percent)
    return put("calls.txt", head, pieces, "&sort=asc HTTP/1.1\n")


def log_line(rng: random.Random, value: Value) -> Snippet | None:
    """A line of a log."""
    if value.is_block:
        return None
    name = value.name(rng, "snake")
    head, tail = rng.choice(
        [
            (f"2026-01-05T10:00:00Z INFO config loaded host=db {name}=", " port=5432\n"),
            (f'10:00:01 DEBUG [main] connect {name}="', '" retries=3\n'),
            (f"[2026-01-05 10:00:02] WARN login failed, {name}: ", "\n"),
        ]
    )
    if '="' not in head and not syntax.is_word(value.text):
        head, tail = f'10:00:01 DEBUG [main] connect {name}="', '" retries=3\n'
    pieces = mapped(value.pieces, syntax.c_text)
    return put("app.log", f"10:00:00 INFO started\n{head}", pieces, tail)


def comment(rng: random.Random, value: Value) -> Snippet | None:
    """A comment in code."""
    name = value.name(rng, "snake")
    if value.is_block:
        return put("app.py", "import os\n\n", indented(value.pieces, "# "), "\n\nx = 1\n")
    path, head, tail = rng.choice(
        [
            ("app.py", f"# {name} = ", "\n"),
            ("app.js", f"// {name}: '", "'\n"),
            ("config.yaml", f"# {name}: ", "\n"),
            ("App.java", f'/* {name} = "', '" */\n'),
        ]
    )
    if head[-1] == " " and not syntax.is_word(value.text):
        head, tail = f'{head}"', f'"{tail}'
    return put(path, f"{head}", value.pieces, tail, "")


def markdown(rng: random.Random, value: Value) -> Snippet | None:
    """Prose, a list or a table."""
    if value.is_block:
        return put("README.md", "# Setup\n\n```\n", value.pieces, "```\n", "")
    called = value.called
    if "`" in value.text or "|" in value.text:
        return put("README.md", f"# Setup\n\n    {called}: ", value.pieces, "\n", "")
    head, tail = rng.choice(
        [
            (f"The {called} is `", "`, please rotate it.\n"),
            (f"- {called}: `", "`\n- port: 5432\n"),
            (f"| {called} | `", "` |\n"),
            (f"Log in with {called} `", "` on staging.\n"),
            (f"**{called.title()}:** `", "`\n\nThen restart.\n"),
            (f"    {called}: ", "\n\nThen restart.\n"),
        ]
    )
    return put("README.md", f"# Setup\n\n{head}", value.pieces, tail, "")


def diff(rng: random.Random, value: Value) -> Snippet | None:
    """A patch that adds or removes it."""
    if value.is_block:
        sign = rng.choice("+-")
        return put("fix.patch", " -1 +1,9 \n", indented(value.pieces, sign), "\n", "")
    inner = config.dotenv(rng, value)
    if inner is None:
        return None
    return put("fix.patch", " -1,4 +1,4 \n", indented(inner.pieces, rng.choice("+-")), "\n", "")


def form_body(rng: random.Random, value: Value) -> Snippet | None:
    """The body of a form that was posted."""
    if value.is_block:
        return None
    head = f"grant_type=password&username=ops&{value.name(rng, 'snake')}="
    return put("request.txt", head, mapped(value.pieces, syntax.form), "&scope=all\n")


def continuous_integration(rng: random.Random, value: Value) -> Snippet | None:
    """Variables of a build server's YAML."""
    if value.is_block:
        return None
    head = f"variables:\n  TZ: UTC\n  {value.name(rng, 'UPPER')}: "
    tail = "\nbuild:\n  script:\n    - make\n"
    if syntax.is_yaml_plain(value.text) and rng.random() < 0.5:  # noqa: PLR2004 - half
        return put(".gitlab-ci.yml", head, value.pieces, tail)
    return put(".gitlab-ci.yml", f'{head}"', mapped(value.pieces, syntax.c_text), f'"{tail}')


CONTEXTS: dict[str, Callable[[random.Random, Value], Snippet | None]] = {
    "dotenv": config.dotenv,
    "shell-export": config.shell_export,
    "yaml-plain": config.yaml_plain,
    "yaml-quoted": config.yaml_quoted,
    "yaml-block": config.yaml_block,
    "kubernetes-env": config.kubernetes_env,
    "compose": config.compose,
    "toml": config.toml,
    "json": config.json_value,
    "json-pair": config.json_pair,
    "ini": config.ini,
    "properties": config.properties,
    "xml-element": config.xml_element,
    "xml-attribute": config.xml_attribute,
    "nginx": config.nginx,
    "systemd": config.systemd,
    "dockerfile": config.dockerfile,
    "terraform": config.terraform,
    "ci-yaml": continuous_integration,
    "python-assign": python_assign,
    "python-keyword": python_keyword,
    "python-item": python_item,
    "javascript": javascript,
    "go": golang,
    "other-code": other_code,
    "sql": sql,
    "command": curl,
    "url-query": url_query,
    "form-body": form_body,
    "log-line": log_line,
    "comment": comment,
    "markdown": markdown,
    "diff": diff,
    **more.CONTEXTS,
}
