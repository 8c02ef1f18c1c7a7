"""Where accepted payloads go: a JSON-lines file, or memory when none is configured."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

SINK_VARIABLE: Final = "ANALYTICS_SINK"
MEMORY_RECORDS: Final = 1000

Record = Mapping[str, object]


class Sink(Protocol):
    """Takes records; raises OSError when it cannot keep one."""

    def append(self, record: Record) -> None:
        """Keep `record`."""


@dataclass(frozen=True, slots=True)
class MemorySink:
    """Keeps the newest records only, so that it cannot fill the memory."""

    records: deque[Record] = field(default_factory=lambda: deque(maxlen=MEMORY_RECORDS))

    def append(self, record: Record) -> None:
        """Keep `record`, and forget the oldest when full."""
        self.records.append(record)


@dataclass(frozen=True, slots=True)
class FileSink:
    """Appends one JSON object per line; the file is reopened each time, so it may be rotated."""

    path: Path

    def append(self, record: Record) -> None:
        """Write `record` as one line."""
        line = json.dumps(record, separators=(",", ":")) + "\n"
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line)


def sink_from(environ: Mapping[str, str]) -> Sink:
    """Build the sink that `ANALYTICS_SINK` (a file path) names; unset or empty means memory."""
    path = environ.get(SINK_VARIABLE, "")
    return FileSink(Path(path)) if path else MemorySink()
