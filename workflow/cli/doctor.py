"""`workflow doctor`: tries what this machine and repository can do, and says how to mend it."""

from __future__ import annotations

import platform
import secrets
import sqlite3
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from workflow import approval, drafters, git_command, ledger, trees, wiring
from workflow.cli import cost, session
from workflow.cli.output import visible
from workflow.config import FILE, VENDORS
from workflow.errors import ExitCode, StoreError, WorkflowError
from workflow.gates import tools
from workflow.spending import dollars
from workflow.types import Role, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workflow.cli.output import Output
    from workflow.config import Settings
    from workflow.policy import Policy, Spending
    from workflow.sandbox import Sandbox
    from workflow.store import ProposalRow
    from workflow.wiring import Repository

_OPEN = {State.AWAITING, State.APPROVED}
_RESTORE = "restore .git/workflow from a backup: it is damaged, or somebody has edited it"
_SHOWN = 3
# Tokens, for a price that says something.
_SAMPLE = 1000
_MODULES = ("http_ssl", "http_v2", "http_v3")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried: whether it is well, what was seen, and how to mend it.

    A check that is `needed` and not well makes `doctor` fail; the others inform.  `parts` are what
    `detail` counts, for `--json`.
    """

    name: str
    ok: bool
    detail: str
    mend: str = ""
    needed: bool = True
    parts: tuple[str, ...] = ()


def run(output: Output) -> None:
    """Print every check and leave with 1 when one that is needed is not well."""
    checks = list(_checks(output))
    sick = [check for check in checks if check.needed and not check.ok]
    following = sick[0].mend.partition("; ")[0] if sick else 'workflow propose "…" PATH'
    output.result(
        {"ok": not sick, "checks": [asdict(check) for check in checks], "next": following},
        *(_line(check) for check in checks),
    )
    output.next(following)
    if sick:
        raise typer.Exit(ExitCode.ERROR)


def _checks(output: Output) -> Iterator[Check]:
    yield Check("python", ok=True, detail=f"{platform.python_version()} at {sys.executable}")
    yield _try("git", git_command.git_version, "apt-get install git", always=True)
    repository: Repository | None = None
    try:
        repository = session.open_repository(output)
        yield from _repository(repository)
    except StoreError as error:
        yield Check("store", ok=False, detail=error.message, mend=error.hint)
    except WorkflowError as error:
        yield Check("repository", ok=False, detail=error.message, mend=error.hint, needed=False)
    except sqlite3.Error as error:
        yield Check("store", ok=False, detail=f"workflow.db: {error}", mend=_RESTORE)
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
    yield _try("sealing", lambda: _sealing(repository), "reinstall the package")
    yield from _walls(sandbox)
    yield _try("nginx", lambda: _nginx(sandbox, settings), f"set gates.nginx.binary in {FILE}")
    yield _try("pytest", lambda: _pytest(repository, sandbox, settings), "pip install pytest")
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


def _repository(repository: Repository) -> Iterator[Check]:
    git = repository.git
    yield Check("repository", ok=True, detail=str(git.top))
    yield _try("branch", lambda: _branch(repository), "git switch -c NAME")
    yield _try("identity", lambda: str(git.identity()), 'git config --global user.name "…"')
    count, breaks = ledger.verify(repository.store.connection)
    said = f"row {breaks[0].seq} {breaks[0].reason}" if breaks else f"{count} rows, chain intact"
    yield Check("ledger", ok=not breaks, detail=said, mend=_RESTORE)
    rows = repository.store.rows()
    wrong = [found for row in rows if (found := _against(repository, row))]
    said = "; ".join(wrong[:_SHOWN]) or f"{len(rows)} recorded, each as the ledger and git have it"
    yield Check("proposals", ok=not wrong, detail=said, mend=_RESTORE)


def _against(repository: Repository, row: ProposalRow) -> str:
    """What is wrong with a recorded proposal; empty when its row, the ledger and git agree."""
    try:
        stored = repository.store.get(row.id)
        if row.state in _OPEN:
            approval.intact(repository.git, stored)
        if row.state is State.APPROVED and not repository.store.approvals(row.id):
            return f"proposal {row.id} is approved by nobody whom the ledger knows"
    except WorkflowError as error:
        return error.message
    paths = tuple(str(change.path) for change in stored.proposal.files)
    listed = (row.title, row.wish, row.requester, row.files)
    proposal = stored.proposal
    words = (proposal.request.text, proposal.wish)
    recorded = (*words, str(proposal.request.requester), paths)
    return "" if listed == recorded else f"proposal {row.id} is listed as what it is not"


def _branch(repository: Repository) -> str:
    base = repository.git.snapshot()
    shallow = ", a shallow clone" if repository.git.is_shallow() else ""
    return f"{base.branch} at {base.commit.short}{shallow}"


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


def _nginx(sandbox: Sandbox, settings: Settings) -> str:
    binary = settings.gates.nginx.binary
    nginx = tools.nginx(sandbox, binary)
    absent = [name for name in _MODULES if name not in nginx.modules]
    without = f"; without {', '.join(absent)}" if absent else ""
    return f"{nginx.version} ({binary}), with {', '.join(nginx.modules)}{without}"


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


def _try(name: str, look: Callable[[], str], mend: str, *, always: bool = False) -> Check:
    """A check that is well when looking raises nothing; `always` prefers `mend` to the hint."""
    try:
        return Check(name, ok=True, detail=look())
    except WorkflowError as error:
        return Check(name, ok=False, detail=error.message, mend=mend if always else error.hint)


def _line(check: Check) -> Text:
    mark, style = ("✓", "green") if check.ok else ("✗", "red") if check.needed else ("·", "yellow")
    text = Text.assemble((f"{mark} ", style), (f"{check.name}  ", "bold"), visible(check.detail))
    if not check.ok and check.mend:
        text.append(f"\n    try: {visible(check.mend)}")
    return text
