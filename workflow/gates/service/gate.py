"""The service gate: starts the changed app on both trees and asks it the same things."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from workflow.environments import Installed
from workflow.errors import SandboxUnavailableError, WorkflowError
from workflow.gates import identity as identity_of
from workflow.gates.service import compare, scene, told
from workflow.gates.service.checks import configured
from workflow.gates.service.exchange import Service, Target
from workflow.gates.text import bounded, one_line
from workflow.types import Outcome, Verdict

if TYPE_CHECKING:
    from workflow.config.service import ServiceSettings
    from workflow.environments import Environments, Pair
    from workflow.gates.interface import Case
    from workflow.gates.service.checks import Check
    from workflow.gates.service.scene import Scene, Seen

_LOG_HINT = "`workflow show ID --log service`, with the proposal's ID, shows every answer"
_START_HINT = (
    "set `app`, `folder` and `env` in `[gates.service]` of workflow.toml so that it starts without "
    f"the network; {_LOG_HINT}"
)
_UVICORN_HINT = f"install uvicorn into the environment that the tests run on; {_LOG_HINT}"
_LACKS_HINT = (
    "install what it imports into the environment that the tests run on, or mend the patch; "
    f"{_LOG_HINT}"
)
_LACKS = re.compile(r"No module named")


def service_gate(settings: ServiceSettings, environments: Environments) -> ServiceGate:
    """Return the gate that the settings of a base describe."""
    target = Target(settings.app, settings.folder, settings.factory) if settings.app else None
    return ServiceGate(
        environments=environments,
        target=target,
        service=Service(
            env=settings.env,
            health=settings.health,
            start_s=settings.start_s,
            request_s=settings.request_s,
            timeout_s=settings.timeout_s,
        ),
        checks=tuple(map(configured, settings.checks)),
        detect=settings.detect,
        derive=settings.derive,
    )


@dataclass(frozen=True, slots=True)
class ServiceGate:
    """Judges by what a service answers, over HTTP, on both trees.

    `target` is the configured app; without one it is looked for around the change, where `detect`
    says so.  `checks` are the configured requests, and `derive` adds those made from the routes.

    A change fails when the app started on the base and does not any more, when it ends or stops
    answering, when a check misses what is expected of it, and when an answer became an error of the
    server.  Any other difference is told, for a reviewer to judge.

    An app that knows that it is probed can answer differently: what is shown is what came over the
    socket, and no promise about what it does elsewhere.
    """

    environments: Environments = field(default_factory=Installed)
    target: Target | None = None
    service: Service = field(default_factory=Service)
    checks: tuple[Check, ...] = ()
    detect: bool = True
    derive: bool = True
    name: str = field(default="service", init=False)

    def applies(self, case: Case) -> bool:
        """Whether the change is about a service that is configured, or was found and can be probed.

        A service that nobody configured and that does not start on the base is no gate: it may need
        what no sandbox has.  To know that, it is started, in the sandbox.
        """
        found = self._scene(case)
        if found is None or self.target or self.checks:
            return found is not None
        try:
            seen = self._look(case, found, self._pair(case, found))
        except SandboxUnavailableError:
            raise
        except scene.NotShownError:
            return True
        except WorkflowError:
            return False
        if any(probe.is_up or probe.is_broken for probe in seen.probes.values()):
            return True
        return seen.base is None and not seen.patched.is_missing

    def identity(self, case: Case) -> str:
        """What decides the verdict beside the two trees: the settings and the environments."""
        found = self._scene(case)
        if found is None:
            return ""
        try:
            pair = self._pair(case, found)
        except WorkflowError:
            return ""
        settings = (self.target, self.service, self.checks, self.detect, self.derive)
        both = (pair.base, pair.patched)
        tools = dict.fromkeys(path for one in both for path in one.interpreter.folders)
        return identity_of.identity(settings, [one.key for one in both], tools=tuple(tools))

    def judge(self, case: Case) -> Verdict:
        """Probe both trees and compare, check by check."""
        found = self._scene(case)
        if found is None:
            return Verdict(self.name, Outcome.ERROR, "there is no service around the change")
        said = scene.missing(found.checks)
        if said:
            return Verdict(self.name, Outcome.ERROR, one_line(said), hint="correct workflow.toml")
        try:
            pair = self._pair(case, found)
            seen = self._look(case, found, pair)
        except SandboxUnavailableError:
            raise
        except WorkflowError as error:
            return Verdict(self.name, Outcome.ERROR, one_line(error.message), hint=error.hint)
        verdict = self._unusable(seen) or self._compared(case, found, seen)
        notes = [*found.notes, f"it runs on {pair.patched.told}"]
        notes += [] if pair.is_same else [f"on the base it runs on {pair.base.told}"]
        doubts = (*found.doubts, *pair.doubts, *verdict.doubts)
        return replace(
            verdict,
            evidence=seen.evidence,
            notes=bounded([*notes, *verdict.notes]),
            doubts=bounded(doubts),
        )

    def _scene(self, case: Case) -> Scene | None:
        """Return what is to be probed; `None` if the change is about no service."""
        if self.target:
            return scene.configured(case, self.target, self.checks, derives=self.derive)
        return scene.found(case, self.checks, derives=self.derive) if self.detect else None

    def _pair(self, case: Case, found: Scene) -> Pair:
        paths = case.change.paths
        return self.environments.pair(case.base.read, case.patched.read, found.home, paths)

    def _look(self, case: Case, found: Scene, pair: Pair) -> Seen:
        return scene.look(case, found, self.service, pair)

    def _unusable(self, seen: Seen) -> Verdict | None:
        """Return the verdict where the patched tree's service did not come as far as checks."""
        base, patched = seen.base, seen.patched
        if patched.is_up and not patched.is_broken:
            return None
        why = "the interpreter has no uvicorn" if patched.is_missing else patched.problem
        hint = _LACKS_HINT if _LACKS.search(why) else _START_HINT
        hint = _UVICORN_HINT if patched.is_missing else hint
        if base and base.is_up and not base.is_broken:
            outcome, hint = Outcome.FAIL, f"mend the patch; {_LOG_HINT}"
            said = "the service starts on the base and not on the patched tree"
            if patched.is_broken:
                said = "the service answers on the base and cannot be probed on the patched tree"
        elif base:
            outcome, said = Outcome.ERROR, "the service cannot be probed, on the base neither"
        else:
            is_fault = not patched.is_missing and not _LACKS.search(why)
            outcome = Outcome.FAIL if is_fault else Outcome.ERROR
            said = "the new service does not start"
        return Verdict(self.name, outcome, one_line(f"{said}: {why}"), hint=hint)

    def _compared(self, case: Case, found: Scene, seen: Seen) -> Verdict:
        """Return the verdict on services that answered."""
        base, patched = seen.base, seen.patched
        results = compare.compared(found.checks, base, patched)
        problem = "" if base and base.problem else patched.problem
        is_good = not problem and not any(one.fault for one in results)
        notes = told.notes(results)
        if patched.problem and not problem:
            notes.insert(0, f"on the base something goes wrong, too: {patched.problem}")
        names = "".join(f"{check.name}\n" for check in found.checks)
        return Verdict(
            gate=self.name,
            outcome=Outcome.PASS if is_good else Outcome.FAIL,
            summary=told.summary(results, problem, has_base=bool(base and base.is_up)),
            notes=tuple(notes),
            hint="" if is_good else f"mend the patch; {_LOG_HINT}",
            proofs=told.proofs(results) if is_good else (),
            ran=case.keep(names.encode("utf-8", "backslashreplace")),
            tallies=told.tallies(results),
            doubts=told.doubts(results),
        )
