"""Providers: where drafts come from."""

from workflow.providers.interface import Model, Outbox, Provider, Purse

__all__ = ["Model", "Outbox", "Provider", "Purse"]
