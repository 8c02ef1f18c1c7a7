"""The only place that builds objects: few for every command, all of them for a pipeline."""

from workflow.wiring.gates import command_gates, environments, sandbox
from workflow.wiring.live import grounds, live, site
from workflow.wiring.parts import build, every_recipe, recipes
from workflow.wiring.repository import STATE, Repository, open_repository, read_base
from workflow.wiring.settings import (
    DEFAULT_POLICY,
    built_in_policy,
    default_settings,
    has_uncommitted_settings,
    read_policy,
    read_settings,
)
from workflow.wiring.vaults import find_secrets, finder, secrets_vault, vault

__all__ = [
    "DEFAULT_POLICY",
    "STATE",
    "Repository",
    "build",
    "built_in_policy",
    "command_gates",
    "default_settings",
    "environments",
    "every_recipe",
    "find_secrets",
    "finder",
    "grounds",
    "has_uncommitted_settings",
    "live",
    "open_repository",
    "read_base",
    "read_policy",
    "read_settings",
    "recipes",
    "sandbox",
    "secrets_vault",
    "site",
    "vault",
]
