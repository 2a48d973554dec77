#!/usr/bin/env bash
# heavy
# Tools that read Terraform's plans read these: terraform-compliance, checkov and tftest, each with a rule that a plan keeps and one that it
# breaks. And policies in Rego deny more than 100 runs, and that a pipeline is destroyed.
set -euo pipefail
source "$(dirname "$0")/support.sh"

tools=$("$repository/tests/tools" plan-readers)
export HOME=$work PIPEFORM_NOW=2026-01-04T00:00:00Z
cd "$work"
mkdir keeps breaks rules policies
cat >main.pipe.hcl <<'HCL'
variable "command" {
  default = "echo load"
}

schedule "daily" {
  every = "1 day"
  start = "2026-01-01"
}

pipeline "orders" {
  description = "Loads orders"
  schedule    = schedule.daily

  activity "shell_command" "load" {
    command     = var.command
    max_retries = 2
  }
}

output "where" {
  value = "here"
}
HCL
expect 0 pipeform plan --out=plan
pipeform show --json plan >plan.json

step "terraform-compliance"
cat >keeps/rules.feature <<'FEATURE'
Feature: what pipelines have

  Scenario: activities try more than once
    Given I have activity_shell_command defined
    Then it must contain max_retries
    And its value must be greater than 1

  Scenario: pipelines say what they are for
    Given I have pipeline defined
    Then it must contain description
FEATURE
sed '/greater/s/1/5/; /say what/,$d' keeps/rules.feature >breaks/rules.feature
expect 0 "$tools/terraform-compliance" --no-ansi -f keeps -p plan.json
says "2 scenarios (2 passed)"
expect 1 "$tools/terraform-compliance" --no-ansi -f breaks -p plan.json
says "pipeline.orders.activity.load" "2 is not more than 5" "1 scenarios (0 passed, 1 failed)"

step "checkov"
for rule in "RETRIES max_retries greater_than 1" "QUIET command not_contains load"; do
    read -r name attribute operator value <<<"$rule"
    cat >"rules/$name.yaml" <<YAML
metadata:
  name: "$name"
  id: "CKV2_PIPEFORM_$name"
  category: "GENERAL_SECURITY"
definition:
  cond_type: "attribute"
  resource_types: ["activity_shell_command"]
  attribute: "$attribute"
  operator: "$operator"
  value: "$value"
YAML
done
checkov() { "$tools/checkov" --framework terraform_plan --skip-download --external-checks-dir rules -f plan.json --compact -c "$1"; }
expect 0 checkov CKV2_PIPEFORM_RETRIES
says "Passed checks: 1, Failed checks: 0" "pipeline.orders.activity.load"
expect 1 checkov CKV2_PIPEFORM_RETRIES,CKV2_PIPEFORM_QUIET
says "Passed checks: 1, Failed checks: 1" "FAILED for resource: pipeline.orders.activity.load"

step "tftest"
mkdir project
cp main.pipe.hcl project/
expect 0 "$tools/python" "$repository/tests/stories/plan-tools.py" "$PIPEFORM" "$work/project"
says "variable echo load" "planned here" "('pipeline.orders.activity.load', ['create'])" "command echo load" \
    "passed an activity tries more than once" "failed an activity tries more than five times" "output here" "after [('no-op',)]"

step "Rego: not more than 100 runs"
cp "$repository"/examples/policies/*.rego policies/
expect 0 pipeform plan --policy-dir=policies
says "3 runs to back-fill." "Policies: passed (2 files)."
sed -i 's/every = "1 day"/every = "30 minutes"/' main.pipe.hcl
expect 3 pipeform plan --policy-dir=policies
says "The plan starts 144 runs, and no more than 100 are allowed without a second look." "policies/runs.rego"
expect 3 pipeform apply --auto-approve --policy-dir=policies
expect 0 pipeform state list
[[ ! -s $work/output ]] || fail "something was applied"

step "Rego: no pipeline is destroyed"
sed -i 's/every = "30 minutes"/every = "1 day"/' main.pipe.hcl
expect 0 pipeform apply --auto-approve --policy-dir=policies
expect 3 pipeform destroy --auto-approve --policy-dir=policies
says "The plan destroys \`pipeline.orders\`." "policies/destroy.rego"
expect 0 pipeform state list
says "pipeline.orders.activity.load"
