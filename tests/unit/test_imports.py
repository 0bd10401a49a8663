"""Imports point down, each outside library has one home, and what is heavy is imported where it is used."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]

# From the ground up. What stands on one line does not import each other.
LAYERS = [
    ["kanban.errors"],
    ["kanban.domain"],
    ["kanban.plugins", "kanban.files", "kanban.connectors"],
    ["kanban.store", "kanban.execution", "kanban.llm"],
    ["kanban.briefs", "kanban.routing", "kanban.trust"],
    ["kanban.tools"],
    ["kanban.agents"],
    ["kanban.dispatch"],
    ["kanban.service"],
    ["kanban.app"],
    ["tui"],
    ["kanban.interfaces"],
]

# Outside libraries and the only places that may import them. What is not listed may not be imported at all.
HOMES = {
    "pydantic": ["kanban"],
    "pydantic_core": ["kanban"],
    "psutil": ["kanban"],
    "pydantic_settings": ["kanban.files.settings"],
    "dotenv": ["kanban.files.settings"],
    "ruamel": ["kanban.files.yamlfile"],
    "sqlmodel": ["kanban.store"],
    "sqlalchemy": ["kanban.store"],
    "alembic": ["kanban.store.migrations"],
    "apprise": ["kanban.connectors.notify"],
    "sqlite3": ["kanban.store.db"],
    "regex": ["kanban.trust.patterns"],
    "tree_sitter": ["kanban.trust.script", "kanban.trust.words"],
    "tree_sitter_bash": ["kanban.trust.script"],
    "paramiko": ["kanban.execution.ssh"],
    "cryptography": ["kanban.execution.ssh.known_hosts"],  # what paramiko stands on; it reads hosts' certificates
    "litellm": ["kanban.llm"],
    "jsonschema": ["kanban.llm.markup"],
    "tenacity": ["kanban.llm", "kanban.execution.ssh"],
    "httpx": ["kanban.connectors.web", "kanban.llm"],
    "markdownify": ["kanban.connectors.web"],
    "bs4": ["kanban.connectors.web"],  # what markdownify reads pages with
    "ddgs": ["kanban.connectors.web"],
    "jinja2": ["kanban.agents.prompts"],
    "apscheduler": ["kanban.dispatch.schedule"],
    "click": ["kanban.interfaces.cli"],
    "prompt_toolkit": ["kanban.interfaces.cli.prompt"],
    "rich": ["kanban.interfaces.cli", "tui"],
    "textual": ["tui"],
    "textual_plotext": ["tui.numbers"],
    "PIL": ["tui.picture"],
    "rich_pixels": ["tui.picture"],
    "textual_serve": ["tui.serve"],
    "aiohttp": ["tui.serve"],  # what textual-serve answers with
}

# Too slow for a command that does not need them: imported inside the function that does.
HEAVY = [
    "litellm",
    "paramiko",
    "cryptography",
    "httpx",
    "ddgs",
    "markdownify",
    "bs4",
    "alembic",
    "tenacity",
    "regex",
    "tree_sitter",
]
# Themselves imported only when a board is migrated, and when a model is asked.
WHERE_HEAVY_IS_AT_HOME = ["kanban.store.migrations", "kanban.llm.transport"]

READS_THE_ENVIRONMENT = ["kanban.files.settings"]
SETS_THE_ENVIRONMENT = ["kanban.llm.library"]  # litellm is told by it, before its import, not to reach for the network


class Import(NamedTuple):
    module: str
    line: int
    name: str
    at_the_top: bool


def modules() -> dict[str, ast.Module]:
    """Every module of the project by its dotted name."""
    found = {}
    for path in sorted([*ROOT.glob("kanban/**/*.py"), *ROOT.glob("tui/**/*.py")]):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        found[name] = ast.parse(path.read_text(), str(path))
    return found


MODULES = modules()


def imports_of(module: str, tree: ast.Module) -> Iterator[Import]:
    """What a module imports when it runs; names that only the type checker reads are left out."""
    late = {id(node) for function in _functions(tree) for node in ast.walk(function)}
    unread = {id(node) for guard in _type_checking_blocks(tree) for node in ast.walk(guard)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in unread:
            for name in _imported_names(node):
                yield Import(module, node.lineno, name, id(node) not in late)


def _functions(tree: ast.Module) -> list[ast.AST]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]


def _type_checking_blocks(tree: ast.Module) -> list[ast.AST]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]


def _imported_names(node: ast.Import | ast.ImportFrom) -> list[str]:
    """`from kanban.store import board` imports kanban.store.board; a name that is no module stands for its module."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    assert node.level == 0, f"relative import in line {node.lineno}"
    source = str(node.module)
    whole = [f"{source}.{alias.name}" for alias in node.names]
    return [name if name in MODULES else source for name in whole]


IMPORTS = [found for module, tree in MODULES.items() for found in imports_of(module, tree)]


def is_in(module: str, packages: list[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def layer_of(module: str) -> int | None:
    """The line of LAYERS that a module stands on; None for the package itself, which holds only its version."""
    return next((level for level, packages in enumerate(LAYERS) if is_in(module, packages)), None)


def package_of(module: str) -> str | None:
    return next((package for packages in LAYERS for package in packages if is_in(module, [package])), None)


def told(imports: list[Import]) -> list[str]:
    return [f"{found.module}:{found.line} imports {found.name}" for found in imports]


TOP = ["kanban", "kanban.__main__", "kanban.demo"]  # entry points above all layers, and the bare package below them


def test_every_module_has_a_place():
    assert [
        module for module in MODULES if layer_of(module) is None and not is_in(module, TOP[1:]) and module != "kanban"
    ] == []


def test_imports_point_down_and_neighbours_do_not_import_each_other():
    wrong = [
        found
        for found in IMPORTS
        if (here := layer_of(found.module)) is not None
        and (there := layer_of(found.name)) is not None
        and package_of(found.module) != package_of(found.name)
        and here <= there
    ]
    assert told(wrong) == []


def test_nobody_imports_an_entry_point_from_below():
    assert (
        told([f for f in IMPORTS if is_in(f.name, TOP[1:]) and not is_in(f.module, [*TOP[1:], "kanban.interfaces"])])
        == []
    )


INTERFACES = ["kanban.interfaces", "tui"]
# What an interface may ask the store itself for; everything that changes something goes through `kanban.service`.
READS = {
    "queries", "cards", "numbers", "ledger", "due", "db",
    "approvals.list_granted", "approvals.list_pending",
    "approvals.get", "outbox.failing", "pauses.active", "windows.all", "board.check_assignee",
    "budget.find_overspend",
}  # fmt: skip


def test_no_interface_imports_the_store_and_types_come_from_the_service():
    found = [f for f in IMPORTS if is_in(f.module, INTERFACES) and is_in(f.name, ["kanban.store"])]
    typed = [
        (module, node.lineno, name)
        for module, tree in MODULES.items()
        if is_in(module, INTERFACES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _imported_names(node)
        if is_in(name, ["kanban.store"])
    ]
    assert (told(found), typed) == ([], [])


def test_an_interface_changes_the_board_by_way_of_the_service_only():
    used = set()
    for module, tree in MODULES.items():
        for node in ast.walk(tree) if is_in(module, INTERFACES) else ():
            if isinstance(node, ast.Attribute) and ".store." in f"{ast.unparse(node)}.":
                part = ast.unparse(node).partition(".store.")[2]
                if part and not (READS & {part, part.split(".")[0]}) and "." in part:
                    used.add((module, part))
    assert used <= {("kanban.interfaces.cli.daemon", "runs.end")}, "service/ has a function for each verb"


def outside(found: Import) -> str | None:
    """The outside library that is imported, None for our own modules and the standard library."""
    library = found.name.split(".")[0]
    ours = library in ("kanban", "tui", "__future__")
    return None if ours or (library in sys.stdlib_module_names and library not in HOMES) else library


@pytest.mark.parametrize("library", HOMES)
def test_each_outside_library_has_one_home(library):
    wrong = [found for found in IMPORTS if outside(found) == library and not is_in(found.module, HOMES[library])]
    assert told(wrong) == []


def test_no_library_is_imported_that_has_no_home():
    assert told([found for found in IMPORTS if outside(found) and outside(found) not in HOMES]) == []


def test_what_is_heavy_is_imported_where_it_is_first_used():
    wrong = [
        found
        for found in IMPORTS
        if found.at_the_top and outside(found) in HEAVY and not is_in(found.module, WHERE_HEAVY_IS_AT_HOME)
    ]
    assert told(wrong) == []


def test_migrations_are_imported_only_when_a_board_is_migrated():
    inside = [found for found in IMPORTS if is_in(found.name, ["kanban.store.migrations"]) and found.at_the_top]
    assert told([found for found in inside if not is_in(found.module, ["kanban.store.migrations"])]) == []


def test_the_domain_knows_the_standard_library_and_pydantic_only():
    libraries = {outside(found) for found in IMPORTS if is_in(found.module, ["kanban.domain", "kanban.errors"])}
    assert libraries <= {None, "pydantic", "pydantic_core"}


def environment_uses() -> Iterator[tuple[str, str]]:
    """Each use of the process environment: the module and the statement or expression around it."""
    for module, tree in MODULES.items():
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                named = isinstance(child, ast.Attribute) and child.attr in ("environ", "environb", "getenv", "putenv")
                taken = isinstance(child, ast.alias) and child.name in ("environ", "environb", "getenv", "putenv")
                if (named and ast.unparse(child).startswith("os.")) or taken:
                    yield module, ast.unparse(node)


def test_only_the_settings_read_the_environment():
    uses = list(environment_uses())
    assert {module for module, _ in uses} >= set(READS_THE_ENVIRONMENT)
    others = [(module, use) for module, use in uses if module not in READS_THE_ENVIRONMENT]
    assert [
        (module, use) for module, use in others if module not in SETS_THE_ENVIRONMENT or use != "os.environ.update"
    ] == []


def test_f06_nobody_but_the_store_opens_the_board():
    named = {
        f"{module}:{node.lineno}"
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rsplit(".", 1)[-1]
        in ("open", "read_bytes", "read_text", "write_bytes", "copy", "copyfile")
        and "board.db" in ast.unparse(node)
    }
    assert named == set()
    openers = [found for found in IMPORTS if found.name.split(".")[0] == "sqlite3"]
    assert {found.module for found in openers} == {"kanban.store.db"}


def test_putting_the_parts_together_loads_nothing_heavy():
    """What is loaded in truth, by whatever way: every command pays for it at its start."""
    listing = "import sys, kanban.interfaces.cli, kanban.app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True).stdout.split()
    assert "kanban.app" in loaded
    assert sorted(set(loaded) & set(HEAVY)) == []
