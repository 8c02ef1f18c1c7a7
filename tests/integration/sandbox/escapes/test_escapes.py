from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.sandbox.escapes.attempts.driver import GOT, NOT
from tests.integration.sandbox.escapes.attempts.everything import CASES
from tests.integration.sandbox.escapes.outside import BOMBS, MODES

if TYPE_CHECKING:
    from tests.integration.sandbox.escapes.conftest import Outcome

WHO = ("root", "user")
PROVEN = 80
"""At least; a kernel with loadable modules and the like proves more."""


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("who", WHO)
def test_attempt_succeeds_only_without_the_sandbox(who: str, name: str, outcome: Outcome) -> None:
    """What an attempt gets hold of without the walls it does not get within, in any mode."""
    said, case = outcome(who), CASES[name]
    for mode in MODES:
        kind, text = said[mode][name]
        assert kind == NOT, f"{case.make.__doc__} ({mode}): {text}"
    kind, text = said[case.control][name]
    if kind != GOT and case.root and who == "user":
        pytest.skip(f"blocked, but proven possible only where root starts it: {text}")
    if kind != GOT and case.unless:
        pytest.skip(f"blocked, but not proven possible: this machine lacks {case.unless}: {text}")
    assert kind == GOT, f"without the sandbox ({case.control}): {text}"


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("who", WHO)
def test_bomb_goes_off_only_without_the_sandbox(who: str, name: str, outcome: Outcome) -> None:
    """What is used up on the bare host is bounded within; a run that passes a bound is ended."""
    said, (_, _, full) = outcome(who), BOMBS[name]
    reached, stopped = said["bombs"][name]
    assert reached < full or stopped, f"came to {reached} of {full}, and to its own end"
    assert said["bare bombs"][name] >= full


@pytest.mark.parametrize("who", WHO)
def test_table_is_as_long_as_it_says(who: str, outcome: Outcome) -> None:
    """Most of the table is proven by a control on this machine, and not merely never possible."""
    said = outcome(who)
    proven = [name for name, case in CASES.items() if said[case.control][name][0] == GOT]
    assert len(proven) + len(BOMBS) >= PROVEN, f"{len(proven)} of {len(CASES)}, {len(BOMBS)} bombs"
