"""Who drafts: the facts about a request, and a local classifier that abstains."""

from workflow.routing.decision import decide
from workflow.routing.facts import Facts, look

__all__ = ["Facts", "decide", "look"]
