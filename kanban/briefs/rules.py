"""The rules that one draft is held to. Each yields findings that say what to write instead."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from kanban.briefs import wording
from kanban.briefs.breadth import find_counted, find_lists, find_unbounded
from kanban.briefs.checks import find_check_problem
from kanban.briefs.findings import finding, list_names, shorten, suggest
from kanban.domain.brief import LOCAL, Brief, Criterion, Finding, Target, TicketDraft
from kanban.domain.profile import Profile
from kanban.domain.rubric import Breadth
from kanban.domain.ticket import DEFAULT_ASSIGNEE, RESERVED_ASSIGNEES
from kanban.domain.tool import AgentRole

SHORTEST_GOAL = 20  # characters

# What a ticket may need that an orchestrator never gives, whatever its profile claims.
HANDS = frozenset(
    {"shell", "ssh", "code", "coding", "debug", "debugging", "edit", "edit_file", "write_file", "files", "single-file"}
    | {"deploy", "restart", "system", "systems", "ui", "css"}
)

_PLACEHOLDERS = (
    (re.compile(r"[*?]"), "a pattern"),
    (re.compile(r"<[^<>]*>|\{[^{}]*\}|\$\{?[A-Z]"), "a placeholder"),
    (re.compile(r"\.\.\.|…|\bpath/to/"), "a placeholder"),
    (re.compile(r"^(?:the|all|any|each|every|some)\s", re.IGNORECASE), "a description"),
)
_DOCUMENTS = frozenset({"md", "txt", "rst", "adoc", "docx", "odt", "csv"})
_RUNS_TESTS = re.compile(
    r"\b(?:pytest|py\.test|unittest|tox|nox|jest|vitest|rspec|phpunit|bats|ctest|gradle\w* test|mvn\b.*\btest)\b"
    r"|\b(?:npm|pnpm|yarn|cargo|go|make|just|task|bundle exec|rake|mix|dotnet|swift|zig build)\s+(?:run\s+)?(?:\w+:)?"
    r"(?:test|tests|check|spec)\b"
)
_HOST_IN_PATH = re.compile(r"^(?:[\w.-]{1,64}@)?([A-Za-z0-9][\w.-]{1,62}):(?=[/~])")
_FROM_ROOT = re.compile(r"/|[A-Za-z]:[\\/]")
_COMMON_WORDS = frozenset(
    {"the", "and", "with", "that", "this", "from", "for", "into", "onto", "are", "was", "must", "should", "has", "have"}
    | {"all", "each", "every", "its", "file", "files", "new", "update", "updated", "create", "created", "local", "host"}
    | {"contain", "contains", "containing"}
)


def check_parts(brief: Brief) -> Iterator[Finding]:
    if len(brief.goal) < SHORTEST_GOAL:
        message = f"“{brief.goal}” is too short: say in one sentence what is true when it is done"
        yield finding("missing-part", "goal", message)
    if not (brief.steps or brief.research):
        yield finding("missing-part", "steps", "no steps: write what to do, in order, one action a step")
    if not (brief.deliverables or brief.output_format):
        message = "nothing is handed over: name each file or text that must exist at the end"
        yield finding("missing-part", "deliverables", message)
    if not brief.criteria:
        yield finding("missing-part", "criteria", "no criteria: say what must hold at the end, with a check command")
    if not brief.targets and (path := _first_file_path(brief.deliverables)):
        yield finding("missing-part", "targets", f"“{shorten(path)}”: name it in targets, with its host")


def check_targets(targets: Sequence[Target]) -> Iterator[Finding]:
    for position, target in enumerate(targets):
        if problem := _find_path_problem(target):
            yield finding("target-path", f"targets[{position}].path", f"“{shorten(target.path)}” {problem}")


def check_hosts(brief: Brief, hosts: Collection[str]) -> Iterator[Finding]:
    named = [(f"targets[{position}].host", target.host) for position, target in enumerate(brief.targets)]
    named += [(f"criteria[{position}].host", criterion.host) for position, criterion in enumerate(brief.criteria)]
    known = {LOCAL, *hosts}
    for place, host in named:
        if host not in known:
            message = f"no host is called “{shorten(host)}”; {suggest(host, known)}known: {list_names(known)}"
            yield finding("unknown-host", place, message)


def check_criteria(brief: Brief, hosts: Collection[str]) -> Iterator[Finding]:
    for position, criterion in enumerate(brief.criteria):
        yield from _check_criterion(f"criteria[{position}]", criterion, hosts)
        if not criterion.command and _repeats(criterion.text, brief.goal):
            message = f"“{shorten(criterion.text)}” repeats the goal: say how it shows that it is reached, with a check"
            yield finding("uncheckable-criterion", f"criteria[{position}]", message)
    if brief.targets and brief.criteria and all(criterion.check is None for criterion in brief.criteria):
        message = "files are changed and no criterion has a check: give a command whose exit status decides it"
        yield finding("uncheckable-criterion", "criteria", message)


def check_deliverables(brief: Brief) -> Iterator[Finding]:
    if not brief.criteria:
        return
    if any(_RUNS_TESTS.search(criterion.command) for criterion in brief.criteria):
        return  # the tests decide whatever it is called
    checked = _telling_words(" ".join(f"{criterion.text} {criterion.check or ''}" for criterion in brief.criteria))
    for position, deliverable in enumerate(brief.deliverables):
        words = _telling_words(deliverable)
        if words and not words & checked:
            message = f"“{shorten(deliverable)}”: no criterion is about it; add one that names it, with a check"
            yield finding("deliverable-without-criterion", f"deliverables[{position}]", message)


def check_breadth(draft: TicketDraft, profiles: Mapping[str, Profile], breadth: Breadth) -> Iterator[Finding]:
    if draft.assignee == DEFAULT_ASSIGNEE:
        return  # it asks to be split
    brief = draft.brief
    if len(brief.targets) > breadth.targets:
        message = f"{len(brief.targets)} targets, and one ticket takes at most {breadth.targets}"
        yield finding("too-broad", "targets", f"{message}: split it into one ticket per unit")
    profile = profiles.get(draft.assignee)
    limit = min(breadth.est_turns, profile.max_turns) if profile else breadth.est_turns
    if brief.est_turns > limit:
        whose = f"{profile.name} has" if profile and limit == profile.max_turns else "one ticket takes at most"
        message = f"{brief.est_turns} turns, and {whose} {limit}: split it into one ticket per unit"
        yield finding("too-broad", "est_turns", message)


def check_branches(brief: Brief) -> Iterator[Finding]:
    """Steps are flat: one way, in order."""
    for place, text in [("goal", brief.goal), *((f"steps[{at}]", step) for at, step in enumerate(brief.steps))]:
        for slip in wording.find_branches(text):
            yield finding(slip.code, place, slip.message)


def check_named_breadth(draft: TicketDraft, breadth: Breadth) -> Iterator[Finding]:
    """More work in the words than in the targets: `26 manufacturers` behind one folder."""
    if draft.assignee == DEFAULT_ASSIGNEE:
        return  # it asks to be split
    targets, split = len(draft.brief.targets), "split it into one ticket per unit, or name each among the targets"
    for place, text in (("title", draft.title), ("goal", draft.brief.goal)):
        masked = wording.mask_quoted(text)
        if counted := find_counted(masked, max(targets, breadth.targets)):
            yield finding("too-broad", place, f"“{shorten(counted[0])}” and {targets} targets: {split}")
        elif _may_hide_more(draft.brief.targets) and (unbounded := find_unbounded(masked)):
            yield finding("too-broad", place, f"“{shorten(unbounded)}”: say which, and {split}")
        for listed, count in find_lists(masked, max(targets, breadth.targets)):
            yield finding(
                "too-broad", place, f"“{shorten(listed)}” names {count}, and there are {targets} targets: {split}"
            )


def _may_hide_more(targets: Sequence[Target]) -> bool:
    """Whether one place stands for any number of texts; in one file of code, `all pages` is one change."""
    if len(targets) != 1:
        return not targets
    _, dot, extension = targets[0].path.rstrip("/").rpartition("/")[2].rpartition(".")
    return not dot or extension.casefold() in _DOCUMENTS


def check_category(draft: TicketDraft, known: Collection[str]) -> Iterator[Finding]:
    """A category that no rule knows would send the ticket wherever nothing else fits; so would none."""
    brief = draft.brief
    if known and not brief.category.strip() and not draft.assignee:
        yield finding("missing-part", "category", f"no category: the rubric routes by it; known: {list_names(known)}")
    if brief.category and known and brief.category.lower() not in known:
        message = f"the rubric knows no category “{shorten(brief.category)}”; {suggest(brief.category, known)}"
        yield finding("unknown-category", "category", f"{message}known: {list_names(known)}")


def check_assignee(draft: TicketDraft, profiles: Mapping[str, Profile]) -> Iterator[Finding]:
    name = draft.assignee
    if not name or name in RESERVED_ASSIGNEES:
        return
    takers = {known for known, profile in profiles.items() if profile.role is not AgentRole.CHECKER}
    if name not in takers:
        message = f"no profile that takes tickets is called “{shorten(name)}”; {suggest(name, takers)}"
        message += f"known: {list_names(takers)}; or leave it empty, and the rubric decides"
        yield finding("unknown-assignee", "assignee", message)
    elif profiles[name].role is AgentRole.ORCHESTRATOR:
        yield from _check_orchestrator(draft)


def _check_orchestrator(draft: TicketDraft) -> Iterator[Finding]:
    name, brief = draft.assignee, draft.brief
    rule = f"{name} never does the work herself: leave assignee empty and the rubric finds a worker"
    if brief.targets:
        message = f"“{shorten(brief.targets[0].path)}” is to be changed; {rule} (what is only read belongs in context)"
        yield finding("orchestrator-work", "targets", message)
    if hands := [need for need in brief.needs if need.casefold() in HANDS]:
        yield finding("orchestrator-work", "needs", f"“{shorten(list_names(hands))}” is needed; {rule}")


def _check_criterion(place: str, criterion: Criterion, hosts: Collection[str]) -> Iterator[Finding]:
    if criterion.check is None:
        if words := wording.find_subjective_words(criterion.text):
            message = f"“{shorten(words)}” cannot be checked: say what is seen or measured, or add a check command"
            yield finding("uncheckable-criterion", place, message)
    elif problem := find_check_problem(criterion.check, hosts):
        yield finding("check-syntax", f"{place}.check", problem)


def _repeats(text: str, goal: str) -> bool:
    """Whether a criterion says nothing that the goal does not."""
    words = _telling_words(text)
    return len(words) > 1 and words <= _telling_words(goal)


def _find_path_problem(target: Target) -> str:
    path = target.path
    if "://" in path:
        return "is a web address: put it in links or research"
    if in_path := _HOST_IN_PATH.match(path):
        return f"names a host: write host: {in_path[1]} and only the path here"
    for pattern, kind in _PLACEHOLDERS:
        if match := pattern.search(path):
            return f"holds {kind} (“{shorten(match[0])}”): write the exact path, one target for each"
    if target.host != LOCAL and not _FROM_ROOT.match(path):
        return f"is relative: on host {shorten(target.host)} write the whole path, from /"
    if not path.startswith("/") and ".." in path.split("/"):
        return "leaves the workspace: write the whole path, from /"
    return ""


def _first_file_path(texts: Sequence[str]) -> str:
    words = (word.strip("`.,;:!?()[]'\"") for text in texts for word in text.split() if "://" not in word)
    return next((word for word in words if "/" in word and wording.looks_like_path(word.rpartition("/")[2])), "")


def _telling_words(text: str) -> set[str]:
    """The words that say what a text is about; of a path, those of its last part."""
    last_parts = (word.rstrip("/`.,;:!?)'\"").rpartition("/")[2] for word in text.casefold().split())
    pieces = (piece for part in last_parts for piece in re.findall(r"[^\W_]{3,}", part))
    return {piece.rstrip("s") for piece in pieces if piece not in _COMMON_WORDS}
