"""A desk for each wire format: the provider, a server on a loopback socket, and their records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.providers.remote_desk import FINE, Desk, Vendor
from tests.loopback import Loopback, loopback

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[Loopback]:
    """Run a provider on a loopback socket; it says what is fine."""
    with loopback() as state:
        state.says = FINE
        yield state


@pytest.fixture(params=Vendor, ids=lambda vendor: vendor.name.lower())
def desk(request: pytest.FixtureRequest, server: Loopback) -> Desk:
    """Each of the three providers in front of the server."""
    vendor: Vendor = request.param
    return Desk(vendor, server, vendor.model)
