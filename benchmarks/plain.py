"""The plainest worker: a new process that loads the model library, asks the model once and ends.

`python -m benchmarks.plain MODEL URL`
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from kanban.llm.library import load_litellm


@contextmanager
def plain_worker(model: str, url: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Such a process, ended with the block."""
    command = [sys.executable, "-m", "benchmarks.plain", model, url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


if __name__ == "__main__":
    messages = [{"role": "user", "content": "What is to be done."}]
    load_litellm().completion(model=sys.argv[1], messages=messages, api_base=sys.argv[2], api_key="none")
