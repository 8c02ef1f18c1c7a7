"""Keeps secrets and tenant data here: finds them, seals them, restores them, guards the door."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workflow.redaction.allow import Allow
    from workflow.redaction.find import Finder
    from workflow.redaction.interface import Detector, Fault, Kind, SealingError, Span
    from workflow.redaction.reading import UndecodableError
    from workflow.redaction.settings import SealingSettings
    from workflow.redaction.structural.engine import Structural
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

_MODULES = {
    "Allow": "allow",
    "Detector": "interface",
    "Fault": "interface",
    "Finder": "find",
    "Kind": "interface",
    "Personal": "tenant.personal",
    "Restored": "vault.restore",
    "Sealed": "vault.vault",
    "SealingError": "interface",
    "SealingSettings": "settings",
    "Span": "interface",
    "Structural": "structural.engine",
    "Tenant": "tenant.dictionary",
    "UndecodableError": "reading",
    "Vault": "vault.vault",
    "Vendor": "vendor",
    "named_in": "tenant.readable",
    "restore": "vault.restore",
}


def __getattr__(name: str) -> object:
    """Import what is asked for only now: the rules take 0.3 s that many commands can save."""
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    found: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found
