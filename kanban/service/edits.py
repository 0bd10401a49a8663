"""The person's own edit of a ticket's text: checked, warned about, and nothing that was typed is lost."""

from dataclasses import dataclass
from pathlib import Path

from kanban.agents.checks import find_checks_that_ask
from kanban.briefs.lint import keeps_criteria, lint_body, lint_draft
from kanban.briefs.written import lay_out_body, parse_brief
from kanban.dispatch.parts import Parts
from kanban.domain.brief import Brief, Finding, TicketDraft
from kanban.domain.ticket import Caller
from kanban.errors import KanbanError
from kanban.files.inforce import InForce
from kanban.files.yamlfile import write_atomically
from kanban.store.queries import Queries, TicketView


@dataclass(frozen=True)
class Edit:
    """A ticket's text for an editor; a brief is edited as JSON."""

    ticket_id: int
    text: str
    ending: str  # of the file's name
    version: int  # of the ticket's body, 0 when it has none


def begin_edit(queries: Queries, ticket_id: int) -> Edit:
    """What an editor is given."""
    versions = queries.brief_versions(ticket_id)
    if not versions:
        return Edit(ticket_id, "", ".md", 0)
    newest = versions[-1]
    if newest.brief is None:
        return Edit(ticket_id, newest.body, ".md", newest.version)
    brief = Brief.model_validate_json(newest.brief)
    return Edit(ticket_id, brief.model_dump_json(indent=2), ".json", newest.version)


def finish_edit(parts: Parts, folder: Path, edit: Edit, written: str, caller: Caller, now: float) -> list[str]:
    """Give a ticket the text that was made of an edit, and return warnings about it.

    Raises MovedOn when the ticket's text was changed meanwhile, InvalidFile for JSON that is no brief. What was written
    is then kept in `folder`, and the error's hint says where.
    """
    try:
        brief = parse_brief(written, f"#{edit.ticket_id}")
        view = parts.store.queries.view_ticket(edit.ticket_id)
        text = lay_out_body(view.ticket.title, written, brief)
        warnings = find_warnings(parts.read_in_force(), view, view.ticket.title, text, brief)
        parts.store.board.edit(edit.ticket_id, caller, now, body=text, brief=brief, over_version=edit.version)
    except KanbanError as error:
        kept = folder / f"ticket-{edit.ticket_id}.rejected{edit.ending}"
        write_atomically(kept, written)
        told = f"what you wrote is in {kept}: mend it and give it as `kanban edit {edit.ticket_id} --body`"
        error.hint = f"{error.hint}; {told}".removeprefix("; ")
        raise
    return warnings


def find_warnings(people: InForce, view: TicketView, title: str, text: str, brief: Brief | None) -> list[str]:
    """What is vague or missing in a new text of a ticket, and which of its criteria are gone."""
    found = find_findings(people, title, brief, text, view.ticket.assignee)
    gone = keeps_criteria(view.brief, *([brief] if brief else [])) if view.brief else []
    return [
        *(f"{finding.place}: {finding.message}" for finding in found),
        *(f"this criterion is gone: {criterion}" for criterion in gone),
    ]


def find_findings(people: InForce, title: str, brief: Brief | None, body: str, assignee: str | None) -> list[Finding]:
    """What is vague or missing in a ticket that a person writes."""
    hosts = people.hosts.names()
    if brief is None:
        return lint_body(title, body, hosts)
    draft = TicketDraft(title=title, brief=brief, assignee=assignee or "")
    linted = lint_draft(draft, hosts=hosts, profiles=people.profiles, rubric=people.rubric)
    return [*linted, *find_checks_that_ask(brief, people)]
