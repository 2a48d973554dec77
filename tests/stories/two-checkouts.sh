#!/usr/bin/env bash
# Two checkouts of one state: a saved plan is applied although something else was applied meanwhile, and never over what it did not see.
set -euo pipefail
source "$(dirname "$0")/support.sh"
mkdir "$work/a" "$work/b"
export PIPEFORM_DATA_DIR=$work/state

cat >"$work/a/main.pipe.hcl" <<'HCL'
pipeline "orders" {
  activity "shell_command" "load" {
    command = "echo load"
  }
}

pipeline "tidy" {
  activity "shell_command" "sweep" {
    command = "echo sweep"
  }
}
HCL
cp "$work/a/main.pipe.hcl" "$work/b/"
cd "$work/a"
expect 0 pipeform apply --auto-approve

step "an unrelated apply in B, and A's plan is applied"
sed -i 's/echo load/echo load all/' "$work/a/main.pipe.hcl"
cd "$work/a" && expect 0 pipeform plan --out=plan
sed -i 's/echo sweep/echo sweep all/' "$work/b/main.pipe.hcl"
cd "$work/b" && expect 0 pipeform apply --auto-approve
cd "$work/a" && expect 0 pipeform plan --check plan
expect 0 pipeform apply plan
expect 0 pipeform state show pipeline.orders.activity.load
says "echo load all"
expect 0 pipeform state show pipeline.tidy.activity.sweep
says "echo sweep all"

step "a related apply in B, and A's plan is refused"
sed -i 's/echo load all/echo load some/' "$work/a/main.pipe.hcl"
cd "$work/a" && expect 0 pipeform plan --out=plan
sed -i 's/echo load$/echo load none/; s/echo load"/echo load none"/' "$work/b/main.pipe.hcl"
cd "$work/b" && expect 0 pipeform apply --auto-approve
cd "$work/a" && expect 1 pipeform plan --check plan
expect 1 pipeform apply plan
says "\`pipeline.orders.activity.load\` has changed: \`command\`" "Nothing was applied"
expect 0 pipeform show plan
says "echo load some"

step "random races"
expect 0 python3 "$repository/tests/stories/two-checkouts.py" "$PIPEFORM" "$work/races" "${PIPEFORM_RACES:-200}"
says "0 applied over what they did not see"
