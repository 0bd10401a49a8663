"""The two looks of the board. `line`, `thumb` and `calm` are colours of their own: of borders, scrollbars and edges."""

from textual.theme import Theme

DARK = Theme(
    name="kanban-dark",
    primary="#7aa2f7",
    secondary="#bb9af7",
    accent="#7dcfff",
    success="#9ece6a",
    warning="#e0af68",
    error="#f7768e",
    foreground="#c8d3f5",
    background="#14161f",
    surface="#1b1e2b",
    panel="#262a3b",
    dark=True,
    variables={"line": "#363c55", "thumb": "#4a5170", "calm": "#565f89"},
)

LIGHT = Theme(
    name="kanban-light",
    primary="#2f5fd0",
    secondary="#7c4dbd",
    accent="#0a7ea4",
    success="#3f7d20",
    warning="#a15c00",
    error="#c4314b",
    foreground="#23283b",
    background="#f4f5f9",
    surface="#ffffff",
    panel="#e3e6ef",
    dark=False,
    variables={"line": "#c3c9da", "thumb": "#aab2c8", "calm": "#9aa3bb"},
)

THEMES = (DARK, LIGHT)
