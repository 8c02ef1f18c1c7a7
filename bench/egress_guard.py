"""What the guard adds to a request: the same requests, guarded and not, in turn over loopback.

Both ways have the same HTTP library, server and bytes; the vault has 2,000 strong values.  Shown
are wall time per request in milliseconds, and the CPU time of judging alone: the median, and the
least, which a busy machine disturbs less.  Bar: at most 1 ms
more for a prompt of 100 KB.  Run with `python -m bench.egress_guard`.
"""

from __future__ import annotations

import json
import random
import statistics
import string
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

import httpx2

from tests.loopback import Loopback, loopback
from workflow.redaction.egress.guard import Destination, Guard, Sent
from workflow.redaction.egress.leak import Leaks
from workflow.redaction.egress.transport import GuardedTransport
from workflow.redaction.interface import Kind

VALUES, ROUNDS = 2000, 101
SIZES = (10_000, 100_000, 500_000)
KEY = "bench-own-key-0123456789"
HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Value:
    """A value of the vault."""

    data: bytes
    kind: Kind = Kind.TOKEN
    path: str = "bench"
    line: int = 1
    is_strong: bool = True


def main() -> None:
    """Print the table."""
    choose = random.Random(time.time_ns())  # noqa: S311 - values of a benchmark
    letters = string.ascii_letters + string.digits + '+/"é'
    values = [
        Value("".join(choose.choices(letters, k=choose.randint(12, 48))).encode())
        for _ in range(VALUES)
    ]
    leaks = Leaks(lambda: values)
    begin = time.perf_counter()
    leaks.find(b"")
    print(f"made ready for {VALUES} values in {time.perf_counter() - begin:.2f} s (once)")
    columns = ("plain ms", "guarded ms", "added ms", "CPU ms")
    print(f"{'body':>10} {'of 101':>7}", *(f"{name:>10}" for name in columns))
    with loopback() as server:
        for size in SIZES:
            _row(server, leaks, _body(size))


def _body(size: int) -> bytes:
    """A request of about `size` bytes that holds this interpreter's own library."""
    library = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    text = "".join(path.read_text() for path in library)[:size]
    messages = [
        {"role": "system", "content": "edit"},
        {"role": "user", "content": [{"type": "text", "text": text}]},
    ]
    return json.dumps({"model": "one", "messages": messages}, ensure_ascii=False).encode()


def _row(server: Loopback, leaks: Leaks, body: bytes) -> None:
    destination = Destination.parse(server.v1, ["/chat/completions"])
    judged: list[float] = []
    begun = 0.0

    def record(_sent: Sent) -> None:
        judged.append(time.thread_time() - begun)

    transport = GuardedTransport(Guard(leaks, destination, record, api_key=KEY))
    plain_transport = httpx2.HTTPTransport(trust_env=False)
    url = f"{server.v1}/chat/completions"
    taken: dict[str, list[float]] = {"plain": [], "guarded": []}
    with (
        httpx2.Client(transport=transport, trust_env=False) as guarded,
        httpx2.Client(transport=plain_transport, trust_env=False) as plain,
    ):
        for turn in range(ROUNDS + 3):
            for name, client in (("plain", plain), ("guarded", guarded)):
                begun, begin = time.thread_time(), time.perf_counter()
                client.post(url, content=body, headers=HEADERS)
                if turn >= 3:  # noqa: PLR2004 - the first rounds open connections
                    taken[name].append((time.perf_counter() - begin) * 1000)
            server.arrived.clear()
    for name, of in (("median", statistics.median), ("least", min)):
        without, with_it = (of(taken[way]) for way in ("plain", "guarded"))
        cpu, added = of(judged) * 1000, with_it - without
        figures = (f"{figure:>10.2f}" for figure in (without, with_it, added, cpu))
        print(f"{len(body):>10} {name:>7}", *figures)


if __name__ == "__main__":
    main()
