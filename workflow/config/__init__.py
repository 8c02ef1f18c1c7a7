"""Settings: what `workflow.toml` of the base commit and the environment say."""

from workflow.config.command import CommandSettings
from workflow.config.gates import GateSettings, NginxSettings, PytestSettings
from workflow.config.landing import (
    LandingSettings,
    ProbeSettings,
    ProxySettings,
    TargetSettings,
)
from workflow.config.load import (
    BUBBLEWRAP_VARIABLE,
    FILE,
    VENDORS,
    WHEELHOUSE_VARIABLE,
    ConfigError,
    Settings,
    ShrinkSettings,
    bubblewrap,
    is_loopback,
    load,
    may_have_key,
    wheelhouse,
)
from workflow.config.roles import (
    EndpointSettings,
    ProvidersSettings,
    RoleSettings,
    RolesSettings,
)

__all__ = [
    "BUBBLEWRAP_VARIABLE",
    "FILE",
    "VENDORS",
    "WHEELHOUSE_VARIABLE",
    "CommandSettings",
    "ConfigError",
    "EndpointSettings",
    "GateSettings",
    "LandingSettings",
    "NginxSettings",
    "ProbeSettings",
    "ProvidersSettings",
    "ProxySettings",
    "PytestSettings",
    "RoleSettings",
    "RolesSettings",
    "Settings",
    "ShrinkSettings",
    "TargetSettings",
    "bubblewrap",
    "is_loopback",
    "load",
    "may_have_key",
    "wheelhouse",
]
