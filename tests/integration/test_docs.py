"""The documents' sessions run as they are printed, and their facts are those of the code."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import GitRepo

TOP = Path(__file__).resolve().parents[2]
DEFAULT = (TOP / "policies/default.yaml").read_text()
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TITLED = re.compile(r'^(```+)\w+ title="([^"]+)"\n(.*?)^\1$', re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"\[exit (\d+)\]\n")


def _steps(page: Path) -> Iterator[tuple[list[str], str]]:
    """Each command of a page's console blocks with the output that the page shows."""
    for block in BLOCK.findall(page.read_text()):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = step.partition("\n")
            yield shlex.split(command), shown


def _pattern(shown: str) -> re.Pattern[str]:
    """The shown output, where a line `...` stands for any lines and ` ...` for the line's rest."""
    lines = []
    for line in shown.splitlines():
        if line == "...":
            lines.append("(?:.*\n)*?")
        else:
            lines.append(re.escape(line).replace(r"\.\.\.", ".*") + "\n")
    return re.compile("".join(lines) + r"\Z")


def _run(command: list[str], place: Path, status: int) -> str:
    executable = [sys.executable, "-P", "-m", "workflow"]
    argv = executable + command[1:] if command[0] == "workflow" else command
    environment = {**os.environ, "COLUMNS": "1000"}
    ran = subprocess.run(
        argv, cwd=place, env=environment, capture_output=True, check=False, timeout=120
    )
    said = ran.stdout.decode() + (ran.stderr.decode() if status else "")
    assert ran.returncode == status, f"{command}: {ran.stdout!r} {ran.stderr!r}"
    # Progress and notes are not what a page shows.
    return "".join(
        f"{line}\n" for line in said.splitlines() if not line.startswith(("· ", "  gates took"))
    )


@pytest.mark.usefixtures("unshrunk")
@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        *("docs/nginx.md", "docs/patch.md", "docs/recipes.md", "docs/sealing.md"),
        "docs/tutorial.md",
    ],
)
def test_sessions_run_as_printed(page: str, sandbox_repo: GitRepo, tmp_path: Path) -> None:
    """Each command of the page, on the files that it shows, prints and ends as the page says."""
    place = sandbox_repo.path if page == "README.md" else tmp_path
    for _, name, text in TITLED.findall((TOP / page).read_text()):
        (place / name).write_text(text)
    seen = 0
    for command, shown in _steps(TOP / page):
        if command[0] == "make":
            continue  # the two set-up commands have brought this very test here
        if command[0] == "cd":
            place = place / command[1]
            continue
        status = EXIT.match(shown)
        said = _run(command, place, int(status[1]) if status else 0)
        expected = EXIT.sub("", shown, count=1)
        assert _pattern(expected).match(said), f"{command} printed:\n{said}\nnot:\n{expected}"
        seen += 1
    assert seen >= 4


def test_reference_is_generated() -> None:
    """The reference page is what the code says today."""
    from workflow.cli.reference import page  # noqa: PLC0415 - imports every command

    assert (TOP / "docs/reference.md").read_text() == page()


def _blocks(page: str, language: str) -> list[str]:
    """The code of a language on a page, without the files that its sessions write."""
    pattern = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return pattern.findall((TOP / page).read_text())


def test_settings_on_pages_are_settings() -> None:
    """Each block of TOML is a `workflow.toml` that loads."""
    from workflow import config  # noqa: PLC0415 - imports pydantic

    pages = [page.relative_to(TOP) for page in (TOP / "docs").glob("*.md")]
    blocks = [(page, block) for page in pages for block in _blocks(str(page), "toml")]
    assert len(blocks) >= 3
    for page, block in blocks:
        config.load(block, {}, str(page))


def test_policies_on_their_page_are_policies() -> None:
    """Each block of YAML is a section that a policy can have."""
    import yaml  # noqa: PLC0415 - this test alone reads YAML

    from workflow import policy  # noqa: PLC0415 - imports pydantic

    keys = set(re.findall(r"^([a-z_]+):", DEFAULT, re.MULTILINE))
    blocks = _blocks("docs/policies.md", "yaml")
    assert len(blocks) >= 3
    for block in blocks:
        rest = "\n".join(map(_section, sorted(keys - set(yaml.safe_load(block)))))
        policy.load(f"{block}\n{rest}".encode(), "docs/policies.md")


def _section(key: str) -> str:
    """A section of the built-in policy as it is written there."""
    found = re.search(rf"^{key}:.*?(?=^[a-z_]+:|\Z)", DEFAULT, re.MULTILINE | re.DOTALL)
    assert found, key
    return found[0]


def test_documents_link_to_files_that_are_there() -> None:
    """Every relative link of every page leads somewhere."""
    for page in [TOP / "README.md", *(TOP / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_documents_name_only_commands_that_exist() -> None:
    """Every `workflow VERB` in the documents is a command of this version."""
    from workflow.cli.app import app  # noqa: PLC0415 - imports Typer

    names = {
        info.name or getattr(info.callback, "__name__", "") for info in app.registered_commands
    }
    groups = (group.typer_instance for group in app.registered_groups)
    names |= {group.info.name for group in groups if group and group.info.name}
    for page in [TOP / "README.md", *(TOP / "docs").rglob("*.md")]:
        for verb in re.findall(r"`workflow ([a-z]+)", page.read_text()):
            assert verb in names, f"{page.name}: workflow {verb}"


def test_json_keys_are_those_documented(approved: GitRepo) -> None:
    """What `--json` prints has exactly the keys that the reference lists."""
    import json  # noqa: PLC0415 - this test alone reads JSON

    from workflow.cli import patch_report, people, report  # noqa: PLC0415 - as above

    place = approved.path
    _run(["workflow", "apply", "1"], place, 0)
    shown = json.loads(_run(["workflow", "show", "1", "--json"], place, 0))
    assert set(shown) == {*report.PROPOSAL, *people.SHOWN, "patch"}
    listed = json.loads(_run(["workflow", "list", "--json"], place, 0))
    assert set(listed["proposals"][0]) == set(report.ROW)
    (place / "a.diff").write_text("--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+new\n")
    explained = json.loads(_run(["workflow", "patch", "explain", "a.diff", "--json"], place, 0))
    assert set(explained) == set(patch_report.PATCH)
    landed = json.loads(_run(["workflow", "history", "--json"], place, 0))
    assert set(landed["landings"][0]) == set(report.HISTORY)
