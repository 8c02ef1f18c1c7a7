"""`workflow doctor`: tries what this machine and repository can do, and says how to mend it."""

from __future__ import annotations

import platform
import secrets
import sqlite3
import sys
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from workflow import drafters, git_command, trees, wiring
from workflow.cli import cost, doctor_repository, session
from workflow.cli.check import RESTORE, Check, attempt
from workflow.cli.output import visible
from workflow.config import FILE, VENDORS
from workflow.errors import ExitCode, StoreError, WorkflowError
from workflow.gates import tools
from workflow.spending import dollars
from workflow.types import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workflow.cli.output import Output
    from workflow.config import Settings
    from workflow.policy import Policy, Spending
    from workflow.sandbox import Sandbox
    from workflow.wiring import Repository

# Tokens, for a price that says something.
_SAMPLE = 1000
_MODULES = ("http_ssl", "http_v2", "http_v3")


def run(output: Output) -> None:
    """Print every check and leave with 1 when one that is needed is not well."""
    checks = list(_checks(output))
    sick = [check for check in checks if check.needed and not check.ok]
    # Without a repository, or a branch, there is nothing to propose a change to.
    places = [one for one in checks if one.name == "repository" and not one.ok]
    wrong = (sick or places)[:1]
    following = wrong[0].mend.partition("; ")[0] if wrong else 'workflow propose "…" PATH'
    output.result(
        {"ok": not sick, "checks": [asdict(check) for check in checks], "next": following},
        *(_line(check) for check in checks),
    )
    output.next(following)
    if sick:
        raise typer.Exit(ExitCode.ERROR)


def _checks(output: Output) -> Iterator[Check]:
    yield Check("python", ok=True, detail=f"{platform.python_version()} at {sys.executable}")
    yield attempt("git", git_command.git_version, "apt-get install git", always=True)
    repository: Repository | None = None
    try:
        repository = session.open_repository(output)
        found_there = tuple(doctor_repository.checks(repository))
        yield from found_there
        if not all(one.ok for one in found_there if one.name == doctor_repository.BRANCH):
            return  # all that follows goes by the settings of a branch, which there is not
    except StoreError as error:
        yield Check("store", ok=False, detail=error.message, mend=error.hint)
    except WorkflowError as error:
        yield Check("repository", ok=False, detail=error.message, mend=error.hint, needed=False)
    except sqlite3.Error as error:
        yield Check("store", ok=False, detail=f"workflow.db: {error}", mend=RESTORE)
        repository = None
    found = _settings(repository)
    if isinstance(found, Check):
        yield found
        return
    settings, rules = found
    sandbox = wiring.sandbox()
    if repository and wiring.has_uncommitted_settings(repository.git):
        detail = f"{FILE} differs from the committed one, and only that counts"
        yield Check("settings", ok=False, detail=detail, mend=f"git commit {FILE}", needed=False)
    yield attempt("sealing", lambda: _sealing(repository), "reinstall the package")
    yield from _walls(sandbox)
    for binary in settings.gates.nginx.binary:
        nginx = partial(_nginx, sandbox, binary)
        yield attempt("nginx", nginx, f"set gates.nginx.binary in {FILE}")
    yield attempt("pytest", lambda: _pytest(repository, sandbox, settings), "pip install pytest")
    yield from _service(repository, sandbox, settings)
    yield from _own_gates(repository, sandbox, settings)
    for role in Role:
        yield _drafter(role, settings, rules.spending)
    yield Check("caps", ok=True, detail=_caps(rules.spending), needed=False)


def _drafter(role: Role, settings: Settings, caps: Spending) -> Check:
    """Who drafts in a role, where that is sent, with which key, at what price; nothing is sent."""
    chosen = getattr(settings.roles, role.value)
    if chosen.provider == "offline":
        detail = "offline: drafts in this process, and sends nothing"
        return Check(f"the {role}", ok=True, detail=detail, needed=False)
    from workflow.providers import keys

    provider, who = chosen.provider, f"{chosen.provider} {chosen.model}"
    variable = f"WORKFLOW_PROVIDERS__{provider.upper()}"

    def check(detail: str, mend: str = "") -> Check:
        return Check(f"the {role}", ok=not mend, detail=detail, mend=mend, needed=False)

    where = drafters.address(settings, provider)
    if not where:
        mend = f"export {variable}__BASE_URL=http://127.0.0.1:11434/v1, or where your server is"
        return check(f"{who} has no address", mend)
    source = keys.source(provider)
    if not source and provider in VENDORS:
        return check(f"{who} at {where}; it has no key", f"export {keys.VARIABLES[provider]}=…")
    key = f"its key is in the {source}" if source else "without a key"
    known = f"{who} at {where}, not tried; {key}; its price is"
    price = _price(settings, provider, chosen.model)
    if price is not None:
        return check(f"{known} known: at most {price} for {_SAMPLE:,} tokens in and as many out")
    money = caps.request_microdollars, caps.day_microdollars
    if money == (None, None):
        return check(f"{known} not known, and there is no cap in money")
    least = dollars(min(cap for cap in money if cap is not None))
    mend = f"export {variable}__INPUT_USD=… {variable}__OUTPUT_USD=… (0 for a model of your own)"
    return check(f"{known} not known: with the cap of {least} nothing will be asked", mend)


def _price(settings: Settings, provider: str, model: str) -> str | None:
    """What a small answer costs at most, `None` where the price is not known."""
    from workflow.providers.prices import Prices

    prices = Prices(drafters.prices_of(settings))
    most = prices.upper(provider, model, _SAMPLE, _SAMPLE)
    return None if most is None else dollars(most)


def _caps(caps: Spending) -> str:
    """How much remote models may take, in one line."""
    spans = {
        "a request": (caps.request_microdollars, caps.request_tokens),
        "a day (UTC)": (caps.day_microdollars, caps.day_tokens),
    }
    said = []
    for span, (money, tokens) in spans.items():
        each = [dollars(money)] if money is not None else []
        each += [f"{tokens:,} tokens"] if tokens is not None else []
        said += [f"{' and '.join(each)} for {span}"] if each else []
    if caps.rounds is not None:
        said.append(f"{cost.counted(caps.rounds, 'round')} in a role")
    return "; ".join(said) or "none: remote models may take what they take"


def _settings(repository: Repository | None) -> tuple[Settings, Policy] | Check:
    """The settings and the policy in force; a check that says why when they cannot be read."""
    try:
        if repository is None:
            return wiring.default_settings(), wiring.built_in_policy()
        base = repository.git.snapshot()
        settings = wiring.read_settings(repository.git, base.tree)
        return settings, wiring.read_policy(repository.git, base.tree, settings)
    except WorkflowError as error:
        return Check("settings", ok=False, detail=error.message, mend=error.hint)


def _walls(sandbox: Sandbox) -> Iterator[Check]:
    """One check for all walls that stand, and one for each that does not."""
    try:
        walls = sandbox.walls()
    except WorkflowError as error:
        yield Check("sandbox", ok=False, detail=error.message, mend=error.hint)
        return
    standing = [wall.name for wall in walls if wall.stands]
    said = f"{len(standing)} walls were tried and stand"
    yield Check("sandbox", ok=True, detail=said, parts=tuple(standing))
    for wall in walls:
        if not wall.stands:
            mend = "report this machine: see docs/security.md" if wall.needed else ""
            detail = f"{wall.name}: {wall.detail}"
            yield Check("sandbox wall", ok=False, detail=detail, mend=mend, needed=wall.needed)


def _nginx(sandbox: Sandbox, binary: str) -> str:
    nginx = tools.nginx(sandbox, binary)
    absent = [name for name in _MODULES if name not in nginx.modules]
    without = f"; without {', '.join(absent)}" if absent else ""
    return f"{nginx.version} ({binary}), with {', '.join(sorted(nginx.modules))}{without}"


def _sealing(repository: Repository | None) -> str:
    """Seal a value that is made up here, and look whether it is gone and comes back."""
    from workflow.redaction import SealingError, Vault, restore

    if repository is None:
        made = Vault(secrets.token_bytes(32), wiring.finder(wiring.built_in_policy().sealing))
    else:
        made = wiring.vault(repository, repository.git.snapshot().tree)
    value = secrets.token_hex(20)
    text = f"API_TOKEN={value}\n".encode()
    sealed = made.seal(text, ".env")
    if value.encode() in sealed.data or restore(made, sealed, sealed.data, ".env").data != text:
        message = "a token made up for this check was not sealed, or did not come back"
        raise SealingError(message, hint="reinstall the package, and send nothing until then")
    key = f"key {repository.store.folder / 'seal.key'}" if repository else "no key: no repository"
    return f"a made-up token was sealed and came back; {key}"


def _pytest(repository: Repository | None, sandbox: Sandbox, settings: Settings) -> str:
    """Which Python the tests at the repository's top run on; none is built for this."""
    environments = wiring.environments(repository, settings, sandbox)
    found = environments.kept(wiring.read_base(repository))
    if found is None:
        return "an environment is built from the project's files when a gate first needs it"
    pytest = tools.pytest(sandbox, found.interpreter)
    return f"{pytest.version} on Python {pytest.python_version}, {pytest.python}: {found.told}"


def _own_gates(
    repository: Repository | None, sandbox: Sandbox, settings: Settings
) -> Iterator[Check]:
    """Whether the program of each gate of one's own is to be found in the sandbox."""
    from workflow.gates.command import program

    if repository is None:
        return
    try:
        pythons = wiring.environments(repository, settings, sandbox)
        found = pythons.kept(wiring.read_base(repository))
        for gate in wiring.command_gates(settings, pythons):
            place = program(gate, found.interpreter if found else None, sandbox)
            said = place or f"{gate.settings.argv[0]} is not to be found in the sandbox"
            mend = "" if place else "export WORKFLOW_GATES__TOOLS=/folder/of/the/tool"
            yield Check(f"gate {gate.name}", ok=bool(place), detail=said, mend=mend, needed=False)
    except WorkflowError as error:
        detail = error.message
        yield Check("gates of your own", ok=False, detail=detail, mend=error.hint, needed=False)


def _service(
    repository: Repository | None, sandbox: Sandbox, settings: Settings
) -> Iterator[Check]:
    """Whether the service that a repository has can be probed; nothing where there is none."""
    if repository is None:
        return
    from workflow.gates.service import service_gate, standing

    gate = service_gate(settings.gates.service, wiring.environments(repository, settings, sandbox))
    base = repository.git.snapshot().tree
    mend = f"see [gates.service] in {FILE}; `detect = false` turns the search off"
    try:
        with trees.opened(
            repository.git, repository.git.change(base, base), tell=lambda _: None
        ) as (tree, _):
            found = standing(gate, tree, sandbox)
    except WorkflowError as error:
        yield Check("service", ok=False, detail=error.message, mend=error.hint, needed=False)
        return
    if found.app:
        mend = "" if found.is_up else mend
        yield Check("service", found.is_up, found.detail, mend, needed=found.is_wanted)


def _line(check: Check) -> Text:
    mark, style = ("✓", "green") if check.ok else ("✗", "red") if check.needed else ("·", "yellow")
    text = Text.assemble((f"{mark} ", style), (f"{check.name}  ", "bold"), visible(check.detail))
    if not check.ok and check.mend:
        text.append(f"\n    try: {visible(check.mend)}")
    return text
