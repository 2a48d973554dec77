# What the stories share: a directory of their own, checks, and the report as awk computes it. Sourced, not run.
# shellcheck shell=bash

: "${PIPEFORM:?set PIPEFORM to the pipeform binary}"
PIPEFORM=$(realpath "$PIPEFORM")
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/pipeform-story.XXXXXX")
children=()
mounts=()

# Stops what this story started and removes what it wrote.
clean_up() {
    local status=$? pid mount
    for pid in "${children[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    for mount in "${mounts[@]}"; do umount "$mount" 2>/dev/null || true; done
    rm -rf "$work"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

unset "${!PIPEFORM_VAR_@}" PIPEFORM_LOG
export TZ=UTC LC_ALL=C NO_COLOR=1

pipeform() { "$PIPEFORM" "$@"; }

step() { printf '%s\n' "-- $*"; }

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# expect CODE COMMAND...: runs it, keeps its output in $work/output (and prints it), checks its exit code.
expect() {
    local wanted=$1 code=0
    shift
    printf '$ %s\n' "${*/#"$PIPEFORM"/pipeform}"
    "$@" >"$work/output" 2>&1 </dev/null || code=$?
    sed 's/^/  /' "$work/output"
    [[ $code -eq $wanted ]] || fail "exit code $code, expected $wanted: $*"
}

# says TEXT...: the output of the last `expect` contains each text.
says() {
    local text
    for text in "$@"; do
        grep -qF -- "$text" "$work/output" || fail "the output does not say \`$text\`"
    done
}

# same A B: the files are the same.
same() { diff -u "$1" "$2" || fail "$2 is not what it should be"; }

# The example's configuration in $work/project, its variables in the environment.
weblogs() {
    mkdir -p "$work/project" "$work/logs"
    cp "$repository"/examples/weblogs/*.pipe.hcl "$work/project/"
    export PIPEFORM_VAR_logs_dir=$work/logs PIPEFORM_VAR_warehouse=$work/warehouse PIPEFORM_VAR_first_day=$1
    cd "$work/project"
}

# traffic FIRST_DAY LOG...: the report of the week, computed without pipeform.
traffic() {
    local first=$1 number
    shift
    echo "day,requests,errors,bytes"
    for number in 0 1 2 3 4 5 6; do
        awk -v day="$(date -u -d "$first + $number days" +%Y-%m-%d)" \
            -v label="$(date -u -d "$first + $number days" +%d/%b/%Y)" '
            substr($4, 2, 11) == label {
                rest = $0
                sub(/^[^"]*"([^"\\]|\\.)*" /, "", rest)
                split(rest, field, " ")
                requests++
                errors += field[1] >= 400
                bytes += field[2]
            }
            END { printf "%s,%d,%d,%.0f\n", day, requests, errors, bytes }' "$@"
    done
}
