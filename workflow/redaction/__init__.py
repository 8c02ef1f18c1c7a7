"""Keeps secrets and tenant data here: finds them, seals them, restores them, guards the door."""

from workflow.redaction.allow import Allow
from workflow.redaction.find import Finder
from workflow.redaction.interface import Detector, Fault, Kind, SealingError, Span
from workflow.redaction.reading import UndecodableError
from workflow.redaction.settings import SealingSettings
from workflow.redaction.structural import Structural
from workflow.redaction.tenant.dictionary import Tenant
from workflow.redaction.tenant.personal import Personal
from workflow.redaction.tenant.readable import named_in
from workflow.redaction.vault.restore import Restored, restore
from workflow.redaction.vault.vault import Sealed, Vault
from workflow.redaction.vendor import Vendor

__all__ = [
    "Allow",
    "Detector",
    "Fault",
    "Finder",
    "Kind",
    "Personal",
    "Restored",
    "Sealed",
    "SealingError",
    "SealingSettings",
    "Span",
    "Structural",
    "Tenant",
    "UndecodableError",
    "Vault",
    "Vendor",
    "named_in",
    "restore",
]
