"""Settings: defaults < `kanban.yaml` < environment < flags. The only reader of the process's environment."""

import os
import re
import sys
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from io import StringIO
from pathlib import Path
from shutil import which
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

import kanban
from kanban.domain.addresses import check_allowed
from kanban.domain.budget import Budgets
from kanban.domain.tool import GateRule, KnownCommand
from kanban.errors import HomeError, InvalidFile, InvalidInput
from kanban.files.yamlfile import load_data, load_model, read_text

PREFIX = "KANBAN_"
CHATTER_SHARE = 0.25  # of the time after which a run is stale: so long may output that says nothing new go on

HOME_VARIABLE = "KANBAN_HOME"
RUN_VARIABLE = "KANBAN_RUN"  # set to a run's number in every process that a run starts
TOKEN_VARIABLE = "KANBAN_RUN_TOKEN"  # board and run: by it the processes of a lost run are found wherever they went

# What a worker's shell may see of the environment; everything else stays outside.
HARMLESS_VARIABLES = ("PATH", "HOME", "LANG", "LC_*", "TERM", "TZ", "USER", "SHELL", "TMPDIR")
SECRET_NAME = re.compile(r"(^|_)(API)?KEY(_|$)|TOKEN(_|$)|SECRET|PASSW|PASSPHRASE|CREDENTIAL", re.IGNORECASE)


def shipped_defaults() -> Path:
    """The folder of the files that a new home starts from."""
    package = Path(kanban.__file__).parent
    packaged = package / "defaults"
    return packaged if packaged.is_dir() else package.parent


def _shipped_gate() -> list[GateRule]:
    return TypeAdapter(list[GateRule]).validate_python(load_data(shipped_defaults() / "kanban.yaml")["gate"])


class Settings(BaseModel):
    """What `kanban.yaml` may say. Without a `gate` of its own a home has the shipped one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    interval_seconds: float = Field(60, gt=0, description="How often the dispatcher looks at the board by itself.")
    lease_seconds: float = Field(30, gt=0, description="How long a run holds its ticket without a sign of life.")
    stale_after_hours: float = Field(4.0, gt=0, description="How long a run may show no progress.")
    slots: int = Field(4, ge=1, description="How many runs there may be at once.")
    budget_usd_per_day: float | None = Field(None, gt=0, description="How many dollars the models may cost a day.")
    budgets: Budgets = Field(Budgets(), description="What each run, ticket and request may cost, in usd and in tokens.")
    max_tickets_per_request: int = Field(40, ge=1, description="How many tickets one request may grow to.")
    max_depth: int = Field(3, ge=1, description="How often a ticket may be split into tickets that are split again.")
    max_runs_per_ticket: int = Field(12, ge=1, description="After how many runs a ticket waits for a person.")
    output_limit_chars: int = Field(30_000, ge=1000, description="How much of a tool's output the model is shown.")
    command_timeout_seconds: float = Field(600, gt=0, description="The longest time a call may ask for.")
    tool_timeout_seconds: float = Field(120, gt=0, description="The time a call gets that asks for none.")
    web_timeout_seconds: float = Field(30, gt=0, description="The time one look at the web gets.")
    web_max_bytes: int = Field(2_000_000, ge=1000, description="How much of a web page is taken.")
    web_allow: list[Annotated[str, AfterValidator(check_allowed)]] = Field(
        [], description="Hosts and networks that may be fetched from although they are not public."
    )
    nudge_at: float = Field(0.8, gt=0, le=1, description="The share of its turns after which a model is warned.")
    window_share: float = Field(0.7, gt=0, le=1, description="The share of a model's window that a request may fill.")
    longest_pause_minutes: float = Field(60, gt=0, description="The longest that a model is left alone.")
    lint_tries: int = Field(3, ge=1, description="How often a brief may come back before a person is asked.")
    stop: Literal["leave", "hand_back"] = Field("leave", description="What a clean stop does with running work.")
    backups: int = Field(7, ge=0, description="How many daily copies of the board are kept; 0: none are made.")
    warm_minutes: float = Field(10, ge=0, description="How long the model library stays loaded without any work.")
    keep_runs_days: float = Field(30, gt=0, description="How long the folders of runs are kept that nobody needs.")
    keep_runs_mb: float = Field(5000, gt=0, description="How large the folders of all runs may become together.")
    keep_logs_mb: float = Field(50, gt=0, description="How long a log of the daemon may become.")
    notify: list[str] = Field([], description="Apprise addresses that notices go to; ${NAME} is taken from .env.")
    sandbox: Literal["auto", "off"] = Field("auto", description="What is round commands on this machine.")
    sandbox_reads: list[str] = Field([], description="Folders that commands in the sandbox may read and not change.")
    read_only: bool = Field(False, description="Whether agents may only look, whatever their profiles say.")
    gate: list[GateRule] = Field(default_factory=_shipped_gate, description="How risky a call is; first match wins.")
    harmless: list[KnownCommand] = Field([], description="Commands that pass on every host, besides those known.")

    @property
    def chatter_seconds(self) -> float:
        """How long output that says nothing new still counts as progress."""
        return CHATTER_SHARE * 3600 * self.stale_after_hours

    @property
    def has_sandbox(self) -> bool:
        """Whether commands on this machine are to run in a cell."""
        return self.sandbox != "off"

    @property
    def sandbox_folders(self) -> list[Path]:
        """The folders of `sandbox_reads`."""
        return [Path(folder).expanduser() for folder in self.sandbox_reads]

    @field_validator("gate", mode="before")
    @classmethod
    def _has_rules(cls, gate: object) -> object:
        if isinstance(gate, list) and gate:
            return gate
        found = "holds no rule" if gate in (None, [], {}, "") else f"is no list of rules, but {str(gate)[:40]!r}"
        raise ValueError(f"{found}: take the key out to have the shipped rules in force, or write rules under it")


def find_home(flag: str | None, environ: Mapping[str, str] | None = None) -> Path:
    """The home's folder, which need not exist: `--home`, else KANBAN_HOME, else `~/.kanban`."""
    named = flag or (os.environ if environ is None else environ).get(HOME_VARIABLE)
    return Path(named).expanduser().absolute() if named else Path.home() / ".kanban"


def is_colour_unwanted(environ: Mapping[str, str] | None = None) -> bool:
    """Whether the person asked for plain text everywhere, by NO_COLOR."""
    return bool((os.environ if environ is None else environ).get("NO_COLOR"))


def is_in_browser(environ: Mapping[str, str] | None = None) -> bool:
    """Whether this process draws for a tab of a browser: textual-serve has started it, and no terminal is there."""
    return (os.environ if environ is None else environ).get("TEXTUAL_DRIVER", "").endswith(":WebDriver")


def find_editor(environ: Mapping[str, str] | None = None) -> str | None:
    """The command of the person's editor: VISUAL, else EDITOR, else what is installed; None when nothing is."""
    given = os.environ if environ is None else environ
    usual = (name for name in ("nano", "vim", "vi") if which(name))
    return given.get("VISUAL") or given.get("EDITOR") or next(usual, None)


def user_config_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Where programs of this user keep their settings: XDG_CONFIG_HOME, else `~/.config`."""
    named = (os.environ if environ is None else environ).get("XDG_CONFIG_HOME")
    return Path(named) if named else Path.home() / ".config"


def fork_environment() -> dict[str, str]:
    """The environment of the process that runs are forked from: macOS ends forked children unless it is told not to."""
    return {**os.environ, "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"}


def is_on_macos() -> bool:
    """Whether this machine is a Mac."""
    return sys.platform == "darwin"


def read_settings(file: Path, flags: Mapping[str, Any] | None = None) -> Settings:
    """Lay the flags that are not None over KANBAN_… variables over `file` (if it exists) over the defaults.

    Raises InvalidFile for what is wrong in `file`, InvalidInput for a wrong variable or flag.
    """
    # its import costs more than all else that a small command does
    from pydantic_settings import BaseSettings, InitSettingsSource, SettingsConfigDict, SettingsError
    from pydantic_settings import PydanticBaseSettingsSource as Source

    in_file = load_model(file, Settings, empty_ok=True).model_dump(exclude_unset=True) if file.exists() else {}

    class LayeredSettings(Settings, BaseSettings):
        model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], init_settings: Source, env_settings: Source, *_: Any, **__: Any
        ) -> tuple[Source, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=in_file)

    given = {name: value for name, value in (flags or {}).items() if value is not None}
    try:
        layered = LayeredSettings(**given)
    except SettingsError as error:
        raise InvalidInput(f"environment: {error}", "lists are written as JSON in the environment") from None
    except ValidationError as error:
        raise _wrong_setting(error, given) from None
    return Settings(**dict(layered))


def _wrong_setting(error: ValidationError, flags: Mapping[str, Any]) -> InvalidInput:
    first = error.errors()[0]
    name = str(first["loc"][0])
    source = f"--{name.replace('_', '-')}" if name in flags else f"{PREFIX}{name.upper()}"
    field = Settings.model_fields.get(name)
    problem = first["msg"].removeprefix("Value error, ")
    return InvalidInput(f"{source}: {problem}, not {first['input']!r}", (field and field.description) or "")


def secrets(home: Path, named: Collection[str] = ()) -> dict[str, str]:
    """The secrets by name: all of the home's `.env`, overlaid with the environment, which wins.

    Of the environment these are the variables in `.env` and in `named` (the profiles' `api_key_env`), and those
    whose name says that they hold a secret. Empty ones are left out. Raises InvalidFile or HomeError for `.env`.
    """
    in_file = _read_env_file(home / ".env")
    wanted = {name for name in os.environ if name in in_file or name in named or SECRET_NAME.search(name)}
    both = {**in_file, **{name: os.environ[name] for name in wanted}}
    return {name: value for name, value in both.items() if value}


def _read_env_file(path: Path) -> dict[str, str]:
    from dotenv.parser import parse_stream

    found: dict[str, str] = {}
    for binding in parse_stream(StringIO(read_text(path) if path.exists() else "")):
        if binding.error or (binding.key and binding.value is None):
            # the line itself is not shown: it may hold a secret
            text = binding.original.string
            line = binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
            raise InvalidFile(path, line, "is not NAME=value", "write one NAME=value on each line")
        if binding.key:
            found[binding.key] = binding.value or ""
    return found


def caller_run_id(environ: Mapping[str, str] | None = None) -> int | None:
    """The number of the run that this process was started in; None when a person started it.

    Raises HomeError when the mark is there and cannot be read: such a process is never taken for a person's.
    """
    mark = (os.environ if environ is None else environ).get(RUN_VARIABLE)
    if mark is None:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", mark):
        raise HomeError(f"{RUN_VARIABLE} is {mark!r}, which is no run's number", f"unset {RUN_VARIABLE}")
    return int(mark)


def mark_environment(home: Path, run_id: int) -> dict[str, str]:
    """What every process of a run carries in its environment: whose it is, and which board that is."""
    return {RUN_VARIABLE: str(run_id), TOKEN_VARIABLE: run_token(home, run_id), HOME_VARIABLE: str(home)}


def run_token(home: Path, run_id: int) -> str:
    """The value of TOKEN_VARIABLE: unique to one run of one board."""
    return f"{home.resolve()}#{run_id}"


def clean_environment(keys: Collection[str] = ()) -> dict[str, str]:
    """The environment for a worker's shell: HARMLESS_VARIABLES, less any named in `keys` (the secrets' names)."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in keys and any(fnmatchcase(name, harmless) for harmless in HARMLESS_VARIABLES)
    }
