"""The tickets of the two stories, written as complete briefs: the standard of what the orchestrator files."""

from shlex import quote

from kanban.domain.brief import Brief, Criterion, Target, TicketDraft

DOCS = "/srv/docs"

METHODOLOGY = "Projects/PV Control and Status/Solar-Assistant/Solar-Assistant.md"

MANUFACTURERS = (
    *("EG4", "Luxpower", "Sol-Ark", "Deye", "Sunsynk", "Voltronic", "MPP Solar", "Growatt", "SRNE"),
    *("Eco-Worthy", "Victron", "SMA", "Fronius", "GoodWe", "Huawei", "SolaX", "Solis", "Sungrow"),
    *("SolarEdge", "Pylontech", "Phocos", "FoxESS", "Sofar", "Afore", "Felicity", "MUST", "Schneider"),
)

SECTION = "## Solar-Assistant Compatibility"

_ABOUT = (
    "Solar-Assistant (https://solar-assistant.io) is a third-party monitoring platform. It runs on a Raspberry Pi and "
    "connects directly to inverters and batteries over USB, RS485, RS232 or CAN bus."
)

_SITES = [
    "Solar-Assistant's own site and its documentation: https://solar-assistant.io",
    'Home Assistant Community: `site:community.home-assistant.io "Solar Assistant"`',
]


def solar_methodology(docs: str = DOCS) -> TicketDraft:
    """The one document that explains Solar-Assistant; `docs` is the folder that holds all documents."""
    path = f"{docs}/{METHODOLOGY}"
    headings = ("Overview", "Connection methods", "Protocol matrix", "MQTT topics", "Home Assistant")
    brief = Brief(
        goal="Solar-Assistant.md explains what Solar-Assistant is, how it connects, and how it reaches Home Assistant.",
        context=f"{_ABOUT} The 27 manufacturer documents will link here; each of them is a ticket of its own.",
        targets=[Target(path=path)],
        steps=[
            "Read the pages named under Research and keep the address of each fact.",
            f"Create `{path}` with the five headings of the output format, in that order.",
            "Fill the protocol matrix with one row each for SunSpec Modbus, PIP/Voltronic, Deye/Sunsynk, EG4/Luxpower, "
            "Growatt, SRNE, Victron VE.Direct, Huawei, SolaX and Pylontech.",
            "Describe the MQTT topic structure with one example topic for each of inverter, battery and total.",
        ],
        research=[*_SITES, "GitHub projects that bridge Solar-Assistant to Home Assistant: `solar-assistant mqtt`"],
        output_format="Markdown. One heading of level 1, `# Solar-Assistant`, and five of level 2: "
        + ", ".join(headings)
        + ". The matrix is a table with the columns Protocol, Connection, Baud rate, Notes, Source.",
        criteria=[
            Criterion(
                text=f"Solar-Assistant.md has the heading {heading}.",
                check=f"grep -qx {quote('## ' + heading)} {quote(path)}",
            )
            for heading in headings
        ],
        deliverables=[f"`{path}`"],
        pitfalls=["Baud rates differ between firmware versions: name the version, or write `not documented`."],
        links=["https://solar-assistant.io"],
        category="research",
        needs=["research", "web", "edit"],
        est_turns=30,
    )
    return TicketDraft(title="Write the Solar-Assistant methodology document", brief=brief)


def solar_manufacturer(name: str, docs: str = DOCS) -> TicketDraft:
    """The compatibility section of one manufacturer; needs nothing from any other ticket."""
    path = f"{docs}/Manufacturers/{name}/{name}.md"
    brief = Brief(
        goal=f"{name}.md says whether and how Solar-Assistant works with {name} devices.",
        context=f"{_ABOUT} The methodology document lies at `{docs}/{METHODOLOGY}`; another ticket writes it, and "
        "its path is fixed, so the link can be written now.",
        targets=[Target(path=path)],
        steps=[
            f"Search with the queries under Research for {name} and keep the address of each fact.",
            f"Append the section `{SECTION}` to `{path}`, in the output format.",
            f"End the section with the line `[Methodology](../../{METHODOLOGY.replace(' ', '%20')})`.",
        ],
        research=[*_SITES, f'DIY Solar Forum: `site:diysolarforum.com "Solar Assistant" {name}`'],
        output_format="A bullet each, in this order: Supported (yes, partial or no); Connection (method, port, "
        "baud rate, device ID); Inverter type to select in Solar-Assistant; Known issues; Sources (addresses). "
        "A value that no source gives is written `not documented`.",
        criteria=[
            Criterion(
                text=f"{name}.md has the compatibility section exactly once.",
                check=f"test $(grep -cx {quote(SECTION)} {quote(path)}) -eq 1",
            ),
            Criterion(
                text="The section says whether it is supported.",
                check=f"grep -Eq '^- Supported: (yes|partial|no)' {quote(path)}",
            ),
            Criterion(
                text="The section links to the methodology document.",
                check=f"grep -q 'Solar-Assistant.md)' {quote(path)}",
            ),
        ],
        deliverables=[f"The section `{SECTION}` in `{path}`"],
        pitfalls=[f"Leave every other section of {name}.md as it is.", "Resellers' lists are no source."],
        links=["https://solar-assistant.io"],
        category="research",
        needs=["research", "web", "edit"],
        est_turns=20,
    )
    return TicketDraft(title=f"Add the Solar-Assistant section to {name}.md", brief=brief)


def weather_tile(
    host: str = "webb",
    page: str = "/root/eg4panel/index.html",
    restart: str = "systemctl restart eg4panel",
    running: str = "systemctl is-active --quiet eg4panel",
) -> TicketDraft:
    """One file on one host, a restart, and checks that run there."""
    brief = Brief(
        goal="The weather card shows the temperature at the left and feels-like as a two-line stack at the right.",
        context=f"`{page}` is the dashboard's only page. The card should read:\n\n"
        "```\nWeather · WeatherFlow\n92.2°F          like\n                102°\nHumidity        72 %\n...\n```",
        targets=[Target(path=page, host=host)],
        steps=[
            f'In `{page}` replace the inline <span> of the temperature with `<div class="temp-row">`, a flex row '
            "with `justify-content: space-between`.",
            '"92.2°F": left-justified, big number.',
            '"like": right-justified, small muted text, top line.',
            '"102°": right-justified, small muted text, bottom line.',
            "Feels-like hidden when |feels − actual| < 2°F.",
            f"Restart the server after editing: `{restart}` on {host}.",
        ],
        output_format="HTML and CSS inside the page; no new file, no library.",
        criteria=[
            Criterion(
                text="The page has the flex row.", check=f"grep -q 'class=\"temp-row\"' {quote(page)}", host=host
            ),
            Criterion(text="The row is spread.", check=f"grep -q 'space-between' {quote(page)}", host=host),
            Criterion(text="The server runs after the restart.", check=running, host=host),
        ],
        deliverables=[f"The changed page `{page}` on {host}"],
        pitfalls=["The other cards share the class `card`: leave its rules alone."],
        category="ui",
        needs=["ui", "ssh", "edit"],
        est_turns=12,
    )
    return TicketDraft(title="Restructure the weather card of the dashboard", brief=brief)
