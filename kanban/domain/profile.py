"""A profile: a named agent, as written in `profiles/NAME.yaml`."""

from collections.abc import Container
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from kanban.domain.addresses import is_at_home
from kanban.domain.rubric import SPLIT
from kanban.domain.ticket import RESERVED_ASSIGNEES
from kanban.domain.tool import AgentRole, Tier

PROFILE_NAME = r"^[a-z][a-z0-9_-]{0,30}$"
Name = Annotated[str, StringConstraints(pattern=PROFILE_NAME)]

ANY_HOST = "*"
HOME_PROVIDERS = ("ollama/", "ollama_chat/", "lm_studio/", "llamafile/", "scripted/")  # on this machine by themselves


ModelId = Annotated[str, StringConstraints(min_length=1)]


class Price(BaseModel):
    """US dollars per million tokens, for a model whose price is not known.

    Cached and reasoning tokens cost what prompt and completion do where nothing else is said.
    """

    model_config = ConfigDict(extra="forbid")

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)
    cached: float | None = Field(default=None, ge=0)
    reasoning: float | None = Field(default=None, ge=0)


class Network(StrEnum):
    """What a run's commands on this machine reach of the network: all that this machine does, or nothing."""

    HOST = "host"
    NONE = "none"


class CommandLimits(BaseModel):
    """What one command on this machine may use: memory of each of its processes, their number, the size of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    memory_mb: int = Field(default=4096, ge=16)
    processes: int = Field(default=1024, ge=16)
    file_mb: int = Field(default=10_000, ge=1)


class Reasoning(StrEnum):
    """How much a model is to think before it answers."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class ModelSettings(BaseModel):
    """A model, where it is, and what is asked of it.

    `max_output` and `window` count tokens: the longest reply, and request and reply together. `timeout` is how many
    seconds the server may be silent. `tool_choice` says whether the server can be made to call a tool, None that it is
    found out by trying. `extra` is passed on to the provider as it stands.
    """

    model_config = ConfigDict(extra="forbid")

    model: ModelId
    api_base: str | None = None
    api_key_env: str | None = None
    price: Price | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    reasoning: Reasoning | None = None
    max_output: int | None = Field(default=None, ge=1)
    window: int | None = Field(default=None, ge=1024)
    timeout: float = Field(default=600.0, gt=0)
    tool_choice: bool | None = None
    stop: list[str] = []
    extra: dict[str, Any] = {}

    @property
    def is_at_home(self) -> bool:
        """Whether the model is asked on this machine or in the local network."""
        if self.api_base is None:
            return self.model.startswith(HOME_PROVIDERS)
        return is_at_home(urlsplit(self.api_base).hostname or "")


class Profile(ModelSettings):
    """A named agent: which model it is, what it may do, and how much of it.

    `tools` names tools as `read_file`, `files/read_file` or `files/*`; an empty list means all that are shipped for the
    role. `hosts` names the hosts it may reach (`*`: all).
    `fallback_models` are tried in order while the model is paused; one that is only named shares key and server.
    """

    name: Name
    role: AgentRole
    about: str = ""
    fallback_models: list[ModelId | ModelSettings] = []
    max_turns: int = Field(default=30, ge=1)
    max_minutes: int = Field(default=60, ge=1)
    max_parallel: int = Field(default=2, ge=1)
    failure_limit: int = Field(default=2, ge=1)
    capabilities: list[str] = []
    tools: list[str] = []
    hosts: list[str] = [ANY_HOST]
    tier: Tier = Tier.RISKY
    network: Network = Network.HOST
    limits: CommandLimits = CommandLimits()
    local_only: bool = False

    @field_validator("name")
    @classmethod
    def _refuse_reserved_names(cls, name: str) -> str:
        if name in RESERVED_ASSIGNEES or name == SPLIT:
            raise ValueError(f"the name {name!r} is reserved")
        return name

    @field_validator("fallback_models")
    @classmethod
    def _refuse_the_same_id_twice(
        cls, fallbacks: list[str | ModelSettings], info: ValidationInfo
    ) -> list[str | ModelSettings]:
        ids = [info.data.get("model"), *(one if isinstance(one, str) else one.model for one in fallbacks)]
        for place, model in enumerate(ids):
            if model in ids[:place]:
                raise ValueError(f"{model!r} stands twice: a pause goes by the id, so a fallback needs another one")
        return fallbacks

    @model_validator(mode="after")
    def _keeps_at_home(self) -> Self:
        """A profile for private tickets has its models on this machine or in the local network, all of them."""
        asked: list[ModelSettings] = [self]
        asked += [one for one in self.fallback_models if isinstance(one, ModelSettings)]
        away = [one.model for one in asked if not one.is_at_home]
        if self.local_only and away:
            raise ValueError(f"local_only: {away[0]} is not on this machine or in your network: give its `api_base`")
        return self

    @property
    def models(self) -> list[str]:
        """The ids of its model and of its fallbacks, in the order in which they are tried."""
        return [self.model, *(one if isinstance(one, str) else one.model for one in self.fallback_models)]

    def find_model(self, paused: Container[str]) -> str | None:
        """Its model, or the first of its fallbacks that is not paused; None while all of them are."""
        return next((model for model in self.models if model not in paused), None)

    @property
    def key_names(self) -> list[str]:
        """The variables that hold the keys of its models."""
        settings = [self, *(one for one in self.fallback_models if isinstance(one, ModelSettings))]
        return [one.api_key_env for one in settings if one.api_key_env]

    def running(self, model: str) -> "Profile":
        """This profile as it is played by `model`, its own or one of its fallbacks.

        A fallback that is only named has a price, a window and a longest reply of its own.
        """
        for fallback in self.fallback_models if model != self.model else ():
            if isinstance(fallback, ModelSettings) and fallback.model == model:
                return self.model_copy(update={name: getattr(fallback, name) for name in ModelSettings.model_fields})
        own = {} if model == self.model else dict.fromkeys(("price", "window", "max_output"))
        return self.model_copy(update={"model": model} | own)

    def names_tool(self, toolset: str, tool: str) -> bool:
        """Whether its list of tools names this one; an empty list names every tool."""
        return not self.tools or any(is_named(toolset, tool, pattern) for pattern in self.tools)

    def may_reach(self, host: str) -> bool:
        """Whether this profile may touch `host`; everyone may touch this machine's workspace."""
        return host == "local" or ANY_HOST in self.hosts or host in self.hosts


def is_named(toolset: str, tool: str, pattern: str) -> bool:
    """Whether an entry of `tools` names this tool: by its name, or as `TOOLSET/TOOL`, where `*` stands for anything."""
    return fnmatchcase(f"{toolset}/{tool}" if "/" in pattern else tool, pattern)
