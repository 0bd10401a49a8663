"""Whatever is bound to a platform is listed in docs/operations.md, with what happens elsewhere."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text()

# Calls and names that not every Unix has, or that behave differently there.
BOUND = {"fork", "setsid", "prctl", "flock", "statvfs", "epoll", "pidfd_open", "inotify_init", "memfd_create"}


def test_every_platform_bound_call_is_listed():
    found = set()
    for path in [*ROOT.glob("kanban/**/*.py"), *ROOT.glob("tui/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in BOUND:
                found.add((str(path.relative_to(ROOT)), node.attr))
    assert found >= {("kanban/dispatch/launchers/fork.py", "fork"), ("kanban/store/presence.py", "flock")}
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    missing = [(file, name) for file, name in found if not any(f"`{file}`" in row and name in row for row in rows)]
    assert missing == []


def test_nothing_reads_proc_or_cgroups():
    read = [
        str(path.relative_to(ROOT))
        for path in [*ROOT.glob("kanban/**/*.py"), *ROOT.glob("tui/**/*.py")]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(("/proc", "/sys/"))
    ]
    assert set(read) <= {"kanban/execution/cell.py"}  # it mounts one, with a program that is on Linux only
