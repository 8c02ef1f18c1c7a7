"""Who drafts is decided by what the request names and says, and the reason is told."""

from __future__ import annotations

import pytest

from workflow.route import choose
from workflow.types import ChangeRequest, Identity, RepoPath, Role

ADA = Identity("Ada", "ada@example.test")
SITE = RepoPath("site.conf")


def request(text: str, role: Role | None = None) -> ChangeRequest:
    """Return a request in words."""
    return ChangeRequest(text, (), ADA, role)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("existing", [(), (SITE,)])
def test_a_person_has_the_last_word(role: Role, existing: tuple[RepoPath, ...]) -> None:
    """A role that was asked for is the role, whatever else is said."""
    route = choose(request("scaffold a backend", role), existing)
    assert (route.role, route.reasons) == (role, (f"--route {role} was given",))


def test_existing_files_go_to_the_surgeon() -> None:
    """Also when the words sound like a blank page."""
    route = choose(request("write a backend from scratch"), (SITE, RepoPath("b")))
    assert route.role is Role.SURGEON
    assert "site.conf, b" in route.reasons[0]


@pytest.mark.parametrize(
    "text",
    [
        *("Scaffold a FastAPI backend", "start from scratch", "a first pass at nginx"),
        *("generate a backend from this client", "Write me the new small systemd unit"),
        *("create an nginx server block", "build a service", "bootstrap it"),
    ],
)
def test_a_blank_page_goes_to_the_architect(text: str) -> None:
    """The words that say so are quoted."""
    route = choose(request(text), ())
    assert route.role is Role.ARCHITECT
    assert "it says" in route.reasons[0]


@pytest.mark.parametrize(
    "text", ["allow origin https://a.test", "restart the service", "scaffolding is up", "a unit"]
)
def test_anything_else_is_an_edit(text: str) -> None:
    """Without a word for a blank page nothing is created."""
    assert choose(request(text), ()).role is Role.SURGEON
