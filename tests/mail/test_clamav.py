"""A real ClamAV, with one signature of its own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from intake.attachments import scan
from tests.gateways.processes import free_port, is_listening, running, wait_for
from tests.intake.test_attachments import EICAR
from tests.mail.servers import open_folder

pytestmark = pytest.mark.gateways

CONFIGURATION = """
DatabaseDirectory {folder}/db
TCPSocket {port}
TCPAddr 127.0.0.1
LocalSocket {folder}/clamd.sock
Foreground yes
LogFile {folder}/clamd.log
StreamMaxLength 1M
"""


def test_a_real_scanner_by_both_kinds_of_socket() -> None:
    port = free_port()
    with open_folder() as folder:
        folder.chmod(0o777)
        (folder / "db").mkdir()
        signature = f"{hashlib.md5(EICAR).hexdigest()}:{len(EICAR)}:Eicar-Test\n"
        (folder / "db" / "own.hdb").write_text(signature)
        configuration: Path = folder / "clamd.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder, port=port))
        with running(["/usr/sbin/clamd", "-c", configuration], folder=folder, log="clamd.out"):
            wait_for("clamd", lambda: is_listening(port))
            for address in (f"127.0.0.1:{port}", str(folder / "clamd.sock")):
                assert scan(b"Surat pengaduan", address) == "clean"
                assert scan(EICAR, address) == "infected"
                assert scan(b"", address) == "clean"
