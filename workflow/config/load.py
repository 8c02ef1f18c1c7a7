"""Settings: `workflow.toml` of the base commit, then the environment; unknown keys are refused.

The file is read from the base commit and not from the work tree, because settings decide how a
patch is judged.  What chooses a program that runs *outside* the sandbox (bubblewrap itself) can be
set in the environment only, never by a repository.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from difflib import get_close_matches
from typing import TYPE_CHECKING, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, ValidationError

from workflow.config.gates import GateSettings
from workflow.config.landing import (
    LandingSettings,
    ProbeSettings,
    ProxySettings,
    TargetSettings,
)
from workflow.config.roles import ProvidersSettings, RolesSettings
from workflow.config.section import MISSING_KEY, Section
from workflow.errors import WorkflowError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails

FILE = "workflow.toml"
BUBBLEWRAP_VARIABLE = "WORKFLOW_BUBBLEWRAP"
WHEELHOUSE_VARIABLE = "WORKFLOW_WHEELHOUSE"
_PREFIX = "WORKFLOW_"
# Variables with our prefix that are not settings of `workflow.toml`.
_OTHERS = {
    BUBBLEWRAP_VARIABLE,
    WHEELHOUSE_VARIABLE,
    "WORKFLOW_REPORT_FD",
    "WORKFLOW_COMPATIBLE_API_KEY",
}
_LIVE = "WORKFLOW_LIVE_"
VENDORS = {"openai": "api.openai.com", "anthropic": "api.anthropic.com"}
"""The own hosts of the vendors, by the name of their provider."""
_SEE = "docs/reference.md lists every setting"
_LONGEST_KEY = 100
# What is expected, for each of pydantic's kinds of faults, with what it tells of them.
_EXPECTED = {
    "string_type": "text is expected; put it into quotes",
    "string_pattern_mismatch": "it has characters that cannot be in it",
    "int_type": "a whole number is expected",
    "int_parsing": "a whole number is expected",
    "int_from_float": "a whole number is expected",
    "float_type": "a number is expected",
    "float_parsing": "a number is expected",
    "finite_number": "a number that has an end is expected",
    "greater_than": "a number above {gt:g} is expected",
    "greater_than_equal": "a number of {ge:g} or more is expected",
    "less_than_equal": "a number of {le:g} or less is expected",
    "literal_error": "it is one of {expected}",
    "string_too_long": "at most {max_length} characters are expected",
    "tuple_type": "a list is expected",
    "too_short": "at least {min_length} is needed",
    "too_long": "at most {max_length} are expected",
    "missing": "it is needed",
    "model_type": "a section with keys of its own is expected",
}


class ConfigError(WorkflowError):
    """A setting is unknown or has a value that it cannot have."""


class ShrinkSettings(Section):
    """The search for parts that a patch does not need.

    Running the gates without each part may take `budget_s` seconds of wall time in all, judged by
    how long they took on the whole patch; 0 tries no part.
    """

    budget_s: float = Field(default=30.0, ge=0, le=3600)


class Settings(Section):
    """All settings, with the defaults that apply when nothing is said.

    `policy` is the repository path of a policy file; empty means the built-in default.  `recipes`
    is the repository path of a folder of recipes, which come before the built-in ones.
    """

    policy: str = ""
    recipes: str = ""
    roles: RolesSettings = RolesSettings()
    providers: ProvidersSettings = ProvidersSettings()
    gates: GateSettings = GateSettings()
    shrink: ShrinkSettings = ShrinkSettings()
    landing: LandingSettings = LandingSettings()
    probes: tuple[ProbeSettings, ...] = ()
    targets: tuple[TargetSettings, ...] = ()
    proxy: ProxySettings = ProxySettings()


def load(text: str, environ: Mapping[str, str], source: str) -> Settings:
    """Settings from TOML text and from variables such as `WORKFLOW_GATES__NGINX__BINARY`.

    Raises `ConfigError` naming the source, the key and the fault.
    """
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Not only what is no TOML: a number of too many digits, brackets without end.
        said = error if isinstance(error, tomllib.TOMLDecodeError) else "it cannot be read"
        message = f"{source}: {said}"
        raise ConfigError(message, hint="correct and commit it") from error
    _refuse_reach(values, source)
    variables = {}
    for name, value in sorted(environ.items()):
        if name.startswith(_PREFIX) and name not in _OTHERS and not name.startswith(_LIVE):
            variables[_put(values, name, value)] = name
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise _fault(error.errors()[0], variables, source) from error


def _fault(
    fault: ErrorDetails, variables: Mapping[tuple[str, ...], str], source: str
) -> ConfigError:
    """What is wrong with a setting and where it comes from, in words of ours.

    `variables` are those of the environment by the keys that they set.  No value is told: a secret
    may stand in the wrong place.
    """
    # The last part of a wrong name in a table is pydantic's own word for that.
    place = tuple(str(part) for part in fault["loc"] if part != "[key]")
    if fault["type"] == MISSING_KEY:
        is_there = any(keys[: len(place)] == place for keys in variables)
        place = (*place, fault["ctx"]["key"])
        variable = f"{_PREFIX}{'__'.join(place)}".upper() if is_there else ""
    else:
        least = (min(len(keys), len(place)) for keys in variables)
        met = [keys for keys, n in zip(variables, least, strict=True) if keys[:n] == place[:n]]
        variable = variables[met[0]] if met else ""
    said, where = _words(fault, place), ".".join(place)
    if variable:
        mend = "unset it" if fault["type"] == "extra_forbidden" else f"export {variable}=…"
        return ConfigError(f"the environment: {variable}: {said}", hint=f"{mend}; {_SEE}")
    message = f"{source}: {where}: {said}"
    return ConfigError(message, hint=f"correct it and commit {FILE}; {_SEE}")


def _words(fault: ErrorDetails, place: tuple[str, ...]) -> str:
    """What is expected where something else was found."""
    if fault["type"] == "extra_forbidden":
        return _unknown(place)
    if place == ("gates",):
        return "a section is expected; a gate of your own is [[gates.command]]"
    expected = _EXPECTED.get(fault["type"])
    if expected is None:
        return fault["msg"].removeprefix("Value error, ")
    return expected.format(**fault.get("ctx", {}))


def _unknown(place: tuple[str, ...]) -> str:
    """Says that a key is none, and which one may be meant."""
    *above, key = place
    section: type[BaseModel] = Settings
    for name in above:
        # A number is a place in a list of sections.
        if not name.isdecimal():
            section = _section(section.model_fields[name].annotation)
    known = tuple(field.alias or name for name, field in section.model_fields.items())
    like = get_close_matches(key[:_LONGEST_KEY], known, n=1)
    return f"there is no such setting; {f'is {like[0]} meant?' if like else _listed(known)}"


def _section(annotation: object) -> type[BaseModel]:
    """The section that a key holds, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = get_args(annotation)
    return next(kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel))


def _listed(known: Sequence[str]) -> str:
    return f"there are {', '.join(known)}"


def _refuse_reach(values: Mapping[str, object], source: str) -> None:
    """Refuse an address by which a repository could get at a key, and paths of the machine."""
    gates = values.get("gates")
    if isinstance(gates, dict) and gates.get("tools"):
        message = f"{source}: gates.tools counts in the environment only"
        raise ConfigError(message, hint=f"export {_PREFIX}GATES__TOOLS=/path/of/a/tool")
    providers = values.get("providers")
    for name, section in providers.items() if isinstance(providers, dict) else ():
        for key in ("base_url", "ca_file") if isinstance(section, dict) else ():
            value = section.get(key)
            is_fine = key == "base_url" and may_have_key(name, str(value))
            if value and not is_fine:
                message = f"{source}: providers.{name}.{key} counts in the environment only"
                hint = f"export {_PREFIX}PROVIDERS__{name.upper()}__{key.upper()}=…"
                raise ConfigError(message, hint=hint)


def may_have_key(provider: str, url: str) -> bool:
    """Whether anybody may choose an address.

    A vendor's own or a region below it, and for a server of one's own any on this machine: a
    vendor's key is not sent to other people's ports, either.
    """
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    own = VENDORS.get(provider)
    if own is None:
        return is_loopback(host)
    return host == own or host.endswith(f".{own}")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, by its address or as `localhost`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def bubblewrap() -> str:
    """Which bubblewrap to use: `wheel`, `system`, a path, or empty for the first that works."""
    return os.environ.get(BUBBLEWRAP_VARIABLE, "")


def wheelhouse() -> str:
    """The folder of wheels that tests' environments are built from; empty where there is none.

    It is shown to a build, so that a repository cannot name it.
    """
    return os.environ.get(WHEELHOUSE_VARIABLE, "")


def _put(values: dict[str, object], name: str, value: str) -> tuple[str, ...]:
    """Set one nested key from a variable's name, and return it; two underscores join its parts."""
    place = tuple(name.removeprefix(_PREFIX).lower().split("__"))
    *sections, key = place
    for section in sections:
        inner = values.setdefault(section, {})
        if not isinstance(inner, dict):
            message = f"{name}: {section} is not a section"
            raise ConfigError(message, hint=f"unset {name}; {_SEE}")
        values = inner
    values[key] = value
    return place
