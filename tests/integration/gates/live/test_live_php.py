"""The usual site of PHP behind a UNIX socket: its upstream is reached, and its order is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.gates.live.conftest import server
from workflow.gates.nginx.live import Weight
from workflow.types import Outcome

if TYPE_CHECKING:
    from tests.integration.gates.live.conftest import Probed

_DENIED = "location ~* /(?:uploads|files)/.*\\.php$ { deny all; }\n"
_PHP = (
    "location ~ \\.php$ { try_files $uri =404;"
    " fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;"
    " fastcgi_pass unix:/run/php/php8.2-fpm.sock; }\n"
)
_PAGES = "index index.php; location / { try_files $uri $uri/ /index.php?$args; }\n"
_SITE = server(_PAGES + _DENIED + _PHP)


def test_the_socket_of_php_stands_in(probed: Probed) -> None:
    """In a folder that the service makes on a machine: what it is asked is compared."""
    result = probed(_SITE, _SITE.replace("$document_root$fastcgi", "$fastcgi"))
    assert result.outcome is Outcome.PASS, result.told
    assert not any("stand in" in note for note in result.notes)
    changed = {one.after for one in result.differences if "script_filename" in one.what}
    assert {"/probe.php", "/index.php"} <= changed


def test_a_denied_folder_behind_php_is_let_in(probed: Probed) -> None:
    """The order of the patterns decides: a path of both is asked."""
    result = probed(_SITE, server(_PAGES + _PHP + _DENIED))
    assert "GET http://a.example.test/uploads/a.php" in {one.request for one in result.faults}


def test_pages_that_are_gone_are_a_doubt(probed: Probed) -> None:
    """Though the change says so: `=404` instead of the page that takes everything."""
    site = server("location / { try_files $uri $uri/ /index.html; }")
    result = probed(site, site.replace("/index.html", "=404"))
    assert not result.faults
    deep = [one for one in result.differences if "/deeper/probe.html" in one.request]
    assert deep
    assert {one.weight for one in deep if one.request.startswith("GET")} == {Weight.DOUBT}
    assert any("404 now" in line for line in result.doubts)
