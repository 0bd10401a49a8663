"""How much of a run's prompts comes from a cache: of a server that counts prefixes, as the board books it."""

from collections.abc import Iterator
from itertools import pairwise

from benchmarks.farm import claim_run, loopback_app, play_run, set_worker
from benchmarks.loopback import serve
from benchmarks.measure import Figure
from kanban.agents.toolbox import make_toolbox
from kanban.app import App
from kanban.domain.outcome import Outcome

TURNS = 60
WIDE, NARROW = 400_000, 24_000  # tokens: a window that is never reached, and one that is reached several times


def measure(turns: int = TURNS, narrow: int = NARROW) -> Iterator[Figure]:
    """A run whose requests are never shortened, and one whose requests are shortened time and again."""
    for how, window, target in (("never", WIDE, 0.9), ("several times", narrow, 0.75)):
        with serve("log") as server, loopback_app(server.url) as app:
            set_worker(app, max_turns=turns, window=window)
            used = _play(app)
        shortened = sum(later < earlier for (earlier, _), (later, _) in pairwise(used))
        assert bool(shortened) == (window == narrow), f"shortened {shortened} times in a window of {window} tokens"
        prompts, cached = (sum(tokens) for tokens in zip(*used, strict=True))
        behind = f"{cached:,} of {prompts:,} tokens; shortened {shortened} times, window {window:,}"
        name = f"cached share of {turns} turns, window reached {how}"
        yield Figure(name, cached / prompts, "x", target, at_least=True, behind=behind)


def _play(app: App) -> list[tuple[int, int]]:
    """Tokens of each prompt of a run, and those of them that were cached."""
    context = claim_run(app)
    ending = play_run(app, context, make_toolbox(context))
    assert ending.outcome is Outcome.OUT_OF_TURNS, ending
    statement = "SELECT prompt_tokens, cached_tokens FROM usage WHERE run_id = ? ORDER BY turn"
    return [(prompt, cached) for prompt, cached in app.store.db.read(statement, (context.run_id,))]
