#!/usr/bin/env bash
# Copies to, from and within S3, of every kind and with bad luck of every kind: the right result or a clear error, and nothing half-written.
# The server is SeaweedFS; what is there is looked at with boto3.
. ./support.sh
set -euo pipefail

s3_server
s3 bucket copies
mkdir -p "$work/files/a b/é日本" "$work/project"
head -c 20000000 /dev/urandom >"$work/files/large"
echo one >"$work/files/a b/+%2F &?"
echo two >"$work/files/a b/é日本/..two"
: >"$work/files/none"
cd "$work/project"

# configuration FROM TO [LINES OF THE ACTIVITY]: a pipeline with this copy alone.
configuration() {
    local kind=(file file)
    [[ $1 != s3://* ]] || kind[0]=s3
    [[ $2 != s3://* ]] || kind[1]=s3
    cat >main.pipe.hcl <<HCL
pipeline "p" {
  data_node "${kind[0]}" "from" {
    path      = "$1"
    overwrite = true
  }
  data_node "${kind[1]}" "to" {
    path      = "$2"
    overwrite = true
  }
  activity "copy" "work" {
    input       = data_node.from
    output      = data_node.to
    max_retries = 0
    ${3:-}
  }
}
HCL
    printf '\n== %s to %s\n' "$1" "$2"
}

# copy FROM TO [LINES OF THE ACTIVITY]: applies it, and triggers it.
copy() {
    configuration "$@"
    pipeform apply --auto-approve >"$work/output" 2>&1 || fail "$(cat "$work/output")"
    pipeform trigger --auto-approve pipeline.p >"$work/output" 2>&1 || fail "$(cat "$work/output")"
}

copies() { copy "$@"; expect 0 pipeform run; }

# refuses FROM TO TEXT...: the copy fails and says each text.
refuses() {
    copy "$1" "$2"
    expect 1 pipeform run
    says "${@:3}"
}

# sums DIRECTORY: the files below it, by their bytes.
sums() { (cd "$1" && find . -type f ! -name _SUCCESS -exec md5sum {} + | sort -k2); }

# listed PREFIX: the objects below it, likewise.
listed() {
    s3 ls copies "$1" | python3 -c '
import json, sys
lines = []
for line in sys.stdin:
    size, md5, key = line.split(" ", 2)
    name = json.loads(key)[len(sys.argv[1]):]
    if name != "_SUCCESS":
        lines.append((name, f"{md5}  ./{name}"))
print("\n".join(line for _, line in sorted(lines)))' "$1"
}

step "every kind, names of every kind"
copies "$work/files/large" s3://copies/one
copies s3://copies/one "$work/got"
cmp "$work/files/large" "$work/got"
copies "$work/files/" s3://copies/all/
sums "$work/files" | sort -k2 >"$work/wanted"
listed all/ | sort -k2 >"$work/found"
same "$work/wanted" "$work/found"
copies s3://copies/all/ s3://copies/again/
listed again/ | sort -k2 >"$work/found"
same "$work/wanted" "$work/found"
copies s3://copies/again/ "$work/back/"
sums "$work/back" >"$work/found"
same "$work/wanted" "$work/found"
copies "$work/back/" "$work/there/"
sums "$work/there" >"$work/found"
same "$work/wanted" "$work/found"
copies s3://copies/all/none s3://copies/none
[[ $(s3 ls copies none) == "0 d41d8cd98f00b204e9800998ecf8427e \"none\"" ]] || fail "an object of 0 bytes is not one"
copies "$work/files/large" s3://copies/below/
[[ $(s3 names copies below/) == $'"below/_SUCCESS"\n"below/large"' ]] || fail "a file below a prefix has its name"

step "the manifest lists what there is; a rerun removes what an earlier one wrote, and nothing else"
s3 cat copies all/_SUCCESS | tee "$work/output"
says '{"url": "s3://copies/all/large", "mandatory": true, "meta": {"content_length": 20000000, "writer": "'
echo strange >"$work/strange"
s3 put copies all/strange "$work/strange"
rm "$work/files/large"
copies "$work/files/" s3://copies/all/
s3 names copies all/ >"$work/output"
says '"all/strange"' '"all/_SUCCESS"' '"all/none"'
! grep large "$work/output" || fail "what is not copied any more is still there"
rm -rf "$work/back"
copies s3://copies/all/ "$work/back/"
[[ ! -e $work/back/strange ]] || fail "what the manifest does not list was read"
head -c 20000000 /dev/urandom >"$work/files/large"

step "each day adds its file; a day that runs again removes its own only"
mkdir -p "$work/days/late" "$work/daily"
for day in 24 25 26; do echo "$day" >"$work/days/2026-11-$day.csv"; done
(
    cd "$work/daily"
    export PIPEFORM_NOW=2026-11-28T00:00:00Z
    cat >main.pipe.hcl <<HCL
schedule "daily" {
  every = "1 day"
  start = "2026-11-24"
  end   = "2026-11-27"
}
pipeline "p" {
  schedule = schedule.daily
  data_node "file" "from" {
    path = "$work/days/\${run.date}.csv"
  }
  data_node "s3" "to" {
    path       = "s3://copies/days/"
    accumulate = true
  }
  activity "copy" "work" {
    input       = data_node.from
    output      = data_node.to
    max_retries = 0
  }
}
HCL
    expect 0 pipeform apply --auto-approve
    expect 0 pipeform run
    s3 names copies days/ | tee "$work/output"
    says '"days/2026-11-24.csv"' '"days/2026-11-25.csv"' '"days/2026-11-26.csv"' '"days/_SUCCESS"'
    # The second day writes another name when it runs again.
    mv "$work/days/2026-11-25.csv" "$work/days/late/25.csv"
    sed -i 's|${run.date}.csv|${run.date == "2026-11-25" ? "late/25" : run.date}.csv|' main.pipe.hcl
    expect 0 pipeform apply --auto-approve
    expect 0 pipeform rerun --auto-approve pipeline.p.activity.work@2026-11-25
    expect 0 pipeform run
    s3 names copies days/ | tee "$work/output"
    says '"days/2026-11-24.csv"' '"days/25.csv"' '"days/2026-11-26.csv"' '"days/_SUCCESS"'
    ! grep 2026-11-25 "$work/output" || fail "what the second day does not write any more is still there"
    s3 cat copies days/_SUCCESS | tee "$work/output"
    [[ $(grep -c '"mandatory": true' "$work/output") == 3 ]] || fail "the list has not the three files"
)

step "a prefix that is not complete is not read"
s3 put copies half/_INCOMPLETE "$work/strange"
s3 put copies half/data "$work/strange"
refuses s3://copies/half/ "$work/no/" "it is not complete" "_INCOMPLETE"

step "files that say they have no bytes; objects with bytes whose key ends in a slash"
copies /proc/version s3://copies/version
s3 cat copies version | cmp - /proc/version
copies /proc/version s3://copies/versions/
s3 cat copies versions/version | cmp - /proc/version
s3 cat copies versions/_SUCCESS | grep -q "\"content_length\": $(wc -c </proc/version)," || fail "the list has another size"
# The other stand-in: this one keeps no bytes under such keys.
start_moto
(
    use_moto
    export AWS_ENDPOINT_URL_S3=$moto s3_url=$moto
    s3 bucket copies
    s3 put copies marks/d/ "$work/strange"
    refuses s3://copies/marks/ "$work/no/" "its key ends in a slash, so that no file can have its name"
    refuses s3://copies/marks/d/ "$work/no/" "there is also an object with this very key"
)

step "what is not there, and who may not"
refuses s3://copies/nothing "$work/no" "there is no such object"
refuses s3://copies/nothing/ "$work/no/" "there is nothing below it"
refuses s3://no-such-bucket/a "$work/no" "there is no bucket \`no-such-bucket\`"
configuration s3://copies/one s3://copies/one
expect 1 pipeform apply --auto-approve
says "writes it, too"
refuses "$work/files" s3://copies/all/ "it is a directory" "if all files below it are meant"
(
    export AWS_SECRET_ACCESS_KEY=wrong
    refuses s3://copies/one "$work/no" "these credentials may not" "signature" "bucket \`copies\`"
)
(
    export AWS_ACCESS_KEY_ID=readkey AWS_SECRET_ACCESS_KEY=readsecret1
    refuses "$work/files/large" s3://copies/refused "these credentials may not"
)
(
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    export HOME=$work
    refuses s3://copies/one "$work/no" "there are no credentials"
)
[[ ! -e $work/no ]] || fail "something was written all the same"
s3 names copies refused | diff - /dev/null

step "an object that changes during the copy"
head -c 20000000 /dev/urandom >"$work/other"
echo before >"$work/got"
s3 put copies one "$work/files/large"
proxy pieces 8 1
copy s3://copies/one "$work/got"
AWS_ENDPOINT_URL_S3=$proxy "$PIPEFORM" run >"$work/output" 2>&1 &
runner=$!
until compgen -G "$work/.got.*" >/dev/null; do sleep 0.02; done
s3 put copies one "$work/other"
! wait "$runner" || fail "a mixture was copied: $(cat "$work/output")"
proxy_ends
cat "$work/output"
says "it has changed since it was looked at"
[[ $(cat "$work/got") == before ]] || fail "the target is not as before"
[[ -z $(compgen -G "$work/.got.*") ]] || fail "something is left beside the target"

step "throttling"
harmed=0
# With this seed the first request is refused, and half of the others.
proxy throttle 0.5 1
copy "$work/files/" s3://copies/throttled/
AWS_ENDPOINT_URL_S3=$proxy expect 0 pipeform run
proxy_ends
[[ $harmed -gt 0 ]] || fail "the proxy has refused no request"
listed throttled/ | sort -k2 >"$work/found"
sums "$work/files" | sort -k2 >"$work/wanted"
same "$work/wanted" "$work/found"

step "a runner that is killed in the middle; the next attempt"
proxy slow 8 3
copy "$work/files/large" s3://copies/killed
AWS_ENDPOINT_URL_S3=$proxy "$PIPEFORM" run >"$work/output" 2>&1 &
runner=$!
until [[ -n $(s3 uploads copies) ]]; do sleep 0.1; done
kill -9 "$runner"
wait "$runner" || true
proxy_ends
s3 names copies killed | diff - /dev/null
expect 0 pipeform run
says "attempt 2 started"
s3 cat copies killed | cmp - "$work/files/large"
s3 uploads copies | diff - /dev/null

step "an attempt that takes too long is given up, and nothing is left"
proxy slow 4 4
copy "$work/files/large" s3://copies/late 'attempt_timeout = "1 second"'
begin=$SECONDS
AWS_ENDPOINT_URL_S3=$proxy expect 1 pipeform run
says attempt_timeout
# Whether it was stopped is seen by what is left; the clock is for what never stops.
[[ $((SECONDS - begin)) -lt 120 ]] || fail "it took $((SECONDS - begin)) seconds to stop"
proxy_ends
s3 names copies late | diff - /dev/null
s3 uploads copies | diff - /dev/null

step "a full disk"
mkdir "$work/small"
s3 put copies one "$work/files/large"
# full TEXT...: the copies of one and of many fail, say each text, and leave what was there.
full() {
    echo before >"$work/small/got"
    refuses s3://copies/one "$work/small/got" "cannot write \`" "$@"
    [[ $(ls -A "$work/small") == got && $(cat "$work/small/got") == before ]] || fail "the target is not as before"
    refuses s3://copies/throttled/ "$work/small/all/" "cannot write \`" "$@"
    [[ -e $work/small/all/_INCOMPLETE && ! -e $work/small/all/_SUCCESS && ! -e $work/small/all/large ]] || fail "the copy of many is not begun, or is complete"
    rm -rf "$work/small/all"
}
# Files that may not grow, for all users: the write fails in the middle.
(
    trap '' XFSZ
    ulimit -f 10240
    full "File too large"
)
# A file system that is too small, for who may mount one: it is known before.
if mount -t tmpfs -o size=10m tmpfs "$work/small" 2>/dev/null; then
    mounts+=("$work/small")
    full "there is room for" "free space on this file system"
fi
