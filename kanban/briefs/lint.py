"""What is wrong with a brief before anyone works on it. Pure: the same briefs always give the same findings."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kanban.briefs import rules, wording
from kanban.briefs.checks import SSH_TO
from kanban.briefs.filing import Filing, content_hash
from kanban.briefs.findings import LIKENESS, finding, list_names, plain, suggest
from kanban.domain.brief import LOCAL, Brief, Criterion, Finding, Severity, TicketDraft
from kanban.domain.profile import Profile
from kanban.domain.rubric import Rubric

__all__ = ["DraftFindings", "content_hash", "keeps_criteria", "lint", "lint_body", "lint_draft"]

LONGEST_PART = 50_000  # characters

# Where a host is named in passing: `host webb`, `webb:/srv/a`.
SURE_LIKENESS = 0.75  # of a word that may be no name at all
_NAMED_HOST = re.compile(r"(?:\b(?:host|machine|server)\s+|(?=[\w.-]+:[/~]))`?([A-Za-z0-9][\w.-]{1,62})")


@dataclass(frozen=True)
class DraftFindings:
    """The findings of one draft; a draft passes when none of them is an error."""

    title: str
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        return all(found.severity is not Severity.ERROR for found in self.findings)


def lint(
    drafts: Sequence[TicketDraft],
    *,
    hosts: Collection[str],
    profiles: Mapping[str, Profile],
    rubric: Rubric,
) -> list[DraftFindings]:
    """Findings for each draft of one filing, in the order of the drafts.

    A draft whose ticket is on the board already is no finding: filing it again changes nothing, and says so.
    """
    filing = Filing(drafts)
    return [
        DraftFindings(
            draft.title,
            (*lint_draft(draft, hosts=hosts, profiles=profiles, rubric=rubric), *filing.check(position)),
        )
        for position, draft in enumerate(drafts)
    ]


def lint_draft(
    draft: TicketDraft, *, hosts: Collection[str], profiles: Mapping[str, Profile], rubric: Rubric
) -> list[Finding]:
    """Findings for one draft on its own."""
    brief = draft.brief
    return [
        *rules.check_parts(brief),
        *rules.check_branches(brief),
        *_check_prose(_prose(draft), referents=len(brief.targets) or len(brief.deliverables)),
        *_check_named_hosts(_number("steps", brief.steps), {LOCAL, *hosts}),
        *rules.check_targets(brief.targets),
        *rules.check_hosts(brief, hosts),
        *rules.check_criteria(brief, hosts),
        *rules.check_deliverables(brief),
        *rules.check_breadth(draft, profiles, rubric.decompose_over),
        *rules.check_named_breadth(draft, rubric.decompose_over),
        *rules.check_category(draft, rubric.categories()),
        *rules.check_assignee(draft, profiles),
    ]


def lint_body(title: str, body: str, hosts: Collection[str]) -> list[Finding]:
    """Findings for a ticket that a person wrote as plain text; all of them are warnings."""
    body, title = body[:LONGEST_PART], title[:LONGEST_PART]
    paths = {word for word in wording.mask_quoted(body).split() if wording.looks_like_path(word)}
    lines = [(f"body, line {number}", line) for number, line in enumerate(body.splitlines(), 1)]
    found = [
        *_check_prose([("title", title)], referents=1),
        *_check_body(body, referents=len(paths)),
        *_check_named_hosts(lines, {LOCAL, *hosts}),
    ]
    return [each.model_copy(update={"severity": Severity.WARNING}) for each in found]


def keeps_criteria(old: Brief, *new: Brief) -> list[str]:
    """The criteria of `old` that an edit (or a split into several briefs) drops, or whose check it changes."""
    kept = [criterion for brief in new for criterion in brief.criteria]
    return [_describe(criterion) for criterion in old.criteria if not any(_covers(other, criterion) for other in kept)]


def _covers(new: Criterion, old: Criterion) -> bool:
    same_check = not old.check or (new.check == old.check and new.host == old.host)
    return same_check and plain(new.text) == plain(old.text)


def _describe(criterion: Criterion) -> str:
    return f"{criterion.text} (check: {criterion.check})" if criterion.check else criterion.text


def _prose(draft: TicketDraft) -> Iterator[tuple[str, str]]:
    """Every part of a draft that is prose, with its place."""
    brief = draft.brief
    yield from (("title", draft.title), ("goal", brief.goal), ("context", brief.context))
    yield from _number("steps", brief.steps)
    yield from _number("research", brief.research)
    yield "output_format", brief.output_format
    yield from _number("criteria", [criterion.text for criterion in brief.criteria])
    yield from _number("deliverables", brief.deliverables)
    yield from _number("pitfalls", brief.pitfalls)


def _number(name: str, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((f"{name}[{position}]", text) for position, text in enumerate(texts))


def _check_prose(parts: Iterable[tuple[str, str]], referents: int) -> Iterator[Finding]:
    for place, text in parts:
        if len(text) > LONGEST_PART:
            message = f"{len(text)} characters, and a part holds at most {LONGEST_PART}: put long material in a file"
            yield finding("too-broad", place, message)
        for slip in wording.find_slips(text[:LONGEST_PART], referents):
            yield finding(slip.code, place, slip.message)


def _check_body(body: str, referents: int) -> Iterator[Finding]:
    if not body.strip():
        yield finding("missing-part", "body", "the body is empty: write the goal, the paths and when it is done")
    for slip in wording.find_slips(body, referents):
        yield finding(slip.code, f"body, line {body.count(chr(10), 0, slip.start) + 1}", slip.message)


def _check_named_hosts(lines: Iterable[tuple[str, str]], known: Collection[str]) -> Iterator[Finding]:
    """Hosts that are named in passing and are nearly, but not quite, a known one; after `ssh` it is surely a name."""
    for place, line in lines:
        logins = {match[1].rstrip(".") for match in SSH_TO.finditer(line)}
        named = {match[1].rstrip(".") for match in _NAMED_HOST.finditer(line)} - logins
        for name in sorted((logins | named) - set(known)):
            if hint := suggest(name, known, LIKENESS if name in logins else SURE_LIKENESS):
                yield finding("unknown-host", place, f"no host is called “{name}”; {hint}known: {list_names(known)}")
