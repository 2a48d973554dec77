#!/usr/bin/env bash
# Clusters in plans: what they cost stands first, who gets the changed ones, and what becomes of one that is alive. What is at EMR is seen with
# boto3.
set -euo pipefail
source "$(dirname "$0")/support.sh"
alone_with_aws
s3_server
s3 bucket acme
start_emr
mkdir "$work/project"
cd "$work/project"

# project CLUSTER PIPELINE: a pipeline on demand with an activity whose first attempt waits until it is told to go on.
project() {
    cat >main.pipe.hcl <<EOF_
provider "aws" {
  region = "us-east-1"
}

resource "emr_cluster" "big" {
  release_label      = "emr-7.5.0"
  core_instance_type = "m5.xlarge"
  $1
}

pipeline "weekly" {
  log_uri = "s3://acme/logs"
  tags    = { team = "web" }
  $2

  activity "emr" "report" {
    runs_on = resource.big

    step {
      jar  = "command-runner.jar"
      args = ["bash", "-c", "echo did >>$work/did; until test -e $work/go; do sleep 0.1; done"]
    }
  }
}
EOF_
}

# tells TEXT...: the output says each of them, wherever its lines break.
tells() {
    local output text
    output=$(tr -s '[:space:]' ' ' <"$work/output")
    for text in "$@"; do
        [[ $output == *"$text"* ]] || fail "the output does not say \`$text\`"
    done
}

# until_did: waits until the step has begun to work.
until_did() {
    local _
    for _ in $(seq 1200); do
        [[ ! -s $work/did ]] || return 0
        sleep 0.1
    done
    cat "$work/ran"
    fail "no step has begun to work"
}

step "a new cluster: what it costs stands first"
project 'core_instance_count = 2' ''
expect 0 pipeform plan
tells "core 2 × m5.xlarge (on demand)" "pipeline.weekly.activity.report gets such a cluster when it runs next."
pipeform apply --auto-approve >/dev/null
pipeform trigger pipeline.weekly --auto-approve >/dev/null
"$PIPEFORM" run >"$work/ran" 2>&1 &
runner=$!
children+=("$runner")
until_did
first=$(emr alive | awk '{ print $1 }')
emr groups "$first" | sed 's/^/  /'
[[ $(emr groups "$first") == $'MASTER 1 m5.xlarge ON_DEMAND\nCORE 2 m5.xlarge ON_DEMAND' ]] || fail "not the machines that the plan showed"
emr tags "$first" | grep -q '^team=web$' || fail "it has no tag of its pipeline"
emr cluster "$first" | grep -q '"LogUri": "s3n\?://acme/logs/"' || fail "its logs do not go where those of the pipeline go"

step "a change while it is alive: it goes on, and the next one is another"
project 'core_instance_count     = 3
  core_instance_bid_price = 0.31' ''
expect 0 pipeform plan --out=saved
tells "core 2 × m5.xlarge (on demand) -> 3 × m5.xlarge (spot ≤ \$0.31)" \
    "Alive now: $first" "it goes on as it is, until the work of its interval is done" \
    "pipeline.weekly.activity.report gets the changed one"
expect 0 pipeform show --markdown saved
says "**1 cluster of what changes is alive**" "3 × m5.xlarge (spot ≤"
pipeform plan --json >"$work/events"
python3 - "$work/events" "$first" <<'PY'
import json, sys

events = [json.loads(line) for line in open(sys.argv[1])]
[cluster] = next(event for event in events if event["type"] == "effects")["effects"]["clusters"]
assert cluster["after"]["machines"][1] == {
    "role": "core", "count": 3, "instance_type": "m5.xlarge", "market": "spot", "bid_price": "0.31"
}, cluster
[alive] = cluster["alive"]
assert (alive["id"], alive["becomes"]) == (sys.argv[2], "goes_on"), alive
assert alive["needed_by"] == ["pipeline.weekly.activity.report"], alive
PY
expect 0 pipeform apply saved
touch "$work/go"
wait "$runner" || { cat "$work/ran"; fail "the run failed"; }
[[ $(emr clusters | wc -l) == 1 ]] || fail "the cluster was not left as it was"
pipeform trigger pipeline.weekly --auto-approve >/dev/null
expect 0 pipeform run
second=$(emr clusters | tail -n 1 | awk '{ print $1 }')
[[ $(emr groups "$second") == $'MASTER 1 m5.xlarge ON_DEMAND\nCORE 3 m5.xlarge SPOT 0.31' ]] || fail "not the machines that the plan showed: $(emr groups "$second")"

step "what goes while its cluster is alive: the plan says when that ends, and so it does"
rm "$work/go"
: >"$work/did"
pipeform trigger pipeline.weekly --auto-approve >/dev/null
"$PIPEFORM" run >"$work/ran" 2>&1 &
runner=$!
children+=("$runner")
until_did
third=$(emr clusters | tail -n 1 | awk '{ print $1 }')
printf '' >main.pipe.hcl
expect 0 pipeform plan
tells "Alive now: $third" "it is ended when the work under way on it is done"
expect 0 pipeform plan --in-flight=cancel
tells "Alive now: $third" "nothing needs it any more, and it is ended with the apply"
expect 0 pipeform apply --in-flight=cancel --auto-approve
wait "$runner" || true
[[ -z $(emr alive | grep -v TERMINATING) ]] || fail "a cluster is left"

step "what goes after its runner was killed: the plan says that it is canceled, and so it is"
: >"$work/did"
project '' ''
pipeform apply --auto-approve >/dev/null
pipeform trigger pipeline.weekly --auto-approve >/dev/null
"$PIPEFORM" run >"$work/ran" 2>&1 &
runner=$!
children+=("$runner")
until_did
fourth=$(emr clusters | tail -n 1 | awk '{ print $1 }')
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
printf '' >main.pipe.hcl
expect 0 pipeform plan
tells "1 in flight to cancel" "Alive now: $fourth" "nothing needs it any more, and it is ended with the apply"
expect 0 pipeform apply --auto-approve
[[ -z $(emr alive | grep -v TERMINATING) ]] || fail "a cluster is left"

step "EMR that refuses to be asked, or is not there, before anything runs"
project '' ''
expect 0 pipeform validate --preflight
says "Pre-flight: all"
echo '{"refuse": {"ListClusters": 100}}' >"$work/emr/knobs"
expect 1 pipeform validate --preflight
tells "EMR cannot be asked for clusters" "elasticmapreduce:ListClusters"
expect 1 env AWS_ENDPOINT_URL_EMR=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 "$PIPEFORM" validate --preflight
tells "EMR cannot be asked for clusters" "AWS cannot be reached"
