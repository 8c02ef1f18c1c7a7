"""A first server block for nginx, from the names in a request, without a model."""

from __future__ import annotations

from workflow.providers.offline.first_pass.drafting import draft_first_pass

__all__ = ["draft_first_pass"]
