"""Drafts without a model: deterministic codemods on the user's own nginx files."""

from workflow.providers.offline.intents import Intent
from workflow.providers.offline.provider import OfflineProvider
from workflow.providers.offline.request import parse_request

__all__ = ["Intent", "OfflineProvider", "parse_request"]
