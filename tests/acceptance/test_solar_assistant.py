"""The Solar-Assistant research: too broad for one ticket, so it becomes one for each document, and one answer."""

import re

import pytest

from kanban.domain.brief import Target
from kanban.domain.host import Host
from kanban.domain.outcome import Purpose
from kanban.domain.ticket import Kind, Status
from tests.support.briefs import MANUFACTURERS, METHODOLOGY, SECTION, solar_manufacturer, solar_methodology
from tests.support.cells import sandbox_that_works
from tests.support.daemon import daemon, describe, kanban, wait_for_status
from tests.support.home import make_home
from tests.support.openai_server import call, say
from tests.support.stories import find_answer, last_answers, most_running, serve_page

WORDS = """Research Solar-Assistant. Write one methodology document, and add a "Solar-Assistant Compatibility" section
to every manufacturer document, with a link back to the methodology."""

SLOTS = 4
TICKETS = 1 + len(MANUFACTURERS)
HEADINGS = ("Overview", "Connection methods", "Protocol matrix", "MQTT topics", "Home Assistant")
VERDICTS = ("yes", "partial", "no")
LINK = f"[Methodology](../../{METHODOLOGY.replace(' ', '%20')})"


def verdict_of(name):
    return VERDICTS[MANUFACTURERS.index(name) % len(VERDICTS)]


@pytest.fixture
def docs(tmp_path):
    """The documents as they are before anybody works on them."""
    folder = tmp_path / "docs"
    for name in MANUFACTURERS:
        file = folder / "Manufacturers" / name / f"{name}.md"
        file.parent.mkdir(parents=True)
        file.write_text(f"# {name}\n\n## Models\n\nWhat {name} makes.\n")
    (folder / METHODOLOGY).parent.mkdir(parents=True)
    return folder


@pytest.fixture
def home(tmp_path, openai_server, docs):
    local = Host(paths={str(docs): "the documents: Manufacturers/NAME/NAME.md and Projects"})
    return make_home(
        tmp_path / "home",
        openai_server,
        {"local": local},
        slots=SLOTS,
        web_allow=["127.0.0.1"],
        sandbox=sandbox_that_works(),
    )


@pytest.fixture
def site():
    rows = "\n".join(f"{name}: {verdict_of(name)}, RS485 at 9600 baud" for name in MANUFACTURERS)
    with serve_page("Supported inverters", rows) as url:
        yield url


def play_workers(stage, docs, site):
    """Cody and scout read the document and the page, write what the page says, and hand it over."""

    def write_section(request, found):
        read, page = last_answers(request)
        text = re.sub(r"(?m)^\d+\t", "", read)
        verdict = re.search(rf"^{found['name']}: (\w+), RS485 at 9600", page, re.MULTILINE)[1]
        section = (
            f"{SECTION}\n\n- Supported: {verdict}\n- Connection: RS485 at 9600 baud\n- Sources: {site}\n\n{LINK}\n"
        )
        return call("write_file", path=path_of(found), content=f"{text}\n{section}")

    def path_of(found):
        return f"{docs}/Manufacturers/{found['name']}/{found['name']}.md"

    about = r"Ticket \d+: Add the Solar-Assistant section to (?P<name>.+)\.md"
    for profile in ("cody", "scout"):
        stage.part(
            profile,
            about,
            lambda _, found: call("read_file", path=path_of(found)) + call("web_fetch", url=site),
            write_section,
            lambda _, found: call("complete", summary=f"{found['name']}.md has its section.", evidence=[site]),
        )
    document = "# Solar-Assistant\n" + "".join(f"\n## {heading}\n\nSee {site}\n" for heading in HEADINGS)
    stage.part(
        "cody",
        "Ticket \\d+: Write the Solar-Assistant methodology document",
        call("web_fetch", url=site),
        call("write_file", path=f"{docs}/{METHODOLOGY}", content=document),
        call("complete", summary="The methodology is written.", artifacts=[f"{docs}/{METHODOLOGY}"]),
    )


def write_broad_draft(docs, names):
    """All of it in one ticket, as a cheap orchestrator would put it."""
    draft = solar_methodology(str(docs))
    targets = [Target(path=f"{docs}/Manufacturers/{name}/{name}.md") for name in names]
    brief = draft.brief.model_copy(update={"targets": [*draft.brief.targets, *targets], "est_turns": 300})
    return draft.model_copy(update={"title": "Research Solar-Assistant and update all documents", "brief": brief})


def write_draft(name, docs):
    """The ticket of one manufacturer; where a short look is enough, it is one that scout can take."""
    draft = solar_manufacturer(name, str(docs))
    if MANUFACTURERS.index(name) % 2:
        return draft
    light = {"est_turns": 12, "needs": ["research-light", "web", "edit"]}
    return draft.model_copy(update={"brief": draft.brief.model_copy(update=light)})


def as_data(*drafts):
    return [draft.model_dump(mode="json") for draft in drafts]


def play_ginger(stage, docs):
    """She looks, files one broad ticket, is refused, and files one for each document that she saw."""

    def names_seen(request):
        return find_answer(request, r"(?s)\AAfore/\n.*Voltronic/\Z")[0].replace("/", "").splitlines()

    def file_all(request, _):
        drafts = [write_draft(name, docs) for name in names_seen(request)]
        return call("file_tickets", tickets=as_data(solar_methodology(str(docs)), *drafts))

    def answer(request, _):
        numbers = [int(n) for n in re.findall(r"### Ticket (\d+): done", request["messages"][1]["content"])]
        claims = [{"ticket": n, "claim": "The document is there.", "evidence": "its checks passed"} for n in numbers]
        return call("answer", text=f"All {len(numbers)} documents say it now.", claims=claims)

    stage.part(
        "ginger",
        r"Research Solar-Assistant\. Write one",
        call("list_hosts")
        + call("list_dir", path=f"{docs}/Manufacturers")
        + call("search_files", pattern="Solar-Assistant", path=str(docs)),
        lambda request, _: call("file_tickets", tickets=as_data(write_broad_draft(docs, names_seen(request)))),
        file_all,
        say("I filed a ticket for each document."),
    )
    stage.part("ginger", "Every ticket of a request is settled", answer)


@pytest.mark.slow
def test_the_research_is_split_carried_out_and_answered(home, stage, docs, site):
    play_ginger(stage, docs)
    play_workers(stage, docs, site)
    with daemon(home):
        asked = kanban(home, "ask", "--wait", WORDS, seconds=110)
        assert asked.returncode == 0, asked.stderr + describe(home)

    check_that_the_broad_ticket_was_refused(home, stage)
    check_the_documents(docs)
    check_who_worked(home)
    check_the_answer(home, asked.stdout)


def check_that_the_broad_ticket_was_refused(home, stage):
    refused = last_answers(stage.requests_of("ginger")[2])[0]
    assert refused.startswith("Nothing was filed.") and "[too-broad]" in refused
    assert f"{TICKETS} targets, and one ticket takes at most 8: split it into one ticket per unit" in refused


def check_the_documents(docs):
    for name in MANUFACTURERS:
        text = (docs / "Manufacturers" / name / f"{name}.md").read_text()
        assert text.startswith(f"# {name}\n\n## Models\n"), name
        assert text.count(SECTION) == 1 and f"- Supported: {verdict_of(name)}\n" in text, name
        assert LINK in text, name
    methodology = (docs / METHODOLOGY).read_text()
    assert all(f"\n## {heading}\n" in methodology for heading in HEADINGS)


def check_who_worked(home):
    tickets = home.store.queries.tickets_of_request(1)
    assert [ticket.status for ticket in tickets] == [Status.DONE] * TICKETS
    assert {ticket.assignee for ticket in tickets} == {"cody", "scout"}
    assert all(len(home.store.queries.runs_of_ticket(ticket.id)) == 1 for ticket in tickets)
    events = home.store.queries.events_after(0)
    assert 1 < most_running(events, [ticket.id for ticket in tickets]) <= SLOTS
    for name in ("cody", "scout"):
        taken = [ticket.id for ticket in tickets if ticket.assignee == name]
        assert 1 <= most_running(events, taken) <= home.live.profile(name).max_parallel


def check_the_answer(home, shown):
    answer = home.store.queries.get_request(1).answer
    assert answer in shown and answer.startswith(f"All {TICKETS} documents say it now.")
    for ticket in home.store.queries.tickets_of_request(1):
        assert f"- #{ticket.id} {ticket.title}: done, {ticket.assignee}, 3 turns, $0.0090" in answer
    assert answer.count("The document is there. (its checks passed)") == TICKETS
    assert "Total: $0.2670 in 89 turns of 30 runs." in answer


@pytest.mark.slow
def test_a_broad_ticket_of_the_person_is_split_by_ginger_and_closes_with_its_parts(home, stage, docs, site):
    names = MANUFACTURERS[:3]
    body = docs / "wish.md"
    body.write_text("Add the Solar-Assistant section to the documents of " + ", ".join(names) + ".")
    drafts = [write_draft(name, docs) for name in names]
    stage.part(
        "ginger",
        "Ticket 1 waits for its brief",
        call("list_dir", path=f"{docs}/Manufacturers"),
        call("split", ticket=1, tickets=as_data(write_broad_draft(docs, MANUFACTURERS))),
        call("split", ticket=1, tickets=as_data(*drafts)),
    )
    play_workers(stage, docs, site)
    with daemon(home):
        made = kanban(home, "create", "Tell which inverters work", "--body", str(body), "--assign", "default")
        assert made.returncode == 0, made.stderr
        wait_for_status(home, 1, Status.DONE)

    parent = home.store.queries.view_ticket(1)
    assert (parent.ticket.kind, parent.depends_on) == (Kind.PARENT, [2, 3, 4])
    assert [run.purpose for run in parent.runs] == [Purpose.DECOMPOSE]
    assert {home.store.queries.get_ticket(child).status for child in parent.depends_on} == {Status.DONE}
    assert all(SECTION in (docs / "Manufacturers" / name / f"{name}.md").read_text() for name in names)
    assert "[too-broad]" in last_answers(stage.requests_of("ginger")[2])[0]
    assert home.store.queries.brief_versions(1)[0].body == body.read_text()
