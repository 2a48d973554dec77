#!/usr/bin/env bash
# heavy
# Data nodes as tables of Hive scripts, run by a real Spark: on this machine and through the stand-in for EMR. A script that fails, and one that hangs, in both
# places.
set -euo pipefail
source "$(dirname "$0")/support.sh"

alone_with_aws
s3_server
spark=$("$repository/tests/tools" spark)
start_emr "$spark"
s3 bucket acme
mkdir -p "$work/project/data"
cd "$work/project"

# config RESOURCE WHERE EXTRA: the pipeline with a resource, and data at a place.
config() {
    cat >main.pipe.hcl <<HCL
schedule "daily" {
  every       = "1 day"
  start       = "2026-11-02"
  occurrences = 7
}

schedule "weekly" {
  every       = "1 week"
  start       = "2026-11-02"
  occurrences = 1
}

$1

pipeline "clicks" {
  schedule    = schedule.weekly
  max_retries = 0
  runs_on     = resource.spark
  log_uri     = "s3://acme/pipeform/"

  data_node "$2" "clicks" {
    schedule = schedule.daily
    path     = "$3/clicks/\${run.date}/"

    format "csv" {
      column = ["page STRING", "hits INT", "at TIMESTAMP"]
    }
  }

  data_node "$2" "pages" {
    path = "$3/pages/"

    format "tsv" {
      column = ["page STRING", "title STRING"]
    }
  }

  data_node "$2" "report" {
    path = "$3/report/\${run.date}/"

    format "csv" {
      column = ["title STRING", "hits BIGINT", "days INT"]
    }
  }

  data_node "$2" "lines" {
    path = "$3/lines/\${run.date}/"

    format "json_lines" {
      column = ["title STRING", "hits BIGINT"]
    }
  }

  activity "hive" "report" {
    input           = { clicks = data_node.clicks, pages = data_node.pages }
    output          = { report = data_node.lines, table = data_node.report }
    script_variable = ["LEAST=9", "NOTE=it's; a note, of \${run.date}"]

    hive_script = <<-SQL
      INSERT OVERWRITE TABLE \$\${output2}
      SELECT p.title, SUM(c.hits), COUNT(DISTINCT DAY(c.at))
      FROM \$\${input1} c JOIN \$\${input2} p ON c.page = p.page
      GROUP BY p.title
      HAVING SUM(c.hits) >= \$\${LEAST};
      INSERT OVERWRITE TABLE \$\${output1}
      SELECT '\$\${NOTE}' AS title, SUM(hits) FROM \$\${input1}
    SQL
  }
$4
}
HCL
    # Spark has none of the parts of Hive that read and write JSON.
    [[ $1 != *emr_cluster* ]] || sed -i 's/json_lines/tsv/' main.pipe.hcl
    sed -i "s/'\$\${NOTE}'/\"\$\${NOTE}\"/" main.pipe.hcl
}

# The data, and what must come of it, without Spark.
python3 - data <<'PY'
import csv, os, random, sys

random.seed(8)
pages = {f"/{name}": title for name, title in [("a", "First"), ("b", 'With "quotes", and commas'), ("c", "Seldom"), ("d", "Empty")]}
os.makedirs(f"{sys.argv[1]}/pages")
with open(f"{sys.argv[1]}/pages/pages.tsv", "w") as file:
    file.writelines(f"{page}\t{title}\n" for page, title in pages.items())
hits, days, total = {}, {}, 0
for day in range(2, 9):
    os.makedirs(f"{sys.argv[1]}/clicks/2026-11-0{day}")
    with open(f"{sys.argv[1]}/clicks/2026-11-0{day}/part.csv", "w") as file:
        for number in range(200):
            page = random.choice(["/a", "/a", "/b", "/none"]) if number else ["/c", "/d"][day % 2]
            count = "" if page == "/d" else str(random.randrange(3)) if page != "/c" else "1"
            file.write(f"{page},{count},2026-11-0{day} 0{number % 10}:30:00\n")
            total += int(count or 0)
            if page in pages:
                hits[page] = hits.get(page, 0) + int(count or 0)
                days.setdefault(page, set()).add(day)
rows = sorted((pages[page], hits[page], len(days[page])) for page in pages if hits.get(page, 0) >= 9)
assert len(rows) == 2
with open("wanted", "w") as file:
    file.writelines(f"{row}\n" for row in rows)
with open("total", "w") as file:
    file.write(f"{total}\n")
PY

# rows FILE...: the rows of csv files, as Python reads them.
rows() {
    python3 - "$@" <<'PY'
import csv, sys

# The escape character stands before quotes.
rows = [row for path in sys.argv[1:] for row in csv.reader(open(path), escapechar="\\", doublequote=False)]
for title, hits, days in sorted(rows):
    print((title, int(hits), int(days)))
PY
}

here='resource "local_spark" "spark" {
  master      = "local[2]"
  properties  = { "spark.ui.enabled" = "false", "spark.sql.shuffle.partitions" = "2" }
  environment = { PATH = "'$spark':/usr/bin:/bin", SPARK_LOCAL_IP = "127.0.0.1" }
}'
cluster='resource "emr_cluster" "spark" {
  release_label = "emr-7.5.0"
  applications  = ["Hive", "Spark"]
  log_uri       = "s3://acme/clusters/"
}'

step "on this machine, with data on this machine"
config "$here" file data ""
expect 0 pipeform plan --preflight
expect 0 pipeform apply --auto-approve
expect 0 pipeform run --at 2026-11-09T00:00:00Z
rows data/report/2026-11-02/part-* >found
same wanted found
cat found
python3 -c 'import json, sys; [line] = [json.loads(line) for path in sys.argv[2:] for line in open(path)]; assert line == {"title": "it'"'"'s; a note, of 2026-11-02", "hits": int(open(sys.argv[1]).read())}, line; print(line)' \
    total data/lines/2026-11-02/part-* || fail "the other output is not right"
[[ -z $(find data/report data/lines -name '.*' -type f) ]] || fail "checksums of Spark are left"
[[ -s data/report/2026-11-02/_SUCCESS ]] || fail "the output does not say that it is complete"

step "on a cluster, with data in S3: the change of a block"
for file in data/clicks/*/part.csv data/pages/pages.tsv; do s3 put acme "${file#data/}" "$file"; done
config "$cluster" s3 s3://acme ""
expect 0 pipeform apply --auto-approve
expect 0 pipeform rerun --auto-approve pipeline.clicks.activity.report@..
expect 0 pipeform run --at 2026-11-09T00:00:00Z
for name in $(s3 names acme report/2026-11-02/part- | tr -d '"'); do s3 cat acme "$name"; done >report.csv
rows report.csv >found
same wanted found
cat found
[[ -z $(emr alive) ]] || fail "a cluster is left"

copied='
  data_node "s3" "some" {
    path = "s3://acme/some/${run.date}/"

    format "tsv" {
      column = ["title STRING", "page STRING"]
    }
  }

  activity "hive_copy" "some" {
    input      = data_node.pages
    output     = data_node.some
    filter_sql = "title <> '"'Seldom'"' -- ; all the others"
  }
'

step "a copy by Hive, of some records, with their columns in another order"
config "$cluster" s3 s3://acme "$copied"
expect 0 pipeform apply --auto-approve
expect 0 pipeform run --at 2026-11-09T00:00:00Z
printf '%s\t%s\n' First /a 'With "quotes", and commas' /b Empty /d | sort >wanted.copy
for name in $(s3 names acme some/2026-11-02/part- | tr -d '"'); do s3 cat acme "$name"; done | sort >found
same wanted.copy found

step "on this machine, with data in S3"
config "$here" s3 s3://acme ""
s3 rm acme report/
expect 0 pipeform apply --auto-approve
expect 0 pipeform rerun --auto-approve pipeline.clicks.activity.report@..
expect 0 pipeform run --at 2026-11-09T00:00:00Z
for name in $(s3 names acme report/2026-11-02/part- | tr -d '"'); do s3 cat acme "$name"; done >report.csv
rows report.csv >found
same wanted found

broken='
  activity "hive" "broken" {
    input       = data_node.clicks
    hive_script = "SELECT nothing FROM $${input1}"
  }

  activity "spark" "hangs" {
    main_file       = "hangs.py"
    attempt_timeout = "40 seconds"
  }
'
cat >hangs.py <<'PY'
import subprocess
print("it hangs now", flush=True)
subprocess.run(["sleep", "4711"])
PY

step "a script that is wrong, and a program that hangs, on this machine"
config "$here" s3 s3://acme "$broken"
expect 0 pipeform apply --auto-approve
expect 1 pipeform run --at 2026-11-09T00:00:00Z
expect 0 pipeform logs pipeline.clicks.activity.broken
says nothing UNRESOLVED_COLUMN
expect 0 pipeform status
says 'stopped after its `attempt_timeout`'
if pgrep -f "sleep 4711" >/dev/null; then fail "the program that hung is left"; fi

step "the same on a cluster: the step is cancelled, and its errors are in the log"
config "$cluster" s3 s3://acme "$broken"
expect 0 pipeform apply --auto-approve
expect 0 pipeform rerun --auto-approve pipeline.clicks.activity.broken@.. pipeline.clicks.activity.hangs@..
expect 1 pipeform run --at 2026-11-09T00:00:00Z
expect 0 pipeform logs pipeline.clicks.activity.broken
says UNRESOLVED_COLUMN
last=$(emr clusters | tail -1 | cut -d' ' -f1)
emr steps "$last" | tee "$work/steps"
grep -q ' CANCELLED ' "$work/steps" || fail "the step that hung was not cancelled"
grep -q ' FAILED ' "$work/steps" || fail "the step that is wrong did not fail"
if pgrep -f "sleep 4711" >/dev/null; then fail "the step that hung is left"; fi
[[ -z $(emr alive) ]] || fail "a cluster is left"
