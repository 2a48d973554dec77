#!/usr/bin/env bash
# The stand-in for EMR that other stories trust: what its clusters and steps do, seen with boto3 only.
set -euo pipefail
source "$(dirname "$0")/support.sh"
s3_server
s3 bucket acme
start_emr "$work/bin"

# ends CLUSTER STEP STATE: waits until a step has ended, and checks how.
ends() {
    local state=PENDING _
    for _ in $(seq 1200); do
        state=$(emr steps "$1" | awk -v step="$2" '$1 == step { print $2 }')
        [[ $state != PENDING && $state != RUNNING && $state != CANCEL_PENDING ]] && break
        sleep 0.1
    done
    [[ $state == "$3" ]] || fail "step $2 is $state, not $3"
    echo "  step $state"
}

step "a cluster starts, waits, runs what it is told, and its logs come to S3"
echo '{"start": 15}' >"$work/emr/knobs"
cluster=$(emr run first '{"LogUri": "s3://acme/logs/"}')
[[ $(emr clusters | awk '{ print $2 }') == STARTING ]] || fail "a new cluster does not start"
echo '{}' >"$work/emr/knobs"
emr until "$cluster" WAITING
printf 'b\na\n' >"$work/data"
s3 put acme in/data "$work/data"
printf 'sort "$1/data" > s3://acme/out/sorted; echo done; echo complaint >&2\n' >"$work/sort.sh"
s3 put acme code/sort.sh "$work/sort.sh"
ran=$(emr add "$cluster" s3://us-east-1.elasticmapreduce/libs/script-runner/script-runner.jar s3://acme/code/sort.sh s3://acme/in/)
ends "$cluster" "$ran" COMPLETED
[[ $(s3 cat acme out/sorted) == $'a\nb' ]] || fail "what the step wrote is not in S3"
for _ in $(seq 1200); do [[ -n $(s3 names acme "logs/$cluster/steps/$ran/controller") ]] && break || sleep 0.1; done
[[ $(s3 cat acme "logs/$cluster/steps/$ran/stderr.gz" | gzip -dc) == complaint ]] || fail "no log of its errors"
[[ $(s3 cat acme code/sort.sh) == "$(cat "$work/sort.sh")" ]] || fail "the script was changed"

step "one fails, one is cancelled with what it started, one never begins"
ends "$cluster" "$(emr add "$cluster" command-runner.jar false)" FAILED
hangs=$(emr add "$cluster" command-runner.jar bash -c "echo \$\$ >$work/pid; sleep 1000 & wait")
behind=$(emr add "$cluster" command-runner.jar true)
until [[ -s $work/pid ]]; do sleep 0.1; done
[[ $(emr cancel "$cluster" "$behind") == SUBMITTED* && $(emr cancel "$cluster" "$hangs") == SUBMITTED* ]] || fail "it cannot be cancelled"
ends "$cluster" "$hangs" CANCELLED
ends "$cluster" "$behind" CANCELLED
[[ $(emr cancel "$cluster" "$hangs") == FAILED* ]] || fail "what has ended is cancelled again"
# What has ended stays in the list of processes until its parent looks at it, so that it does not count.
runs() { pgrep --pgroup "$(cat "$work/pid")" --runstates D,I,R,S,T >/dev/null; }
for _ in $(seq 1200); do runs || break; sleep 0.1; done
if runs; then fail "processes are left"; fi

step "it ends with what runs on it, and takes nothing more"
rm "$work/pid"
hangs=$(emr add "$cluster" command-runner.jar bash -c "echo \$\$ >$work/pid; sleep 1000")
until [[ -s $work/pid ]]; do sleep 0.1; done
emr end "$cluster"
emr until "$cluster" TERMINATED
ends "$cluster" "$hangs" CANCELLED
if emr add "$cluster" command-runner.jar true 2>"$work/refused"; then fail "a cluster that has ended takes steps"; fi
grep -q "may not be modified" "$work/refused" || fail "$(cat "$work/refused")"

step "clusters that end with errors, calls that are refused, a release that is none"
echo '{"fail_start": 1, "fail_running": 1, "throttle": 3}' >"$work/emr/knobs"
cluster=$(emr run second)
emr until "$cluster" TERMINATED_WITH_ERRORS
cluster=$(emr run third)
emr until "$cluster" WAITING
lost=$(emr add "$cluster" command-runner.jar sleep 1000)
emr until "$cluster" TERMINATED_WITH_ERRORS
ends "$cluster" "$lost" INTERRUPTED
grep -q "^DescribeCluster throttled$" "$work/emr/calls" || fail "nothing was refused"
if emr run fourth '{"ReleaseLabel": "emr-7"}' 2>"$work/refused"; then fail "a release that is none is taken"; fi
grep -q "release label is invalid" "$work/refused" || fail "$(cat "$work/refused")"
[[ -z $(emr alive) ]] || fail "clusters are left: $(emr alive)"
