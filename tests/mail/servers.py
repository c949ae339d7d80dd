"""A real Postfix and a real Dovecot for one test, on loopback, in a folder of their own."""

from __future__ import annotations

import shutil
import smtplib
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

from tests.gateways.processes import free_port, is_listening, running, wait_for

OUR_DOMAIN = "lapor.test"
CITIZENS = "citizen.test"
PASSWORD = "rahasia"

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.lapor.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
virtual_mailbox_domains = lapor.test pipe.test
virtual_mailbox_maps = static:ok
virtual_transport = lmtp:inet:127.0.0.1:{lmtp_port}
transport_maps = inline:{{ pipe.test=sahut: , gone.test=gone: , citizen.test=lmtp:inet:127.0.0.1:{citizens_port} }}
relay_domains = gone.test citizen.test
recipient_delimiter = +
sahut_destination_recipient_limit = 1
lmtp_destination_concurrency_limit = 8
maillog_file = {folder}/maillog
maillog_file_prefixes = /tmp, {folder}
default_transport = error:nothing leaves this machine
smtputf8_enable = yes
minimal_backoff_time = 2s
maximal_backoff_time = 4s
queue_run_delay = 2s
smtpd_client_connection_count_limit = 0
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
alias_maps =
alias_database =
import_environment = MAIL_CONFIG={folder}/etc TZ
"""
MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 2 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
sahut unix - n n - 4 pipe flags=Rq user=nobody argv={folder}/to-sahut ${{sender}} ${{original_recipient}}
gone unix - n n - 4 pipe flags=Rq user=nobody argv={folder}/gone
"""
# 75 is "try again" (sysexits.h). Without it, curl's own exit codes would bounce the letter.
PIPE = """#!/bin/sh
curl --silent --fail --max-time 20 --output /dev/null \\
    --header "X-Envelope-From: ${{1:-<>}}" --header "X-Envelope-To: $2" --header "Content-Type: message/rfc822" \\
    --header "Authorization: Bearer {secret}" --data-binary @- {url}/hooks/email_mime || exit 75
"""
GONE = "#!/bin/sh\necho '550 5.1.1 user unknown'\nexit 67\n"

DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail/%u
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
postmaster_address = postmaster@citizen.test
hostname = citizen.test
default_internal_user = dovecot
default_login_user = dovenull
auth_username_format = %Lu
recipient_delimiter = +
submission_host = 127.0.0.1:{postfix_port}
passdb {{
  driver = static
  args = password=rahasia
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%u allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
protocol lmtp {{
  mail_plugins = sieve
}}
plugin {{
  sieve = file:{folder}/vacation.sieve
  sieve_vacation_min_period = 0
}}
"""
VACATION = """
require ["vacation", "envelope"];
if envelope :is "to" "cuti@citizen.test" {
  vacation :days 0 :addresses ["cuti@citizen.test"] :subject "Otomatis: sedang cuti" "Saya cuti sampai 1 Desember.";
}
"""


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that other accounts may walk into: mail servers give up being root for each mailbox."""
    with tempfile.TemporaryDirectory(prefix="sahut-mail-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@dataclass(frozen=True)
class Postfix:
    """A running Postfix: takes mail on ``port``, hands what is for us to ``lmtp_port`` or the pipe."""

    folder: Path
    port: int
    lmtp_port: int
    citizens_port: int

    def send(self, *, to: str, text: str, sender: str = "warga@example.id", envelope_from: str | None = None,
             subject: str = "Laporan", **headers: str) -> None:  # fmt: skip
        """One letter of a citizen's, by SMTP."""
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = sender, to, subject
        for name, value in headers.items():
            letter[name.replace("_", "-")] = value
        letter.set_content(text)
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as session:
            session.send_message(letter, sender if envelope_from is None else envelope_from, [to])

    def waiting(self) -> int:
        """How many letters are in the queue."""
        listed = subprocess.run(
            ["/usr/sbin/postqueue", "-c", self.folder / "etc", "-j"], capture_output=True, check=True, timeout=20
        )
        return listed.stdout.count(b"\n")

    def try_again(self) -> None:
        """Look at the queue now."""
        subprocess.run(["/usr/sbin/postqueue", "-c", self.folder / "etc", "-f"], check=True, timeout=20)

    def log(self) -> str:
        written = self.folder / "maillog"
        return written.read_text() if written.exists() else ""


@contextmanager
def running_postfix(folder: Path, *, secret: str = "", web_url: str = "") -> Iterator[Postfix]:
    """Postfix with its own queue. Nothing of it leaves this machine."""
    postfix = Postfix(folder, free_port(), free_port(), free_port())
    for name in ("etc", "spool", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    values = {
        "folder": folder,
        "port": postfix.port,
        "lmtp_port": postfix.lmtp_port,
        "citizens_port": postfix.citizens_port,
    }
    (folder / "etc" / "main.cf").write_text(MAIN_CF.format(**values))
    (folder / "etc" / "master.cf").write_text(MASTER_CF.format(**values))
    for name, script in (("to-sahut", PIPE.format(secret=secret, url=web_url)), ("gone", GONE)):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    with running(["/usr/sbin/postfix", "-c", folder / "etc", "start-fg"], folder=folder, log="postfix.out"):
        wait_for("Postfix", lambda: is_listening(postfix.port))
        try:
            yield postfix
        finally:
            subprocess.run(
                ["/usr/sbin/postfix", "-c", folder / "etc", "stop"], check=False, timeout=30, capture_output=True
            )


@dataclass(frozen=True)
class Dovecot:
    folder: Path
    imap_port: int
    lmtp_port: int

    def deliver(self, raw: bytes, to: str = f"lapor@{CITIZENS}") -> None:
        """Put a letter into a mailbox."""
        with smtplib.LMTP("127.0.0.1", self.lmtp_port) as session:
            session.sendmail("warga@example.id", [to], raw)


@contextmanager
def running_dovecot(folder: Path, *, lmtp_port: int | None = None, postfix_port: int = 9) -> Iterator[Dovecot]:
    """Dovecot with IMAP, LMTP and Sieve; every address has a mailbox, ``cuti@citizen.test`` is on holiday."""
    dovecot = Dovecot(folder, free_port(), lmtp_port or free_port())
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", "nobody", "nogroup")
    (folder / "vacation.sieve").write_text(VACATION)
    (folder / "vacation.sieve").chmod(0o644)
    configuration = folder / "dovecot.conf"
    configuration.write_text(
        DOVECOT.format(
            folder=folder, imap_port=dovecot.imap_port, lmtp_port=dovecot.lmtp_port, postfix_port=postfix_port
        )
    )
    subprocess.run(["/usr/bin/sievec", "-c", configuration, folder / "vacation.sieve"], check=True, capture_output=True)
    (folder / "vacation.svbin").chmod(0o644)
    with running(["/usr/sbin/dovecot", "-F", "-c", configuration], folder=folder, log="dovecot.out"):
        wait_for("Dovecot", lambda: is_listening(dovecot.imap_port) and is_listening(dovecot.lmtp_port))
        yield dovecot
