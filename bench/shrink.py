"""How many edits that mean nothing are found in real patches, and how many needed ones are lost.

Patches are the changes of single files in this repository's history, and numbers changed in the
configuration of `sandbox_repo/`.  Into each go a few edits that mean nothing, away from its own
lines.  "lost" must be 0: it counts patches whose smaller form reads differently, by another reader
than the product's.  Usage: `python bench/shrink.py [SEED [CASES]]`; the seed is fresh otherwise.
"""

from __future__ import annotations

import ast
import difflib
import io
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import tokenize
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

import yaml

_TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_TOP))

from workflow import git_store, shrink  # noqa: E402 - the checkout beside this script
from workflow.semantics.nginx.diff import difference_alone  # noqa: E402 - as above
from workflow.types import RepoPath, TreeId  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.git_store import GitStore
    from workflow.types import Excess

CASES = 300
EDITS = 3
_SUFFIXES = (".py", ".toml", ".yaml", ".yml", ".json", ".conf")
_APART = 2
"""Lines between an edit and the next changed line, so that each is a part of its own."""
_NUMBER = re.compile(r"(?<![\w.\-])\d{1,4}(?![\w.\-])")


@dataclass(frozen=True, slots=True)
class Case:
    """One changed file: before, and with what the patch is for."""

    name: str
    base: str
    needed: str


@dataclass(slots=True)
class Score:
    """What came of all patches; `injected` by kind of edit, `missed` by the kinds of its patch."""

    injected: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    patches: int = 0
    parts: int = 0
    lost: list[str] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)


# --- the corpus ---------------------------------------------------------------------------------


def _git(*words: str) -> str:
    ran = subprocess.run(["git", *words], cwd=_TOP, check=True, capture_output=True)
    return ran.stdout.decode("utf-8", "replace")


def history() -> Iterator[Case]:
    """Every file that a commit of this repository modified."""
    for commit in _git("rev-list", "--no-merges", "--min-parents=1", "HEAD").split():
        rows = _git("diff-tree", "-r", "--diff-filter=M", "--no-renames", commit).splitlines()
        for row in rows[1:]:
            meta, name = row.split("\t", 1)
            if name.endswith(_SUFFIXES):
                _, _, old, new, _ = meta.split()
                yield Case(
                    Path(name).name, _git("cat-file", "blob", old), _git("cat-file", "blob", new)
                )


def configuration(rng: random.Random) -> Iterator[Case]:
    """Numbers changed in the configuration files of the sandbox repository, and in JSON."""
    texts = {
        path.name: path.read_text()
        for path in sorted((_TOP / "sandbox_repo").rglob("*"))
        if path.suffix in _SUFFIXES[1:] and path.is_file()
    }
    rows = [{"id": n, "tags": ["a", "b"], "limit": n * 7} for n in range(12)]
    texts["rows.json"] = json.dumps({"rows": rows, "version": 3}, indent=2) + "\n"
    texts["ci.yaml"] = yaml.safe_dump({"jobs": {f"j{n}": {"timeout": n} for n in range(20)}})
    for name, text in texts.items():
        places = list(_NUMBER.finditer(text))
        for place in rng.sample(places, min(8, len(places))):
            changed = f"{text[: place.start()]}{int(place[0]) + 1}{text[place.end() :]}"
            yield Case(name, text, changed)


# --- edits that mean nothing --------------------------------------------------------------------


def _tokens(text: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(text).readline))


def _spliced(line: str, start: int, end: int, new: str) -> str:
    return line[:start] + new + line[end:]


def python_edits(text: str) -> dict[int, list[tuple[str, str]]]:
    """For each line, counted from 0, ways to write it: the kind, and the lines in its place."""
    lines = text.split("\n")
    found: dict[int, list[tuple[str, str]]] = {}
    depth, begins = 0, True
    for token in _tokens(text):
        (row, start), (end_row, end) = token.start, token.end
        line = lines[row - 1] if row <= len(lines) else ""
        ways = found.setdefault(row - 1, [])
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
            if token.string == "," and depth and not re.search(r"f['\"]", line):
                wrapped = _spliced(line, end, end, "\n" + " " * 24)
                ways += [("wrap", wrapped), ("space", _spliced(line, end, end, "   "))]
        if token.type == tokenize.STRING and re.fullmatch(r'"[\w ]+"', token.string):
            ways.append(("quotes", _spliced(line, start, end, f"'{token.string[1:-1]}'")))
        is_code = token.type not in {
            tokenize.NL,
            tokenize.COMMENT,
            tokenize.INDENT,
            tokenize.DEDENT,
        }
        if begins and is_code and token.type != tokenize.ENDMARKER:
            indent = " " * start
            ways += [("comment", f"{indent}# As before, and as it was asked for\n{line}")]
            ways += [("blank", f"\n{line}"), ("aside", f"{indent}#\n{line}")]
            begins = False
        if token.type == tokenize.NEWLINE:
            begins = True
            if "#" not in line and end_row == row:
                ways += [("trailing", f"{line}  # as asked"), ("line end", f"{line}  ")]
    return found


def data_edits(name: str, text: str) -> dict[int, list[tuple[str, str]]]:
    """As above, for data: not inside text that goes over several lines."""
    if '"""' in text or re.search(r"(?m)[|>][+-]?$", text):
        return {}
    found = {}
    for row, line in enumerate(text.split("\n")):
        if not line.strip() or line.count('"') % 2 or line.count("'") % 2:
            continue
        ways = [("blank", f"\n{line}")]
        if not name.endswith((".yaml", ".yml")):
            ways.append(("indent", f"   {line}"))
        if not name.endswith(".json"):
            ways.append(("comment", f"# As before, and as it was asked for\n{line}"))
        found[row] = ways
    return found


def injected(rng: random.Random, case: Case) -> tuple[str, list[str]]:
    """The needed text with edits that mean nothing, and their kinds."""
    lines = case.needed.split("\n")
    edits = python_edits if case.name.endswith(".py") else None
    ways = edits(case.needed) if edits else data_edits(case.name, case.needed)
    same = difflib.SequenceMatcher(None, case.base.split("\n"), lines, autojunk=False)
    near = {
        row
        for how, _, _, start, end in same.get_opcodes()
        if how != "equal"
        for row in range(start, end + 1)
    }
    kinds: list[str] = []
    for row in rng.sample(sorted(ways), len(ways)):
        if len(kinds) == EDITS:
            break
        around = set(range(row - _APART, row + _APART + 1))
        if ways[row] and not around & near and row:
            kind, lines[row] = rng.choice(ways[row])
            near.add(row)
            kinds.append(kind)
    return "\n".join(lines), kinds


# --- another reader -----------------------------------------------------------------------------


def _names(code: CodeType) -> object:
    return code.co_name, code.co_names, code.co_varnames, [_constant(one) for one in code.co_consts]


def _constant(value: object) -> object:
    if isinstance(value, CodeType):
        return _names(value)
    # The compiler may build one and the same set in another order.
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)


def _python(before: str, after: str) -> bool:
    readings = []
    for text in (before, after):
        code = compile(text, "a.py", "exec", dont_inherit=True, optimize=0)
        readings.append((ast.unparse(ast.parse(text)), _names(code)))
    return readings[0] == readings[1]


def is_alike(name: str, before: str, after: str) -> bool:
    """Whether two texts read the same: by unparsing and compiling, or by loading the values."""
    readers: dict[str, Callable[[str], object]] = {
        ".toml": tomllib.loads,
        ".json": json.loads,
        ".yaml": yaml.safe_load,
        ".yml": yaml.safe_load,
    }
    suffix = Path(name).suffix
    if before == after:
        return True
    if suffix == ".py":
        return _python(before, after)
    if suffix == ".conf":
        return not difference_alone(before, after)
    return repr(readers[suffix](before)) == repr(readers[suffix](after))


# --- the run ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Runner:
    """A repository without commits, for trees of one file."""

    git: GitStore

    def find(self, name: str, base: str, proposed: str) -> tuple[Excess | None, str, float]:
        """What can go from a change of one file, what is left, and the seconds it took."""
        path = RepoPath(name)
        trees = []
        empty = self.git.git("hash-object", "-w", "-t", "tree", "/dev/null").decode().strip()
        for text in (base, proposed):
            row = ("100644", self.git.write_blob(text.encode()))
            trees.append(self.git.write_tree(TreeId(empty), {path: row}))
        change = self.git.change(*trees)
        begun = time.perf_counter()
        excess = shrink.find(
            self.git,
            change,
            (),
            holds=lambda _: False,
            budget_s=0.0,
            tell=lambda _: None,
        )
        seconds = time.perf_counter() - begun
        left = self.git.read(excess.tree, path).decode() if excess else proposed
        return excess, left, seconds


def run_case(runner: Runner, rng: random.Random, case: Case, score: Score) -> None:
    """Shrink one patch without and with edits that mean nothing, and compare."""
    plain, own, _ = runner.find(case.name, case.base, case.needed)
    text, kinds = injected(rng, case)
    if plain is None or not kinds:
        return
    excess, left, seconds = runner.find(case.name, case.base, text)
    if excess is None:
        return
    score.patches += 1
    score.parts += plain.changed
    score.taken.append(seconds)
    score.injected.update(kinds)
    if left != own:
        # An edit may have run together with another, so that this can be 0 and is counted as 1.
        missing = max(len(kinds) - (len(excess.parts) - len(plain.parts)), 1)
        score.missed["+".join(sorted(kinds))] += missing
    if not is_alike(case.name, text, left) or not is_alike(case.name, case.needed, left):
        score.lost.append(case.name)


def main() -> None:
    """Print the table; the exit status is 1 when a needed line was lost."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.SystemRandom().randrange(2**32)
    count = int(sys.argv[2]) if len(sys.argv) > 2 else CASES  # noqa: PLR2004 - two words
    rng = random.Random(seed)  # noqa: S311 - a corpus, not a secret
    print(f"seed {seed}")
    cases = [*history(), *configuration(rng)]
    score = Score()
    with tempfile.TemporaryDirectory() as name:
        subprocess.run(["git", "init", "-q", name], check=True)
        runner = Runner(git_store.discover(Path(name)))
        for case in rng.sample(cases, min(count, len(cases))):
            run_case(runner, rng, case, score)
    total, missed = sum(score.injected.values()), sum(score.missed.values())
    taken = sorted(score.taken)
    print(f"{score.patches} patches of {len(cases)}, {score.parts} lines changed on purpose")
    print(f"injected: {total} edits {dict(score.injected)}")
    print(f"not found: {missed} edits, in patches with {dict(score.missed)}")
    print(f"patches that lost something needed: {len(score.lost)} {score.lost}")
    p95 = taken[int(len(taken) * 0.95)]
    print(f"ms a patch: median {statistics.median(taken) * 1e3:.0f}, p95 {p95 * 1e3:.0f}")
    sys.exit(bool(score.lost))


if __name__ == "__main__":
    main()
