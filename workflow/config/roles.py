"""Settings of who drafts: roles, and the providers behind them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from workflow.config.section import MISSING_KEY, Section

ModelName = Annotated[str, Field(pattern=r"^[!-~]*$", max_length=200)]


class RoleSettings(Section):
    """Who drafts in a role, and how far one call may go.

    `offline` drafts in this process and needs no model; `compatible` is any server that speaks
    OpenAI's chat completions.  `max_input_tokens` bounds what is gathered, too.  `deadline_s` is
    for all attempts of a call together, and `retries` are attempts after the first.
    """

    provider: Literal["offline", "openai", "anthropic", "compatible"] = "offline"
    model: ModelName = ""
    max_input_tokens: int = Field(default=100_000, ge=1_000, le=10_000_000)
    max_output_tokens: int = Field(default=16_000, ge=256, le=1_000_000)
    deadline_s: float = Field(default=300.0, gt=0, le=3600)
    retries: int = Field(default=2, ge=0, le=10)

    @model_validator(mode="after")
    def _has_model(self) -> Self:
        if self.provider != "offline" and not self.model.strip():
            said = {"key": "model", "provider": self.provider}
            raise PydanticCustomError(MISSING_KEY, "the provider {provider} needs a model", said)
        return self


class RolesSettings(Section):
    """Who drafts in each role."""

    architect: RoleSettings = RoleSettings()
    surgeon: RoleSettings = RoleSettings()


class EndpointSettings(Section):
    """Where a provider is reached, and what it costs if no price list knows it.

    `base_url` is empty for the vendor's own address; one that is neither that nor on this machine
    counts in the environment only, as `ca_file` does: a repository must not choose who gets a key.
    Prices are in US dollars for a million tokens, and both or neither are given.
    """

    base_url: str = ""
    ca_file: str = ""
    input_usd: float | None = Field(default=None, ge=0, le=10_000)
    output_usd: float | None = Field(default=None, ge=0, le=10_000)

    @model_validator(mode="after")
    def _has_both_prices(self) -> Self:
        if (self.input_usd is None) != (self.output_usd is None):
            key = "input_usd" if self.input_usd is None else "output_usd"
            raise PydanticCustomError(
                MISSING_KEY, "input_usd and output_usd belong together", {"key": key}
            )
        return self


class ProvidersSettings(Section):
    """How each remote provider is reached."""

    openai: EndpointSettings = EndpointSettings()
    anthropic: EndpointSettings = EndpointSettings()
    compatible: EndpointSettings = EndpointSettings()
