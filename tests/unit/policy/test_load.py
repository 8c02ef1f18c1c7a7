"""A policy says exactly what a policy must say, or is refused with the place of the fault."""

from __future__ import annotations

import pytest

from workflow.canonical import sha256
from workflow.policy import PolicyError, load
from workflow.resources import folder

GOOD = b"""
blast_radius: {files: 3, changed_lines: 40}
protected: [.ci/**, "**/secret?.txt"]
"""


def test_a_good_policy() -> None:
    """Its values and the digest of its very bytes."""
    policy = load(GOOD, "policies/x.yaml")
    assert (policy.max_files, policy.max_changed_lines) == (3, 40)
    assert policy.protected == (".ci/**", "**/secret?.txt")
    assert (policy.source, policy.digest) == ("policies/x.yaml", sha256(GOOD))


def test_the_built_in_policy_is_good() -> None:
    """What ships can be read, and protects what judges a patch."""
    policy = load((folder("policies") / "default.yaml").read_bytes(), "default")
    assert {"workflow.toml", "policies/**", ".gitattributes"} <= set(policy.protected)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (b"", "the document"),
        (b"- a list", "the document"),
        (b"protected: []", "blast_radius"),
        (b"blast_radius: {files: 3, changed_lines: 40}", "protected"),
        (GOOD + b"quorum: 2", "quorum"),
        (GOOD.replace(b"files: 3", b"files: 3, hunks: 1"), "blast_radius.hunks"),
        (GOOD.replace(b"files: 3", b"files: 0"), "blast_radius.files"),
        (GOOD.replace(b"files: 3", b"files: -1"), "blast_radius.files"),
        (GOOD.replace(b"files: 3", b"files: many"), "blast_radius.files"),
        (GOOD.replace(b"files: 3", b"files: '3'"), "blast_radius.files"),
        (GOOD.replace(b"files: 3", b"files: yes"), "blast_radius.files"),
        (GOOD.replace(b"files: 3", b"files: 2.5"), "blast_radius.files"),
        (GOOD.replace(b".ci/**", b"5"), "protected.0"),
        (GOOD.replace(b'[.ci/**, "**/secret?.txt"]', b"all"), "protected"),
        (b"blast_radius: {", "not YAML"),
        (b"\xff\xfe\xff", "not YAML"),
        (b"a: !!python/object/apply:os.system [id]", "not YAML"),
        (GOOD + b"protected: []", "'protected' stands twice"),
        (GOOD.replace(b"files: 3", b"files: 3, files: 99"), "'files' stands twice"),
        (GOOD + b"---\n" + GOOD, "not YAML"),
    ],
)
def test_a_fault_is_named_with_its_place(text: bytes, where: str) -> None:
    """The source and the key are in the message, on one line."""
    with pytest.raises(PolicyError) as caught:
        load(text, "policies/x.yaml")
    assert caught.value.message.startswith("policies/x.yaml: ")
    assert where in caught.value.message
    assert "\n" not in caught.value.message
