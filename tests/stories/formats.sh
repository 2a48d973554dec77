#!/usr/bin/env bash
# Formats: what pipeform writes others read, and what others write pipeform reads; bad input of every kind; full disks, kills and memory.
set -euo pipefail
source "$(dirname "$0")/support.sh"

tools=$("$repository/tests/tools" duckdb)
cd "$work"
for part in theirs ours; do
    step "files that $part reads, checked by Python's csv and json, pyarrow and DuckDB"
    mkdir "$part" && cd "$part"
    "$tools/python" "$repository/tests/stories/formats.py" "$part" make
    expect 0 pipeform apply --auto-approve
    expect 0 pipeform run
    says " finished, 0 failed, 0 waiting."
    "$tools/python" "$repository/tests/stories/formats.py" "$part" check
    cd ..
done

# copy FROM FORMAT SETTING TO FORMAT SETTING [ATTRIBUTES]: a project in the current directory that copies.
copy() {
    cat >main.pipe.hcl <<HCL
schedule "once" {
  every       = "1 day"
  start       = "2025-06-02"
  occurrences = 1
}

pipeline "copy" {
  schedule    = schedule.once
  max_retries = 0

  data_node "file" "in" {
    path = "$1"

    format "$2" {
      $3
    }
  }

  data_node "file" "out" {
    path = "$4"

    format "$5" {
      $6
    }
  }

  activity "copy" "it" {
    input  = data_node.in
    output = data_node.out
    ${7:-}
  }
}
HCL
    rm -rf .pipeform
    pipeform apply --auto-approve >/dev/null
}
columns='column = ["id BIGINT", "word", "at TIMESTAMP"]'
lines() { awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "%d,word %d of some,2026-11-01 10:%02d:00\n", i, i * 7919 % 1000, i % 60 }'; }

step "a line of 1 GB: little memory, and an error or a reject"
mkdir "$work/long" && cd "$work/long"
{ lines 3; head -c 1000000000 /dev/zero | tr '\0' x; echo; lines 2; } | gzip -1 >in.csv.gz
copy in.csv.gz csv "$columns" out.parquet parquet ""
expect 1 /usr/bin/time -f 'peak %M KB' -o peak "$PIPEFORM" run
says "in.csv.gz line 4: the line is longer than 16 MiB"
[[ ! -e out.parquet ]] || fail "something was written"
copy in.csv.gz csv "$columns" out.json json_lines "" 'on_row_error = "skip"
    reject_to = "rejects.csv"'
expect 0 /usr/bin/time -f 'peak %M KB' -o peak.skip "$PIPEFORM" run
[[ $(wc -l <out.json) -eq 5 && $(wc -c <rejects.csv) -lt 100000 ]] || fail "the rest is not there"
cat peak peak.skip
for peak in $(grep -ho '[0-9]*' peak peak.skip); do [[ $peak -lt 200000 ]] || fail "too much memory"; done

step "a full disk: the error says so, and what was there stays"
mkdir "$work/full" && cd "$work/full"
lines 200000 >in.csv
small_disk "$work/full/small" 700
for format in json_lines parquet tsv; do
    echo "as it was" >small/out
    setting=''
    [[ $format != parquet ]] || setting='compression = "none"'
    copy in.csv csv "$columns" small/out "$format" "$setting"
    expect 1 "${on_small_disk[@]}" "$PIPEFORM" run
    says "cannot write \`" "$no_room"
    [[ $no_room == File* ]] || says "free space on this file system"
    [[ $(cat small/out) == "as it was" && $(find small -type f | wc -l) -eq 1 ]] || fail "something was left: $(ls -la small)"
done
echo "as it was" >small/out
copy in.csv csv 'column = ["id INT", "word", "at BOOLEAN"]' out.json json_lines "" 'on_row_error = "skip"
    reject_to = "small/out"'
expect 1 "${on_small_disk[@]}" "$PIPEFORM" run
says "cannot write \`" "small/out" "$no_room"
[[ $(cat small/out) == "as it was" && ! -e out.json ]] || fail "something was left"

step "killed at any moment: the output is as it was, or complete, and the next run completes it"
mkdir "$work/killed" && cd "$work/killed"
lines 400000 | gzip -1 >in.csv.gz
kinds=(parquet json_lines)
complete=0 before=0
for round in $(seq 8); do
    echo "as it was" >out
    copy in.csv.gz csv "$columns" out "${kinds[round % 2]}" ""
    "$PIPEFORM" run >log 2>&1 &
    pid=$!
    sleep "0.$((RANDOM % 9))$((RANDOM % 9))"
    kill -9 "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    if [[ $(head -c 9 out) == "as it was" ]]; then before=$((before + 1)); else complete=$((complete + 1)); fi
    expect 0 pipeform run
    [[ $(find . -maxdepth 1 -name '.out.*' | wc -l) -eq 0 ]] || fail "something was left: $(ls -a)"
    if [[ ${kinds[round % 2]} == parquet ]]; then
        count=$("$tools/python" -c 'import pyarrow.parquet as p; print(p.read_metadata("out").num_rows)')
    else
        count=$(wc -l <out)
    fi
    [[ $count -eq 400000 ]] || fail "$count records"
done
echo "as it was: $before times, complete: $complete times"
