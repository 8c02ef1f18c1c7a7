"""No patch that breaks a program passes by tricks, unless with a doubt that names the trick."""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.gates.verdicts.attacks import (
    APP,
    BASE,
    BROKEN,
    FROM_SOURCE,
    STOPPED,
    Attack,
)
from tests.integration.gates.verdicts.surroundings import BY_HOOKS, BY_SURROUNDINGS
from workflow.gates.pytest import PytestGate
from workflow.gates.pytest.words import NOTHING_SHOWN
from workflow.sandbox import Command, Limits, Network
from workflow.sandbox.interpreter import interpreter
from workflow.sandbox.remember import Remembering
from workflow.types import Outcome

if TYPE_CHECKING:
    from tests.integration.gates.conftest import MakeCase
    from workflow.gates import Case, Tree
    from workflow.sandbox.bubblewrap import Bubblewrap
    from workflow.types import Digest


ATTACKS: dict[str, Attack] = FROM_SOURCE | BY_HOOKS | BY_SURROUNDINGS
# The plugins of our own environment would cost every control half a second.
QUICK = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
_CANARY = re.compile(rb"test_[0-9a-f]{12}")


@pytest.fixture(scope="module")
def remembering(sandbox: Bubblewrap) -> Remembering:
    """Return a sandbox that runs the base's tests once for all attacks."""
    return Remembering(sandbox)


def _token(text: str) -> str:
    """Return what the attacks here do not guess; the same in each run, so that runs compare."""
    return hashlib.sha256(f"of this suite: {text}".encode()).hexdigest()


def _case(make_case: MakeCase, sandbox: Remembering, files: dict[str, str | bytes]) -> Case:
    return replace(make_case(BASE, {**BASE, **files}), sandbox=sandbox, token=_token)


def _plain(tree: Tree, sandbox: Remembering, env: dict[str, str]) -> int | None:
    """Return the status of `pytest -q` as anybody would run it, in the sandbox for our sake."""
    python = interpreter(Path(sys.executable))
    autoload = {} if any("dist-info" in one.path for one in tree.entries) else QUICK
    words = (str(python.program), "-m", "pytest", "-q", "-p", "no:cacheprovider")
    return sandbox.run(
        Command(
            argv=(*words, "-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "no:xdist"),
            tree=tree.scratch,
            env={**autoload, **env},
            read_only=python.folders,
            limits=Limits(wall_s=20.0),
            network=Network.LOOPBACK,
        )
    ).exit_status


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_fools_pytest_and_not_the_gate(
    make_case: MakeCase, remembering: Remembering, kept: dict[Digest, bytes], name: str
) -> None:
    """Plain pytest says that all is well; the gate does not, or says what to look at."""
    attack = ATTACKS[name]
    case = _case(make_case, remembering, attack.files)
    assert _plain(case.patched, remembering, attack.plain) == 0
    verdict = PytestGate(timeout_s=20.0).judge(case)
    if attack.doubt == STOPPED:
        assert verdict.outcome is not Outcome.PASS, verdict.doubts
    elif verdict.outcome is Outcome.PASS:
        assert any(attack.doubt in doubt for doubt in verdict.doubts), verdict.doubts
    told = b"".join((repr(verdict).encode(), *kept.values()))
    assert not _CANARY.search(told), "the canaries' names are nobody's business"


def test_honest_mend_passes_without_a_doubt(make_case: MakeCase, remembering: Remembering) -> None:
    """What makes a failing test pass, and is needed for it, leaves nothing to look at."""
    case = make_case({**BASE, "app.py": BROKEN}, {**BASE, "app.py": APP})
    case = replace(case, sandbox=remembering, token=_token)
    verdict = PytestGate(timeout_s=20.0).judge(case)
    assert (verdict.outcome, verdict.doubts) == (Outcome.PASS, ())
    assert "pytest: tests/test_app.py::test_add" in verdict.proofs


def test_honest_growth_is_doubted_for_nothing_else(
    make_case: MakeCase, remembering: Remembering
) -> None:
    """A new function with a test of its own: only that no old test needs it may be said."""
    new = f"{APP}\n\ndef double(a):\n    return add(a, a)\n"
    test = "from app import double\n\ndef test_double():\n    assert double(2) == 4\n"
    case = _case(make_case, remembering, {"app.py": new, "tests/test_double.py": test})
    verdict = PytestGate(timeout_s=20.0).judge(case)
    assert verdict.outcome is Outcome.PASS
    assert set(verdict.doubts) <= {NOTHING_SHOWN}


CLASSES = (
    "import pytest\n@pytest.fixture(autouse=True)\ndef _all(request):\n    request.cls.n = 1\n"
)
IN_CLASS = (
    "from app import add\n\nclass TestA:\n    def test_a(self):\n        assert add(1, 0) == 1\n"
)


def test_tests_that_nobody_can_watch_are_doubted(
    make_case: MakeCase, remembering: Remembering
) -> None:
    """A fixture of the base that fits its own tests only: the verdict says that nobody watched."""
    base = {**BASE, "tests/conftest.py": CLASSES, "tests/test_app.py": IN_CLASS}
    case = make_case(base, {**base, "app.py": APP.replace("a + b", "b + a")})
    verdict = PytestGate(timeout_s=20.0).judge(replace(case, sandbox=remembering, token=_token))
    assert verdict.outcome is Outcome.PASS
    assert any("nothing watched" in doubt for doubt in verdict.doubts)


def test_patch_that_keeps_others_from_watching_does_not_pass(
    make_case: MakeCase, remembering: Remembering
) -> None:
    """What the base lets us watch, the patch must, too."""
    base = {**BASE, "tests/test_app.py": IN_CLASS}
    case = make_case(base, {**base, "tests/conftest.py": CLASSES})
    verdict = PytestGate(timeout_s=20.0).judge(replace(case, sandbox=remembering, token=_token))
    assert verdict.outcome is Outcome.ERROR
    assert "of which the end is known" in verdict.summary
