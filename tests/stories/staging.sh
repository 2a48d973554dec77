#!/usr/bin/env bash
# Commands and their data in S3: staged inputs of a week and staged outputs, scripts, what is printed, logs in AWS Data Pipeline's layout, credentials;
# and a runner that is killed. What is in S3 is seen with boto3.
# shellcheck source=tests/stories/support.sh
. "$(dirname "$0")/support.sh"
s3_server

mkdir "$work/project"
cd "$work/project"
s3 bucket acme
for day in 1 2 3 4 5 6 7; do
    for hour in 00 12; do
        printf 'day %d, hour %s\n' "$day" "$hour" >file
        s3 put acme "logs/2026-11-0$day/access log $hour é.txt" file
    done
done
cat >count.py <<'PY'
#!/usr/bin/env python3
import os, pathlib, sys
found = sorted(pathlib.Path(os.environ["INPUT1_STAGING_DIR"]).rglob("*.txt"))
report = pathlib.Path(os.environ["OUTPUT1_STAGING_DIR"])
(report / "by day").mkdir()
for path in found:
    with open(report / "by day" / (path.parent.name[:10] + ".csv"), "a") as out:
        out.write(path.name + ": " + path.read_text())
(report / "total.txt").write_text(f"{len(found)} {sys.argv[1]}\n")
print("counted", len(found))
print("careful", file=sys.stderr)
PY
s3 put acme code/count.py count.py

cat >main.pipe.hcl <<HCL
provider "aws" {
  region       = "us-east-1"
  endpoint_url = "$s3_url"
}

schedule "daily" {
  every       = "1 day"
  start       = "2026-11-01"
  occurrences = 7
}

schedule "weekly" {
  every       = "1 week"
  start       = "2026-11-01"
  occurrences = 1
}

pipeline "weblogs" {
  schedule = schedule.weekly
  log_uri  = "s3://acme/pipeline-logs/"

  data_node "s3" "logs" {
    schedule = schedule.daily
    path     = "s3://acme/logs/\${run.date}/"
  }

  data_node "s3" "report" {
    path = "s3://acme/reports/\${run.date}/"
  }

  data_node "s3" "summary" {
    path = "s3://acme/summary-\${run.date}.txt"
  }

  data_node "file" "days" {
    path = "days-\${run.date}.txt"
  }

  activity "shell_command" "count" {
    script_uri      = "s3://acme/code/count.py"
    script_argument = ["files, two words"]
    stage           = true
    input           = data_node.logs
    output          = data_node.report
    stdout          = "s3://acme/printed/\${run.date}.out"
    stderr          = "printed.err"
  }

  activity "shell_command" "summarize" {
    stage   = true
    input   = { a_report = data_node.report }
    output  = [data_node.summary, data_node.days]
    command = <<-SH
      test -e "\$INPUT1_STAGING_DIR/total.txt" || exit 3
      test ! -e "\$INPUT1_STAGING_DIR/_SUCCESS" || exit 4
      cp "\$INPUT1_STAGING_DIR/total.txt" "\$OUTPUT1_STAGING_DIR/x"
      ls "\$INPUT1_STAGING_DIR/by day" >"\$OUTPUT2_STAGING_DIR/days"
      echo "\$INPUT1_STAGING_DIR" >staged
    SH
  }

  activity "shell_command" "with_credentials" {
    aws_credentials = true
    depends_on      = [activity.summarize]
    command         = "echo key \$AWS_ACCESS_KEY_ID, secret \$AWS_SECRET_ACCESS_KEY, \$AWS_REGION, \$AWS_ENDPOINT_URL; printf %s \"\$AWS_SECRET_ACCESS_KEY\" | wc -c"
  }

  activity "shell_command" "fails" {
    max_retries = 0
    stage       = true
    output      = data_node.nothing
    depends_on  = [activity.summarize]
    command     = "echo half >\$OUTPUT1_STAGING_DIR/half; echo no good >&2; exit 7"
  }

  data_node "s3" "nothing" {
    path = "s3://acme/nothing/\${run.date}/"
  }
}
HCL

step "before it runs: all that is needed is there; then a bucket and a script that are not"
expect 0 pipeform validate --preflight
says "Pre-flight: all"
sed -e 's#s3://acme/printed#s3://nowhere/printed#' -e 's#code/count.py#code/none.py#' main.pipe.hcl >../other
mkdir ../broken
mv ../other ../broken/main.pipe.hcl
expect 1 pipeform --chdir=../broken validate --preflight
says "there is no bucket \`nowhere\`" "cannot look at \`s3://acme/code/none.py\`: there is no such object"
expect 1 env AWS_SECRET_ACCESS_KEY=wrong "$PIPEFORM" validate --preflight
says "Bucket cannot be used"
[[ $(grep -c '^error' "$work/output") -eq 1 ]] || fail "what is wrong with all of a bucket is said more than once"

step "the week runs on the files of seven days"
pipeform apply --auto-approve >/dev/null
expect 1 pipeform run
says "pipeline.weblogs.activity.fails"
s3 ls acme | sed 's/ [0-9a-f]* / /' | sed 's/  */ /g' >all
grep -v -e '"logs/' -e pipeline-logs all | cut -d' ' -f2- | sort >found
printf '"%s"\n' 'code/count.py' 'printed/2026-11-01.out' 'reports/2026-11-01/_SUCCESS' 'reports/2026-11-01/by day/2026-11-0'{1,2,3,4,5,6,7}.csv \
    'reports/2026-11-01/total.txt' 'summary-2026-11-01.txt' | sort >wanted
same wanted found
[[ $(s3 cat acme summary-2026-11-01.txt) == "14 files, two words" ]] || fail "the summary is wrong"
[[ $(s3 cat acme printed/2026-11-01.out) == "counted 14" ]] || fail "what was printed is not there"
[[ $(cat printed.err) == careful ]] || fail "the errors that were printed are not there"
seq -f '2026-11-0%g.csv' 7 >wanted
same wanted days-2026-11-01.txt
printf 'access log %s é.txt: day 3, hour %s\n' 00 00 12 12 >wanted
s3 cat acme "reports/2026-11-01/by day/2026-11-03.csv" >found
same wanted found

step "logs are where AWS Data Pipeline has them"
s3 names acme pipeline-logs/ | sort | tee found | sed 's/^/  /'
grep -qF '"pipeline-logs/weblogs/count/@count_2026-11-01T00:00:00/@count_2026-11-01T00:00:00_Attempt=1/activity.log"' found || fail "no log"
at=pipeline-logs/weblogs/fails/@fails_2026-11-01T00:00:00/@fails_2026-11-01T00:00:00_Attempt=1
[[ $(s3 cat acme $at/stderr) == "no good" ]] || fail "the errors of the command that fails are not there"
s3 cat acme $at/activity.log | grep -q "exited with code 7" || fail "the log does not say how it ended"

step "a command has credentials, and no log shows them"
s3 cat acme pipeline-logs/weblogs/with_credentials/@with_credentials_2026-11-01T00:00:00/@with_credentials_2026-11-01T00:00:00_Attempt=1/stdout | tee found | sed 's/^/  /'
grep -qx "key testkey, secret (sensitive), us-east-1, $s3_url" found || fail "the credentials are wrong or shown"
grep -qx 11 found || fail "the command did not get the secret"
! grep -rq testsecret1 .pipeform || fail "the secret is in $(grep -rl testsecret1 .pipeform)"

step "nothing is left of the directories of attempts; a runner that is killed leaves one, and the next removes it"
[[ ! -e $(cat staged) ]] || fail "$(cat staged) is still there"
[[ -z $(ls .pipeform/staging 2>/dev/null) ]] || fail "something is left in .pipeform/staging"
cat >>main.pipe.hcl <<'HCL'

pipeline "slow" {
  activity "shell_command" "slow" {
    stage   = true
    input   = data_node.big
    command = "touch begun; test -e second && exit; touch second; sleep 60"
  }

  data_node "file" "big" {
    path = "count.py"
  }
}
HCL
pipeform apply --auto-approve >/dev/null
pipeform trigger pipeline.slow --auto-approve >/dev/null
"$PIPEFORM" run >/dev/null 2>&1 &
runner=$!
children+=("$runner")
for _ in $(seq 1200); do [[ ! -e begun ]] || break; sleep 0.1; done
kill -9 "$runner"
wait "$runner" 2>/dev/null || true
[[ -n $(ls .pipeform/staging) ]] || fail "the killed runner has left nothing"
expect 0 pipeform run
[[ -z $(ls .pipeform/staging 2>/dev/null) ]] || fail "something is left in .pipeform/staging"

step "of a directory of this machine a command finds what a copy of it would have, and nothing of one that is not complete"
mkdir -p local/deep
for name in a deep/b unlisted .x.pipeform-tmp; do echo "$name" >"local/$name"; done
printf '{"entries": [{"url": "a", "mandatory": true}, {"url": "deep/b", "mandatory": true}]}\n' >local/_SUCCESS
cat >>main.pipe.hcl <<'HCL'

pipeline "local" {
  activity "shell_command" "list" {
    max_retries = 0
    stage       = true
    input       = data_node.local
    output      = data_node.packed
    command     = "here=$PWD; cd \"$INPUT1_STAGING_DIR\" && find . -type f | sort >\"$here/listed\" && cat a deep/b >>\"$here/listed\" && cat a >\"$OUTPUT1_STAGING_DIR/a.txt\" && echo more >>a"
  }

  data_node "file" "local" {
    path = "local/"
  }

  data_node "s3" "packed" {
    path      = "s3://acme/packed/a.txt.gz"
    overwrite = true
  }
}
HCL
pipeform apply --auto-approve >/dev/null
pipeform trigger pipeline.local --auto-approve >/dev/null
expect 0 pipeform run
printf '%s\n' ./a ./deep/b a deep/b >wanted
same wanted listed
[[ $(<local/a) == a ]] || fail "the command has changed the data"
s3 cat acme packed/a.txt.gz >packed.gz
[[ $(gzip -dc packed.gz) == a ]] || fail "what the path says is packed is not"
mv local/_SUCCESS local/_INCOMPLETE
pipeform trigger pipeline.local --auto-approve >/dev/null
expect 1 pipeform run
says "it is not complete"

step "the log of an attempt that fails before its work begins is there, too"
cat >>main.pipe.hcl <<'HCL'

pipeline "early" {
  log_uri     = "s3://acme/early-logs/"
  max_retries = 0

  activity "shell_command" "early" {
    command     = "true"
    environment = { NONE = secret("env://NOT_THERE") }
  }
}
HCL
pipeform apply --auto-approve >/dev/null
pipeform trigger pipeline.early --auto-approve >/dev/null
expect 1 pipeform run
says "NOT_THERE"
key=$(s3 names acme early-logs/ | tr -d '"')
[[ $key == early-logs/early/early/@early_*_Attempt=1/activity.log ]] || fail "the log is not there: $key"
s3 cat acme "$key" | grep -q NOT_THERE || fail "the log does not say why"
