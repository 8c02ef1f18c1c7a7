"""What really changes in one file of nginx configuration, read as a part of its own."""

from __future__ import annotations

import pytest

from workflow.semantics.changes.nginx import nginx_changes
from workflow.semantics.nginx import NginxSyntaxError
from workflow.semantics.nginx.diff import difference_alone


def test_one_file_alone() -> None:
    """Two texts of one file are alike when nothing really changes."""
    assert difference_alone("server { listen 80; }", "server\n{ listen *:80; }") == ()
    assert difference_alone("server { listen 80; }", "server { listen 81; }")
    with pytest.raises(NginxSyntaxError):
        difference_alone("server {", "server { }")


def test_changes_for_the_blast_radius() -> None:
    """Each directive that changes counts, by its name; what is no configuration is refused."""
    assert nginx_changes("gzip on;", "gzip 'on' ;") == []
    (one,) = nginx_changes("server { listen 80; }", "server { listen 80; root /a; }")
    assert str(one) == "added: directive root: server on 80 takes files from `/a`"
    with pytest.raises(ValueError, match="unexpected"):
        nginx_changes("a", "b;")
