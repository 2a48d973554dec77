#!/usr/bin/env bash
# Records over S3: rows that do not fit, manifests that say which files are meant, files that are packed anew. What pipeform has written is read with
# boto3, Python's csv and json, and pyarrow.
set -euo pipefail
source "$(dirname "$0")/support.sh"

alone_with_aws
arrow=$("$repository/tests/tools" duckdb)/python
s3_server
s3 bucket records
s3 bucket elsewhere
mkdir "$work/project"
cd "$work/project"

# configuration FROM FORMAT TO FORMAT [ATTRIBUTES [OF THE INPUT [OF THE OUTPUT]]]: a pipeline with this copy alone.
configuration() {
    local kind=(file file) format=("" "")
    [[ $1 != s3://* ]] || kind[0]=s3
    [[ $3 != s3://* ]] || kind[1]=s3
    [[ $2 == - ]] || format[0]="format \"$2\" {
      ${columns:-}
    }"
    [[ $4 == - ]] || format[1]="format = \"$4\""
    cat >main.pipe.hcl <<HCL
pipeline "p" {
  max_retries = 0

  data_node "${kind[0]}" "from" {
    path      = "$1"
    overwrite = true
    ${6:-}
    ${format[0]}
  }

  data_node "${kind[1]}" "to" {
    path      = "$3"
    overwrite = true
    ${7:-}
    ${format[1]}
  }

  activity "copy" "work" {
    input  = data_node.from
    output = data_node.to
    ${5:-}
  }
}
HCL
    printf '\n== %s %s to %s %s\n' "$1" "$2" "$3" "$4"
}

# copy …: applies it, and triggers it.
copy() {
    configuration "$@"
    pipeform apply --auto-approve >"$work/output" 2>&1 || fail "$(cat "$work/output")"
    pipeform trigger --auto-approve pipeline.p >"$work/output" 2>&1 || fail "$(cat "$work/output")"
}

copies() { copy "$@"; expect 0 pipeform run; }

# refuses TEXT ARGUMENT...: the copy fails and says the text.
refuses() {
    copy "${@:2}"
    expect 1 pipeform run
    says "$1"
}

# mistaken TEXT ARGUMENT...: the copy is not applied, because of the text.
mistaken() {
    configuration "${@:2}"
    expect 1 pipeform apply --auto-approve
    says "$1"
}

# put KEY: what comes in becomes an object.
put() { cat >"$work/put" && s3 put records "$1" "$work/put"; }
nothing_is_begun() { s3 uploads records | diff - /dev/null || fail "an upload was left"; }

columns='column = ["id BIGINT", "at TIMESTAMP", "word"]'
put in/a.csv <<'CSV'
1,2026-11-01 10:00:00,one
two,2026-11-01 10:00:00,two
3,soon,three
4,2026-11-01 10:00:00,"é, ""q"""
CSV
gzip -c >"$work/b.csv.gz" <<'CSV'
5,2026-11-01 10:00:00,five
6,2026-11-01 10:00:00
7,2026-11-01 10:00:00,seven
CSV
s3 put records in/b.csv.gz "$work/b.csv.gz"

# rows KEY FORMAT: the first and the last field of each record that is there, read by others.
rows() {
    s3 cat records "$1" >"$work/found"
    "$arrow" - "$work/found" "$2" <<'PY'
import json, sys
import pyarrow.parquet

if sys.argv[2] == "parquet":
    rows = pyarrow.parquet.read_table(sys.argv[1]).to_pylist()
else:
    rows = [json.loads(line) for line in open(sys.argv[1])]
print(*(f"{row['id']}:{row['word']}" for row in rows), sep=" | ")
PY
}

# rejects KEY: file, line, column and record of what was rejected, read with Python's csv.
rejects() {
    s3 cat records "$1" >"$work/found"
    [[ $1 != *.gz ]] || { gzip -dc <"$work/found" >"$work/unpacked" && mv "$work/unpacked" "$work/found"; }
    python3 - "$work/found" <<'PY'
import csv, sys
for row in csv.DictReader(open(sys.argv[1], newline="")):
    assert row["reason"]
    print(row["file"], row["line"], row["column"], row["record"], sep=" | ")
PY
}

skip='on_row_error = "skip"
    reject_to    = "s3://records/rejects/all.csv"'
cat >"$work/rejected" <<'TEXT'
s3://records/in/a.csv | 2 | id | two,2026-11-01 10:00:00,two
s3://records/in/a.csv | 3 | at | 3,soon,three
TEXT

step "an object: what fits is in the output, what does not in the rejects, which are in S3, too"
copies s3://records/in/a.csv csv s3://records/out/a.jsonl json_lines "$skip"
[[ $(rows out/a.jsonl json) == '1:one | 4:é, "q"' ]] || fail "these are not the rows: $(rows out/a.jsonl json)"
rejects rejects/all.csv | tee "$work/found.rejects"
same "$work/rejected" "$work/found.rejects"

step "prefixes at both ends, and rejects that are packed"
echo 's3://records/in/b.csv.gz | 2 |  | 6,2026-11-01 10:00:00' >>"$work/rejected"
copies s3://records/in/ csv s3://records/out/all/ parquet "${skip/all.csv/all.csv.gz}"
[[ $(rows out/all/part-00000.parquet parquet) == '1:one | 4:é, "q" | 5:five | 7:seven' ]] || fail "these are not the rows"
rejects rejects/all.csv.gz >"$work/found.rejects"
same "$work/rejected" "$work/found.rejects"
s3 names records out/all/ | tee "$work/output"
says '"out/all/_SUCCESS"'

step "into a file, and into a table; a run without rejects makes them anew"
copies s3://records/in/ csv "$work/out.jsonl" json_lines "$skip"
[[ $(wc -l <"$work/out.jsonl") -eq 4 ]] || fail "there are not four rows"
echo '8,2026-11-01 10:00:00,eight' >"$work/good.csv"
copies "$work/good.csv" csv s3://records/out/good.parquet parquet "$skip"
[[ $(rows out/good.parquet parquet) == 8:eight ]] || fail "it is not the row"
[[ $(s3 cat records rejects/all.csv) == file,line,column,reason,record ]] || fail "there are rejects"

step "too many: the output is as it was, and all of the rejects are there"
refuses 'more than one record was rejected; they are in `s3://records/rejects/all.csv`' \
    s3://records/in/a.csv csv s3://records/out/good.parquet parquet "$skip
    max_rejects  = 1"
[[ $(rows out/good.parquet parquet) == 8:eight ]] || fail "the output is not as it was"
head -2 "$work/rejected" >"$work/two"
rejects rejects/all.csv >"$work/found.rejects"
same "$work/two" "$work/found.rejects"

step "a line of 1 GB that is packed into 1 MB: little memory, and an error or a reject"
head -c 10000000 /dev/zero | tr '\0' x | gzip -9 >"$work/part.gz"
{
    gzip <<<'1,2026-11-01 10:00:00,one'
    for _ in $(seq 100); do cat "$work/part.gz"; done
    printf '\n2,2026-11-01 10:00:00,two\n' | gzip
} | put long.csv.gz
copy s3://records/long.csv.gz csv s3://records/out/long.jsonl json_lines
expect 1 /usr/bin/time -f 'peak %M KB' -o "$work/peak" "$PIPEFORM" run
says 's3://records/long.csv.gz line 2: the line is longer than 16 MiB'
s3 names records out/long | diff - /dev/null || fail "something was written"
copy s3://records/long.csv.gz csv s3://records/out/long.jsonl json_lines "${skip/all.csv/long.csv}"
expect 0 /usr/bin/time -f 'peak %M KB' -o "$work/peak.skip" "$PIPEFORM" run
[[ $(rows out/long.jsonl json) == '1:one | 2:two' ]] || fail "the rest is not there"
[[ $(s3 cat records rejects/long.csv | wc -c) -lt 100000 ]] || fail "all of the line is in the rejects"
cat "$work/peak" "$work/peak.skip"
for peak in $(grep -ho '[0-9]*' "$work/peak" "$work/peak.skip"); do [[ $peak -lt 200000 ]] || fail "too much memory"; done

step "rejects have a file of their own, in a bucket that is there"
mistaken 'and they go into one file' s3://records/in/a.csv csv s3://records/out/x json_lines "${skip/all.csv/}"
mistaken 'is the path of `pipeline.p.data_node.to`, too' s3://records/in/a.csv csv s3://records/out/x json_lines "${skip/rejects\/all.csv/out\/x}"
refuses 'there is no bucket `no-such-bucket`' s3://records/in/a.csv csv s3://records/out/x json_lines "${skip/records/no-such-bucket}"
refuses 'there is no bucket `no-such-bucket`' s3://no-such-bucket/a.csv csv s3://records/out/x json_lines
s3 names records out/x | diff - /dev/null || fail "something was written"
nothing_is_begun

step "a runner that is killed: the rejects are as they were; the next attempt completes both"
awk 'BEGIN { for (i = 1; i <= 400000; i++) printf "%s,2026-11-01 10:00:00,a word of line %d\n", i % 2 ? i : "x" i, i }' >"$work/large.csv"
s3 put records large.csv "$work/large.csv"
proxy slow 6 5
copy s3://records/large.csv csv s3://records/out/large.jsonl json_lines "$skip
    max_retries  = 2"
AWS_ENDPOINT_URL_S3=$proxy "$PIPEFORM" run >"$work/output" 2>&1 &
runner=$!
until s3 uploads records | grep -q rejects/all.csv; do kill -0 "$runner" || fail "it ended too early"; done
kill -9 "$runner"
wait "$runner" || true
proxy_ends
s3 names records out/large | diff - /dev/null || fail "the output is there"
rejects rejects/all.csv >"$work/found.rejects"
same "$work/two" "$work/found.rejects"
expect 0 pipeform run
nothing_is_begun
s3 cat records rejects/all.csv >"$work/found"
[[ $(s3 cat records out/large.jsonl | wc -l) -eq 200000 && $(wc -l <"$work/found") -eq 200001 ]] || fail "it is not all there"

step "files are packed anew where the prefix they are copied to says how; the manifest has their new sizes"
mkdir -p "$work/logs/deep"
awk 'BEGIN { for (i = 1; i <= 50000; i++) print "line", i }' >"$work/logs/plain.log"
gzip -c "$work/logs/plain.log" >"$work/logs/deep/packed.log.gz"
: >"$work/logs/none.log"

# packed PREFIX ENDING: every file of a prefix, unpacked, is the log; and the manifest is right.
packed() {
    rm -rf "$work/packed"
    mkdir "$work/packed"
    AWS_ENDPOINT_URL_S3=$s3_url "$s3_tools/python" - "$1" "$work/packed" <<'PY'
import json, os, sys
sys.path.insert(0, os.environ["REPOSITORY"] + "/tests")
import s3
client, prefix = s3.client(), sys.argv[1]
sizes = {found["Key"]: found["Size"] for found in s3.objects(client, "records", prefix)}
listed = json.load(client.get_object(Bucket="records", Key=prefix + "_SUCCESS")["Body"])
del sizes[prefix + "_SUCCESS"]
assert {e["url"].removeprefix("s3://records/"): e["meta"]["content_length"] for e in listed["entries"]} == sizes, (listed, sizes)
for key in sizes:
    client.download_file("records", key, sys.argv[2] + "/" + key.removeprefix(prefix).replace("/", "_"))
print(*sorted(key.removeprefix(prefix) for key in sizes))
PY
    "$arrow" - "$work/packed" "$work/logs/plain.log" "$2" <<'PY'
import os, sys
import pyarrow
wanted = open(sys.argv[2], "rb").read()
for name in os.listdir(sys.argv[1]):
    path = f"{sys.argv[1]}/{name}"
    kind = {".gz": "gzip", ".zst": "zstd"}.get(sys.argv[3])
    bytes = pyarrow.input_stream(path, compression=kind).read()
    assert bytes == (b"" if name.startswith("none") else wanted), name
    assert name.endswith(".log" + sys.argv[3]), name
PY
}
export REPOSITORY=$repository
copies "$work/logs/" - s3://records/gzip/ - "" "" 'compression = "gzip"'
[[ $(packed gzip/ .gz) == "deep/packed.log.gz none.log.gz plain.log.gz" ]] || fail "these are not the files"
copies s3://records/gzip/ - s3://records/zstd/ - "" "" 'compression = "zstd"'
[[ $(packed zstd/ .zst) == "deep/packed.log.zst none.log.zst plain.log.zst" ]] || fail "these are not the files"
copies s3://records/zstd/ - s3://records/plain/ - "" "" 'compression = "none"'
[[ $(packed plain/ "") == "deep/packed.log none.log plain.log" ]] || fail "these are not the files"
copies s3://records/zstd/ - "$work/back/" - "" "" 'compression = "none"'
cmp "$work/back/plain.log" "$work/logs/plain.log"
copies "$work/logs/plain.log" - s3://records/one/ - "" "" 'compression = "gzip"'
[[ $(packed one/ .gz) == plain.log.gz ]] || fail "it is not the file"

step "what is packed another way than before replaces what an earlier copy wrote; with the same format, too"
columns='' copies s3://records/gzip/ tsv s3://records/zstd/ tsv "" "" 'compression = "gzip"'
[[ $(packed zstd/ .gz) == "deep/packed.log.gz none.log.gz plain.log.gz" ]] || fail "these are not the files"
cp "$work/logs/plain.log" "$work/logs/plain.log.gz"
refuses 'two of the inputs have a file that would become `s3://records/gzip/plain.log.gz`' "$work/logs/" - s3://records/gzip/ - "" "" 'compression = "gzip"'
rm "$work/logs/plain.log.gz"
cp "$work/logs/plain.log" "$work/logs/no.gz"
refuses 'no.gz' "$work/logs/" - s3://records/again/ - "" "" 'compression = "zstd"'
s3 names records again/ | grep -q _SUCCESS && fail "it is complete"
columns='' refuses 'says `compression`, and parquet packs its pages itself' s3://records/out/all/ parquet s3://records/again/ parquet "" "" 'compression = "gzip"'
nothing_is_begun

step "a manifest says which files are meant: the bytes of these, or their records"
manifest='manifest_file_path = "s3://elsewhere/list"'
list() { cat >"$work/list" && s3 put elsewhere list "$work/list"; }
echo 9,2026-11-01 10:00:00,nine | put in/deep/c.csv
list <<'JSON'
{"entries": [{"url": "s3://records/in/deep/c.csv"}, {"url": "s3://records/in/b.csv.gz", "mandatory": true},
 {"url": "s3://records/in/gone.csv", "mandatory": false}]}
JSON
copies s3://records/in/ - s3://records/listed/ - "" "$manifest"
s3 names records listed/ | tee "$work/found"
printf '"listed/%s"\n' _SUCCESS b.csv.gz deep/c.csv >"$work/wanted"
same "$work/wanted" "$work/found"
copies s3://records/in/ csv s3://records/out/listed.jsonl json_lines "$skip" "$manifest"
[[ $(rows out/listed.jsonl json) == "9:nine | 5:five | 7:seven" ]] || fail "these are not the rows"

step "a manifest that is broken, lists what is not there or lies in another bucket, or has another size"
refused() { refuses "$1" s3://records/in/ - s3://records/listed/ - "" "$manifest"; }
list <<<'{"entries": [{"url": "s3://records/in/a.csv"}'
refused 'its manifest `s3://elsewhere/list` is cut off or damaged: EOF while parsing'
list <<<'s3://records/in/a.csv'
refused 'is no manifest: expected value at line 1'
list <<<'{"entries": [{"url": "s3://records/in/gone.csv"}]}'
refused 'lists `s3://records/in/gone.csv`, and there is no such object'
list <<<'{"entries": [{"url": "s3://elsewhere/list"}]}'
refused 'lists `s3://elsewhere/list`, which is not in the bucket `records`'
list <<<'{"entries": [{"url": "s3://records/in/a.csv", "meta": {"content_length": 7}}]}'
refused 'lists `s3://records/in/a.csv` with 7 bytes, and it has'
s3 rm elsewhere list
refused 'its manifest `s3://elsewhere/list` is not there; check `manifest_file_path`'
mistaken 'Let the path end in `/`' s3://records/in/a.csv - s3://records/listed/ - "" "$manifest"
mistaken 'Output with a manifest' s3://records/in/ - s3://records/listed/ - "" "" "$manifest"
s3 names records listed/ >"$work/found"
same "$work/wanted" "$work/found"
