"""What a ticket is about: what its brief names, and nothing beside it."""

import pytest

from kanban.domain.brief import Brief
from kanban.domain.host import Host, Hosts
from kanban.domain.scope import TicketScope, find_scope

ABOUT = "after an edit `systemctl restart eg4panel`"
HOSTS = Hosts(hosts={"webb": Host(paths={"/root/eg4panel": ABOUT}), "nas": Host()})


def scope_of(**brief):
    return find_scope(Brief.model_validate({"goal": "g", **brief}), HOSTS)


def test_targets_and_deliverables_are_in_scope_on_their_host():
    scope = scope_of(
        targets=[{"path": "/etc/app.conf", "host": "webb"}, {"path": "/srv/a"}],
        deliverables=["webb:/srv/report.md", "a table of all ports"],
    )
    assert scope.paths == {"webb": ("/etc/app.conf", "/srv/report.md")}


def test_a_deliverable_without_a_host_is_in_scope_on_the_hosts_of_the_ticket():
    scope = scope_of(targets=[{"path": "/srv", "host": "webb"}], deliverables=["/var/report.md"])
    assert scope.covers("webb", "/var/report.md") and not scope.covers("nas", "/var/report.md")


@pytest.mark.parametrize("path", ["/etc/app.conf", "/etc/app.conf.bak", "/etc/app.conf/x", "/tmp/x", "/var/tmp/a/b"])
def test_what_lies_under_or_copies_a_target_is_in_scope(path):
    assert TicketScope({"webb": ("/etc/app.conf",)}).covers("webb", path)


@pytest.mark.parametrize(
    "path", ["/etc/app", "/etc", "/etc/passwd", "/tmp", "/tmp/../etc/x", "/etc/app.conf/../passwd"]
)
def test_what_lies_beside_is_not(path):
    assert not TicketScope({"webb": ("/etc/app.conf",)}).covers("webb", path)


def test_the_root_of_a_host_is_no_scope():
    assert not TicketScope({"webb": ("/",)}).covers("webb", "/etc/passwd")


def test_services_are_those_that_the_ticket_or_the_host_tells_to_restart():
    scope = scope_of(
        targets=[{"path": "/root/eg4panel/a.css", "host": "webb"}],
        steps=["Run `systemctl reload nginx.service`", "Run docker restart grafana", "Never stop mysql"],
    )
    assert scope.services == {"eg4panel", "nginx.service", "nginx", "grafana"}
    assert scope.has_service("nginx") and scope.has_service("nginx.service") and not scope.has_service("mysql")


def test_a_ticket_without_a_brief_is_about_nothing():
    assert find_scope(None, HOSTS) == TicketScope()
