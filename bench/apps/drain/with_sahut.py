"""``python -m bench.apps.drain.with_sahut``: a worker of ours on the promises to read, until it is ended.

What a worker does on a wake-up, without the wake-up: RQ is asked once in half a second when there is a backlog.
"""

from __future__ import annotations

import os
import time

from bench.apps.drain.job import runtime_of
from intake.storage.outbox import Job
from workers import jobs

if __name__ == "__main__":
    rt = runtime_of(os.getpid())
    while True:
        if not jobs.carry_out(rt, Job.PROCESS):
            time.sleep(0.05)
