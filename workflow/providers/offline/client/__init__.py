"""Reads a browser client and drafts the backend that it talks to, from templates."""

from __future__ import annotations

from workflow.providers.offline.client.backend import draft_backend

__all__ = ["draft_backend"]
