from __future__ import annotations

import pytest

from workflow.semantics.nginx import NginxSyntaxError, summary

SITE = """\
map $http_origin $ok { default ""; "https://a.example" $http_origin; }
server { listen 80; server_name a.example; return 301 https://a.example$request_uri; }
server {
    listen 443 ssl;
    server_name a.example;
    add_header X-One one always;
    add_header Content-Security-Policy "default-src 'self'; connect-src 'self'" always;
    location / { proxy_pass http://up; proxy_set_header Host $host; }
    location ~ \\.php$ { return 404; }
    location ~ ^/x { return 403; }
}
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    ", "\t"),
        ("server {\n", "# edge\nserver\n{\n"),
        ('default ""', "default ''"),
        ("X-One one always;", '"X-One"   one\n  always ;'),
        ("\n", "\r\n"),
    ],
)
def test_layout_is_no_difference(old: str, new: str) -> None:
    """Indentation, comments, quoting, blanks and line ends change nothing."""
    changed = SITE.replace(old, new)
    assert changed != SITE
    assert summary(SITE, changed) == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "connect-src 'self'\"",
            "connect-src 'self' https://b.example\"",
            (
                "changed in server a.example: "
                "add_header Content-Security-Policy: connect-src gained https://b.example"
            ),
        ),
        (
            "connect-src 'self'\"",
            "connect-src 'self'; img-src 'self' https://b.example\"",
            (
                "changed in server a.example: add_header Content-Security-Policy: "
                "gained the directive img-src 'self' https://b.example"
            ),
        ),
        (
            "default-src 'self'; connect-src 'self'\" always",
            "connect-src 'none'\"",
            (
                "changed in server a.example: add_header Content-Security-Policy: "
                "connect-src gained 'none'; connect-src lost 'self'; "
                "lost the directive default-src 'self'; lost always"
            ),
        ),
        (
            "\"default-src 'self'; connect-src 'self'\" always",
            "$csp always",
            (
                "changed in server a.example: add_header Content-Security-Policy "
                "default-src 'self'; connect-src 'self' always became "
                "add_header Content-Security-Policy $csp always"
            ),
        ),
        (
            "    add_header X-One one always;\n",
            "",
            "removed in server a.example: add_header X-One one always",
        ),
        (
            "X-One one always",
            "X-One one",
            "changed in server a.example: add_header X-One lost always",
        ),
        (
            "http://up;",
            "http://up/;",
            (
                "changed in location /, server a.example: "
                "proxy_pass http://up became proxy_pass http://up/"
            ),
        ),
        (
            "    location ~ \\.php$ { return 404; }\n",
            "",
            "removed in server a.example: the block location ~ \\.php$",
        ),
        (
            "    location / {",
            "    location = /new { return 204; }\n    location / {",
            "added in server a.example: the block location = /new",
        ),
        (
            "listen 443 ssl;",
            "listen 443 ssl; listen 443 quic;",
            "added in server a.example: listen 443 quic",
        ),
        ("return 301", "return 302", "changed in server a.example: return gained 302"),
    ],
)
def test_each_change_is_one_sentence(old: str, new: str, said: str) -> None:
    """A real change is said once, with its place; the redirect's server is not confused."""
    changed = SITE.replace(old, new)
    assert changed != SITE
    sentences = summary(SITE, changed)
    assert len(sentences) == 1
    if "302" in said:
        assert "return 301" in sentences[0]
    else:
        assert sentences == (said,)


def test_order_counts() -> None:
    """Regular-expression locations that change places are said, for the first match wins."""
    one, two = "    location ~ \\.php$ { return 404; }\n", "    location ~ ^/x { return 403; }\n"
    assert summary(SITE, SITE.replace(one + two, two + one)) == (
        "the order changed in server a.example",
    )


def test_broken_text_is_an_error() -> None:
    """What nginx could not read is not summed up."""
    with pytest.raises(NginxSyntaxError):
        summary(SITE, SITE + "}")
