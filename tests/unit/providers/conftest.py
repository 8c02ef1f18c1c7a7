"""One door to the offline provider, and a strict reader of its diff dialect."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from workflow import patch
from workflow.errors import NothingToDoError
from workflow.providers.offline import OfflineProvider
from workflow.types import Brief, Draft, Prompt, RepoPath, Role, SourceFile

MARKER = "\\ No newline at end of file"


def lines_of(text: str) -> list[str]:
    """Lines that end with a newline, and a last one that may not."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def hunks_of(answer: str) -> dict[str, list[list[str]]]:
    """The hunks' lines by path; everything that the dialect forbids fails here."""
    body = lines_of(answer)
    assert body[0] == "```diff\n"
    assert body[-1] == "```\n"
    found: dict[str, list[list[str]]] = {}
    path = ""
    for line in body[1:-1]:
        if line.startswith("--- a/"):
            path = line.removeprefix("--- a/").rstrip("\n")
            found[path] = []
        elif line.startswith("+++ b/"):
            assert line == f"+++ b/{path}\n"
        elif line.startswith("@@"):
            assert not line.startswith("@@ -")
            found[path].append([])
        elif line.rstrip("\n") == MARKER:
            last = found[path][-1]
            last[-1] = last[-1].removesuffix("\n")
        else:
            assert line[0] in " +-"
            found[path][-1].append(line)
    return found


def applied(text: str, hunks: list[list[str]]) -> str:
    """The text with the hunks made; each place must be the only one."""
    lines = lines_of(text)
    for hunk in hunks:
        old = [line[1:] for line in hunk if line[0] != "+"]
        new = [line[1:] for line in hunk if line[0] != "-"]
        size = len(old)
        places = [at for at in range(len(lines) - size + 1) if lines[at : at + size] == old]
        assert len(places) == 1, f"{len(places)} places for {old}"
        before = next(index for index, line in enumerate(hunk) if line[0] != " ")
        after = next(index for index, line in enumerate(reversed(hunk)) if line[0] != " ")
        assert before >= 3 or places[0] == 0
        assert after >= 3 or places[0] + size == len(lines)
        lines[places[0] : places[0] + size] = new
    return "".join(lines)


@dataclass(frozen=True)
class Given:
    """The files that a surgeon was given, by their paths."""

    texts: dict[str, str]

    def read(self, path: RepoPath) -> patch.Content | None:
        """The file at a path."""
        text = self.texts.get(path)
        return None if text is None else patch.Content("100644", _bytes(text))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Surgeon:
    """Drafts on one or more files and gives back what they become."""

    provider: OfflineProvider

    def draft(self, request: str, files: dict[str, str], role: Role = Role.SURGEON) -> Draft:
        """The raw draft."""
        sources = tuple(SourceFile(RepoPath(path), _bytes(text)) for path, text in files.items())
        return self.provider.draft(Brief(request, role, sources, Prompt("", "", "")), print)

    def results(self, request: str, files: dict[str, str]) -> dict[str, str]:
        """Every file as the draft makes it."""
        answer = self.draft(request, files).text
        hunks = hunks_of(answer)
        results = {path: applied(text, hunks.get(path, [])) for path, text in files.items()}
        reading = patch.read(answer.encode("utf-8", "surrogateescape"))
        placement = patch.place(reading.operations, Given(files))
        read = {path: content.data for path, content in placement.files if content}
        expected = {path: _bytes(text) for path, text in results.items() if text != files[path]}
        assert read == expected, "the product reads the answer otherwise"
        assert all(place.fit is patch.Fit.EXACT for place in placement.places)
        return results

    def read(self, answer: str, text: str, path: str) -> str:
        """One file as an answer makes it."""
        return applied(text, hunks_of(answer).get(path, []))

    def result(self, request: str, text: str, path: str = "nginx/site.conf") -> str:
        """One file as the draft makes it."""
        return self.results(request, {path: text})[path]

    def check(self, request: str, text: str, *swaps: tuple[str, str]) -> None:
        """The draft makes exactly these replacements, and asked again there is nothing to do."""
        expected = text
        for old, new in swaps:
            assert expected.count(old) == 1, f"{expected.count(old)} times: {old!r}"
            expected = expected.replace(old, new)
        assert self.result(request, text) == expected
        with pytest.raises(NothingToDoError):
            self.draft(request, {"nginx/site.conf": expected})


@pytest.fixture(scope="session")
def surgeon() -> Surgeon:
    """The offline provider behind a strict reader."""
    return Surgeon(OfflineProvider())
