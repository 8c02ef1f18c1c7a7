"""Faults that `nginx -t` accepts: each is shown by a request that is answered otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.integration.gates.live.conftest import server
from workflow.gates.nginx.live import Weight
from workflow.types import Outcome

if TYPE_CHECKING:
    from tests.integration.gates.live.conftest import Probed

_APP = "proxy_pass http://app:3000;"
_GUARD = "add_header X-Frame-Options DENY always;"
_TLS = (
    "listen 443 ssl; ssl_certificate /etc/ssl/a.crt; ssl_certificate_key /etc/ssl/a.key;"
    " location / { return 200 a; }"
)
_LEAVE = "location = /in { internal; proxy_pass http://sso:9; }"
_PAGE = "http://a.example.test/probe.html"


@dataclass(frozen=True)
class Silent:
    """A silent fault: both configurations, and the difference that has to show."""

    base: str
    patched: str
    weight: Weight
    request: str
    cause: str


_SILENT = {
    "inherited headers": Silent(
        server(f"{_GUARD} location / {{ {_APP} }}"),
        server(f"{_GUARD} location / {{ {_APP} add_header X-New 1; }}"),
        Weight.FAULT,
        f"GET {_PAGE}",
        "the security header x-frame-options is lost",
    ),
    "no always": Silent(
        server(f"location = /gone {{ {_GUARD} return 404; }}"),
        server("location = /gone { add_header X-Frame-Options DENY; return 404; }"),
        Weight.DOUBT,
        "GET http://a.example.test/gone",
        "the security header x-frame-options is lost",
    ),
    "slash of proxy_pass": Silent(
        server("location /api/ { proxy_pass http://app:3000/; }"),
        server(f"location /api/ {{ {_APP} }}"),
        Weight.DOUBT,
        "GET http://a.example.test/api/probe.html",
        "the upstream is asked for /api/probe.html instead of /probe.html",
    ),
    "slash of the location": Silent(
        server("location /api/ { proxy_pass http://app:3000/; }"),
        server("location /api { proxy_pass http://app:3000/; }"),
        Weight.FAULT,
        "GET http://a.example.test/api/probe.html",
        "the upstream is asked for a path with a doubled slash",
    ),
    "reflected origin": Silent(
        server(
            f"location / {{ {_APP} add_header Access-Control-Allow-Origin $o; }}",
            http=(
                'map $http_origin $o { default ""; "~^https://ok\\.example\\.test$" $http_origin; }'
            ),
        ),
        server(
            f"location / {{ {_APP} add_header Access-Control-Allow-Origin $o; }}",
            http=(
                'map $http_origin $o { default ""; "~^https://ok\\.example\\.test" $http_origin; }'
            ),
        ),
        Weight.FAULT,
        f"GET {_PAGE} (Origin: https://ok.example.test.lookalike.invalid)",
        "the origin https://ok.example.test.lookalike.invalid may read the answer",
    ),
    "limit of bodies": Silent(
        server(f"location / {{ {_APP} client_max_body_size 10k; }}"),
        server(f"location / {{ {_APP} client_max_body_size 10m; }}"),
        Weight.EXPLAINED,
        f"POST {_PAGE} (a body of 10241 bytes)",
        "client_max_body_size",
    ),
    "limit of methods": Silent(
        server(f"location / {{ {_APP} limit_except GET {{ deny all; }} }}"),
        server(f"location / {{ {_APP} limit_except GET POST {{ deny all; }} }}"),
        Weight.DOUBT,
        f"POST {_PAGE} (a small form)",
        "what was refused with 403 is let in",
    ),
    "alias": Silent(
        server("location /static/ { alias /var/www/static/; }"),
        server("location /static { alias /var/www/static/; }"),
        Weight.FAULT,
        "GET http://a.example.test/static../workflow-neighbour.txt",
        "a file beside the folder is served",
    ),
    "order of patterns": Silent(
        server("location ~ ^/up/ { return 403; }\nlocation ~ \\.php$ { return 200 ran; }"),
        server("location ~ \\.php$ { return 200 ran; }\nlocation ~ ^/up/ { return 403; }"),
        Weight.FAULT,
        "GET http://a.example.test/up//x.php",
        "what was refused with 403 is let in",
    ),
    "circle of redirects": Silent(
        server("location = /old { return 301 /new; }\nlocation = /new { return 200 n; }"),
        server("location = /old { return 301 /new; }\nlocation = /new { return 301 /old; }"),
        Weight.FAULT,
        "GET http://a.example.test/old",
        "the redirects lead in a circle",
    ),
    "split header": Silent(
        server("location /old/ { return 302 http://b.example.test$request_uri; }"),
        server("location /old/ { return 302 http://b.example.test$uri; }"),
        Weight.FAULT,
        "GET http://a.example.test/old/a%0d%0aX-Split:1",
        "an encoded line break in the path becomes a header",
    ),
    "name of a location": Silent(
        server(f"location / {{ try_files $uri @app; }} location @app {{ {_APP} }}"),
        server(f"location / {{ try_files $uri @ap; }} location @app {{ {_APP} }}"),
        Weight.FAULT,
        "GET http://a.example.test/deeper/probe.html?a=1&b=%2F",
        'could not find named location "@ap"',
    ),
    "circle of rewrites": Silent(
        server("location / { }"),
        server(
            "location / { rewrite ^ /index.php last; } location = /index.php { rewrite ^ / last; }"
        ),
        Weight.FAULT,
        f"GET {_PAGE}",
        "rewrite or internal redirection cycle",
    ),
    "port of the upstream": Silent(
        server("location / { proxy_pass http://up; }", "upstream up { server app:3000; }"),
        server("location / { proxy_pass http://up; }", "upstream up { server app:3001; }"),
        Weight.FAULT,
        f"GET {_PAGE}",
        "Connection refused",
    ),
    "no resolver": Silent(
        server(f"location / {{ {_APP} }}"),
        server("location / { set $up http://app:3000; proxy_pass $up; }"),
        Weight.FAULT,
        f"GET {_PAGE}",
        "no resolver defined to resolve app",
    ),
    "password": Silent(
        server(f"location / {{ auth_basic x; auth_basic_user_file /etc/nginx/users; {_APP} }}"),
        server(f"location / {{ {_APP} }}"),
        Weight.DOUBT,
        f"GET {_PAGE}",
        "what was refused with 401 is let in",
    ),
    "leave of another service": Silent(
        server(f"location / {{ auth_request /in; {_APP} }}\n{_LEAVE}"),
        server(f"location / {{ {_APP} }}\n{_LEAVE}"),
        Weight.DOUBT,
        f"GET {_PAGE}",
        "sso:9 is not asked any more",
    ),
    "WebSocket": Silent(
        server(
            f"location / {{ {_APP} proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;"
            " proxy_set_header Connection upgrade; }"
        ),
        server(f"location / {{ {_APP} proxy_http_version 1.1; }}"),
        Weight.DOUBT,
        f"GET {_PAGE} (WebSocket)",
        "a WebSocket is not opened any more",
    ),
    "HTTP/2": Silent(
        server(f"http2 on; {_TLS}"),
        server(_TLS),
        Weight.DOUBT,
        "GET https://a.example.test/ over HTTP/2",
        "answered with",
    ),
}


@pytest.mark.parametrize("name", _SILENT)
def test_a_silent_fault_is_shown_by_a_request(probed: Probed, name: str) -> None:
    """Both files are accepted by `nginx -t`; the live answers tell them apart, with the cause."""
    silent = _SILENT[name]
    result = probed(silent.base, silent.patched)
    assert result.is_probed, result.why
    found = [
        one
        for one in result.differences
        if one.request == silent.request and silent.cause in one.cause
    ]
    assert found, result.told + result.doubts
    assert found[0].weight is silent.weight
    assert (result.outcome is Outcome.FAIL) is bool(result.faults)
    assert silent.weight is not Weight.FAULT or result.outcome is Outcome.FAIL


def test_a_file_that_says_the_same_is_answered_the_same(probed: Probed) -> None:
    """Another layout, a comment and other quotes: no request is answered otherwise."""
    base = server(f"{_GUARD} location / {{ {_APP} }} location /b/ {{ return 200 b; }}")
    patched = server(
        f"{_GUARD}\n# why\nlocation '/' {{\n {_APP}\n}}\nlocation /b/ {{ return 200 \"b\"; }}"
    )
    result = probed(base, patched)
    assert result.outcome is Outcome.PASS
    assert not result.differences
    assert result.summary == f"{len(result.compared)} requests answered, all as on the base"
    assert [str(tally.turn) for tally in result.tallies] == ["pass-to-pass"]


def test_a_new_location_is_a_proof_and_nothing_else_changes(probed: Probed) -> None:
    """What the change is for is answered otherwise, and is told with both answers."""
    base = server(f"location / {{ {_APP} }}")
    patched = server(f"location / {{ {_APP} }}\nlocation = /healthz {{ return 204; }}")
    result = probed(base, patched)
    assert result.outcome is Outcome.PASS, result.told
    assert "nginx: GET http://a.example.test/healthz answers 204 instead of 200" in result.proofs
    touched = {one.request for one in result.differences}
    assert all("/healthz" in name for name in touched)


def test_a_header_that_the_change_adds_is_explained_by_it(probed: Probed) -> None:
    """The words of the change stand beside what the answers show."""
    base = server(f"location / {{ {_APP} }}")
    patched = server(f"location / {{ {_APP} add_header X-New 1 always; }}")
    result = probed(base, patched)
    assert {one.weight for one in result.differences} == {Weight.EXPLAINED}
    assert {one.what for one in result.differences} == {"header x-new"}
    assert all("X-New" in one.cause for one in result.differences)
    assert result.proofs
