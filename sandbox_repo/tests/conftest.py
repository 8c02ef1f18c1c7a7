"""The service under test, with a sink that the tests can read."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.sink import MemorySink


@pytest.fixture
def sink() -> MemorySink:
    """Make an empty sink."""
    return MemorySink()


@pytest.fixture
def client(sink: MemorySink) -> Iterator[TestClient]:
    """Make a client of a service that writes to `sink`."""
    with TestClient(create_app(sink)) as client:
        yield client
