"""The shapes of well-known tokens: a fixed head, then so many characters of one set.

Neither checksum nor entropy is asked for: who revoked or mistyped a key still typed a key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflow.redaction.interface import Kind


@dataclass(frozen=True, slots=True)
class Shape:
    """`head` is a regular expression of exactly `width` bytes, then at least `least` of `body`."""

    head: bytes
    width: int
    body: bytes
    least: int
    kind: Kind = Kind.TOKEN


_A = rb"[A-Za-z0-9]"
_U = rb"[A-Za-z0-9_-]"
_UP = rb"[A-Z0-9]"
_LOW = rb"[a-z0-9]"
_B = rb"[A-Za-z0-9+/=]"
_X = rb"[A-Fa-f0-9]"
_D = rb"[A-Za-z0-9_.-]"
_C = rb"[./A-Za-z0-9]"
_H = rb"[./A-Za-z0-9+=$,:@_-]"


def _of(body: bytes, least: int, *heads: bytes) -> tuple[Shape, ...]:
    return tuple(Shape(re.escape(head), len(head), body, least) for head in heads)


def _hash(least: int, *heads: bytes) -> tuple[Shape, ...]:
    return tuple(Shape(re.escape(head), len(head), _H, least, Kind.PASSWORD) for head in heads)


SHAPES: tuple[Shape, ...] = (
    # Our own, for the page and the API: `identity.tokens`.
    *_of(_A, 40, b"cwt_"),
    # Code hosting and packages.
    Shape(rb"gh[pousr]_", 4, _A, 20),
    *_of(rb"[A-Za-z0-9_]", 20, b"github_pat_"),
    *_of(
        _D, 16, b"glpat-", b"gldt-", b"glrt-", b"glcbt-", b"glptt-", b"glft-", b"glsoat-", b"glimt-"
    ),
    *_of(_D, 16, b"glagent-", b"glffct-", b"GR1348941"),
    *_of(_A, 24, b"npm_", b"rubygems_", b"cio", b"pul-", b"bkua_", b"CCIPAT_"),
    *_of(_U, 24, b"pypi-", b"dckr_pat_", b"dckr_oat_", b"oy2", b"pnu_", b"pnb_"),
    *_of(
        rb"[A-Za-z0-9_=-]",
        24,
    ),
    *_of(rb"[A-Za-z0-9_=-]", 24, b"ATATT3", b"ATSTT3", b"ATBB", b"ATCTT3"),
    *_of(_D, 20, b"sk.eyJ", b"tk.eyJ"),
    *_of(_U, 20, b"duffel_live_", b"duffel_test_", b"AKCp", b"fo1_"),
    *_of(_B, 20, b"glc_"),
    # Chat and mail.
    Shape(rb"xox[abcdeoprs][-.]", 5, _D, 10),
    *_of(_D, 10, b"xapp-", b"xwfp-"),
    *_of(_D, 30, b"SG."),
    *_of(_X, 28, b"key-"),
    *_of(_U, 24, b"xkeysib-", b"xsmtpsib-", b"mlsn.", b"re_"),
    Shape(rb"[SA][KC]", 2, rb"[a-f0-9]", 32),
    # Models.
    *_of(
        _U,
        20,
        b"sk-ant-",
        b"sk-proj-",
        b"sk-svcacct-",
        b"sk-admin-",
        b"sk-or-v1-",
        b"sk-lf-",
        b"pk-lf-",
    ),
    *_of(
        _A,
        20,
        b"sk-",
        b"hf_",
        b"r8_",
        b"gsk_",
        b"pplx-",
        b"xai-",
        b"nvapi-",
        b"fw_",
        b"jina_",
        b"co_",
    ),
    *_of(_U, 20, b"api_org_", b"lsv2_pt_", b"lsv2_sk_", b"nvapi-", b"tvly-", b"voyage-", b"pcsk_"),
    # Clouds.
    Shape(rb"A(?:KIA|SIA|GPA|IDA|ROA|NPA|NVA|BIA|CCA)", 4, _UP, 16),
    *_of(_U, 30, b"AIza", b"GOCSPX-", b"ya29.", b"1//0"),
    *_of(_U, 20, b"GOCSPX-", b"ABSK", b"bedrock-api-key-"),
    *_of(_X, 32, b"dop_v1_", b"doo_v1_", b"dor_v1_", b"dapi", b"dkea", b"DOP_V1_"),
    *_of(_UP, 16, b"LTAI", b"AKID", b"DO00", b"DO80"),
    *_of(_A, 20, b"LTAI", b"AKID", b"EZAK", b"EZTK", b"flyv1_", b"vcp_", b"vci_", b"HRKU-AA"),
    *_of(
        _U,
        30,
        b"fm1r_",
        b"fm2_",
        b"FlyV1",
        b"nfp_",
        b"nfc_",
        b"nfo_",
        b"sbp_",
        b"sb_secret_",
        b"v1.0-",
    ),
    # Payment and shops.
    Shape(rb"[spr]k_live_", 8, _A, 10),
    Shape(rb"[spr]k_test_", 8, _A, 10),
    Shape(rb"shp(?:at|ca|pa|ss|tk|ua|it)_", 6, _A, 20),
    Shape(rb"sq0(?:atp|csp|idp|idb)-", 7, _U, 20),
    *_of(_A, 24, b"whsec_", b"EAAC", b"EAAA", b"EAAE", b"access_token$production$"),
    *_of(
        _U,
        20,
        b"rzp_live_",
        b"rzp_test_",
        b"FLWSECK-",
        b"FLWSECK_TEST-",
        b"sq0atp-",
        b"live_",
    ),
    # Secrets, builds, observation.
    *_of(
        _U, 20, b"hvs.", b"hvb.", b"hvr.", b"dp.pt.", b"dp.st.", b"dp.ct.", b"dp.sa.", b"dp.scim."
    ),
    *_of(_A, 24, b"s."),
    *_of(_U, 20, b"ops_", b"tskey-", b"CFPAT-", b"infisical.", b"ey1.", b"akv-"),
    *_of(_D, 20, b"glsa_", b"NRAK-", b"NRRA-", b"NRJS-", b"NRII-", b"NRIQ-", b"NRSP-"),
    *_of(
        _A,
        20,
        b"NRAK",
        b"squ_",
        b"sqp_",
        b"sqa_",
        b"sntrys_",
        b"sntryu_",
        b"phc_",
        b"phx_",
        b"ddp_",
        b"dt0c01.",
    ),
    *_of(_D, 40, b"dt0c01.", b"dt0s01.", b"dt0s02."),
    *_of(_D, 30, b"tfp_", b"PMAK-", b"PMAT-", b"BBDC-", b"CLOJARS_", b"sgp_", b"slk_", b"p8e-"),
    # Work and design.
    *_of(
        _A, 20, b"lin_api_", b"lin_oauth_", b"ntn_", b"secret_", b"figd_", b"figo_", b"shippo_live_"
    ),
    *_of(
        _U,
        20,
        b"figd_",
        b"pat-na1-",
        b"pat-eu1-",
        b"pdus+",
        b"pscale_tkn_",
        b"pscale_pw_",
        b"pscale_oauth_",
    ),
    *_of(
        _A,
        20,
        b"rdme_",
        b"xoxe-",
        b"patp_",
        b"CFPAT",
        b"airtable_",
        b"pk_prod_",
    ),
    *_of(
        _U,
        20,
        b"frpat-",
        b"AstraCS:",
        b"EZAK",
        b"ubdc_",
        b"sntrys_",
        b"mapbox.",
    ),
    # Keys of people and machines.
    Shape(rb"AGE-SECRET-KEY-1", 16, _UP, 40, Kind.PRIVATE_KEY),
    Shape(rb"AGE-PLUGIN-[A-Z]", 12, rb"[A-Z0-9-]", 40, Kind.PRIVATE_KEY),
    Shape(rb"RWR[A-Z]", 4, _B, 100, Kind.PRIVATE_KEY),
    Shape(rb"untrusted comment: minisign encrypted secret key\n", 49, _B, 40, Kind.PRIVATE_KEY),
    Shape(rb"b3BlbnNzaC1rZXktdjEA", 20, _B, 40, Kind.PRIVATE_KEY),
    Shape(rb"[xt]prv", 4, _A, 100, Kind.PRIVATE_KEY),
    Shape(rb"edsk", 4, _A, 50, Kind.PRIVATE_KEY),
    # Hashes of passwords, which are guessed offline.
    *_hash(30, b"$2a$", b"$2b$", b"$2y$"),
    *_hash(22, b"$1$", b"$5$", b"$6$", b"$y$", b"$7$", b"$apr1$", b"$gy$", b"$P$", b"$H$", b"$S$"),
    *_hash(
        40,
        b"$argon2i$",
        b"$argon2d$",
        b"$argon2id$",
        b"$scrypt$",
        b"$pbkdf2$",
        b"$ml$",
        b"$8$",
        b"$9$",
    ),
    *_hash(30, b"$pbkdf2-sha256$", b"$pbkdf2-sha512$", b"$bcrypt-sha256$", b"$sha1$", b"$md5$"),
    Shape(rb"pbkdf2_sha(?:256|512)\$", 14, _H, 40, Kind.PASSWORD),
    Shape(rb"\{SHA\}", 5, _B, 27, Kind.PASSWORD),
    Shape(rb"\{SSHA\}", 6, _B, 27, Kind.PASSWORD),
    Shape(rb"\{SSHA(?:256|512|384)\}", 9, _B, 40, Kind.PASSWORD),
    Shape(rb"\{CRYPT\}", 7, _H, 13, Kind.PASSWORD),
    Shape(rb"SCRAM-SHA-256\$", 14, _H, 60, Kind.PASSWORD),
)
