"""`kanban host`: the hosts that agents can reach."""

from contextlib import closing
from dataclasses import asdict, dataclass

import click

from kanban.app import App
from kanban.domain.host import Host
from kanban.errors import KanbanError, NotFound, did_you_mean
from kanban.interfaces.cli.output import json_option, print_data, print_table, say, show_safely
from kanban.interfaces.cli.session import with_app

CHECK_SECONDS = 20.0
LOCAL = "local"


@dataclass(frozen=True)
class Login:
    """What became of one login; `error` is empty when it worked."""

    host: str
    error: str = ""
    hint: str = ""


@click.group("host")
def host_command() -> None:
    """The hosts that agents can reach."""


@host_command.command("list")
@json_option
@with_app
def list_hosts(app: App, as_json: bool) -> None:
    """List the hosts of hosts.yaml.

    Example: kanban host list
    """
    hosts = app.hosts.hosts
    if as_json:
        print_data([{"name": name, **host.model_dump(mode="json")} for name, host in hosts.items()])
        return
    if not hosts:
        say(f"{app.home.hosts_file} names no host yet")
        return
    rows = [(name, _address(name, host), show_safely(host.about)) for name, host in hosts.items()]
    print_table(("NAME", "LOGIN", "ABOUT"), rows)


@host_command.command("check")
@click.argument("name", required=False)
@json_option
@with_app
def check_hosts(app: App, name: str | None, as_json: bool) -> int:
    """Log in to each host, or to one, and run `true` there; exit 1 when a login fails.

    Example: kanban host check webb
    """
    logins = [log_in(each, app.hosts.hosts[each]) for each in _chosen(app, name)]
    if as_json:
        print_data([asdict(login) | {"ok": not login.error} for login in logins])
    elif not logins:
        say(f"{app.home.hosts_file} names no host to log in to")
    else:
        _print_logins(logins)
    return 1 if any(login.error for login in logins) else 0


def _chosen(app: App, name: str | None) -> list[str]:
    remote = [each for each in app.hosts.hosts if each != LOCAL]
    if name is None:
        return remote
    if name not in remote:
        hint = did_you_mean(name, remote) or f"write it into {app.home.hosts_file}"
        raise NotFound(f"hosts.yaml names no host {name!r} to log in to", hint)
    return [name]


def log_in(name: str, host: Host) -> Login:
    """Try to run a command on a host."""
    from kanban.execution.ssh import SSHBackend

    try:
        with closing(SSHBackend(name, host)) as backend:
            result = backend.run("true", timeout=CHECK_SECONDS)
    except KanbanError as error:
        return Login(name, str(error), error.hint)
    if result.exit_status != 0:
        return Login(name, f"`true` ended with {result.exit_status}: {result.output[:200]}", "look at its login shell")
    return Login(name)


def _print_logins(logins: list[Login]) -> None:
    for login in logins:
        if not login.error:
            click.echo(f"{login.host}  {click.style('ok', fg='green')}")
            continue
        click.echo(f"{login.host}  {click.style('failed', fg='red')}  {show_safely(login.error)}")
        if login.hint:
            click.echo(f"    {show_safely(login.hint)}")


def _address(name: str, host: Host) -> str:
    return "this machine" if name == LOCAL else f"{host.user}@{host.address or name}:{host.port}"
