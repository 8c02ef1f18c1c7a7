"""Writes `docs/reference.md` from the code itself: commands, exit statuses, settings, policy.

`python -m workflow.cli.reference docs/reference.md` writes the page, `--check` compares it.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import typer
from pydantic import BaseModel

from workflow import errors
from workflow.cli import (
    land,
    nginx_report,
    patch_report,
    people,
    probe_report,
    rebase,
    report,
    seal_report,
    stats,
    targets,
)
from workflow.cli.app import app
from workflow.config import Settings
from workflow.errors import ExitCode, WorkflowError
from workflow.resources import folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """\
# Reference

Generated from the code by `make docs`; do not edit.
"""


def page() -> str:
    """The whole page."""
    parts = [_HEAD, *_commands(), *_json(), *_statuses(), *_settings(), *_policy()]
    return "\n".join(parts).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the page; 1 when a checked page is out of date."""
    check, path = "--check" in arguments, Path(arguments[-1])
    text = page()
    if not check:
        path.write_text(text, encoding="utf-8")
        return 0
    if path.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{path} is out of date: python -m workflow.cli.reference {path}\n")
    return 1


def _commands() -> Iterator[str]:
    yield "## Commands\n"
    # Typer's own classes of a built command are private; their attributes are click's, documented.
    group = cast("Any", typer.main.get_command(app))
    yield from _group(group, "workflow")


def _group(group: Any, words: str) -> Iterator[str]:  # noqa: ANN401 - see above
    """The commands of a group, and of the groups in it."""
    for name, command in group.commands.items():
        yield f"### `{words} {name}`\n"
        yield inspect.cleandoc(command.help) + "\n"
        if hasattr(command, "commands"):
            yield from _group(command, f"{words} {name}")
            continue
        yield "| option or argument | meaning | default |\n| --- | --- | --- |"
        for parameter in command.params:
            if parameter.name == "help":
                continue
            words_of_it = " ".join(getattr(parameter, "opts", [])) or parameter.name
            if parameter.param_type_name == "argument":
                words_of_it = parameter.metavar or parameter.name.upper()
            default = _default(parameter.default)
            yield f"| `{words_of_it}` | {parameter.help} | {default} |"
        yield ""


def _default(value: object) -> str:
    return "" if value in {None, "", False} or callable(value) else f"`{value}`"


def _json() -> Iterator[str]:
    yield "## JSON\n"
    yield "`--json` prints one object on stdout; these keys stay.\n"
    for title, keys in (
        ("`propose`, `show` (with `patch`), `approve`, `reject`", report.PROPOSAL),
        ("`show`, beside those", people.SHOWN),
        ("`rebase`, beside those", rebase.REBASED),
        ("`rebase`, of a conflict", rebase.CONFLICT),
        ("`list`: `proposals`, a list of", report.ROW),
        ("`apply`, `rollback`", land.APPLIED),
        ("`apply --as patch`", land.PATCH),
        ("`history`: `landings`, a list of", report.HISTORY),
        ("`probe`", probe_report.PROBE),
        ("`targets status`", targets.STATUS),
        ("`targets trust`", targets.TRUST),
        ("`targets install`", targets.INSTALL),
        ("`targets adopt`, `targets restore`", targets.ONE),
        ("`patch apply`, `patch check`, `patch explain`", patch_report.PATCH),
        ("`nginx check`", nginx_report.CHECK),
        ("`nginx diff`", nginx_report.DIFF),
        ("`nginx lint`", nginx_report.LINT),
        ("`nginx probe`", nginx_report.PROBE),
        ("`stats`", stats.STATS),
        ("`seal`, `seal --explain`", seal_report.SEALED),
        ("`seal --check`: an object on a line for each value", seal_report.FINDING),
    ):
        yield f"### {title}\n\n| key | meaning |\n| --- | --- |"
        yield from (f"| `{key}` | {meaning} |" for key, meaning in keys.items())
        yield ""


def _statuses() -> Iterator[str]:
    meaning = {
        ExitCode.DONE: "done",
        ExitCode.ERROR: "an error: the machinery or the repository is not as it must be",
        ExitCode.USAGE: "usage: the command's own words cannot be carried out",
        ExitCode.REFUSED: "refused by the policy, a gate, or a missing condition",
        ExitCode.AWAITING_APPROVAL: "awaiting approval",
        ExitCode.INTERRUPTED: "interrupted by Ctrl-C",
    }
    yield "## Exit statuses\n"
    yield "| status | meaning | errors |\n| --- | --- | --- |"
    for code in ExitCode:
        named = [
            f"`{name}`"
            for name, kind in vars(errors).items()
            if inspect.isclass(kind)
            and issubclass(kind, WorkflowError)
            and kind.exit_code == code
            and kind is not WorkflowError
        ]
        yield f"| {int(code)} | {meaning[code]} | {', '.join(named)} |"
    yield "\nWith `--json`, an error is one object, too: `error`, `hint`, `exit_code`.\n"


def _settings() -> Iterator[str]:
    yield "## Settings\n"
    yield "`workflow.toml` is read from the base commit; a variable of the environment wins.\n"
    yield "| key | variable | default |\n| --- | --- | --- |"
    yield from _fields(Settings(), "")
    yield "\n`WORKFLOW_BUBBLEWRAP` (`wheel`, `system` or a path) chooses the sandbox's program."
    yield "`WORKFLOW_WHEELHOUSE` is a folder of wheels that tests' environments are built from."
    yield "`WORKFLOW_GATES__TOOLS` has paths of tools that gates of your own may see."
    yield "Only the environment can set them: a repository must not choose what runs unconfined, or"
    yield "what of your machine is shown to its code.\n"


def _fields(section: BaseModel, prefix: str) -> Iterator[str]:
    for name in type(section).model_fields:
        value = getattr(section, name)
        item = _item(type(section).model_fields[name].annotation)
        if isinstance(value, BaseModel):
            yield from _fields(value, f"{prefix}{name}.")
        elif item:
            yield from _items(item, f"[[{prefix}{name}]]")
        else:
            variable = "WORKFLOW_" + f"{prefix}{name}".upper().replace(".", "__")
            yield f"| `{prefix}{name}` | `{variable}` | `{value!r}` |"


def _item(annotation: object) -> type[BaseModel] | None:
    """The section that a list holds, if it holds sections."""
    kinds = (kind for kind in get_args(annotation) if isinstance(kind, type))
    return next((kind for kind in kinds if issubclass(kind, BaseModel)), None)


def _items(section: type[BaseModel], prefix: str) -> Iterator[str]:
    """The keys of a section that may stand many times; no variable sets them."""
    for name, field in section.model_fields.items():
        default = (
            "needed"
            if field.is_required()
            else f"`{field.get_default(call_default_factory=True)!r}`"
        )
        yield f"| `{prefix} {field.alias or name}` | | {default} |"


def _policy() -> Iterator[str]:
    yield "## The built-in policy\n"
    yield "```yaml"
    yield (folder("policies") / "default.yaml").read_text(encoding="utf-8").rstrip()
    yield "```"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
