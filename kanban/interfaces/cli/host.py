"""`kanban host`: the hosts that agents can reach."""

from dataclasses import asdict
from typing import Any

import click

from kanban.app import App
from kanban.domain.host import Host
from kanban.errors import ExecutionError, InvalidInput, NotFound, did_you_mean
from kanban.execution.host_check import Finding, check_host, describe_login
from kanban.execution.ssh.login import CONFIG, HOSTS, Login, find_login
from kanban.files.home import add_host, check_host_entry
from kanban.interfaces.cli.output import json_option, print_data, print_table, say, show_safely
from kanban.interfaces.cli.session import the_person, with_app

LOCAL = "local"


@click.group("host")
def host_command() -> None:
    """The hosts that agents can reach."""


@host_command.command("list")
@json_option
@with_app
def list_hosts(app: App, as_json: bool) -> None:
    """List the hosts of hosts.yaml with the login in force, and which of its settings come from ~/.ssh/config.

    Example: kanban host list
    """
    hosts = app.live.hosts.hosts
    if as_json:
        print_data(
            [{"name": name, **host.model_dump(mode="json"), **_in_force(name, host)} for name, host in hosts.items()]
        )
        return
    if not hosts:
        say(f"{app.home.hosts_file} names no host yet")
        return
    print_table(("NAME", "LOGIN", "KEY", "FROM ~/.ssh/config", "ABOUT"), [_row(*item) for item in hosts.items()])


@host_command.command("check")
@click.argument("name", required=False)
@json_option
@with_app
def check_hosts(app: App, name: str | None, as_json: bool) -> int:
    """Prove that agents can work on each host, or on one; exit 1 when something would break work.

    Tries the login, commands that are hard to quote, files, how a stopped command ends, and what the account may do.

    Example: kanban host check webb
    """
    results = {each: list(check_host(each, app.live.hosts.hosts[each])) for each in _chosen(app, name)}
    if as_json:
        print_data([_as_data(each, findings) for each, findings in results.items()])
    elif not results:
        say(f"{app.home.hosts_file} names no host to log in to")
    else:
        for each, findings in results.items():
            _print_findings(each, findings)
    return 1 if any(_problem(findings) for findings in results.values()) else 0


@host_command.command("edit")
@with_app
def edit_hosts(app: App) -> None:
    """Edit hosts.yaml in $EDITOR. What is wrong is refused with the reason, and nothing you typed is lost.

    Example: kanban host edit
    """
    from kanban.interfaces.cli.editing import edit_until_right
    from kanban.service.amendment import amend_hosts

    the_person(app, "editing the hosts")
    edit_until_right(amend_hosts(app.home))


@host_command.command("add")
@click.argument("name")
@click.option("--address", metavar="A", help="Where it is.")
@click.option("--user", metavar="U", help="Who logs in.")
@click.option("--port", type=int, metavar="N", help="Where sshd listens.")
@click.option("--key", metavar="FILE", help="Exactly this key.")
@click.option("--jump", metavar="HOSTS", help="By way of these, as ProxyJump has it.")
@click.option("--about", metavar="T", help="What Ginger should know of it.")
@click.option("--unchecked", is_flag=True, help="Do not try it first.")
@with_app
def add_host_command(app: App, name: str, unchecked: bool, **told: str | int | None) -> int:
    """Name a host that agents may reach, once it was tried; what is left out is taken from ~/.ssh/config.

    Example: kanban host add webb --about "the solar dashboard"
    """
    the_person(app, "adding a host")
    given = {key: value for key, value in told.items() if value is not None}
    if name in app.live.hosts.hosts or name == LOCAL:
        raise InvalidInput(f"hosts.yaml names {name!r} already", "`kanban host edit` changes it")
    host = check_host_entry(app.home, name, given)
    if not unchecked:
        findings = list(check_host(name, host))
        _print_findings(name, findings)
        if _problem(findings):
            say("it is not in hosts.yaml; mend that, or name it all the same with --unchecked")
            return 1
    add_host(app.home, name, given)
    click.echo(f"{name} is in {app.home.hosts_file}")
    return 0


def _chosen(app: App, name: str | None) -> list[str]:
    remote = [each for each in app.live.hosts.hosts if each != LOCAL]
    if name is None:
        return remote
    if name not in remote:
        hint = did_you_mean(name, remote) or f"write it into {app.home.hosts_file}"
        raise NotFound(f"hosts.yaml names no host {name!r} to log in to", hint)
    return [name]


def _print_findings(name: str, findings: list[Finding]) -> None:
    """A line for the host, and one for each thing that was tried."""
    problem = _problem(findings)
    if problem:
        click.echo(f"{name}  {click.style('failed', fg='red')}  {show_safely(problem.told)}")
        click.echo(f"    {show_safely(problem.hint)}")
    else:
        click.echo(f"{name}  {click.style('ok', fg='green')}")
    for finding in findings:
        if finding is not problem:
            state = "" if finding.ok else click.style("failed  ", fg="red")
            click.echo(f"    {finding.name:10}  {state}{show_safely(finding.told)}")


def _problem(findings: list[Finding]) -> Finding | None:
    return next((finding for finding in findings if not finding.ok), None)


def _as_data(name: str, findings: list[Finding]) -> dict[str, Any]:
    problem = _problem(findings)
    error, hint = (problem.told, problem.hint) if problem else ("", "")
    told = [asdict(finding) for finding in findings]
    return {"host": name, "ok": problem is None, "error": error, "hint": hint, "findings": told}


def _in_force(name: str, host: Host) -> dict[str, Any]:
    """The login in force and where each setting comes from, for JSON."""
    if name == LOCAL:
        return {"login": None}
    try:
        login = find_login(name, host)
    except ExecutionError as error:
        return {"login": None, "error": error.tell()}
    return {"login": _login_as_data(login)}


def _login_as_data(login: Login) -> dict[str, Any]:
    return {
        "address": login.address,
        "port": login.port,
        "user": login.user,
        "keys": [str(path) for path in login.keys],
        "known_hosts": [str(path) for path in login.known_hosts],
        "jump": [f"{hop.user}@{hop.where}" for hop in login.via],
        "proxy_command": login.proxy_command,
        "from": dict(login.origins),
    }


def _row(name: str, host: Host) -> tuple[str, ...]:
    about = show_safely(host.about)
    if name == LOCAL:
        return name, "this machine", "", "", about
    try:
        login = find_login(name, host)
    except ExecutionError as error:
        return name, "unknown", "", "", show_safely(error.tell())
    from_config = ", ".join(field for field, origin in login.origins.items() if origin == CONFIG)
    return name, show_safely(describe_login(login)), _key(login), from_config or "nothing", about


def _key(login: Login) -> str:
    if login.origins["key"] in (HOSTS, CONFIG):
        return ", ".join(str(path) for path in login.keys)
    return "the agent's, or the usual files"
