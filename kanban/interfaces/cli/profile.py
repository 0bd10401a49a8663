"""`kanban profile`: the agents."""

from pathlib import Path
from typing import Any

import click

from kanban.app import App
from kanban.domain.profile import Profile
from kanban.interfaces.cli.output import json_option, print_data, print_table, show_safely
from kanban.interfaces.cli.session import with_app


@click.group("profile")
def profile_command() -> None:
    """The agents."""


@profile_command.command("list")
@json_option
@with_app
def list_profiles(app: App, as_json: bool) -> None:
    """List the profiles.

    Example: kanban profile list
    """
    profiles = app.profiles.values()
    if as_json:
        print_data([_as_json(profile) for profile in profiles])
        return
    rows = [
        (profile.name, profile.role, profile.model, str(profile.max_turns), show_safely(profile.about))
        for profile in profiles
    ]
    print_table(("NAME", "ROLE", "MODEL", "TURNS", "ABOUT"), rows)


@profile_command.command("show")
@click.argument("name")
@json_option
@with_app
def show_profile(app: App, name: str, as_json: bool) -> None:
    """Show one profile, with what it may use and where its file is.

    Example: kanban profile show cody
    """
    profile = app.profile(name)
    if as_json:
        print_data(_as_json(profile))
        return
    click.secho(f"{profile.name}  {_file(app, profile)}", bold=True)
    for key, value in _as_json(profile).items():
        shown = ", ".join(value) if isinstance(value, list) else value
        if shown not in (None, ""):
            click.echo(f"  {key:<16} {show_safely(str(shown))}")


@profile_command.command("check")
@json_option
@with_app
def check_profiles(app: App, as_json: bool) -> int:
    """Say whether every profile can be used and has its key; exit 1 when one has not. No key is ever shown.

    Example: kanban profile check
    """
    checked = [(profile, _missing_key(app, profile)) for profile in app.profiles.values()]
    if as_json:
        print_data([{"name": profile.name, "model": profile.model, "missing_key": key} for profile, key in checked])
    else:
        hint = f"not set: in the environment, or in {app.home.env_file}"
        rows = [
            (profile.name, profile.model, click.style(f"{key} is {hint}", fg="red") if key else "ok")
            for profile, key in checked
        ]
        print_table(("NAME", "MODEL", "KEY"), rows)
    return 1 if any(key for _, key in checked) else 0


def _missing_key(app: App, profile: Profile) -> str | None:
    """The name of the first variable that should hold a key of the profile and does not."""
    return next((name for name in profile.key_names if name not in app.secrets), None)


def _as_json(profile: Profile) -> dict[str, Any]:
    return profile.model_dump(mode="json") | {"tools": sorted(profile.toolset)}


def _file(app: App, profile: Profile) -> Path:
    return app.home.profiles_folder / f"{profile.name}.yaml"
