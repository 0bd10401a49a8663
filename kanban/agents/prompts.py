"""Prompts from templates that people may edit. Values go in as plain text; no value is ever read as a template."""

import traceback
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kanban.errors import InvalidFile, NotFound
from kanban.trust.fences import joined, oneline, untrusted, verbatim

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import SandboxedEnvironment

SUFFIX = ".md.j2"


class Prompts:
    """The prompts of one home. A name that `folder` does not hold is taken from `shipped`."""

    def __init__(self, folder: Path, shipped: Path) -> None:
        self._folders = (folder, shipped)

    def render(self, name: str, **values: object) -> str:
        """The prompt `name` filled with `values`.

        Raises NotFound when there is no such prompt, and InvalidFile (with the line, where there is one) when its
        file cannot be read, is no valid template, or asks for a value that is not given.
        """
        path = self._find(name)
        try:
            return self._load(name).render(**values).strip() + "\n"
        except Exception as error:  # a template that people edit can raise anything
            raise _explain(error, path, sorted(values)) from error

    def names(self) -> list[str]:
        """The names of all prompts; those beginning with `_` are parts that others include."""
        return sorted(
            {path.name.removesuffix(SUFFIX) for folder in self._folders for path in folder.glob(f"*{SUFFIX}")}
        )

    def _find(self, name: str) -> Path:
        for folder in self._folders:
            if (path := folder / f"{name}{SUFFIX}").is_file():
                return path
        raise NotFound(f"no prompt is called {name!r} in {self._folders[0]}", f"known: {', '.join(self.names())}")

    def _load(self, name: str) -> "Template":
        return self._environment.get_template(f"{name}{SUFFIX}")

    @cached_property
    def _environment(self) -> "SandboxedEnvironment":
        from jinja2 import FileSystemLoader, StrictUndefined
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(self._folders), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        environment.filters.update(untrusted=untrusted, verbatim=verbatim, oneline=oneline, joined=joined)
        return environment


def _explain(error: Exception, path: Path, given: list[str]) -> InvalidFile:
    from jinja2 import TemplateNotFound, TemplateSyntaxError, UndefinedError

    hint = "correct it, or remove the file to use the shipped prompt"
    if isinstance(error, TemplateSyntaxError):
        return InvalidFile(Path(error.filename or path), error.lineno, error.message or "not a valid template", hint)
    if isinstance(error, OSError) and not isinstance(error, TemplateNotFound):
        return InvalidFile(Path(error.filename or path), None, f"cannot be read: {error.strerror}", hint)
    if isinstance(error, UnicodeDecodeError):
        return InvalidFile(path, None, "is not UTF-8 text", hint)
    if isinstance(error, UndefinedError):
        hint = f"this prompt is given: {', '.join(given) or 'no values'}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(SUFFIX)]
    if isinstance(error, TemplateNotFound):
        error = LookupError(f"it includes {error.name}, and there is no such file")
    where, line = (Path(frames[-1].filename), frames[-1].lineno) if frames else (path, None)
    return InvalidFile(where, line, str(error) or type(error).__name__, hint)
