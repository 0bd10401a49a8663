"""`python -m kanban`."""

from kanban.interfaces.cli import main

main()
