"""The offline provider: parse the request, run the codemods, answer in the diff dialect."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from workflow.errors import NothingToDoError
from workflow.providers import new_files
from workflow.providers.offline.architect import draft_files
from workflow.providers.offline.cors import allow_origin
from workflow.providers.offline.csp import allow_source
from workflow.providers.offline.dialect import as_answer
from workflow.providers.offline.endpoint import add_endpoint
from workflow.providers.offline.headers import set_header
from workflow.providers.offline.health import add_health_check
from workflow.providers.offline.http3 import enable_http3
from workflow.providers.offline.inclusion import include_file
from workflow.providers.offline.intents import (
    AddEndpoint,
    AddHealthCheck,
    AddServer,
    AllowCors,
    AllowCsp,
    EnableHttp3,
    IncludeFile,
    ReplaceServer,
    SetDirective,
    SetHeader,
    SetTarget,
)
from workflow.providers.offline.notes import grouped
from workflow.providers.offline.refusals import ABILITIES, printable, refusal
from workflow.providers.offline.request import parse_request
from workflow.providers.offline.revision import first_revision, revise
from workflow.providers.offline.settings import set_directive
from workflow.providers.offline.site import Change, Work, is_nginx
from workflow.providers.offline.upstream import add_server, replace_server, set_target
from workflow.semantics.nginx import NginxSyntaxError, decode
from workflow.types import AnswerKind, Draft, Forecast, Outcome, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from workflow.providers.offline.intents import Intent
    from workflow.providers.offline.revision import Revision
    from workflow.types import Brief, RepoPath, SourceFile

VERSION = "1"
_MODEL = (
    "propose the change in other words, or set roles.architect or roles.surgeon to a model in"
    " workflow.toml (docs/models.md)"
)
_NGINX_NAMES = ("nginx", "sites-", "conf.d")
_ORDER = (
    ReplaceServer,
    AddServer,
    AllowCors,
    AddEndpoint,
    AddHealthCheck,
    SetTarget,
    EnableHttp3,
    AllowCsp,
    SetHeader,
    SetDirective,
    IncludeFile,
)


class OfflineProvider:
    """Drafts from deterministic codemods; nothing leaves the process."""

    @property
    def name(self) -> str:
        """The provider's name in configuration and in the ledger."""
        return "offline"

    @property
    def destination(self) -> str:
        """Nothing is sent anywhere."""
        return "nowhere"

    @property
    def model(self) -> str:
        """The version of the codemods."""
        return f"codemods-{VERSION}"

    @property
    def can_repair(self) -> bool:
        """The same request gets the same answer."""
        return False

    def draft(self, brief: Brief, tell: Callable[[str], None]) -> Draft:
        """Carry out the whole request, or nothing.

        Raises `NotUnderstoodError` that names the part or the file, `VagueRequestError`, and
        `NothingToDoError` if the files already are as asked.
        """
        del tell  # done in milliseconds
        if brief.complaint:
            message = "it drafts the same again, whatever a reviewer says"
            raise refusal(message, _MODEL)
        if brief.role is Role.ARCHITECT:
            drafted = draft_files(brief)
            return Draft(
                text=new_files.as_answer(drafted.files),
                forecasts=drafted.forecasts,
                notes=drafted.notes,
                provider=self.name,
                model=f"templates-{VERSION}",
                wanted=drafted.wanted,
            )
        if brief.answer is not AnswerKind.EDITS:
            message = f"the recipe {brief.recipe} needs a model"
            raise refusal(message, _MODEL)
        intents = _intents(brief)
        work, notes = _carry_out(_read(brief.files), intents)
        changed = [file for file in work.files.values() if file.is_changed]
        if not changed:
            said = "; ".join(grouped(notes)) or "the files already are as asked"
            message = f"nothing to do: {printable(said)}"
            raise NothingToDoError(
                message, hint="look at the lines named, or ask for another change"
            )
        return Draft(
            text=as_answer(changed),
            forecasts=_forecasts(changed),
            notes=grouped(notes),
            provider=self.name,
            model=self.model,
        )


# --- reading -----------------------------------------------------------------------------------


def _intents(brief: Brief) -> tuple[Intent, ...]:
    """What is asked for; where an architect has left edits, those alone, each in its file."""
    if not brief.wanted:
        return parse_request(brief.request)
    found = [
        intent if intent.scope.file else replace(intent, scope=replace(intent.scope, file=one.path))
        for one in brief.wanted
        for intent in parse_request(one.request)
    ]
    return tuple(dict.fromkeys(found))


def _looks_like_nginx(path: str) -> bool:
    """Whether a file's name says that it is nginx configuration."""
    return path.endswith(".conf") or any(part in path.lower() for part in _NGINX_NAMES)


def _read(files: tuple[SourceFile, ...]) -> Work:
    """The brief's files: nginx ones to edit, others as sources of facts.

    Raises `NotUnderstoodError` if there is no nginx file, or one that cannot be read.
    """
    editable: dict[RepoPath, Revision] = {}
    sources: dict[RepoPath, str] = {}
    broken: list[tuple[RepoPath, NginxSyntaxError]] = []
    for file in files:
        text = decode(file.data)
        try:
            revision = first_revision(file.path, text)
        except NginxSyntaxError as error:
            sources[file.path] = text
            if _looks_like_nginx(file.path):
                broken.append((file.path, error))
            continue
        if is_nginx(revision):
            editable[file.path] = revision
        else:
            sources[file.path] = text
    if broken:
        path, fault = broken[0]
        message = f"{path} is not readable as nginx configuration: {fault.message}"
        raise refusal(message, fault.hint)
    if not editable:
        names = ", ".join(file.path for file in files) or "no file"
        message = f"it edits nginx configuration only, and the brief has {names}"
        raise refusal(
            message, f"name an nginx file: workflow propose '...' nginx/site.conf; {ABILITIES}"
        )
    return Work(editable, sources)


# --- carrying out ------------------------------------------------------------------------------


def _change(work: Work, intent: Intent) -> Change:  # noqa: C901, PLR0911 - one case per intent
    """The edits of one intent."""
    match intent:
        case AddEndpoint():
            return add_endpoint(work, intent)
        case AddHealthCheck():
            return add_health_check(work, intent)
        case AllowCors():
            return allow_origin(work, intent)
        case AllowCsp():
            return allow_source(work, intent)
        case SetHeader():
            return set_header(work, intent)
        case SetDirective():
            return set_directive(work, intent)
        case ReplaceServer():
            return replace_server(work, intent)
        case AddServer():
            return add_server(work, intent)
        case SetTarget():
            return set_target(work, intent)
        case EnableHttp3():
            return enable_http3(work, intent)
        case IncludeFile():
            return include_file(work, intent)
        case _:
            assert_never(intent)


def _carry_out(work: Work, intents: tuple[Intent, ...]) -> tuple[Work, tuple[str, ...]]:
    """Run the codemods one after the other; what later ones need is made by earlier ones."""
    notes: list[str] = []
    origins = tuple(item.origin for item in intents if isinstance(item, AllowCors))
    for intent in sorted(intents, key=lambda item: _ORDER.index(type(item))):
        wanted = replace(intent, origins=origins) if isinstance(intent, AddEndpoint) else intent
        change = _change(work, wanted)
        notes += change.notes
        files = dict(work.files)
        for path in dict.fromkeys(path for path, _ in change.edits):
            edits = dict.fromkeys(edit for owner, edit in change.edits if owner == path)
            files[path] = revise(files[path], edits)
        work = Work(files, work.sources)
    return work, tuple(notes)


# --- forecasts ---------------------------------------------------------------------------------


def _forecasts(changed: list[Revision]) -> tuple[Forecast, ...]:
    """What the gates will say."""
    paths = ", ".join(file.path for file in changed)
    text = "".join(file.text for file in changed)
    base = "".join(file.base for file in changed)
    quic = " quic" in text and " quic" not in base
    needs = "; the new QUIC listeners need an nginx built with http_v3" if quic else ""
    return (
        Forecast(
            "nginx",
            Outcome.PASS,
            "expected: 'syntax is ok' and 'test is successful'; the patched text of "
            f"{paths} was parsed again by nginx's own lexing rules, and every new directive stands "
            f"in a context that allows it{needs}",
        ),
        Forecast(
            "pytest",
            Outcome.PASS,
            f"only {paths} changes, no Python file; tests that read the configuration find every "
            "directive that they found before, with the requested additions",
        ),
    )
