"""A host that agents can reach, as written in `hosts.yaml`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

HostName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]


class Host(BaseModel):
    """How to log in to a host and what is worth knowing there.

    On `local` (this machine) the `paths` are the folders beside its workspace that a run may read and change.
    """

    model_config = ConfigDict(extra="forbid")

    address: str = ""
    user: str = "root"
    port: int = Field(default=22, ge=1, le=65535)
    key: str | None = None
    known_hosts: str | None = None
    about: str = ""
    paths: dict[str, str] = {}
    max_parallel: int = Field(default=4, ge=1)
    connect_timeout: float = Field(default=10.0, gt=0)


class Hosts(BaseModel):
    """The whole of `hosts.yaml`."""

    model_config = ConfigDict(extra="forbid")

    hosts: dict[HostName, Host] = {}

    def names(self) -> list[str]:
        """All names that a brief may use; `local` is always one."""
        return sorted({"local", *self.hosts})
