"""Which module a directive belongs to, for those that not every nginx has.

The names of nginx's own modules are those of its `configure`; others are called what their packages
are called.
"""

from __future__ import annotations

import posixpath
import re

from workflow.semantics.nginx.table import known

_MODULES = tuple(
    (re.compile(pattern), module)
    for pattern, module in (
        (r"http3.*|quic.*", "http_v3"),
        (r"brotli.*", "brotli (ngx_brotli)"),
        (r"zstd.*", "zstd (ngx_http_zstd)"),
        (r"geoip2.*", "geoip2 (ngx_http_geoip2)"),
        (r"geoip_.*", "http_geoip"),
        (r".*_by_lua.*|lua_.*|init_by_.*", "lua (OpenResty)"),
        (r"js_.*", "njs"),
        (r"perl.*", "http_perl"),
        (r"modsecurity.*", "ModSecurity"),
        (r"passenger.*", "Passenger"),
        (r"pagespeed.*", "PageSpeed"),
        (r"vhost_traffic_status.*", "vhost_traffic_status (VTS)"),
        (r"stub_status", "http_stub_status"),
        (r"gzip_static", "http_gzip_static"),
        (r"gunzip.*", "http_gunzip"),
        (r"sub_filter.*", "http_sub"),
        (r"add(?:before|after)_body|addition_types", "http_addition"),
        (r"dav_.*|create_full_put_path|min_delete_depth", "http_dav"),
        (r"image_filter.*", "http_image_filter"),
        (r"xslt_.*|xml_entities", "http_xslt"),
        (r"mp4.*", "http_mp4"),
        (r"flv", "http_flv"),
        (r"slice", "http_slice"),
        (r"random_index", "http_random_index"),
        (r"secure_link.*", "http_secure_link"),
        (r"auth_request.*", "http_auth_request"),
        (r"auth_ldap.*|ldap_server", "auth_ldap"),
        (r"auth_pam.*", "auth_pam"),
        (r"(?:more_set|more_clear)_.*", "headers_more"),
        (r"fancyindex.*", "fancyindex"),
        (r"security_headers.*|hide_server_tokens", "security-headers"),
        (r"upstream_check.*|check(?:_.*)?", "upstream_check"),
        (r"upload_.*|track_uploads|upload_progress", "upload"),
        (r"push_stream_.*|nchan_.*", "push_stream / nchan"),
        (r"rtmp.*", "rtmp"),
        (r"(?:proxy|fastcgi|uwsgi|scgi)_cache_purge", "cache_purge"),
        (r"sticky.*|status_zone|api|health_check.*|zone_sync.*", "NGINX Plus"),
        (r"(?:ssl_)?preread.*", "stream_ssl_preread"),
        (r"opentelemetry.*|otel_.*|opentracing.*", "OpenTelemetry"),
        (r"google_perftools_profiles", "google_perftools"),
        (r"real_ip_.*|set_real_ip_from", "http_realip"),
        (r"mail|imap_.*|pop3_.*|smtp_.*", "mail"),
        (r"srcache_.*|memc_.*|redis2_.*|redis_pass|set_escape_uri|set_unescape_uri", "OpenResty"),
    )
)


# Directives that nginx had once.
_GONE = {
    "ssl": "http_ssl",
    "spdy_headers_comp": "http_spdy",
    "spdy_chunk_size": "http_spdy",
    "upstream_conf": "NGINX Plus",
    "proxy_downstream_buffer": "stream_proxy",
    "proxy_upstream_buffer": "stream_proxy",
    "aio_write": "http_core",
    "post_accept_timeout": "http_core",
    "worker_rlimit_sigpending": "core",
    "limit_zone": "http_limit_zone",
    "open_file_cache_retest": "http_core",
    "optimize_server_names": "http_core",
}
# Parameters and values that only some builds or versions know, by what nginx says of them.
_EDITIONS = tuple(
    (re.compile(pattern), module)
    for pattern, module in (
        (r'invalid parameter "quic"', "http_v3"),
        (r'invalid parameter "(?:slow_start|drain|route|service|state)\b', "NGINX Plus"),
        (r'invalid parameter "resolve"', "nginx 1.27.3 or newer"),
        (r'invalid parameter "(?:spdy|http2)"', "nginx of another version"),
        (r"ssl_early_data. (?:on a|is not supported)", "OpenSSL with early data"),
        (r"SSL_CTX_set1_(?:curves|groups)_list\(.*failed", "OpenSSL with these curves"),
        (r"SSL_CTX_set_cipher_list\(.*no cipher match", "OpenSSL with these ciphers"),
        (r"(?:was|were|is) built without .*support", "nginx with that support built in"),
        (r'"\w+" (?:directive|parameter) (?:is not supported|requires) ', "another build of nginx"),
        (r"is not supported on this platform", "another platform"),
    )
)


_VARIABLES = tuple(
    (re.compile(pattern), module)
    for pattern, module in (
        (r"slice_range", "http_slice"),
        (r"geoip_\w+", "http_geoip"),
        (r"connections_(?:active|reading|writing|waiting)", "http_stub_status"),
        (r"(?:http3|quic_\w+)", "http_v3"),
        (r"brotli_ratio", "brotli (ngx_brotli)"),
        (r"zstd_ratio", "zstd (ngx_http_zstd)"),
        (r"spdy\w*", "http_spdy"),
        (r"upstream_queue_time|session_(?:log|time)\w*|protocol_version", "NGINX Plus"),
        (r"otel_\w+|opentracing_\w+", "OpenTelemetry"),
    )
)


def module_of(directive: str) -> str:
    """Return the module of a directive that is known to exist, or an empty string."""
    found = next((name for pattern, name in _MODULES if pattern.fullmatch(directive)), "")
    if found:
        return found
    if directive in _GONE:
        return f"{_GONE[directive]}, of another version of nginx"
    own = known(directive)
    return own[0].module.removeprefix("ngx_").removesuffix("_module") if own else ""


def missing_module(said: str) -> str:
    """Return the module that a complaint is about and that this nginx lacks, or an empty string."""
    directive = re.match(r'unknown directive "([^"]+)"', said)
    if directive:
        return module_of(directive[1])
    for pattern in (r"requires ngx_(\w+?)_module", r'dlopen\(\) "([^"]+)" failed'):
        found = re.search(pattern, said)
        if found:
            return posixpath.basename(found[1])
    if "dynamic modules" in said or "load_module" in said:
        return "dynamic modules"
    variable = re.match(r'unknown "(\w+)" variable', said)
    if variable:
        return next((name for pattern, name in _VARIABLES if pattern.fullmatch(variable[1])), "")
    return next((name for pattern, name in _EDITIONS if pattern.search(said)), "")
