# scratch of Q1, removed soon
from __future__ import annotations
import json, random, string, sys, re
sys.path.insert(0, str(__import__("pathlib").Path(__file__).parent))
from test_hostile_models import *
from test_hostile_models import server, shop

def w(n=20): return "".join(random.choices(string.ascii_letters+string.digits,k=n))

def look(server, secret):
    raw = server.raw.decode("utf-8","replace")
    return {"plain": secret in raw, "rev": secret[::-1] in raw}

def test_y_exfil(shop, workflow, server):
    ruled(shop, "rounds: 2")
    secret = w()
    shop.commit({"app/settings.py": f'PORT = 1\nPASSWORDS = [\n    "{secret}",\n]\n'})
    code = "from pathlib import Path\n\n\ndef test_it():\n    print(Path('app/settings.py').read_text()[::-1])\n    print(Path('app/settings.py').read_text())\n    assert 0\n"
    server.answers += [files(("tests/test_a.py", code), forecasts=FORECASTS[1:]), files(("tests/test_a.py", code), forecasts=FORECASTS[1:])]
    done = workflow("propose", "Create tests/test_a.py", "--route", "architect", "--json", cwd=shop.path, env=settings(server))
    print(done.exit_status, done.stderr[-300:])
    print("LEAK", look(server, secret), secret[::-1] in done.stdout)
    print(server.arrived[-1].json["messages"][-1]["content"][-1800:])
    assert 0


def test_y_k8s(shop, workflow, server):
    import base64
    ruled(shop, "rounds: 1")
    secret = base64.b64encode(w(12).encode()).decode()
    plain2 = w(9).lower()
    k8s = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  labels:\n    a: b\n    c: d\n    e: f\n    g: h\ndata:\n  first: " + secret + "\nport: 1\n"
    pg = "db.example.test:5432:shop:ada:" + plain2 + "\n# end\n"
    shop.commit({"deploy/k8s.yaml": k8s, "deploy/.pgpass": pg, "deploy/.htpasswd": "ada:" + plain2[::-1] + "\n# end\n"})
    server.answers += [edits(GOOD + edit("deploy/k8s.yaml", "port: 1", "port: 2")+ edit("deploy/.pgpass", "# end", "# End")+ edit("deploy/.htpasswd", "# end", "# End")), edits()]
    a = workflow("propose", WORDS, SITE, "--json", cwd=shop.path, env=settings(server))
    b = workflow("revise", "1", "use 24k", "--json", cwd=shop.path, env=settings(server))
    print(a.exit_status, a.stderr[-300:], b.exit_status, b.stderr[-800:])
    print("LEAK", look(server, secret), look(server, plain2), secret in a.stdout+b.stdout, plain2 in a.stdout+b.stdout, plain2[::-1] in a.stdout)
    print(server.arrived[-1].json["messages"][-1]["content"][-1800:])
    c = workflow("show", "1", cwd=shop.path)
    print("SHOW", secret in c.stdout, plain2 in c.stdout)
    assert 0

def test_y_keyring(shop, workflow, server, tmp_path):
    mark = tmp_path / "mark"
    bad = f"open({str(mark)!r}, 'a').write(__name__)\n"
    shop.commit({n + ".py": bad for n in ("keyring", "sitecustomize", "usercustomize", "openai", "jinja2", "yaml", "httpx2")})
    env = settings(server, "openai") | {"OPENAI_API_KEY": ""}
    for args in (("doctor",), ("propose", WORDS, SITE), ("recipes", "list")):
        d = workflow(*args, cwd=shop.path, env=env)
        print(args, d.exit_status, d.stderr[-200:])
    env = settings(server, "openai")
    server.answers.append(edits())
    d = workflow("propose", WORDS, SITE, cwd=shop.path, env=env)
    print(d.exit_status, d.stdout[-300:], d.stderr[-200:])
    print("MARK", mark.exists() and mark.read_text())
    assert 0

def test_y_empty(shop, workflow, server):
    ruled(shop, "rounds: 1")
    server.answers += [edits("", notes=["it is 16k already, there"]), files(wanted=[(SITE, "raise it")])]
    d = workflow("propose", WORDS, SITE, cwd=shop.path, env=settings(server))
    print(d.exit_status, d.stdout, d.stderr)
    d = workflow("propose", MIXED, SITE, cwd=shop.path, env=settings(server))
    print(d.exit_status, d.stdout, d.stderr)
    assert 0
