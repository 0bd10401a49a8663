"""Playing a ticket with a real model, and writing down how it went."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from kanban.app import App, build
from kanban.domain.host import Host
from kanban.domain.message import Message
from kanban.domain.outcome import LONGEST_PAUSE, Purpose
from kanban.domain.ticket import THE_PERSON, Status
from kanban.files.home import init_home
from kanban.files.yamlfile import edit_yaml
from kanban.store.tables import Run
from tests.real.tickets import Piece
from tests.support.daemon import wait_for
from tests.support.home import edit_profile, write_hosts

WORKER = "cody"
LONGEST_RUN = 65 * 60  # seconds; two busy cores can need ten minutes for the first turn alone
LONGEST_STORY = 5 * 60 * 60  # with what the board does about a run that failed


def make_real_home(path: Path, url: str, folder: Path, **of_profiles: object) -> App:
    """A home from the shipped defaults in which every profile's model is the one at `url`; runs may change `folder`."""
    init_home(path)
    for file in (path / "profiles").glob("*.yaml"):
        changes = {"model": "openai/qwen2.5-coder", "api_base": url, "api_key_env": None, **of_profiles}
        edit_profile(path, file.stem, **changes)
    edit_yaml(path / "kanban.yaml", lambda data: data.update(slots=1))
    write_hosts(path, {"local": Host(paths={str(folder): "what the tickets are about"})})
    return build(path)


@dataclass(frozen=True)
class Played:
    """How one run of one ticket went."""

    piece: str
    outcome: str
    error: str
    turns: int
    seconds: float
    prompt_tokens: int
    completion_tokens: int


class Stage:
    """Plays pieces on one board, one at a time, each in a folder of its own; `record` is where transcripts are kept."""

    def __init__(self, home: App, folder: Path, record: Path | None) -> None:
        self.home = home
        self._folder = folder
        self._record = record
        self._count = 0

    def file(self, piece: Piece) -> int:
        self._count += 1
        folder = self._folder / f"{piece.name}-{self._count}"
        folder.mkdir(parents=True)
        return piece.file(self.home, folder, WORKER)

    def play(self, piece: Piece) -> Played:
        """Play the first run of a ticket to its end; what the board would try after it is not waited for."""
        ticket = self.file(piece)
        run = self.wait_for_first_run(ticket)
        if self.home.store.queries.get_ticket(ticket).status != Status.DONE:
            self.home.store.board.cancel(ticket, THE_PERSON, self.home.clock(), "one run is enough")
        return self.write_down(piece, run)

    def play_out(self, ticket: int) -> str:
        """Wait until the board has nothing left to try about anything, and return the ticket's status."""
        wait_for(self.home, self._has_nothing_left, seconds=LONGEST_STORY)
        return self.home.store.queries.get_ticket(ticket).status

    def _has_nothing_left(self) -> bool:
        return not self.home.store.due.is_anything_due(self.home.clock() + LONGEST_PAUSE)

    def wait_for_first_run(self, ticket: int) -> Run:
        """The first run of a ticket that did its work, once it has ended."""
        run = wait_for(self.home, lambda: self._find_first_ended(ticket), seconds=LONGEST_RUN)
        assert run is not None
        return run

    def _find_first_ended(self, ticket: int) -> Run | None:
        runs = self.home.store.queries.runs_of_ticket(ticket)
        return next((run for run in runs if run.purpose == Purpose.WORK and run.ended_at is not None), None)

    def write_down(self, piece: Piece, run: Run) -> Played:
        """How the run went, and its transcript in the folder of records."""
        assert run.ended_at is not None
        seconds = round(run.ended_at - run.started_at, 1)
        played = Played(
            piece.name, run.outcome or "", run.error, run.turns, seconds, run.prompt_tokens, run.completion_tokens
        )
        print(played, flush=True)
        if self._record is not None:
            self._record.mkdir(parents=True, exist_ok=True)
            with (self._record / "runs.jsonl").open("a") as lines:
                lines.write(json.dumps(asdict(played)) + "\n")
            name = f"{run.started_at:.0f}-{piece.name}-{run.outcome}.md"
            (self._record / name).write_text(self._tell(run))
        return played

    def _tell(self, run: Run) -> str:
        return "\n\n".join(map(_tell_message, self.home.store.queries.transcript(run)))


def _tell_message(message: Message) -> str:
    calls = "".join(f"\n-> {call.name} {call.arguments}" for call in message.calls)
    return f"## {message.role} {message.name}\n\n{message.content}{calls}"
