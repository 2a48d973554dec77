#!/usr/bin/env bash
# Modules from git: init fetches and locks them, the lock holds on other machines and without a network, and nothing that a
# repository, its address or the environment brings along gets in.
set -euo pipefail
source "$(dirname "$0")/support.sh"
unset "${!GIT_@}" SSH_ASKPASS
export HOME=$work/home
export GIT_AUTHOR_NAME=T GIT_AUTHOR_EMAIL=t@example.com GIT_COMMITTER_NAME=T GIT_COMMITTER_EMAIL=t@example.com
mkdir -p "$HOME" "$work/bin"

# A repository of modules with the tags v1 and v2; `hello` uses `shared` beside it.
origin=$work/origin
mkdir -p "$origin/hello" "$origin/shared"
git -C "$origin" init --quiet --initial-branch=main
# release TAG: what `hello` says is the tag.
release() {
    cat >"$origin/hello/main.pipe.hcl" <<HCL
variable "name" {
  type = string
}

module "shared" {
  source = "../shared"
}

output "text" {
  value = "$1: \${module.shared.greeting} \${var.name}"
}
HCL
    echo 'output "greeting" { value = "hello" }' >"$origin/shared/main.pipe.hcl"
    git -C "$origin" add . && git -C "$origin" commit --quiet -m "$1" && git -C "$origin" tag "$1"
}
release v1
release v2

# project NAME: a root module that uses both versions of the repository.
project() {
    mkdir -p "$work/$1" && cd "$work/$1"
    cat >main.pipe.hcl <<HCL
module "old" {
  source = "git::file://$origin//hello?ref=v1"
  name   = "world"
}

module "new" {
  source = "git::file://$origin//hello?ref=main"
  name   = "world"
}

output "texts" {
  value = [module.old.text, module.new.text]
}
HCL
}

# module SOURCE: a root module that calls only this.
module() {
    rm -rf "$work/one" && mkdir "$work/one" && cd "$work/one"
    printf 'module "m" {\n  source = "%s"\n}\n' "$1" >main.pipe.hcl
}

# installed: the hashes of all files of modules.
installed() { find .pipeform/modules -type f ! -name .lock -exec sha256sum {} + | sort -k 2; }

step "a plan without init says to run it"
project first
expect 1 pipeform plan
says "Module not installed" "main.pipe.hcl:2:" 'Run `pipeform init`'
[[ ! -e .pipeform.lock.hcl && ! -e .pipeform ]] || fail "a plan has written something"

step "init fetches and locks; two references of one repository"
expect 0 pipeform init
says "Downloading git::file://$origin?ref=v1 for old..." "- new.shared in .pipeform/modules/origin-"
expect 0 cat .pipeform.lock.hcl
says "module \"git::file://$origin?ref=v1\"" "$(git -C "$origin" rev-parse v1)" "$(git -C "$origin" rev-parse v2)" 'hash   = "h1:'
expect 2 pipeform plan --detailed-exitcode
says '"v1: hello world"' '"v2: hello world"'

step "without git and without the repository everything goes on working, init, too"
cat >"$work/bin/git" <<'SH'
#!/bin/sh
echo "git was called" >&2
exit 1
SH
chmod +x "$work/bin/git"
mv "$origin" "$work/away"
(
    PATH=$work/bin:$PATH
    expect 0 pipeform init
    expect 0 pipeform get
    expect 2 pipeform plan --detailed-exitcode
)
mv "$work/away" "$origin"

step "the lock file brings the same bytes back, wherever branch and tag have gone"
installed >"$work/before"
release v3
git -C "$origin" tag --force v1 v3 >/dev/null
rm -rf .pipeform
expect 1 pipeform plan
says 'Run `pipeform init`'
expect 0 pipeform init --lockfile=readonly
installed | diff "$work/before" - || fail "other bytes than before"
mkdir "$work/second" && cp main.pipe.hcl .pipeform.lock.hcl "$work/second/"
(
    cd "$work/second"
    expect 0 pipeform init
    installed | diff "$work/before" - || fail "other bytes on another machine"
)

step "--upgrade takes what is there now, and says so"
expect 0 pipeform init --upgrade
says "?ref=v1: $(git -C "$origin" rev-parse --short=12 v1^{commit}~2) -> $(git -C "$origin" rev-parse --short=12 v3)"
expect 2 pipeform plan --detailed-exitcode
says '"v3: hello world"'

step "what was changed by hand is restored, and a wrong hash is refused"
echo "# mine" >>"$(ls -d .pipeform/modules/origin-*/ | head -n 1)hello/main.pipe.hcl"
expect 0 pipeform init
says "are not those of the lock file"
sed -i 's/"h1:/"h1:x/' .pipeform.lock.hcl
cp .pipeform.lock.hcl "$work/wrong"
expect 1 pipeform plan
says "Module not up to date"
expect 1 pipeform init
says "Hash of the module does not match" 'pipeform init --upgrade'
same "$work/wrong" .pipeform.lock.hcl
expect 0 pipeform init --upgrade
says "have another hash than the lock file named"

step "a killed init leaves nothing half"
project killed
real=$(command -v git)
cat >"$work/bin/git" <<SH
#!/bin/sh
case "\$*" in *" checkout "*) echo \$\$ >"$work/there"; exec sleep 600 ;; esac
exec "$real" "\$@"
SH
PATH=$work/bin:$PATH "$PIPEFORM" init >/dev/null 2>&1 &
child=$!
children+=("$child")
for _ in $(seq 2400); do [[ ! -s $work/there ]] || break; sleep 0.05; done
step "a second init meanwhile does not get in its way"
expect 1 pipeform init
says 'Another `pipeform init` is running'
kill -9 "$child"
wait "$child" 2>/dev/null || true
kill -9 "$(cat "$work/there")"
[[ ! -e .pipeform.lock.hcl ]] || fail "there is a lock file"
expect 1 pipeform plan
says "Module not installed"
rm -f "$work/there"
expect 0 pipeform init
[[ -z $(find .pipeform/modules -name '.fetching-*') ]] || fail "rubbish is left"
expect 2 pipeform plan --detailed-exitcode

step "variables of a git hook do not lead astray"
project hooked
GIT_DIR=$work/nowhere GIT_WORK_TREE=/ GIT_INDEX_FILE=$work/index GIT_OBJECT_DIRECTORY=$work/objects expect 0 pipeform init
[[ ! -e $work/index && ! -e $work/objects ]] || fail "git wrote elsewhere"

step "ssh goes through the user's command"
cat >"$work/ssh" <<'SH'
#!/bin/sh
# The last argument is the command for the other side.
for command; do :; done
echo "$@" >>"$LOG"
exec sh -c "$command"
SH
chmod +x "$work/ssh"
export LOG=$work/ssh.log GIT_SSH_COMMAND=$work/ssh
module "git::ssh://me:s3cret@host.example$origin//shared?ref=v2"
expect 0 pipeform init
grep -q "git-upload-pack '$origin'" "$LOG" || fail "$(cat "$LOG")"
grep -rq s3cret .pipeform .pipeform.lock.hcl "$work/output" && fail "the password was written"
grep -q 'ssh://me@host.example' .pipeform.lock.hcl || fail "$(cat .pipeform.lock.hcl)"
module "me@host.example:$origin//shared?ref=v2"
expect 1 pipeform validate
says "\`git::me@host.example"
module "git@host.example:$origin//shared?ref=v2"
expect 0 pipeform init

step "passwords are not shown in messages"
module "git::https://me:s3cret@127.0.0.1:1/x.git?ref=v1"
expect 1 pipeform init
says "could not fetch \`https://127.0.0.1:1/x.git\`" "**"
! grep -q s3cret "$work/output" || fail "the password is shown"
module "https://me:s3cret@127.0.0.1:1/x.git"
expect 1 pipeform init
! grep -q s3cret "$work/output" || fail "the password is shown"

step "what would be an option, a command or a way out is refused before git is started"
cat >"$work/bin/git" <<SH
#!/bin/sh
touch "$work/started"
exit 1
SH
for source in "git::https://h.example/b?ref=--upload-pack=touch" "git::--upload-pack=touch" "git::ext::sh" \
    "git::ssh://-oProxyCommand=touch/b" "git::http://h.example/b" "git::git://h.example/b" "git::file:///x//../y" \
    "git::file:///x//a/../../y" "git::https://h.example/b//./a" "/etc" "pipeform//../x"; do
    module "$source"
    PATH=$work/bin:$PATH expect 1 pipeform init
    says "Invalid module source" "main.pipe.hcl:2:12"
done
[[ ! -e $work/started ]] || fail "git was started"

step "a directory that is not there, a way out of the repository, and a link out of it"
module "git::file://$origin//nothing"
expect 1 pipeform init
says "There is no directory" "nothing"
printf 'module "x" {\n  source = "../../x"\n}\n' >"$origin/hello/out.pipe.hcl"
git -C "$origin" add . && git -C "$origin" commit --quiet -m out
module "git::file://$origin//hello"
sed -i '$i\  name = "x"' main.pipe.hcl
expect 1 pipeform init
says "leads out of the repository" "hello/out.pipe.hcl:2:"
rm "$origin/hello/out.pipe.hcl"
ln -s /etc/passwd "$origin/shared/link.pipe.hcl"
git -C "$origin" add . && git -C "$origin" commit --quiet -m link
module "git::file://$origin//shared"
expect 1 pipeform init
says "Module refused" "/etc/passwd"

step "many at once on one directory: one does it, or they take turns"
git -C "$origin" reset --quiet --hard v3
project many
pids=()
for number in 1 2 3 4; do
    pipeform init >"$work/many.$number" 2>&1 &
    pids+=("$!")
done
good=0
for pid in "${pids[@]}"; do if wait "$pid"; then good=$((good + 1)); fi; done
[[ $good -ge 1 ]] || fail "$(cat "$work"/many.*)"
expect 2 pipeform plan --detailed-exitcode
