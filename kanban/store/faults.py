"""What can be wrong with the board's file, in words that name the remedy."""

from pathlib import Path

from kanban.errors import BoardError, BoardReplaced

RESTORE = "`kanban backup --list` shows the copies, `kanban restore FILE` puts one back and keeps this file"
USE_OWN_DISK = "put the home on a disk of this machine: a board on a network share loses changes"

_REMEDIES = {
    "SQLITE_FULL": ("the disk is full", "free some space; nothing was lost, the last change was not made"),
    "SQLITE_READONLY": ("it is read-only", "make the home writable for this user, or name another with --home"),
    "SQLITE_CANTOPEN": ("it cannot be opened", "check that the home exists and is writable for this user"),
    "SQLITE_BUSY": ("another process holds it", "try again; if it stays so, see what has the file open"),
    "SQLITE_NOTADB": ("it is not a SQLite database", RESTORE),
    "SQLITE_CORRUPT": ("it is damaged", f"stop the daemon; {RESTORE}"),
    "SQLITE_IOERR": ("reading or writing it failed", f"check the disk; {RESTORE}"),
}


# SQLite's log needs memory that all users of the file share, which these cannot give to two machines.
NETWORK_FILE_SYSTEMS = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "webdav", "9p", "ceph", "lustre"),
        *("sshfs", "fuse.sshfs", "fuse.rclone", "fuse.glusterfs"),
    }
)


def explain_fault(path: Path, error: BaseException | None) -> BoardError:
    """The error of SQLite as one that a person can act on."""
    name = getattr(error, "sqlite_errorname", "") or ""
    for prefix, (problem, remedy) in _REMEDIES.items():
        if name.startswith(prefix):
            return BoardError(f"{path}: {problem}", remedy)
    return BoardError(f"{path}: {error}", f"if this is not the board of this home: {RESTORE}")


def explain_damage(path: Path, found: str) -> BoardError:
    """What SQLite's own check has found."""
    return BoardError(f"{path} is damaged: {found}", f"stop the daemon; {RESTORE}")


def explain_gone(path: Path) -> BoardReplaced:
    """The file of an open board is not there any more."""
    return BoardReplaced(f"{path} was removed while it was in use", RESTORE)


def explain_replaced(path: Path) -> BoardReplaced:
    """Another file stands where an open board was."""
    return BoardReplaced(f"{path} was replaced while it was in use", "start this program again to use the new file")


def explain_lost(path: Path, marker: Path, *, emptied: bool) -> BoardError:
    """A home that had a board has none any more."""
    problem = "is empty" if emptied else "is gone"
    return BoardError(
        f"{path} {problem}, and this home had a board",
        "`kanban backup --list` shows the copies, `kanban restore FILE` puts one back; "
        f"to begin with an empty board instead, delete {marker}" + (f" and {path}" if emptied else ""),
    )


def explain_newer(path: Path, revision: str | None) -> BoardReplaced:
    """The board was written by a newer program."""
    return BoardReplaced(
        f"{path}: its schema {revision!r} is not known to this program",
        "it was written by a newer version: upgrade kanban, or restore an older copy (`kanban backup --list`)",
    )


def explain_journal(path: Path, mode: str) -> BoardError:
    """The file system cannot hold a board safely."""
    kind = find_file_system(path)
    return BoardError(
        f"{path}: SQLite's write-ahead log does not work on this file system ({kind}; journal mode {mode!r})",
        USE_OWN_DISK,
    )


def find_file_system(path: Path) -> str:
    """The type of the file system that holds `path`, such as ext4 or nfs4."""
    import psutil  # no command needs it that finds all in order

    parts = path.resolve().parts
    found = ""
    depth = -1
    for mount in psutil.disk_partitions(all=True):
        point = Path(mount.mountpoint).parts
        if parts[: len(point)] == point and len(point) >= depth:
            found, depth = mount.fstype, len(point)
    return found or "unknown"
