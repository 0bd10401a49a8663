"""Jobs that repeat beside the daemon's loop."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler

THREADS = 4  # one for each job, so that none waits for another


class Schedule:
    """Repeats jobs with APScheduler, which counts by the wall clock: `set_anew` is for when that has stepped."""

    def __init__(self) -> None:
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        pool = {"type": "threadpool", "max_workers": THREADS}
        self._scheduler = BackgroundScheduler(
            {"apscheduler.executors.default": pool}, timezone=UTC, job_defaults=defaults
        )
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a job that is still at it is no news

    def repeat(self, name: str, seconds: float, act: Callable[[], object]) -> None:
        """Call `act` every `seconds`, in a thread of its own, and never while it is still at it. It must not raise."""
        self._scheduler.add_job(act, "interval", seconds=seconds, id=name)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Repeat the jobs inside the block."""
        self._scheduler.start()
        try:
            yield
        finally:
            self._scheduler.shutdown(wait=True)

    def set_anew(self) -> None:
        """Do every job now and count from here: a clock that was set back would have them wait until it is reached."""
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=datetime.now(UTC))
