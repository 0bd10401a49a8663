"""Bodies that nobody can read, replies without an end, and silence: who is blamed, and for how long."""

import pytest

from kanban.domain.outcome import Purpose
from kanban.llm import LiteLLMModel
from tests.support.daemon import daemon, wait_for, wait_for_status
from tests.support.home import file_ticket
from tests.support.providers import DeepSeek, Silence, Streamed, Turn, call
from tests.support.providers.broken import UNREADABLE, rambling
from tests.support.providers.local import LlamaCpp
from tests.support.providers.server import event
from tests.support.real_models import DELIVER, employ, replies_in, serve, talk
from tests.support.scripted import house, new_house, template_home
from tests.unit.interfaces.terminal import run_kanban

__all__ = ["house", "new_house", "serve", "template_home"]


def look_and_deliver(request):
    looked = any("exit status" in str(message.get("content")) for message in request["messages"][2:])
    return DELIVER if looked else Turn("Look first. ", calls=(call("shell", command="ls"),))


PROGRAMS = ("Traceback", 'File "', "litellm", "Error:", "Exception", "NoneType", "StopIteration", "validation error")
READABLE = ("arguments as an object",)  # which server meant it so is clear
of_each_kind = pytest.mark.parametrize("kind", [kind for kind in UNREADABLE if kind not in READABLE])


@pytest.fixture
def server(house, serve):
    server = serve(DeepSeek(look_and_deliver))
    employ(house, "cody", "deepseek/deepseek-v4-pro", server)
    return server


def kept_replies(house, run):
    return sorted((house.path / "runs" / str(run.id) / "replies").glob("*"))


def check_nobody_sees_a_traceback(house, run):
    shown = [run.error, *(text for (text,) in house.rows("SELECT text FROM notice"))]
    shown += [
        run_kanban(house.path, *words).out for words in (["doctor"], ["show", run.ticket_id], ["why", run.ticket_id])
    ]
    assert not any(word in text for text in shown for word in PROGRAMS)


def check_the_model_is_not_paused(house):
    """Another ticket of the same model is started at once, and is done."""
    assert house.app.store.pauses.active(house.now) == {}
    other = house.ticket("Another of the same model")
    assert house.work(other).outcome == "done"


@pytest.mark.slow
@of_each_kind
def test_f58_a_body_that_cannot_be_read_is_kept_told_and_tried_again(house, server, kind):
    server.planned.append(UNREADABLE[kind])
    run = house.work(house.ticket())
    assert run.outcome == "done"
    told = [text for text in house.told(run) if "could not be used" in text]
    assert len(told) == (0 if kind == "arguments of brackets" else 1)
    assert len(kept_replies(house, run)) <= 1


@of_each_kind
def test_f58_three_of_them_fail_the_run_with_words_and_leave_the_model_to_others(house, server, kind):
    server.planned.extend([UNREADABLE[kind]] * 3)
    ticket = house.ticket()
    run = house.work(ticket)
    if kind == "arguments of brackets":  # the arguments are read by the board, which tells the model what is wrong
        assert run.outcome == "looping" and "are not JSON" in house.answers(run)[0]
        return
    assert (run.outcome, house.status(ticket), len(server.requests)) == ("failed", "ready", 3)
    assert "3 replies in a row could not be used" in run.error and "deepseek/deepseek-v4-pro" in run.error
    assert house.app.store.due.failures_by_profile(ticket, Purpose.WORK) == {"cody": 1}
    kept = kept_replies(house, run)
    assert kind == "an empty body" or (len(kept) == 3 and str(kept[-1]) in run.error and kept[0].read_text())
    check_nobody_sees_a_traceback(house, run)
    check_the_model_is_not_paused(house)


@of_each_kind
def test_f58_a_reply_that_comes_whole_is_no_different(house, server, kind):
    server.planned.extend([UNREADABLE[kind]] * 3)
    run = house.play(house.claim(house.ticket()), LiteLLMModel(house.app.live.profile("cody"), {}, streams=False))
    assert run.outcome == "failed" and "3 replies in a row could not be used" in run.error
    check_nobody_sees_a_traceback(house, run)


@pytest.mark.parametrize("kind", ["truncated", "an empty body", "null choices", "arguments as a list"])
def test_f58_in_a_talk_the_person_gets_words_and_the_request_no_answer(house, serve, kind):
    server = serve(LlamaCpp([Turn("Hm. ", "Hello.")]))
    employ(house, "ginger", "openai/qwen3", server)
    server.planned.extend([UNREADABLE[kind]] * 9)
    spoken = talk(house, "Hello?")
    assert spoken.ending.outcome in ("failed", "looping") and "Traceback" not in spoken.ending.explanation
    assert (
        not house.app.store.queries.get_request(spoken.request_id).answer
        and house.app.store.pauses.active(house.now) == {}
    )


def without_a_limit(server, part):
    """A server that does not keep to the limit of the request."""
    plan = rambling(server, part)
    return lambda request: plan({name: value for name, value in request.items() if name != "max_tokens"})


@pytest.mark.parametrize("part", ["content", "reasoning_content", "arguments"])
def test_a_reply_without_an_end_is_ended_by_the_cap_and_counts_as_the_runs_failure(house, server, part):
    house.profile("cody", max_output=100)
    server.planned.extend([without_a_limit(server, part)] * 3)
    ticket = house.ticket()
    run = house.work(ticket)
    assert (run.outcome, house.status(ticket)) == ("failed", "ready")
    assert "the reply had no end" in run.error
    assert house.app.store.due.failures_by_profile(ticket, Purpose.WORK) == {"cody": 1}
    check_nobody_sees_a_traceback(house, run)
    house.profile("cody", max_output=1000)
    check_the_model_is_not_paused(house)


def test_a_model_that_rambles_once_is_told_to_be_shorter_and_goes_on(house, server):
    house.profile("cody", max_output=100)
    server.planned.append(without_a_limit(server, "content"))
    run = house.work(house.ticket())
    assert run.outcome == "done"
    assert "Answer again, and shorter" in server.requests[1]["messages"][-1]["content"]


@pytest.mark.parametrize("begun", [False, True])
def test_f19_a_silent_server_is_the_models_fault_by_name_within_its_timeout(house, server, begun):
    house.profile("cody", timeout=0.5)
    server.planned.append(Silence(begun))
    ticket = house.ticket()
    run = house.work(ticket)
    assert (run.outcome, house.status(ticket), len(server.requests)) == ("model_down", "ready", 1)
    assert "deepseek/deepseek-v4-pro" in run.error and "it said nothing for 0.5 s" in run.error
    assert house.app.store.due.failures_by_profile(ticket, Purpose.WORK) == {}
    (pause,) = house.app.store.pauses.active(house.now).values()
    assert pause.model == "deepseek/deepseek-v4-pro"
    house.now += 120
    house.profile("cody", timeout=60)
    assert house.play(house.next_run()).outcome == "done"
    assert replies_in(server.requests[-1])


def test_a_server_that_falls_silent_in_mid_reply_is_named_as_one(house, server):
    house.profile("cody", timeout=0.5)
    piece = event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Well"}}]})
    server.planned.append(lambda request: Streamed(fall_silent(server, piece)))
    run = house.work(house.ticket())
    assert run.outcome == "model_down" and "it said nothing more for 0.5 s" in run.error


def fall_silent(server, piece):
    yield piece
    server.stopping.wait()


@pytest.mark.slow
def test_f58_through_the_daemon_the_runs_log_ends_with_words_and_another_ticket_runs_meanwhile(house, server):
    play, broken_plan = server.play, UNREADABLE["truncated"]
    server.play = lambda path, request: play(path, request) if "Be well" in str(request) else broken_plan(request)
    broken, well = (file_ticket(house.app, title, assignee="cody") for title in ("Be broken", "Be well"))
    with daemon(house.app):
        wait_for_status(house.app, well, "done")
        wait_for(house.app, lambda: [run for run in house.app.store.queries.runs_of_ticket(broken) if run.ended_at])
    run = house.app.store.queries.runs_of_ticket(broken)[0]
    log = house.app.log_file(run.id).read_text()
    assert run.outcome == "failed" and log.splitlines()[-1].startswith("work ended: failed")
    assert "Traceback" not in log
