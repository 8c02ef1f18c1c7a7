"""What a request names stays readable, and nothing that only looks like it."""

from __future__ import annotations

import pytest

from workflow.redaction.tenant.readable import Readable, named_in


@pytest.mark.parametrize(
    ("request_text", "names"),
    [
        ("add https://Shop.Acme.org:8443/x to CORS", {"shop.acme.org"}),
        ("allow http://intranet:80 and wss://[2a02::1]:443", {"intranet", "2a02::1"}),
        ("proxy to https://ada:word@db.acme.org/x", {"db.acme.org"}),
        ("mail ops@acme.org.", {"ops@acme.org"}),
        ("deny 10.2.3.4, fe80::1 and 1.2.3.4.5", {"10.2.3.4", "fe80::1"}),
        ("(db1.acme.internal:5432), api.acme.com.", {"db1.acme.internal", "api.acme.com"}),
        ("conf.py:80 and müller.example", {"conf.py", "müller.example"}),
        ("in app/main.py, nginx.conf, site/acme.conf: Acme Corp, a.b/c.txt, v1.2", set()),
        ("", set()),
    ],
)
def test_named(request_text: str, names: set[str]) -> None:
    """Hosts of origins, bare domains, addresses; no files, versions and plain names."""
    assert named_in(request_text) == names


@pytest.mark.parametrize(
    ("text", "part", "is_held"),
    [
        ("https://acme.org/", "acme.org", True),
        ("https://ACME.ORG/", "ACME", True),
        ("api.acme.org", "acme", True),
        ("api.acme.org", "api.acme.org", False),
        ("acme.org.evil", "acme", False),
        ("acme.organic", "acme", False),
        ("my-acme.org", "acme", False),
        ("acme", "acme", False),
        ("10.1.1.10", "10.1.1.1", False),
        ("to 10.1.1.1:80", "10.1.1.1", True),
        ("to 110.1.1.1", "10.1.1.1", False),
        ("[2a02::1]", "2a02::1", True),
        ("2a02::12", "2a02::1", False),
        ("xn--mller-kva.example", "xn--mller-kva.example", True),
        ("müller.example", "müller", True),
    ],
)
def test_holds(text: str, part: str, *, is_held: bool) -> None:
    """A name is held as a whole and as a part of a longer host name, not within other words."""
    readable = Readable(frozenset({"acme.org", "10.1.1.1", "2a02::1", "müller.example"}))
    data, wanted = text.encode(), part.encode()
    start = data.index(wanted)
    assert readable.holds(data, start, start + len(wanted)) is is_held
    assert not Readable(frozenset()).holds(data, start, start + len(wanted))
