"""Each shipped recipe, word for word as it would be sent, so that a change shows in review."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow import prompts
from workflow.prompts import Filling
from workflow.resources import folder
from workflow.types import LeftOut, RepoPath, Role, SourceFile, Wanted

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

FENCE = "0123456789abcdef" * 2
# Small files of `sandbox_repo`: what is asked of them does not matter here.
SHOWN = ("nginx/snippets/tls.conf", "nginx/snippets/proxy.conf")


def _file(path: str) -> SourceFile:
    return SourceFile(RepoPath(path), (folder("sandbox_repo") / path).read_bytes())


@pytest.mark.parametrize("recipe", prompts.every(), ids=lambda recipe: recipe.name)
def test_a_first_round_as_sent(recipe: prompts.Recipe, snapshot: SnapshotAssertion) -> None:
    """The prompt of a first round, with files of the sandbox repository."""
    first, second = map(_file, SHOWN)
    edits = recipe.role is Role.SURGEON
    filling = Filling(
        request="Do what has to be done for a.ado.im",
        fence=FENCE,
        files=(first,) if edits else (),
        context=(second,) if edits else (first, second),
        existing=() if edits else tuple(map(RepoPath, SHOWN)),
        gates=recipe.gates,
    )
    assert str(prompts.render(recipe, filling)) == snapshot


def test_a_later_round_of_a_mixed_request_as_sent(snapshot: SnapshotAssertion) -> None:
    """The prompt with everything that it can be filled with."""
    first, second = map(_file, SHOWN)
    recipe = prompts.load("surgical-edit")
    filling = Filling(
        request="Add a site for b.ado.im, and include it",
        fence=FENCE,
        files=(first,),
        context=(second,),
        existing=(RepoPath("nginx/nginx.conf"),),
        left_out=(LeftOut(RepoPath("nginx/mime.types"), "over the budget of 2000 tokens"),),
        already_made=(RepoPath("nginx/b.conf"),),
        wanted=(Wanted("nginx/nginx.conf", "include b.conf after site_nginx.conf"),),
        complaint='policy, existing-only: "nginx/b.conf" is not among the files given',
        gates=("nginx",),
        is_sealed=True,
    )
    assert str(prompts.render(recipe, filling)) == snapshot
