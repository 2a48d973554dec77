#!/usr/bin/env bash
# Renaming with `moved`: runs, watermarks and logs go along, nothing runs twice, and an apply that is killed in the middle
# has moved everything or nothing.
set -euo pipefail
source "$(dirname "$0")/support.sh"
export PIPEFORM_NOW=2026-11-23T12:00:00Z

# Writes a pipeline of this name whose activity has this name, and what comes after it.
pipeline() {
    cat >main.pipe.hcl <<HCL
schedule "daily" {
  every = "1 day"
  start = "2026-11-18"
}

pipeline "$1" {
  schedule    = schedule.daily
  max_retries = 0

  data_node "file" "day" {
    path = "\${path.cwd}/out/\${run.date}"
  }

  activity "shell_command" "$2" {
    command         = "mkdir -p out && echo \$1 | tee -a runs > out/\$1"
    script_argument = [run.date]
    output          = data_node.day
  }

  activity "shell_command" "reads" {
    command         = "test ! -e broken && echo reads-\$1 >> runs"
    script_argument = [run.date]
    input           = data_node.day
  }
}
$3
HCL
}

# moved FROM TO: a block.
moved() { printf '\nmoved {\n  from = %s\n  to   = %s\n}\n' "$1" "$2"; }

mkdir "$work/project" && cd "$work/project"
step "three of five days have run, one of them failed in part"
pipeline old writes ""
expect 0 pipeform apply --auto-approve
expect 0 pipeform run --at 2026-11-20T00:00:00Z
touch broken
expect 1 pipeform run --at 2026-11-21T00:00:00Z
rm broken
cp runs before

step "the plan of a rename starts no run"
pipeline new renamed "$(moved pipeline.old pipeline.new)$(moved pipeline.new.activity.writes pipeline.new.activity.renamed)"
expect 2 pipeform plan --detailed-exitcode
says "# pipeline.old has moved to pipeline.new" \
    "# pipeline.old.activity.writes has moved to pipeline.new.activity.renamed" \
    "Plan: 0 to add, 0 to change, 0 to destroy."
cp -r .pipeform kept

step "an apply that is killed has moved everything or nothing"
for delay in 002 004 006 008 010 015 020 030; do
    rm -rf .pipeform && cp -r kept .pipeform
    "$PIPEFORM" apply --auto-approve >/dev/null 2>&1 </dev/null &
    child=$!
    children+=("$child")
    sleep "0.$delay"
    kill -9 "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
    pipeform history >"$work/output"
    [[ $(grep -c '^pipeline.old' "$work/output") -eq 0 || $(grep -c '^pipeline.new' "$work/output") -eq 0 ]] ||
        fail "half moved: $(cat "$work/output")"
    [[ $(grep -c '^pipeline' "$work/output") -eq 6 ]] || fail "runs are missing: $(cat "$work/output")"
done

rm -rf .pipeform && cp -r kept .pipeform

step "history and logs are under the new address, and the rest runs once"
expect 0 pipeform apply --auto-approve
expect 0 pipeform plan --detailed-exitcode
expect 0 pipeform history
says "pipeline.new.activity.renamed  2026-11-18  FINISHED" "pipeline.new.activity.reads    2026-11-20  FAILED"
! grep -q 'pipeline\.old' "$work/output" || fail "an old address in the history"
expect 0 pipeform logs pipeline.new.activity.reads
expect 0 pipeform run
says "Run complete: 4 finished, 0 failed"
[[ $(sort runs | uniq -d | wc -l) -eq 0 ]] || fail "run twice: $(sort runs | uniq -d)"
[[ $(wc -l <runs) -eq 9 ]] || fail "runs: $(cat runs)"

step "into a module, into for_each, and out again"
mkdir -p m
sed 's/^moved/# &/; /^# moved/,$d' main.pipe.hcl >m/main.pipe.hcl
cat >main.pipe.hcl <<HCL
module "m" {
  source   = "./m"
  for_each = toset(["x"])
}
$(moved pipeline.new 'module.m["x"].pipeline.new')
$(moved schedule.daily 'module.m["x"].schedule.daily')
HCL
expect 2 pipeform plan --detailed-exitcode
says 'Plan: 0 to add, 0 to change, 0 to destroy.'
expect 0 pipeform apply --auto-approve
expect 0 pipeform run
says "Run complete: 0 finished, 0 failed"
pipeline last renamed "$(moved 'module.m["x"].pipeline.new' pipeline.last)$(moved 'module.m["x"].schedule.daily' schedule.daily)"
expect 0 pipeform apply --auto-approve
says 'Plan: 0 to add, 0 to change, 0 to destroy.'
expect 0 pipeform run
says "Run complete: 0 finished, 0 failed"

step "a runner at work keeps the addresses as they are"
"$PIPEFORM" run --watch >/dev/null 2>&1 </dev/null &
child=$!
children+=("$child")
for _ in {1..1200}; do
    grep -q "\"process\":$child\b" .pipeform/runner.lock && break
    sleep 0.1
done
pipeline other renamed "$(moved pipeline.last pipeline.other)"
expect 0 pipeform plan --out=waits.plan
says "Moves have to wait" "while this state is being run by" "Apply when it is done."
expect 0 pipeform plan --check=waits.plan
says "The plan still holds" "Moves have to wait" "while this state is being run by"
expect 1 pipeform apply
says "Moves have to wait" "while this state is being run by" "Do you want to perform these actions?"
for plan in "" waits.plan; do
    expect 1 pipeform apply --auto-approve ${plan:+"$plan"}
    says "while this state is being run by" "Apply when it is done."
done
kill "$child"
wait "$child" || true
expect 0 pipeform plan --check=waits.plan
! grep -q "Moves have to wait" "$work/output" || fail "a warning of a runner that has ended"
expect 0 pipeform apply --auto-approve
says "# pipeline.last has moved to pipeline.other"
expect 0 pipeform run
says "Run complete: 0 finished, 0 failed"
[[ $(wc -l <runs) -eq 9 ]] || fail "runs: $(cat runs)"

step "what takes the address of an object that is gone runs all its intervals"
mkdir "$work/taken" && cd "$work/taken"
# Writes a pipeline with these activities, and what comes after it.
activities() {
    printf 'schedule "daily" {\n  every = "1 day"\n  start = "2026-11-20"\n}\n\npipeline "p" {\n  schedule = schedule.daily\n%s\n}\n%s\n' "$1" "$2" >main.pipe.hcl
}
waits='  activity "shell_command" "taken" {
    command = "false"
    precondition "shell_command" {
      command = "false"
    }
  }'
held='  activity "shell_command" "held" {
    command = "echo held >> runs"
    active  = false
  }'
activities "$waits
$held" ""
expect 0 pipeform apply --auto-approve
expect 0 pipeform run
says "3 waiting"
activities "$held" ""
expect 0 pipeform apply --auto-approve
says "3 runs to cancel"
activities '  activity "shell_command" "taken" {
    command = "echo held >> runs"
    active  = true
  }' "$(moved pipeline.p.activity.held pipeline.p.activity.taken)"
expect 0 pipeform apply --auto-approve
says "3 runs to back-fill"
expect 0 pipeform run
says "Run complete: 3 finished, 0 failed"
[[ $(wc -l <runs) -eq 3 ]] || fail "runs: $(cat runs)"
expect 0 pipeform status
! grep -q 'CANCELED' "$work/output" || fail "what is gone is still there"

step "but not again what that one has finished, and the plan knows that"
activities "$held" ""
expect 0 pipeform apply --auto-approve
activities '  activity "shell_command" "taken" {
    command = "echo held >> runs"
    active  = true
  }' "$(moved pipeline.p.activity.held pipeline.p.activity.taken)"
expect 0 pipeform apply --auto-approve
says "# (moved from pipeline.p.activity.held)" "No runs to back-fill."
expect 0 pipeform run
says "Run complete: 0 finished, 0 failed"
[[ $(wc -l <runs) -eq 3 ]] || fail "runs: $(cat runs)"

step "nor what lies in that by another schedule"
# Writes the activity of this name, active or not, every 8 hours.
often() {
    printf '  activity "shell_command" "%s" {\n    command = "echo often >> runs"\n    active  = %s\n    schedule {\n      every = "8 hours"\n      start = "2026-11-20"\n    }\n  }' "$1" "$2"
}
activities "$(often held false)" ""
expect 0 pipeform apply --auto-approve
activities "$(often taken true)" "$(moved pipeline.p.activity.held pipeline.p.activity.taken)"
expect 0 pipeform apply --auto-approve
says "1 run to back-fill"
expect 0 pipeform run
says "Run complete: 1 finished, 0 failed"
[[ $(wc -l <runs) -eq 4 ]] || fail "runs: $(cat runs)"

step "what moves into another pipeline keeps what was due, and the plan says what it has from there"
mkdir "$work/over" && cd "$work/over"
# over START TEXT: writes two schedules, the second from this day on, and what comes after them.
over() {
    printf 'schedule "daily" {\n  every = "1 day"\n  start = "2026-11-20"\n}\n\nschedule "late" {\n  every = "6 hours"\n  start = "%s"\n}\n\n%s\n' "$1" "$2" >main.pipe.hcl
}
# in_pipeline NAME SCHEDULE MAX_RETRIES ACTIVITY...: a block.
in_pipeline() {
    local activity
    printf 'pipeline "%s" {\n  schedule    = schedule.%s\n  max_retries = %s\n' "$1" "$2" "$3"
    for activity in "${@:4}"; do
        printf '\n  activity "shell_command" "%s" {\n    command = "echo"\n  }\n' "$activity"
    done
    printf '}\n'
}
over 2026-12-01 "$(in_pipeline p daily 9 x)
$(in_pipeline q late 0 there)"
expect 0 pipeform apply --auto-approve
expect 0 pipeform run
says "Run complete: 3 finished, 0 failed"
cp -r .pipeform kept
export PIPEFORM_NOW=2026-11-27T12:00:00Z
expect 1 pipeform state mv pipeline.p.activity.x pipeline.q.activity.x
says "cannot move to" "\`max_retries\`, \`schedule\`"
over 2026-12-01 "$(in_pipeline p daily 9)
$(in_pipeline q late 0 there x)
$(moved pipeline.p.activity.x pipeline.q.activity.x)"
expect 2 pipeform plan --detailed-exitcode
says "# pipeline.q.activity.x will be updated in-place" "# (moved from pipeline.p.activity.x)" \
    "max_retries = 9 -> 0" "schedule.daily -> schedule.late" \
    "4 runs already due" "no runs   2026-11-27 00:00 to 2026-12-01 00:00 UTC" "Plan: 0 to add, 1 to change, 0 to destroy."
expect 0 pipeform apply --auto-approve
expect 0 pipeform plan --detailed-exitcode
expect 0 pipeform run
says "Run complete: 4 finished, 0 failed"

step "also where that one comes with the same plan, and the old one goes"
rm -rf .pipeform && cp -r kept .pipeform
over 2026-11-20 "$(in_pipeline r late 9 x)
$(moved pipeline.p.activity.x pipeline.r.activity.x)"
expect 2 pipeform plan --detailed-exitcode
says "schedule.daily -> schedule.late" "4 runs already due" "2 runs to back-fill"
[[ $(grep -c 'from its pipeline' "$work/output") -eq 1 ]] || fail "what both pipelines say is called a change"
expect 0 pipeform apply --auto-approve
expect 0 pipeform run
says "Run complete: 6 finished, 0 failed"

step "between pipelines that say the same it only moves, by hand, too"
rm -rf .pipeform
over 2026-12-01 "$(in_pipeline p daily 9 x)
$(in_pipeline q daily 9 there)"
expect 0 pipeform apply --auto-approve
expect 0 pipeform run
says "Run complete: 14 finished, 0 failed"
expect 0 pipeform state mv pipeline.p.activity.x pipeline.q.activity.x
says "Successfully moved 1 object(s)."
over 2026-12-01 "$(in_pipeline p daily 9 there)
$(in_pipeline q daily 9 x)
$(moved pipeline.q.activity.there pipeline.p.activity.there)"
expect 2 pipeform plan --detailed-exitcode
says "# pipeline.q.activity.there has moved to pipeline.p.activity.there" "Plan: 0 to add, 0 to change, 0 to destroy."
expect 0 pipeform apply --auto-approve
expect 0 pipeform run
says "Run complete: 0 finished, 0 failed"

step "but not by hand into one that is held"
expect 0 pipeform pause pipeline.q --auto-approve
expect 1 pipeform state mv pipeline.p.activity.there pipeline.q.activity.there
says "it would be held there"
