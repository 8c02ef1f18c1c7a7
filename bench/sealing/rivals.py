"""Other scanners over the same files, each as it is best used; all are optional.

They run as commands over one folder, and tell the text that they found: every place of that text in
the file counts as found, which is generous.
"""

from __future__ import annotations

import json
import resource
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Found = dict[str, list[tuple[int, int]]]

_DETECT_SECRETS = """
import json, pathlib, sys
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings
with default_settings():
    for path in pathlib.Path(sys.argv[1]).rglob("*"):
        if path.is_file():
            for secret in scan_file(str(path)):
                print(json.dumps([str(path), secret.secret_value]))
"""


class Hit(NamedTuple):
    """What a scanner says: a file, the text, and its lines and columns, from 1, if it says them."""

    path: str
    text: str
    line: int = 0
    last_line: int = 0
    column: int = 0
    last_column: int = 0


@dataclass(frozen=True, slots=True)
class Rival:
    """A command: its arguments for a folder and a report, and how that report is read."""

    name: str
    argv: Callable[[str, str], list[str]]
    read: Callable[[str], Iterator[Hit]]
    """The files and the texts found in them, from standard output or the report's text."""


def _leaks(text: str) -> Iterator[Hit]:
    rows = json.loads(text) if text.strip() else []
    for row in rows:
        lines = row["StartLine"], row["EndLine"]
        yield Hit(row["File"], row["Secret"], *lines, row["StartColumn"] - 1, row["EndColumn"])


def _better(text: str) -> Iterator[Hit]:
    for line in text.splitlines():
        finding = json.loads(line).get("finding")
        if finding:
            at = finding["location"]
            lines = at["start_line"], at.get("end_line", at["start_line"])
            columns = at.get("start_column", 1), at.get("end_column", 1)
            yield Hit(at["path"], finding["match"]["value"], *lines, *columns)


def _kingfisher(text: str) -> Iterator[Hit]:
    for line in text.splitlines():
        row = json.loads(line)
        if "finding" in row:
            at = row["finding"]
            lines = at["line"], at["line"]
            columns = at["column_start"], at["column_end"] + 1
            yield Hit(at["path"], at["snippet"], *lines, *columns)


def _sweeper(text: str) -> Iterator[Hit]:
    rows = json.loads(text) if text.strip() else []
    for row in rows:
        for line in row["line_data_list"]:
            yield Hit(line["path"].partition("|")[0], line["value"])


def _pairs(text: str) -> Iterator[Hit]:
    for line in text.splitlines():
        path, value = json.loads(line)
        yield Hit(path, value or "")


def rivals(tools: Iterable[Path]) -> Iterator[Rival]:
    """Those that are in one of the folders `tools`."""
    for folder in tools:
        if (folder / "gitleaks").is_file() and not (folder / "betterleaks").is_file():
            yield Rival("gitleaks", _gitleaks_argv(folder / "gitleaks"), _leaks)
        if (folder / "betterleaks").is_file():
            yield Rival("betterleaks", _betterleaks_argv(folder / "betterleaks"), _better)
        if (folder / "kingfisher").is_file():
            yield Rival("kingfisher", _kingfisher_argv(folder / "kingfisher"), _kingfisher)
        if (folder / "credsweeper").is_file():
            yield Rival("credsweeper", _sweeper_argv(folder / "credsweeper"), _sweeper)
        if (folder / "detect-secrets").is_file():
            yield Rival("detect-secrets", _detect_argv(folder / "python"), _pairs)


def _gitleaks_argv(tool: Path) -> Callable[[str, str], list[str]]:
    options = ["--no-banner", "--max-decode-depth", "5", "--exit-code", "0", "-l", "error"]
    return lambda place, out: [str(tool), "dir", place, "-f", "json", "-r", out, *options]


def _betterleaks_argv(tool: Path) -> Callable[[str, str], list[str]]:
    options = ["--no-banner", "--exit-code", "0", "-l", "error", "--confidence", "low"]
    return lambda place, out: [str(tool), "auto", place, "-o", out + "l", *options]


def _kingfisher_argv(tool: Path) -> Callable[[str, str], list[str]]:
    options = ["--no-validate", "--no-update-check", "--no-dedup", "--confidence", "low"]
    options += ["--git-history", "none", "--format", "jsonl"]
    return lambda place, out: [str(tool), "scan", place, "-o", out, *options]


def _sweeper_argv(tool: Path) -> Callable[[str, str], list[str]]:
    options = ["--depth", "5", "--pedantic", "--no-stdout", "--jobs", "1"]
    return lambda place, out: [str(tool), "--path", place, "--save-json", out, *options]


def _detect_argv(python: Path) -> Callable[[str, str], list[str]]:
    return lambda place, _: [str(python), "-c", _DETECT_SECRETS, place]


def run(rival: Rival, place: Path, report: Path) -> tuple[Found, float]:
    """What the command found in each file of the folder, and its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(
        rival.argv(str(place), str(report)), cwd=place, capture_output=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    written = next((p for p in (report, Path(f"{report}l")) if p.is_file()), None)
    text = written.read_text() if written else ran.stdout.decode()
    hits: dict[str, set[Hit]] = defaultdict(set)
    for hit in rival.read(text):
        hits[str((place / hit.path).relative_to(place))].add(hit)
    return {
        path: _places((place / path).read_bytes(), found) for path, found in hits.items()
    }, seconds


def _places(data: bytes, hits: Iterable[Hit]) -> list[tuple[int, int]]:
    made: list[tuple[int, int]] = []
    for hit in hits:
        before = len(made)
        for codec in ("utf-8", "latin-1", "utf-16-le", "utf-16-be"):
            value = hit.text.encode(codec, "ignore")
            at = data.find(value) if value else -1
            while at >= 0:
                made.append((at, at + len(value)))
                at = data.find(value, at + len(value))
        if (
            len(made) == before and hit.line
        ):  # the text was decoded: the place is the encoded text's
            made.append(_range(data, hit))
    return made


def _range(data: bytes, hit: Hit) -> tuple[int, int]:
    """The bytes of the lines and columns, one more at either end, as tools count from 0 or 1."""
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    first = starts[min(hit.line, len(starts)) - 1] + hit.column - 2
    return max(0, first), starts[min(hit.last_line, len(starts)) - 1] + hit.last_column + 1
