# What the stories share: a directory of their own, checks, and the report as awk computes it. Sourced, not run.
# shellcheck shell=bash

: "${PIPEFORM:?set PIPEFORM to the pipeform binary}"
PIPEFORM=$(realpath "$PIPEFORM")
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/pipeform-story.XXXXXX")
children=()
mounts=()
# How many connections the story's proxies have harmed so far.
harmed=0

# Stops what this story started and removes what it wrote.
clean_up() {
    local status=$? pid mount
    for pid in "${children[@]}"; do kill -9 "$pid" 2>/dev/null || true; done
    # Steps end with the stand-in for EMR, and that with the pipe to it.
    [[ -z ${emr_pid:-} ]] || exec {emr_pipe}>&-
    [[ -z ${emr_pid:-} ]] || while kill -0 "$emr_pid" 2>/dev/null; do sleep 0.05; done
    # It ends with the pipe to it, and takes its data along.
    [[ -z ${s3_server:-} ]] || exec {s3_pipe}>&-
    wait 2>/dev/null || true
    [[ -z ${s3_server:-} ]] || while kill -0 "$s3_server" 2>/dev/null; do sleep 0.05; done
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

# small_disk DIRECTORY KILOBYTES: makes the directory a file system of this size, for who may mount one; else "${on_small_disk[@]}" before a command
# bounds each file that it writes. What the error then says is in $no_room.
small_disk() {
    mkdir -p "$1"
    if mount -t tmpfs -o "size=$2k" tmpfs "$1" 2>/dev/null; then
        mounts+=("$1")
        on_small_disk=(env) no_room='No space left on device'
    else
        on_small_disk=(bash -c "trap '' XFSZ; ulimit -f $2; exec \"\$@\"" bounded) no_room='File too large'
    fi
}

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

# s3_server: starts an S3 server for the story and points AWS at it; `s3 …` looks at it with boto3 (see tests/s3.py).
s3_server() {
    s3_tools=$("$repository/tests/tools" s3) || fail "no tools for S3"
    exec {s3_pipe}> >(exec "$repository/tests/s3-server" "$work/s3" >"$work/s3.url" 2>"$work/s3.log")
    s3_server=$!
    local _
    for _ in $(seq 1200); do
        [[ ! -s $work/s3.url ]] || break
        kill -0 "$s3_server" 2>/dev/null || break
        sleep 0.1
    done
    s3_url=$(cat "$work/s3.url")
    [[ $s3_url == http* ]] || fail "the S3 server did not start: $(cat "$work/s3.log")"
    export AWS_ENDPOINT_URL_S3=$s3_url AWS_ACCESS_KEY_ID=testkey AWS_SECRET_ACCESS_KEY=testsecret1 AWS_REGION=us-east-1
    export AWS_EC2_METADATA_DISABLED=true NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
}

s3() { AWS_ENDPOINT_URL_S3=$s3_url "$s3_tools/python" "$repository/tests/s3.py" "$@"; }

# proxy MODE SHARE SEED: a proxy before the S3 server that does harm (see s3-proxy.py); its address is in $proxy.
proxy() {
    : >"$work/proxy"
    exec {proxy_pipe}> >(exec python3 "$repository/tests/stories/s3-proxy.py" "$s3_url" "$@" >"$work/proxy" {s3_pipe}>&-)
    proxy_pid=$!
    children+=("$proxy_pid")
    until [[ -s $work/proxy ]]; do sleep 0.05; done
    proxy=$(head -1 "$work/proxy")
}

# proxy_ends: ends the proxy, says what it did, and adds to $harmed.
proxy_ends() {
    exec {proxy_pipe}>&-
    while kill -0 "$proxy_pid" 2>/dev/null; do sleep 0.05; done
    sed -n '2s/^/  the proxy: /p' "$work/proxy"
    harmed=$((harmed + $(awk 'NR == 2 { harmed = $3 } END { print harmed + 0 }' "$work/proxy")))
}

# free_port: prints a port of 127.0.0.1 that nobody listens at.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# until_answers URL PID: waits until the server that was started as PID answers, whatever it says.
until_answers() {
    local tries
    for ((tries = 0; tries < 1200; tries++)); do
        kill -0 "$2" 2>/dev/null || fail "the server at $1 has ended"
        python3 - "$1" 2>/dev/null <<'PY' && return
import ssl, sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[1], timeout=5, context=ssl._create_unverified_context())
except urllib.error.HTTPError:
    pass
PY
        sleep 0.1
    done
    fail "there is no server at $1"
}

# alone_with_aws: nothing of the caller's own AWS is seen; HOME is the story's directory.
alone_with_aws() {
    local name
    for name in "${!AWS_@}"; do unset "$name"; done
    # What tests/tools has installed stays in its place.
    export PIPEFORM_TOOLS=${PIPEFORM_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/pipeform/tools}
    export HOME=$work AWS_EC2_METADATA_DISABLED=true NO_PROXY=127.0.0.1
}

# start_moto [ARGUMENT...]: starts a stand-in for AWS of its own at http://127.0.0.1:$moto_port; $tools has its Python, with boto3.
start_moto() {
    tools=$("$repository/tests/tools" moto)
    moto_port=$(free_port)
    "$tools/moto_server" -H 127.0.0.1 -p "$moto_port" "$@" >>"$work/moto.log" 2>&1 &
    moto_pid=$!
    children+=("$moto_pid")
    local scheme=http
    [[ $# -eq 0 ]] || scheme=https
    moto=$scheme://127.0.0.1:$moto_port
    until_answers "$moto/moto-api/" "$moto_pid"
}

# use_moto: credentials, region and address of the stand-in in the environment.
use_moto() {
    export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1 AWS_ENDPOINT_URL=$moto
}

# start_emr [DIRECTORY...]: starts a stand-in for Amazon EMR (see tests/emr-server) whose steps run on this machine, with the programs of the
# directories before others, and points AWS's EMR at it; needs `s3_server` before. Its files are in $work/emr: `knobs` changes what it does, `calls`
# lists what it was asked. `emr …` looks at it with boto3 (see tests/emr.py).
start_emr() {
    emr_tools=$("$repository/tests/tools" moto) || fail "no tools for EMR"
    exec {emr_pipe}> >(EMR_PATH=$(IFS=:; echo "$*") exec "$emr_tools/python" "$repository/tests/emr-server" "$work/emr" \
        >"$work/emr.url" 2>"$work/emr.log" {s3_pipe}>&-)
    emr_pid=$!
    local _
    for _ in $(seq 1200); do
        [[ ! -s $work/emr.url ]] || break
        kill -0 "$emr_pid" 2>/dev/null || break
        sleep 0.1
    done
    emr_url=$(cat "$work/emr.url")
    [[ $emr_url == http* ]] || fail "the stand-in for EMR did not start: $(cat "$work/emr.log")"
    export AWS_ENDPOINT_URL_EMR=$emr_url
}

emr() { AWS_ENDPOINT_URL_EMR=$emr_url "$emr_tools/python" "$repository/tests/emr.py" "$@"; }
