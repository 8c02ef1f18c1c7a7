"""Further look-alikes, written after the rules that they measure; see `alike_texts`."""

# ruff: noqa: E501 - tables of texts that are easier to read as they are
from __future__ import annotations

MORE = (
    (
        "app.py",
        "password_field = <<QLineEdit()>>\npassword_field.setEchoMode(<<QLineEdit.Password>>)\n",
    ),
    ("app.py", 'assert response.json()["token"] == <<expected_token>>\n'),
    ("app.py", "for token in <<tokenize(line)>>:\n    key, _, value = <<token.partition('=')>>\n"),
    ("app.py", 'errors["password"] = "<<This field is required.>>"\n'),
    ("app.py", "secret_name: <<str>> = <<config['vault']['secret_name']>>\n"),
    ("app.py", "class PasswordResetForm(Form):\n    password = <<CharField(max_length=128)>>\n"),
    ("app.py", 'API_KEY_HEADER = <<APIKeyHeader(name="X-API-Key")>>\n'),
    ("app.py", 'PASSWORD_RE = re.compile(r"<<^(?=.*[A-Z]).{12,}$>>")\n'),
    ("app.py", 'url = f"postgres://{<<user>>}:{<<password>>}@{host}/shop"\n'),
    ("app.py", 'cache_key = "<<user:profile:v2>>"\nsort_key = "<<created_at>>"\n'),
    (
        "app.py",
        'PRIMARY_KEY = "<<user_id>>"\nforeign_key = "<<orders.id>>"\npartition_key="<<tenant>>"\n',
    ),
    ("app.py", "if token_type == '<<access_token>>':\n    scope = '<<read write>>'\n"),
    ("app.py", 'st.text_input("Password", type="<<password>>", key="<<login_password>>")\n'),
    ("app.py", "auth = <<HTTPBasicAuth(user, password)>>\ncookies = <<response.cookies>>\n"),
    ("app.ts", "@Column({ select: false }) password: <<string>>;\n"),
    (
        "app.ts",
        "export const AUTH_TOKEN_KEY = '<<authToken>>';\nconst SESSION_KEY = '<<session>>';\n",
    ),
    ("app.ts", "router.post('<</reset-password/:token>>', <<resetPassword>>);\n"),
    (
        "app.tsx",
        '<Input type="<<password>>" label="<<New password>>" autoComplete="<<new-password>>" />\n',
    ),
    (
        "app.js",
        "const token = <<localStorage.getItem>>('token');\nheaders.Authorization = `Bearer <<${token}>>`;\n",
    ),
    ("app.js", 'const keyCode = <<event.keyCode>>; const key = "<<Enter>>";\n'),
    ("main.go", 'password := <<flag.String("password", "", "the password")>>\n'),
    (
        "main.go",
        "if token == <<nil>> || len(secret) < <<minSecretLength>> {\n\treturn <<ErrNoToken>>\n}\n",
    ),
    (
        "App.java",
        'public static final String PASSWORD_PROPERTY = "<<spring.datasource.password>>";\n',
    ),
    (
        "App.java",
        'char[] password = <<console.readPassword>>();\nKey key = <<KeyFactory.getInstance>>("RSA");\n',
    ),
    ("App.cs", 'public string Password { <<get; set;>> }\n[JsonProperty("<<access_token>>")]\n'),
    ("a.rb", "attr_accessor <<:password>>, :token\nvalidates :password, <<presence: true>>\n"),
    ("main.rs", "pub struct A { pub password: <<String>>, token: <<Option<String>>> }\n"),
    ("lib.c", 'static const char *const password_prompt = "<<Password: >>";\n'),
    ("Makefile", "TOKEN ?= <<$(shell cat .token)>>\nSECRET_FILE := <<secrets.yaml>>\n"),
    ("run.sh", 'PASSWORD=<<"$(openssl rand -hex 16)">>\nTOKEN=<<"${TOKEN:-}">>\n'),
    ("run.sh", 'if [ -z "<<$API_KEY>>" ]; then echo "<<API_KEY is not set>>"; fi\n'),
    ("run.sh", 'docker login -u "<<$USER>>" --password-stdin < <<token.txt>>\n'),
    ("run.sh", "ssh-keygen -t <<ed25519>> -f <<~/.ssh/id>> -N <<''>>\n"),
    (
        "ci.yml",
        "with:\n  token: <<${{ github.token }}>>\n  key: <<${{ runner.os }}-pip-${{ hashFiles('x') }}>>\n",
    ),
    ("ci.yml", "cache:\n  key: <<$CI_COMMIT_REF_SLUG>>\n  policy: <<pull-push>>\n"),
    (
        "values.yaml",
        "auth:\n  enabled: <<true>>\n  secretKeys:\n    adminPasswordKey: <<admin-password>>\n",
    ),
    (
        "values.yaml",
        "imagePullSecrets:\n  - name: <<regcred>>\ntokenSecretRef:\n  name: <<gitea-token>>\n",
    ),
    (
        "values.yaml",
        "serviceAccountToken: <<projected>>\nautomountServiceAccountToken: <<false>>\n",
    ),
    ("ingress.yaml", "tls:\n- secretName: <<shop-example-com-tls>>\n"),
    ("issuer.yaml", "privateKeySecretRef:\n  name: <<letsencrypt-account-key>>\n"),
    (
        "prometheus.yml",
        "bearer_token_file: <</var/run/secrets/token>>\npassword_file: <</etc/pw>>\n",
    ),
    ("traefik.yml", "certResolver: <<le>>\nkeyType: <<EC384>>\ntlsChallenge: <<{}>>\n"),
    (
        "site.conf",
        'ssl_password_file <</etc/nginx/pw>>;\nsecure_link_md5 "<<$secure_link_expires$uri>>";\n',
    ),
    ("site.conf", "map $http_x_api_key <<$valid_key>> {\n  default <<0>>;\n}\n"),
    (
        "site.conf",
        "auth_request <</auth>>;\nauth_request_set <<$token>> <<$upstream_http_x_token>>;\n",
    ),
    ("pg_hba.conf", "host all all 10.0.0.0/8 <<scram-sha-256>>\nlocal all postgres <<peer>>\n"),
    ("krb5.conf", "default_tgs_enctypes = <<aes256-cts-hmac-sha1-96>>\n"),
    ("sudoers", 'Defaults passwd_timeout=<<0>>, passprompt="<<[sudo] password for %u: >>"\n'),
    (
        "settings.json",
        '{"security.workspace.trust.enabled": <<true>>, "editor.tokenColorCustomizations": <<{}>>}\n',
    ),
    (
        "theme.json",
        '{"tokenColors": [{"scope": "<<keyword.control>>", "foreground": "<<#{h6}>>"}]}\n',
    ),
    ("locale.po", 'msgid "<<Enter your password>>"\nmsgstr "<<Geben Sie Ihr Passwort ein>>"\n'),
    ("en.json", '{"token.expired": "<<Your session has expired>>", "secret": "<<Secret>>"}\n'),
    ("schema.graphql", "type User { token: <<String!>>, passwordHash: <<String>> }\n"),
    ("a.proto", "string password = <<2>>;\nbytes private_key = <<3>>;\n"),
    (
        "model.sql",
        "CREATE TABLE a (token_id <<BIGINT>>, secret <<BYTEA NOT NULL>>, pwd_changed <<DATE>>);\n",
    ),
    ("model.sql", "ALTER TABLE users RENAME COLUMN password TO <<password_hash>>;\n"),
    ("app.log", "10:00 INFO token refreshed for user=<<%w>> expires_in=<<3600>> auth=<<ok>>\n"),
    ("app.log", "10:00 WARN password=<<****>> token=<<<hidden>>> secret=<<[FILTERED]>>\n"),
    ("app.log", "10:00 DEBUG cache key=<<items:page:{d2}>> etag=<<{h8}>> session closed\n"),
    (
        "test.xml",
        '<testcase classname="<<tests.auth.PasswordTest>>" name="<<test_token_refresh>>"/>\n',
    ),
    ("README.md", "Run `export API_KEY=<<<your key>>>` and `app login --token <<$TOKEN>>`.\n"),
    (
        "README.md",
        "### Password <<rotation>>\n\nKeys: <<arrow keys move, q quits>>. Token: <<see below>>.\n",
    ),
    (
        "README.md",
        "| Variable | Default |\n| `DB_PASSWORD` | <<none>> |\n| `SECRET_KEY` | *<<generated>>* |\n",
    ),
    (
        "paper.txt",
        "the key: <<nobody knew>>, the secret: <<kept>>; session: <<Tuesday, 10 a.m.>>\n",
    ),
    ("keys.json", '{"keys": [{"key": "<<ctrl+shift+p>>", "command": "<<workbench.action>>"}]}\n'),
    ("i18n.js", "password: t('<<auth.password.label>>'), pin: t('<<auth.pin>>')\n"),
    (
        "sbom.json",
        '{"bom-ref": "<<{uuid}>>", "hashes": [{"alg": "SHA-256", "content": "<<{h64}>>"}]}\n',
    ),
    (
        "uv.lock",
        '{ url = "f.example/x-1.0", hash = "<<sha256:{h64}>>", size = <<{d6}>> }\n',
    ),
    ("pnpm-lock.yaml", "resolution: {integrity: <<sha512-{b64:64}>>}\n"),
    ("Gemfile.lock", "CHECKSUMS\n  rake (13.0) sha256=<<{h64}>>\n"),
    ("image.yaml", "image: registry.example/app@<<sha256:{h64}>>\n"),
    (
        "jwks.json",
        '{"kty": "EC", "crv": "P-256", "x": "<<{b64url:32}>>", "y": "<<{b64url:32}>>", "kid": "<<{h8}>>"}\n',
    ),
    ("config.yaml", "public_key: <<{b64:32}>>\npubkey_sha256: <<{h64}>>\n"),
    ("config.yaml", "client_id: <<{h20}.apps.example.com>>\napp_id: <<{d6}>>\n"),
    ("feed.xml", '<guid isPermaLink="false"><<{uuid}>></guid>\n'),
    (
        "a.svg",
        '<path d="<<M{d2}.{d2} {d2}.{d2}c{d1}.{d2}-{d1}.{d2} {d2}.{d1} {d1}.{d2} {d2}.{d2}>>"/>\n',
    ),
    ("a.srt", "1\n00:00:0{d1},{d3} --> 00:00:1{d1},{d3}\n<<the password is wrong, she said>>\n"),
)
