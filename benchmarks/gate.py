"""What judging one command of a host costs, its rows and the search for secrets in what it printed included."""

import subprocess
import time
from collections.abc import Callable, Iterator
from statistics import median

from benchmarks.measure import Figure, compare, time_once
from kanban.domain.profile import Profile
from kanban.domain.tool import AgentRole, GateRule, Tier, place_of_host
from kanban.files.home import Home, load_settings
from kanban.files.settings import shipped_defaults
from kanban.trust.plan import Plan, known_commands
from kanban.trust.policy import Attempt, decide, preload_rules
from kanban.trust.redact import make_redactor
from tests.support.commands import HARMFUL, HARMLESS

ROWS = 200
SECRETS = 50
OUTPUT = "2026-11-20 12:00:00 a line of a log, with nothing to hide\n" * 200
STARTS = 20
TARGET = 1.0


def measure(rounds: int = 5) -> Iterator[Figure]:
    """The median over all commands of the tests, by 200 rows, against starting the shell that would run them."""
    shipped = load_settings(Home(shipped_defaults())).gate
    known = known_commands()
    own = [
        GateRule(tool="shell", argv=rf"own-tool-{number} --\w+ (start|stop)\b", tier=Tier.RISKY, reason="mine")
        for number in range(ROWS - len(shipped) - len(known))
    ]
    preload_rules([*shipped, *own])
    redact = make_redactor({f"KEY_{number}": f"secret-number-{number}" for number in range(SECRETS)})
    pairs = compare(_judge_all(Plan([*own, *shipped], known), redact), _start_bash, rounds)
    behind = f"{1000 * pairs.subject:.2f} ms by {ROWS} rows and {SECRETS} secrets; bash {1000 * pairs.reference:.2f} ms"
    yield Figure("gate and redaction of a command against `bash -c true`", pairs.ratio, "x", TARGET, behind=behind)


def _start_bash() -> float:
    return median(time_once(lambda: subprocess.run(["/bin/bash", "-c", "true"], check=True)) for _ in range(STARTS))


def _judge_all(plan: Plan, redact: Callable[[str], str]) -> Callable[[], float]:
    """Judges every command once and returns the median of the seconds that one took."""
    cody = Profile(name="cody", role=AgentRole.WORKER, model="any")

    def judge_all() -> float:
        taken = []
        for command in (*HARMLESS, *HARMFUL):
            attempt = Attempt("shell", Tier.SAFE, place_of_host("webb"), command, runs_command=True)
            begun = time.perf_counter()
            decide(attempt, cody, plan)
            redact(OUTPUT)
            taken.append(time.perf_counter() - begun)
        return median(taken)

    return judge_all
