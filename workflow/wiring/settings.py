"""Settings and policies: those of a base tree, and the built-in ones."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.types import RepoPath

if TYPE_CHECKING:
    from workflow.config import Settings
    from workflow.git_store import GitStore
    from workflow.policy import Policy
    from workflow.types import TreeId

DEFAULT_POLICY = "default.yaml"


def read_settings(git: GitStore, tree: TreeId) -> Settings:
    """The settings that a base tree and the environment give."""
    from workflow import config

    try:
        text = git.read(tree, RepoPath(config.FILE)).decode()
    except KeyError:
        return default_settings()
    except UnicodeDecodeError as error:
        message = f"{config.FILE} is not UTF-8: {error}"
        raise config.ConfigError(message, hint="save it as UTF-8, and commit it") from error
    return config.load(text, os.environ, config.FILE)


def default_settings() -> Settings:
    """The settings where there is no repository: the built-in ones and the environment."""
    from workflow import config

    return config.load("", os.environ, "the built-in settings")


def has_uncommitted_settings(git: GitStore) -> bool:
    """Whether the work tree's settings differ from the base's, which alone count."""
    from workflow.config import FILE

    path = git.top / FILE
    try:
        committed = git.read(git.snapshot().tree, RepoPath(FILE))
    except KeyError:
        committed = b""
    return (path.read_bytes() if path.is_file() else b"") != committed


def read_policy(git: GitStore, tree: TreeId, settings: Settings) -> Policy:
    """The policy that a base tree names, or the built-in one; no draft changes a recipe."""
    from workflow import policy

    rules = built_in_policy()
    if settings.policy:
        try:
            rules = policy.load(git.read(tree, RepoPath(settings.policy)), settings.policy)
        except (KeyError, ValueError) as error:
            message = f"workflow.toml names the policy {settings.policy}, which is not committed"
            raise policy.PolicyError(message, hint=f"git add {settings.policy}") from error
    if not settings.recipes:
        return rules
    recipes = policy.Protected((f"{settings.recipes.rstrip('/')}/**",))
    return replace(rules, protected=(*rules.protected, recipes))


def built_in_policy() -> Policy:
    """The policy where no repository names one."""
    from workflow import policy
    from workflow.resources import folder

    built_in = folder("policies") / DEFAULT_POLICY
    return policy.load(built_in.read_bytes(), "the built-in default policy")
