"""The environment of the training process, which a shell in its container does not have.

In ``/proc/<pid>/environ`` (proc(5)). Of the processes of the container the training process is the
first that has the platform's variables (``MA_TASK_NAME``, ``VC_TASK_INDEX``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from modelarts_nb.shell.errors import ShellRefused

ProcessEnv = Literal["show", "apply"]
# No process was found: what the scripts exit with.
NONE_FOUND = 113
# Same home and host name: where there is no pid namespace /proc has other containers' too.
_FIND = r"""ma_pid=
for ma_p in $(ls /proc | grep '^[0-9][0-9]*$' | sort -n); do
  [ "$ma_p" != "$$" ] || continue
  ma_e=$({ tr '\n\000' '\001\n' < "/proc/$ma_p/environ"; } 2>/dev/null) || continue
  case "
$ma_e" in *"
MA_TASK_NAME="*|*"
VC_TASK_INDEX="*) ;; *) continue;; esac
  [ -z "${HOME-}" ] || case "
$ma_e
" in *"
HOME=$HOME
"*) ;; *) continue;; esac
  [ -z "${HOSTNAME-}" ] || case "
$ma_e
" in *"
HOSTNAME=$HOSTNAME
"*) ;; *"
HOSTNAME="*) continue;; esac
  ma_pid=$ma_p; break
done
[ -n "$ma_pid" ] || exit 113
"""
SHOW = _FIND + 'printf "%s\\0" "$ma_pid"; exec cat "/proc/$ma_pid/environ"'
# Values are exported one by one, not through an argument list: others could read that.
_APPLY = (
    _FIND
    + r"""
while IFS= read -r ma_l; do
  ma_n=${ma_l%%=*}; ma_v=${ma_l#*=}
  case $ma_n in ''|[0-9]*|*[!A-Za-z0-9_]*|PWD|OLDPWD|SHLVL|TERM|SSH_TTY|ma_*) continue;; esac
  case $ma_v in *"""
    + "\x01"
    + r"""*)
    ma_v=$(printf '%s.' "$ma_v" | tr '\001' '\n'); ma_v=${ma_v%.};;
  esac
  export "$ma_n=$ma_v"
done <<ma_end
$ma_e
ma_end
unset ma_pid ma_p ma_e ma_l ma_n ma_v
"""
)


@dataclass(frozen=True)
class ProcessEnvironment:
    """``pid`` is the process's in the container."""

    task: str
    pid: int
    variables: dict[str, str]


def applied(line: str | None) -> str:
    """The line that has the process's environment first; None: a shell."""
    if line is None:
        return _APPLY + 'exec "${SHELL:-/bin/sh}"'
    return f"{_APPLY}\n{line}"


def read(task: str, printed: bytes, code: int) -> ProcessEnvironment:
    """What ``SHOW`` printed.

    Raises:
        ShellRefused: there is no training process to be read.
    """
    first, _, rest = printed.partition(b"\0")
    if code != 0 or not first.isdigit():
        raise none_found(task)
    pairs = (item.partition(b"=") for item in rest.split(b"\0") if b"=" in item)
    variables = {
        name.decode("utf-8", "replace"): value.decode("utf-8", "replace")
        for name, _, value in pairs
    }
    return ProcessEnvironment(task, int(first), variables)


def none_found(task: str) -> ShellRefused:
    """Nothing in the container looks like a training process."""
    return ShellRefused(
        f"In {task} runs no training process whose environment could be read.",
        hint="It may not have begun or have ended (`ma job logs`), or run as another user.",
    )
