"""What is honest in a patch does not vouch for the rest of it: each attack brings both."""

from __future__ import annotations

import hashlib
import pickle
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tests.integration.gates.verdicts.attacks import APP, BROKEN, CONFIG
from workflow.gates.pytest import PytestGate
from workflow.sandbox.remember import Remembering
from workflow.types import Outcome

if TYPE_CHECKING:
    from tests.integration.gates.conftest import MakeCase
    from workflow.sandbox.bubblewrap import Bubblewrap
    from workflow.types import Verdict

Files = dict[str, str | bytes]
TEST = "from app import add\n\ndef test_add():\n    assert add(1, 2) == 3\n"
SUB = "\ndef sub(a, b):\n    return a - b\n"
NEW_SUB = "\ndef sub(a, b):\n    difference = a - b\n    return difference\n"
TEST_SUB = "from app import sub\n\ndef test_sub():\n    assert sub(3, 1) == 2\n"
# An honest function with a test that needs it: nobody can say that nothing is shown.
GROWN = "\ndef triple(a):\n    return a * 3\n"
TEST_GROWN = "from app import triple\n\ndef test_triple():\n    assert triple(2) == 6\n"
BASE: Files = {"pyproject.toml": CONFIG, "app.py": APP, "tests/test_app.py": TEST}
PLUS: Files = {"tests/test_triple.py": TEST_GROWN}


class _Takes:
    """Something that takes over the tests of one file when it is loaded."""

    def __reduce__(self) -> tuple[object, ...]:
        code = (
            "import _pytest.python as p\nreal = p.Function.runtest\n"
            "def runtest(self):\n    if 'test_app' not in self.nodeid: real(self)\n"
            "p.Function.runtest = runtest\n"
        )
        return eval, (f"[exec({code!r}), {{'sign': -1}}][1]",)


@dataclass(frozen=True)
class Bundle:
    """A base, a patch of it, the file with the trick if it can be left out, and what is said."""

    base: Files
    patch: Files
    trick: str
    said: str


LOADING = (
    "import pathlib, pickle\nT = pickle.loads(pathlib.Path(__file__).with_name('t').read_bytes())\n"
    "def add(a, b):\n    return a + T['sign'] * b\n"
)
SAME = "def same(a, b):\n    assert a == b\n"
BY_DATA = (
    "import json, pathlib\nfrom app import add\nfrom checks import same\n\ndef test_add():\n"
    "    same(add(1, 2), json.loads(pathlib.Path('wanted.json').read_text()))\n"
)
CHECKED: Files = {**BASE, "checks.py": SAME, "wanted.json": "3", "tests/test_app.py": BY_DATA}

BUNDLES = {
    "a function is rewritten, another is silenced by data": Bundle(
        {
            **BASE,
            "app.py": LOADING + SUB,
            "t": pickle.dumps({"sign": 1}),
            "tests/b_test.py": TEST_SUB,
        },
        {**PLUS, "app.py": LOADING + NEW_SUB + GROWN, "t": pickle.dumps(_Takes())},
        "",
        "also when they are broken on purpose",
    ),
    "the right program stands in front of the broken one": Bundle(
        {"pyproject.toml": CONFIG, "src/app.py": APP, "tests/test_app.py": TEST},
        {**PLUS, "src/app.py": BROKEN, "app.py": APP + GROWN},
        "app.py",
        "none of them does with the patch",
    ),
    "what checks for the tests agrees with everything": Bundle(
        CHECKED,
        {**PLUS, "app.py": BROKEN + GROWN, "checks.py": SAME.replace("assert", "return")},
        "checks.py",
        "only with what the patch does to checks.py",
    ),
}


@pytest.fixture(scope="module")
def remembering(sandbox: Bubblewrap) -> Remembering:
    """Return a sandbox that runs the same only once."""
    return Remembering(sandbox)


def _judged(make_case: MakeCase, sandbox: Remembering, base: Files, patch: Files) -> Verdict:
    def token(text: str) -> str:
        return hashlib.sha256(f"of this suite: {text}".encode()).hexdigest()

    case = make_case(base, {**base, **patch})
    return PytestGate(timeout_s=20.0).judge(replace(case, sandbox=sandbox, token=token))


@pytest.mark.parametrize("name", BUNDLES)
def test_honest_part_does_not_vouch_for_the_rest(
    make_case: MakeCase, remembering: Remembering, name: str
) -> None:
    """The verdict says what to look at, or is no pass."""
    bundle = BUNDLES[name]
    verdict = _judged(make_case, remembering, bundle.base, bundle.patch)
    said = verdict.doubts if verdict.outcome is Outcome.PASS else (verdict.summary,)
    assert any(bundle.said in one for one in said), verdict


@pytest.mark.parametrize("name", [name for name, one in BUNDLES.items() if one.trick])
def test_without_the_trick_the_patch_fails(
    make_case: MakeCase, remembering: Remembering, name: str
) -> None:
    """The base's own tests notice what it does, as long as nothing is done to them."""
    bundle = BUNDLES[name]
    plain = {path: data for path, data in bundle.patch.items() if path != bundle.trick}
    assert _judged(make_case, remembering, bundle.base, plain).outcome is Outcome.FAIL


def test_honest_mend_of_an_untested_function_is_not_doubted(
    make_case: MakeCase, remembering: Remembering
) -> None:
    """A test that comes with the mend may be the only one: the base has none for it."""
    base: Files = {**BASE, "app.py": APP + SUB.replace("a - b", "b - a")}
    patch: Files = {
        "app.py": APP.replace("return a + b", "total = a + b\n    return total") + SUB,
        "tests/test_sub.py": TEST_SUB,
    }
    verdict = _judged(make_case, remembering, base, patch)
    assert (verdict.outcome, verdict.doubts) == (Outcome.PASS, ())
