"""How a role is asked follows from what the request names, or from what the requester says."""

from __future__ import annotations

import pytest

from workflow import prompts, recipe
from workflow.errors import UsageError
from workflow.types import ChangeRequest, Identity, RepoPath, Role, Way

ADA = Identity("Ada", "ada@example.test")


def chosen(text: str, role: Role, *names: str, asked: str = "", said: Way | None = None) -> str:
    """Return the name of the recipe for a request."""
    request = ChangeRequest(text, (), ADA, said, recipe=asked)
    return recipe.choose(prompts.load, request, role, tuple(map(RepoPath, names))).name


@pytest.mark.parametrize(
    ("text", "names", "name"),
    [
        ("backend for it", ("web/analytics.js",), "backend-from-client"),
        ("scaffold a FastAPI backend from analytics.js", (), "backend-from-client"),
        ("scaffold a new FastAPI backend from the browser client", (), "backend-from-client"),
        ("build me a backend for the client", (), "backend-from-client"),
        ("a first NGINX server block for shop.example.test", (), "nginx-first-pass"),
        ("add a pytest test for the limits", ("app/main.py",), "tests-for-change"),
        ("a systemd timer that rotates logs", (), "scaffold"),
        ("document app.js", ("app.js",), "scaffold"),
    ],
)
def test_an_architects_recipe(text: str, names: tuple[str, ...], name: str) -> None:
    """A client and a backend, a server block, tests, or anything else."""
    assert chosen(text, Role.ARCHITECT, *names) == name


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ((), "surgical-edit"),
        (("a.service",), "systemd-edit"),
        (("a.service", "b.timer"), "systemd-edit"),
        (("a.service", "site.conf"), "surgical-edit"),
    ],
)
def test_a_surgeons_recipe(names: tuple[str, ...], name: str) -> None:
    """Units have a recipe of their own when nothing else is edited."""
    assert chosen("restart it later", Role.SURGEON, *names) == name


def test_what_a_person_names_is_taken_for_its_role() -> None:
    """In a request of two parts, the other role is asked as its own part wants it."""
    asked = "safety-check"
    assert chosen("check nginx", Role.SURGEON, asked=asked) == asked
    assert chosen("check nginx", Role.ARCHITECT, asked=asked) == "nginx-first-pass"


def test_a_recipe_for_the_other_role_is_refused_when_the_role_was_given_too() -> None:
    """The two contradict each other, and nobody guesses which was meant."""
    with pytest.raises(UsageError, match="is for the surgeon, not for the architect"):
        chosen("x", Role.ARCHITECT, asked="safety-check", said=Way.ARCHITECT)
