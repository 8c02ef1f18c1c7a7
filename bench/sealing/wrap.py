"""A whole document within another file, and a value cut over several lines."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from bench.sealing import syntax
from bench.sealing.chance import user
from bench.sealing.contexts import Value, indented, put
from bench.sealing.model import Piece, Pieces, Snippet, mapped, regrouped

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_LEAST_CUT = 12


def _file(_: random.Random, path: str, pieces: Pieces) -> Snippet:
    return Snippet(path, pieces, "#")


def _crlf(_: random.Random, path: str, pieces: Pieces) -> Snippet:
    return Snippet(path, mapped(pieces, lambda text: text.replace("\n", "\r\n")), "#")


def _heredoc(_: random.Random, path: str, pieces: Pieces) -> Snippet:
    return put("setup.sh", f"#!/bin/sh\ncat > ~/{path} <<'EOF'\n", pieces, "EOF\nchmod 600 x\n")


def _session(_: random.Random, path: str, pieces: Pieces) -> Snippet:
    return put("notes.txt", f"me@web1:~$ cat {path}\n", pieces, "me@web1:~$ exit\n")


def _fence(_: random.Random, path: str, pieces: Pieces) -> Snippet:
    return put("README.md", f"# Setup\n\nPut this into `{path}`:\n\n```\n", pieces, "```\n", "")


def _patch(_: random.Random, path: str, pieces: Pieces) -> Snippet:
    head = f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,9 @@\n"
    return put("add.patch", head, indented(pieces, "+"), "\n", "")


def _write_files(_: random.Random, path: str, pieces: Pieces) -> Snippet:
    head = f"#cloud-config\nwrite_files:\n  - path: /root/{path}\n    content: |\n"
    return put("user-data.yaml", head, indented(pieces, "      "), "\n    owner: root\n")


def _config_map(_: random.Random, path: str, pieces: Pieces) -> Snippet:
    head = f"apiVersion: v1\nkind: ConfigMap\ndata:\n  {path.replace('/', '_')}: |\n"
    return put("configmap.yaml", head, indented(pieces, "    "), "\n")


def _python(_: random.Random, path: str, pieces: Pieces) -> Snippet:
    return put("write.py", f'open("{path}", "w").write("""', pieces, '""")\n')


def _commented(_: random.Random, path: str, pieces: Pieces) -> Snippet:
    return put("notes.sh", f"# contents of {path}:\n", indented(pieces, "# "), "\n")


def _mail(_: random.Random, path: str, pieces: Pieces) -> Snippet:
    head = f"Subject: Re: access\n\nhere is your {path}\n\n"
    return put("mail.eml", head, indented(pieces, "> "), "\n", "")


def _tail(_: random.Random, path: str, pieces: Pieces) -> Snippet:
    head = f"==> /etc/hosts <==\n127.0.0.1 localhost\n\n==> {path} <==\n"
    return put("output.txt", head, pieces, "\n")


DOCUMENTS: dict[str, Callable[[random.Random, str, Pieces], Snippet]] = {
    "file": _file,
    "file-crlf": _crlf,
    "here-document": _heredoc,
    "session": _session,
    "markdown-fence": _fence,
    "patch": _patch,
    "write-files": _write_files,
    "config-map": _config_map,
    "python-text": _python,
    "comment-block": _commented,
    "mail": _mail,
    "tail": _tail,
}

# Path, style of the name, what stands before, between and after the parts, and how each is written.
_SPLITS: dict[str, tuple[str, str, str, str, str, Callable[[str], str]]] = {
    "python-adjacent": ("a.py", "UPPER", '@ = (\n    "', '"\n    "', '"\n)\n', syntax.c_text),
    "python-call": ("a.py", "snake", 'run(\n    @="', '"\n    "', '",\n)\n', syntax.c_text),
    "python-plus": ("a.py", "snake", '@ = "', '" + \\\n    "', '"\n', syntax.c_text),
    "python-backslash": ("a.py", "snake", '@ = "', "\\\n", '"\nx = 1\n', syntax.c_text),
    "javascript-plus": ("a.js", "camel", 'const @ = "', '" +\n  "', '";\n', syntax.c_text),
    "java-plus": ("A.java", "camel", 'String @ = "', '"\n        + "', '";\n', syntax.c_text),
    "go-plus": ("a.go", "camel", 'const @ = "', '" +\n\t"', '"\n', syntax.c_text),
    "c-adjacent": ("a.c", "snake", 'char *@ = "', '"\n    "', '";\n', syntax.c_text),
    "c-define": ("a.h", "UPPER", '#define @ "', '" \\\n    "', '"\n', syntax.c_text),
    "php-dot": ("a.php", "snake", "$@ = '", "' .\n    '", "';\n", syntax.single),
    "shell-backslash": ("a.sh", "UPPER", 'export @="', "\\\n", '"\necho\n', syntax.shell_double),
    "yaml-backslash": ("a.yaml", "snake", 'a: 1\n@: "', "\\\n  ", '"\nb: 2\n', syntax.c_text),
    "properties": ("a.properties", "snake", "db.@=", "\\\n    ", "\nx=1\n", str),
    "dockerfile": ("Dockerfile", "UPPER", 'FROM a\nENV @="', "\\\n", '"\n', syntax.c_text),
    "sql": ("a.sql", "snake", "SET @ = '", "' ||\n  '", "';\n", syntax.yaml_single),
    "quoted-printable": ("a.eml", "kebab", "Hello,\n@: ", "=\n", "\n", str),
}
_BLOCK_SPLITS = {"python-adjacent", "python-call", "javascript-plus", "java-plus", "c-adjacent"}


def splits(value: Value) -> tuple[str, ...]:
    """The ways to cut this value that make sense."""
    if value.is_block:
        return tuple(sorted(_BLOCK_SPLITS))
    if len(value.text) < _LEAST_CUT:
        return ()
    plain = value.text.isascii() and value.text.isprintable() and " " not in value.text
    return tuple(
        name
        for name, row in _SPLITS.items()
        if row[-1] is not str or (plain and not set(value.text) & set("\\="))
    )


def split(rng: random.Random, value: Value, way: str) -> Snippet:
    """The value cut in two to four parts (a block after each line), on a line each."""
    path, style, before, between, after, escape = _SPLITS[way]
    parts = _lines(value.pieces) if value.is_block else _cut(rng, value)
    made = [Piece(before.replace("@", value.name(rng, style)))]
    for number, part in enumerate(parts):
        made += [Piece(between)] if number else []
        made += mapped(part, escape)
    return Snippet(path, (*made, Piece(after)), "")


def _lines(pieces: Pieces) -> list[Pieces]:
    made: list[list[Piece]] = [[]]
    for text, hidden in pieces:
        for line in text.splitlines(keepends=True):
            made[-1].append(Piece(line, hidden))
            if line.endswith("\n"):
                made.append([])
    return [tuple(part) for part in made if part]


def _cut(rng: random.Random, value: Value) -> list[Pieces]:
    text = value.text
    flags = [hidden for part, hidden in value.pieces for _ in part]
    count = rng.randint(1, min(3, len(text) // 6))
    # Where the secret is, so that it is the secret that is cut.
    inside = [at for at in range(4, len(text) - 3) if flags[at - 1] and flags[at]]
    cuts = sorted(rng.sample(inside, min(count, len(inside))))
    made: list[Pieces] = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        made.append(tuple(Piece(text[at], flags[at]) for at in range(start, end)))
    return made


_BASICS: tuple[tuple[str, str, str], ...] = (
    ("site.conf", 'location / {\n    proxy_set_header Authorization "Basic ', '";\n}\n'),
    ("fetch.sh", "curl -H 'Authorization: Basic ", "' https://api.example.com/\n"),
    ("app.py", 'HEADERS = {"Authorization": "Basic ', '", "Accept": "*/*"}\n'),
    ("app.js", "headers: { Authorization: 'Basic ", "' },\n"),
    ("values.yaml", "headers:\n  Authorization: Basic ", "\nport: 80\n"),
    ("request.http", "GET / HTTP/1.1\nHost: a.example.com\nAuthorization: Basic ", "\n\n"),
    ("config.json", '{"auths": {"r.example.com": {"auth": "', '"}}}\n'),
    (".npmrc", "registry=https://npm.example.com/\n//npm.example.com/:_auth=", "\n"),
    ("app.log", "10:00 DEBUG > Proxy-Authorization: Basic ", "\n"),
    ("main.go", 'req.Header.Set("Authorization", "Basic ', '")\n'),
    ("main.tf", 'resource "x" "y" {\n  basic_auth = "', '"\n}\n'),
    (".env", "PORT=1\nBASIC_AUTH=", "\n"),
)


def basic(rng: random.Random, value: Value) -> Snippet:
    """Base64 of `user:password` where programs expect it."""
    path, before, after = rng.choice(_BASICS)
    name = user(rng)
    start = len(name) + 1
    encoded = base64.b64encode(f"{name}:{value.text}".encode()).decode()
    pieces = regrouped(encoded, [(start * 8 // 6, len(encoded.rstrip("=")))])
    return put(path, before, pieces, after)
