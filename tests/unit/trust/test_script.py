"""A script is taken apart into the commands that bash would run; what cannot be told is a doubt."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanban.trust.script import TOO_TANGLED, read_script
from kanban.trust.words import UNKNOWN

SECONDS = 0.5


def lines(text):
    return [command.line for command in read_script(text, SECONDS).commands]


def doubts(text):
    return read_script(text, SECONDS).doubts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ls -la '/a b'", ["ls -la /a b"]),
        ("a && b || c; d & e", ["a", "b", "c", "d", "e"]),
        ("r\\m \"-r\"f $'\\x2f'", ["rm -rf /"]),
        ("/usr/bin/ls; /opt/x/ls", ["ls", "/opt/x/ls"]),
        ("D=/srv; ls $D/a", ["ls /srv/a"]),
        ('D="-r /"; rm $D', ["rm -r /"]),
        ("for d in a b; do ls $d; done", ["ls a", "ls b"]),
        ("f() { reboot; }; f", ["reboot"]),
        ("echo `id` $(whoami)", [f"echo {UNKNOWN} {UNKNOWN}", "id", "whoami"]),
        ("cat <(id)", ["cat /dev/fd/63", "id"]),
        ("cat <<E\n$(id)\nE", ["cat", "id"]),
        ("cat <<'E'\n$(id)\nE", ["cat"]),
        ("if a; then b; else c; fi", ["a", "b", "c"]),
        ("case $1 in x) a;; esac", ["a"]),
        ("! a", ["a"]),
        ("(a; b) | c", ["a", "b", "c", "| a c"]),
        ("echo x > /etc/a 2>&1 >> b", ["echo x", "> /etc/a", "> b"]),
        ("ls > /dev/null 2>/dev/null", ["ls"]),
    ],
)
def test_the_commands_of_a_script(text, expected):
    assert lines(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sudo -n -u bob -- ls -l", ["ls -l"]),
        ("timeout -k 5 10 ls", ["ls"]),
        ("nice -n5 ionice -c 3 ls", ["ls"]),
        ("env -i LANG=C ls", ["export LANG=C", "ls"]),
        ("nohup ls &", ["ls"]),
        ("bash -lc 'cd /a; ls'", ["cd /a", "ls"]),
        ("sh -c \"sh -c 'ls'\"", ["ls"]),
        ("eval 'ls; id'", ["ls", "id"]),
        ("trap 'rm x' EXIT", ["rm x"]),
        ("ls | xargs -n 1 rm", ["ls", f"rm {UNKNOWN}", "| ls rm"]),
        ("find . -exec rm {} + -o -execdir id ';'", ["find . -exec rm {} + -o -execdir id ;", f"rm {UNKNOWN}", "id"]),
        ("ssh webb 'reboot; id'", ["ssh webb reboot; id", "reboot", "id"]),
        ("docker exec -it web nginx -t", ["nginx -t"]),
        ("kubectl exec -n a pod -- ls", ["ls"]),
        ("su - bob -c 'ls'", ["ls"]),
        ("watch -n 2 'df -h'", ["df -h"]),
        ("command -v ls", ["true"]),
    ],
)
def test_what_a_wrapper_starts_is_what_counts(text, expected):
    assert lines(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "$cmd x",
        '"$@"',
        "$(echo reboot)",
        "{reboot,}",
        'sh -c "$X"',
        'eval "$(cat x)"',
        "xargs sh -c < x",
        "xargs -I% sh -c 'echo %' < x",
        "sudo -i",
        "find . -exec \\;",
        "find . -exec +",
        "sudo $X ls",
        "su - bob",
        "env -S 'ls x'",
        "PATH=/tmp ls",
        "export LD_PRELOAD=/tmp/x",
        "IFS=/",
        "printf -v 'a[$(reboot)]' x",
        "if",
        "for x in",
        "ls " + "a " * 60_000,
        "(" * 3_000,
    ],
)
def test_what_cannot_be_told_is_a_doubt(text):
    assert doubts(text)


@pytest.mark.parametrize("text", ["ls -l | grep x", "X=1; echo $X", "LANG=C sort a", "[ -f a ] && echo $((1 + 2))"])
def test_what_can_be_told_is_none(text):
    assert doubts(text) == ()


@pytest.mark.parametrize("text", ["read X; ls $X", "ls $1", "ls ${X:-a}", "X+=a; ls $X", "printf -v X a; ls $X"])
def test_a_variable_that_cannot_be_followed_is_unknown(text):
    assert f"ls {UNKNOWN}" in lines(text)


def test_a_folder_counts_only_where_the_change_into_it_must_have_gone_well():
    folders = [command.folder for command in read_script("cd /a && rm x; (cd /b && rm y); rm z", SECONDS).commands]
    assert folders == [None, "/a", None, "/b", None]
    assert read_script("cd /a; rm x", SECONDS).commands[-1].folder is None


@given(st.text(alphabet="ab$(){}'\"`|&;<>=\\ \n*?[]!#-/~0", max_size=60))
def test_whatever_is_typed_is_read_or_doubted_and_never_an_error(text):
    read_script(text, SECONDS)


@pytest.mark.parametrize(
    "shape", ["|", ">", "<<E\n", "a ", "x=1 ", "$x ", "$(", "a&&", "(", "'", "${", "sudo ", "if a;then ", "{a,b}"]
)
def test_twenty_thousand_characters_of_any_shape_are_read_or_given_up_in_time(shape):
    began = time.process_time()
    read_script((shape * 20_000)[:20_000], 0.08)
    assert time.process_time() - began < 1.0


def test_what_takes_too_long_is_a_doubt():
    assert TOO_TANGLED in read_script("ls", -1.0).doubts


@pytest.mark.parametrize(
    "text", ["echo ${x@P}", 'echo "${x:-`reboot`}"', "x='a[$(reboot)]'", r'x="a[\$(reboot)]"', r"x=$'a[\x24(reboot)]'"]
)
def test_a_text_in_which_bash_finds_a_command_is_a_doubt(text):
    assert doubts(text)


@pytest.mark.parametrize(
    "text",
    [
        "sh -c 'reboot() { :; }'; reboot",
        "(reboot() { :; }); reboot",
        "if false; then reboot() { :; }; fi; reboot",
        "false && reboot() { :; }; reboot",
        "reboot() { :; } & reboot",
        "reboot() { :; } | cat; reboot",
        "reboot() { :; }; unset -f reboot; reboot",
        "reboot() { :; }; command reboot",
        "reboot() { :; }; sudo reboot",
        "reboot() { :; }; echo x | xargs reboot",
        "reboot() { :; }; bash -c reboot",
        "reboot; reboot() { :; }",
        "f() { reboot() { :; }; }; reboot",
    ],
)
def test_a_function_stands_for_a_command_only_where_it_is_surely_called(text):
    assert any(line.split()[0] == "reboot" for line in lines(text))


def test_a_change_of_folder_is_over_with_its_list():
    assert read_script("cd /a && ls; rm x", SECONDS).commands[-1].folder is None
    assert read_script("cd /a && ls && rm x", SECONDS).commands[-1].folder == "/a"
