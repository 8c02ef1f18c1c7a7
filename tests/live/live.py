"""Asks the real vendors, in a few small calls: `make live`.

It is no test of pytest's and is not collected by it: `make test` reaches no network.  A vendor
without a key is named as one that did not run.  From the environment come the keys, the models
(`WORKFLOW_LIVE_OPENAI_MODEL`, …) and other addresses (`WORKFLOW_LIVE_OPENAI_URL`, …); a server of
your own that speaks chat completions runs when its URL is set.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tests.integration.providers.remote_desk import Kept, Money, Vendor
from workflow import patch
from workflow.errors import WorkflowError
from workflow.providers.failures import BadKeyError, UnknownModelError
from workflow.providers.interface import Model
from workflow.providers.prices import Prices
from workflow.providers.remote import ANTHROPIC_URL, OPENAI_URL, Remote
from workflow.redaction.egress.leak import Leaks
from workflow.text import one_line
from workflow.types import AnswerKind, Brief, Prompt, RepoPath, Role, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.types import Draft

BASE = """server {
    listen 8080;
    server_name example.test;
    gzip on;
    location /healthz {
        return 204;
    }
}
"""
PATH = RepoPath("site.conf")
REQUEST = "Turn gzip off in site.conf."
RULES = """You make the smallest edit of an existing file that carries out a request.
The diff is unified, with `--- a/site.conf` and `+++ b/site.conf`, a line `@@`, and three unchanged
lines before and after the change.  Forecast each gate that is named.
"""
WANTED = BASE.replace("gzip on;", "gzip off;")
BRIEF = Brief(
    request=REQUEST,
    role=Role.SURGEON,
    files=(SourceFile(PATH, BASE.encode()),),
    prompt=Prompt(RULES, f"The file site.conf:\n\n{BASE}", f"{REQUEST}  The gate is: nginx."),
    gates=("nginx",),
)
EXPLAIN = replace(
    BRIEF,
    prompt=replace(BRIEF.prompt, task="Do not edit.  Explain in one sentence what this file does."),
    recipe="explain-change",
    answer=AnswerKind.EXPLANATION,
    gates=(),
)
KEYS = {Vendor.OPENAI: "OPENAI_API_KEY", Vendor.ANTHROPIC: "ANTHROPIC_API_KEY"}
URLS = {Vendor.OPENAI: OPENAI_URL, Vendor.ANTHROPIC: ANTHROPIC_URL}
MODELS = {Vendor.OPENAI: "gpt-6-luna", Vendor.ANTHROPIC: "claude-haiku-5-5"}
"""Small ones; another in the environment takes their place."""


class _CheckError(Exception):
    """The vendor answered, and not as we rely on."""


@dataclass(frozen=True, slots=True)
class Given:
    """The one file that the model was given."""

    text: str

    def read(self, path: RepoPath) -> patch.Content | None:
        """The file at a path."""
        return patch.Content("100644", self.text.encode()) if path == PATH else None


@dataclass(frozen=True, slots=True)
class Live:
    """One vendor, as the environment has it."""

    vendor: Vendor
    key: str
    url: str
    model: Model
    kept: Kept

    def ask(self, brief: Brief, *, key: str = "", model: str = "") -> Draft:
        """Have it draft, with another key or model for once."""
        limits = replace(self.model, name=model or self.model.name)
        remote = Remote(key or self.key, self.url)
        provider = self.vendor.make(limits, remote, Leaks(tuple), self.kept, Money())
        return provider.draft(brief, lambda _words: None)


def main() -> int:
    """Run each vendor that there is a key for; 1 when one of them fails."""
    failed = False
    for vendor in Vendor:
        found = _found(vendor)
        if isinstance(found, str):
            _say(vendor, f"did not run: {found}")
            continue
        failed |= not _passes(found)
    return int(failed)


def _found(vendor: Vendor) -> Live | str:
    """The vendor as the environment has it, or what is missing there."""
    prefix = f"WORKFLOW_LIVE_{vendor.name}_"
    name = KEYS.get(vendor, f"{prefix}KEY")
    key = os.environ.get(name, "")
    url = os.environ.get(f"{prefix}URL", URLS.get(vendor, ""))
    model = os.environ.get(f"{prefix}MODEL", MODELS.get(vendor, ""))
    if vendor in KEYS and not key:
        return f"{name} is not set"
    if not url or not model:
        return f"{prefix}URL and {prefix}MODEL are not set"
    limits = Model(vendor.value, model, 10_000, 4_000, deadline_s=120.0)
    return Live(vendor, key, url, limits, Kept())


def _passes(live: Live) -> bool:
    checks: list[Callable[[Live], str]] = [_edits, _explains]
    if live.vendor in KEYS:
        checks += [_refuses_another_key, _refuses_another_model]
    passes = True
    for check in checks:
        name = check.__name__.strip("_").replace("_", " ")
        try:
            _say(live.vendor, f"{name}: passed: {check(live)}")
        except WorkflowError as error:
            _say(live.vendor, f"{name}: FAILED: {error.message} ({error.hint})")
            passes = False
        except _CheckError as error:
            _say(live.vendor, f"{name}: FAILED: {error}")
            passes = False
    _say(live.vendor, f"took {_costs(live)}")
    return passes


def _edits(live: Live) -> str:
    draft = live.ask(BRIEF)
    if [each.gate for each in draft.forecasts] != ["nginx"]:
        message = "no forecast for the gate"
        raise _CheckError(message)
    reading = patch.read(draft.text.encode())
    placed = patch.place(reading.operations, Given(BASE))
    texts = [content.data.decode() for _, content in placed.files if content]
    if texts != [WANTED]:
        message = f"another edit than the one asked for: {one_line(draft.text)[:200]}"
        raise _CheckError(message)
    return "the diff lands, and the gate has its forecast"


def _explains(live: Live) -> str:
    live.ask(EXPLAIN)
    return "an explanation came"


def _refuses_another_key(live: Live) -> str:
    try:
        live.ask(BRIEF, key="wrong-" + live.key[-1] * 20)
    except BadKeyError:
        return "a wrong key is one for us, too"
    message = "a wrong key was taken"
    raise _CheckError(message)


def _refuses_another_model(live: Live) -> str:
    try:
        live.ask(BRIEF, model="no-such-model-1")
    except UnknownModelError:
        return "an unknown model is one for us, too"
    message = "an unknown model was taken"
    raise _CheckError(message)


def _costs(live: Live) -> str:
    usages = [answer.usage for answer, _ in live.kept.answers]
    given = sum(usage.input_tokens for usage in usages)
    written = sum(usage.output_tokens for usage in usages)
    sums = [Prices().cost(live.model.provider, live.model.name, usage) for usage in usages]
    known = [each for each in sums if each is not None]
    money = f"{sum(known) / 1e6:.6f} dollars" if len(known) == len(sums) else "an unknown price"
    return f"{given} + {written} tokens in {len(usages)} answers, {money}"


def _say(vendor: Vendor, words: str) -> None:
    sys.stdout.write(f"{vendor.value}: {words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
