"""`kanban doctor` and `kanban notify`."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict

import click

from kanban.app import App
from kanban.domain.host import Host
from kanban.errors import InvalidInput, KanbanError
from kanban.interfaces.cli.output import json_option, print_data, show_safely
from kanban.interfaces.cli.session import the_person, with_app
from kanban.service import doctor
from kanban.service.doctor import Finding

LOGIN_SECONDS = 20.0


@click.command("doctor")
@click.option("--deep", is_flag=True, help="Read the whole board for damage, too; slow on a large one.")
@json_option
@with_app
def doctor_command(app: App, deep: bool, as_json: bool) -> int:
    """Look at everything that could keep the board from working; exit 1 when something is wrong.

    Example: kanban doctor
    """
    findings = []
    for finding in _look(app, deep):
        findings.append(finding)
        if not as_json:
            mark = click.style("ok  ", fg="green") if finding.ok else click.style("look", fg="red")
            click.echo(f"{mark}  {finding.subject}: {show_safely(finding.told)}")
            if not finding.ok and finding.hint:
                click.echo(f"      {show_safely(finding.hint)}")
    if as_json:
        print_data([asdict(finding) for finding in findings])
    return 0 if all(finding.ok for finding in findings) else 1


@click.group("notify")
def notify_command() -> None:
    """How notices reach you: desktop, phone, chat, mail. The addresses stand in kanban.yaml under `notify:`."""


@notify_command.command("test")
@json_option
@with_app
def test_notify(app: App, as_json: bool) -> int:
    """Send a test notice to every address of kanban.yaml; exit 1 when one does not take it.

    Example: kanban notify test
    """
    from kanban.connectors.notify import name_target, send_notice

    the_person(app, "sending a test notice")
    if not app.notify_targets:
        raise InvalidInput("kanban.yaml names no address under `notify:`", 'for example: notify: ["ntfy://my-topic"]')
    results = []
    for target in app.notify_targets:
        try:
            send_notice(target, "This is a test: notices of your board reach you here.")
            results.append({"target": name_target(target), "ok": True, "error": ""})
        except KanbanError as error:
            results.append({"target": name_target(target), "ok": False, "error": error.tell()})
    if as_json:
        print_data(results)
    else:
        for result in results:
            click.echo(f"{result['target']}: {'delivered' if result['ok'] else show_safely(str(result['error']))}")
    return 0 if all(result["ok"] for result in results) else 1


def _look(app: App, deep: bool) -> Iterator[Finding]:
    from kanban.files.home import load_hosts, load_profiles, load_rubric, load_settings

    yield from doctor.check_disks(app.home)
    yield from doctor.check_room(app.home.runs)
    yield doctor.check_sizes(app.home)
    settings = doctor.check_files("kanban.yaml", lambda: load_settings(app.home))
    yield settings
    if settings.ok:
        yield doctor.check_sandbox(app.live.settings)
        yield from doctor.check_gate(app.live.settings)
    profiles = doctor.check_files("profiles", lambda: load_profiles(app.home))
    hosts = doctor.check_files("hosts.yaml", lambda: load_hosts(app.home))
    board = doctor.check_files("board", lambda: app.store.db.check() if deep else app.store.db.glance())
    yield from (profiles, hosts, board)
    if profiles.ok:
        yield doctor.check_files("rubric.yaml", lambda: load_rubric(app.home, load_profiles(app.home)))
        keys = doctor.check_files(".env", lambda: app.secrets)
        yield from doctor.check_keys(app.live.profiles, app.secrets, app.home.env_file) if keys.ok else [keys]
    if board.ok:
        yield from _look_at_board(app)
    if settings.ok and board.ok:
        yield from doctor.check_budget(app.store.budget, app.live.settings.budget_usd_per_day, app.clock())
    if hosts.ok:
        yield from doctor.check_hosts(app.live.hosts.hosts, _log_in)


def _look_at_board(app: App) -> Iterator[Finding]:
    yield doctor.check_daemon(app.parts, app.clock())
    yield doctor.check_backups(app.upkeep.backups, app.home.board_marker.stat().st_mtime, app.clock())
    yield from doctor.check_runs(app.parts)
    yield from doctor.check_mishaps(app.parts, app.clock())
    yield from doctor.check_models(app.parts, app.clock())
    yield from doctor.check_tickets(app.parts)
    yield from doctor.check_requests(app.parts)
    yield from doctor.check_notices(app.store.outbox.failing(app.clock()))


def _log_in(name: str, host: Host) -> tuple[str, str]:
    """What went wrong at the login of a host, and what to do; both empty when it worked."""
    from kanban.execution.ssh import SSHBackend

    try:
        with closing(SSHBackend(name, host)) as backend:
            result = backend.run("true", timeout=LOGIN_SECONDS)
    except KanbanError as error:
        return str(error), error.hint
    if result.exit_status != 0:
        return f"`true` ended with {result.exit_status}: {result.output[:200]}", "look at its login shell"
    return "", ""
