"""Further places of secrets, as one line each.

`@U @s @c @k @P` are the name as UPPER, snake, camel, kebab and Pascal, `%v` is the value.  They
were written after the rules that they measure, so the first figures of a run with them were honest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.sealing.contexts import Value, put

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from bench.sealing.model import Snippet

# Path, then the text; `~` stands for a line end.
_SHELLS = """
run.bat|@echo off~set @U=%v~call app.exe~
run.bat|set "@U=%v"~
config.fish|set -gx @U "%v"~set -x TZ UTC~
login.csh|setenv @U "%v"~
Makefile|@U := %v~all:~	make x~
Makefile|deploy: export @U = %v~
CMakeLists.txt|set(@U "%v")~
profile.ps1|$env:@U = "%v"~
profile.ps1|$@c = ConvertTo-SecureString "%v" -AsPlainText -Force~
dump.txt|declare -x HOME="/root"~declare -x @U="%v"~
run.sh|declare -A conf=([host]=db [@s]="%v")~
run.sh|@U=%v ./start.sh --port 80~
run.sh|: "${@U:=%v}"~
crontab|@U=%v~0 3 * * * /usr/bin/backup~
run.sh|read -r @s <<< "%v"~
"""
_COMMANDS = """
run.sh|helm upgrade app ./chart --set db.@c=%v --wait~
run.sh|kubectl create secret generic db --from-literal=@k=%v~
run.sh|docker run -d -e @U=%v -p 80:80 app~
run.sh|docker run --env "@U=%v" app~
run.sh|az webapp config appsettings set --settings @U="%v"~
run.sh|heroku config:set @U=%v~
run.sh|fly secrets set @U="%v"~
run.sh|gh secret set @U --body "%v"~
run.sh|aws ssm put-parameter --name /app/@k --type SecureString --value "%v"~
run.sh|vault kv put secret/db @s="%v"~
run.sh|ansible-playbook site.yml -e "@s=%v"~
run.sh|wget --http-user=deploy --http-password='%v' https://a.example.com/x~
run.sh|http POST https://a.example.com/ X-@P:%v~
run.sh|openssl rsa -in key.pem -passin pass:%v~
run.sh|gpg --batch --passphrase '%v' -d x.gpg~
run.sh|ldapsearch -x -D cn=admin -w '%v' -b dc=corp~
run.sh|smbclient //srv/share -U 'deploy%%v'~
run.sh|psql "host=db user=app password=%v dbname=shop"~
run.sh|sqlcmd -S db -U sa -P '%v'~
run.sh|mongosh --username app --password '%v' --host db~
run.sh|java -Ddb.@c=%v -jar app.jar~
run.sh|curl --data '{"@s": "%v"}' https://a.example.com/login~
run.sh|curl -d "user=app" -d "@s=%v" https://a.example.com/login~
run.sh|curl --cookie "sessionid=%v" https://a.example.com/~
"""
_CONFIGS = """
flow.yaml|db: {host: db1, @s: %v, port: 5432}~
anchor.yaml|defaults: &d~  @s: &pw "%v"~
tag.yaml|db:~  @s: !!str "%v"~
docker-compose.yml|    labels:~      - "traefik.http.middlewares.a.@k=%v"~
prometheus.yml|basic_auth:~  username: app~  password: '%v'~
prometheus.yml|    authorization:~      credentials: %v~
playbook.yml|- mysql_user: name=app password="%v" state=present~
site.pp|class { 'db': host => 'db1', @s => '%v' }~
default.rb|default['db']['@s'] = '%v'~
configuration.nix|services.db = { host = "db1"; @c = "%v"; };~
application.conf|db { host = db1, @k = "%v" }~
httpd.conf|SetEnv @U "%v"~
httpd.conf|RequestHeader set X-@P "%v"~
haproxy.cfg|    http-request set-header Authorization "Bearer %v"~
logstash.conf|output { elasticsearch { user => "app" @s => "%v" } }~
build.gradle|    @c = "%v"~    keyAlias = "release"~
build.gradle|    @c '%v'~
gradle.properties|@c=%v~org.gradle.daemon=true~
Caddyfile|header_up Authorization "Bearer %v"~
grafana.ini|[auth.generic_oauth]~;@s = %v~
php.ini|mysqli.default_pw = "%v"~
my.ini|[client]~password="%v"~
.Renviron|@U=%v~
app.yaml|env_variables:~  @U: '%v'~
serverless.yml|  environment:~    @U: "%v"~
settings.reg|[HKEY_LOCAL_MACHINE\\Software\\App]~"@P"="%v"~
asterisk.conf|[100]~type=friend~secret=%v~host=dynamic~
odoo.conf|[options]~admin_passwd = %v~
Jenkinsfile|withEnv(["@U=%v", "TZ=UTC"]) { sh 'make' }~
"""
_CODE = """
app.lua|local @s = "%v"~
app.pl|my $@s = '%v';~$conf{@s} = '%v';~
app.ex|config :app, @s: "%v"~
core.clj|(def config {:host "db" :@k "%v"})~
App.scala|val @c: String = "%v"~
App.swift|let @c = "%v"~
main.dart|final String @c = '%v';~
analysis.R|@s <- "%v"~
App.m|NSString *@c = @"%v";~
App.vb|Dim @c As String = "%v"~
app.cpp|std::string @s{"%v"};~const auto @cOther = std::string("%v");~
app.groovy|def @c = '%v'~
app.ts|export default { db: { host: 'db', '@k': '%v' } };~
app.js|axios.get(u, { headers: { 'X-@P': '%v' } });~
app.js|localStorage.setItem('@c', '%v');~
app.py|os.environ.setdefault("@U", "%v")~
app.py|monkeypatch.setenv("@U", "%v")~
app.py|requests.get(u, auth=("deploy", "%v"))~
app.py|@s = b"%v"~
app.py|parser.add_argument("--@k", default="%v")~
app.py|if request.headers["X-@P"] != "%v":~    raise Denied~
app.go|os.Setenv("@U", "%v")~
app.go|req.SetBasicAuth("deploy", "%v")~
App.java|System.setProperty("db.@c", "%v");~
App.java|.withPassword("%v").build();~
App.cs|new NetworkCredential("deploy", "%v")~
a.graphql|mutation { login(user: "app", @c: "%v") { id } }~
a.proto|option (@s) = "%v";~
a.php|'@s' => env('@U', '%v'),~
"""
_MARKUP = """
info.plist|<dict>~<key>@c</key>~<string>%v</string>~</dict>~
beans.xml|<bean id="ds">~  <property name="@c" value="%v"/>~</bean>~
strings.xml|<resources>~  <string name="@s">%v</string>~</resources>~
server.xml|<Resource name="jdbc/shop" username="app" password="%v" driverClassName="x"/>~
collection.json|{"auth": {"bearer": [{"key": "token", "value": "%v", "type": "string"}]}}~
har.json|{"headers": [{"name": "Authorization", "value": "Bearer %v"}]}~
har.json|{"cookies": [{"name": "sessionid", "value": "%v", "httpOnly": true}]}~
openapi.yaml|      example:~        user: app~        @s: %v~
launch.json|{"env": {"@U": "%v"}, "request": "launch"}~
data.json|{"key": "@s", "value": "%v"}~
page.html|<input type="hidden" name="@s" value="%v">~
page.html|<meta name="@k" content="%v">~
page.html|<script>window.@U = "%v";</script>~
"""
_DUMPS = """
app.log|Config(host='db', @s='%v', port=5432)~
app.log|Config{host=db, @c=%v, port=5432}~
app.log|{'host': 'db', '@s': '%v', 'port': 5432}~
trace.txt|  File "a.py", line 3, in login~    connect("db", @s="%v")~
trace.txt|Locals: user = 'app'~        @s = '%v'~
app.log|level=debug msg="env" @U=%v TZ=UTC~
app.log|10:00 > PUT /session {"@c":"%v"}~10:00 < 204~
users.csv|name,@s,role~ada,%v,admin~
users.tsv|name	@s~ada	%v~
table.txt| name | @s~------+------~ ada  | %v~
seed.sql|INSERT INTO users (name, @s) VALUES ('ada', '%v');~
seed.sql|UPDATE users SET @s='%v', name='ada';~
env.txt|PATH=/usr/bin~@U=%v~SHLVL=1~
inspect.json|{"Env": ["PATH=/usr/bin", "@U=%v"]}~
vars.txt|@U -> %v~
phpinfo.txt|@U => %v~HOME => /root~
"""
_TALK = """
chat.txt|<ada> pw: %v~<bob> thanks~
chat.txt|ada: the new password is "%v"~
mail.txt|Your temporary password is: %v~~Regards~
mail.txt|Username: ada~Password: %v~URL: https://a.example.com/~
notes.md|- login: ada / password: `%v`~
notes.md|Use the API key `%v` for staging.~
notes.md|export @U=%v   <- put this into your profile~
notes.md|user `ada`, pass `%v`~
issue.md|It fails with token "%v" since yesterday.~
wiki.md|h2. Access~|| user || password ||~| ada | %v |~
commit.txt|Rotate @s from %v~
todo.py|# TODO remove: old @s was "%v"~
"""
_INDIRECT = """
app.py|login(page, "ada@example.com", password := "%v")~
app.py|PASSWORDS = {"ada": "%v"}~
app.py|assert verify(user.password, "%v")~
app.py|cfg.set("db", "@s", "%v")~
app.py|driver.find_element(By.ID, "password").send_keys("%v")~
app.py|redis.Redis(host="db").auth("%v")~
app.js|await page.fill('#password', '%v');~
app.js|jwt.sign(payload, '%v');~
app.js|crypto.createHmac('sha256', '%v')~
app.js|app.use(session({ secret: '%v', resave: false }));~
app.js|cy.get('input[name=password]').type('%v')~
App.java|DriverManager.getConnection(url, "app", "%v");~
App.java|@Value("${app.@k:%v}")~
App.cs|builder.Configuration["@P"] = "%v";~
main.go|jwt.Parse(t, func(*jwt.Token) (any, error) { return []byte("%v"), nil }) // @s~
main.rs|.header("X-@P", "%v")~
app.rb|config.action_mailer.smtp_settings = { user_name: "app", @s: "%v" }~
app.php|mysqli_connect("db", "app", "%v", "shop"); // @s~
a.ahk|@c := "%v"~
deploy.tf|  default_value = { @s = "%v" }~
main.bicep|param @c string = '%v'~
template.json|"parameters": {"@c": {"value": "%v"}}~
pipeline.yml|- bash: deploy --@k '%v'~
azure.yml|variables:~- name: @c~  value: '%v'~
circle.yml|environment:~  - @U: "%v"~
buildspec.yml|env:~  variables:~    @U: "%v"~
Vagrantfile|config.ssh.password = "%v"~
preseed.cfg|d-i passwd/user-password password %v~
ks.cfg|rootpw --plaintext %v~
unattend.xml|<AdministratorPassword><Value>%v</Value></AdministratorPassword>~
dovecot.conf|ldap: dnpass = %v~
krb.txt|kinit admin <<< '%v'~
isc.conf|key "ddns" { algorithm hmac-sha256; secret "%v"; };~
rabbit.conf|default_pass = %v~
freeradius.conf|client nas { ipaddr = 10.0.0.1~  secret = %v~}~
snmpd.conf|rouser ops~createUser ops SHA "%v" AES~
mosquitto.sh|mosquitto_pub -u app -P '%v' -t x~
run.sh|nmcli dev wifi connect Office password '%v'~
run.sh|echo 'ada:%v' | chpasswd~
run.sh|printf '%v' | docker login -u app --password-stdin~
run.sh|sudo -S ls <<< "%v" # password~
run.sh|restic --password-command "echo %v" backup /~
slack.txt|creds for staging: ada / %v~
ticket.md|**Credentials**: admin:%v~
ticket.md|The database password was changed to %v yesterday.~
notes.org|* Server~  :PASSWORD: %v~
"""
_NEVER = set("\"'\\`$&<>|{}[];, \n%^*~()!#=")


def _context(table: str) -> Callable[[random.Random, Value], Snippet | None]:
    rows = [line.split("|", 1) for line in table.strip("\n").splitlines()]

    def make(rng: random.Random, value: Value) -> Snippet | None:
        if set(value.text) & _NEVER:
            return None
        path, text = rng.choice(rows)
        text = text.replace("~", "\n")
        for sign, style in _STYLES.items():
            text = text.replace(sign, value.name(rng, style))
        before, *between, after = text.split("%v")
        pieces = value.pieces
        for part in between:
            pieces = (*pieces, *put("", part, value.pieces, "").pieces)
        return put(path, before, pieces, after, "")

    return make


_STYLES = {"@U": "UPPER", "@s": "snake", "@c": "camel", "@k": "kebab", "@P": "Pascal"}
CONTEXTS = {
    "more-shells": _context(_SHELLS),
    "more-commands": _context(_COMMANDS),
    "more-configuration": _context(_CONFIGS),
    "more-code": _context(_CODE),
    "more-markup": _context(_MARKUP),
    "more-dumps": _context(_DUMPS),
    "more-talk": _context(_TALK),
    "more-indirect": _context(_INDIRECT),
}
