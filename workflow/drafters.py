"""Builds who drafts: for each role the provider that settings name, when it is first asked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.types import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.config import EndpointSettings, RoleSettings, Settings
    from workflow.policy import Policy
    from workflow.providers import Model, Outbox, Provider, Purse
    from workflow.providers.prices import Price
    from workflow.providers.remote import Remote
    from workflow.redaction import Vault
    from workflow.redaction.egress.leak import Leaks
    from workflow.store import Store


_OFFLINE_ROOM = 2_000_000


class Drafters(Mapping[Role, "Provider"]):
    """The provider of each role.

    It is built when it is first asked for: a landing needs none, and so no key.  `request` is the
    name by which the purse knows a change request that goes on.
    """

    def __init__(
        self, settings: Settings, rules: Policy, vault: Vault, store: Store, request: str = ""
    ) -> None:
        self._settings = settings
        self._rules = rules
        self._vault = vault
        self._store = store
        self._request = request
        self._built: dict[Role, Provider] = {}
        self._means: tuple[Leaks, Outbox, Purse] | None = None

    def __getitem__(self, role: Role) -> Provider:
        """The provider of a role.  Raises what `providers.keys.key_for` raises."""
        if role not in self._built:
            self._built[role] = self._build(_of(self._settings, role))
        return self._built[role]

    def __iter__(self) -> Iterator[Role]:
        """Every role has one."""
        return iter(Role)

    def __len__(self) -> int:
        """As many as there are roles."""
        return len(Role)

    def _build(self, chosen: RoleSettings) -> Provider:
        from workflow.providers.offline import OfflineProvider

        if chosen.provider == "offline":
            return OfflineProvider()
        from workflow.providers import Model
        from workflow.providers.anthropic_messages import AnthropicMessages
        from workflow.providers.compatible_chat import CompatibleChat
        from workflow.providers.openai_responses import OpenAIResponses

        kinds: dict[str, Callable[[Model, Remote, Leaks, Outbox, Purse], Provider]] = {
            "openai": OpenAIResponses,
            "anthropic": AnthropicMessages,
            "compatible": CompatibleChat,
        }
        model = Model(
            provider=chosen.provider,
            name=chosen.model,
            max_input_tokens=chosen.max_input_tokens,
            max_output_tokens=chosen.max_output_tokens,
            deadline_s=chosen.deadline_s,
            retries=chosen.retries,
        )
        remote = _remote(chosen.provider, self._settings)
        return kinds[chosen.provider](model, remote, *self._shared())

    def _shared(self) -> tuple[Leaks, Outbox, Purse]:
        """What all remote providers of one change request go through."""
        if self._means is None:
            from workflow import seal, spending
            from workflow.providers.prices import Prices
            from workflow.redaction.egress.leak import Leaks

            prices = Prices(prices_of(self._settings))
            purse = spending.Purse(
                self._rules.spending, self._store.answers, prices, request=self._request
            )
            outbox = seal.Outbox(self._vault, self._store)
            self._means = Leaks(self._vault.values), outbox, purse
        return self._means


def room(settings: Settings) -> Mapping[Role, int]:
    """How many tokens a brief may have, by role; what is read in this process may be longer."""
    return {
        role: _OFFLINE_ROOM if chosen.provider == "offline" else chosen.max_input_tokens
        for role in Role
        for chosen in (_of(settings, role),)
    }


def _endpoint(settings: Settings, provider: str) -> EndpointSettings:
    found: EndpointSettings = getattr(settings.providers, provider)
    return found


def address(settings: Settings, provider: str) -> str:
    """The base URL of a remote provider; empty where none is set and there is no vendor's."""
    from workflow.providers.remote import ANTHROPIC_URL, OPENAI_URL

    own = {"openai": OPENAI_URL, "anthropic": ANTHROPIC_URL}
    return _endpoint(settings, provider).base_url or own.get(provider, "")


def _of(settings: Settings, role: Role) -> RoleSettings:
    found: RoleSettings = getattr(settings.roles, role.value)
    return found


def _remote(provider: str, settings: Settings) -> Remote:
    from workflow.config import ConfigError
    from workflow.providers.keys import key_for
    from workflow.providers.remote import Remote

    where = _endpoint(settings, provider)
    base_url = address(settings, provider)
    if not base_url:
        message = f"the provider {provider} has no address"
        hint = "set providers.compatible.base_url, such as http://127.0.0.1:11434/v1"
        raise ConfigError(message, hint=hint)
    is_own_choice = f"WORKFLOW_PROVIDERS__{provider.upper()}__BASE_URL" in os.environ
    return Remote(
        api_key=key_for(provider, base_url, is_own_choice=is_own_choice),
        base_url=base_url,
        ca_file=Path(where.ca_file) if where.ca_file else None,
    )


def prices_of(settings: Settings) -> Mapping[str, Price]:
    """The prices that settings give, by the provider's name."""
    from workflow.providers.prices import Price

    given = {}
    for provider in ("openai", "anthropic", "compatible"):
        where = _endpoint(settings, provider)
        if where.input_usd is not None and where.output_usd is not None:
            each = (Decimal(str(cost)) for cost in (where.input_usd, where.output_usd))
            given[provider] = Price(*each)
    return given
