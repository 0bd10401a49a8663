"""A real home whose profiles reach the test's own model server through LiteLLM."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kanban.app import App, build
from kanban.briefs.render import render_brief
from kanban.domain.brief import Brief, Criterion
from kanban.domain.host import Host
from kanban.domain.ticket import THE_PERSON
from kanban.files.home import init_home
from kanban.files.yamlfile import edit_yaml
from kanban.store.filing import NewTicket
from tests.support.openai_server import OpenAIServer

PRICE = {"prompt": 10.0, "completion": 100.0}  # dollars per million tokens


def make_home(path: Path, server: OpenAIServer, hosts: Mapping[str, Host] | None = None, **settings: Any) -> App:
    """A home from the shipped defaults; each profile's model is `openai/<its name>` at `server`."""
    init_home(path)
    for file in (path / "profiles").glob("*.yaml"):
        edit_profile(path, file.stem, model=f"openai/{file.stem}", api_base=server.url, price=PRICE, api_key_env=None)
    # stories hold commands by files beside the home, which no sandbox shows; what is about the sandbox switches it on
    edit_yaml(path / "kanban.yaml", lambda data: data.update({"sandbox": "off"} | settings))
    if hosts:
        write_hosts(path, hosts)
    return build(path)


def edit_profile(home: Path, name: str, **changes: Any) -> None:
    """Change keys of a profile's file, as a person would; None removes a key."""

    def change(data: dict[str, Any]) -> None:
        for key, value in changes.items():
            if value is None:
                data.pop(key, None)
            else:
                data[key] = value

    edit_yaml(home / "profiles" / f"{name}.yaml", change)


def write_hosts(home: Path, hosts: Mapping[str, Host]) -> None:
    """Have `hosts.yaml` name exactly these."""
    as_data = {name: host.model_dump(exclude_defaults=True) for name, host in hosts.items()}
    (home / "hosts.yaml").write_text("{}\n")
    edit_yaml(home / "hosts.yaml", lambda data: data.update(hosts=as_data))


def file_ticket(home: App, title: str, *checks: str, assignee: str = "cody", **more: Any) -> int:
    """Put a small ticket on the board, as the person; `checks` are its criteria."""
    criteria = [Criterion(text=f"`{check}` passes.", check=check) for check in checks]
    brief = Brief(goal=f"{title}, and nothing else.", steps=[title], criteria=criteria, deliverables=["The note."])
    new = NewTicket(title, render_brief(title, brief), brief, assignee, **more)
    return home.store.board.create_ticket(new, THE_PERSON, time.time())
