"""`kanban model`: the models behind the profiles, which of them are paused, and whether one works."""

from typing import Any

import click

from kanban.app import App
from kanban.errors import NotFound, did_you_mean
from kanban.interfaces.cli.output import json_option, print_data, print_table, say, show_safely
from kanban.interfaces.cli.session import the_person, with_app
from kanban.service.models import resume


@click.group("model")
def model_command() -> None:
    """The models behind the profiles."""


@model_command.command("list")
@json_option
@with_app
def list_models(app: App, as_json: bool) -> None:
    """List the models, who uses them, what was learned of them, and which are paused.

    Example: kanban model list
    """
    models = _describe_models(app)
    if as_json:
        print_data(models)
        return
    rows = [
        (
            each["model"],
            ", ".join(each["profiles"]),
            f"{each['learned_window']:,} (learned)" if each["learned_window"] else "",
            _tell_pause(each),
        )
        for each in models
    ]
    print_table(("MODEL", "PROFILES", "WINDOW", "PAUSE"), rows)


@model_command.command("resume")
@click.argument("model")
@json_option
@with_app
def resume_model(app: App, model: str, as_json: bool) -> None:
    """Lift the pause of a model now, and forget what was learned of its window.

    Example: kanban model resume deepseek/deepseek-v4-pro
    """
    the_person(app, "resuming a model")
    known = sorted(_find_users(app))
    if model not in known:
        raise NotFound(f"no profile uses a model {model!r}", did_you_mean(model, known))
    lifted = resume(app.store, model, app.clock(), forget_window=True)
    if as_json:
        print_data({"model": model, "resumed": lifted})
    else:
        say(f"{model} goes on" if lifted else f"{model} was not paused")


@model_command.command("test")
@click.argument("profile")
@json_option
@with_app
def test_model(app: App, profile: str, as_json: bool) -> int:
    """Have a profile's model make one real call of a tool; exit 1 when it cannot be used. It costs a few tokens.

    Example: kanban model test cody
    """
    from kanban.llm import preload
    from kanban.llm.trial import try_model

    the_person(app, "testing a model")
    chosen = app.live.profile(profile)
    if not as_json:
        say(f"asking {chosen.model} …")
    model = app.open_model(chosen)
    preload()  # else the seconds that the library takes would count as the model's
    trial = try_model(model)
    if trial.works:
        resume(app.store, chosen.model, app.clock())
    found = {
        "profile": profile,
        "model": chosen.model,
        "works": trial.works,
        "problem": trial.problem,
        "tools": trial.tools,
        "thinks": bool(trial.first and trial.first.thoughts),
        "gives_back": bool(trial.first and trial.first.opaque),
        "first_token_seconds": trial.first_token,
        "seconds": trial.seconds,
        "window": model.window,
        "usage": _describe_usage(trial),
        "advice": trial.advice,
    }
    if as_json:
        print_data(found)
    else:
        _print_trial(found)
    return 0 if trial.works else 1


def _describe_models(app: App) -> list[dict[str, Any]]:
    """Every model that a profile or a fallback names, with its pause and its window."""
    now = app.clock()
    pauses, windows = app.store.pauses.active(now), app.store.windows.all()
    models = []
    for model, names in sorted(_find_users(app).items()):
        pause = pauses.get(model)
        models.append(
            {
                "model": model,
                "profiles": names,
                "learned_window": windows.get(model),
                "paused_seconds": pause.until - now if pause else None,
                "outcome": pause.outcome if pause else None,
                "why": pause.why if pause else None,
            }
        )
    return models


def _find_users(app: App) -> dict[str, list[str]]:
    """The profiles that name each model, as theirs or as a fallback."""
    users: dict[str, list[str]] = {}
    for profile in app.live.profiles.values():
        for model in profile.models:
            users.setdefault(model, []).append(profile.name)
    return users


def _tell_pause(model: dict[str, Any]) -> str:
    if model["paused_seconds"] is None:
        return ""
    return f"{model['paused_seconds']:.0f} s more ({model['outcome']}): {show_safely(model['why'])}"


def _describe_usage(trial: Any) -> list[dict[str, Any]]:
    return [
        {
            "prompt": reply.usage.prompt_tokens,
            "cached": reply.usage.cached_tokens,
            "completion": reply.usage.completion_tokens,
            "reasoning": reply.usage.reasoning_tokens,
            "cost_usd": reply.usage.cost_usd,
        }
        for reply in (trial.first, trial.second)
        if reply is not None
    ]


def _print_trial(found: dict[str, Any]) -> None:
    works = click.style("works", fg="green") if found["works"] else click.style("cannot be used", fg="red")
    click.echo(f"{found['model']} {works}")
    if found["problem"]:
        click.echo(f"  problem      {show_safely(found['problem'])}")
    click.echo(f"  tools        {found['tools']}")
    thinks = "yes, and what it wants back is given back" if found["gives_back"] else "yes"
    click.echo(f"  thinks       {thinks if found['thinks'] else 'no thoughts were seen'}")
    if found["first_token_seconds"] is not None:
        click.echo(f"  first token  {found['first_token_seconds']:.1f} s; the whole try {found['seconds']:.1f} s")
    click.echo(f"  window       {found['window'] or 'unknown'}")
    for number, usage in enumerate(found["usage"], 1):
        cost = "unknown cost" if usage["cost_usd"] is None else f"${usage['cost_usd']:.6f}"
        prompt = f"{usage['prompt']} prompt ({usage['cached']} cached)"
        completion = f"{usage['completion']} completion ({usage['reasoning']} reasoning)"
        click.echo(f"  turn {number}       {prompt}, {completion}, {cost}")
    for advice in found["advice"]:
        click.echo(f"  to change    {advice}")
