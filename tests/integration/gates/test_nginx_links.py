from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workflow.types import Outcome

# The bare `pytest` command does not put the repository on the path.
sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.integration.gates.hermetic_gate import Hermetic

if TYPE_CHECKING:
    from tests.integration.gates.conftest import MakeCase
    from workflow.types import Verdict

SITE = "server { listen 8080; location / { return 204; } }\n"
AVAILABLE = "nginx/sites-available/a.conf"
ENABLED = "nginx/sites-enabled/a.conf"
FILES = {
    "nginx/nginx.conf": (
        "events {}\nhttp { include /etc/nginx/sites-enabled/*.conf; include b.conf; }\n"
    ),
    AVAILABLE: SITE,
    "nginx/parts/types.conf": "types { text/html html; }\n",
    "nginx/b.conf": "link to: parts/types.conf",
}
WAYS = {
    "relative": {ENABLED: "link to: ../sites-available/a.conf"},
    "absolute": {ENABLED: "link to: /etc/nginx/sites-available/a.conf"},
    "hops": {ENABLED: "link to: ../hop.conf", "nginx/hop.conf": "link to: sites-available/a.conf"},
    "folder": {"nginx/sites-enabled": "link to: sites-available"},
}


def judged(make_case: MakeCase, base: dict[str, str], changes: dict[str, str]) -> Verdict:
    """Return the verdict on `base` with some files replaced."""
    case = make_case(base, {**base, **changes})
    gate = Hermetic()
    assert gate.applies(case)
    return gate.judge(case)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("new", "outcome"), [("return 200", Outcome.PASS), ("retrun 200", Outcome.FAIL)]
)
def test_linked_site_is_judged_through_the_main_file(
    way: str, new: str, outcome: Outcome, make_case: MakeCase
) -> None:
    """A site that a link enables is tested from the file that includes the link."""
    changes = {AVAILABLE: SITE.replace("return 204", new)}
    verdict = judged(make_case, {**FILES, **WAYS[way]}, changes)
    assert verdict.outcome is outcome, verdict
    assert all(run.command == "nginx -t on nginx/nginx.conf" for run in verdict.evidence)


def test_change_behind_a_linked_include_is_judged(make_case: MakeCase) -> None:
    """An include that names a link is followed to the file behind it."""
    changes = {"nginx/parts/types.conf": "types { text/html html }\ninclude x;\n"}
    verdict = judged(make_case, {**FILES, **WAYS["relative"]}, changes)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.evidence[1].command == "nginx -t on nginx/nginx.conf"


def test_new_link_is_judged_by_what_it_enables(make_case: MakeCase) -> None:
    """A change that only makes a link enables the site behind it."""
    broken = {**FILES, AVAILABLE: SITE.replace("return", "retrun")}
    verdict = judged(make_case, broken, WAYS["absolute"])
    assert verdict.outcome is Outcome.FAIL
    assert 'unknown directive "retrun"' in verdict.summary


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "../../../outside", "a.conf", "/etc/nginx/../../x", "gone.conf", ".."]
)
def test_links_that_lead_nowhere_count_as_absent(target: str, make_case: MakeCase) -> None:
    """A link out of the tree, in a circle or to nothing has no text and breaks nothing."""
    base = {**FILES, **WAYS["relative"], "nginx/sites-enabled/z.inc": f"link to: {target}"}
    verdict = judged(make_case, base, {AVAILABLE: SITE.replace("204", "200")})
    assert verdict.outcome is Outcome.PASS, verdict
