"""Providers: where drafts come from."""

from workflow.providers.interface import Answered, Model, Outbox, Provider, Purse

__all__ = ["Answered", "Model", "Outbox", "Provider", "Purse"]
