"""Slots: over all, for each profile and for each host, counted in one place."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kanban.dispatch.slots import Slots
from kanban.domain.brief import Brief, Resources, Target
from kanban.domain.capacity import Capacity
from kanban.domain.host import Host, Hosts
from kanban.domain.outcome import Purpose
from kanban.domain.profile import Profile
from kanban.domain.tool import AgentRole
from kanban.store.due import LiveRun

NAMES = ["cody", "scout"]
HOSTS = ["webb", "db1", "unlisted"]
MACHINE = Capacity(cpu=4, memory_mb=8_000)

caps = st.integers(1, 4)
wishes = st.lists(st.tuples(st.sampled_from(NAMES), st.sets(st.sampled_from(HOSTS)).map(sorted)), max_size=15)


def make(total, of_profile, of_host, live=()):
    profiles = {
        name: Profile(name=name, role=AgentRole.WORKER, model="any", max_parallel=cap)
        for name, cap in zip(NAMES, of_profile, strict=True)
    }
    hosts = Hosts(hosts={name: Host(max_parallel=cap) for name, cap in zip(HOSTS, of_host, strict=False)})
    return Slots.count(total, profiles, hosts, MACHINE, live)


def live_run(profile, hosts, purpose=Purpose.WORK):
    return LiveRun(1, 1, None, purpose, profile, tuple(hosts), None, None, None, 0.0, 0.0, None)


@given(caps, st.tuples(caps, caps), st.tuples(caps, caps), wishes, st.integers(0, 15))
def test_f18_whatever_is_asked_for_no_cap_is_ever_passed(total, of_profile, of_host, asked, already):
    slots = make(total, of_profile, of_host)
    started = []
    for profile, hosts in asked:
        if slots.find_full(profile, hosts) is None:
            slots.take(profile, hosts)
            started.append((profile, hosts))
        if len(started) == already:  # a new tick counts anew, from what runs
            slots = make(total, of_profile, of_host, [live_run(*run) for run in started])
    by_profile = Counter(profile for profile, _ in started)
    by_host = Counter(host for _, hosts in started for host in hosts)
    assert len(started) <= total
    assert all(by_profile[name] <= cap for name, cap in zip(NAMES, of_profile, strict=True))
    assert all(by_host[name] <= cap for name, cap in zip(HOSTS, of_host, strict=False))


@given(caps, st.tuples(caps, caps), st.tuples(caps, caps), wishes)
def test_who_has_to_wait_waits_for_a_slot_that_is_full(total, of_profile, of_host, asked):
    slots = make(total, of_profile, of_host)
    for profile, hosts in asked:
        waits_for = slots.find_full(profile, hosts)
        if waits_for is None:
            slots.take(profile, hosts)
            continue
        full = [len(slots.taken) == total]
        full.append(sum(name == profile for name, _ in slots.taken) == of_profile[NAMES.index(profile)])
        for host, cap in zip(HOSTS, of_host, strict=False):
            full.append(host in hosts and sum(host in used for _, used in slots.taken) == cap)
        assert any(full)
        assert slots.exhausted == full[0]


def test_the_slot_that_is_full_is_named():
    assert make(1, (4, 4), (4, 4), [live_run("scout", [])]).find_full("cody") == "all 1 slots are taken"
    assert make(9, (1, 4), (4, 4), [live_run("cody", [])]).find_full("cody") == "all 1 slots of cody are taken"
    busy = make(9, (4, 4), (1, 4), [live_run("scout", ["webb"])])
    assert busy.find_full("cody", ["webb"]) == "all 1 slots of host webb are taken"
    assert busy.find_full("cody", ["db1"]) is None


def test_a_talk_takes_no_slot():
    slots = make(1, (1, 1), (1, 1), [live_run("cody", ["webb"], Purpose.CHAT)])
    assert slots.find_full("cody", ["webb"]) is None


def test_a_host_that_nobody_listed_has_no_limit():
    slots = make(99, (50, 50), (1, 1), [live_run("cody", ["unlisted"])] * 20)
    assert slots.find_full("cody", ["unlisted"]) is None


# -- what the machine has ----------------------------------------------------------------------------------------------

demands = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 10_000)), max_size=12)


@given(demands)
def test_what_runs_together_never_asks_for_more_than_the_machine_has(asked):
    slots = make(20, (20, 20), (4, 4))
    for cpu, memory in asked:
        wanted = Capacity(cpu, memory)
        if slots.find_full("cody", (), wanted) is None:
            slots.take("cody", (), wanted)
    assert not MACHINE.find_lack(slots.asked)


def test_work_that_asks_for_nothing_starts_beside_work_that_takes_all():
    slots = make(20, (20, 20), (4, 4), [replace(live_run("cody", []), asked=MACHINE)])
    assert slots.find_full("cody") is None
    assert slots.find_full("cody", (), Capacity(cpu=1)) == (
        "with what runs already it would take 5 processors, and there are 4 on this machine"
    )


def test_work_on_hosts_alone_asks_nothing_of_this_machine():
    def asked_by(*hosts):
        targets = [Target(path="/srv/a", host=host) for host in hosts]
        return Capacity.asked_by(Brief(goal="Build it.", targets=targets, resources=Resources(cpu=3, memory_mb=100)))

    assert asked_by("webb") == Capacity() == Capacity.asked_by(None)
    assert asked_by("webb", "local") == asked_by() == Capacity(3, 100)
