"""AI-assisted change workflow: route, seal, draft, prove in a sandbox, stop for a person, land."""

__version__ = "0.1.0"
