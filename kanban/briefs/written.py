"""What a person wrote as a ticket's body: a brief as JSON, or plain text."""

import json
from dataclasses import replace
from pathlib import Path

from kanban.briefs.render import render_brief
from kanban.domain.brief import Brief
from kanban.errors import InvalidFile
from kanban.files.yamlfile import parse_document


def parse_brief(text: str, source: str) -> Brief | None:
    """The structured brief that `text` is, None when it is plain text. What begins with a brace is meant as JSON.

    Raises InvalidFile with line, key and the nearest known key.
    """
    if not text.lstrip().startswith("{"):
        return None
    name = Path("stdin" if source == "-" else source)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        hint = "a brief is a JSON object; a plain text begins with something else than a brace"
        raise InvalidFile(name, error.lineno, f"is not JSON: {error.msg}", hint) from None
    except RecursionError:
        raise InvalidFile(name, None, "is nested far too deeply", "write it flat") from None
    # JSON is YAML once tabs, which it has between values only, are spaces; the YAML reader knows the lines
    document = parse_document(name, text.replace("\t", " "))
    return replace(document, data=data).as_model(Brief)


def lay_out_body(title: str, written: str, brief: Brief | None) -> str:
    """The text of a ticket; that of a brief carries the title."""
    return render_brief(title, brief) if brief else written
