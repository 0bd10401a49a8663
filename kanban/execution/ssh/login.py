"""The login in force for a host: `hosts.yaml`, beneath it `~/.ssh/config`, beneath that the defaults of ssh."""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kanban.domain.host import Host
from kanban.errors import ExecutionError
from kanban.execution.ssh.config import look_up

HOSTS = "hosts.yaml"
CONFIG = "~/.ssh/config"
DEFAULT = "default"
NONE = "none"
DEFAULT_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")
DEFAULT_KNOWN_HOSTS = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
GLOBAL_KNOWN_HOSTS = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
KEEPALIVE_SECONDS = 10
KEEPALIVE_MISSES = 3
MOST_HOPS = 8
JUMP = re.compile(r"(?:ssh://)?(?:(?P<user>[^@]+)@)?(?P<host>\[[^]]+\]|[^:@/]+)(?::(?P<port>\d+))?/?")


@dataclass(frozen=True)
class Login:
    """Everything that a connection to a host needs; `origins` says for each setting who set it."""

    name: str
    address: str
    port: int
    user: str
    keys: tuple[Path, ...]
    only_these_keys: bool
    agent: str | None  # a socket; None for the one of this process, empty for none
    known_hosts: tuple[Path, ...]
    known_as: str
    via: tuple[Login, ...]
    proxy_command: str | None
    keepalive: tuple[float, int]
    connect_timeout: float
    origins: Mapping[str, str]

    @property
    def where(self) -> str:
        """Address and port."""
        return f"{self.address}:{self.port}"

    @property
    def has_own_key(self) -> bool:
        """Whether the person named its key in hosts.yaml."""
        return self.origins["key"] == HOSTS


class Settings:
    """The settings of one host, each from the first place that has it. `origins` fills up as they are taken."""

    def __init__(self, name: str, host: Host) -> None:
        self.origins: dict[str, str] = {}
        self.host = host
        self._beneath: list[Mapping[str, str | list[str] | None]] = []
        if host.config:
            self._beneath = [look_up(each) for each in dict.fromkeys(filter(None, (name, host.address)))]

    def take(self, field: str, option: str, default: str = "") -> str:
        """A setting that is one word."""
        values = self.take_all(field, option)
        return values[0] if values else default

    def take_all(self, field: str, option: str) -> list[str]:
        """A setting that may be many; empty when nobody has it. An `option` of the file lies beneath a `field`."""
        mine = getattr(self.host, field, None) if field in self.host.model_fields_set else None
        if mine not in (None, ""):
            self.origins[field] = HOSTS
            return [str(mine)]
        values = self.beneath(option)
        self.origins[field] = CONFIG if values else DEFAULT
        return values

    def beneath(self, option: str) -> list[str]:
        """What the file says."""
        value = next((options[option] for options in self._beneath if options.get(option) is not None), None)
        return [value] if isinstance(value, str) else list(value or [])

    def flag(self, option: str) -> bool:
        """Whether the file says yes to `option`."""
        return [value.lower() for value in self.beneath(option)[:1]] == ["yes"]

    def proxy(self) -> tuple[str, str]:
        """The option ProxyJump or ProxyCommand that comes first in the file, and its value."""
        for options in self._beneath:
            for option, value in options.items():
                if option in ("proxyjump", "proxycommand"):
                    return option, value if isinstance(value, str) else NONE
        return "proxyjump", NONE

    @property
    def hostname(self) -> str:
        """HostName of the file, for what hosts.yaml calls the address or, without one, for its name."""
        last = self._beneath[-1].get("hostname") if self._beneath else None
        return last if isinstance(last, str) else ""


def find_login(name: str, host: Host, seen: tuple[str, ...] = ()) -> Login:
    """The login in force for the host that hosts.yaml calls `name`. Raises ExecutionError for a wrong ~/.ssh/config."""
    if len(seen) > MOST_HOPS or name in seen:
        raise ExecutionError(
            f"the jump hosts of {seen[0]} lead in a circle: {' -> '.join([*seen, name])}",
            "correct `jump` in hosts.yaml or ProxyJump in ~/.ssh/config; `jump: none` means no jump host",
        )
    settings = Settings(name, host)
    address = host.address or name
    settings.origins["address"] = HOSTS if host.address else DEFAULT
    if settings.hostname:
        address, settings.origins["address"] = settings.hostname, CONFIG
    port = settings.take("port", "port", "22")
    user = settings.take("user", "user", host.user)
    tokens = {"h": address, "n": host.address or name, "p": port, "r": user, **_tokens_of_this_machine()}
    via, proxy_command = _find_way(name, settings, tokens, seen)
    known_hosts = _known_hosts(settings, tokens)
    return Login(
        name=name,
        address=address,
        port=_number(name, port),
        user=user,
        keys=tuple(_keys(settings, tokens)),
        only_these_keys=settings.origins["key"] == HOSTS or settings.flag("identitiesonly"),
        agent=_agent(settings, tokens),
        known_hosts=known_hosts,
        known_as=next(iter(settings.beneath("hostkeyalias")), address),
        via=via,
        proxy_command=proxy_command,
        keepalive=_keepalive(settings),
        connect_timeout=host.connect_timeout,
        origins=settings.origins,
    )


def _find_way(
    name: str, settings: Settings, tokens: Mapping[str, str], seen: tuple[str, ...]
) -> tuple[tuple[Login, ...], str | None]:
    """The jump hosts before a host, nearest to us first, or the command that connects to it."""
    option, value = "proxyjump", settings.host.jump
    settings.origins["jump"] = HOSTS
    if value is None:
        option, value = settings.proxy()
        settings.origins["jump"] = DEFAULT if value.lower() == NONE else CONFIG
    if value.lower() in (NONE, ""):
        return (), None
    if option == "proxycommand":
        return (), _expand(value, tokens)
    neighbours = settings.host.neighbours if settings.origins["jump"] == HOSTS else {}
    first, *others = [_find_hop(name, word, neighbours, seen) for word in _expand(value, tokens).split(",")]
    return (*first.via, first, *others), None


def _find_hop(name: str, word: str, neighbours: Mapping[str, Host], seen: tuple[str, ...]) -> Login:
    word = word.strip()
    if word in neighbours:
        return find_login(word, neighbours[word], (*seen, name))
    parts = JUMP.fullmatch(word)
    if not parts:
        raise ExecutionError(
            f"`{word}` is no jump host for {name}", "write NAME, or USER@ADDRESS:PORT, with commas between several"
        )
    given = {key: value for key, value in parts.groupdict().items() if value and key != "host"}
    host = Host.model_validate({"user": _account(), **given})
    if "user" not in given:
        host.model_fields_set.discard("user")
    return find_login(parts["host"].strip("[]"), host, (*seen, name))


def _keys(settings: Settings, tokens: Mapping[str, str]) -> list[Path]:
    named = [key for key in settings.take_all("key", "identityfile") if key.lower() != NONE]
    return [_path(key, tokens) for key in named or DEFAULT_KEYS]


def _agent(settings: Settings, tokens: Mapping[str, str]) -> str | None:
    value = next(iter(settings.beneath("identityagent")), "SSH_AUTH_SOCK")
    if value == "SSH_AUTH_SOCK":
        return None
    return "" if value.lower() == NONE else str(_path(value, tokens))


def _known_hosts(settings: Settings, tokens: Mapping[str, str]) -> tuple[Path, ...]:
    own = settings.take_all("known_hosts", "userknownhostsfile")
    if settings.origins["known_hosts"] != HOSTS:
        own = [file for value in own for file in value.split()] or list(DEFAULT_KNOWN_HOSTS)
    shared = [file for value in settings.beneath("globalknownhostsfile") for file in value.split()]
    files = [*own, *(shared or GLOBAL_KNOWN_HOSTS)]
    return tuple(_path(file, tokens) for file in files if file.lower() != NONE)


def _keepalive(settings: Settings) -> tuple[float, int]:
    interval = next(iter(settings.beneath("serveraliveinterval")), "0")
    misses = next(iter(settings.beneath("serveralivecountmax")), "3")
    if not interval.isdigit() or not misses.isdigit() or interval == "0" or misses == "0":
        return KEEPALIVE_SECONDS, KEEPALIVE_MISSES
    return float(interval), int(misses)


def _number(name: str, port: str) -> int:
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ExecutionError(f"the port of {name} is `{port}`", "correct Port in ~/.ssh/config: a number up to 65535")
    return int(port)


def _tokens_of_this_machine() -> Mapping[str, str]:
    hostname = socket.gethostname()
    home = str(Path("~").expanduser())
    return {"u": _account(), "d": home, "l": hostname, "L": hostname.split(".")[0], "i": str(os.getuid())}


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user that no file names
        return str(os.getuid())


def _expand(text: str, tokens: Mapping[str, str]) -> str:
    """Put in the values of %h and its like."""
    values = {**tokens, "%": "%"}
    return re.sub(r"%(.)", lambda found: values.get(found[1], found[0]), text)


def _path(text: str, tokens: Mapping[str, str]) -> Path:
    return Path(os.path.expandvars(_expand(text, tokens))).expanduser()


def describe_way(hops: Sequence[Login]) -> str:
    """Jump hosts in words."""
    return ",".join(f"{hop.user}@{hop.where}" for hop in hops)
