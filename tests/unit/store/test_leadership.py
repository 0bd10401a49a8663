"""One daemon dispatches; a second one waits and takes over."""

from concurrent.futures import ThreadPoolExecutor

from kanban.store.leadership import Leadership
from kanban.store.runs import Process
from tests.unit.store.desk import NOW


def daemon(desk, pid, started=1.0):
    return Leadership(desk.db, Process(pid, started, "here"))


def test_f07_one_daemon_at_a_time_holds_the_lease(desk):
    first, second = daemon(desk, 1), daemon(desk, 2)
    assert first.take(NOW, 10) and not second.take(NOW + 5, 10)
    assert desk.queries.dispatcher().pid == 1


def test_f05_the_heartbeat_is_on_the_board(desk):
    assert desk.queries.dispatcher() is None
    first = daemon(desk, 1)
    assert first.take(NOW, 10) and first.take(NOW + 5, 10)
    lease = desk.queries.dispatcher()
    assert (lease.since, lease.heartbeat_at, lease.lease_until) == (NOW, NOW + 5, NOW + 15)


def test_f05_a_second_daemon_takes_over_when_the_lease_lapses(desk):
    first, second = daemon(desk, 1), daemon(desk, 2)
    first.take(NOW, 10)
    assert not second.take(NOW + 9.9, 10) and second.take(NOW + 10, 10)
    assert not first.take(NOW + 11, 10)
    lease = desk.queries.dispatcher()
    assert (lease.pid, lease.since) == (2, NOW + 10)


def test_a_daemon_that_stops_lets_the_next_one_in_at_once(desk):
    first, second = daemon(desk, 1), daemon(desk, 2)
    first.take(NOW, 10)
    second.release(NOW + 1)
    assert not second.take(NOW + 1, 10)
    first.release(NOW + 1)
    assert second.take(NOW + 1, 10)


def test_f09_a_process_with_a_number_that_was_used_before_is_another_daemon(desk):
    assert daemon(desk, 1, started=1.0).take(NOW, 10)
    assert not daemon(desk, 1, started=2.0).take(NOW + 1, 10)


def test_f07_of_many_that_race_one_wins(desk):
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda pid: daemon(desk, pid).take(NOW, 10), range(16)))
    assert won.count(True) == 1


def test_f56_who_is_gone_is_replaced_at_once_and_who_lives_is_not(desk):
    first = daemon(desk, 1)
    first.take(NOW, 9999)
    asked = []

    def can_be_alive(process, answer):
        asked.append(process)
        return answer

    second = Process(2, 1.0, "here")
    assert not Leadership(desk.db, second, lambda process: can_be_alive(process, True)).take(NOW + 1, 10)
    assert Leadership(desk.db, second, lambda process: can_be_alive(process, False)).take(NOW + 1, 10)
    assert asked == [Process(1, 1.0, "here")] * 2
    assert not first.take(NOW + 2, 10)


def test_f53_a_lease_from_before_the_clock_was_set_back_holds_nobody_up(desk):
    daemon(desk, 1).take(NOW + 3600, 10)
    assert daemon(desk, 2).take(NOW, 10)
    assert not daemon(desk, 1).take(NOW + 9, 10)  # clocks that differ by less than a lease change nothing
