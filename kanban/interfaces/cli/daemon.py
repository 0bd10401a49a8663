"""`kanban up`, `kanban tick`, and the process that runs are forked from."""

import gc
import sys
import time

import click

from kanban.app import App, build
from kanban.files.settings import find_home
from kanban.interfaces.cli.output import json_option, print_data, say
from kanban.interfaces.cli.session import the_person, with_app

RUN_PATIENCE = 180.0  # seconds that a run waits for a board that another process holds; it has nothing better to do


@click.command("up")
@click.option("--interval", type=click.FloatRange(min=0.1), help="Seconds between ticks (else as in kanban.yaml).")
@click.option("--once", is_flag=True, help="Tick until nothing is left to do at once, then stop.")
@click.option("--stop", type=click.Choice(["leave", "hand_back"]), help="What a stop does with running work.")
@click.option("--read-only", is_flag=True, default=None, help="Agents may only look, whatever their profiles say.")
@click.pass_context
def up_command(
    ctx: click.Context, interval: float | None, once: bool, stop: str | None, read_only: bool | None
) -> None:
    """Run the daemon: dispatch tickets until stopped by Ctrl-C or SIGTERM.

    Example: kanban up --interval 60
    """
    app = build(find_home(ctx.find_root().obj), {"interval_seconds": interval, "stop": stop, "read_only": read_only})
    the_person(app, "running the daemon")
    if once:
        _tick_until_idle(app)
    else:
        app.upkeep.presence.enter()
        _say_stamped(f"board {app.home.board}, a tick every {app.live.settings.interval_seconds:g} s; Ctrl-C stops")
        _say_what_holds(app)
        app.make_daemon(_say_stamped).run(app.live.settings.interval_seconds, app.live.settings.lease_seconds)
        _stop_runs(app)
    app.launcher.close()


def _say_what_holds(app: App) -> None:
    """Say that agents may only look, and what is round their commands while it is less than it could be."""
    from kanban.service.doctor import check_sandbox

    finding = check_sandbox(app.live.settings)
    if app.live.settings.read_only:
        _say_stamped("read-only: agents may look, and change nothing but the board")
    if not finding.ok or not app.live.settings.has_sandbox:
        _say_stamped(f"sandbox {finding.told}" + (f" ({finding.hint})" if finding.hint else ""))


@click.command("stop")
@click.option("--all", "everything", is_flag=True, help="Stop every run now, and start none.")
@click.option("--reason", default="", metavar="T", help="Why; shown wherever something waits for it.")
@click.option("--lift", is_flag=True, help="Let work go on: each run from where it was.")
@json_option
@with_app
def stop_command(app: App, everything: bool, reason: str, lift: bool, as_json: bool) -> None:
    """Stop all work at once, with or without a daemon, until you lift it. The file STOP in the home does the same.

    Example: kanban stop --all --reason "the router is on fire"
    """
    from kanban.files.halt import lift_halt, put_halt

    if everything == lift:
        raise click.UsageError("say --all to stop everything, or --lift to let it go on")
    the_person(app, "stopping everything")
    if lift:
        lifted = lift_halt(app.home)
        stopped: list[int] = []
    else:
        put_halt(app.home, reason or "you said so")
        lifted, stopped = False, app.dispatcher.hand_back(app.clock())
        app.launcher.close()
    if as_json:
        print_data({"stopped": everything, "lifted": lifted, "runs": stopped})
    elif lift:
        say("work goes on" if lifted else "nothing was stopped")
    else:
        runs = f"runs {', '.join(map(str, stopped))} were" if stopped else "no run was"
        say(f"everything is stopped; {runs} ended, and `kanban stop --lift` lets their tickets go on where they were")


@click.command("tick")
@json_option
@with_app
def tick_command(app: App, as_json: bool) -> None:
    """Do one tick by hand: what the daemon does every minute. Runs that it starts go on by themselves.

    Example: kanban tick --json
    """
    the_person(app, "a tick")
    report = app.dispatcher.tick(app.clock())
    app.launcher.close()
    if as_json:
        print_data(vars(report))
        return
    from kanban.dispatch.daemon import describe_tick

    click.echo(describe_tick(report))


@click.command("serve-runs", hidden=True)
@click.option("--read-only", is_flag=True, default=None)
@click.pass_context
def serve_runs_command(ctx: click.Context, read_only: bool | None) -> None:
    """Fork a process for each run that is asked for on standard input."""
    from kanban.dispatch.launchers.fork import serve_forks
    from kanban.dispatch.runner import carry_out, end_unstarted
    from kanban.interfaces.cli.narrator import LogNarrator
    from kanban.llm import preload
    from kanban.service.policy import find_wrong_examples
    from kanban.trust.policy import preload_rules

    path, flags = find_home(ctx.find_root().obj), {"read_only": read_only}
    app = build(path, flags)
    app.upkeep.presence.enter()  # the runs inherit it
    preload_rules(app.live.settings.gate)
    for wrong in find_wrong_examples(app.live.settings):
        print(f"gate: {wrong}", file=sys.stderr, flush=True)  # the log of runs: `kanban doctor` says it too
    preload([profile.model for profile in app.live.profiles.values()])
    gc.collect()
    gc.freeze()  # what is loaded now stays shared between the processes of the runs

    def carry_out_fresh(run_id: int) -> None:
        forked = build(path, flags)  # files that people edit are read anew, and no connection crosses a fork
        forked.busy_seconds = RUN_PATIENCE
        try:
            context = forked.make_context(run_id, LogNarrator())
        except Exception as error:
            end_unstarted(forked.store.runs, run_id, error, forked.clock())
            raise
        carry_out(context, forked.store.runs)

    def probe_fresh(profile: str, model: str) -> None:
        build(path).probe(profile, model)

    serve_forks(sys.stdin.buffer, carry_out_fresh, app.log_file, probe_fresh)


def _tick_until_idle(app: App) -> None:
    """Tick until no run is live and a tick finds nothing more to do."""
    from kanban.dispatch.daemon import describe_tick

    while (report := app.dispatcher.tick(app.clock())).did_anything or app.store.due.live_runs():
        if report.did_anything:
            _say_stamped(describe_tick(report))
        time.sleep(0.1)
    _say_stamped("nothing more to do")


def _stop_runs(app: App) -> None:
    if app.live.settings.stop == "leave":
        live = [run.id for run in app.store.due.live_runs()]
        _say_stamped(f"stopped; runs {live} go on by themselves" if live else "stopped")
        return
    stopped = app.dispatcher.hand_back(app.clock())
    _say_stamped(f"stopped; runs {stopped} were stopped and their tickets handed back")


def _say_stamped(message: str) -> None:
    say(f"{time.strftime('%H:%M:%S')} {message}")
