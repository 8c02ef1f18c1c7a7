"""The gates that settings ask for, and where they run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.config import Settings
    from workflow.environments import Configured, Environments
    from workflow.gates import Gate
    from workflow.gates.command import CommandGate
    from workflow.sandbox import Sandbox
    from workflow.wiring.repository import Repository


def gates(
    repository: Repository, settings: Settings, confined: Sandbox, tell: Callable[[str], None]
) -> tuple[Gate, ...]:
    """Every gate, the repository's own ones last; `tell` hears that an environment is built."""
    from workflow.gates.formats import FormatsGate
    from workflow.gates.nginx.gate import NginxGate
    from workflow.gates.pytest import PytestGate
    from workflow.gates.service import service_gate
    from workflow.gates.systemd import SystemdGate
    from workflow.resources import cache_folder

    asked = settings.gates
    pythons = environments(repository, settings, confined, tell)
    return (
        NginxGate(
            binary=asked.nginx.binary,
            config=_main_config(asked.nginx.config),
            known_hosts=asked.nginx.known_hosts,
            timeout_s=asked.nginx.timeout_s,
            probe=asked.nginx.probe,
            cache=cache_folder() / "nginx",
        ),
        PytestGate(
            environments=pythons, timeout_s=asked.pytest.timeout_s, plugins=asked.pytest.plugins
        ),
        service_gate(asked.service, pythons),
        SystemdGate(
            binary=asked.systemd.binary,
            known_users=asked.systemd.known_users,
            known_units=asked.systemd.known_units,
            known_paths=asked.systemd.known_paths,
            timeout_s=asked.systemd.timeout_s,
        ),
        FormatsGate(),
        *command_gates(settings, pythons),
    )


def command_gates(settings: Settings, pythons: Environments) -> tuple[CommandGate, ...]:
    """The gates that a repository defines itself."""
    from workflow.gates.command import CommandGate, checked

    tools = checked(settings.gates.tools)
    return tuple(CommandGate(one, pythons, tools) for one in settings.gates.command)


def _main_config(setting: str) -> RepoPath | None:
    """The configured main file of NGINX, if there is one."""
    from workflow.config import ConfigError

    try:
        return RepoPath(setting) if setting else None
    except ValueError as error:
        message = f"gates.nginx.config: {error}"
        raise ConfigError(message, hint="name a file of the repository, from its top") from error


def environments(
    repository: Repository | None,
    settings: Settings,
    confined: Sandbox,
    tell: Callable[[str], None] = lambda _: None,
) -> Configured:
    """Where the Python of the tests comes from, as the settings and this user have it.

    `confined` is where one is built, if that is wanted; `tell` hears that a build begins.
    """
    from workflow.config import wheelhouse
    from workflow.environments import Choice, Configured, Mode
    from workflow.resources import cache_folder

    chosen = settings.gates.pytest
    choice = Choice(
        python=chosen.python,
        mode=Mode(chosen.environment),
        requirements=chosen.requirements,
        wheels=wheelhouse(),
        environ=os.environ,
    )
    cache = cache_folder() / "environments"
    if repository is None:
        return Configured(choice, confined, cache, tell=tell)
    git = repository.git
    return Configured(
        choice,
        confined,
        cache,
        top=git.top,
        is_committed=lambda path: bool(git.git("ls-files", "-z", "--", path, literal=True)),
        tell=tell,
    )


def sandbox() -> Sandbox:
    """The sandbox of this machine; it refuses at its first run when it does not work."""
    from workflow.config import bubblewrap
    from workflow.sandbox.bubblewrap import Bubblewrap
    from workflow.sandbox.remember import Remembering

    return Remembering(Bubblewrap(bubblewrap()))
