"""All hostile patches: what must not take effect, and what the refusal has to name."""

from __future__ import annotations

from bench.patches.hostile_names import NAMES
from bench.patches.hostile_shapes import SHAPES
from bench.patches.hostile_tests import TESTS
from bench.patches.hostile_texts import TEXTS

HOSTILE = (*NAMES, *SHAPES, *TESTS, *TEXTS)
"""Every row has a name of its own."""
