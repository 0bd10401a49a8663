"""Files of a host that offers no SFTP, with the tools that the smallest BusyBox has."""

import errno
import posixpath
import re
import shlex
import uuid
from collections.abc import Callable
from typing import NamedTuple

from kanban.execution.base import Entry, EntryKind

Send = Callable[[str, bytes], tuple[int | None, bytes]]
BLOCK = 65_536

# The exit status says which error it was; `refuse` finds out why a path cannot be reached.
_HEAD = r"""
exec 2>&1
printf '%s+\n' "$nonce"
unset CDPATH TIME_STYLE
LC_ALL=C
export LC_ALL
end() {
  printf '%s:%s:\n' "$nonce" "$1"
  exit
}
refuse() {
  [ -L "$1" ] && ! readlink -f -- "$1" >/dev/null 2>&1 && end 40
  above=$1
  while :; do
    case $above in */*) above=${above%/*} ;; *) above=. ;; esac
    [ "$above" ] || above=/
    [ -e "$above" ] && break
    [ "$above" = . ] && break
  done
  [ "$above" != . ] || [ -d . ] || end 13
  [ -d "$above" ] || end 20
  [ -x "$above" ] || end 13
  end 2
}
"""
_ERRORS = {
    2: errno.ENOENT,
    13: errno.EACCES,
    20: errno.ENOTDIR,
    21: errno.EISDIR,
    28: errno.ENOSPC,
    36: errno.ENAMETOOLONG,
    40: errno.ELOOP,
}
_LOOK = r"""
[ -e "$path" ] || refuse "$path"
ls -Lldn -- "$path" || end 1
end 0
"""
_READ = r"""
[ -e "$path" ] || refuse "$path"
[ -r "$path" ] || end 13
dd bs=65536 count="$blocks" <"$path" 2>/dev/null || { echo "dd could not read it"; end 1; }
end 0
"""
# BusyBox shows some bytes of a name as `?`: the names are those that the shell finds, kind and size what `ls` says.
_LIST = r"""
[ -e "$path" ] || refuse "$path"
[ -d "$path" ] || end 20
{ [ -r "$path" ] && cd -- "$path"; } || end 13
printf '%s\0' * .[!.]* ..?*
printf '/\0'
ls -lnA || end 1
end 0
"""
# An existing file is copied first, so that the new one has its mode and owner.
_WRITE = r"""
folder=.
if [ "$exists" ]; then
  hops=0
  while [ -L "$path" ]; do
    to=$(readlink -- "$path") || { echo "$path is a link, and readlink is missing"; end 1; }
    case $to in /*) path=$to ;; *) case $path in */*) path=${path%/*}/$to ;; *) path=$to ;; esac ;; esac
    hops=$((hops + 1))
    [ $hops -lt 40 ] || end 40
  done
fi
case $path in */*) folder=${path%/*}/ ;; esac
[ "$exists" ] || mkdir -p -- "$folder" || { refuse "$folder"; }
[ -d "$folder" ] || end 20
[ -w "$folder" ] || end 13
part=$folder/$part
trap 'rm -f -- "$part"' EXIT
if [ "$exists" ]; then cp -p -- "$path" "$part" || end 1; fi
cat >"$part" || end 1
[ "$(($(wc -c <"$part")))" = "$size" ] || { echo "it arrived incomplete"; end 1; }
mv -f -- "$part" "$path" || end 1
end 0
"""
_KINDS: dict[bytes, EntryKind] = {b"d": "dir", b"-": "file", b"l": "link"}
_LINE = re.compile(
    rb"([-a-zA-Z])[-a-zA-Z]{9}\S*\s+\d+\s+\S+\s+\S+\s+(?:\d+,\s*)?(\d+)\s+\S+\s+\S+\s+\S+ (.*)", re.DOTALL
)


class Line(NamedTuple):
    """A line of `ls -ln`, with `?` for what is not printable ASCII."""

    kind: EntryKind
    size: int
    shown: bytes


class ShellFiles:
    """Keeps the protocol Files; `send` runs a script with an input and returns its exit status and output."""

    is_open = True

    def __init__(self, send: Send) -> None:
        self._send = send

    def look(self, path: str) -> Entry:
        lines = _parse(self._run(_LOOK, path))
        if not lines:
            raise OSError(errno.EIO, "`ls` there says nothing that can be read")
        return Entry(posixpath.basename(path), lines[0].kind, lines[0].size)

    def read(self, path: str, limit: int) -> bytes:
        return self._run(_READ, path, blocks=str(limit // BLOCK + 1))[:limit]

    def write(self, path: str, data: bytes, exists: bool) -> None:
        part = f".kanban-{uuid.uuid4().hex}.part"
        self._run(_WRITE, path, data, part=part, size=str(len(data)), exists="yes" if exists else "")

    def list(self, path: str) -> list[Entry]:
        return _parse_listing(self._run(_LIST, path))

    def _run(self, script: str, path: str, data: bytes = b"", **values: str) -> bytes:
        values["path"] = path if path.startswith("/") else f"./{path}"
        settings = "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
        status, output = self._send(settings + _HEAD + script, data)
        if not status:
            return output
        if status in _ERRORS:
            raise OSError(_ERRORS[status], "")
        raise _explain(output)


def _explain(output: bytes) -> OSError:
    words = output.decode(errors="replace").strip().splitlines()
    said = words[-1] if words else "the host gave no reason"
    return OSError(errno.EIO, said)


def _parse_listing(output: bytes) -> list[Entry]:
    """The entries of a folder: names with a NUL after each, up to `/`, then lines of `ls` in the same order."""
    names, _, listing = output.partition(b"/\0")
    lines = _parse(listing)
    entries = [_find(name, lines) for name in sorted(names.split(b"\0")[:-1])]
    return [entry for entry in entries if entry]


def _find(name: bytes, lines: list[Line]) -> Entry | None:
    """What `ls` says of a name; None for a pattern that matched nothing, and for what was removed meanwhile."""
    shown = _mask(name)
    for at, line in enumerate(lines):
        if line.shown == shown or (line.kind == "link" and line.shown.startswith(shown + b" -> ")):
            del lines[at]
            return Entry(name.decode(), line.kind, line.size)
    return None


def _mask(name: bytes) -> bytes:
    return bytes(byte if 32 <= byte < 127 else ord("?") for byte in name)


def _parse(listing: bytes) -> list[Line]:
    """The lines of `ls -ln`; one that is none goes on with the name before it."""
    found: list[bytes] = []
    for line in listing.split(b"\n")[:-1]:
        if _LINE.fullmatch(line):
            found.append(line)
        elif found:
            found[-1] += b"\n" + line
    return [_read_line(line) for line in found]


def _read_line(line: bytes) -> Line:
    match = _LINE.fullmatch(line)
    assert match
    return Line(_KINDS.get(match[1], "other"), int(match[2]), _mask(match[3]))
