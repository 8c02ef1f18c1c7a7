"""A realistic set of units, edits that break it, and edits that change nothing that matters."""

from __future__ import annotations

from dataclasses import dataclass

API = """\
[Unit]
Description=API of the shop
Documentation=https://example.test/docs
After=network-online.target postgresql.service
Wants=network-online.target
Requires=shop-migrate.service
After=shop-migrate.service

[Service]
Type=exec
User=shop
Group=shop
WorkingDirectory=/srv/shop/backend
EnvironmentFile=/etc/shop/api.env
EnvironmentFile=-/etc/shop/local.env
Environment=LOG_LEVEL=info
Environment=WORKERS=2
ExecStartPre=/srv/shop/bin/check.sh
ExecStart=/srv/shop/.venv/bin/uvicorn app.main:app --host 127.0.0.1 --port 8000
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=2s
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome=yes
ReadWritePaths=/var/lib/shop
CapabilityBoundingSet=
SystemCallFilter=@system-service
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
MemoryMax=512M

[Install]
WantedBy=multi-user.target
"""
MIGRATE = """\
[Unit]
Description=Migrations of the shop
After=postgresql.service

[Service]
Type=oneshot
RemainAfterExit=yes
User=shop
WorkingDirectory=/srv/shop/backend
ExecStart=/srv/shop/.venv/bin/python -m app.migrate
"""
BACKUP = """\
[Unit]
Description=Backup of the shop

[Service]
Type=oneshot
User=backup
ExecStart=/srv/shop/bin/backup.sh
"""
TIMER = """\
[Unit]
Description=Backup of the shop, each night

[Timer]
OnCalendar=*-*-* 03:00:00
Persistent=true

[Install]
WantedBy=timers.target
"""
SOCKET = """\
[Unit]
Description=Socket of the admin's page

[Socket]
ListenStream=127.0.0.1:9000

[Install]
WantedBy=sockets.target
"""
ADMIN = """\
[Unit]
Description=Page of the admin

[Service]
User=shop
WorkingDirectory=/srv/shop/backend
ExecStart=/srv/shop/.venv/bin/uvicorn app.admin:page --fd 3
"""
WORKER = """\
[Unit]
Description=Worker %i of the shop
After=network.target

[Service]
User=shop
ExecStart=/srv/shop/.venv/bin/python -m app.worker --queue %i
Restart=always

[Install]
WantedBy=multi-user.target
"""
NGINX = """\
[Service]
LimitNOFILE=65536
ExecStartPre=/srv/shop/bin/check.sh
"""
UNITS = "deploy/systemd"
BASE = {
    f"{UNITS}/shop-api.service": API,
    f"{UNITS}/shop-migrate.service": MIGRATE,
    f"{UNITS}/shop-backup.service": BACKUP,
    f"{UNITS}/shop-backup.timer": TIMER,
    f"{UNITS}/shop-admin.socket": SOCKET,
    f"{UNITS}/shop-admin.service": ADMIN,
    f"{UNITS}/shop-worker@.service": WORKER,
    f"{UNITS}/nginx.service.d/limits.conf": NGINX,
    "backend/app/__init__.py": "",
    "backend/app/main.py": "app = object()\n",
    "backend/app/admin.py": "page = object()\n",
    "backend/app/migrate.py": "",
    "backend/app/worker.py": "",
    "bin/check.sh": "#!/bin/sh\n",
    "bin/backup.sh": "#!/bin/sh\n",
    "requirements.txt": "uvicorn\ngunicorn\n",
    "README.md": "The shop.\n",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of one file, and the rule that has to speak; `VERIFY` is for systemd's own."""

    id: str
    path: str
    old: str
    new: str
    rule: str = ""
    is_doubt: bool = False

    @property
    def patched(self) -> dict[str, str]:
        """Return the tree with the edit made; a file edited to nothing is gone."""
        path = self.path if self.path in BASE else f"{UNITS}/{self.path}"
        text = BASE[path]
        assert self.old in text
        new = text.replace(self.old, self.new, 1)
        return {**{k: v for k, v in BASE.items() if k != path}, **({path: new} if new else {})}


A = "shop-api.service"
START = "ExecStart=/srv/shop/.venv/bin/uvicorn app.main:app --host 127.0.0.1 --port 8000\n"
VERIFY = "systemd-analyze"
BAD = (
    # What `verify` refuses or warns of, too.
    Edit("a key is mistyped", A, "NoNewPrivileges=", "NoNewPriviliges=", "unknown-key"),
    Edit("a section is mistyped", A, "[Install]", "[Instal]", "unknown-section"),
    Edit(
        "a key in the wrong section",
        A,
        "Type=exec\n",
        "Type=exec\nAfter=x.target\n",
        "wrong-section",
    ),
    Edit("a value that nobody knows", A, "Restart=on-failure", "Restart=on-crash", VERIFY),
    Edit("a type that nobody knows", A, "Type=exec", "Type=execute", VERIFY),
    Edit("two commands of a simple service", A, START, f"{START}ExecStart=/bin/true\n", VERIFY),
    Edit("a calendar that cannot be", "shop-backup.timer", "*-*-* 03:00:00", "dayly", VERIFY),
    Edit("a timer without a time", "shop-backup.timer", "OnCalendar=*-*-* 03:00:00\n", "", VERIFY),
    Edit(
        "oneshot that always restarts",
        "shop-migrate.service",
        "User=shop\n",
        "User=shop\nRestart=always\n",
        "restart-oneshot",
    ),
    Edit("no command at all", A, START, "", VERIFY),
    Edit(
        "a relative program", A, "ExecStart=/srv/shop/.venv", "ExecStart=.venv", "relative-program"
    ),
    Edit("a time without a unit", A, "RestartSec=2s", "RestartSec=2sec5x", VERIFY),
    Edit("a line that is no setting", A, "PrivateTmp=yes", "PrivateTmp yes", "stray-line"),
    Edit(
        "an unknown unit is required",
        A,
        "Requires=shop-migrate.",
        "Requires=shop-migrat.",
        "unknown-unit",
    ),
    Edit("an unknown system call", A, "@system-service", "@system-servce", VERIFY),
    Edit("a bad memory limit", A, "MemoryMax=512M", "MemoryMax=512 potatoes", VERIFY),
    # What it takes without a word.
    Edit("a mistyped account", A, "User=shop", "User=shpo", "unknown-account"),
    Edit("an account nobody has", A, "User=shop", "User=webapp", "unknown-account"),
    Edit("a group nobody has", A, "Group=shop", "Group=shops", "unknown-group"),
    Edit(
        "a mistyped environment file", A, "/etc/shop/api.env", "/etc/shop/apii.env", "unknown-file"
    ),
    Edit("another environment file", A, "/etc/shop/api.env", "/etc/shop2/env", "unknown-file"),
    Edit(
        "a mistyped working directory",
        A,
        "Directory=/srv/shop/backend",
        "Directory=/srv/shop/backed",
        "unknown-folder",
    ),
    Edit(
        "a foreign working directory",
        A,
        "Directory=/srv/shop/backend",
        "Directory=/srv/other",
        "unknown-folder",
    ),
    Edit(
        "a path to write that nobody has",
        A,
        "ReadWritePaths=/var/lib/shop",
        "ReadWritePaths=/var/lib/store",
        "unknown-folder",
    ),
    Edit("a program nobody has", A, "bin/uvicorn", "bin/unicorn", "unknown-program"),
    Edit("a script that is not there", A, "bin/check.sh", "bin/chekc.sh", "unknown-program"),
    Edit("a mistyped module", A, "app.main:app", "app.mian:app", "missing-module"),
    Edit("a module of another folder", A, "app.main:app", "main:app", "missing-module"),
    Edit("a mistyped application", A, "app.main:app", "app.main:application", "missing-name"),
    Edit(
        "a module of python -m",
        "shop-migrate.service",
        "app.migrate",
        "app.migrations",
        "missing-module",
    ),
    Edit("the module is gone", "backend/app/main.py", "app = object()\n", "", "missing-module"),
    Edit(
        "a mistyped order",
        A,
        "After=shop-migrate.service",
        "After=shop-migration.service",
        "unknown-unit",
    ),
    Edit(
        "a mistyped target",
        A,
        "WantedBy=multi-user.target",
        "WantedBy=multiuser.target",
        "unknown-unit",
    ),
    Edit(
        "a setting given twice", A, "RestartSec=2s\n", "RestartSec=2s\nRestart=no\n", "repeated-key"
    ),
    Edit(
        "a list that is dropped",
        A,
        "Environment=WORKERS=2\n",
        "Environment=WORKERS=2\nEnvironment=\n",
        "lost-by-reset",
    ),
    Edit(
        "a dependency that cannot be cleared",
        A,
        "Wants=network",
        "After=\nWants=network",
        "reset-without-effect",
    ),
    Edit(
        "a variable given twice",
        A,
        "WORKERS=2\n",
        "WORKERS=2\nEnvironment=LOG_LEVEL=debug\n",
        "repeated-variable",
    ),
    Edit(
        "a comment behind a value",
        A,
        "User=shop",
        "Environment=A=1 # not root\nUser=shop",
        "inline-comment",
    ),
    Edit("a backslash too many", A, "--port 8000", "--port 8000 \\", "joined-line"),
    Edit("a blank behind a backslash", A, "--host 127", "\\ \n--host 127", "broken-continuation"),
    Edit("signs of a shell", A, "--port 8000", "--port 8000 >> /var/log/shop.log", "no-shell"),
    Edit("ready is never told", A, "Type=exec", "Type=notify", "never-ready"),
    Edit("a fork that never comes", A, "Type=exec", "Type=forking", "never-forks"),
    Edit(
        "the home is hidden",
        A,
        "ExecStartPre=/srv/shop/bin/check.sh",
        "ExecStartPre=/home/shop/check.sh",
        "home-hidden",
    ),
    Edit("no internet family", A, "AF_INET AF_INET6 AF_UNIX", "AF_UNIX", "no-network"),
    Edit(
        "a network of its own",
        A,
        "PrivateTmp=yes",
        "PrivateTmp=yes\nPrivateNetwork=yes",
        "no-network",
    ),
    Edit("a low port", A, "--port 8000", "--port 80", "low-port"),
    Edit("protection switched off", A, "NoNewPrivileges=yes\n", "", "removed-hardening"),
    Edit("the file system is open", A, "ProtectSystem=strict\n", "", "removed-hardening"),
    Edit("it runs as root", A, "User=shop\nGroup=shop\n", "", "removed-hardening"),
    Edit("every system call", A, "SystemCallFilter=@system-service\n", "", "removed-hardening"),
    Edit("every capability", A, "CapabilityBoundingSet=\n", "", "removed-hardening"),
    Edit("not started at boot", A, "WantedBy=multi-user.target\n", "", "not-enabled"),
    Edit("two listeners", "shop-admin.service", "--fd 3", "--port 9000", "two-listeners"),
    Edit("a timer that starts nothing", "shop-backup.service", BACKUP, "", "starts-nothing"),
    Edit("a required unit is gone", "shop-migrate.service", MIGRATE, "", "unknown-unit"),
    Edit(
        "a file is needed now",
        A,
        "=-/etc/shop/local.env",
        "=/etc/shop/local.env",
        "unknown-file",
    ),
    # What is often meant: a person is told.
    Edit(
        "weaker, not off",
        A,
        "ProtectSystem=strict",
        "ProtectSystem=full",
        "removed-hardening",
        is_doubt=True,
    ),
    Edit("no restart any more", A, "Restart=on-failure\n", "", "no-restart", is_doubt=True),
    Edit("no limit any more", A, "MemoryMax=512M\n", "", "removed-hardening", is_doubt=True),
    Edit(
        "failures are ignored",
        A,
        "ExecStartPre=/",
        "ExecStartPre=-/",
        "ignored-failure",
        is_doubt=True,
    ),
    Edit("no order", A, "After=shop-migrate.service\n", "", "no-order", is_doubt=True),
)
GOOD = (
    Edit("a comment", A, "[Service]", "# The application.\n[Service]"),
    Edit("a blank line", A, "Type=exec", "\nType=exec"),
    Edit("blanks round the sign", A, "User=shop", "User = shop"),
    Edit("another order of keys", A, "User=shop\nGroup=shop", "Group=shop\nUser=shop"),
    Edit(
        "dependencies on two lines",
        A,
        "After=network-online.target postgresql.service",
        "After=network-online.target\nAfter=postgresql.service",
    ),
    Edit("a folded value", A, "AF_INET AF_INET6 AF_UNIX", "AF_INET \\\n    AF_INET6 AF_UNIX"),
)
FINE = (
    Edit("another port", A, "--port 8000", "--port 8010"),
    Edit("another description", A, "API of the shop", "The shop's API"),
    Edit("another variable", A, "WORKERS=2", "WORKERS=4"),
    Edit("more protection", A, "PrivateTmp=yes", "PrivateTmp=yes\nProtectClock=yes"),
    Edit(
        "another server of the project",
        A,
        "uvicorn app.main:app --host 127.0.0.1 --port 8000",
        "gunicorn app.main:app --bind 127.0.0.1:8000",
    ),
    Edit(
        "a known service before it", A, "postgresql.service\n", "postgresql.service redis.service\n"
    ),
    Edit("another hour", "shop-backup.timer", "03:00", "04:30"),
    Edit(
        "a file that need not be",
        A,
        "Environment=LOG",
        "EnvironmentFile=-/etc/shop/more.env\nEnvironment=LOG",
    ),
    Edit("more files for nginx", "nginx.service.d/limits.conf", "65536", "131072"),
    Edit("a longer wait", A, "RestartSec=2s", "RestartSec=5s"),
    Edit("notify with gunicorn", A, "Type=exec", "Type=exec\nTimeoutStopSec=30"),
    Edit("a state folder", A, "MemoryMax=", "StateDirectory=shop\nMemoryMax="),
)
