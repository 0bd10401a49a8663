"""How a ticket comes onto the board."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kanban.domain.brief import Brief
from kanban.domain.ticket import THE_PERSON, BlockReason
from kanban.errors import InvalidInput, NotFound, Refused
from kanban.store.filing import NewTicket
from tests.unit.store.desk import GINGER, NOW, Desk


def test_a_new_ticket_is_ready_and_the_log_says_who_filed_it(desk):
    ticket_id = desk.create("Fix the pump", body="It leaks.", priority=3, by=GINGER)
    ticket = desk.ticket(ticket_id)
    assert (ticket.title, ticket.status, ticket.priority, ticket.created_by) == ("Fix the pump", "ready", 3, "ginger")
    (event,) = desk.queries.events_after(0, ticket_id)
    assert (event.actor, event.verb, event.old_status, event.new_status, event.at) == (
        "ginger", "create", None, "ready", NOW,
    )  # fmt: skip


def test_f04_an_unknown_assignee_is_refused_with_the_names_that_are_known(desk):
    with pytest.raises(InvalidInput, match="no profile is called 'codi'") as refused:
        desk.create(assignee="codi")
    assert refused.value.hint == "known: cody, scout, default, human"
    assert desk.rows("SELECT * FROM ticket") == []


def test_f04_a_known_assignee_is_pinned_and_no_assignee_leaves_it_to_the_rubric(desk):
    named, open_to_all = desk.ticket(desk.create(assignee="scout")), desk.ticket(desk.create())
    assert (named.assignee, named.pinned) == ("scout", True)
    assert (open_to_all.assignee, open_to_all.pinned) == (None, False)


@pytest.mark.parametrize("assignee", ["default", "human"])
def test_f21_what_waits_for_ginger_or_for_the_person_starts_in_triage(desk, assignee):
    ticket_id = desk.create(assignee=assignee)
    assert desk.status(ticket_id) == "triage"
    assert desk.due.to_decompose() == ([ticket_id] if assignee == "default" else [])


def test_a_ticket_waits_for_what_it_depends_on_and_the_board_counts_it(desk):
    first, second = desk.create(), desk.create()
    third = desk.create(depends_on=[first, second, first])
    assert (desk.status(third), desk.ticket(third).open_dependencies) == ("todo", 2)
    assert desk.queries.dependencies(third) == [first, second]
    desk.finish(first)
    assert desk.ticket(third).open_dependencies == 1
    desk.finish(second)
    assert desk.ticket(third).open_dependencies == 0


def test_what_depends_only_on_done_tickets_is_ready_at_once(desk):
    first = desk.create()
    desk.finish(first)
    assert desk.status(desk.create(depends_on=[first])) == "ready"


def test_tickets_of_one_filing_may_wait_for_each_other(desk):
    filed = desk.board.file_tickets([NewTicket("a"), NewTicket("b"), NewTicket("c", after=[0, 1])], GINGER, NOW)
    a, b, c = filed.tickets
    assert desk.queries.dependencies(c) == [a, b]
    assert desk.statuses(a, b, c) == ["ready", "ready", "todo"]


def test_a_ticket_may_wait_for_a_time(desk):
    ticket_id = desk.create(not_before=NOW + 10)
    assert desk.status(ticket_id) == "todo"
    assert desk.due.promotable(NOW + 9) == [] and desk.due.promotable(NOW + 10) == [ticket_id]


def test_an_unknown_dependency_is_refused_and_nothing_of_the_filing_stays(desk):
    with pytest.raises(NotFound, match="there is no ticket 99"):
        desk.board.file_tickets([NewTicket("a"), NewTicket("b", depends_on=[99])], GINGER, NOW)
    assert desk.rows("SELECT * FROM ticket") == [] and desk.queries.last_event_id() == 0


def test_f20_nothing_is_filed_that_would_wait_for_a_cancelled_ticket(desk):
    gone = desk.create()
    desk.board.cancel(gone, THE_PERSON, NOW)
    with pytest.raises(InvalidInput, match=f"ticket {gone} was cancelled"):
        desk.create(depends_on=[gone])


def test_f11_a_key_that_was_seen_before_gives_the_old_ticket(desk):
    first = desk.create("as first said", idempotency_key="k")
    assert desk.create("as said again", idempotency_key="k") == first
    assert desk.ticket(first).title == "as first said"
    assert desk.create(idempotency_key="other") != first


def test_f11_a_cancelled_ticket_sets_its_key_free_and_a_done_one_keeps_it(desk):
    first = desk.create(idempotency_key="k")
    desk.board.cancel(first, THE_PERSON, NOW)
    second = desk.create(idempotency_key="k")
    assert second != first
    desk.finish(second)
    assert desk.create(idempotency_key="k") == second


def test_f11_threads_that_race_for_a_key_get_one_ticket(desk):
    with ThreadPoolExecutor(8) as pool:
        given_out = list(pool.map(lambda n: desk.create(idempotency_key=f"k{n % 10}"), range(80)))
    assert len(set(given_out)) == 10
    assert desk.rows("SELECT COUNT(*) FROM ticket") == [(10,)]


def test_f11_processes_that_race_for_a_key_get_one_ticket(path):
    context = multiprocessing.get_context("fork")
    ready, given_out = context.Barrier(4), context.SimpleQueue()
    processes = [context.Process(target=_create_with_keys, args=(path, ready, given_out)) for _ in range(4)]
    for process in processes:
        process.start()
    told = [given_out.get() for _ in processes]
    for process in processes:
        process.join()
    assert all(tickets == told[0] for tickets in told) and len(set(told[0])) == 15


def _create_with_keys(path, ready, given_out):
    desk = Desk(path)
    ready.wait()
    try:
        given_out.put([desk.create(idempotency_key=f"k{n}") for n in range(15)])
    except Exception as error:
        given_out.put([repr(error)])


def test_f24_the_same_content_is_filed_once_in_a_request(desk):
    request_id = desk.requests.open("do it", THE_PERSON, NOW)
    twice = [NewTicket("a", content_hash="h1"), NewTicket("a again", content_hash="h1"), NewTicket("b")]
    filed = desk.board.file_tickets(twice, GINGER, NOW, request_id=request_id)
    assert filed.tickets[0] == filed.tickets[1] != filed.tickets[2]
    assert filed.existing == {filed.tickets[0]}
    assert desk.queries.get_request(request_id).open_tickets == 2


def test_f24_other_requests_and_cancelled_tickets_do_not_stand_in_the_way(desk):
    one, two = (desk.requests.open("do it", THE_PERSON, NOW) for _ in range(2))
    first = desk.create(request_id=one, content_hash="h1")
    assert desk.create(request_id=two, content_hash="h1") != first
    desk.board.cancel(first, THE_PERSON, NOW)
    assert desk.create(request_id=one, content_hash="h1") != first


def test_f22_every_version_of_a_brief_is_kept_with_its_author(desk):
    ticket_id = desk.create(body="in my own words")
    desk.board.assign(ticket_id, "default", THE_PERSON, NOW)
    new = NewTicket("a ticket", "rendered", Brief(goal="The pump is dry"))
    desk.board.rewrite(ticket_id, new, GINGER, NOW + 1)
    desk.board.edit(ticket_id, THE_PERSON, NOW + 2, body="no, like this", title="Pump", priority=2)
    versions = desk.queries.brief_versions(ticket_id)
    assert [(v.version, v.author, v.body) for v in versions] == [
        (1, "person", "in my own words"), (2, "ginger", "rendered"), (3, "person", "no, like this"),
    ]  # fmt: skip
    assert Brief.model_validate_json(versions[1].brief).goal == "The pump is dry"
    assert desk.queries.read_brief(ticket_id) == (None, "no, like this")
    assert (desk.ticket(ticket_id).title, desk.ticket(ticket_id).priority) == ("Pump", 2)


def test_f39_a_running_ticket_is_not_edited_under_its_worker(desk):
    ticket_id = desk.create(body="old")
    desk.claim(ticket_id)
    with pytest.raises(Refused, match="is running"):
        desk.board.edit(ticket_id, THE_PERSON, NOW, body="new")
    assert desk.queries.read_brief(ticket_id)[1] == "old"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_f22_words_are_kept_verbatim_whatever_they_are(desk, words):
    ticket_id = desk.create(words, body=words)
    request_id = desk.requests.open(words, THE_PERSON, NOW)
    desk.board.comment(ticket_id, THE_PERSON, words, NOW)
    view = desk.queries.view_ticket(ticket_id)
    assert (view.ticket.title, view.body, view.comments[0].text) == (words, words, words)
    assert desk.queries.get_request(request_id).words == words


@pytest.mark.parametrize(
    "words",
    [
        "",
        "a\0b",
        "\ufeff \u202e e\u0301 👩‍👩‍👧 \U0010ffff",
        "line\r\nline\n",
        "'; DROP TABLE ticket; --",
        "x" * 1_000_000,
    ],
)
def test_f22_odd_words_are_kept_too(desk, words):
    assert desk.queries.read_brief(desk.create(body=words))[1] == words


def test_what_is_not_unicode_is_refused_clearly_and_nothing_is_half_written(desk):
    with pytest.raises(InvalidInput, match="surrogates") as refused:
        desk.create("fine", body="broken \ud800")
    assert refused.value.hint
    assert desk.rows("SELECT * FROM ticket") == []
    assert desk.create("the board goes on") == 1


@pytest.mark.parametrize("ticket_id", [0, -1, 99, 2**63 - 1])
def test_a_ticket_that_is_not_there_is_not_found(desk, ticket_id):
    with pytest.raises(NotFound, match=f"there is no ticket {ticket_id}"):
        desk.board.block(ticket_id, BlockReason.OTHER, THE_PERSON, NOW)
    with pytest.raises(NotFound, match=f"there is no ticket {ticket_id}"):
        desk.queries.view_ticket(ticket_id)


def test_a_number_that_no_board_can_hold_is_refused(desk):
    with pytest.raises(InvalidInput, match="too large"):
        desk.queries.get_ticket(2**63)
    with pytest.raises(InvalidInput, match="too large"):
        desk.board.cancel(10**30, THE_PERSON, NOW)
