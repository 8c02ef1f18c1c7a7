"""Writes `docs/rules.md`, `docs/nginx-rules.md` and the JSON Schema of policies from the rules.

`python -m workflow.cli.rules_page docs/rules.md policies/policy.schema.json` writes these files,
`--check` compares them.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from workflow import policy
from workflow.cli import nginx_page
from workflow.patch import interface
from workflow.policy import RULES, Level, Rule, Sample, Special
from workflow.resources import folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHIPPED = ("default", "strict")
_MAX_LINES, _MAX_WIDTH = 4, 60
_HEAD = """\
# Rules

Generated from the code by `make docs`; do not edit.

A draft is refused for one of the reasons below before any policy sees it, when it is no contained \
patch whose every place is proven.
A patch is then judged by the rules, which look at what git says differs between two trees: never \
at the text of the draft.
[Policies](policies.md) says how a policy sets their values and levels.

Each rule is shown with a sample that it lets pass and one that it objects to, as the built-in \
policy judges them; `\\x1b` and the like stand for characters that would not show.
"""


def page() -> str:
    """The whole page."""
    return "\n".join((_HEAD, *_reasons(), *_table(), *_rules())).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the files; 1 when a checked one is out of date."""
    check = "--check" in arguments
    status = 0
    for path in (Path(argument) for argument in arguments if argument != "--check"):
        text = policy.schema() if path.suffix == ".json" else _PAGES.get(path.name, page)()
        if not check:
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            sys.stderr.write(f"{path} is out of date: python -m workflow.cli.rules_page {path}\n")
            status = 1
    return status


_PAGES = {"nginx-rules.md": nginx_page.page}


# --- before the policy ----------------------------------------------------------------------------


def _reasons() -> Iterator[str]:
    yield "## Why a draft is refused\n"
    yield "| reason | when |\n| --- | --- |"
    said = _docstrings(interface.Reason)
    for reason in interface.Reason:
        words = " ".join(said[reason.name].replace("\n", " ").split())
        yield f"| `{reason.value}` | {words} |"
    yield ""


def _docstrings(kind: type) -> dict[str, str]:
    """The string below each member of a class, which Python itself forgets."""
    (body,) = ast.parse(inspect.getsource(kind)).body
    found: dict[str, str] = {}
    name = ""
    for statement in getattr(body, "body", ()):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]):
                pass
            case ast.Expr(value=ast.Constant(value=str(text))) if name:
                found[name] = text
    return found


# --- the rules ------------------------------------------------------------------------------------


def _table() -> Iterator[str]:
    policies = [
        policy.load((folder("policies") / f"{name}.yaml").read_bytes(), name) for name in _SHIPPED
    ]
    yield "## Why a change is refused\n"
    yield "| rule | objects when | default | strict |\n| --- | --- | --- | --- |"
    for rule in RULES:
        levels = ["fixed" if rule.is_fixed else one.level(rule.id).value for one in policies]
        yield f"| [`{rule.id}`](#{rule.id}) | {rule.reason} | {' | '.join(levels)} |"
    meaning = {
        Level.REFUSE: "it stands against the proposal",
        Level.DECLARE: "it stands until the requester says that it is intended (`--allow RULE`)",
        Level.OFF: "it is not made",
    }
    listed = "; ".join(f"`{level.value}`: {meaning[level]}" for level in Level)
    yield f"\nWhat an objection does: {listed}.\nA fixed rule always refuses.\n"


def _rules() -> Iterator[str]:
    for rule in RULES:
        yield f"## {rule.id}\n"
        yield f"{rule.reason[0].upper()}{rule.reason[1:]}.\n"
        yield rule.about.replace(".  ", ".\n") + "\n"
        yield f"Passes{_by(rule.good)}:\n"
        yield from _sample(rule.good)
        yield f"Is refused{_by(rule.bad)}:\n"
        yield from _sample(rule.bad)
        yield f"> {_escaped(_said(rule))}\n"


def _said(rule: Rule) -> str:
    """What the rule says to its bad sample under the built-in policy."""
    built_in = policy.load((folder("policies") / "default.yaml").read_bytes(), "default")
    case = policy.case_of(rule.bad, built_in)
    judgement = policy.judge(case) + policy.judge_excess(policy.excess_of(rule.bad, case), case)
    finding = judgement.findings[0]
    return f"{finding.path}: {finding.reason}"


def _by(sample: Sample) -> str:
    who = f", from {sample.role.value}" if sample.role else ""
    who = who.replace("from ", "from an " if who.endswith("architect") else "from a ")
    given = f" given {', '.join(f'`{path}`' for path in sample.given)}" if sample.given else ""
    spare = f", with {sample.spare_lines} lines that are not needed" if sample.spare_lines else ""
    return f"{who}{given}{spare}"


def _sample(sample: Sample) -> Iterator[str]:
    yield "```diff"
    for path in sorted(sample.base.keys() | sample.proposed.keys()):
        old_mode, old = _file(sample.base.get(path))
        new_mode, new = _file(sample.proposed.get(path))
        if (old_mode, old) == (new_mode, new):
            yield f"    {_escaped(path)} stays as it is"
            continue
        yield f"--- {_escaped(path)} {old_mode}".rstrip()
        yield f"+++ {_escaped(path)} {new_mode}".rstrip()
        lines = list(difflib.ndiff(_lines(old), _lines(new)))
        lines = [_cut(_escaped(line)) for line in lines if not line.startswith("?")]
        yield from lines[:_MAX_LINES]
        if len(lines) > _MAX_LINES:
            yield f"    … {len(lines) - _MAX_LINES} more lines"
    yield "```\n"


def _file(file: bytes | Special | None) -> tuple[str, str]:
    """The words for a file's mode, and its content as text."""
    if file is None:
        return "(nothing)", ""
    mode, data = (file.mode, file.data) if isinstance(file, Special) else ("100644", file)
    return ("" if mode == "100644" else f"(mode {mode})"), data.decode("utf-8", "backslashreplace")


def _lines(text: str) -> list[str]:
    """Lines as git counts them: only a line feed ends one."""
    return text.removesuffix("\n").split("\n") if text else []


def _escaped(text: str) -> str:
    """Text on one line of the page; what is not printable ASCII as escapes, which show it."""
    return "".join(
        char if char.isascii() and char.isprintable() else ascii(char)[1:-1] for char in text
    )


def _cut(line: str) -> str:
    return line if len(line) <= _MAX_WIDTH else f"{line[:_MAX_WIDTH]} [cut]"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
