"""Wraps a command for a host so that it does not outlive the connection it was started on.

The stdin of the wrapper is a lifeline: at its end (the caller gave up, was killed, or the network broke) the command
and all it started are ended there. A clock on the host does the same when nobody notices that the network is gone.
"""

import shlex

GRACE_SECONDS = 1  # between SIGTERM and SIGKILL on the host

_SCRIPT = r"""
exec 3<&0 2>&1
shell=$(command -v bash || command -v sh)
$(command -v setsid) "$shell" -c "$1" </dev/null 3<&- &
pid=$!
exec >/dev/null 2>&1 </dev/null

descendants() {
  for child in $(ps -A -o pid= -o ppid= | awk -v parent="$1" '$2 == parent { print $1 }'); do
    echo "$child"
    descendants "$child"
  done
}
send() {
  for member in -$pid $pid $tree; do kill -s "$1" -- "$member" && sent=yes; done
  [ "$sent" ]
}
end_command() {
  tree=$(descendants $pid)
  send TERM
  ends=$(($(date +%s) + $1))
  while sent= && send 0 && [ "$(date +%s)" -le $ends ]; do sleep 0.1 || sleep 1; done
  send KILL
}

clock=$(command -v timeout) && clock="$clock $2"
(
  trap 'kill $!; exit' TERM
  $clock cat <&3 &
  wait $!
  trap '' TERM
  end_command "$3"
) &
watcher=$!
exec 3<&-

wait $pid
status=$?
kill $watcher
wait $watcher
exit $status
"""


def wrap_command(command: str, seconds: float) -> str:
    """A command line for a host's login shell that runs `command`, with stderr in stdout, for `seconds` at most."""
    arguments = (_SCRIPT, "kanban", command, str(max(int(seconds), 1)), str(GRACE_SECONDS))
    return "sh -c " + " ".join(map(shlex.quote, arguments))
