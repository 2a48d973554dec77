#!/usr/bin/env bash
# The workflow files of examples/ci, step by step, on a git repository with branches and merges: for GitHub, GitLab and Atlantis.
set -euo pipefail
source "$(dirname "$0")/support.sh"
ci=$repository/examples/ci
export GIT_CONFIG_GLOBAL=$work/gitconfig GIT_CONFIG_NOSYSTEM=1
git config --global user.name somebody
git config --global user.email somebody@localhost
git config --global init.defaultBranch main
git config --global advice.detachedHead false

# The places that the files name lie below $work here, and the commands that they call are these.
mkdir -p "$work/bin" "$work/etc"
ln -s "$PIPEFORM" "$work/bin/pipeform"
cat >"$work/bin/gh" <<'SH'
#!/usr/bin/env bash
# What the workflows ask GitHub for: comments, and the artifacts of runs.
set -euo pipefail
case "$1 $2" in
    "pr comment") while [[ $# -gt 0 ]]; do [[ $1 != --body-file ]] || cp "$2" "$HUB/comment-$NUMBER"; shift; done ;;
    "run list") echo 4711 ;;
    "run download") [[ $3 == 4711 ]]; while [[ $# -gt 0 ]]; do [[ $1 != --dir ]] || target=$2; shift; done; cp -r "$HUB/pipeform-state" "$target" ;;
    *) echo "gh $*: not known" >&2; exit 1 ;;
esac
SH
cat >"$work/bin/curl" <<'SH'
#!/usr/bin/env bash
# What the workflows ask GitLab for: notes.
set -euo pipefail
method='' body='' url=''
while [[ $# -gt 0 ]]; do
    case $1 in
        -X) method=$2; shift ;;
        -H) [[ $2 == "PRIVATE-TOKEN: a-token" ]]; shift ;;
        --data-urlencode) body=${2#body@}; shift ;;
        http*) url=$1 ;;
    esac
    shift
done
echo "$method $url" >>"$HUB/notes"
cp "$body" "$HUB/note"
echo '{"id":77,"type":null,"body":"…"}'
SH
chmod +x "$work"/bin/*
export PATH=$work/bin:$PATH HUB=$work/hub

# job SERVICE FILE JOB: does its steps in the directory $work/workspace; its exit code is that of the first step that fails.
job() {
    local service=$1 file=$2 name=$3
    sed "s|/var/lib/pipeform|$work/lib|g; s|/etc/pipeform|$work/etc|g" "$ci/$service/$file" >"$work/workflow.yml"
    python3 "$repository/tests/stories/ci.py" "$PIPEFORM" "$service" "$work/workflow.yml" "$name" >"$work/job.sh"
    (cd "$work/workspace" && source "$work/job.sh")
}

# A step of a job, unless one before has failed.
job_step() {
    local condition=$1 name=$2 script=$3 code=0
    [[ $failed -eq 0 || $condition == always ]] || return 0
    echo "> $name"
    (eval "$script") || code=$?
    [[ $failed -ne 0 ]] || failed=$code
}

# What actions/checkout does: a checkout of a commit or branch of the repository.
checkout() {
    rm -rf "$1"
    git clone -q "$work/origin" "$1"
    git -C "$1" checkout -q "$([[ $2 == HEAD ]] && echo "$COMMIT" || echo "origin/$2")"
}

upload() { mkdir -p "$HUB/$1" && cp "$2" "$HUB/$1/"; }

# request BRANCH: the commit that a pull request of the branch would be, merged, as $COMMIT.
request() {
    git -C "$work/clone" checkout -q --detach origin/main
    git -C "$work/clone" merge -q --no-ff -m "Merge $1" "$1"
    git -C "$work/clone" push -q -f origin "HEAD:refs/heads/request-$1"
    COMMIT=$(git -C "$work/clone" rev-parse HEAD)
}

# accept BRANCH: merges it into main, which is $COMMIT then.
accept() {
    git -C "$work/clone" checkout -q main
    git -C "$work/clone" merge -q --no-ff -m "Merge $1" "$1"
    git -C "$work/clone" push -q origin main
    COMMIT=$(git -C "$work/clone" rev-parse HEAD)
}

# change BRANCH COMMAND...: a branch from main with what the command changes.
change() {
    local branch=$1
    shift
    git -C "$work/clone" checkout -q -B "$branch" origin/main
    (cd "$work/clone/pipelines" && "$@")
    git -C "$work/clone" add -A
    git -C "$work/clone" commit -q -m "$branch"
}

# begin: a repository with pipelines and policies, of which nothing is applied.
begin() {
    rm -rf "$work/origin" "$work/clone" "$work/lib" "$work/hub" "$work/workspace" "$work/tmp"
    mkdir -p "$work/lib/plans" "$work/hub" "$work/workspace" "$work/tmp"
    git init -q --bare "$work/origin"
    git clone -q "$work/origin" "$work/clone" 2>/dev/null
    mkdir "$work/clone/pipelines"
    cp -r "$repository/examples/policies" "$work/clone/policies"
    cat >"$work/clone/pipelines/main.pipe.hcl" <<'HCL'
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
    git -C "$work/clone" checkout -q -b main
    git -C "$work/clone" add -A
    git -C "$work/clone" commit -q -m "Pipelines"
    git -C "$work/clone" push -q origin main
    COMMIT=$(git -C "$work/clone" rev-parse HEAD)
    expect 0 env PIPEFORM_DATA_DIR="$work/lib/state" "$PIPEFORM" --chdir="$work/clone/pipelines" apply --auto-approve
}

applied() { expect 0 env PIPEFORM_DATA_DIR="$work/lib/state" "$PIPEFORM" --chdir="$work/clone/pipelines" state show "$1"; }

export RUNNER_TEMP=$work/tmp GITHUB_STEP_SUMMARY=$work/summary COMMIT
export E_github_event_pull_request_base_ref=main E_github_token=none E_github_repository=somebody/pipelines E_github_event_pull_request_number=5
export E_secrets_PIPEFORM_PLAN_KEY=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY= E_runner_temp=$work/tmp E_github_workspace=$work/workspace

step "GitHub: a pull request is planned, merged and applied"
begin
change more sed -i 's/echo load/echo load all/' main.pipe.hcl
request more
expect 0 job github plan.yml plan
says "Plan: 0 to add, 1 to change, 0 to destroy." "Policies: passed (2 files)." "::stop-commands::"
grep -q "Plan: 0 to add, 1 to change, 0 to destroy." "$HUB/comment-5"
grep -q "Policies:.* passed" "$HUB/comment-5"
accept more
expect 0 job github apply.yml apply
says "Apply complete! Resources: 0 added, 1 changed, 0 destroyed."
applied pipeline.orders.activity.load
says "echo load all"
[[ -z $(ls -A "$work/lib/plans") ]] || fail "the plan is done, and still there"
expect 0 job github drift.yml drift

step "GitHub: what was merged without a plan is not applied"
change unseen sed -i 's/echo sweep/echo sweep all/' main.pipe.hcl
accept unseen
expect 1 job github apply.yml apply
says "No plan was made of what is merged"
applied pipeline.tidy.activity.sweep
says '"echo sweep"'
expect 2 job github drift.yml drift
says "What is applied is not what main says"

step "GitHub: main moves on after the plan"
change late sed -i 's/echo load all/echo load late/' main.pipe.hcl
request late
expect 0 job github plan.yml plan
change first sed -i 's/echo sweep all/echo sweep first/' main.pipe.hcl
accept first
git -C "$work/clone" checkout -q late
accept late
expect 1 job github apply.yml apply
says "No plan was made of what is merged"
change again touch why.txt
request again
expect 0 job github plan.yml plan
accept again
expect 0 job github apply.yml apply
expect 0 job github drift.yml drift

step "GitHub: the state moves on after the plan"
change stale sed -i 's/echo load late/echo load stale/' main.pipe.hcl
request stale
expect 0 job github plan.yml plan
sed 's/echo load stale/echo by hand/' "$work/clone/pipelines/main.pipe.hcl" >"$work/by-hand.pipe.hcl"
mkdir -p "$work/hand" && cp "$work/by-hand.pipe.hcl" "$work/hand/main.pipe.hcl"
expect 0 env PIPEFORM_DATA_DIR="$work/lib/state" "$PIPEFORM" --chdir="$work/hand" apply --auto-approve
accept stale
expect 1 job github apply.yml apply
says "has changed: \`command\`" "Nothing was applied"

step "GitHub: a policy denies"
begin
change drop sed -i '/^pipeline "tidy"/,$d' main.pipe.hcl
request drop
expect 3 job github plan.yml plan
says "Denied by a policy" "The plan destroys \`pipeline.tidy\`."
grep -q "Policies:.* denied for 1 reason" "$HUB/comment-5"
accept drop
expect 3 job github apply.yml apply
applied pipeline.tidy

step "GitHub: who changes the policies as well is judged by those of main"
change cunning sh -c "sed -i '/^pipeline \"tidy\"/,\$d' main.pipe.hcl; rm ../policies/destroy.rego"
request cunning
expect 3 job github plan.yml plan

step "GitHub: operators hold something"
expect 0 env PIPEFORM_DATA_DIR="$work/lib/state" "$PIPEFORM" --chdir="$work/clone/pipelines" pause --auto-approve pipeline.orders
git -C "$work/clone" checkout -q main && git -C "$work/clone" reset -q --hard HEAD~1 && git -C "$work/clone" push -q -f origin main
COMMIT=$(git -C "$work/clone" rev-parse HEAD)
expect 2 job github drift.yml drift
says "Operators hold something"

step "GitHub: a pull request of a stranger"
begin
change good sed -i 's/echo load/echo load all/' main.pipe.hcl
request good
expect 0 job github plan.yml plan
accept good
expect 0 job github apply.yml apply
change fork sed -i 's/echo sweep/echo sweep all/' main.pipe.hcl
request fork
: >"$work/summary"
expect 0 job github untrusted.yml plan
says "Plan: 0 to add, 1 to change, 0 to destroy."
grep -q "Plan: 0 to add, 1 to change, 0 to destroy." "$work/summary"
change hostile sed -i 's|"echo sweep"|file("/etc/hostname")|' main.pipe.hcl
request hostile
: >"$work/summary"
rm -rf "$work/workspace/state" "$work/tmp/copy" "$work/tmp/plan"
expect 1 job github untrusted.yml plan
says "it leads out of the root module's directory"
grep -q "There is no plan" "$work/summary"

step "GitLab: a merge request is planned, merged and applied"
begin
export CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main CI_MERGE_REQUEST_IID=8 CI_PROJECT_ID=9 CI_API_V4_URL=http://localhost PIPEFORM_GITLAB_TOKEN=a-token
in_gitlab() {
    rm -rf "$work/workspace"
    git clone -q "$work/origin" "$work/workspace"
    git -C "$work/workspace" checkout -q "$1"
}
change more sed -i 's/echo load/echo load all/' main.pipe.hcl
git -C "$work/clone" push -q origin more
in_gitlab origin/more
expect 0 job gitlab .gitlab-ci.yml plan
says "Plan: 0 to add, 1 to change, 0 to destroy."
in_gitlab origin/more
expect 0 job gitlab .gitlab-ci.yml plan
same <(printf '%s\n' "POST http://localhost/projects/9/merge_requests/8/notes" "PUT http://localhost/projects/9/merge_requests/8/notes/77") "$HUB/notes"
grep -q "Plan: 0 to add, 1 to change, 0 to destroy." "$HUB/note"
accept more
in_gitlab "$COMMIT"
expect 0 job gitlab .gitlab-ci.yml apply
says "Apply complete! Resources: 0 added, 1 changed, 0 destroyed."
expect 0 job gitlab .gitlab-ci.yml drift
expect 1 job gitlab .gitlab-ci.yml apply
says "No plan was made of what is merged"

step "GitLab: a policy denies"
change drop sed -i '/^pipeline "tidy"/,$d' main.pipe.hcl
git -C "$work/clone" push -q origin drop
in_gitlab origin/drop
expect 3 job gitlab .gitlab-ci.yml plan
grep -q "Policies:.* denied for 1 reason" "$HUB/note"
accept drop
in_gitlab "$COMMIT"
expect 3 job gitlab .gitlab-ci.yml apply
expect 2 job gitlab .gitlab-ci.yml drift

step "Atlantis: plan and apply"
begin
cp -r "$repository/examples/policies" "$work/etc/policies"
export PLANFILE=$work/lib/plans/atlantis.tfplan E_dir=pipelines
change more sed -i 's/echo load/echo load all/' main.pipe.hcl
git -C "$work/clone" push -q origin more
in_gitlab origin/more
expect 0 job atlantis repos.yaml plan
says "Plan: 0 to add, 1 to change, 0 to destroy."
expect 0 job atlantis repos.yaml apply
says "Apply complete! Resources: 0 added, 1 changed, 0 destroyed."
change drop sed -i '/^pipeline "tidy"/,$d' main.pipe.hcl
git -C "$work/clone" push -q origin drop
in_gitlab origin/drop
expect 3 job atlantis repos.yaml plan
says "Error: Denied by a policy"
