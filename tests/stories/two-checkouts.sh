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

step "a file with an operation that no plan makes is refused, also where nothing was applied since"
# forged NAME DESTROYED SEEN: the plan, as if it destroyed this, too; whether it says that it has looked at it.
forged() {
    python3 - plan "$@" <<'PY'
import hashlib, json, sys, zipfile

plan_file, name, destroyed, seen = sys.argv[1:]
with zipfile.ZipFile(plan_file) as archive:
    entries = {entry: archive.read(entry) for entry in archive.namelist()}
plan = json.loads(entries["plan.json"])
plan["operations"]["destroys"].append(destroyed)
if seen == "seen":
    plan["seen"][destroyed] = None
entries["plan.json"] = json.dumps(plan).encode()
manifest = json.loads(entries["pipeform.json"])
manifest["entries"]["plan.json"] = hashlib.sha256(entries["plan.json"]).hexdigest()
entries["pipeform.json"] = json.dumps(manifest).encode()
with zipfile.ZipFile(name, "w") as archive:
    for entry, content in entries.items():
        archive.writestr(entry, content)
PY
}
sed -i 's/echo sweep"/echo sweep all"/' main.pipe.hcl
expect 0 pipeform plan --out=plan
says "Plan: 0 to add, 1 to change, 0 to destroy."
expect 0 pipeform plan --check plan
forged nowhere pipeline.nowhere seen
expect 1 pipeform plan --check nowhere
says "\`pipeline.nowhere\` is to go, and is not there" "Saved plan cannot be applied"
forged unseen pipeline.tidy.activity.sweep unseen
expect 1 pipeform plan --check unseen
says "Saved plan is stale"
expect 1 pipeform apply unseen
forged unsaid pipeline.orders seen
expect 1 pipeform plan --check unsaid
says "Saved plan is stale"

step "a new reader in B of data whose writer A's plan removes, or changes, and A's plan is refused"
cat >"$work/a/main.pipe.hcl" <<'HCL'
schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
  end   = "2026-01-04"
}

data_node "file" "shared" {
  path = "/tmp/shared/${run.date}"
}

pipeline "make" {
  schedule = schedule.daily

  activity "shell_command" "write" {
    command = "echo write"
    output  = data_node.shared
  }
}
HCL
cp "$work/a/main.pipe.hcl" "$work/b/"
cat >>"$work/b/main.pipe.hcl" <<'HCL'

pipeline "take" {
  schedule = schedule.daily

  activity "shell_command" "read" {
    command = "echo read"
    input   = data_node.shared
  }
}
HCL
cd "$work/a" && expect 0 pipeform apply --auto-approve
sed -i '/output  =/d' main.pipe.hcl && expect 0 pipeform plan --out=unwritten
cp unwritten plan && forged used schedule.daily unseen
expect 1 pipeform plan --check used
says "\`schedule.daily\` is to go, and \`pipeline.make\` refers to it" "Saved plan cannot be applied"
expect 1 pipeform apply used
sed -i '/activity/,/^  }/d' main.pipe.hcl && expect 0 pipeform plan --out=removed
cd "$work/b" && expect 0 pipeform apply --auto-approve
cd "$work/a"
for plan in unwritten removed; do
    expect 1 pipeform apply $plan
    says "\`pipeline.take.activity.read\` is new, and has to do with what the plan changes" "Saved plan is stale"
done

step "what A's plan runs again does something else by an apply in B, and A's plan is refused"
cp "$work/b/main.pipe.hcl" "$work/a/"
expect 0 pipeform run
expect 0 pipeform plan --rerun=pipeline.take --out=again
sed -i 's/echo read/echo read all/' "$work/b/main.pipe.hcl"
cd "$work/b" && expect 0 pipeform apply --auto-approve
cd "$work/a" && expect 1 pipeform plan --check again
says "\`pipeline.take.activity.read\` has changed: \`command\`"
expect 1 pipeform apply again

step "random races"
expect 0 python3 "$repository/tests/stories/two-checkouts.py" "$PIPEFORM" "$work/races" "${PIPEFORM_RACES:-200}"
says "0 applied over what they did not see"
