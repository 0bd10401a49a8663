"""`kanban profile`: the agents."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kanban.app import App
from kanban.domain.profile import Profile
from kanban.interfaces.cli.output import json_option, print_data, print_table, say, show_safely
from kanban.interfaces.cli.session import the_person, with_app

if TYPE_CHECKING:
    from kanban.llm.advice import Finding


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
    profiles = app.live.profiles.values()
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
    profile = app.live.profile(name)
    if as_json:
        print_data(_as_json(profile))
        return
    click.secho(f"{profile.name}  {_file(app, profile)}", bold=True)
    for key, value in _as_json(profile).items():
        shown = ", ".join(value) if isinstance(value, list) else value
        if shown not in (None, ""):
            click.echo(f"  {key:<16} {show_safely(str(shown))}")


@profile_command.command("edit")
@click.argument("name")
@with_app
def edit_profile(app: App, name: str) -> None:
    """Edit a profile in $EDITOR. What is wrong is refused with the reason, and nothing you typed is lost.

    Example: kanban profile edit cody
    """
    from kanban.interfaces.cli.editing import edit_until_right
    from kanban.service.amendment import amend_profile

    the_person(app, "editing a profile")
    edit_until_right(amend_profile(app.home, name))


@profile_command.command("add")
@click.argument("name")
@click.option("--like", default="scout", metavar="P", help="The profile that it begins as.")
@click.option("--model", metavar="ID", help="Its model, as LiteLLM names it.")
@click.option("--yes", is_flag=True, help="Keep it as it is, without opening $EDITOR.")
@with_app
def add_profile_command(app: App, name: str, like: str, model: str | None, yes: bool) -> None:
    """Make a new profile out of one that is there, and open it in $EDITOR.

    Example: kanban profile add nightly --like scout --model ollama/qwen3:4b
    """
    from kanban.interfaces.cli.editing import edit_until_right
    from kanban.service.amendment import add_profile

    the_person(app, "adding a profile")
    amendment, text = add_profile(app.home, name, like, {"model": model} if model else {})
    if yes:
        click.echo(f"{amendment.put_in_force(text)} is in force")
    else:
        edit_until_right(amendment, text)
    say(f"`kanban rubric edit` gives it work, `kanban model test {name}` tries its model")


@profile_command.command("check")
@json_option
@with_app
def check_profiles(app: App, as_json: bool) -> int:
    """Say whether every profile can be used: its keys, and what it asks of its models. No key is ever shown.

    What a model is known not to do is told; exit 1 only for what cannot work.

    Example: kanban profile check
    """
    from kanban.llm.advice import check_models

    profiles = app.live.profiles.values()
    checked = [(profile, [*check_models(profile, app.secrets), *_check_tools(profile)]) for profile in profiles]
    if as_json:
        print_data([_describe_check(app, profile, findings) for profile, findings in checked])
    else:
        print_table(("NAME", "MODEL", "KEY"), [_tell_check(profile, findings) for profile, findings in checked])
        for profile, findings in checked:
            for finding in findings:
                click.echo(_tell_finding(profile, finding))
    return 1 if any(finding.stops for _, findings in checked for finding in findings) else 0


def _check_tools(profile: Profile) -> list["Finding"]:
    """What keeps the plug-ins that the profile names from working; most profiles name none."""
    if not profile.tools:
        return []
    from kanban.agents.toolbox import check_plugins
    from kanban.llm.advice import Finding

    return [Finding(profile.model, "tools", problem, stops=True) for problem in check_plugins(profile)]


def _describe_check(app: App, profile: Profile, findings: list["Finding"]) -> dict[str, Any]:
    return {
        "name": profile.name,
        "model": profile.model,
        "missing_key": _missing_key(app, profile),
        "findings": [asdict(finding) for finding in findings],
    }


def _tell_check(profile: Profile, findings: list["Finding"]) -> tuple[str, str, str]:
    lacks_key = any(finding.key == "api_key_env" for finding in findings)
    return profile.name, profile.model, click.style("missing", fg="red") if lacks_key else "ok"


def _tell_finding(profile: Profile, finding: "Finding") -> str:
    weight = click.style("wrong", fg="red") if finding.stops else click.style("note", fg="yellow")
    model = "" if finding.model == profile.model else f" of {finding.model}"
    return f"{weight}  {profile.name}: `{finding.key}`{model}: {show_safely(finding.problem)}"


def _missing_key(app: App, profile: Profile) -> str | None:
    """The name of the first variable that should hold a key of the profile and does not."""
    return next((name for name in profile.key_names if name not in app.secrets), None)


def _as_json(profile: Profile) -> dict[str, Any]:
    from kanban.agents.toolbox import list_tools

    return profile.model_dump(mode="json") | {"tools": list_tools(profile)}


def _file(app: App, profile: Profile) -> Path:
    return app.home.profiles_folder / f"{profile.name}.yaml"
