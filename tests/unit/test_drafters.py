"""Who drafts is what settings say, and it is built when it is asked for, not before."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from workflow import config, drafters, wiring
from workflow.config import ConfigError
from workflow.redaction import Finder, Vault
from workflow.types import Role

if TYPE_CHECKING:
    from tests.unit.conftest import Desk
    from workflow.drafters import Drafters

REMOTE = """
[roles.surgeon]
provider = "{provider}"
model = "model-of-a-test"
max_input_tokens = 5000
"""
LOCAL = "http://127.0.0.1:9/v1"


def drafters_of(desk: Desk, text: str) -> Drafters:
    """Return who drafts by these settings."""
    settings = config.load(text, os.environ, "workflow.toml")
    vault = Vault(b"k" * 32, Finder(()))
    return drafters.Drafters(settings, wiring.built_in_policy(), vault, desk.store)


def test_without_settings_both_roles_are_offline(desk: Desk) -> None:
    """Nothing can be sent before somebody has said so."""
    made = drafters_of(desk, "")
    assert [(role, made[role].name, made[role].destination) for role in made] == [
        (role, "offline", "nowhere") for role in Role
    ]
    assert len(made) == len(Role)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "compatible"])
def test_a_role_is_given_to_a_model(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    """The one role that is named, and it says where it would be asked."""
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-a-test")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-of-a-test")
    monkeypatch.setenv(f"WORKFLOW_PROVIDERS__{provider.upper()}__BASE_URL", LOCAL)
    made = drafters_of(desk, REMOTE.format(provider=provider))
    surgeon = made[Role.SURGEON]
    assert (surgeon.name, surgeon.model) == (provider, "model-of-a-test")
    assert (surgeon.destination, surgeon.can_repair) == ("127.0.0.1", True)
    assert made[Role.SURGEON] is surgeon
    assert made[Role.ARCHITECT].name == "offline"


def test_a_key_is_missed_when_it_is_needed(desk: Desk) -> None:
    """The other role does not care, and neither does who only looks."""
    made = drafters_of(desk, REMOTE.format(provider="anthropic"))
    assert made[Role.ARCHITECT].name == "offline"
    with pytest.raises(Exception, match="ANTHROPIC_API_KEY is not set"):
        made[Role.SURGEON]


def test_a_server_of_ones_own_needs_an_address(desk: Desk) -> None:
    """There is none that could be meant."""
    with pytest.raises(ConfigError, match="compatible has no address"):
        drafters_of(desk, REMOTE.format(provider="compatible"))[Role.SURGEON]


def test_room_is_what_the_model_of_a_role_can_read() -> None:
    """It bounds what is gathered."""
    settings = config.load(REMOTE.format(provider="openai"), {}, "workflow.toml")
    assert drafters.room(settings) == {Role.ARCHITECT: 2_000_000, Role.SURGEON: 5000}
    assert drafters.address(settings, "openai").startswith("https://api.openai.com/")
    assert drafters.address(settings, "compatible") == ""
