"""Briefs to measure the lint by: whole ones that must pass, and vague ones that must come back.

Each vague brief is a whole one in which one thing was made vague, so that nothing else can be what sends it back.
"""

from collections.abc import Iterator
from typing import Any

from kanban.domain.brief import TicketDraft

# title, goal, path, step, criterion, check, category
_WHOLE = (
    (
        "Raise the retry limit",
        "client.py retries a failed request five times before it gives up.",
        "/srv/app/client.py",
        "Change `RETRIES = 3` to `RETRIES = 5` in `/srv/app/client.py`.",
        "RETRIES is 5.",
        "grep -qx 'RETRIES = 5' /srv/app/client.py",
        "code",
    ),
    (
        "Fix the crash on an empty feed",
        "An empty feed gives an empty page and no traceback.",
        "/srv/app/feed.py",
        "Return an empty list from `parse` where `entries` is missing.",
        "The test suite passes.",
        "cd /srv/app && python -m pytest -q tests/test_feed.py",
        "code",
    ),
    (
        "Name the ports of the dashboard",
        "ports.md lists each port that the dashboard opens.",
        "/srv/docs/ports.md",
        "Write one bullet for each `listen` line of `/srv/app/nginx.conf`.",
        "Port 8080 is named.",
        "grep -q 8080 /srv/docs/ports.md",
        "writing",
    ),
    (
        "Move the feels-like value to the right",
        "The weather tile shows the feels-like value at its right edge.",
        "/srv/panel/index.html",
        "Set `justify-content: space-between` on `.temp-row`.",
        "The row is spread.",
        "grep -q 'space-between' /srv/panel/index.html",
        "ui",
    ),
    (
        "Rotate the web server's logs weekly",
        "logrotate keeps four weekly logs of nginx.",
        "/etc/logrotate.d/nginx",
        "Write `weekly` and `rotate 4` into the block of `/var/log/nginx/*.log`.",
        "Four weekly logs are kept.",
        "grep -q 'rotate 4' /etc/logrotate.d/nginx",
        "system",
    ),
    (
        "Add a health check to the container",
        "docker reports the health of the web container.",
        "/srv/web/Dockerfile",
        "Add `HEALTHCHECK CMD curl -fs http://localhost:8080/healthz` before the last line.",
        "The file has a HEALTHCHECK.",
        "grep -q ^HEALTHCHECK /srv/web/Dockerfile",
        "system",
    ),
    (
        "Explain the backup job",
        "backup.md says when the backup runs, what it copies and how to restore it.",
        "/srv/docs/backup.md",
        "Copy the schedule from `/etc/cron.d/backup` and describe the three folders that it names.",
        "Each of the three folders is named.",
        "test $(grep -c /srv/ /srv/docs/backup.md) -ge 3",
        "writing",
    ),
    (
        "Give the importer a log level",
        "The importer logs at the level that LOG_LEVEL names.",
        "/srv/app/importer.py",
        "Read `LOG_LEVEL` with `os.environ.get` and hand it to `logging.basicConfig`.",
        "The tests pass.",
        "cd /srv/app && make test",
        "code",
    ),
    (
        "Compare two heat pumps",
        "pumps.md sets the two heat pumps side by side.",
        "/srv/docs/pumps.md",
        "Fill the rows price, power, noise and warranty from the data sheets named under Links.",
        "The table has four rows.",
        "test $(grep -c '^| ' /srv/docs/pumps.md) -ge 5",
        "research",
    ),
    (
        "Shorten the session of the admin page",
        "An admin session ends after 15 minutes.",
        "/srv/app/settings.py",
        "Set `SESSION_MINUTES = 15`.",
        "SESSION_MINUTES is 15.",
        "grep -qx 'SESSION_MINUTES = 15' /srv/app/settings.py",
        "code",
    ),
    (
        "Translate the invitation",
        "invitation-nl.md is the invitation in Dutch.",
        "/srv/docs/invitation-nl.md",
        "Translate `/srv/docs/invitation.md` sentence by sentence; names and times stay.",
        "It greets in Dutch.",
        "grep -qi '^beste' /srv/docs/invitation-nl.md",
        "writing",
    ),
    (
        "Ban the old cipher",
        "sshd on this machine offers no CBC cipher.",
        "/etc/ssh/sshd_config.d/ciphers.conf",
        "Write `Ciphers -*-cbc` and reload with `systemctl reload ssh`.",
        "No CBC cipher is offered.",
        "! sshd -T | grep -q cbc",
        "system",
    ),
    (
        "Sort the list of rooms",
        "rooms.json is sorted by name.",
        "/srv/app/rooms.json",
        "Sort the array by the key `name` with `jq 'sort_by(.name)'`.",
        "The array is sorted.",
        "jq -e '. == sort_by(.name)' /srv/app/rooms.json",
        "code",
    ),
    (
        "Cap the upload at 10 MB",
        "nginx refuses an upload over 10 MB with status 413.",
        "/etc/nginx/conf.d/upload.conf",
        "Write `client_max_body_size 10m;` and reload with `nginx -s reload`.",
        "The limit stands in the file.",
        "grep -q 'client_max_body_size 10m' /etc/nginx/conf.d/upload.conf",
        "system",
    ),
    (
        "Draw the table of tariffs",
        "tariffs.md has a row for each of the three tariffs of 2026.",
        "/srv/docs/tariffs.md",
        "Write a table with the columns tariff, price per kWh and base fee.",
        "There are three rows.",
        "test $(grep -c '^| T' /srv/docs/tariffs.md) -eq 3",
        "writing",
    ),
    (
        "Delete the unused stylesheet",
        "The page loads no old.css.",
        "/srv/panel/index.html",
        "Remove the line with `old.css` from the head.",
        "The page does not name it.",
        "! grep -q old.css /srv/panel/index.html",
        "ui",
    ),
    (
        "Keep the last 30 exports",
        "cleanup.sh keeps the newest 30 files of `/srv/exports`.",
        "/srv/bin/cleanup.sh",
        "Pass the files from `ls -t` through `tail -n +31` to `xargs -r rm --`.",
        "Its own test passes.",
        "bats /srv/bin/cleanup.bats",
        "code",
    ),
    (
        "Show the tile in two columns",
        "At 400 pixels the weather tile has two columns.",
        "/srv/panel/tile.css",
        "Add `@media (min-width: 400px) { .tile { columns: 2 } }`.",
        "The rule is there.",
        "grep -q 'columns: 2' /srv/panel/tile.css",
        "ui",
    ),
)

_A_DOCUMENT = next(parts for parts in _WHOLE if parts[0] == "Explain the backup job")

_WAYS: dict[str, tuple[tuple[str, str], ...]] = {
    "better, somehow": (
        ("steps", "Improve it."),
        ("steps", "Optimise everything and save."),
        ("goal", "The page is optimised in all respects."),
        ("steps", "Polish things, then reload the page."),
        ("steps", "Make the code as fast as possible."),
        ("goal", "The importer is enhanced in every way that matters."),
    ),
    "a past the worker has not": (
        ("steps", "Write it the way we always do."),
        ("output_format", "The format you used on Tuesday."),
        ("steps", "Use the template we agreed on."),
        ("context", "I told you the password yesterday."),
        ("output_format", "Same as last time."),
        ("steps", "Lay it out as usual, in the usual format."),
        ("steps", "Remember how she liked the headings."),
        ("context", "As always we want our usual layout."),
    ),
    "branches": (
        ("steps", "In case it is not there, create it."),
        ("steps", "Should that fail, restart the service."),
        ("steps", "Restart the service unless it runs."),
        ("steps", "If it does not work, use the other host."),
        ("steps", "Write the file; otherwise tell the person."),
        ("steps", "Try the API first and then the page."),
        ("steps", "Depending on whether the port is open, change the firewall."),
        ("steps", "Fall back to the old version."),
        ("steps", "If the test fails, mend the code."),
    ),
    "more than it says": (
        ("goal", "all manufacturers have a page that says what they support."),
        ("goal", "Each of the 26 manufacturers is described in the folder."),
        ("title", "Document every service"),
        ("title", "Update 40 pages"),
        ("goal", "The pages of A, B, C, D, E, F, G, H, I, J, K and L are written."),
        ("goal", "Twenty vendors are compared by price and warranty."),
    ),
    "taste decides": (
        ("criterion", "The person likes the tile."),
        ("criterion", "It looks good."),
        ("criterion", "The users are happy."),
        ("criterion", "The text reads well."),
        ("criterion", "Everybody agrees that it is done."),
        ("criterion", "It works as expected."),
    ),
    "says nothing new": (
        ("repeat", ""),
        ("no check", ""),
        ("no category", ""),
        ("no criteria", ""),
        ("no steps", ""),
        ("no goal", ""),
    ),
    "a host misspelt": (
        ("steps", "Run `systemctl reload ssh` with ssh wbeb."),
        ("steps", "Copy the result to host musail."),
        ("steps", "Reload nginx on server webbb."),
        ("steps", "ssh musiall and reload."),
        ("steps", "Log in with ssh root@weeb."),
    ),
    "words that leave it open": (
        ("steps", "Figure out which files matter and change them."),
        ("steps", "Update the relevant files."),
        ("steps", "Clean everything up, etc."),
        ("steps", "Use your best judgement."),
        ("context", "To be decided."),
        ("steps", "Do it somehow."),
        ("steps", "Follow best practices."),
        ("steps", "Change the colours if possible."),
    ),
}


def list_whole() -> Iterator[TicketDraft]:
    """Briefs that a worker could carry out without a question."""
    return (_make(*parts) for parts in _WHOLE)


def list_vague() -> Iterator[tuple[str, TicketDraft]]:
    """Briefs that are vague in one way, with the name of the way."""
    position = 0
    for way, changes in _WAYS.items():
        for part, words in changes:
            whole = _A_DOCUMENT if way == "more than it says" else _WHOLE[position % len(_WHOLE)]
            yield way, _spoil(_make(*whole), part, words)
            position += 1


def _make(title: str, goal: str, path: str, step: str, criterion: str, check: str, category: str) -> TicketDraft:
    brief = {
        "goal": goal,
        "context": "This machine serves the house; nobody else works on it.",
        "targets": [{"path": path}],
        "steps": [step, f"Read `{path}` once more and compare it with the goal."],
        "criteria": [{"text": criterion, "check": check}],
        "deliverables": [f"`{path}`"],
        "category": category,
        "est_turns": 8,
    }
    return TicketDraft.model_validate({"title": title, "brief": brief})


def _spoil(draft: TicketDraft, part: str, words: str) -> TicketDraft:
    brief: dict[str, Any] = draft.brief.model_dump()
    [criterion] = brief["criteria"]
    match part:
        case "title":
            return draft.model_copy(update={"title": words})
        case "steps":
            brief["steps"] = [words, *brief["steps"]]
        case "criterion":
            brief["criteria"] = [{"text": words}, criterion]
        case "repeat":
            brief["criteria"] = [{"text": brief["goal"]}, criterion]
        case "no check":
            criterion["check"] = None
        case "no category":
            brief["category"] = ""
        case "no criteria" | "no steps":
            brief[part.removeprefix("no ")] = []
        case "no goal":
            brief["goal"] = "Do it."
        case _:
            brief[part] = words
    return TicketDraft.model_validate({**draft.model_dump(), "brief": brief})
