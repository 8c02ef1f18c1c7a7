"""A new exact-match location, in the manner of the file's closest proxied location."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workflow.providers.offline import grants, headers, sibling
from workflow.providers.offline.cors import ALLOW_ORIGIN
from workflow.providers.offline.limits import limit, preflight
from workflow.providers.offline.literals import bytes_in
from workflow.providers.offline.locations import locations_at
from workflow.providers.offline.placing import place
from workflow.providers.offline.refusals import refusal
from workflow.providers.offline.sibling import Part, Sibling
from workflow.providers.offline.site import Change, choose
from workflow.providers.offline.sources import methods_of
from workflow.providers.offline.style import Group
from workflow.providers.offline.targets import target_for
from workflow.semantics.nginx import directives, walk

if TYPE_CHECKING:
    from workflow.providers.offline.intents import AddEndpoint
    from workflow.providers.offline.site import Level, Site, Work
    from workflow.providers.offline.style import Statement
    from workflow.semantics.nginx import Directive

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_POST_WORDS = re.compile(
    r"collect|ingest|events?|track|upload|beacon|submit|report|log(?:s|in|out)?\b|webhook|hook"
    r"|validate|telemetry|callback|sign(?:up|in)",
    re.IGNORECASE,
)
_GET_WORDS = re.compile(r"metrics|status|health|version|info|robots|feed|ping|stats", re.IGNORECASE)
_DEFAULT_BODY = "64k"
_NEUTRAL = (
    "proxy_set_header Host $host;",
    "proxy_set_header X-Real-IP $remote_addr;",
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    "proxy_set_header X-Forwarded-Proto $scheme;",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is decided about the new location before a line is written."""

    path: str
    methods: tuple[str, ...]
    body_limit: str
    target: str
    has_preflight: bool
    lets_options_through: bool
    model: Sibling | None
    origins: tuple[str, ...]
    copies_headers: bool


def add_endpoint(work: Work, intent: AddEndpoint) -> Change:
    """Add the location, or say that it is there."""
    site = choose(work, intent.scope)
    existing = locations_at(site.level, intent.path)
    if existing:
        return _existing(existing[0], intent)
    plan, notes = _decide(work, site, intent)
    statements, more = _statements(work, site, plan)
    group = Group(f"location = {plan.path}", statements)
    edit = place(site, plan.model.node if plan.model else None, group)
    return Change(((site.path, edit),), (*notes, *more))


def _existing(level: Level, intent: AddEndpoint) -> Change:
    """Whether an existing location already is what was asked for; refuse if it differs."""
    node = level.node
    assert node is not None  # noqa: S101 - a location always has its directive
    sizes = [bytes_in(item.values[0]) for item in level.own("client_max_body_size") if item.args]
    limits = [item for item in directives(level.children) if sibling.is_method_limit(item)]
    allowed = {name for item in limits for name in sibling.methods_of(item)} - {"OPTIONS", "HEAD"}
    target = " ".join(value for item in level.own("proxy_pass") for value in item.values)
    differs = [
        f"methods {', '.join(sorted(allowed)) or 'all'}"
        if intent.methods and allowed != set(intent.methods) - {"OPTIONS", "HEAD"}
        else "",
        "the body size" if intent.body_limit and bytes_in(intent.body_limit) not in sizes else "",
        f"proxied to {target or 'nothing'}"
        if intent.target and intent.target not in target
        else "",
    ]
    if any(differs):
        message = (
            f"line {node.line} already has 'location {' '.join(node.values)}', and it differs: "
            + ", ".join(filter(None, differs))
        )
        raise refusal(
            message, f"say what to change in it: set client_max_body_size in {intent.path}"
        )
    return Change(notes=(f"already so: line {node.line} has location {' '.join(node.values)}",))


# --- decisions ---------------------------------------------------------------------------------


def _decide(work: Work, site: Site, intent: AddEndpoint) -> tuple[Plan, tuple[str, ...]]:
    """Methods, body limit, target and preflight, with a note for each that is assumed."""
    guess = intent.methods or methods_of(work.sources, intent.path)[0] or _by_name(intent.path)
    model = sibling.best(site, intent.path, guess)
    methods, method_notes = _methods(work, intent, model)
    body_limit, body_notes = _body(intent, model, methods)
    target, target_notes = target_for(work, site, intent, model)
    through = _lets_options_through(model)
    preflight = (
        not through and "OPTIONS" not in methods and (_needs_preflight(work, site, methods, model))
    )
    notes = [f"matched exactly: only {intent.path} itself", *method_notes, *body_notes]
    if model:
        notes.append(f"imitates 'location {' '.join(model.node.values)}'")
    copies = bool(intent.copies_headers and model and headers.headers_of(model.level, ALLOW_ORIGIN))
    plan = Plan(
        intent.path, methods, body_limit, target, preflight, through, model, intent.origins, copies
    )
    return plan, (*notes, *target_notes)


def _by_name(path: str) -> tuple[str, ...]:
    """The methods that a path's name suggests."""
    if _POST_WORDS.search(path):
        return ("POST",)
    return ("GET",) if _GET_WORDS.search(path) else ()


def _methods(
    work: Work, intent: AddEndpoint, model: Sibling | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The methods: from the request, else the source, else the name, else the sibling."""
    known, file = methods_of(work.sources, intent.path)
    if intent.methods:
        missing = set(known) and set(intent.methods) - set(known) - {"OPTIONS", "HEAD"}
        note = f"{file} serves {intent.path} with {', '.join(known)} only" if missing else ""
        return intent.methods, (note,) if note else ()
    if known:
        return known, (f"methods {', '.join(known)}, as {file} serves {intent.path}",)
    if by_name := _by_name(intent.path):
        return by_name, (f"assumed: {', '.join(by_name)} only, from the name {intent.path}",)
    limits = directives(model.level.children) if model else ()
    copied = [node for node in limits if sibling.is_method_limit(node)]
    if copied:
        names = tuple(name for name in sibling.methods_of(copied[0]) if name != "OPTIONS")
        return names, (f"assumed: {', '.join(names)} only, as its sibling",)
    return (), ("assumed: all methods; say for example 'only allows POST' to limit them",)


def _body(
    intent: AddEndpoint, model: Sibling | None, methods: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """The body limit: from the request, else the sibling's, else a small one."""
    if intent.body_limit:
        return intent.body_limit, ()
    if not set(methods) & _WITH_BODY:
        return "", ()
    if model and (found := model.level.own("client_max_body_size")):
        limit = found[0].values[0]
        return limit, (f"assumed: bodies up to {limit}, as its sibling",)
    return _DEFAULT_BODY, (f"assumed: bodies up to {_DEFAULT_BODY}",)


def _needs_preflight(
    work: Work, site: Site, methods: tuple[str, ...], model: Sibling | None
) -> bool:
    """Whether OPTIONS must be answered: other origins may write, and nothing else answers it."""
    if any(sibling.is_preflight(node) for node in directives(site.level.children)):
        return False
    if model and any(sibling.is_preflight(node) for node in directives(model.level.children)):
        return bool(set(methods) - {"GET", "HEAD"})
    around = model.level if model and headers.headers_of(model.level, ALLOW_ORIGIN) else site.level
    answers = any(
        sent.item.values[0].lower() == ALLOW_ORIGIN.lower()
        for sent in headers.effective(work, site, around)
    )
    return answers and bool(set(methods) - {"GET", "HEAD"})


def _lets_options_through(model: Sibling | None) -> bool:
    """Whether the sibling passes preflight requests on to its backend."""
    nodes = directives(model.level.children) if model else ()
    if any(sibling.is_preflight(node) for node in nodes):
        return False
    limits = [node for node in nodes if sibling.is_method_limit(node)]
    return any("OPTIONS" in sibling.methods_of(node) for node in limits)


# --- writing -----------------------------------------------------------------------------------


def _statements(
    work: Work, site: Site, plan: Plan
) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    """The location's body, in the order of its sibling's, and notes about what was copied."""
    needs = _needed(work, site, plan)
    body: list[Statement] = []
    notes: list[str] = []
    nodes = directives(plan.model.node.children) if plan.model else ()
    for node in nodes:
        part = sibling.part_of(node, work)
        raw = site.revision.text[node.span.start : node.span.end]
        if part is Part.HEADER and plan.copies_headers:
            body += _header(work, site, plan, raw)
            notes += (f"copied from its sibling: {raw}",) if _is_told(node, plan) else ()
        elif part is Part.COPIED or _makes_target(node, plan):
            body.append(raw)
            if node.name.startswith(("limit_", "auth_", "allow", "deny", "satisfy")):
                notes.append(f"copied from its sibling: {raw}")
        elif part in needs:
            body += needs.pop(part)
            copied = [item for item in walk(node.children) if part is Part.PREFLIGHT]
            told = " ".join(item.values[0] for item in copied if _is_told(item, plan))
            notes += (f"copied from its sibling, in the preflight answer: {told}",) if told else ()
        elif part in {Part.OTHER, Part.HEADER}:
            notes.append(f"not copied from its sibling, line {node.line}: {node.name}")
    front = (Part.PREFLIGHT, Part.METHODS, Part.BODY)
    first = [line for part in front for line in needs.pop(part, ())]
    last = [line for lines in needs.values() for line in lines]
    if not nodes:
        last[:0] = _proxy_headers(site)
    return (*first, *body, *last), tuple(notes)


def _header(work: Work, site: Site, plan: Plan, raw: str) -> tuple[str, ...]:
    """A sibling's header for the new location, which grants no more than the request."""
    copied = grants.granted(work, site, raw, plan.origins)
    return (copied, *(grants.vary(site, plan.model.level, copied, raw) if plan.model else ()))


def _is_told(node: Directive, plan: Plan) -> bool:
    """Whether a copied header is said: a CORS header that the request does not ask for."""
    is_credentials = bool(node.args) and node.values[0].lower().endswith("-credentials")
    return grants.is_cors(node) and (is_credentials or not plan.origins)


def _makes_target(node: Directive, plan: Plan) -> bool:
    """Whether a `set` makes the variable that the target needs."""
    return node.name == "set" and len(node.args) > 1 and node.values[0] in plan.target


def _needed(work: Work, site: Site, plan: Plan) -> dict[Part, tuple[Statement, ...]]:
    """The statements that the plan asks for, by part."""
    needs: dict[Part, tuple[Statement, ...]] = {}
    if plan.has_preflight:
        answer = preflight(site, plan.model)
        if isinstance(answer, str):
            answer = grants.granted(work, site, answer, plan.origins)
        needs[Part.PREFLIGHT] = (answer,)
    if plan.methods:
        options = plan.has_preflight or plan.lets_options_through
        through = plan.lets_options_through
        needs[Part.METHODS] = (
            limit(site, plan.model, plan.methods, needs_options=options, passes_options=through),
        )
    if plan.body_limit:
        needs[Part.BODY] = (f"client_max_body_size {plan.body_limit};",)
    needs[Part.TARGET] = (f"proxy_pass {plan.target};",)
    return needs


def _proxy_headers(site: Site) -> tuple[str, ...]:
    """The usual request headers for a backend, where nothing around sets any."""
    names = {node.name for node in walk(site.revision.tree.children)}
    return () if "proxy_set_header" in names else _NEUTRAL
