"""The builds of Debian's packages: real programs, on libraries of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.debian_builds import NGINX_HTTP3, NGINX_OLD, SYSTEMD, needed

ROOT = Path(__file__).parents[2]


def said(*argv: str) -> str:
    """Return what a program says."""
    done = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr


def test_an_nginx_with_http3_is_there() -> None:
    """It is a newer one, with its modules."""
    build = needed(NGINX_HTTP3)
    words = said(*build.argv("nginx", "-V"))
    assert "--with-http_v3_module" in words
    assert build.version.partition("-")[0] in words
    assert (build.modules / "ngx_stream_module.so").is_file()


def test_an_old_nginx_is_there() -> None:
    """Of another version, without HTTP/3."""
    words = said(*needed(NGINX_OLD).argv("nginx", "-V"))
    assert "nginx/1.22" in words
    assert "http_v3" not in words


def test_a_systemd_analyze_is_there() -> None:
    """It runs without an installed systemd."""
    assert said(*needed(SYSTEMD).argv("systemd-analyze", "--version")).startswith("systemd 25")


def test_without_a_mirror_the_reason_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    """An apt that knows no mirror: one line, a status, and no half build."""
    none = tmp_path / "apt.conf"
    none.write_text('Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "/dev/null";\n')
    env = {
        "PATH": os.environ["PATH"],
        "APT_CONFIG": str(none),
        "WORKFLOW_TEST_DEBIAN": str(tmp_path / "builds"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.debian_builds"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("no builds of Debian's packages: ")
    assert len(done.stderr.splitlines()) == 1
    assert [one.name for one in (tmp_path / "builds").iterdir()] == [".lock"]


def test_a_missing_build_fails_in_ci_and_is_skipped_elsewhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is skipped in silence where it counts."""
    monkeypatch.setattr("tests.debian_builds.CACHE", tmp_path)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="run `python -m tests"):
        needed(NGINX_HTTP3)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception):
        needed(NGINX_HTTP3)
