"""Kinds of files that people name without a path, and how a repository shows that it has one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# A kind, how a request says it, and the paths that are of that kind.
_KINDS: tuple[tuple[str, str, str], ...] = (
    ("Dockerfile", r"docker ?files?", r"(?:^|/)dockerfile"),
    ("Makefile", r"make ?files?", r"(?:^|/)makefile$"),
    ("Caddyfile", r"caddy ?file|caddy config", r"(?:^|/)caddyfile$"),
    ("Vagrantfile", r"vagrant ?file", r"(?:^|/)vagrantfile$"),
    ("compose file", r"compose", r"(?:^|/)(?:docker-)?compose[\w.-]*\.ya?ml$"),
    ("Terraform", r"terraform", r"\.tf$"),
    ("Ansible", r"ansible|playbooks?", r"(?:^|/)(?:playbooks?|roles)/"),
    ("Helm chart", r"helm", r"(?:^|/)chart\.yaml$"),
    ("Kubernetes", r"k8s|kubernetes|kustomize", r"(?:^|/)(?:k8s|kubernetes|manifests?)/"),
    ("systemd unit", r"units?|systemd|unit files?", r"\.service$"),
    ("systemd timer", r"timers?", r"\.timer$"),
    (
        "NGINX site",
        r"nginx|vhosts?|virtual hosts?|server blocks?|site configs?",
        r"(?:nginx|conf\.d|sites-).*\.conf$",
    ),
    ("CI workflow", r"ci|workflows?|github actions?", r"^\.github/workflows/|\.gitlab-ci"),
    ("Dependabot", r"dependabot|renovate", r"dependabot|renovate"),
    ("changelog", r"change ?log", r"(?:^|/)changelog"),
    ("readme", r"readme", r"(?:^|/)readme"),
    ("license", r"licen[cs]e", r"(?:^|/)(?:licen[cs]e|copying)"),
    ("editorconfig", r"editor ?config", r"(?:^|/)\.editorconfig$"),
    ("pre-commit", r"pre-commit", r"\.pre-commit-config"),
    ("logrotate", r"logrotate", r"logrotate"),
    ("robots.txt", r"robots\.txt", r"(?:^|/)robots\.txt$"),
    ("sitemap", r"site ?maps?", r"sitemap"),
    ("OpenAPI", r"openapi|swagger", r"openapi|swagger"),
    ("migration", r"migrations?", r"migrations?/"),
    ("env file", r"dot ?env|env files?|\.env", r"(?:^|/)\.env"),
    ("dashboard", r"grafana", r"grafana|dashboards?/"),
    ("stylesheet", r"style ?sheets?|css", r"\.s?css$"),
    ("TypeScript", r"typescript", r"\.tsx?$"),
    (
        "another language",
        r"kotlin|swift|rust|golang|c#|php|ruby",
        r"\.(?:kt|swift|rs|go|cs|php|rb)$",
    ),
)
_COMPILED = tuple(
    (
        name,
        re.compile(rf"(?<![\w/-])(?:{said})(?![\w/])", re.IGNORECASE),
        re.compile(path, re.IGNORECASE),
    )
    for name, said, path in _KINDS
)


def kinds(text: str, paths: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The kinds of files that a text names: those among `paths`, and those that are not."""
    there: list[str] = []
    absent: list[str] = []
    for name, said, path in _COMPILED:
        if said.search(text):
            (there if any(map(path.search, paths)) else absent).append(name)
    return tuple(there), tuple(absent)
