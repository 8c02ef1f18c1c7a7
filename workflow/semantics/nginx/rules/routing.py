"""The rules for faults of routing: which request goes where, how, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.rules.caching import CACHING
from workflow.semantics.nginx.rules.conditions import CONDITIONS
from workflow.semantics.nginx.rules.fastcgi import FASTCGI
from workflow.semantics.nginx.rules.internal import INTERNAL
from workflow.semantics.nginx.rules.limits import LIMITS
from workflow.semantics.nginx.rules.locations import LOCATIONS
from workflow.semantics.nginx.rules.patterns import PATTERNS
from workflow.semantics.nginx.rules.protocols import PROTOCOLS
from workflow.semantics.nginx.rules.proxying import PROXYING
from workflow.semantics.nginx.rules.redirects import REDIRECTS
from workflow.semantics.nginx.rules.requests import REQUESTS
from workflow.semantics.nginx.rules.upstreams import UPSTREAMS
from workflow.semantics.nginx.rules.values import VALUES
from workflow.semantics.nginx.rules.virtual import VIRTUAL

if TYPE_CHECKING:
    from workflow.semantics.nginx.fault import Rule

ROUTING: tuple[Rule, ...] = (
    *LOCATIONS,
    *PROXYING,
    *INTERNAL,
    *CONDITIONS,
    *REDIRECTS,
    *VIRTUAL,
    *PATTERNS,
    *UPSTREAMS,
    *REQUESTS,
    *CACHING,
    *LIMITS,
    *VALUES,
    *FASTCGI,
    *PROTOCOLS,
)
