"""How well the lint tells vague briefs from whole ones, over the corpus of the tests. No machine changes it."""

from collections.abc import Iterator

from benchmarks.measure import Figure
from kanban.briefs.lint import lint
from kanban.files.home import Home, load_profiles, load_rubric
from kanban.files.settings import shipped_defaults
from tests.support.corpus import list_vague, list_whole

HOSTS = ["webb", "musial"]
TARGET = 0.95


def measure() -> Iterator[Figure]:
    """Precision: what share of the briefs that come back are vague; recall: what share of the vague ones come back."""
    home = Home(shipped_defaults())
    profiles = load_profiles(home)
    rubric = load_rubric(home, profiles)
    whole, vague = list(list_whole()), [draft for _, draft in list_vague()]
    passed = {
        id(draft): lint([draft], hosts=HOSTS, profiles=profiles, rubric=rubric)[0].passed for draft in [*whole, *vague]
    }
    caught, wronged = sum(not passed[id(draft)] for draft in vague), sum(not passed[id(draft)] for draft in whole)
    behind = f"{len(whole)} whole briefs, {len(vague)} vague ones"
    yield Figure("precision of the lint", caught / max(caught + wronged, 1), "x", TARGET, at_least=True, behind=behind)
    yield Figure("recall of the lint", caught / len(vague), "x", TARGET, at_least=True, behind=behind)
