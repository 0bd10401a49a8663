"""What happens in a run, appended as it happens. A run that has ended can append nothing (it gets MovedOn)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from kanban.domain.authority import Verb
from kanban.domain.message import Message, Opaque, Reply, Role, Stop, ToolCall, Usage
from kanban.domain.seals import Place
from kanban.domain.ticket import Caller
from kanban.domain.tool import ToolStatus
from kanban.errors import MovedOn, NotFound
from kanban.store.authority import acting
from kanban.store.db import Database
from kanban.store.events import record_event

_PROGRESS = """
UPDATE run SET activity_at = ?, turns = turns + ?, prompt_tokens = prompt_tokens + ?,
               completion_tokens = completion_tokens + ?, cached_tokens = cached_tokens + ?,
               reasoning_tokens = reasoning_tokens + ?, cost_usd = cost_usd + ?, cost_unknown = cost_unknown OR ?
WHERE id = ? AND ended_at IS NULL"""

_MESSAGE = """
INSERT INTO message (transcript_id, seq, run_id, role, content, calls, call_id, name, created_at, stop, origin, opaque,
                     status)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_USAGE = """
INSERT INTO usage (run_id, turn, model, prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, cost_usd,
                   created_at)
VALUES (?, (SELECT turns FROM run WHERE id = ?), ?, ?, ?, ?, ?, ?, ?)"""

FREE = Usage(cost_usd=0.0)


@dataclass(frozen=True)
class SealedFiles:
    """The hashes of the files that decide a ticket's checks, by host and path, when the run `run_id` began it.

    `version` is the brief's that names them.
    """

    version: int
    files: Mapping[Place, str]
    created_at: float
    run_id: int


@dataclass(frozen=True)
class Scribe:
    """Where a run writes: its own number, and the run that began its transcript."""

    run_id: int
    transcript_id: int


class Records:
    """Append-only writing of transcripts, usage, started calls, artifacts and memories."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def append_message(self, scribe: Scribe, seq: int, message: Message, now: float) -> None:
        """Append one entry that cost nothing: a prompt, a tool's answer, a nudge."""
        with self._db.write() as tx:
            _progress(tx, scribe.run_id, now)
            _insert_message(tx, scribe, seq, message, now)

    def append_reply(self, scribe: Scribe, seq: int, reply: Reply, now: float) -> None:
        """Append what the model answered, with what it cost; this is one turn."""
        usage = reply.usage
        with self._db.write() as tx:
            _progress(tx, scribe.run_id, now, 1, usage)
            _insert_message(tx, scribe, seq, reply.as_message(), now)
            tx.exec_driver_sql(
                _USAGE,
                (
                    scribe.run_id,
                    scribe.run_id,
                    reply.model,
                    usage.prompt_tokens,
                    usage.completion_tokens,
                    usage.cached_tokens,
                    usage.reasoning_tokens,
                    usage.cost_usd,
                    now,
                ),
            )

    def mark_progress(self, run_id: int, now: float) -> None:
        """Note that the run got something done; output of a long command counts."""
        with self._db.write() as tx:
            _progress(tx, run_id, now)

    def mark_started(self, scribe: Scribe, call_id: str, now: float, approval_id: int | None = None) -> None:
        """Note that a call is about to act, and use up its approval, before it does.

        Raises MovedOn when the call was started before or its approval is not to be had any more.
        """
        with self._db.write() as tx:
            _progress(tx, scribe.run_id, now)
            if approval_id is not None:
                _use_approval(tx, approval_id, now)
            marked = tx.exec_driver_sql(
                "INSERT INTO started_call (transcript_id, call_id, run_id, started_at) VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (scribe.transcript_id, call_id, scribe.run_id, now),
            )
            if marked.rowcount != 1:
                raise MovedOn(f"call {call_id!r} was started before")

    def was_started(self, scribe: Scribe, call_id: str) -> bool:
        """Whether a call of this transcript began to act, in this run or one before."""
        statement = "SELECT 1 FROM started_call WHERE transcript_id = ? AND call_id = ?"
        return bool(self._db.read(statement, (scribe.transcript_id, call_id)))

    def read_transcript(self, transcript_id: int) -> list[Message]:
        """The whole transcript in order."""
        rows = self._db.read(
            "SELECT role, content, calls, call_id, name, stop, status, origin, opaque FROM message "
            "WHERE transcript_id = ? ORDER BY seq",
            (transcript_id,),
        )
        return [_to_message(*row) for row in rows]

    def add_artifact(
        self,
        run_id: int,
        ticket_id: int | None,
        name: str,
        path: str,
        kind: str,
        size: int,
        now: float,
        sha256: str = "",
    ) -> None:
        """Note a file that the run left under the home; `path` is relative to the home, `size` in bytes."""
        with self._db.write() as tx:
            _progress(tx, run_id, now)
            tx.exec_driver_sql(
                "INSERT INTO artifact (ticket_id, run_id, name, path, kind, size, sha256, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (ticket_id, run_id, name, path, kind, size, sha256, now),
            )

    def read_seal(self, ticket_id: int) -> SealedFiles | None:
        """What decided the ticket's checks when it was begun; None for one that was not begun yet."""
        rows = self._db.read("SELECT version, files, created_at, run_id FROM seal WHERE ticket_id = ?", (ticket_id,))
        if not rows:
            return None
        version, files, created_at, run_id = rows[0]
        hashes = {(host, path): sha for host, path, sha in json.loads(files)}
        return SealedFiles(version, hashes, created_at, run_id)

    def keep_seal(self, run_id: int, ticket_id: int, version: int, files: Mapping[Place, str], now: float) -> None:
        """Keep what decides the ticket's checks; it stays the seal of the first run, with what newer checks name."""
        written = json.dumps([[host, path, sha] for (host, path), sha in files.items()])
        with self._db.write() as tx:
            _progress(tx, run_id, now)
            tx.exec_driver_sql(
                "INSERT INTO seal (ticket_id, run_id, version, files, created_at) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (ticket_id) DO UPDATE SET version = excluded.version, files = excluded.files",
                (ticket_id, run_id, version, written, now),
            )

    def remember(self, author: str, run_id: int | None, text: str, now: float) -> None:
        """Keep a thing worth knowing next time; the same text is kept once of each author and purpose of a run.

        What a worker has noted must not keep the same words of the person's from being kept as theirs.
        """
        with self._db.write() as tx:
            tx.exec_driver_sql(
                "INSERT INTO memory (author, run_id, text, created_at) SELECT ?, ?, ?, ? "
                "WHERE NOT EXISTS (SELECT 1 FROM memory LEFT JOIN run ON run.id = memory.run_id WHERE text = ? "
                "AND author = ? AND run.purpose IS (SELECT purpose FROM run WHERE id = ?))",
                (author, run_id, text, now, text, author, run_id),
            )

    def change_memory(self, memory_id: int, text: str, caller: Caller, now: float) -> None:
        """Put other words in a memory's place; the log keeps the old ones. Raises NotFound."""
        with acting(self._db, caller, Verb.CHANGE_MEMORY) as tx:
            record_event(tx, caller, Verb.CHANGE_MEMORY, now, why=f"memory {memory_id}: {_read_memory(tx, memory_id)}")
            tx.exec_driver_sql("UPDATE memory SET text = ? WHERE id = ?", (text, memory_id))

    def forget(self, memory_id: int, caller: Caller, now: float) -> None:
        """Remove a memory; the log keeps its words. Raises NotFound."""
        with acting(self._db, caller, Verb.FORGET) as tx:
            record_event(tx, caller, Verb.FORGET, now, why=f"memory {memory_id}: {_read_memory(tx, memory_id)}")
            tx.exec_driver_sql("DELETE FROM memory WHERE id = ?", (memory_id,))


def _read_memory(tx: Connection, memory_id: int) -> str:
    row = tx.exec_driver_sql("SELECT text FROM memory WHERE id = ?", (memory_id,)).first()
    if row is None:
        raise no_memory(memory_id)
    return str(row.text)


def no_memory(memory_id: int) -> NotFound:
    """The error for a memory that is not there."""
    return NotFound(f"memory {memory_id} does not exist", "`kanban memory list` shows what is kept")


def _progress(tx: Connection, run_id: int, now: float, turns: int = 0, usage: Usage = FREE) -> None:
    values = (
        now,
        turns,
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.cached_tokens,
        usage.reasoning_tokens,
        usage.cost_usd or 0.0,
        usage.cost_usd is None,
        run_id,
    )
    if tx.exec_driver_sql(_PROGRESS, values).rowcount != 1:
        raise MovedOn(f"run {run_id} has ended; it can write nothing any more")


def _insert_message(tx: Connection, scribe: Scribe, seq: int, message: Message, now: float) -> None:
    calls = json.dumps([[call.id, call.name, call.arguments] for call in message.calls]) if message.calls else None
    values = (
        scribe.transcript_id,
        seq,
        scribe.run_id,
        message.role,
        message.content,
        calls,
        message.call_id,
        message.name,
        now,
        message.stop,
        message.opaque.origin if message.opaque else None,
        message.opaque.data if message.opaque else None,
        message.status,
    )
    tx.exec_driver_sql(_MESSAGE, values)


def _to_message(
    role: str,
    content: str,
    calls: str | None,
    call_id: str,
    name: str,
    stop: str,
    status: str,
    origin: str | None,
    data: str | None,
) -> Message:
    made = tuple(ToolCall(*call) for call in json.loads(calls)) if calls else ()
    opaque = Opaque(origin, data) if origin is not None and data is not None else None
    return Message(Role(role), content, made, call_id, name, opaque, Stop(stop), ToolStatus(status))


def _use_approval(tx: Connection, approval_id: int, now: float) -> None:
    used = tx.exec_driver_sql(
        "UPDATE approval SET status = 'used', used_at = ? WHERE id = ? AND status = 'approved'", (now, approval_id)
    )
    if used.rowcount != 1:
        raise MovedOn(f"approval {approval_id} was used already or is not given")
