"""What a command writes, where its words tell all of it; nothing for one that might do more."""

import pytest

from kanban.trust.writing import find_services, find_written, only_prints


@pytest.mark.parametrize(
    ("command", "written"),
    [
        ("> /a", ["/a"]),
        ("tee -a /a /b", ["/a", "/b"]),
        ("touch -r /x /a", ["/a"]),
        ("mkdir -p -m 755 /a", ["/a"]),
        ("rm -f /a", ["/a"]),
        ("rm -rf /a", []),
        ("chmod 644 /a", ["/a"]),
        ("chmod 4755 /a", []),
        ("chmod u+s /a", []),
        ("chown root:root /a", ["/a"]),
        ("chown -R root /a", []),
        ("mv /a /b", ["/a", "/b"]),
        ("mv -t /etc /a", []),
        ("mv --target-directory=/etc /a", []),
        ("cp /x /a", ["/a"]),
        ("cp -a /x /a", ["/x", "/a"]),
        ("cp -at /etc /a", []),
        ("install -m 644 /x /a", ["/a"]),
        ("install -m 4755 /x /a", []),
        ("install -d /etc/x /a", []),
        ("sed -i s/a/b/ /a", ["/a"]),
        ("sed -i.bak -e s/a/b/g -e 3d /a", ["/a"]),
        ("sed -i s/a/b/e /a", []),
        ("sed -i 1e /a", []),
        ("sed -i w/etc/x /a", []),
        ("sed s/a/b/ /a", []),
        ("frobnicate /a", []),
    ],
)
def test_what_a_command_writes(command, written):
    assert find_written(command.split()) == written


@pytest.mark.parametrize(
    ("command", "services"),
    [
        ("systemctl restart a b", ["a", "b"]),
        ("systemctl --no-block reload a.service", ["a.service"]),
        ("systemctl stop a", []),
        ("systemctl -H other restart a", []),
        ("service a restart", ["a"]),
        ("docker restart a", ["a"]),
    ],
)
def test_which_services_it_starts_again(command, services):
    assert find_services(command.split()) == services


@pytest.mark.parametrize(
    ("command", "prints"), [("sed -n 1,5p a", True), ("sed -i s/a/b/ a", False), ("sed e a", False)]
)
def test_sed_may_only_print(command, prints):
    assert only_prints(command.split()) is prints
