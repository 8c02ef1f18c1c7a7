"""The judge has an answer to everything: any names, any bytes, any modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.policy import RULES, Sample, Special
from workflow.types import RepoPath, Role

if TYPE_CHECKING:
    from tests.unit.policy.conftest import Bench

IDS = {rule.id for rule in RULES}
PIECES = [
    *(
        "a",
        "A",
        ".git",
        ".",
        " ",
        ":",
        "~1",
        "con",
        "\u200c",
        "\u0430",
        "e\u0301",
        "\u00e9",
        "\udcff",
    ),
    *(
        "\n",
        "\x1b",
        "test_",
        ".py",
        "conftest.py",
        "pyproject.toml",
        "tests",
        "/",
        "\\",
        "-",
        "\u202e",
    ),
]
LINES = [
    *(b"def test_a():\n", b"    assert x\n", b"    assert True\n", b"@pytest.mark.skip\n", b"\n"),
    *(b"class T:\n", b"\r\n", b"\r", b"\0", b"\xff", "\u0430dmin \u0430\n".encode(), b"\x1b[0m\n"),
    *(b"[tool.pytest.ini_options]\n", b'addopts = "-x"\n', b"pytestmark = 1\n", b"(" * 50, b"'''"),
]


def _is_path(name: str) -> bool:
    try:
        RepoPath(name)
    except ValueError:
        return False
    return True


names = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), min_size=1, max_size=5)
paths = names.map("".join).filter(_is_path)
contents = st.lists(st.sampled_from(LINES) | st.binary(max_size=9), max_size=8).map(b"".join)
modes = st.sampled_from(["100644"] * 5 + ["100755", "120000", "160000", "100664"])
trees = st.dictionaries(paths, st.builds(Special, modes, contents), max_size=5)


@settings(max_examples=150)
@given(base=trees, proposed=trees, role=st.sampled_from([None, *Role]), keep=st.booleans())
def test_any_change_is_judged(
    base: dict[str, Special],
    proposed: dict[str, Special],
    role: Role | None,
    keep: bool,  # noqa: FBT001 - drawn
    bench: Bench,
) -> None:
    """Each objection is one printable line about a file that changes."""
    if keep:
        # The same paths with other contents: edits, and not only new and deleted files.
        proposed = dict(zip(base, proposed.values(), strict=False))
    judgement = bench.judged(Sample(base, proposed, role))
    for finding in judgement.findings:
        assert finding.path in base.keys() | proposed.keys()
        assert finding.reason.isprintable()
        assert finding.reason.encode()
        assert len(finding.reason) < 400
        assert finding.rule in IDS
