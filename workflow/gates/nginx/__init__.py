"""The nginx gate: what the real nginx, the effective configuration and live answers show."""
