"""Seals what leaves and what is kept, and restores what comes back.

A provider is shown sealed files, its draft is put into the sealed files, and what results is
restored: the text of a draft never is.
"""

from workflow.seal.brief import Asked, again, brief, shown
from workflow.seal.files import SealedFiles, misplaced, patch_of
from workflow.seal.learn import keeper, learn, learn_tree, secrets
from workflow.seal.outbox import Outbox

__all__ = [
    "Asked",
    "Outbox",
    "SealedFiles",
    "again",
    "brief",
    "keeper",
    "learn",
    "learn_tree",
    "misplaced",
    "patch_of",
    "secrets",
    "shown",
]
