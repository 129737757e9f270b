#!/bin/sh
# Starts the interpreter of a conda environment as if the environment had been activated.
# usage: launch.sh PREFIX [ARGUMENT...]
# Plain POSIX sh. Nothing was captured at registration: it looks at the environment as it is now.

prefix=$1

if [ ! -x "$prefix/bin/python" ]; then
    name=${prefix##*/}
    echo "modelarts_nb: the environment '$name' is not at $prefix, or has no Python." >&2
    echo "  Is the persistent disk mounted? Then restart the kernel." >&2
    echo "  Was it removed? 'ma bin list' shows whether it can be brought back;" >&2
    echo "  'ma env unregister $name' takes this kernel out of the menu." >&2
    exit 1
fi

# Activation scripts are written for the shell that people activate in.
if [ -z "${BASH_VERSION:-}" ] && command -v bash >/dev/null 2>&1; then
    for script in "$prefix"/etc/conda/activate.d/*.sh "${CONDA_PREFIX:-/}"/etc/conda/deactivate.d/*.sh; do
        if [ -r "$script" ]; then
            exec bash "$0" "$@"
        fi
    done
fi

shift
set +eu

# The names begin with ma_ because scripts of other people run in this shell and may use any other;
# the arguments are kept as text because they may change "$@", too.
ma_prefix=$prefix
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

ma_start() {
    trap - EXIT
    unset PYTHONHOME __PYVENV_LAUNCHER__
    # Again, for scripts that undo it or end early.
    CONDA_PREFIX=$ma_prefix
    CONDA_DEFAULT_ENV=${ma_prefix##*/}
    CONDA_SHLVL=1
    case $PATH in
        "$ma_prefix/bin" | "$ma_prefix/bin:"*) ;;
        *) PATH=$ma_prefix/bin${PATH:+:$PATH} ;;
    esac
    export PATH CONDA_PREFIX CONDA_DEFAULT_ENV CONDA_SHLVL
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
CONDA_DEFAULT_ENV=${ma_prefix##*/}
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
