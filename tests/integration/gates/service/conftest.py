"""Services for the gate, small and real: uvicorn starts each of them in the real sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from tests.integration.gates.service.services import CHECKS, QUICK
from workflow.environments import Installed
from workflow.gates.service import Target, exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.integration.gates.conftest import MakeCase
    from workflow.gates.service import Check, Service
    from workflow.gates.service.exchange import Probe
    from workflow.process import Ran
    from workflow.sandbox import Command
    from workflow.sandbox.bubblewrap import Bubblewrap


NONE: Mapping[str, str] = {}


class Probed(Protocol):
    """Probes one tree, whose `service.py` is the code: `probed(code)`."""

    def __call__(
        self,
        code: str,
        *,
        service: Service = QUICK,
        checks: Sequence[Check] = CHECKS,
        files: Mapping[str, str] = NONE,
        otherwise: Callable[[Command], Command] = lambda command: command,
    ) -> tuple[Probe, Ran]:
        """Return what the probe saw, and the run; `otherwise` changes the command before."""
        ...


@pytest.fixture
def probed(make_case: MakeCase, sandbox: Bubblewrap) -> Probed:
    """Return the runner of a single probe of `service:app`."""
    python = Installed().pair(lambda _: b"", lambda _: b"").base.interpreter

    def run(
        code: str,
        *,
        service: Service = QUICK,
        checks: Sequence[Check] = CHECKS,
        files: Mapping[str, str] = NONE,
        otherwise: Callable[[Command], Command] = lambda command: command,
    ) -> tuple[Probe, Ran]:
        tree = make_case({"other.py": ""}, {"service.py": code, **files}).patched
        command = exchange.command(tree, Target("service:app"), service, checks, python)
        ran = sandbox.run(otherwise(command))
        return exchange.read(ran, checks), ran

    return run
