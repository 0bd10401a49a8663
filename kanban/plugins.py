"""Plug-ins: what other packages add, found by their entry points and loaded when it is named, never at the start."""

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from kanban.errors import KanbanError, did_you_mean

# The groups of entry points, by what they add. Each value is named in docs/extending.md with an example.
CONTRACTS = {"toolsets": "kanban.toolsets"}


class PluginError(KanbanError):
    """`plugin` is the name of the one that cannot be used."""

    code = "plugin"

    def __init__(self, plugin: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.plugin = plugin


def list_names(contract: str) -> list[str]:
    """The names of what is installed for a contract of CONTRACTS."""
    return sorted({point.name for point in _find(contract)})


def load(contract: str, name: str) -> Any:
    """What the plug-in `name` offers. Raises PluginError when there is none, or it cannot be loaded."""
    points = [point for point in _find(contract) if point.name == name]
    if not points:
        problem = f"no plug-in of {CONTRACTS[contract]} is called {name!r}"
        raise PluginError(name, problem, _tell_installed(name, contract))
    if len(points) > 1:
        owners = ", ".join(sorted(str(point.dist and point.dist.name) for point in points))
        problem = f"{len(points)} packages add {name!r} to {CONTRACTS[contract]}: {owners}"
        raise PluginError(name, problem, "remove all but one")
    try:
        return points[0].load()
    except (Exception, SystemExit) as error:  # its code is not ours: it must not take the program down
        told = f"the plug-in {name!r} ({points[0].value}) cannot be loaded: {type(error).__name__}: {error}"
        raise PluginError(name, told, "repair or remove the package") from error


def _find(contract: str) -> list[EntryPoint]:
    return list(entry_points(group=CONTRACTS[contract]))


def _tell_installed(name: str, contract: str) -> str:
    installed = list_names(contract)
    return did_you_mean(name, installed) if installed else "none is installed"
