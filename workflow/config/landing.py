"""Settings of landing: git's hooks and signatures, where to push, probes, and live targets."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from workflow.config.section import Section

_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
_Words = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class LandingSettings(Section):
    """How an approved proposal becomes a commit.

    `hooks` are git's own: none, or the user's that lie outside the work tree.  `sign` signs commits
    as git is set up to, or never.  `push` is a remote that every landing is pushed to.
    """

    hooks: Literal["none", "user"] = "none"
    sign: Literal["auto", "never"] = "auto"
    push: str = ""


class ProbeSettings(Section):
    """One probe after a landing or an install: a request over HTTP, or a command.

    It counts as passed when one of `tries`, `wait_s` seconds apart, passes; each may take
    `timeout_s` seconds.  A command passes with exit status 0, a request with `status` and, where it
    is given, `contains` in its body.  `insecure` accepts any certificate.
    """

    name: _Name
    http: str = Field(default="", pattern=r"^$|^https?://")
    status: int = Field(default=200, ge=100, le=599)
    contains: str = ""
    insecure: bool = False
    command: _Words | None = None
    timeout_s: float = Field(default=10.0, gt=0, le=600)
    tries: int = Field(default=3, ge=1, le=100)
    wait_s: float = Field(default=1.0, ge=0, le=60)

    @field_validator("http")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        """An address with a host and nothing secret; it is told in messages and logs."""
        if not value:
            return value
        try:
            there = urlsplit(value)
            is_whole = bool(there.hostname) and there.port != 0
        except ValueError:
            is_whole = False
        if not is_whole or not value.isascii() or not value.isprintable() or " " in value:
            message = "an address such as http://127.0.0.1:8080/health is expected"
            raise ValueError(message)
        if there.username is not None or there.fragment:
            message = "an address without a user, a password or a # is expected"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if bool(self.http) == bool(self.command):
            message = "it is either http or command"
            raise ValueError(message)
        return self


class TargetSettings(Section):
    """Files of the repository that live outside git, too, such as below `/etc/nginx`.

    `files` has a live path (absolute) for each path in the repository.  `validate` must end with
    status 0 once they are there, then `reload` runs, then the `probes` that are named; else what
    was there comes back, and `reload` runs again.  `mode` is for files that are new.  `branch` is
    the one whose landings are installed; empty means any.  A live path that is a symbolic link is
    refused, or itself replaced by a file.  After `reload`, `settle_s` seconds pass before probes
    ask: many services answer with what they had for a moment.
    """

    name: _Name
    files: dict[str, Annotated[str, Field(pattern=r"^/")]] = Field(min_length=1)
    mode: str = Field(default="0644", pattern=r"^0[0-7]{3}$")
    links: Literal["refuse", "replace"] = "refuse"
    branch: str = ""
    check: _Words | None = Field(default=None, alias="validate")
    reload: _Words | None = None
    probes: tuple[str, ...] = ()
    timeout_s: float = Field(default=60.0, gt=0, le=3600)
    settle_s: float = Field(default=1.0, ge=0, le=60)


class ProxySettings(Section):
    """A reverse proxy in front of the page, which says in a header who somebody is.

    The header counts only in requests from `addresses`; without any it never does.
    """

    addresses: tuple[str, ...] = ()
    header: str = Field(default="X-Forwarded-Email", pattern=r"^[A-Za-z][A-Za-z0-9-]*$")

    @field_validator("addresses")
    @classmethod
    def _are_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Addresses or networks; a name, or bits behind a mask, would match nothing."""
        for one in value:
            try:
                ip_network(one)
            except ValueError as error:
                message = f"{one!r} is not an IP address or a network such as 10.1.0.0/16"
                raise ValueError(message) from error
        return value
