"""Starts pytest inside the sandbox and reports each test's outcome over the report pipe.

Runs on the project's interpreter, which may be older than ours: standard library and pytest only.
pytest is imported before the project's own folders can be: they come onto the path afterwards.
"""

from __future__ import annotations

import json
import os
import sys

import pytest

_FD = int(os.environ.pop("WORKFLOW_REPORT_FD", "-1"))


def _say(said: dict[str, object]) -> None:
    os.write(_FD, json.dumps(said).encode() + b"\n")


class Reporter:
    """The plugin: one JSON line for each thing that happens."""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Say which tests there are."""
        _say({"collected": [item.nodeid for item in session.items]})

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Say what could not be collected."""
        if report.failed:
            _say({"uncollected": report.nodeid, "why": str(report.longrepr)[-2000:]})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Say how one phase of one test ended."""
        _say({"test": report.nodeid, "when": report.when, "outcome": report.outcome})

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Say that this is the end, and which status the process is going to have."""
        _say({"end": int(exitstatus)})


def main() -> None:
    """Run pytest on the words after the script, as `python -m pytest` would."""
    # The programs that tests start shall not hold the pipe.
    os.set_inheritable(_FD, False)
    home = os.getcwd()  # noqa: PTH109 - strings, for the path
    folders = [home, os.path.join(home, "src")]  # noqa: PTH118 - as above
    sys.path[:1] = folders
    os.environ["PYTHONPATH"] = os.pathsep.join(folders)
    sys.exit(int(pytest.main(sys.argv[1:], plugins=[Reporter()])))


if __name__ == "__main__":
    main()
