"""Hosts on one machine: network namespaces on a bridge, each with its own addresses, links and loopback.

A host loses power, loses its link, or loses the way to one other host, whenever a test says so. The machine itself is
the outside world and the load balancer. What surprises: the house speaks without TLS to loopback only, so the outside
world listens on an address that begins with 127, and the kernel is told to lead it over the bridge.

Needs root and iproute2; ``hosts_may_be_made`` tries it.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_CLONE_NEWNET: Final = 0x40000000


class NoSuchMachine(Exception):
    """This machine does not let us make hosts."""


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"ip {' '.join(words)}: {done.stderr.strip()}"
        raise NoSuchMachine(msg)


def hosts_may_be_made() -> bool:
    """Whether namespaces, bridges and their settings are ours to make on this machine; leaves nothing behind."""
    if shutil.which("ip") is None or shutil.which("nsenter") is None or os.geteuid() != 0:
        return False
    try:
        with network("probe"):
            return True
    except (NoSuchMachine, OSError):
        return False


@dataclass
class Host:
    """``address`` is what other hosts call it by."""

    name: str
    namespace: str
    address: str
    link: str

    def command(self, *words: str, **environ: str) -> list[str]:
        """The words as this host would run them."""
        own = [f"{name}={value}" for name, value in environ.items()]
        return ["nsenter", f"--net=/run/netns/{self.namespace}", "env", *own, *words]

    def cut_off(self) -> None:
        """Its cable is out: nothing comes in or goes out, and nobody says goodbye."""
        _ip("link", "set", self.link, "down")

    def join_again(self) -> None:
        _ip("link", "set", self.link, "up")

    def lose_the_way_to(self, other: Host) -> None:
        """Only what it says to this other host is lost."""
        _ip("-n", self.namespace, "route", "add", "blackhole", f"{other.address}/32")

    def find_the_way_to(self, other: Host) -> None:
        _ip("-n", self.namespace, "route", "del", "blackhole", f"{other.address}/32")

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What this thread starts or opens meanwhile is on this host."""
        setns = ctypes.CDLL(None, use_errno=True).setns
        with (
            Path("/proc/thread-self/ns/net").open("rb") as home,
            Path("/run/netns", self.namespace).open("rb") as there,
        ):
            if setns(there.fileno(), _CLONE_NEWNET):
                raise NoSuchMachine(os.strerror(ctypes.get_errno()))
            try:
                yield
            finally:
                setns(home.fileno(), _CLONE_NEWNET)

    def processes(self) -> list[int]:
        """Everything that runs on it."""
        listed = subprocess.run(["ip", "netns", "pids", self.namespace], capture_output=True, text=True, check=True)
        return [int(pid) for pid in listed.stdout.split()]

    def lose_power(self) -> None:
        """The cable first: whoever it spoke to hears nothing of its end."""
        self.cut_off()
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


@dataclass
class Network:
    """``outside`` is the address on which every host reaches this machine without leaving "loopback"."""

    prefix: str
    bridge: str
    outside: str
    hosts: dict[str, Host] = field(default_factory=dict)

    @property
    def range(self) -> str:
        """All of its addresses."""
        return f"{self.prefix}.0/24"


@contextmanager
def network(*names: str) -> Iterator[Network]:
    """Hosts of these names, gone afterwards with whatever still runs on them. Raises NoSuchMachine."""
    mark = secrets.token_hex(2)
    second, third = 200 + secrets.randbelow(50), 1 + secrets.randbelow(250)
    net = Network(f"10.{second}.{third}", f"sahut{mark}", f"127.{second}.{third}.1")
    with ExitStack() as stack:
        _ip("link", "add", net.bridge, "type", "bridge")
        stack.callback(_ip, "link", "del", net.bridge)
        _ip("addr", "add", f"{net.prefix}.1/24", "dev", net.bridge)
        _ip("link", "set", net.bridge, "up")
        _lead_loopback_over(net.bridge)
        for number, name in enumerate(names):
            host = Host(name, f"sahut{mark}-{name}", f"{net.prefix}.{11 + number}", f"s{mark}{number}")
            _ip("netns", "add", host.namespace)
            stack.callback(_remove, host)
            _connect(net, host)
            net.hosts[name] = host
        yield net


def _connect(net: Network, host: Host) -> None:
    within = ("-n", host.namespace)
    _ip("link", "add", host.link, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
    _ip("link", "set", host.link, "master", net.bridge, "up")
    _ip(*within, "addr", "add", f"{host.address}/24", "dev", "eth0")
    _ip(*within, "link", "set", "eth0", "up")
    _ip(*within, "link", "set", "lo", "up")
    with host.inside():
        _lead_loopback_over("eth0")
    # Of the addresses that begin with 127 only its own 127.0.0.1 stays on the host.
    _ip(*within, "route", "del", "local", "127.0.0.0/8", "dev", "lo", "table", "local")
    _ip(*within, "route", "replace", "local", "127.0.0.1/32", "dev", "lo", "table", "local")
    _ip(*within, "route", "add", f"{net.outside}/32", "via", f"{net.prefix}.1", "src", host.address)


def _lead_loopback_over(link: str) -> None:
    Path(f"/proc/sys/net/ipv4/conf/{link}/route_localnet").write_text("1", encoding="ascii")


def _remove(host: Host) -> None:
    for pid in host.processes():
        os.kill(pid, signal.SIGKILL)
    _ip("netns", "del", host.namespace)
