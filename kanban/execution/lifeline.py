"""Scripts for a host's `sh` that run a command there and end all that it started.

The stdin of each is a lifeline: at its end (the caller gave up, was killed, or the network broke) the command and all
it started are ended there. A clock on the host does the same when nobody notices that the network is gone. They need a
POSIX shell and what the smallest BusyBox has; on Linux processes are found in /proc, elsewhere with ps.
"""

import shlex

GRACE_SECONDS = 1  # between SIGTERM and SIGKILL on the host
MARK = "KANBAN_COMMAND"  # in the environment of all that a command starts, so that it is found wherever it went

# `targets` prints PID-START-NAME for the living among: the process or session $pid, the processes $started, those with
# $mark in their environment, and all below these. What a pid file under /run names is a service of the host and stays.
_PROCESSES = r"""
pid= started= ending= spared=
table() {
  if [ -r /proc/self/stat ]; then
    for entry in /proc/[0-9]*; do
      { read -r line <"$entry/stat"; } 2>/dev/null || continue
      name=${line#*\(}
      name=${name%\)*}
      case $name in *[!A-Za-z0-9._+-]* | "") name=unnamed ;; esac
      set -- ${line##*\) }
      [ "$1" = Z ] || echo "${entry#/proc/}:$2:$3:$4:${20}:$name"
    done
  else
    ps -A -o pid= -o ppid= -o pgid= -o stat= -o lstart= | while read -r number parent group state start; do
      start=$(echo "$start" | tr -c '0-9A-Za-z\n' _)
      case $state in Z*) ;; *) echo "$number:$parent:$group:$group:$start:unnamed" ;; esac
    done
  fi
}
marked() {
  for file in $(grep -lszF -e "$mark" /proc/[0-9]*/environ); do
    file=${file#/proc/}
    echo "${file%/environ}"
  done
}
services() {
  for file in /run/*.pid /run/*/*.pid /var/run/*.pid; do
    [ -r "$file" ] && read -r number <"$file" && echo "$number"
  done
}
targets() {
  with_mark=" $(echo $(marked)) "
  [ "$with_mark" = "  " ] || spared=" $(echo $(services)) "
  rows=$(table)
  known=" "
  more=yes
  while [ "$more" ]; do
    more=
    for row in $rows; do
      number=${row%%:*} row=${row#*:}
      parent=${row%%:*} row=${row#*:}
      group=${row%%:*} row=${row#*:}
      session=${row%%:*} row=${row#*:}
      case $known in *" $number "*) continue ;; esac
      is_target || continue
      known="$known$number "
      more=yes
      echo "$number-${row%%:*}-${row#*:}"
    done
  done
}
is_target() {
  case $known in *" $parent "*) return 0 ;; esac
  [ "$number" = "$pid" ] || [ "$group" = "$pid" ] || [ "$session" = "$pid" ] && return 0
  case " $started " in *" $number-${row%%:*}-"*) return 0 ;; esac
  case $with_mark in *" $number "*) ;; *) return 1 ;; esac
  case $spared in *" $number "* | *" $parent "* | *" $session "*) return 1 ;; esac
  return 0
}
send() { # dash wants the `--`, of which BusyBox complains and ends the group all the same
  [ "$pid" ] && kill -s "$1" -- "-$pid"
  for found in $ending; do kill -s "$1" "${found%%-*}"; done
}
end_targets() {
  ending=$(targets)
  send TERM
  ends=$(($(date +%s) + grace))
  rest=$((grace * 10))
  while [ $rest -gt 0 ] && [ "$(date +%s)" -le $ends ]; do
    ending=$(targets)
    [ "$ending" ] || return
    sleep 0.1 || sleep 1
    rest=$((rest - 1))
  done
  for round in 1 2 3; do
    ending=$(targets)
    [ "$ending" ] || break
    send KILL
    sleep 0.1 || sleep 1
  done
}
"""

# Prints NONCE+ before the output of the command, and NONCE:STATUS:LEFT after it.
_COMMAND = r"""
exec 3<&0 4>&1 2>&1 </dev/null
printf '%s+\n' "$nonce"
shell=sh setsid=
command -v bash >/dev/null && shell=bash
command -v perl >/dev/null && setsid='perl -MPOSIX=setsid -e setsid;exec@ARGV'
command -v setsid >/dev/null && setsid=setsid
KANBAN_COMMAND=$mark $setsid $shell -c "$command" 3<&- 4>&- &
pid=$!
exec >/dev/null 2>&1
mark=KANBAN_COMMAND=$mark

report() {
  printf '%s:%s:%s\n' "$nonce" "$1" "$(echo $ending)" >&4
}
(
  reader= clock=
  trap 'kill $reader $clock $!; exit' TERM
  cat <&3 4>&- &
  reader=$!
  exec 3<&-
  (
    trap 'kill $!; exit' TERM
    sleep "$seconds" &
    wait $!
    kill $reader
  ) 4>&- &
  clock=$!
  wait $reader
  trap '' TERM
  kill $clock
  end_targets
  ending=$(targets)
  report stopped
) &
watcher=$!
exec 3<&-

wait $pid
status=$?
kill $watcher
wait $watcher
is_member() {
  state=Z
  { read -r line <"$1/stat"; } || return 1
  set -- ${line##*\) }
  state=$1
  [ $state != Z ] && { [ "$3" = "$pid" ] || [ "$4" = "$pid" ]; }
}
has_left() {
  kill -s 0 -- "-$pid" && return 0
  set --
  for entry in /proc/[0-9]*; do
    [ "${entry#/proc/}" -gt "$pid" ] || continue
    is_member "$entry" && return 0
    [ $state = Z ] || set -- "$@" "$entry/environ"
  done
  grep -qszF -e "$mark" "$@" &
  if [ $! -lt "$pid" ]; then # numbers began again
    grep -qszF -e "$mark" /proc/[0-9]*/environ
  else
    wait $!
  fi && return 0
  # while a program is being loaded its environment looks empty
  [ $# -gt 0 ] && { [ "$(grep -Lsz '' "$@")" ] || grep -qszF -e "$mark" "$@"; }
}
ending=
for look in 1 2 3; do
  has_left || break
  ending=$(targets)
  [ "$ending" ] && break
  sleep 0.1 || sleep 1
done
report $status
"""

# Reads PID-START-NAME of what commands left running, a line each, and ends it at the end of its stdin.
_GUARDIAN = r"""
exec 4>&1 >/dev/null 2>&1
printf '%s+\n' "$nonce" >&4
mark=KANBAN_COMMAND=$mark
trap '' HUP
while read -r line; do started="$started $line"; done
exec </dev/null
end_targets
printf '%s:0:%s\n' "$nonce" "$(echo $(targets))" >&4
"""


def command_script(command: str, mark: str, seconds: float) -> str:
    """A script that runs `command`, with stderr in stdout, for `seconds` at most; it expects `nonce` to be set."""
    return _settings(command=command, mark=mark, seconds=str(max(int(seconds), 1))) + _PROCESSES + _COMMAND


def guardian_script(mark: str) -> str:
    """A script that ends, at the end of its stdin, all whose mark begins with `mark`; it expects `nonce` to be set."""
    return _settings(mark=mark) + _PROCESSES + _GUARDIAN


def _settings(**values: str) -> str:
    assignments = [f"{name}={shlex.quote(value)}" for name, value in values.items()]
    return "\n".join([*assignments, f"grace={GRACE_SECONDS}"])
