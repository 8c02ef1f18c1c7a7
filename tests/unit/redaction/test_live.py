"""What a process says last holds no value of its vaults."""

from __future__ import annotations

import gc
from dataclasses import dataclass

from workflow.redaction import live


@dataclass(eq=False)
class Sealer:
    """A vault with one value, or one that is broken."""

    value: str = ""

    def scrub_text(self, text: str) -> str:
        """Replace the value."""
        if not self.value:
            raise RuntimeError
        return text.replace(self.value, "SEALED")


def test_every_vault_takes_its_own_values_out() -> None:
    """One after the other, whichever of them is alive."""
    one, two = Sealer("alpha"), Sealer("beta")
    live.watch(one)
    live.watch(two)
    assert live.sealed("alpha and beta, and gamma") == "SEALED and SEALED, and gamma"
    del two
    gc.collect()
    assert live.sealed("alpha and beta") == "SEALED and beta"


def test_what_cannot_be_sealed_is_withheld() -> None:
    """A broken vault takes the whole text with it."""
    assert live.sealed("anything", [Sealer("x"), Sealer()]) == live.WITHHELD


def test_without_a_vault_words_stay() -> None:
    """Nothing was read, so nothing can be quoted."""
    assert live.sealed("anything", []) == "anything"
