"""A host that agents can reach, as written in `hosts.yaml`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, StringConstraints, model_validator

HostName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]


class Host(BaseModel):
    """How to log in to a host and what is worth knowing there.

    On `local` (this machine) the `paths` are the folders beside its workspace that a run may read and change.
    What is left out is taken from `~/.ssh/config`, unless `config` is false. `jump` is a list as ProxyJump has it, or
    `none`; a name in it that `hosts.yaml` has is that host. `beyond_scope` says what becomes of a call there that is
    neither known to be harmless nor what its ticket is about.
    """

    model_config = ConfigDict(extra="forbid")

    address: str = ""
    user: str = "root"
    port: int = Field(default=22, ge=1, le=65535)
    key: str | None = None
    known_hosts: str | None = None
    jump: str | None = None
    config: bool = True
    about: str = ""
    paths: dict[str, str] = {}
    max_parallel: int = Field(default=4, ge=1)
    beyond_scope: Literal["ask", "allow"] = "ask"
    connect_timeout: float = Field(default=10.0, gt=0)
    _neighbours: Mapping[str, "Host"] = PrivateAttr(default_factory=dict)

    @property
    def neighbours(self) -> Mapping[str, "Host"]:
        """The hosts of the same file, by name, for `jump`."""
        return self._neighbours


class Hosts(BaseModel):
    """The whole of `hosts.yaml`."""

    model_config = ConfigDict(extra="forbid")

    hosts: dict[HostName, Host] = {}

    @model_validator(mode="after")
    def _introduce(self) -> Self:
        for host in self.hosts.values():
            host._neighbours = self.hosts
        return self

    def local_paths(self) -> list[Path]:
        """The folders of this machine, beside its workspace, that a run may read and change."""
        return [Path(path).expanduser() for path in self.hosts["local"].paths] if "local" in self.hosts else []

    def list_open(self) -> frozenset[str]:
        """The hosts on which nobody is asked about what lies beyond a ticket's scope."""
        return frozenset(name for name, host in self.hosts.items() if host.beyond_scope == "allow")

    def names(self) -> list[str]:
        """All names that a brief may use; `local` is always one."""
        return sorted({"local", *self.hosts})
