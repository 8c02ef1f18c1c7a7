from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.types import Outcome, Side

# The bare `pytest` command does not put the repository on the path.
sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.debian_builds import NGINX_HTTP3, NGINX_OLD, needed
from tests.integration.gates import nginx_trees as trees
from tests.integration.gates.hermetic_gate import Hermetic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.integration.gates.conftest import MakeCase
    from workflow.types import Verdict

COMPOSE = """\
services:
  web: {image: example/web}
  store:
    image: example/store
    container_name: store-1
    extra_hosts: ["legacy.internal:10.0.0.1"]
    networks: {back: {aliases: [db.internal]}}
"""
INVENTORY = "[app]\napp[01:03].internal\napi-1.internal ansible_host=10.0.0.2 ; x\n"
GROUPS = "all:\n  children:\n    web:\n      hosts:\n        api-9.internal: {}\n"
TEMPLATE = """\
upstream app { server ${APP_HOST}:${APP_PORT}; }
server {
    listen ${PORT};
    {% if tls %}
    listen 443 ssl;
    ssl_certificate {{ certificate }};
    ssl_certificate_key {{ key }};
    {% endif %}
    client_max_body_size {{ body }};
    location / { proxy_pass http://app; }
}
"""


def site(text: str) -> dict[str, str]:
    """Return a tree with one complete configuration around a server's text."""
    return {"nginx.conf": trees.SELF_CONTAINED.replace("location / { return 204; }", text)}


def judged(
    make_case: MakeCase,
    base: Mapping[str, str],
    patched: Mapping[str, str],
    gate: Hermetic | None = None,
) -> Verdict:
    """Return the verdict on two trees."""
    case = make_case(base, patched)
    gate = gate or Hermetic()
    assert gate.applies(case)
    return gate.judge(case)


LACKED = 'brotli on; location /s { stub_status; } return 204 "";'


def test_unchanged_line_of_a_lacking_module_is_left_out_and_told(make_case: MakeCase) -> None:
    """What this nginx lacks and the patch leaves alone is not tested, and a doubt says so."""
    verdict = judged(make_case, site(LACKED), site(LACKED.replace("204", "200")))
    assert verdict.outcome is Outcome.PASS, verdict
    assert any(
        "NOT TESTED" in note and "`brotli on` in nginx.conf" in note for note in verdict.notes
    )
    assert any("brotli, stub_status (2 in all" in doubt for doubt in verdict.doubts)


@pytest.mark.parametrize(
    "new",
    [
        LACKED.replace("brotli on", "brotli off"),
        f"brotli_types text/css; {LACKED}",
        LACKED.replace("/s", "/t"),
        LACKED.replace("stub_status;", "stub_status; stub_status;"),
        LACKED.replace("brotli on;", "location /b { brotli on; }"),
    ],
)
def test_changed_line_of_a_lacking_module_is_an_error(new: str, make_case: MakeCase) -> None:
    """A line that this nginx cannot judge is never left out on a patch's word: added or moved."""
    verdict = judged(make_case, site(LACKED), site(new))
    assert verdict.outcome is Outcome.ERROR, verdict
    assert "lacks the module" in verdict.summary


def test_what_no_nginx_can_read_fails_beside_a_lacking_module(make_case: MakeCase) -> None:
    """A lost brace is the patch's fault, also where nginx stops at another line before."""
    verdict = judged(
        make_case, site(LACKED), site(LACKED.replace("stub_status; }", "stub_status;"))
    )
    assert verdict.outcome is Outcome.FAIL
    assert "cannot be read: nginx.conf:" in verdict.summary


def test_lines_keep_their_numbers_beside_what_is_left_out(make_case: MakeCase) -> None:
    """The line that nginx names is the file's own."""
    base = site("brotli_types\n  text/css\n  text/html;\nreturn 204;")
    verdict = judged(make_case, base, site("brotli_types\n  text/css\n  text/html;\nretrun 204;"))
    assert 'unknown directive "retrun" in nginx.conf:8' in verdict.summary


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("ssl_certificate certs/b.pem; ssl_certificate_key certs/a.key;", "certs/b.pem"),
        ("ssl_certificate certs/a.pem; ssl_certificate_key certs/b.key;", "certs/b.key"),
    ],
)
def test_mistyped_certificate_that_nginx_does_not_open_fails(
    new: str, why: str, make_case: MakeCase
) -> None:
    """Without a TLS listener nginx opens no certificate: the name is new all the same."""
    base = {"nginx/snippets/tls.conf": new.replace("certs/b", "certs/a")}
    verdict = judged(make_case, base, {"nginx/snippets/tls.conf": new})
    assert verdict.outcome is Outcome.FAIL, verdict
    assert why in verdict.summary
    assert "nothing in the base vouches" in verdict.summary


@pytest.mark.parametrize(
    "pair",
    [
        (
            "ssl_certificate a.rsa.pem; ssl_certificate_key a.rsa.key;"
            " ssl_certificate a.ecdsa.pem; ssl_certificate_key a.ecdsa.key;"
        ),
        "ssl_certificate a.pem; ssl_certificate_key a.pem;",
        "ssl_certificate a.pem; ssl_certificate_key a.key; ssl_password_file a.pass;",
        (
            "ssl_certificate a.pem; ssl_certificate_key a.key; ssl_crl a.crl;"
            " ssl_client_certificate ca.pem; ssl_verify_client on;"
        ),
        (
            "ssl_certificate a.pem; ssl_certificate_key a.key; ssl_stapling on;"
            " ssl_stapling_file a.ocsp; ssl_trusted_certificate chain.pem;"
        ),
        "ssl_certificate real.pem; ssl_certificate_key absent.key;",
        "ssl_certificate /srv/../srv/a.pem; ssl_certificate_key ../keys/a.key;",
    ],
)
def test_certificates_and_keys_of_every_kind_stand_in(pair: str, make_case: MakeCase) -> None:
    """Both types, one file for both, pass phrases, lists, and a certificate without its key."""
    base = site(f"listen 127.0.0.1:8443 ssl; {pair} return 204;")
    base["real.pem"] = "not even a certificate\n"
    patched = {**base, "nginx.conf": base["nginx.conf"].replace("204", "200")}
    verdict = judged(make_case, base, patched)
    assert verdict.outcome is Outcome.PASS, verdict


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("compose.yml", COMPOSE),
        ("deploy/docker-compose.prod.yaml", COMPOSE),
        ("ansible/inventories/prod/hosts", INVENTORY.replace("api-1", "db")),
        ("ansible/inventory/all.yml", GROUPS.replace("api-9", "db")),
    ],
)
def test_inventory_of_the_base_vouches_for_a_host(
    path: str, text: str, make_case: MakeCase
) -> None:
    """A new upstream passes when a compose file or an Ansible inventory of the base has it."""
    base = {**site("location / { proxy_pass http://127.0.0.1:1; }"), path: text}
    patched = {**base, **site("location / { proxy_pass http://db.internal:1; }")}
    verdict = judged(make_case, base, patched)
    assert verdict.outcome is Outcome.PASS, verdict
    assert any(f"db.internal (known from {path})" in note for note in verdict.notes)


def test_patch_cannot_vouch_for_itself(make_case: MakeCase) -> None:
    """A compose file that the same patch brings along vouches for nothing."""
    base = site("location / { proxy_pass http://127.0.0.1:1; }")
    patched = {**site("location / { proxy_pass http://db.internal:1; }"), "compose.yml": COMPOSE}
    verdict = judged(make_case, base, patched)
    assert verdict.outcome is Outcome.FAIL
    assert "the name is new" in verdict.summary
    assert "known_hosts" in verdict.hint


def test_template_is_judged_with_neutral_values(make_case: MakeCase) -> None:
    """A template is filled in, its values are told, and conditions are a doubt."""
    base = {"nginx/site.conf.j2": TEMPLATE}
    verdict = judged(make_case, base, {"nginx/site.conf.j2": TEMPLATE.replace("/ {", "/a {")})
    assert verdict.outcome is Outcome.PASS, verdict
    assert any("APP_HOST = 'tmpl_app_host'" in note for note in verdict.notes)
    assert any("every condition true" in doubt for doubt in verdict.doubts)


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("http://app;", "http://apq;", '"apq"'),
        ("client_max_body_size", "client_max_bodysize", "nginx/site.conf.j2:9"),
        ("{{ body }};", "{{ body }}", "nginx/site.conf.j2:10"),
    ],
)
def test_broken_template_fails_at_its_own_line(
    old: str, new: str, cause: str, make_case: MakeCase
) -> None:
    """A fault in a template fails with the template's line."""
    base = {"nginx/site.conf.j2": TEMPLATE}
    verdict = judged(make_case, base, {"nginx/site.conf.j2": TEMPLATE.replace(old, new)})
    assert verdict.outcome is Outcome.FAIL, verdict
    assert cause in verdict.summary


def test_new_template_variable_is_a_doubt(make_case: MakeCase) -> None:
    """Nobody says what a variable holds that only the patch has."""
    base = {"nginx/site.conf.j2": TEMPLATE}
    new = TEMPLATE.replace("location / {", "root {{ web_root }};\n    location / {")
    verdict = judged(make_case, base, {"nginx/site.conf.j2": new})
    assert verdict.outcome is Outcome.PASS, verdict
    assert any("web_root" in doubt for doubt in verdict.doubts)


def test_template_that_cannot_be_filled_in_is_an_error(make_case: MakeCase) -> None:
    """Loops that decide the structure are not guessed at."""
    text = "server {\n{% for x in xs %}\n listen 80;\n{% endfor %}\n listen 80;\n}\n"
    verdict = judged(make_case, {"nginx/a.conf.j2": text}, {"nginx/a.conf.j2": text + "# x\n"})
    assert verdict.outcome is Outcome.ERROR
    assert "template cannot be filled in" in verdict.summary
    assert "rendered" in verdict.hint


@pytest.mark.parametrize(
    ("path", "text", "old", "new"),
    [
        ("nginx/conf.d/up.inc", "server a:1;\nserver b:2 backup;\nkeepalive 8;\n", "8", "9"),
        ("nginx/stream.d/s.conf", "listen 5432;\nproxy_pass db:5432;\n", "5432;", "5433;"),
        ("nginx/fastcgi.conf", "fastcgi_pass php;\nfastcgi_index i.php;\n", "i.php", "j.php"),
        ("nginx/maps.conf", "map $a_b $c_d { default 1; }\n", "1", "2"),
        ("nginx/tls.conf", "server { listen 443 ssl; return 204; }\n", "204", "200"),
    ],
)
def test_parts_are_tested_in_the_block_that_they_are_written_for(
    path: str, text: str, old: str, new: str, make_case: MakeCase
) -> None:
    """A part of an upstream, of a stream server, and of what another file completes passes."""
    verdict = judged(make_case, {path: text}, {path: text.replace(old, new, 1)})
    assert verdict.outcome is Outcome.PASS, verdict


@pytest.mark.parametrize(
    ("text", "new", "cause"),
    [
        ("server a:1;\nkeepalive 8;\n", "server a:1;\nkeepalive x;\n", "invalid value"),
        ("map $a_b $c { default 1; }\n", "map $a_b $c { default 1 2; }\n", "invalid number"),
        ("server { listen 443 ssl; }\n", "server { listen 443 sls; }\n", "invalid parameter"),
    ],
)
def test_broken_parts_fail(text: str, new: str, cause: str, make_case: MakeCase) -> None:
    """The block around a part does not hide its faults."""
    path = "nginx/conf.d/part.conf"
    verdict = judged(make_case, {path: text}, {path: new})
    assert verdict.outcome is Outcome.FAIL, verdict
    assert cause in verdict.summary


ELSEWHERE = (
    "events {}\nhttp {\n  include maps.conf;\n  access_log /var/log/a.log wide;\n"
    "  server { listen 80; limit_req zone=one; proxy_cache two; location / {\n"
    "    proxy_set_header A $elsewhere; proxy_pass http://127.0.0.1:1; } }\n}\n"
)


@pytest.mark.parametrize(
    ("old", "new", "outcome"),
    [
        ("listen 80", "listen 81", Outcome.PASS),
        ("$elsewhere", "$elsewehre", Outcome.FAIL),
        ("zone=one", "zone=oen", Outcome.FAIL),
        ("wide", "wied", Outcome.FAIL),
    ],
)
def test_main_file_with_missing_includes_may_use_what_they_define(
    old: str, new: str, outcome: Outcome, make_case: MakeCase
) -> None:
    """A map, a zone and a log format of an included file that is not here stand in, frozen."""
    patched = {"nginx.conf": ELSEWHERE.replace(old, new)}
    verdict = judged(make_case, {"nginx.conf": ELSEWHERE}, patched)
    assert verdict.outcome is outcome, verdict


def test_dangerous_warning_is_a_doubt(make_case: MakeCase) -> None:
    """Two servers of one name: nginx only warns, and a person should look."""
    one = "} server { listen 127.0.0.1:8080; server_name a.test; return 204;"
    base = site(f"server_name a.test; return 204; {one.replace('a.test', 'b.test')}")
    verdict = judged(make_case, base, site(f"server_name a.test; return 204; {one}"))
    assert verdict.outcome is Outcome.PASS, verdict
    assert any('conflicting server name "a.test"' in doubt for doubt in verdict.doubts)


def test_second_check_uses_the_kept_manifest(make_case: MakeCase, tmp_path: Path) -> None:
    """A manifest that took nginx's complaints to find is found again, and both runs are made."""
    text = "server { listen 80; location / { proxy_set_header A $from_elsewhere; } }\n"
    case = make_case({"nginx/conf.d/a.conf": text}, {"nginx/conf.d/a.conf": f"{text}# x\n"})
    gate = Hermetic(cache=tmp_path / "manifests")
    first = gate.judge(case)
    assert first.outcome is Outcome.PASS, first
    kept = list((tmp_path / "manifests").iterdir())
    assert [path.suffix for path in kept] == [".json"]
    second = gate.judge(case)
    assert second.outcome is Outcome.PASS
    assert second.notes == first.notes
    kept[0].write_text("{}")
    assert gate.judge(case).notes == first.notes


def test_several_nginx_judge_one_after_the_other(make_case: MakeCase) -> None:
    """Each configured nginx is named, and one that refuses is enough."""
    old, new = needed(NGINX_OLD), needed(NGINX_HTTP3)
    gate = Hermetic(binary=(str(old.folder), str(new.folder), "wheel"))
    base, patched = site("return 204;"), site("return 200;")
    verdict = judged(make_case, base, patched, gate)
    assert verdict.outcome is Outcome.PASS, verdict
    for build in (old, new):
        assert f"nginx {build.version.partition('-')[0]} ({build.folder})" in verdict.summary
    assert [run.side for run in verdict.evidence] == [Side.BASE, Side.PATCHED] * 3


@pytest.mark.parametrize(
    ("base", "new", "outcome"),
    [
        ("listen 127.0.0.1:8443 quic; return 204;", "return 200", Outcome.PASS),
        ("brotli on; return 204;", "return 200", Outcome.PASS),
        ("more_set_headers 'A: b'; return 204;", "return 200", Outcome.PASS),
        ("location /s { stub_status; } return 204;", "retrun 200", Outcome.FAIL),
        (
            "brotli on; brotli_comp_level 4; return 204;",
            "brotli_comp_level 40; return",
            Outcome.FAIL,
        ),
    ],
)
def test_unpacked_package_has_its_modules(
    base: str, new: str, outcome: Outcome, make_case: MakeCase
) -> None:
    """HTTP/3 and dynamic modules of an unpacked package are judged, not left out."""
    gate = Hermetic(binary=str(needed(NGINX_HTTP3).folder))
    tls = "ssl_certificate a.crt; ssl_certificate_key a.key; "
    old = site(tls + base)
    text = base.replace("brotli_comp_level 4; return", new).replace("return 204", new)
    verdict = judged(make_case, old, site(tls + text), gate)
    assert verdict.outcome is outcome, verdict
    assert not any("NOT TESTED" in note for note in verdict.notes)


@pytest.mark.parametrize("place", ["modules", "/usr/lib/nginx/modules"])
def test_loaded_module_is_found_beside_the_program(place: str, make_case: MakeCase) -> None:
    """A `load_module` line finds the package's module, by its relative and its full path."""
    load = f"load_module {place}/ngx_http_brotli_filter_module.so;\n"
    base = {"nginx.conf": load + site("brotli on; return 204;")["nginx.conf"]}
    patched = {"nginx.conf": base["nginx.conf"].replace("204", "200")}
    gate = Hermetic(binary=str(needed(NGINX_HTTP3).folder))
    verdict = judged(make_case, base, patched, gate)
    assert verdict.outcome is Outcome.PASS, verdict


def test_older_nginx_leaves_out_what_came_later(make_case: MakeCase) -> None:
    """`http2 on` is of 1.25.1: on 1.22 an unchanged one is left out and told."""
    gate = Hermetic(binary=str(needed(NGINX_OLD).folder))
    verdict = judged(make_case, site("http2 on; return 204;"), site("http2 on; return 200;"), gate)
    assert verdict.outcome is Outcome.PASS, verdict
    assert any("http2" in doubt for doubt in verdict.doubts)


def test_new_password_file_is_a_doubt(make_case: MakeCase) -> None:
    """Nginx opens it for requests alone, so a mistyped one would not show."""
    new = "auth_basic x; auth_basic_user_file /etc/nginx/htpasswd; return 204;"
    verdict = judged(make_case, site("return 204;"), site(new))
    assert verdict.outcome is Outcome.PASS, verdict
    assert any("/etc/nginx/htpasswd" in doubt for doubt in verdict.doubts)


@pytest.mark.parametrize(
    "pair",
    [
        "ssl_certificate certs/new.pem; ssl_certificate_key certs/new.key;",
        "ssl_certificate \"/etc/ssl/new.pem\"; ssl_certificate_key '/etc/ssl/new.key';",
    ],
)
def test_new_site_may_bring_its_certificate(pair: str, make_case: MakeCase) -> None:
    """However the path of a new file's certificate is written, it stands in with a note."""
    new = f"server {{ listen 443 ssl; server_name new.test; {pair} return 204; }}\n"
    patched = {**trees.FULL, "nginx/sites-enabled/new.conf": new}
    verdict = judged(make_case, trees.FULL, patched)
    assert verdict.outcome is Outcome.PASS, verdict
    assert "a mistyped path does not show" in verdict.notes[-1]
