#!/bin/sh
# Starts the interpreter of a conda environment as if the environment had been activated.
# usage: launch.sh PREFIX [ARGUMENT...]
#        launch.sh --sealed RUN-ROOT TOOL PREFIX [ARGUMENT...]
#        launch.sh --slot RUN-ROOT SLOT NAME [ARGUMENT...]
# Plain POSIX sh. Nothing was captured at registration: it looks at the environment as it is now.
#
# Of a sealed environment PREFIX is where its tree would be. It runs in a slot, a local copy that is
# whole once it has a note (envs/sealed/slots.py); as long as there is one, the disk is not touched.
# TOOL is a Python that had modelarts_nb. The last form is for the launcher itself.

slot=
tool=
run=${MODELARTS_NB_RUN:-${HOME:-/home/ma-user}/.ma/run}
case ${1-} in
    --sealed)
        run=$2
        tool=$3
        prefix=$4
        shift 4
        ;;
    --slot)
        run=$2
        slot=$3
        prefix=$4
        shift 4
        ;;
    *)
        prefix=$1
        shift
        ;;
esac
name=${prefix##*/}
disk=${prefix%/envs/user_conda/*}

find_slot() {
    # The slot that kernels of $name start from. Our mark comes before the look at its note: who
    # frees slots takes the note first, and then looks for marks.
    slot=
    [ -r "$run/.current/$name" ] || return 1
    IFS= read -r slot <"$run/.current/$name"
    case $slot in
        "$run"/*) ;;
        *) return 1 ;;
    esac
    { printf '' >"$run/.used/${slot##*/}.$$"; } 2>/dev/null
    [ -e "$run/.slots/${slot##*/}.json" ] && [ -x "$slot/bin/python" ]
}

fill_slot() {
    # Not from a folder with modules of the user's, and not with what is active here.
    echo "modelarts_nb: '$name' has no copy on the local disk yet; it is being filled ..." >&2
    MODELARTS_NB_DISK=$disk
    MODELARTS_NB_RUN=$run
    export MODELARTS_NB_DISK MODELARTS_NB_RUN
    for python in "$tool" "$disk"/envs/.modelarts_nb/tool/*/bin/python; do
        if [ -x "$python" ] && "$python" -I -c 'import modelarts_nb.cli' 2>/dev/null; then
            "$python" -I -m modelarts_nb.cli env fill "$name" --progress plain >/dev/null
            return
        fi
    done
    for ma in "${HOME:-/home/ma-user}/.local/bin/ma" ma; do
        if command -v "$ma" >/dev/null 2>&1; then
            "$ma" env fill "$name" --progress plain >/dev/null
            return
        fi
    done
    echo "modelarts_nb: 'ma' was not found; 'ma restore' brings it back." >&2
    return 1
}

if [ -z "$slot" ]; then
    # A tree is the truth, also for a kernel that was registered when there was none.
    if [ -n "$tool" ] && find_slot; then
        :
    elif [ -x "$prefix/bin/python" ]; then
        slot=
    elif [ -d "$disk/envs/sealed/$name" ]; then
        find_slot || { fill_slot && find_slot; } || {
            echo "modelarts_nb: '$name' is sealed and could not be put on the local disk." >&2
            echo "  'ma env fill $name' in a terminal shows why; then restart the kernel." >&2
            exit 1
        }
    else
        echo "modelarts_nb: the environment '$name' is not at $prefix, or has no Python." >&2
        echo "  Is the persistent disk mounted? Then restart the kernel." >&2
        echo "  Was it removed? 'ma bin list' shows whether it can be brought back;" >&2
        echo "  'ma env unregister $name' takes this kernel out of the menu." >&2
        exit 1
    fi
fi
if [ -n "$slot" ]; then
    set -- --slot "$run" "$slot" "$name" "$@"
    prefix=$slot
else
    set -- "$prefix" "$@"
fi

# Activation scripts are written for the shell that people activate in.
if [ -z "${BASH_VERSION:-}" ] && command -v bash >/dev/null 2>&1; then
    for script in "$prefix"/etc/conda/activate.d/*.sh "${CONDA_PREFIX:-/}"/etc/conda/deactivate.d/*.sh; do
        if [ -r "$script" ]; then
            exec bash "$0" "$@"
        fi
    done
fi

if [ -n "$slot" ]; then
    shift 4
else
    shift
fi
set +eu

# The names begin with ma_ because scripts of other people run in this shell and may use any other;
# the arguments are kept as text because they may change "$@", too.
ma_prefix=$prefix
ma_name=$name
ma_run=$run
ma_slot=${slot##*/}
ma_arguments=
for argument in "$@"; do
    quoted=
    while :; do
        case $argument in
            *\'*)
                quoted=$quoted${argument%%\'*}"'\\''"
                argument=${argument#*\'}
                ;;
            *) break ;;
        esac
    done
    ma_arguments="$ma_arguments '$quoted$argument'"
done

ma_hold() {
    # Says as long as we live, every minute, which images we were started from, so that nobody
    # collects them (envs/sealed/leases.py), and when the slot and the environment were last used.
    ma_note=$ma_run/.slots/$ma_slot
    { IFS= read -r ma_lease && IFS= read -r ma_held; } <"$ma_note.lease" || return
    ma_beat=0
    while kill -0 $$; do
        if [ $((ma_beat % 6)) -eq 0 ]; then
            touch -c "$ma_note.json"
            # Without the disk its folders are not made: it would be mounted over them.
            [ ! -d "${ma_lease%/.leases/*}" ] || mkdir -p "${ma_lease%/*}"
            printf '%s\n%s\n' "$ma_held" "$$ $ma_beat" >"$ma_lease.$$.new" &&
                mv -f "$ma_lease.$$.new" "$ma_lease.$$.json"
            [ ! -r "$ma_note.used" ] || [ $ma_beat -gt 0 ] || {
                IFS= read -r ma_used <"$ma_note.used"
                [ ! -d "${ma_used%/used/*}" ] || mkdir -p "${ma_used%/*}"
                printf '' >"$ma_used"
            }
        fi
        ma_beat=$((ma_beat + 1))
        sleep 10
    done
    rm -f "$ma_lease.$$.json" "$ma_run/.used/$ma_slot.$$"
}

# `python -m`, where what is used first comes from the local disk (envs/hot); whatever is wrong with
# that, it is `python -m`.
ma_code='
def main():
    import os, sys
    if sys.version_info < (3, 7):
        os.execv(sys.executable, [sys.executable] + sys.argv[2:])
    package = type(sys)("_modelarts_nb_hot")
    package.__path__ = [sys.argv[1]]
    sys.modules[package.__name__] = package
    try:
        from _modelarts_nb_hot import start
        start.begin()
    except Exception:
        pass
    import runpy
    sys.argv[:] = sys.argv[3:]
    try:
        if sys.path[:1] == [""]:
            sys.path[0] = os.getcwd()
    except OSError:
        pass
    del globals()["main"]
    runpy._run_module_as_main(sys.argv[0])
main()
'

ma_start() {
    trap - EXIT
    if [ -n "$ma_slot" ]; then
        # In a shell of a shell that ends, so that the kernel has no child that it did not start.
        # With "exec": a shell that redirects only a function keeps what was there open beside it,
        # and whoever reads the kernel's output to its end would wait for us.
        (
            trap - EXIT
            exec </dev/null >/dev/null 2>&1
            ma_hold &
        )
    fi
    unset PYTHONHOME __PYVENV_LAUNCHER__
    # Again, for scripts that undo it or end early.
    CONDA_PREFIX=$ma_prefix
    CONDA_DEFAULT_ENV=$ma_name
    CONDA_SHLVL=1
    case $PATH in
        "$ma_prefix/bin" | "$ma_prefix/bin:"*) ;;
        *) PATH=$ma_prefix/bin${PATH:+:$PATH} ;;
    esac
    export PATH CONDA_PREFIX CONDA_DEFAULT_ENV CONDA_SHLVL
    ma_hot=${HOME:-/home/ma-user}/.local/share/modelarts_nb/hot
    if [ -z "$ma_slot" ] && [ "${MODELARTS_NB_HOT:-}" != off ] && [ -r "$ma_hot/start.py" ]; then
        case $ma_arguments in
            " '-m' "*) eval "exec \"\$ma_prefix/bin/python\" -c \"\$ma_code\" \"\$ma_hot\" $ma_arguments" ;;
        esac
    fi
    eval "exec \"\$ma_prefix/bin/python\" $ma_arguments"
}

run_scripts() {
    for ma_script in "$1"/*.sh; do
        if [ -r "$ma_script" ]; then
            # "command": an error in the script must not end this shell.
            # shellcheck disable=SC1090
            command . "$ma_script"
            set +eu
        fi
    done
}

without() {
    # PATH without the folder $1, and without empty entries.
    kept=
    rest=$PATH:
    while [ -n "$rest" ]; do
        entry=${rest%%:*}
        rest=${rest#*:}
        case $entry in
            "$1" | "") ;;
            *) kept=${kept:+$kept:}$entry ;;
        esac
    done
    PATH=$kept
}

# A script that calls exit must not keep the kernel from starting.
trap ma_start EXIT

# What was active in the process that starts us, innermost first.
while [ -n "${CONDA_PREFIX:-}" ] && [ "${CONDA_SHLVL:-1}" -gt 0 ] 2>/dev/null; do
    run_scripts "$CONDA_PREFIX/etc/conda/deactivate.d"
    without "$CONDA_PREFIX/bin"
    CONDA_SHLVL=$((${CONDA_SHLVL:-1} - 1))
    eval "CONDA_PREFIX=\${CONDA_PREFIX_$CONDA_SHLVL:-}"
    unset "CONDA_PREFIX_$CONDA_SHLVL"
done

without "$ma_prefix/bin"
PATH=$ma_prefix/bin${PATH:+:$PATH}
CONDA_PREFIX=$ma_prefix
CONDA_DEFAULT_ENV=$ma_name
CONDA_SHLVL=1
export PATH CONDA_PREFIX CONDA_DEFAULT_ENV CONDA_SHLVL

# Variables that "conda env config vars set" keeps.
if [ -r "$ma_prefix/conda-meta/state" ]; then
    variables=$("$ma_prefix/bin/python" -E -S -c '
import json, re, sys
for name, value in json.load(open(sys.argv[1])).get("env_vars", {}).items():
    if re.match("[A-Za-z_][A-Za-z0-9_]*$", name) and value != "***unset***":
        print("export %s='"'"'%s'"'"'" % (name, value.replace("'"'"'", "'"'"'\"'"'"'\"'"'"'")))
' "$ma_prefix/conda-meta/state" 2>/dev/null) && eval "$variables"
fi

run_scripts "$ma_prefix/etc/conda/activate.d"

ma_start
