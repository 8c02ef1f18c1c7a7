"""Providers: where drafts come from."""

from workflow.providers.interface import Provider

__all__ = ["Provider"]
