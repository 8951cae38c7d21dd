"""What crmkit does beside computing: it opens no connection, starts no program, and unpickles nothing.

Python's own audit hooks say so, from below crmkit and the libraries that it uses.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

WORK = """
import json, os, pathlib, pickle, sys, tempfile, warnings

warnings.simplefilter("ignore")
FORBIDDEN = (
    "socket.", "urllib.", "ftplib.", "smtplib.", "http.client.", "subprocess.", "os.system", "os.exec", "os.fork",
    "os.posix_spawn", "pty.", "pickle.", "webbrowser.",
)
seen, watching = [], [False]


def hook(event, arguments):
    if watching[0] and event.startswith(FORBIDDEN):
        seen.append(event)


sys.addaudithook(hook)
os.chdir(tempfile.mkdtemp())
watching[0] = True
import crmkit as ck
from crmkit import audit, backup, encryption, mapping, matching, permissions, quality, reconciliation, sync
from crmkit.testing import generate

people = generate.contacts(120, seed=3, messy=True).columns
report = ck.check(people)
clean, changes = report.fixes().apply(people)
changes.save("changes.jsonl")
found = ck.dedupe(clean)
golden, merges = found.merge()
ck.report(report, changes, found, merges).save("page.html")
matching.Matcher.contacts().fit(people).index(people).save("people.index")
matching.MatchIndex.load("people.index").search({"family_name": people["family_name"][0]})
ck.profile(people), ck.drift(ck.profile(people), ck.profile(golden))
ck.reconcile(people, clean, key="id")
ring = encryption.Keyring.create("acme.keyset", wrapper=encryption.LocalKeyFile.create("kek.key"))
email = encryption.Field("contacts.email", normalizer="email-v1", indexes=[encryption.Index.unique()])
ring.box([email]).encrypt_column(email, people["email"], records=people["id"])
encryption.Keyring.load("acme.keyset", wrapper=encryption.LocalKeyFile("kek.key"))
policy = permissions.preset("hubspot")
view = permissions.Engine(policy, [permissions.Assignment("ann", "super_admin")]).view("ann")
view.allows("read", "contact", {"id": "1"})
with audit.Log.open("log", signer=audit.NoteSigner.generate("crm.example/audit")) as log:
    log.record("contact.read", actor="u", resource=("contact", "1"), outcome="ok")
    log.verify()
dump = pathlib.Path("dump")
dump.mkdir()
(dump / "a.csv").write_text("id")
key = backup.SigningKey.generate()
backup.sign(backup.create(dump, backup.Header(set="crm")), key, seq=1)
backup.verify(dump, keys=[key.public])
assert seen == [], seen
pickle.loads(pickle.dumps(pathlib.PurePath("a")))  # or the hook would see nothing whatever happens
watching[0] = False
print(json.dumps(sorted(set(seen))))
"""


def test_no_connection_no_program_no_pickle(tmp_path: Path) -> None:
    script = tmp_path / "work.py"
    script.write_text(WORK)
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, str(script)], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == ["pickle.find_class"]
