"""What needs hosts of its own is collected only where they may be made."""

from __future__ import annotations

from tests.chaos.hosts import hosts_may_be_made

collect_ignore = [] if hosts_may_be_made() else ["test_hosts.py"]
