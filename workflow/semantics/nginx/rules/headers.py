"""The rules for headers, origins, policies, TLS, QUIC, access and exposure, of every module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workflow.semantics.nginx.rules.access import ACCESS
from workflow.semantics.nginx.rules.cors import CORS
from workflow.semantics.nginx.rules.csp import CSP_RULES
from workflow.semantics.nginx.rules.exposure import EXPOSURE
from workflow.semantics.nginx.rules.header_values import HEADER_VALUES
from workflow.semantics.nginx.rules.identity import IDENTITY
from workflow.semantics.nginx.rules.proxy_headers import PROXY_HEADERS
from workflow.semantics.nginx.rules.quic import QUIC
from workflow.semantics.nginx.rules.response_headers import RESPONSE_HEADERS
from workflow.semantics.nginx.rules.tls import TLS
from workflow.semantics.nginx.rules.traces import TRACES

if TYPE_CHECKING:
    from workflow.semantics.nginx.fault import Rule

HEADERS: tuple[Rule, ...] = (
    *RESPONSE_HEADERS,
    *HEADER_VALUES,
    *CSP_RULES,
    *CORS,
    *PROXY_HEADERS,
    *IDENTITY,
    *TLS,
    *QUIC,
    *ACCESS,
    *EXPOSURE,
    *TRACES,
)
