"""Requests in plain English: what is understood, as intents, and what is refused by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.errors import NotUnderstoodError, VagueRequestError, WorkflowError
from workflow.providers.offline.intents import (
    AddEndpoint,
    AddHealthCheck,
    AddServer,
    AllowCors,
    AllowCsp,
    Direction,
    EnableHttp3,
    Intent,
    ReplaceServer,
    Scope,
    SetDirective,
    SetHeader,
    SetTarget,
)
from workflow.providers.offline.refusals import EXAMPLES
from workflow.providers.offline.request import parse_request

UNDERSTOOD: list[tuple[str, tuple[Intent, ...]]] = [
    (
        "Change the server 127.0.0.1:8000 in upstream one to 127.0.0.1:9000",
        (ReplaceServer("127.0.0.1:8000", "127.0.0.1:9000", "one"),),
    ),
    (
        "Add X-Content-Type-Options nosniff header",
        (SetHeader("X-Content-Type-Options", "nosniff"),),
    ),
    ("Add a /collect endpoint", (AddEndpoint("/collect"),)),
    ("add an endpoint /collect", (AddEndpoint("/collect"),)),
    ("Add endpoint '/collect'", (AddEndpoint("/collect"),)),
    ("Please add a new location /collect.", (AddEndpoint("/collect"),)),
    ("create a route for /collect", (AddEndpoint("/collect"),)),
    ("Expose /collect", (AddEndpoint("/collect"),)),
    (
        "expose POST /v1/ingest limited to 16k",
        (AddEndpoint("/v1/ingest", methods=("POST",), body_limit="16k"),),
    ),
    ("Add a POST /collect endpoint", (AddEndpoint("/collect", methods=("POST",)),)),
    (
        "add a POST endpoint at /collect with a 16k body limit",
        (AddEndpoint("/collect", methods=("POST",), body_limit="16k"),),
    ),
    (
        "add endpoint /metrics that only allows GET, max body 1m, proxied to upstream backend",
        (AddEndpoint("/metrics", methods=("GET",), body_limit="1m", target="backend"),),
    ),
    (
        "add endpoint /metrics which accepts GET only, proxied to http://127.0.0.1:9000",
        (AddEndpoint("/metrics", methods=("GET",), target="http://127.0.0.1:9000"),),
    ),
    (
        "We need a /collect endpoint that accepts POST and PUT",
        (AddEndpoint("/collect", methods=("POST", "PUT")),),
    ),
    (
        "Could you add a /collect endpoint for POST requests with bodies up to 64 KB?",
        (AddEndpoint("/collect", methods=("POST",), body_limit="64k"),),
    ),
    ("I want you to add a location block for /x", (AddEndpoint("/x"),)),
    ("add an exact-match location = /x", (AddEndpoint("/x"),)),
    (
        "Open up /v1/events for POST, limit the body to 32k",
        (AddEndpoint("/v1/events", methods=("POST",), body_limit="32k"),),
    ),
    (
        "Add /collect (POST only, max body size 16k)",
        (AddEndpoint("/collect", methods=("POST",), body_limit="16k"),),
    ),
    (
        "Add a /collect endpoint, it should only accept POST, and limit request bodies to 8 KB",
        (AddEndpoint("/collect", methods=("POST",), body_limit="8k"),),
    ),
    ("add /track, allow POST", (AddEndpoint("/track", methods=("POST",)),)),
    ("Add a /collect endpoint to nginx", (AddEndpoint("/collect"),)),
    (
        "Add a /collect endpoint in site.conf",
        (AddEndpoint("/collect", scope=Scope(file="site.conf")),),
    ),
    (
        "For api.example.com, add a /collect endpoint",
        (AddEndpoint("/collect", scope=Scope(server="api.example.com")),),
    ),
    (
        "allow origin https://s.ado.im via CORS and CSP",
        (
            AllowCors("https://s.ado.im"),
            AllowCsp("https://s.ado.im", "connect-src", is_assumed=True),
        ),
    ),
    (
        "Allow the origin https://s.ado.im in both CORS and CSP",
        (
            AllowCors("https://s.ado.im"),
            AllowCsp("https://s.ado.im", "connect-src", is_assumed=True),
        ),
    ),
    ("add https://x.io to connect-src", (AllowCsp("https://x.io", "connect-src"),)),
    ("add https://x.io to the CSP connect-src", (AllowCsp("https://x.io", "connect-src"),)),
    (
        "Add https://x.io to CSP's img-src and font-src",
        (
            AllowCsp("https://x.io", "img-src"),
            AllowCsp("https://x.io", "font-src"),
        ),
    ),
    ("add https://x.io to the allowed origins", (AllowCors("https://x.io"),)),
    ("add `https://x.io` to CORS", (AllowCors("https://x.io"),)),
    (
        "allow scripts from https://cdn.x.io (CSP script-src)",
        (AllowCsp("https://cdn.x.io", "script-src"),),
    ),
    (
        "allow images and fonts from https://cdn.x.io",
        (
            AllowCsp("https://cdn.x.io", "img-src"),
            AllowCsp("https://cdn.x.io", "font-src"),
        ),
    ),
    ("permit https://app.example.com in CORS", (AllowCors("https://app.example.com"),)),
    ("enable CORS for https://app.example.com", (AllowCors("https://app.example.com"),)),
    (
        "Allow cross-origin requests from https://app.example.com",
        (AllowCors("https://app.example.com", is_assumed=True),),
    ),
    (
        "allow CORS from https://a.example.com and https://b.example.com",
        (
            AllowCors("https://a.example.com"),
            AllowCors("https://b.example.com"),
        ),
    ),
    (
        "whitelist https://app.example.com in the CSP",
        (AllowCsp("https://app.example.com", "connect-src", is_assumed=True),),
    ),
    (
        "extend the CSP with https://app.example.com",
        (AllowCsp("https://app.example.com", "connect-src", is_assumed=True),),
    ),
    (
        "update CORS to allow https://app.example.com:8443",
        (AllowCors("https://app.example.com:8443"),),
    ),
    (
        "allow https://a.b via the Content-Security-Policy",
        (AllowCsp("https://a.b", "connect-src", is_assumed=True),),
    ),
    ("add a health check", (AddHealthCheck(),)),
    ("Add a health check at /healthz", (AddHealthCheck(),)),
    ("add a /livez liveness probe", (AddHealthCheck(path="/livez"),)),
    ("Add a proxied health check at /healthz", (AddHealthCheck(is_proxied=True),)),
    ("expose a /healthz endpoint that returns 200", (AddHealthCheck(),)),
    (
        "add a health check endpoint at /status/health proxied to http://127.0.0.1:9000",
        (AddHealthCheck(path="/status/health", is_proxied=True, target="http://127.0.0.1:9000"),),
    ),
    ("Add HSTS", (SetHeader("Strict-Transport-Security", "max-age=31536000", is_assumed=True),)),
    (
        "enable HSTS for 1 year with subdomains and preload",
        (SetHeader("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload"),),
    ),
    (
        "add HSTS with max-age 2 years and includeSubDomains",
        (SetHeader("Strict-Transport-Security", "max-age=63072000; includeSubDomains"),),
    ),
    (
        'set Strict-Transport-Security to "max-age=63072000; includeSubDomains"',
        (SetHeader("Strict-Transport-Security", "max-age=63072000; includeSubDomains"),),
    ),
    ("Add X-Content-Type-Options nosniff", (SetHeader("X-Content-Type-Options", "nosniff"),)),
    ("set X-Frame-Options to SAMEORIGIN", (SetHeader("X-Frame-Options", "SAMEORIGIN"),)),
    ("add X-Frame-Options: DENY", (SetHeader("X-Frame-Options", "DENY"),)),
    ("change the Referrer-Policy to no-referrer", (SetHeader("Referrer-Policy", "no-referrer"),)),
    (
        "set Permissions-Policy to camera=(), microphone=()",
        (SetHeader("Permissions-Policy", "camera=(), microphone=()"),),
    ),
    (
        "add COOP, CORP and COEP",
        (
            SetHeader("Cross-Origin-Opener-Policy", "same-origin", is_assumed=True),
            SetHeader("Cross-Origin-Resource-Policy", "same-origin", is_assumed=True),
            SetHeader("Cross-Origin-Embedder-Policy", "require-corp", is_assumed=True),
        ),
    ),
    (
        "add X-Frame-Options DENY, Referrer-Policy no-referrer and HSTS",
        (
            SetHeader("X-Frame-Options", "DENY"),
            SetHeader("Referrer-Policy", "no-referrer"),
            SetHeader("Strict-Transport-Security", "max-age=31536000", is_assumed=True),
        ),
    ),
    (
        'set header X-Robots-Tag to "noindex, nofollow"',
        (SetHeader("X-Robots-Tag", "noindex, nofollow"),),
    ),
    (
        "Set the response header Cache-Control to no-store in /api",
        (SetHeader("Cache-Control", "no-store", scope=Scope(location="/api")),),
    ),
    ("add_header X-Robots-Tag noindex always", (SetHeader("X-Robots-Tag", "noindex"),)),
    (
        "Add the usual security headers",
        (
            SetHeader("X-Content-Type-Options", "nosniff", is_assumed=True, only_if_missing=True),
            SetHeader("X-Frame-Options", "DENY", is_assumed=True, only_if_missing=True),
            SetHeader(
                "Referrer-Policy",
                "strict-origin-when-cross-origin",
                is_assumed=True,
                only_if_missing=True,
            ),
        ),
    ),
    (
        "set the CSP to \"default-src 'self'\"",
        (SetHeader("Content-Security-Policy", "default-src 'self'"),),
    ),
    ("set proxy_read_timeout to 30s", (SetDirective("proxy_read_timeout", "30s"),)),
    (
        "raise the proxy read timeout to 2 minutes",
        (SetDirective("proxy_read_timeout", "2m", direction=Direction.RAISE),),
    ),
    (
        "increase proxy_read_timeout from 30s to 60s",
        (SetDirective("proxy_read_timeout", "60s", direction=Direction.RAISE, expected="30s"),),
    ),
    (
        "Lower the keepalive timeout to 15 seconds",
        (SetDirective("keepalive_timeout", "15s", direction=Direction.LOWER),),
    ),
    (
        "set client_body_timeout to 5s and send_timeout to 10s",
        (
            SetDirective("client_body_timeout", "5s"),
            SetDirective("send_timeout", "10s"),
        ),
    ),
    (
        "set proxy_connect_timeout 3s in /api",
        (SetDirective("proxy_connect_timeout", "3s", scope=Scope(location="/api")),),
    ),
    ("change client_max_body_size to 20m", (SetDirective("client_max_body_size", "20m"),)),
    ("allow uploads up to 20 MB", (SetDirective("client_max_body_size", "20m"),)),
    (
        "allow uploads up to 20 MB in /upload",
        (SetDirective("client_max_body_size", "20m", scope=Scope(location="/upload")),),
    ),
    ("limit request bodies to 1m", (SetDirective("client_max_body_size", "1m"),)),
    ("set the maximum upload size to 50 megabytes", (SetDirective("client_max_body_size", "50m"),)),
    (
        "increase the max body size to 10m for /upload",
        (
            SetDirective(
                "client_max_body_size",
                "10m",
                direction=Direction.RAISE,
                scope=Scope(location="/upload"),
            ),
        ),
    ),
    (
        "set proxy_read_timeout in /api to 30s",
        (SetDirective("proxy_read_timeout", "30s", scope=Scope(location="/api")),),
    ),
    (
        "change upstream api from 127.0.0.1:8000 to 127.0.0.1:9000",
        (ReplaceServer("127.0.0.1:8000", "127.0.0.1:9000", upstream="api"),),
    ),
    (
        "replace 127.0.0.1:8000 with 127.0.0.1:9000 in upstream api",
        (ReplaceServer("127.0.0.1:8000", "127.0.0.1:9000", upstream="api"),),
    ),
    (
        "change the server of upstream api from 10.0.0.1:80 to 10.0.0.2:80",
        (ReplaceServer("10.0.0.1:80", "10.0.0.2:80", upstream="api"),),
    ),
    (
        "point upstream api at 127.0.0.1:9000",
        (ReplaceServer("", "127.0.0.1:9000", upstream="api"),),
    ),
    (
        "point the api upstream to 127.0.0.1:9000",
        (ReplaceServer("", "127.0.0.1:9000", upstream="api"),),
    ),
    ("add server 10.0.0.2:80 to upstream api", (AddServer("10.0.0.2:80", upstream="api"),)),
    (
        "add a backup server 10.0.0.3:80 to upstream api",
        (AddServer("10.0.0.3:80", upstream="api", parameters=("backup",)),),
    ),
    (
        "Add server 10.0.0.2:80 with weight 3 to the api upstream",
        (AddServer("10.0.0.2:80", upstream="api", parameters=("weight=3",)),),
    ),
    ("add 10.0.0.2:80 to upstream api", (AddServer("10.0.0.2:80", upstream="api"),)),
    (
        "proxy /api to http://127.0.0.1:9000",
        (SetTarget("http://127.0.0.1:9000", scope=Scope(location="/api")),),
    ),
    (
        "change proxy_pass of /api to http://127.0.0.1:9000",
        (SetTarget("http://127.0.0.1:9000", scope=Scope(location="/api")),),
    ),
    (
        "change the proxy_pass target from http://127.0.0.1:8000 to http://127.0.0.1:9000",
        (ReplaceServer("http://127.0.0.1:8000", "http://127.0.0.1:9000"),),
    ),
    ("enable HTTP/3", (EnableHttp3(),)),
    ("Turn on HTTP/3 (QUIC) with Alt-Svc", (EnableHttp3(),)),
    (
        "add http3 support for www.example.com",
        (EnableHttp3(scope=Scope(server="www.example.com")),),
    ),
    ("enable QUIC", (EnableHttp3(),)),
    (
        "Add a /collect endpoint and allow origin https://s.ado.im via CORS and CSP",
        (
            AddEndpoint("/collect"),
            AllowCors("https://s.ado.im"),
            AllowCsp("https://s.ado.im", "connect-src", is_assumed=True),
        ),
    ),
    (
        "Add a /collect endpoint; also enable HTTP/3, then set proxy_read_timeout to 30s",
        (
            AddEndpoint("/collect"),
            EnableHttp3(),
            SetDirective("proxy_read_timeout", "30s"),
        ),
    ),
    (
        "1. Add HSTS. 2. Add a health check. 3. Set send_timeout to 5s.",
        (
            SetHeader("Strict-Transport-Security", "max-age=31536000", is_assumed=True),
            AddHealthCheck(),
            SetDirective("send_timeout", "5s"),
        ),
    ),
    (
        "Add a /collect endpoint that takes JSON, then add HSTS",
        (
            AddEndpoint("/collect", methods=("POST",)),
            SetHeader("Strict-Transport-Security", "max-age=31536000", is_assumed=True),
        ),
    ),
    (
        "Please set client_max_body_size to 5m for api.example.com, thanks!",
        (SetDirective("client_max_body_size", "5m", scope=Scope(server="api.example.com")),),
    ),
    ("- add HSTS", (SetHeader("Strict-Transport-Security", "max-age=31536000", is_assumed=True),)),
    (
        "Add COOP, X-Frame-Options DENY and a GET /livez health check",
        (
            SetHeader("Cross-Origin-Opener-Policy", "same-origin", is_assumed=True),
            SetHeader("X-Frame-Options", "DENY"),
            AddHealthCheck(path="/livez"),
        ),
    ),
    (
        "Add HSTS and a POST /collect endpoint",
        (
            SetHeader("Strict-Transport-Security", "max-age=31536000", is_assumed=True),
            AddEndpoint("/collect", methods=("POST",)),
        ),
    ),
]
REFUSED = [
    ("do not add a /collect endpoint", "'do not add a /collect endpoint'"),
    ("don't allow origin https://x.io", "'don't allow origin https://x.io'"),
    ("Add a /collect endpoint unless it exists", "'unless it exists'"),
    ("Add a /collect endpoint except on www", "'except on www'"),
    ("add a /collect endpoint only if it is missing", "'only if it is missing'"),
    ("Add a /collect endpoint but not for GET", "'but not for GET'"),
    ("Add HSTS instead of Referrer-Policy", "'instead of Referrer-Policy'"),
    ("Add HSTS and write a poem", "'write a poem'"),
    ("Add a /collect endpoint and rewrite the whole file", "'rewrite the whole file'"),
    ("Add a /collect endpoint with rate limiting", "'with rate limiting'"),
    ("Add a /collect endpoint with basic auth", "'with basic auth'"),
    ("add a /collect endpoint with caching of 5 minutes", "'with caching of 5 minutes'"),
    ("remove the /collect endpoint", "'remove the /collect endpoint'"),
    ("delete HSTS", "'delete HSTS'"),
    ("disable CORS", "'disable CORS'"),
    ("remove https://x.io from CORS", "'remove https://x.io from CORS'"),
    ("rename upstream api to backend", "'rename upstream api to backend'"),
    ("allow origin * via CORS", "'*' is not an origin"),
    ("allow origin null via CORS", "'null' is not an origin"),
    ("allow origin https://x.io/path via CORS", "'https://x.io/path' is not an origin"),
    ("allow origin https://x.io;evil via CORS", "'evil via CORS'"),
    ('allow origin https://x.io"; via CORS', "'a \" without its other half'"),
    ("allow origin https://$host via CORS", "'https://$host' is not an origin"),
    ("allow origin https://x.io'} via CORS", "'allow origin https://x.io'} via CORS'"),
    ("allow origin javascript:alert(1) via CORS", "'allow origin javascript:alert(1) via CORS'"),
    ("allow origin ftp://x.io via CORS", "'ftp://x.io' is not an origin"),
    ("allow origin https://x.io:99999 via CORS", "'https://x.io:99999' has no valid port"),
    ("allow origin x.io via CORS", "'allow origin x.io via CORS'"),
    ("add https://x.io", "'add https://x.io'"),
    ("add https://x.io to the sitemap", "'add https://x.io'"),
    ("allow all origins", "'allow all origins'"),
    (
        'set header X-A to "a$b"',
        "the value 'a$b' has characters that cannot stand in a header safely",
    ),
    (
        'set header X-A to "a\\b"',
        "the value 'a\\b' has characters that cannot stand in a header safely",
    ),
    ("set X-Frame-Options to MAYBE", "'to MAYBE'"),
    ("set Referrer-Policy to never", "'to never'"),
    ('set the CSP to "lol"', "'lol' is not a Content-Security-Policy"),
    ("set header X A to 1", "'to 1'"),
    (
        'set header X-A; return 200 to "x"',
        "the request does not say which value the header X-A should have",
    ),
    ("set proxy_read_timeout to soon", "'set proxy_read_timeout to soon'"),
    ("set proxy_read_timeout to 30 parsecs", "'parsecs'"),
    ("set client_max_body_size to 5 minutes", "'5 minutes' is not a size that nginx knows"),
    ("set client_max_body_size to 1.5m", "'set client_max_body_size to 1.5m'"),
    ("set proxy_buffer_size to 4k", "'set proxy_buffer_size to 4k'"),
    ("set worker_connections to 1024", "'set worker_connections to 1024'"),
    ("double the proxy_read_timeout", "'double the proxy_read_timeout'"),
    ("add /x} location /y { return 200; }", "'add /x} location /y { return 200'"),
    ("add location /x; deny all;", "'deny all'"),
    ("add endpoint /x?y=1", "'y=1'"),
    ('add endpoint "/x y"', "'y\"'"),
    ("add endpoint /x$uri", "'add endpoint /x$uri'"),
    ("add endpoint /x proxied to http://evil;/", "'/'"),
    ("add endpoint /x proxied to http://a/$host", "'http://a/$host' is not a proxy target"),
    ("add endpoint /x proxied to file:///etc/passwd", "'to file:///etc/passwd'"),
    ("add endpoint /x limited to 16q", "'limited to 16q'"),
    ("add server 10.0.0.1:80; to upstream api", "'to upstream api'"),
    ("add server 10.0.0.1:99999 to upstream api", "'10.0.0.1:99999' has no valid port"),
    ("enable HTTP/3 and HTTP/2 push", "'HTTP/2 push'"),
    ("enable gzip", "'enable gzip'"),
    ("set up TLS with Let's Encrypt", "'set up TLS with Let's Encrypt'"),
    ("why does nginx return 502?", "'why does nginx return 502'"),
    ("add a websocket endpoint /ws", "'add a websocket endpoint /ws'"),
    (
        "Add a /collect endpoint that only allows POST and only allows GET",
        "the request says it twice: 'only allows POST' and 'only allows GET'",
    ),
    (
        "Add a POST /collect endpoint that accepts GET",
        "the request names methods twice: 'POST' and 'GET'",
    ),
    ("add a health check that accepts POST", "a health check answers GET and HEAD, not 'POST'"),
    ("Use the force", "'Use the force'"),
    ("add a location ~ ^/x", "'add a location ~ ^/x'"),
    ("add HSTS when the request is secure", "'when the request is secure'"),
    ("Wenn möglich, füge einen Endpunkt hinzu", "'Wenn möglich'"),
    ("set client_max_body_size to 5m in /upload but keep the rest", "'but keep the rest'"),
    ("allow scripts from anywhere", "'allow scripts from anywhere'"),
    ("set error_page 404 to /404.html", "'set error_page 404 to /404.html'"),
    ("expose POST PUT /v1/ingest", "the request names methods twice: 'POST' and 'PUT'"),
    ("expose a DELETE /healthz endpoint", "a health check answers GET and HEAD, not 'DELETE'"),
    ("add a delete /x endpoint", "'add a delete /x endpoint'"),
    (
        "Add a POST /x endpoint. Limit request bodies to 8k.",
        "it is not clear whether 8k is for /x or for all",
    ),
    ('allow origin https://x.io"; via CORS', "'a \" without its other half'"),
    ("add HSTS without a health check", "'without a health check'"),
    ("The /collect endpoint is broken", "'The /collect endpoint is broken'"),
    ("a /collect endpoint would be wrong", "'would be wrong'"),
    ("remove HSTS and a /x endpoint", "'remove HSTS'"),
]
VAGUE = [
    ("make it better", "what to change"),
    ("fix it", "what to change"),
    ("Please improve our nginx config", "what to change"),
    ("clean up the site", "what to change"),
    ("optimize performance", "what to change"),
    ("update the config", "what to change"),
    ("", "empty"),
    ("...", "empty"),
    ("add an endpoint", "which path"),
    ("add a new location", "which path"),
    ("allow an origin", "which origin"),
    ("enable CORS", "which origin"),
    ("add a header", "which header"),
    ("increase the timeout", "which timeout"),
    ("raise the body size limit", "which timeout or size"),
    ("set header X-A", "which value"),
    ("set the CSP", "which policy"),
]


@pytest.mark.parametrize(("text", "intents"), UNDERSTOOD, ids=[row[0] for row in UNDERSTOOD])
def test_understood(text: str, intents: tuple[Intent, ...]) -> None:
    """Each phrasing becomes exactly these intents."""
    assert parse_request(text) == intents


@pytest.mark.parametrize(("text", "part"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(text: str, part: str) -> None:
    """What no pattern covers, or no file may hold, is refused and named."""
    with pytest.raises(WorkflowError) as caught:
        parse_request(text)
    assert part in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(("text", "part"), VAGUE)
def test_vague(text: str, part: str) -> None:
    """A request that leaves out what to change is answered with what it lacks."""
    with pytest.raises(VagueRequestError, match=part):
        parse_request(text)


@pytest.mark.parametrize(
    "word", ["not", "never", "unless", "except", "without", "until", "maybe", "instead", "if"]
)
@pytest.mark.parametrize(("text", "intents"), UNDERSTOOD[::9])
def test_no_understood_request_survives_a_condition(
    text: str, intents: tuple[Intent, ...], word: str
) -> None:
    """A negation or a condition in front, or behind, is never skipped."""
    del intents
    for changed in (f"{word} {text}", f"{text} {word} possible", f"{text}, {word} on Sundays"):
        with pytest.raises(NotUnderstoodError) as caught:
            parse_request(changed)
        assert word in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_answered(text: str) -> None:
    """Whatever is asked, the answer is intents or a typed refusal."""
    try:
        intents = parse_request(text)
    except WorkflowError as error:
        assert error.hint  # noqa: PT017 - either outcome is fine, a crash is not
    else:
        assert intents


@given(st.sampled_from([row[0] for row in UNDERSTOOD]), st.data())
def test_a_foreign_word_is_never_dropped(text: str, data: st.DataObject) -> None:
    """A word that means nothing, put anywhere, is refused or inside a quoted value."""
    words = text.split(" ")
    at = data.draw(st.integers(0, len(words)))
    changed = " ".join([*words[:at], "xyzzyq", *words[at:]])
    try:
        intents = parse_request(changed)
    except WorkflowError:
        return
    assert "xyzzyq" in repr(intents)


def test_a_scope_named_once_holds_for_all() -> None:
    """The server that one clause names is meant by the others, too."""
    intents = parse_request("add HSTS and set send_timeout to 5s for a.io")
    assert {intent.scope.server for intent in intents} == {"a.io"}


def test_clauses_need_something_between_them() -> None:
    """Clauses that run into one another are refused; a new line is enough between them."""
    with pytest.raises(NotUnderstoodError, match="'add COOP'"):
        parse_request("add HSTS add COOP")
    assert len(parse_request("add HSTS\nadd COOP")) == 2


def test_two_scopes_stay_apart() -> None:
    """Two servers in one request keep their own clauses."""
    text = "set send_timeout to 5s for a.io and set send_timeout to 9s for b.io"
    assert [intent.scope.server for intent in parse_request(text)] == ["a.io", "b.io"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_a_refusal_work(example: str) -> None:
    """Whoever is not understood reads sentences that are."""
    with pytest.raises(NotUnderstoodError) as caught:
        parse_request("paint the server green")
    assert example in caught.value.hint
    assert parse_request(example)
