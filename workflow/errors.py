"""The errors a person can meet: each says what happened, where, and which command comes next."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit statuses of the `workflow` command, documented in `docs/reference.md`."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    REFUSED = 3
    AWAITING_APPROVAL = 4
    INTERRUPTED = 130


class WorkflowError(Exception):
    """Something stopped the command.

    `message` says what and where, `hint` names the next command or the mend.
    A gate that says no is not an error but a `Verdict`.  `details` are sealed lines that go before
    the message, such as a bounded diff; most errors have none.
    """

    exit_code = ExitCode.ERROR
    details = ""

    def __init__(self, message: str, *, hint: str) -> None:
        """Keep both sentences; `str(error)` is the message alone."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(WorkflowError):
    """The command's own words cannot be carried out: a wrong path, id or combination."""

    exit_code = ExitCode.USAGE


class RefusedError(WorkflowError):
    """Policy, a gate or a missing condition says no; nothing was changed."""

    exit_code = ExitCode.REFUSED


# --- the repository ---------------------------------------------------------------------------


class NotARepositoryError(WorkflowError):
    """The current folder is not inside a git repository."""


class BareRepositoryError(WorkflowError):
    """The repository has no work tree."""


class UnbornBranchError(WorkflowError):
    """The branch has no commit yet, so there is no base to change."""


class DetachedHeadError(WorkflowError):
    """HEAD names a commit and no branch, so there is nothing to land on."""


class GitError(WorkflowError):
    """git said no, or is missing."""


class BusyError(WorkflowError):
    """Another `workflow` process holds this repository."""


class StoreError(WorkflowError):
    """The store cannot be read or written, or its rows contradict one another."""


# --- the request and the draft ----------------------------------------------------------------


class PathError(UsageError):
    """A named path cannot be edited: outside the repository, binary, a folder, in a submodule."""


class VagueRequestError(UsageError):
    """The request does not say enough to act on it."""


class NotUnderstoodError(RefusedError):
    """The provider does not understand the request or the file, and says which part."""


class NothingToDoError(RefusedError):
    """The files already are as the request asks; the message says where."""


class ProviderError(WorkflowError):
    """A provider gave no answer that can be used; nothing of the repository has changed."""


class SpendingError(RefusedError):
    """The next call could pass a cap of the policy, so it was not made."""


class DraftError(RefusedError):
    """The draft is not a contained patch: prose, a rewrite, or hunks whose place is not proven."""


# --- gates and the sandbox --------------------------------------------------------------------


class SandboxUnavailableError(WorkflowError):
    """No working sandbox: nothing is run, because nothing runs unconfined."""


# --- approval and landing ---------------------------------------------------------------------


class UnknownProposalError(UsageError):
    """There is no proposal with that number."""


class NotApprovedError(WorkflowError):
    """The proposal has no approval for exactly these bytes and this evidence."""

    exit_code = ExitCode.AWAITING_APPROVAL


class StateError(RefusedError):
    """The proposal is in a state that does not allow this step."""


class ChangedProposalError(RefusedError):
    """What is stored is no longer what was approved."""


class StaleProposalError(RefusedError):
    """The branch has moved since the proposal was made."""


class DirtyFileError(RefusedError):
    """A file that would be overwritten has changes of its own."""


class UnfinishedLandingError(WorkflowError):
    """The branch has moved and its work tree could not follow; the next command completes it."""


# --- the command itself -----------------------------------------------------------------------


class OutputError(WorkflowError):
    """The command has done its work, and its result could not be printed."""
