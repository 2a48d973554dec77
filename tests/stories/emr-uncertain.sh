#!/usr/bin/env bash
# heavy
# Answers of EMR that are lost, faults of it, clusters that are listed late, calls that are refused: however it goes, one cluster does the work of an interval, a
# step is added once, and nothing is left alive without a word. What is at EMR is seen with boto3.
set -euo pipefail
source "$(dirname "$0")/support.sh"
s3_server
s3 bucket acme
start_emr "$work/bin"
mkdir "$work/project"
cd "$work/project"

knobs() { echo "$1" >"$work/emr/knobs"; }

# project COMMAND: a pipeline on demand with one activity on a cluster, in the region of the environment.
project() {
    rm -rf .pipeform
    knobs '{}'
    cat >main.pipe.hcl <<EOF
pipeline "weekly" {
  resource "emr_cluster" "big" {
    log_uri     = "s3://acme/emr-logs/"
    retry_delay = "1 second"
  }

  activity "emr" "report" {
    runs_on     = resource.big
    retry_delay = "1 second"

    step {
      jar  = "command-runner.jar"
      args = ["bash", "-c", "echo \$PWD >>$work/did; $1"]
    }
  }
}
EOF
    pipeform apply --auto-approve >"$work/applied" 2>&1 || { cat "$work/applied"; fail "it is not applied"; }
    : >"$work/did"
    before=$(emr clusters | wc -l)
    rm -f "$work/emr/calls"
    pipeform trigger pipeline.weekly --auto-approve >/dev/null
}

# run_beside: starts a run beside the story, which the story waits for before the next; $runner is its process, and $work/ran what it says.
run_beside() {
    "$PIPEFORM" run >"$work/ran" 2>&1 &
    runner=$!
    children=("$runner")
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

# made: how many clusters were made since the project was.
made() { echo $(($(emr clusters | wc -l) - before)); }

# living: the ids of the clusters that are alive and not about to end.
living() { emr alive | awk '$2 != "TERMINATING" { print $1 }'; }

gone() { [[ -z $(living) ]] || { emr clusters; fail "a cluster is left"; }; }

# once: one cluster was made, the work was done once, and nothing is alive.
once() {
    awk 'NF > 1 { print "  call: " $0 }' "$work/emr/calls" | sort | uniq -c
    [[ $(made) == 1 ]] || { emr clusters; fail "$(made) clusters were made"; }
    [[ $(wc -l <"$work/did") == 1 ]] || { cat "$work/did"; fail "the work was not done once"; }
    gone
}

# harmed CALL: such a call was made, and harmed.
harmed() { grep -qx "$1" "$work/emr/calls" || { cat "$work/emr/calls"; fail "there was no \`$1\`"; }; }

step "the answer to RunJobFlow is lost"
project true
knobs '{"lose": {"RunJobFlow": 1}}'
expect 0 pipeform run
harmed "RunJobFlow lose"
once

step "the same, and the cluster is listed late"
project true
knobs '{"lose": {"RunJobFlow": 1}, "late": 4}'
expect 0 pipeform run
harmed "RunJobFlow lose"
knobs '{}'
once

step "the same, and clusters may not be listed for a while"
project true
knobs '{"lose": {"RunJobFlow": 1}, "refuse": {"ListClusters": 2}}'
expect 0 pipeform run
harmed "ListClusters refuse"
once

step "RunJobFlow answers with a fault"
project true
knobs '{"error": {"RunJobFlow": 1}}'
expect 0 pipeform run
harmed "RunJobFlow error"
once

step "the answer to AddJobFlowSteps is lost"
project true
knobs '{"lose": {"AddJobFlowSteps": 1}}'
expect 0 pipeform run
harmed "AddJobFlowSteps lose"
once
cluster=$(emr clusters | tail -n 1 | awk '{ print $1 }')
[[ $(emr steps "$cluster" | wc -l) == 1 ]] || { emr steps "$cluster"; fail "the step was added twice"; }

step "the answer to TerminateJobFlows is lost"
project true
knobs '{"lose": {"TerminateJobFlows": 1}}'
expect 0 pipeform run
harmed "TerminateJobFlows lose"
once

step "clusters may not be listed at all: the one whose id is known is looked at"
project true
knobs '{"refuse": {"ListClusters": 10000}}'
expect 0 pipeform run
harmed "ListClusters refuse"
knobs '{}'
once

step "TerminateJobFlows is refused: the run says so, and is no success; the next one ends the cluster"
project true
knobs '{"refuse": {"TerminateJobFlows": 10000}}'
expect 1 pipeform run
says "may still be alive" "it cannot be ended" "pipeform resources"
cluster=$(living)
[[ -n $cluster ]] || fail "it has ended all the same"
expect 0 pipeform resources
says "$cluster" "it cannot be ended"
knobs '{}'
expect 0 pipeform run
once
expect 0 pipeform resources
says "Nothing is alive"

step "it is refused to cancel and to apply, where no runner is: they are no success; the next run ends the cluster"
project 'sleep 600'
run_beside
until_did
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
knobs '{"refuse": {"TerminateJobFlows": 10000}}'
expect 1 pipeform cancel pipeline.weekly.activity.report --auto-approve
says "Done: 1 instance" "may still be alive" "it cannot be ended"
printf '' >main.pipe.hcl
expect 1 pipeform apply --auto-approve
says "Apply complete" "may still be alive"
knobs '{}'
expect 0 pipeform run
gone

step "a second cluster with the name and the token of the first is shown, and ended with it"
project "until test -e $work/go; do sleep 0.1; done"
run_beside
until_did
cluster=$(living)
emr cluster "$cluster" >"$work/described"
name=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["Name"])' <"$work/described")
tags=$(python3 -c 'import json, sys; print(json.dumps({"Tags": json.load(sys.stdin)["Tags"]}))' <"$work/described")
second=$(emr run "$name" "$tags")
expect 0 pipeform resources
says "$cluster" "$second" "a stray"
touch "$work/go"
wait "$runner" || { cat "$work/ran"; fail "the run failed"; }
gone

step "a cluster that has ended by itself is not listed as alive; the next run makes another one, and no attempt fails because of the first"
rm -f "$work/again"
project "test -e $work/again || { touch $work/again; sleep 60; }"
run_beside
until_did
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
cluster=$(living)
emr end "$cluster"
emr until "$cluster" TERMINATED
expect 0 pipeform resources
says "Nothing is alive"
expect 0 pipeform run
! grep -q "is TERMINATED" "$work/output" || fail "an attempt failed with a cluster that had ended before it"
[[ $(made) == 2 ]] || { emr clusters; fail "$(made) clusters were made"; }
gone

step "a runner with credentials of another account says which account is meant, makes no other cluster and forgets none"
rm -f "$work/again"
project "test -e $work/again || { touch $work/again; sleep 60; }"
run_beside
until_did
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
cluster=$(living)
export AWS_ENDPOINT_URL_STS=$emr_url
cat >"$work/assume.py" <<'EOF'
import boto3

arn = "arn:aws:iam::222222222222:role/other"
credentials = boto3.client("sts", region_name="us-east-1").assume_role(RoleArn=arn, RoleSessionName="other")["Credentials"]
print(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
EOF
read -r key secret token < <("$emr_tools/python" "$work/assume.py")
other=(env AWS_ACCESS_KEY_ID="$key" AWS_SECRET_ACCESS_KEY="$secret" AWS_SESSION_TOKEN="$token" AWS_MAX_ATTEMPTS=1)
expect 0 "${other[@]}" "$PIPEFORM" resources
says "$cluster" "it is in the account 123456789012 of AWS" "222222222222"
expect 1 "${other[@]}" "$PIPEFORM" run
says "cannot be seen" "it is in the account 123456789012 of AWS"
[[ $(living) == "$cluster" ]] || { emr clusters; fail "it is not the cluster that there was"; }
expect 0 pipeform rerun pipeline.weekly.activity.report@.. --auto-approve
expect 0 pipeform run
[[ $(made) == 1 ]] || { emr clusters; fail "$(made) clusters were made"; }
gone
unset AWS_ENDPOINT_URL_STS

step "a runner in another region finds the cluster where it was made"
rm -f "$work/again"
export AWS_REGION=eu-west-1
project "test -e $work/again || { touch $work/again; sleep 60; }"
run_beside
until_did
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
export AWS_REGION=us-east-1
expect 0 pipeform run
gone
export AWS_REGION=eu-west-1
[[ $(made) == 1 ]] || { emr clusters; fail "$(made) clusters were made in the region of the first"; }
[[ $(sort -u "$work/did" | wc -l) == 1 ]] || { cat "$work/did"; fail "work began on more than one cluster"; }
gone
