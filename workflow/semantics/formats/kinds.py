"""Which configuration format a file has, told by its name; its content may still belie it."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.types import RepoPath


class Format(StrEnum):
    """A format that is read."""

    YAML = "YAML"
    TOML = "TOML"
    JSON = "JSON"
    INI = "INI"
    DOCKERFILE = "Dockerfile"
    COMPOSE = "compose file"
    CRONTAB = "crontab"
    ENV = "env file"


_TEMPLATE = (".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".template", ".erb", ".mustache", ".in")
_COMPOSE = re.compile(r"(?:docker-)?compose(?:[.-][\w.-]*)?\.ya?ml\Z", re.IGNORECASE)
_DOCKER = re.compile(
    r"(?:(?:dockerfile|containerfile)(?:[.-][\w.-]+)?|[\w.-]+\.(?:dockerfile|containerfile))\Z",
    re.IGNORECASE,
)
_NOT_DOCKER = (
    *(".md", ".txt", ".rst", ".sh", ".py", ".json", ".yml", ".yaml", ".toml", ".dockerignore"),
    *(".license", ".vim", ".lua", ".go", ".js", ".ts", ".html", ".svg", ".png"),
)
_ENV = re.compile(r"(?:\.env(?:\.[\w.-]+)?|[\w.-]+\.env)\Z")
# JSON by name, with comments by custom: their programs read JSON with comments or JSON5.
_WITH_COMMENTS = re.compile(
    r"(?:[jt]sconfig(?:[.-][\w.-]+)?|\.?eslintrc|\.babelrc|\.swcrc|\.jshintrc|devcontainer"
    r"|\.devcontainer|api-extractor|biome|deno|turbo|nx|angular|renovate|\.renovaterc"
    r"|\.hintrc|\.markdownlint|wrangler|rush|pyrightconfig|tslint|launch|settings)\.jsonc?\Z"
)
_INI_NAMES = frozenset(
    (".flake8", ".coveragerc", ".pylintrc", "pylintrc", ".gitlint", ".bumpversion.cfg", "pip.conf")
)
_TOML_NAMES = frozenset(("Pipfile", "poetry.lock", "uv.lock", "Cargo.lock", "pdm.lock"))
_JSON_ENDS = (".json", ".webmanifest", ".geojson", ".jsonld")
_CRON_ENDS = (".crontab", ".cron", ".cronfile")


def format_of(path: RepoPath) -> Format | None:
    """Return the format that files of this name have, if it is one that is read."""
    name = path.name
    if name.endswith(_TEMPLATE) or _WITH_COMMENTS.match(name) or ".vscode" in path.parts:
        return None
    return next((kind for kind, is_one in _KINDS.items() if is_one(path)), None)


def has_user_column(path: RepoPath) -> bool:
    """Whether a crontab's lines name a user: the system's own do, and those in `cron.d`."""
    return "cron.d" in path.parts[:-1] or path.parts[-2:] == ("etc", "crontab")


def _is_crontab(path: RepoPath) -> bool:
    folders = path.parts[:-1]
    is_inside = folders and folders[-1] in {"cron.d", "crontabs"} and "." not in path.name
    return path.name == "crontab" or path.name.endswith(_CRON_ENDS) or bool(is_inside)


def _is_docker(path: RepoPath) -> bool:
    name = path.name
    return _DOCKER.match(name) is not None and not name.lower().endswith(_NOT_DOCKER)


# The first that says yes.
_KINDS: dict[Format, Callable[[RepoPath], bool]] = {
    Format.COMPOSE: lambda path: _COMPOSE.match(path.name) is not None,
    Format.YAML: lambda path: path.name.endswith((".yaml", ".yml")),
    Format.JSON: lambda path: path.name.endswith(_JSON_ENDS),
    Format.TOML: lambda path: path.name.endswith(".toml") or path.name in _TOML_NAMES,
    Format.INI: lambda path: path.name.endswith((".ini", ".cfg")) or path.name in _INI_NAMES,
    Format.DOCKERFILE: _is_docker,
    Format.ENV: lambda path: _ENV.match(path.name) is not None,
    Format.CRONTAB: _is_crontab,
}
