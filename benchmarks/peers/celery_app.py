"""The Celery application whose one task notes the time. It reads where the broker is and where to note it."""

import os
import struct
import time

import celery  # type: ignore[import-not-found] # installed by the benchmark itself

NOTES = os.environ["BENCH_NOTES"]

app = celery.Celery("bench", broker=os.environ["BENCH_BROKER"])
app.conf.update(task_ignore_result=True, task_acks_late=True, worker_hijack_root_logger=False)
# All that waits is taken in: with its own setting, what is due stands behind what is far from due.
app.conf.worker_prefetch_multiplier = 0


def _note() -> None:
    # One small write to the end of a file, from whichever process of the pool: whole or not at all.
    line = os.open(NOTES, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(line, struct.pack("d", time.time()))
    os.close(line)


due = app.task(name="due")(_note)
