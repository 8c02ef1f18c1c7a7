"""Probes two configurations live: the real sandbox, the real nginx, upstreams that stand in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from workflow.gates.nginx import hermetic
from workflow.gates.nginx.live import Options, Result, probe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.integration.gates.conftest import MakeCase

NAME = "a.example.test"


def server(body: str, http: str = "") -> str:
    """Return a main file with one server on port 80."""
    return (
        f"events {{}}\nhttp {{\n{http}\nserver {{\nlisten 80;\nserver_name {NAME};\n"
        f"root /var/www/a;\n{body}\n}}\n}}\n"
    )


class Probed(Protocol):
    """Probes a patch of `nginx.conf`, and of more files."""

    def __call__(
        self,
        base: str,
        patched: str,
        *,
        binary: str = "wheel",
        options: Options | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Result:
        """Return what the probe shows."""
        ...


@pytest.fixture
def probed(make_case: MakeCase) -> Probed:
    """Return what probes a patch under the manifest that is frozen on its base."""

    def run(
        base: str,
        patched: str,
        *,
        binary: str = "wheel",
        options: Options | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Result:
        more = files or {}
        # A file that says nothing, so that a case has a change where nginx.conf has none.
        case = make_case(
            {**more, "nginx.conf": base}, {**more, "nginx.conf": patched, "changed": "so"}
        )
        means = (case.sandbox, case.keep)
        found = hermetic.check(
            case.base, case.patched, *means, hermetic.Options(binaries=(binary,))
        )
        (one,) = found.results
        assert one.manifest is not None
        asked = options or Options()
        trees = (case.patched, case.base)
        return probe(*means, one.manifest, one.binary, *trees, options=asked)

    return run
