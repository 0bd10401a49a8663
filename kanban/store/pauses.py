"""Paused models: a provider that is out of quota or down pauses its model, not the tickets that need it.

A pause that no provider asked for is probed meanwhile, so that credit bought is found without anybody's help.
"""

import random
from dataclasses import dataclass

from sqlalchemy import Connection

from kanban.domain.outcome import LONGEST_PAUSE, Ending, measure_pause
from kanban.store.db import Database
from kanban.store.outbox import record_notice

FORGOTTEN_AFTER = 3600.0  # seconds after the end of a pause until another one is new trouble
PROBE_AFTER = 300.0  # seconds between two small tries of a paused model
JITTER = 0.2  # the share of a pause that is left to chance, so that many runs do not come back at once

_PAUSE = """
INSERT INTO model_pause (model, since, until, strikes, outcome, why, probe_at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (model) DO UPDATE SET since = excluded.since, until = excluded.until, strikes = excluded.strikes,
                                  outcome = excluded.outcome, why = excluded.why, probe_at = excluded.probe_at"""


@dataclass(frozen=True)
class Pause:
    """Until when (seconds since the epoch) a model is left alone, and the provider's own words why.

    `probe_at` is when a small try may find it well again; None where the provider itself named the time.
    """

    model: str
    since: float
    until: float
    strikes: int
    outcome: str
    why: str
    probe_at: float | None = None


class Pauses:
    """Reads and lifts pauses; the end of a run makes them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def active(self, now: float) -> dict[str, Pause]:
        """The models that are paused now, by name."""
        rows = self._db.read("SELECT * FROM model_pause WHERE until > ?", (now,))
        return {row.model: Pause(**row._mapping) for row in rows}

    def resume(self, model: str, now: float) -> bool:
        """Lift a pause and let the tickets go that wait for its end; False if the model is not paused."""
        with self._db.write() as tx:
            lifted = tx.exec_driver_sql("DELETE FROM model_pause WHERE model = ? RETURNING until", (model,)).first()
            if lifted is None or lifted.until <= now:
                return False
            tx.exec_driver_sql(
                "UPDATE ticket SET not_before = 0 WHERE status = 'ready' AND not_before > ? AND not_before <= ?",
                (now, lifted.until),
            )
            return True

    def take_probe(self, model: str, now: float) -> bool:
        """Claim the next small try of a paused model; False if it is not due or another process took it."""
        with self._db.write() as tx:
            taken = tx.exec_driver_sql(
                "UPDATE model_pause SET probe_at = ? WHERE model = ? AND until > ? AND probe_at <= ?",
                (now + PROBE_AFTER, model, now, now),
            )
            return taken.rowcount == 1


def pause_model(tx: Connection, model: str, ending: Ending, now: float, longest: float = LONGEST_PAUSE) -> float:
    """Pause a model that turned a run away and return until when; one pause and one notice, however many runs meet it.

    What the provider asks for (`ending.retry_after`, seconds) is kept, up to `longest`; without its word, trouble that
    comes back soon doubles the pause.
    """
    known = tx.exec_driver_sql("SELECT until, strikes FROM model_pause WHERE model = ?", (model,)).first()
    if known is not None and known.until > now:
        until = max(known.until, now + min(ending.retry_after or 0.0, longest))
        tx.exec_driver_sql("UPDATE model_pause SET until = ? WHERE model = ?", (until, model))
        return float(until)
    again = known is not None and now - known.until < FORGOTTEN_AFTER
    strikes = known.strikes + 1 if known is not None and again else 1
    length = measure_pause(strikes, ending.retry_after, longest) * (1 + JITTER * random.random())
    until = now + min(length, longest)
    probe_at = now + PROBE_AFTER if ending.retry_after is None else None
    tx.exec_driver_sql(_PAUSE, (model, now, until, strikes, ending.outcome, ending.explanation, probe_at))
    told = f"model {model} is paused for {until - now:.0f} s ({ending.outcome}): {ending.explanation}"
    record_notice(tx, f"model:{model}:{now}", told, now)
    return until


def forget_pause(tx: Connection, model: str, now: float) -> None:
    """A run of the model went well: the next trouble is new trouble. What ends during a pause had begun before it."""
    tx.exec_driver_sql("DELETE FROM model_pause WHERE model = ? AND until <= ?", (model, now))
