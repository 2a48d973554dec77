#!/usr/bin/env bash
# What activities on clusters become: steps that a stand-in for EMR runs, with programs in the places of Spark, Hive, Pig and Hadoop that write down
# what they are called with. And the same of Spark on this machine.
set -euo pipefail
source "$(dirname "$0")/support.sh"

alone_with_aws
s3_server
mkdir -p "$work/bin" "$work/project"
for program in spark-submit spark-sql pig hadoop; do
    cat >"$work/bin/$program" <<SH_
#!/bin/sh
{ printf '%s' $program; for word; do printf '|%s' "\$word"; done; echo; } >>$work/called
case "\$*" in *fails*) echo "it has failed as told" >&2; exit 3 ;; esac
while [ \$# -gt 1 ]; do if [ "\$1" = -f ]; then cat "\$2" >$work/script-$program; fi; shift; done
SH_
    chmod +x "$work/bin/$program"
done
start_emr "$work/bin"
s3 bucket acme
cd "$work/project"
printf 'print("x")\n' >report.py
printf 'echo "$1" >%s/prepared\n' "$work" >"$work/prepare.sh"
s3 put acme code/prepare.sh "$work/prepare.sh"
printf 'x' >"$work/x"
for key in in/2026-11-02/a in/2026-11-03/a code/x.jar; do s3 put acme "$key" "$work/x"; done

# config RESOURCE ACTIVITIES: two days, and a pipeline on a resource.
config() {
    cat >main.pipe.hcl <<HCL
schedule "daily" {
  every       = "1 day"
  start       = "2026-11-02"
  occurrences = 2
}

schedule "both" {
  every       = "2 days"
  start       = "2026-11-02"
  occurrences = 1
}

$1

pipeline "p" {
  schedule    = schedule.both
  max_retries = 0
  runs_on     = resource.spark

  data_node "s3" "in" {
    schedule = schedule.daily
    path     = "s3://acme/in/\${run.date}/"

    format "csv" {
      column = ["day STRING", "hits INT"]
    }
  }

  data_node "s3" "out" {
    path = "s3://acme/out/\${run.date}/"

    format "tsv" {
      column = ["day STRING"]
    }
  }

$2
}
HCL
}

# called: what the programs were called with, with paths of S3 as they were written.
called() { sed -E "s|$work/emr/clusters/j-[A-Z0-9]+/steps/s-[A-Z0-9]+/s3/|s3://|g; s/pipeform_[0-9a-f]{12}/pipeform_X/g" "$work/called"; }

# was TEXT...: one of the calls has each text.
was() {
    local text
    for text in "$@"; do called | grep -qF -- "$text" || fail "nothing was called with \`$text\`: $(called)"; done
}

cluster='resource "emr_cluster" "spark" {
  release_label = "emr-7.5.0"
  log_uri       = "s3://acme/clusters/"
}'

step "each type of activity is the step that it says"
config "$cluster" '
  activity "emr" "blocks" {
    input            = data_node.in
    pre_step_command = ["echo before > before"]

    step {
      jar  = "command-runner.jar"
      args = concat(["spark-submit", "--deploy-mode", "cluster", "x.py", "a, b"], run.inputs.in[*].path)
    }

    step {
      jar  = "s3://acme/code/x.jar"
      args = ["Main", "$${y}"]
    }

    post_step_command = ["cat before >> '"$work"'/called"]
  }

  activity "emr" "commas" {
    depends_on = [activity.blocks]
    steps      = ["s3://acme/code/x.jar,one\\,two, three,${run.date}"]
  }

  activity "hadoop" "hadoop" {
    depends_on   = [activity.commas]
    jar_uri      = "s3://acme/code/x.jar"
    main_class   = "acme.Main"
    argument     = ["a b"]

    pre_activity_task_config {
      script_uri      = "s3://acme/code/prepare.sh"
      script_argument = ["ready"]
    }
  }

  activity "spark" "spark" {
    depends_on             = [activity.hadoop]
    main_file              = "report.py"
    argument               = [run.object, "it'"'"'s"]
    properties             = { "spark.executor.memory" = "4g" }
    hadoop_queue           = "nightly"
    generated_scripts_path = "s3://acme/scripts/"
  }

  activity "hive" "hive" {
    depends_on      = [activity.spark]
    input           = data_node.in
    output          = data_node.out
    script_variable = ["NOTE=a = b"]
    log_uri         = "s3://acme/logs/"
    hive_script     = "INSERT OVERWRITE TABLE $${output1} SELECT day FROM $${input1}"
  }

  activity "pig" "pig" {
    depends_on = [activity.hive]
    input      = data_node.in
    output     = data_node.out
    log_uri    = "s3://acme/logs/"
    script     = "x = LOAD '"'"'$${INPUT1}'"'"'; STORE x INTO '"'"'$${OUTPUT1}'"'"';"
  }'
expect 0 pipeform apply --auto-approve
expect 0 pipeform run --at 2026-11-04T00:00:00Z
called
was "spark-submit|x.py|a, b|s3://acme/in/2026-11-02/|s3://acme/in/2026-11-03/" 'hadoop|jar|s3://acme/code/x.jar|Main|${y}' \
    "hadoop|jar|s3://acme/code/x.jar|one,two|three|2026-11-02" "hadoop|jar|s3://acme/code/x.jar|acme.Main|a b" \
    "spark-submit|--queue|nightly|--conf|spark.executor.memory=4g|s3://acme/scripts/p/spark/@spark_2026-11-02T00:00:00/@spark_2026-11-02T00:00:00_Attempt=1/1/report.py|spark|it's" \
    "--hivevar|input1=pipeform_X_input1|--hivevar|output1=pipeform_X_output1|--hivevar|NOTE=a = b" \
    "-p|INPUT1=s3://acme/in/2026-11-02/,s3://acme/in/2026-11-03/|-p|OUTPUT1=s3://acme/out/2026-11-02/"
[[ $(sed -n 3p "$work/called") == before ]] || fail "what runs before and after does not"
[[ $(cat "$work/prepared") == ready ]] || fail "the script before the job was not run"
s3 names acme scripts/ | grep -q 'Attempt=1/1/report.py' || fail "the program was not kept"
s3 names acme logs/ | grep -q 'Attempt=1/script.hql' || fail "the script was not kept"
grep -q "LOCATION '.*acme/in/2026-11-03/'" "$work/script-spark-sql" || fail "the tables are not there: $(cat "$work/script-spark-sql")"

step "a step that fails: those after it do not run, and what it said is in the log"
: >"$work/called"
config "$cluster" '
  activity "emr" "wrong" {
    step {
      jar  = "command-runner.jar"
      args = ["spark-submit", "fails"]
    }

    step {
      jar  = "command-runner.jar"
      args = ["spark-submit", "never"]
    }
  }'
expect 0 pipeform apply --auto-approve
expect 1 pipeform run --at 2026-11-04T00:00:00Z
expect 0 pipeform logs pipeline.p.activity.wrong
says "it has failed as told"
was "spark-submit|fails"
if called | grep -q never; then fail "the step after the one that failed ran"; fi
[[ -z $(emr alive | grep -v TERMINATING) ]] || fail "a cluster is left"

step "a step that hangs: it is stopped, and what it has printed is in the log, with why"
config "$cluster" '
  activity "emr" "hangs" {
    attempt_timeout = "15 seconds"

    step {
      jar  = "command-runner.jar"
      args = ["bash", "-c", "echo halfway; sleep 600"]
    }
  }'
expect 0 pipeform apply --auto-approve
expect 1 pipeform run --at 2026-11-04T00:00:00Z
expect 0 pipeform logs pipeline.p.activity.hangs
says "halfway" 'error: stopped after its `attempt_timeout` of 15s'

step "two activities of a cluster run beside each other, with one place of the runner: each waits for the other"
config "${cluster%\}}  step_concurrency_level = 2
}" '
  activity "emr" "left" {
    attempt_timeout = "2 minutes"

    step {
      jar  = "command-runner.jar"
      args = ["bash", "-c", "touch '"$work"'/left; until [ -e '"$work"'/right ]; do sleep 0.2; done"]
    }
  }

  activity "emr" "right" {
    attempt_timeout = "2 minutes"

    step {
      jar  = "command-runner.jar"
      args = ["bash", "-c", "touch '"$work"'/right; until [ -e '"$work"'/left ]; do sleep 0.2; done"]
    }
  }'
expect 0 pipeform apply --auto-approve
expect 0 pipeform run --at 2026-11-04T00:00:00Z --parallelism 1

step "what only a cluster reads is looked for before one is started"
config "${cluster%\}}"'
  bootstrap_action {
    path = "s3://acme/code/none.sh"
  }
}' '
  activity "emr" "x" {
    step {
      jar = "s3://acme/code/none.jar"
    }
  }'
expect 0 pipeform validate --preflight
says "Nothing there for the cluster" "s3://acme/code/none.sh" "s3://acme/code/none.jar"

step "on this machine: the same program, the same script, no cluster"
: >"$work/called"
before=$(emr clusters | wc -l)
config 'resource "local_spark" "spark" {
  master      = "local[2]"
  packages    = ["org.acme:tools:1.0"]
  properties  = { "spark.executor.memory" = "1g", "spark.ui.enabled" = "false" }
  environment = { PATH = "'"$work/bin"':/usr/bin:/bin" }
}' '
  activity "spark" "spark" {
    main_file  = "report.py"
    argument   = ["a b"]
    properties = { "spark.executor.memory" = "4g" }
  }

  activity "hive" "hive" {
    depends_on  = [activity.spark]
    input       = data_node.in
    output      = data_node.out
    hive_script = "INSERT OVERWRITE TABLE $${output1} SELECT day FROM $${input1}"
  }'
expect 0 pipeform validate --preflight
expect 0 pipeform apply --auto-approve
expect 0 pipeform rerun --auto-approve pipeline.p.activity.spark@.. pipeline.p.activity.hive@..
expect 0 pipeform run --at 2026-11-04T00:00:00Z
called
was "spark-submit|--master|local[2]|--conf|spark.executor.memory=4g|--conf|spark.ui.enabled=false|--packages|org.acme:tools:1.0|$work/project/report.py|a b" \
    "spark-sql|--master|local[2]|"
grep -q "USING csv OPTIONS" "$work/script-spark-sql" || fail "the tables are not Spark's: $(cat "$work/script-spark-sql")"
[[ $(emr clusters | wc -l) -eq $before ]] || fail "a cluster was created"

step "Spark that is not there is said before it runs, and work that needs a cluster is refused"
sed -i "s|PATH = \"$work/bin:/usr/bin:/bin\"|PATH = \"/bin\"|" main.pipe.hcl
expect 0 pipeform validate --preflight
says '`spark-sql`' '`spark-submit`' "Program not found"
config 'resource "local_spark" "spark" {
}' '
  activity "pig" "pig" {
    script = "DUMP x;"
  }'
expect 1 pipeform apply --auto-approve
says "takes a resource of type \`emr_cluster\`" "is of type \`local_spark\`"
