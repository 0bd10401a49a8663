"""Pictures in cells: two dots to each, one above the other."""

from pathlib import Path

from PIL import Image
from rich_pixels import Pixels

# whatever the file claims to be
UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)


def draw_picture(file: Path, columns: int, lines: int) -> Pixels | None:
    """The picture in a file, no larger than this; None when the file holds none that can be read."""
    try:
        with Image.open(file) as picture:
            picture.thumbnail((max(1, columns), max(1, 2 * lines)))
            drawn: Pixels = Pixels.from_image(picture.convert("RGB"))
            return drawn
    except UNREADABLE:
        return None
