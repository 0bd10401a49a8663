"""Every part made and joined, here and nowhere else. A part is made when it is first asked for."""

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from kanban.domain.outcome import Purpose
from kanban.domain.ticket import Caller, Mover
from kanban.errors import BoardError, Refused
from kanban.files.halt import LIFT_HINT, read_halt, tell_halt
from kanban.store.store import Store
from kanban.store.tables import REMOTE

if TYPE_CHECKING:
    from kanban.agents.context import Context
    from kanban.agents.loop import Listener
    from kanban.agents.prompts import Prompts
    from kanban.dispatch.daemon import Daemon
    from kanban.dispatch.dispatcher import Dispatcher
    from kanban.dispatch.launchers.fork import ForkServer
    from kanban.dispatch.parts import Parts
    from kanban.dispatch.upkeep import Upkeep
    from kanban.dispatch.warmth import Warmth
    from kanban.domain.profile import Profile
    from kanban.execution.base import Backend
    from kanban.files.home import Home
    from kanban.files.inforce import Live
    from kanban.llm import Model, OnPiece, Script
    from kanban.service.talk import Exchange
    from kanban.store.tables import Artifact, Run


# In which part a run acts; Ginger's purposes are the orchestrator's.
MOVERS = {Purpose.WORK: Mover.RUNNER, Purpose.REVIEW: Mover.CHECKER}


class App:
    """One home with all its parts. Heavy libraries are loaded by the parts that need them, not before."""

    def __init__(self, home: "Home", flags: Mapping[str, Any] | None = None) -> None:
        self.home = home
        self.clock: Callable[[], float] = time.time
        self.busy_seconds = 30.0  # how long a locked board is waited for
        self._flags = dict(flags or {})

    @cached_property
    def store(self) -> Store:
        """The board, brought up to date."""
        return Store(self.upkeep.open_board(self.busy_seconds), lambda: self.live.profiles)

    @cached_property
    def upkeep(self) -> "Upkeep":
        """What keeps the home in order."""
        from kanban.dispatch.upkeep import Upkeep

        return Upkeep(self.home, lambda: self.live.settings, lambda: self.clock())

    @cached_property
    def live(self) -> "Live":
        """What people edit, read again where it changed."""
        from kanban.files.inforce import Live

        return Live(self.home, self._flags)

    @cached_property
    def prompts(self) -> "Prompts":
        from kanban.agents.prompts import Prompts
        from kanban.files.settings import shipped_defaults

        return Prompts(self.home.prompts_folder, shipped_defaults() / "prompts")

    @cached_property
    def secrets(self) -> dict[str, str]:
        """Keys of models and whatever else must not be seen, by name."""
        from kanban.files.settings import secrets

        named = [name for profile in self.live.profiles.values() for name in profile.key_names]
        return secrets(self.home.path, named)

    def run_folder(self, run_id: int) -> Path:
        """Where a run keeps its log, its workspace and long outputs."""
        return self.home.runs / str(run_id)

    def log_file(self, run_id: int) -> Path:
        """The log of a run."""
        return self.run_folder(run_id) / "log"

    def workspace(self, run: "Run") -> Path:
        """Where a run works on this machine."""
        return Path(run.workspace) if run.workspace else self.run_folder(run.id) / "workspace"

    def locate(self, artifact: "Artifact") -> str:
        """Where an artifact is: a path here, or `host:path`."""
        return artifact.path if artifact.kind == REMOTE else str(self.home.path / artifact.path)

    def local_files(self, run_id: int) -> "Backend":
        """The files of this machine, by the paths that a run has for them. Nothing is made."""
        from kanban.execution.local import LocalBackend

        return LocalBackend(self.workspace(self.store.queries.get_run(run_id)), self.live.hosts.local_paths())

    def make_context(self, run_id: int, listener: "Listener", on_piece: "OnPiece | None" = None) -> "Context":
        """What a run works with. Makes its workspace."""
        from kanban.agents.context import Context
        from kanban.files.settings import clean_environment, mark_environment
        from kanban.store.queries import transcript_id
        from kanban.store.records import Scribe
        from kanban.tools.places import Workshop, make_workspace
        from kanban.trust.redact import make_redactor

        run = self.store.queries.get_run(run_id)
        profile = self.live.profile(run.profile).running(run.model)
        folder, workspace = self.run_folder(run_id), make_workspace(self.workspace(run))
        environment = clean_environment(self.secrets) | mark_environment(self.home.path, run_id)
        return Context(
            run=run,
            profile=profile,
            model=self.open_model(profile),
            home=self.home,
            in_force=self.live.current(),
            prompts=self.prompts,
            store=self.store,
            workshop=Workshop(
                self.home.path,
                folder,
                workspace,
                self.live.hosts,
                environment,
                lambda: self._mark_progress(run_id),
                self.live.settings,
                profile,
            ),
            scribe=Scribe(run_id, transcript_id(run)),
            caller=Caller(MOVERS.get(Purpose(run.purpose), Mover.ORCHESTRATOR), profile.name, run_id),
            clock=self.clock,
            redact=make_redactor(self.secrets),
            listener=listener,
            on_piece=on_piece,
        )

    def _mark_progress(self, run_id: int) -> None:
        """Note progress if the board is free: no command waits or ends for the want of a mark."""
        with suppress(BoardError), self.store.db.impatient():
            self.store.records.mark_progress(run_id, self.clock())

    def talk(
        self,
        words: str,
        conversation_id: int | None,
        caller: Caller,
        listener: "Listener",
        on_piece: "OnPiece | None" = None,
    ) -> "Exchange":
        """Have Ginger answer the person's words, here and now; `conversation_id` None begins a new talk."""
        from kanban.service.talk import exchange

        if halted := read_halt(self.home):
            raise Refused(tell_halt(halted), LIFT_HINT)
        ginger = self.live.orchestrator
        model = ginger.find_model(self.store.pauses.active(self.clock())) or ginger.model
        return exchange(
            words,
            conversation_id,
            ginger.running(model),
            caller,
            self.store.runs,
            lambda run_id: self.make_context(run_id, listener, on_piece),
            self.clock(),
            self.live.settings.lease_seconds,
        )

    def open_model(self, profile: "Profile") -> "Model":
        """The model of a profile, with what was learned of it."""
        from kanban.llm import open_model

        return open_model(profile, self.secrets, self._load_script, self.store.windows.all().get(profile.model))

    def probe(self, profile: str, model: str) -> None:
        """Try a paused model with a word, and lift its pause if it answers."""
        from kanban.llm.trial import answers

        if answers(self.open_model(self.live.profile(profile).running(model))):
            self.store.pauses.resume(model, self.clock())

    @cached_property
    def launcher(self) -> "ForkServer":
        """What has runs carried out."""
        from kanban.dispatch.launchers.fork import ForkServer

        command = [sys.executable, "-m", "kanban", "--home", str(self.home.path), "serve-runs"]
        if self._flags.get("read_only"):
            command.append("--read-only")
        return ForkServer(command, self.home.logs / "runs.log", self.home.path, self.home.runs)

    @cached_property
    def dispatcher(self) -> "Dispatcher":
        from kanban.dispatch.dispatcher import Dispatcher

        return Dispatcher(self.parts)

    @cached_property
    def parts(self) -> "Parts":
        """What a tick works with."""
        from kanban.dispatch.parts import Parts

        return Parts(self.store, self.launcher, self.live.current, lambda: read_halt(self.home))

    def make_daemon(self, say: Callable[[str], None]) -> "Daemon":
        """A daemon for this home; `say` is told what it does."""
        from kanban.dispatch.daemon import Daemon
        from kanban.dispatch.leader import can_be_alive
        from kanban.dispatch.runner import this_process
        from kanban.store.leadership import Leadership

        return Daemon(
            self.dispatcher,
            self.store.db,
            Leadership(self.store.db, this_process(), can_be_alive),
            self.clock,
            say,
            self.deliver_notices,
            lambda: self.upkeep.care(self.store.db, say),
            lambda: self.warmth.adjust(60 * self.live.settings.warm_minutes),
        )

    @cached_property
    def warmth(self) -> "Warmth":
        from kanban.dispatch.warmth import SOON, Warmth

        return Warmth(self.launcher, lambda: self.store.due.is_anything_due(self.clock() + SOON))

    def deliver_notices(self) -> int:
        """Carry what is due in the outbox to the person's targets; returns how many notices were delivered."""
        from kanban.connectors.notify import send_notice
        from kanban.dispatch.messenger import deliver_notices

        return deliver_notices(self.store.outbox, self.notify_targets, send_notice, self.clock)

    @property
    def notify_targets(self) -> list[str]:
        """Where notices go, with the `${NAME}`s of secrets filled in."""
        return [Template(target).safe_substitute(self.secrets) for target in self.live.settings.notify]

    def _load_script(self, name: str) -> "Script":
        from kanban.files.yamlfile import load_data
        from kanban.llm import load_script

        return load_script(load_data(self.home.path / "scripts" / f"{name}.yaml"))


def build(path: Path, flags: Mapping[str, Any] | None = None) -> App:
    """The app of the home at `path`. Raises HomeError when there is none."""
    from kanban.files.home import open_home

    return App(open_home(path, _find_wrong_tool), flags)


def _find_wrong_tool(profile: "Profile") -> tuple[int, str] | None:
    """Asked only for a profile that names tools: most do not, and need not wait for the tools to be loaded."""
    from kanban.agents.toolbox import find_wrong_tool

    return find_wrong_tool(profile)
