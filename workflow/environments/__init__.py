"""Where the Python of a project's tests and its dependencies come from; none is run on the host."""

from workflow.environments.configured import Choice, Configured, Mode
from workflow.environments.installed import Installed
from workflow.environments.interface import (
    Environment,
    Environments,
    EnvironmentUnavailableError,
    Pair,
    Read,
    Source,
)

__all__ = [
    "Choice",
    "Configured",
    "Environment",
    "EnvironmentUnavailableError",
    "Environments",
    "Installed",
    "Mode",
    "Pair",
    "Read",
    "Source",
]
