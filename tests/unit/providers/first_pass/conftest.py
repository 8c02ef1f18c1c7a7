"""One door to the first pass, and the directives of what it drafts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workflow.providers.offline.first_pass import draft_first_pass
from workflow.semantics.nginx import parse, walk
from workflow.types import Brief, Prompt, RepoPath, Role, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.providers.offline.drafted import OfflineDraft

    Drafted = Callable[..., OfflineDraft]
    Lines = Callable[..., list[str]]


@pytest.fixture(scope="session")
def drafted() -> Drafted:
    """The draft for a request, in a repository with these files."""

    def draft(request: str, /, *existing: str, **context: str) -> OfflineDraft:
        files = tuple(
            SourceFile(RepoPath(name.replace("__", "/") + ".conf"), text.encode())
            for name, text in context.items()
        )
        brief = Brief(
            request=request,
            role=Role.ARCHITECT,
            files=(),
            prompt=Prompt("", "", ""),
            context=files,
            existing=tuple(map(RepoPath, existing)),
        )
        return draft_first_pass(brief)

    return draft


@pytest.fixture(scope="session")
def lines(drafted: Drafted) -> Lines:
    """Every directive of the drafted site, each with its values, on a line."""

    def of(request: str, /, *existing: str, **context: str) -> list[str]:
        tree = parse(drafted(request, *existing, **context).files[0].text)
        return [" ".join((node.name, *node.values)) for node in walk(tree.children)]

    return of
