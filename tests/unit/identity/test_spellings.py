from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.identity import UNKNOWN_ACCOUNT, are_same, fold, is_named
from workflow.types import Identity, Person, Proof

ADA = "ada@example.test"
LATIN_A, CYRILLIC_A, GREEK_ETA = "a", "\u0430", "\u0397"

SPELLINGS = {
    "itself": ADA,
    "case": "Ada@EXAMPLE.Test",
    "a tag": "ada+work@example.test",
    "two tags": "ada+work+more@example.test",
    "blanks around": " ada@example.test\t",
    "a blank within": "ada @example.test",
    "a no-break blank": "ada\u00a0@example.test",
    "a dot at the end": "ada@example.test.",
    "brackets": "<ada@example.test>",
    "quotes": '"ada"@example.test',
    "a comment": "ada(at home)@example.test",
    "a nested comment": "ada(a(b)c)@example.test",
    "a comment behind": "ada@example.test(x@y)",
    "wide letters": "\uff41\uff44\uff41@example.test",
    "a wide at": "ada\uff20example.test",
    "a wide dot": "ada@example\uff0etest",
    "an ideographic dot": "ada@example\u3002test",
    "a half-wide dot": "ada@example\uff61test",
    "a Cyrillic letter": f"{CYRILLIC_A}da@example.test",
    "a Cyrillic capital": "\u0410da@example.test",
    "a Cyrillic domain": f"ada@ex{CYRILLIC_A}mple.test",
    "a bold letter": "\U0001d41ada@example.test",
    "punycode": "ada@" + f"ex{CYRILLIC_A}mple".encode("idna").decode() + ".test",
    "capital punycode": "ada@" + f"ex{CYRILLIC_A}mple".encode("idna").decode().upper() + ".test",
    "zero width": "a\u200bda@exam\u200dple.test",
    "a byte order mark": "\ufeffada@example.test",
    "a soft hyphen": "a\u00adda@example.test",
    "a grapheme joiner": "a\u034fda@example.test",
    "a variation selector": "a\ufe0fda@example.test",
    "a right-to-left mark": "\u200fada@example.test",
    "a tag character": "ada\U000e0061@example.test",
}
OTHERS = {
    "another name": "bob@example.test",
    "another domain": "ada@other.test",
    "a longer name": "ada.lovelace@example.test",
    "a dot in the name": "a.da@example.test",
    "an accent": "\u00e1da@example.test",
    "a folder of the domain": "ada@mail.example.test",
    "a digit": "ada1@example.test",
    "nothing": "",
}


def _who(email: str, account: str = "", proof: Proof = Proof.GIT) -> Person:
    return Person(Identity("Somebody", email), account, proof)


@pytest.mark.parametrize("email", SPELLINGS.values(), ids=SPELLINGS)
def test_another_spelling_is_the_same_person(email: str) -> None:
    """However an address is written, it stays one person's."""
    assert fold(email) == ADA
    assert are_same(_who(email), _who(ADA))


@pytest.mark.parametrize("email", OTHERS.values(), ids=OTHERS)
def test_another_address_is_another_person(email: str) -> None:
    """What reads as another address, to people and mail servers, is another person's."""
    assert not are_same(_who(email), _who(ADA))


def test_a_letter_is_alike_in_either_case() -> None:
    """A capital Eta looks like H and a small one does not: the capital is folded as it looks."""
    assert are_same(_who(f"{GREEK_ETA}elen@example.test"), _who("helen@example.test"))
    assert are_same(_who(f"{GREEK_ETA}elen@example.test"), _who("\u03b7elen@example.test"))


def test_dots_mean_nothing_where_the_provider_says_so() -> None:
    """Of one provider, dots in a name and both names of its domain are one mailbox."""
    assert are_same(_who("a.d.a@gmail.com"), _who("ada+x@googlemail.com"))


@pytest.mark.parametrize(
    ("email", "is_hers"),
    [
        (ADA, True),
        ("Ada@Example.Test", True),
        *(
            (email, False)
            for name, email in SPELLINGS.items()
            if name not in {"itself", "case", "blanks around"}
        ),
    ],
)
def test_only_the_very_address_grants(email: str, *, is_hers: bool) -> None:
    """A lookalike of an approver's address may never approve in their place."""
    assert is_named(_who(email), ADA) is is_hers


def test_nobody_is_named_by_nothing() -> None:
    """An empty address in a policy names nobody, also not a person without one."""
    assert not is_named(_who(""), "")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ada", "ada", True),
        ("ada", "bob", False),
        ("", "", False),
        ("ada", "", False),
        (UNKNOWN_ACCOUNT, "ada", True),
        (UNKNOWN_ACCOUNT, UNKNOWN_ACCOUNT, True),
        (UNKNOWN_ACCOUNT, "", False),
        ("token:ada", "ada", True),
        ("token:ada", "token:ada", False),
        ("token:ada", "bob", False),
        ("token:ada", UNKNOWN_ACCOUNT, True),
    ],
)
def test_one_account_is_one_person(one: str, other: str, *, same: bool) -> None:
    """Two names at one account are one human; tokens for others say only who made them."""
    agent, bob = _who("agent@example.test", one), _who("bob@example.test", other)
    assert are_same(agent, bob) is same
    assert are_same(bob, agent) is same


def test_a_signature_tells_two_known_people_apart() -> None:
    """At one account, a signature counts only against somebody whose own address is known."""
    agent, ada = _who("agent@example.test", "deploy"), _who(ADA, "deploy")
    bob = _who("bob@example.test", "deploy", Proof.SIGNATURE)
    known = frozenset({ADA, "bob@example.test"})
    assert not are_same(ada, bob, known=known)
    assert are_same(ada, bob)
    assert are_same(agent, bob, known=known)
    assert are_same(ada, _who("bob@example.test", "deploy"), known=known)
    assert are_same(_who("bob@example.test", "x"), bob, known=known)


_CHARS = st.one_of(
    st.sampled_from(
        f'adAB+.@"\\()<> {CYRILLIC_A}{GREEK_ETA}\u03b7\u200b\uff20\u3002\u00df\u0130\u0345'
    ),
    st.characters(codec="utf-8"),
)
_ADDRESSES = st.text(_CHARS, max_size=12) | st.builds(
    "{}@{}".format, st.text(_CHARS, max_size=8), st.text(_CHARS, max_size=8)
)
_PEOPLE = st.builds(
    Person,
    st.builds(Identity, st.just("x"), _ADDRESSES),
    st.sampled_from(["", "ada", "bob", "token:ada", UNKNOWN_ACCOUNT]),
    st.sampled_from(Proof),
)


@given(_PEOPLE, _PEOPLE)
def test_same_is_symmetric_and_reflexive(one: Person, other: Person) -> None:
    """Who is compared with whom does not matter, and everybody is themselves."""
    assert are_same(one, one)
    assert are_same(one, other) is are_same(other, one)


@given(_ADDRESSES)
def test_the_case_never_makes_another_person(email: str) -> None:
    """Whatever the script, an address in small letters is the same person's."""
    assert are_same(_who(email), _who(email.casefold()))


@given(_ADDRESSES)
def test_hidden_characters_never_make_another_person(email: str) -> None:
    """A zero-width blank between any two characters changes nothing."""
    assert are_same(_who("\u200b".join(email)), _who(email))


def test_a_long_address_is_looked_at_quickly() -> None:
    """Nothing here takes longer than in proportion to what is looked at, which is bounded."""
    for email in ("(" * 500_000 + "@", "xn--" + "a" * 500_000, "a+" * 500_000, "@." * 500_000):
        assert len(fold(email)) <= 2000
