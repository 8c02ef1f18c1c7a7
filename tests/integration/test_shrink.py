"""The stage with the real gates: evidence tells a needed line from one that nothing misses."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from workflow import evidence, git_store, shrink
from workflow.canonical import sha256
from workflow.gates.nginx.gate import NginxGate
from workflow.gates.pytest import PytestGate
from workflow.sandbox.bubblewrap import Bubblewrap
from workflow.types import Outcome, RepoPath, Spare, TreeChange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import GitRepo, GitRepoFactory
    from workflow.gates import Gate
    from workflow.types import Verdict

# The plugins of our own environment would cost every run a second.
CONFIG = "[tool.pytest.ini_options]\naddopts = '-p no:hypothesispytest -p no:anyio'\n"
APP = """\
RATES = {
    "de": 19,
    "fr": 20,
}


def net(gross, land):
    return gross * 100 / (100 + RATES[land])


def label(land):
    return land.upper()
"""
TEST = "from app import net\n\n\ndef test_net():\n    assert net(119, 'de') == 100\n"
NEEDED = APP.replace("* 100 /", "* 100 //")
PROOF = TEST + "\n\ndef test_whole():\n    assert isinstance(net(120, 'fr'), int)\n"


class Bench:
    """A repository, its gates, and folders for them to work in."""

    def __init__(self, repo: GitRepo, *gates: Gate) -> None:
        self.repo = repo
        self.git = git_store.discover(repo.path)
        self.means = evidence.Means(gates, Bubblewrap(), sha256, str, _token, None)

    def change(self, files: Mapping[str, str]) -> TreeChange:
        """Make a change of the branch's tree."""
        base = self.git.snapshot().tree
        rows = {
            RepoPath(name): ("100644", self.git.write_blob(text.encode()))
            for name, text in files.items()
        }
        return self.git.change(base, self.git.write_tree(base, rows))

    def judge(self, change: TreeChange) -> tuple[Verdict, ...]:
        """Run the real gates."""
        return evidence.judge(self.git, change, self.means, tell=lambda _: None)

    def holds(self, shown: tuple[Verdict, ...], change: TreeChange) -> bool:
        """Ask the real gates whether a smaller change still shows all that was shown."""
        return evidence.holds(self.git, change, self.means, shown, tell=lambda _: None)


def _token(text: str) -> str:
    return sha256(text.encode()).partition(":")[2]


@pytest.fixture
def bench(git_repo: GitRepoFactory) -> partial[Bench]:
    """Return a maker of benches on a small project."""
    repo = git_repo({"pyproject.toml": CONFIG, "app.py": APP, "test_app.py": TEST})
    return partial(Bench, repo)


def test_new_test_tells_the_needed_part_from_the_others(bench: partial[Bench]) -> None:
    """Of a fix, a new layout and an aside, the stage names the last two, and their tree passes."""
    here = bench(PytestGate(timeout_s=20.0))
    laid_out = NEEDED.replace('    "de": 19,\n    "fr": 20,\n', '    "de": 19, "fr": 20\n')
    patched = laid_out.replace("land.upper()", "str(land).upper()")
    change = here.change({"app.py": patched, "test_app.py": PROOF})
    verdicts = here.judge(change)
    assert [one.outcome for one in verdicts] == [Outcome.PASS]
    assert verdicts[0].proofs == ("pytest: test_app.py::test_whole",)
    told: list[str] = []
    excess = shrink.find(
        here.git,
        change,
        verdicts,
        holds=partial(here.holds, verdicts),
        budget_s=60.0,
        tell=told.append,
    )
    assert excess
    assert excess.is_tried
    assert [(part.path, part.line, part.why) for part in excess.parts] == [
        ("app.py", 2, Spare.NEUTRAL),
        ("app.py", 12, Spare.UNPROVEN),
    ]
    assert told == [
        "without the 4 new lines before line 6 of test_app.py",
        "without line 12 of app.py",
        "without line 8 of app.py",
    ]
    smaller = here.git.change(change.base, excess.tree)
    assert here.git.read(excess.tree, RepoPath("app.py")).decode() == NEEDED
    assert here.judge(smaller)[0].proofs == verdicts[0].proofs


def test_tests_that_could_not_be_collected_are_proofs(bench: partial[Bench]) -> None:
    """Where the base's tests cannot even be read, all that pass now need the patch."""
    here = bench(PytestGate(timeout_s=20.0))
    here.repo.commit({"app.py": "def net(:\n"})
    (verdict,) = here.judge(here.change({"app.py": APP}))
    assert (verdict.outcome, verdict.proofs) == (
        Outcome.PASS,
        ("pytest: test_app.py::test_net",),
    )


def test_failing_verdict_proves_nothing(bench: partial[Bench]) -> None:
    """A new test that passes is no proof beside one that broke."""
    here = bench(PytestGate(timeout_s=20.0))
    broken = TEST.replace("== 100", "== 1") + "\n\ndef test_new():\n    pass\n"
    (verdict,) = here.judge(here.change({"test_app.py": broken}))
    assert (verdict.outcome, verdict.proofs) == (Outcome.FAIL, ())


def test_cured_configuration_is_a_proof(bench: partial[Bench]) -> None:
    """That nginx loads what it refused on the base is what such a patch is for."""
    here = bench(NginxGate(probe=False))
    broken = "server {\n    listen 80;\n    autoindex onn;\n    server_tokens off;\n}\n"
    here.repo.commit({"nginx/site.conf": broken})
    cured = broken.replace("onn", "on")
    (verdict,) = here.judge(here.change({"nginx/site.conf": cured}))
    assert (verdict.outcome, verdict.proofs) == (
        Outcome.PASS,
        ("nginx: nginx/site.conf loads",),
    )
    here.repo.commit({"nginx/site.conf": cured})
    (verdict,) = here.judge(here.change({"nginx/site.conf": cured.replace("80", "81")}))
    assert (verdict.outcome, verdict.proofs) == (Outcome.PASS, ())
