"""The person's own edit of `rubric.yaml`: checked before it is in force, and nothing that was typed is lost."""

from dataclasses import dataclass
from pathlib import Path

from kanban.errors import InvalidFile, MovedOn
from kanban.files.home import Home, check_rubric_text
from kanban.files.yamlfile import read_text, write_atomically


@dataclass(frozen=True)
class Amendment:
    """The rubric as it was when the person began to edit it."""

    home: Home
    before: str

    @classmethod
    def begin(cls, home: Home) -> "Amendment":
        """Read what is to be edited. Raises HomeError or InvalidFile when it cannot be read."""
        return cls(home, read_text(home.rubric_file))

    @property
    def kept(self) -> Path:
        """Where the text is that was refused."""
        return self.home.path / "rubric.rejected.yaml"

    def put_in_force(self, text: str) -> Path:
        """Make `text` the rubric and return its file.

        Raises InvalidFile for a text that is wrong, MovedOn when the file was changed meanwhile. Then the file stays as
        it is, and the text is in `kept`.
        """
        file = self.home.rubric_file
        try:
            check_rubric_text(self.home, text)
            if read_text(file) != self.before:
                raise MovedOn(f"{file} was changed meanwhile")
        except (InvalidFile, MovedOn) as error:
            write_atomically(self.kept, text)
            error.hint = f"{error.hint}; what you wrote is in {self.kept}".removeprefix("; ")
            raise
        write_atomically(file, text)
        self.kept.unlink(missing_ok=True)
        return file
