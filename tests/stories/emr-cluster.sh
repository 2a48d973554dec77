#!/usr/bin/env bash
# heavy
# A cluster of EMR exists only while its interval needs it: shared by the activities of the interval, tried again on another one when it fails,
# and ended whatever becomes of the work. What is at EMR is seen with boto3.
set -euo pipefail
source "$(dirname "$0")/support.sh"
s3_server
s3 bucket acme
start_emr "$work/bin"
mkdir "$work/project"
cd "$work/project"

# project EXTRA_OF_CLUSTER FIRST [EXTRA_OF_FIRST [SECOND]]: a pipeline on demand with two activities on one cluster, one after the other, or both at
# once with after=''. Steps that wait for $work/go go on when that is touched. What the cluster's actions tell, if it has any, is in $work/told.
project() {
    rm -rf .pipeform "$work/go" "$work/told"
    cat >main.pipe.hcl <<EOF
provider "aws" {
  region = "us-east-1"
}

pipeline "weekly" {
  action "shell_command" "told" {
    command         = "echo \"\$1\" >>$work/told"
    script_argument = [run.node.status]
  }

  resource "emr_cluster" "big" {
    release_label       = "${release:-emr-7.5.0}"
    applications        = ["Spark"]
    master_instance_type = "m5.xlarge"
    core_instance_type  = "r5.2xlarge"
    core_instance_count = 3
    core_instance_bid_price = 0.31
    log_uri             = "s3://acme/emr-logs/"
    retry_delay         = "1 second"
    $1
  }

  activity "emr" "first" {
    runs_on     = resource.big
    retry_delay = "1 second"
    ${3:-}

    step {
      jar  = "command-runner.jar"
      args = ["bash", "-c", "echo first >>$work/did; $2"]
    }
  }

  activity "emr" "second" {
    runs_on     = resource.big
    ${after-depends_on = [activity.first]}
    retry_delay = "1 second"

    step {
      jar  = "command-runner.jar"
      args = ["bash", "-c", "echo second >>$work/did; ${4:-true}"]
    }
  }
}
EOF
    pipeform apply --auto-approve >"$work/applied" 2>&1 || { cat "$work/applied"; fail "it is not applied"; }
    : >"$work/did"
    rm -f "$work/emr/calls"
    before=$(emr clusters | wc -l)
    pipeform trigger pipeline.weekly --auto-approve >/dev/null
}

# run_beside: starts a run beside the story, which the story waits for before the next; $runner is its process, and $work/ran what it says.
run_beside() {
    "$PIPEFORM" run >"$work/ran" 2>&1 &
    runner=$!
    children=("$runner")
}

# until_says TEXT COMMAND...: waits until what a command prints has the text.
until_says() {
    local text=$1 _
    shift
    for _ in $(seq 240); do
        "$@" >"$work/output" 2>&1 || true
        ! grep -qF -- "$text" "$work/output" || return 0
        sleep 0.5
    done
    sed 's/^/  /' "$work/output"
    fail "it does not come to say \`$text\`: $*"
}

# until_did: waits until a step works.
until_did() {
    local _
    for _ in $(seq 1200); do
        [[ ! -s $work/did ]] || return 0
        sleep 0.1
    done
    cat "$work/ran"
    fail "no step has begun to work"
}

# living: the ids of the clusters that are alive and not about to end.
living() { emr alive | awk '$2 != "TERMINATING" { print $1 }'; }

# made: how many clusters were made since the project was.
made() { echo $(($(emr clusters | wc -l) - before)); }

step "before: there is none; plan and apply make none"
project '' "until test -e $work/go; do sleep 0.1; done; echo told; echo complained >&2"
[[ -z $(emr clusters) ]] || fail "a cluster was made before it was needed"

step "during: one, for both activities; after: none"
run_beside
until_did
emr alive | sed 's/^/  /'
expect 0 pipeform resources
says "pipeline.weekly.resource.big" "j-" RUNNING
expect 0 pipeform resources --json
says '"state": "RUNNING"'
# The state has it when the runner has looked the next time.
until_says "is RUNNING since" pipeform status
expect 0 pipeform status
says "is RUNNING since"
cluster=$(living)
emr tags "$cluster" | sed 's/^/  /'
emr tags "$cluster" | grep -q '^pipeform:resource=pipeline.weekly.resource.big$' || fail "it does not say what it is for"
touch "$work/go"
wait "$runner" || { cat "$work/ran"; fail "the run failed"; }
sed 's/^/  /' "$work/ran"
[[ $(cat "$work/did") == $'first\nsecond' ]] || fail "not what was to be done: $(cat "$work/did")"
[[ $(made) == 1 ]] || fail "not one cluster for both"
[[ -z $(emr alive | grep -v TERMINATING) ]] || fail "a cluster is left"
emr cluster "$cluster" >"$work/described"
grep -q '"ReleaseLabel": "emr-7.5.0"' "$work/described" || fail "$(cat "$work/described")"
expect 0 pipeform resources
says "Nothing is alive"

step "what a step prints is in the log of its attempt when the cluster has put it to S3"
echo '{"log_delay": 0}' >"$work/emr/knobs"
project 'max_retries = 0' 'echo told; echo complained >&2; exit 3' 'max_retries = 0'
expect 1 pipeform run
says "step 1 of 1"
expect 0 pipeform logs pipeline.weekly.activity.first
says complained told "FAILED"
[[ -z $(emr alive | grep -v TERMINATING) ]] || fail "a cluster is left of work that failed"

step "a cluster that does not start: another one is tried"
echo '{"fail_start": 1}' >"$work/emr/knobs"
told='on_success = action.told
    on_fail = action.told'
project "$told" true
expect 0 pipeform run
[[ $(made) == 2 ]] || fail "$(made) clusters and not 2"
[[ $(cat "$work/told") == FINISHED ]] || fail "it is not told once that the cluster has served its interval: $(cat "$work/told")"
expect 0 pipeform history --attempts pipeline.weekly.resource.big
says "FINISHED" "attempt 1: FAILED" "attempt 2: FINISHED" "pipeline.weekly.action.told" ": done"
[[ $(cat "$work/did") == $'first\nsecond' ]] || fail "not what was to be done: $(cat "$work/did")"

step "a cluster that EMR refuses as wrong is asked for once: the work fails for good, and says which block to change"
echo '{}' >"$work/emr/knobs"
release=emr-9.9 project "$told" true
expect 1 pipeform run
[[ $(cat "$work/told") == FAILED ]] || fail "it is not told once that there is no cluster: $(cat "$work/told")"
says "release label is invalid" "change \`pipeline.weekly.resource.big\`"
[[ $(grep -c RunJobFlow "$work/emr/calls") == 1 ]] || { cat "$work/emr/calls"; fail "it was asked for again"; }
[[ $(made) == 0 ]] || fail "$(made) clusters and not none"

step "one that fails while it works: the work is tried again on another one"
echo '{"fail_running": 1}' >"$work/emr/knobs"
project '' 'sleep 1'
expect 0 pipeform run
says "attempt 1 failed"
[[ $(made) == 2 ]] || fail "$(made) clusters and not 2"

step "or not, where that is said"
echo '{"fail_running": 2}' >"$work/emr/knobs"
project 'action_on_resource_failure = "retry_none"' 'sleep 1'
expect 1 pipeform run
[[ $(made) == 1 ]] || fail "$(made) clusters and not 1"
[[ -z $(emr alive | grep -v TERMINATING) ]] || fail "a cluster is left"

step "a cluster that takes too long to start is ended"
echo '{"start": 600}' >"$work/emr/knobs"
project 'init_timeout = "2 seconds"
    max_retries = 0' true
expect 1 pipeform run
says "init_timeout"
[[ -z $(emr alive | grep -v TERMINATING) ]] || fail "a cluster is left"

step "and one that is there for too long"
echo '{}' >"$work/emr/knobs"
project 'terminate_after = "3 seconds"' 'sleep 600'
expect 1 pipeform run
says "terminate_after"
[[ $(made) == 1 ]] || fail "$(made) clusters and not 1: its work was tried again"
[[ -z $(emr alive | grep -v TERMINATING) ]] || fail "a cluster is left"

step "work that fails ends its cluster, where that is said; the next attempt gets another one"
project 'action_on_task_failure = "terminate"' "test -e $work/again || { touch $work/again; exit 1; }"
expect 0 pipeform run
[[ $(made) == 2 ]] || fail "$(made) clusters and not 2"

step "an attempt that takes too long: its step is stopped, and its cluster goes on"
rm -f "$work/again"
project '' "test -e $work/again || { touch $work/again; sleep 60; }" 'attempt_timeout = "20 seconds"'
expect 0 pipeform run
[[ $(made) == 1 ]] || fail "$(made) clusters and not 1"
cluster=$(emr clusters | tail -n 1 | awk '{ print $1 }')
emr steps "$cluster" | sed 's/^/  /'
emr steps "$cluster" | grep -q CANCELLED || fail "the step was not cancelled"

step "cancel ends the step and the cluster"
project '' 'sleep 600'
run_beside
until_did
expect 0 pipeform cancel pipeline.weekly.activity.first --auto-approve
wait "$runner" || true
sed 's/^/  /' "$work/ran"
[[ -z $(emr alive | grep -v TERMINATING) ]] || fail "a cluster is left"

step "an interrupted run ends its cluster; the next one makes another"
project '' "test -e $work/interrupted || { touch $work/interrupted; sleep 60; }"
run_beside
until_did
kill -INT "$runner"
wait "$runner" || true
sed 's/^/  /' "$work/ran"
[[ -z $(emr alive | grep -v TERMINATING) ]] || fail "a cluster is left"
expect 0 pipeform run
[[ $(made) == 2 ]] || fail "$(made) clusters and not 2"

step "every third call is refused: all goes its way, only more slowly"
echo '{"throttle": 3}' >"$work/emr/knobs"
project '' true
expect 0 pipeform run
[[ $(made) == 1 ]] || fail "$(made) clusters and not 1"
grep -c throttled "$work/emr/calls" | sed 's/^/  calls refused: /'
[[ $(cat "$work/did") == $'first\nsecond' ]] || fail "not what was to be done: $(cat "$work/did")"

step "a cluster that was ready in time while no runner was there is used, whatever its init_timeout"
echo '{"start": 3}' >"$work/emr/knobs"
project 'init_timeout = "6 seconds"' true
run_beside
until grep -qs RunJobFlow "$work/emr/calls"; do kill -0 "$runner" || fail "the run has ended"; sleep 0.05; done
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
# It is ready, and then the time for that is over.
for _ in $(seq 1200); do
    cluster=$(living)
    [[ -z $cluster ]] || break
    sleep 0.1
done
[[ -n $cluster ]] || fail "no cluster was made"
emr until "$cluster" WAITING
sleep 3
expect 0 pipeform run
[[ $(made) == 1 ]] || { emr clusters; fail "$(made) clusters and not 1"; }
[[ $(cat "$work/did") == $'first\nsecond' ]] || fail "not what was to be done: $(cat "$work/did")"

step "a runner that was killed leaves its cluster to the next one; a removed pipeline leaves none"
echo '{}' >"$work/emr/knobs"
project '' 'sleep 600'
run_beside
until_did
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
[[ $(emr alive | wc -l) -ge 1 ]] || fail "there is no cluster to look after"
expect 0 pipeform resources
says "no runner"
printf '' >main.pipe.hcl
expect 0 pipeform apply --auto-approve
[[ -z $(emr alive | grep -v TERMINATING) ]] || fail "a cluster is left of a pipeline that is removed"

step "a step of an instance that is cancelled while there is no runner is stopped by the next one, and the cluster goes on"
after='' project '' 'sleep 600' '' "until test -e $work/go; do sleep 0.1; done"
run_beside
until_did
cluster=$(living)
for _ in $(seq 1200); do
    [[ $(emr steps "$cluster" | wc -l) -lt 2 ]] || break
    sleep 0.1
done
left=$(emr steps "$cluster" | awk '{ print $1 }')
[[ $(wc -l <<<"$left") == 2 ]] || { emr steps "$cluster"; fail "there are not two steps"; }
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
expect 0 pipeform cancel pipeline.weekly.activity.first --auto-approve
run_beside
for _ in $(seq 1200); do
    [[ $(emr steps "$cluster" | grep -F "$left" | grep -c CANCELLED) -lt 2 ]] || break
    sleep 0.1
done
emr steps "$cluster" | sed 's/^/  /'
[[ $(emr steps "$cluster" | grep -F "$left" | grep -c CANCELLED) == 2 ]] || fail "a step goes on that nobody watches"
touch "$work/go"
wait "$runner" || true
sed 's/^/  /' "$work/ran"
expect 0 pipeform history pipeline.weekly.activity.first
says CANCELED
expect 0 pipeform history pipeline.weekly.activity.second
says FINISHED
[[ $(made) == 1 ]] || fail "$(made) clusters and not 1"
[[ -z $(emr alive | grep -v TERMINATING) ]] || fail "a cluster is left"

step "a stray, whose state is lost, is found by its tags and ended"
project '' 'sleep 600'
run_beside
until_did
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
python3 - <<'EOF'
import sqlite3
state = sqlite3.connect(".pipeform/state.db")
state.execute("DELETE FROM resources")
state.commit()
EOF
expect 0 pipeform resources
says stray
expect 0 pipeform resources --reap --auto-approve
says "1 cluster"
[[ -z $(emr alive | grep -v TERMINATING) ]] || fail "the stray is left"
