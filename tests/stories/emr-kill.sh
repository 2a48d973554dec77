#!/usr/bin/env bash
# heavy
# kill -9 of the runner at random moments of the life of a cluster: however often, one cluster has done the work of an instance, none is left alive, and the
# result is right. KILLS says how often the runner is killed, SEED from which numbers the moments are taken.
set -euo pipefail
source "$(dirname "$0")/support.sh"
kills=${KILLS:-20}
RANDOM=${SEED:-7}
s3_server
s3 bucket acme
start_emr "$work/bin"
echo '{"start": 1, "bootstrap": 0.5}' >"$work/emr/knobs"
mkdir "$work/project"
cd "$work/project"
cat >main.pipe.hcl <<EOF
provider "aws" {
  region = "us-east-1"
}

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
      args = ["bash", "-c", "echo \$PWD >>$work/began; sleep 1; echo \$\$ >$work/result.part; mv $work/result.part $work/result; echo done >>$work/did"]
    }
  }
}
EOF
pipeform apply --auto-approve >/dev/null
killed=0
round=0
while ((killed < kills)); do
    round=$((round + 1))
    rm -f "$work/result"
    : >"$work/did"
    : >"$work/began"
    before=$(emr clusters | wc -l)
    pipeform trigger pipeline.weekly --auto-approve >/dev/null
    for _ in 1 2 3; do
        ((killed < kills)) || break
        "$PIPEFORM" run >"$work/ran" 2>&1 &
        runner=$!
        sleep "$((RANDOM % 6)).$((RANDOM % 10))"
        if kill -9 "$runner" 2>/dev/null; then killed=$((killed + 1)); fi
        wait "$runner" 2>/dev/null || true
    done
    pipeform run >"$work/ran" 2>&1 || { cat "$work/ran"; fail "the run after the kills failed"; }
    made=$(($(emr clusters | wc -l) - before))
    worked=0
    for cluster in $(emr clusters | tail -n "$made" | awk '{ print $1 }'); do
        [[ -z $(emr steps "$cluster" | grep COMPLETED) ]] || worked=$((worked + 1))
    done
    # Steps work in a directory of their cluster, and say so before they do anything.
    began=$(sort -u "$work/began" | wc -l)
    echo "  round $round: $killed kills so far, $made cluster(s), $worked of them did the work"
    [[ $made == 1 ]] || { emr clusters; cat "$work/ran"; fail "$made clusters were made"; }
    [[ $began == 1 ]] || { cat "$work/began"; fail "work began on $began clusters"; }
    [[ $worked == 1 ]] || fail "$worked clusters did the work"
    [[ -s $work/result ]] || fail "there is no result"
    [[ -z $(emr alive | grep -v TERMINATING) ]] || { emr clusters; cat "$work/ran"; fail "a cluster is left"; }
done
expect 0 pipeform resources
says "Nothing is alive"
