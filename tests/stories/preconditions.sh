#!/usr/bin/env bash
# Activities wait for keys and prefixes of S3 and for tables and items of DynamoDB, which appear later; what never appears fails after
# `precondition_timeout`; what cannot be asked, because of wrong credentials or a network that is down, is shown as that and fails after
# its retries. Many instances that wait for the same key ask once.
set -euo pipefail
source "$(dirname "$0")/support.sh"

alone_with_aws
start_moto
use_moto

# boto CODE: Python with boto3, `s3` and `dynamodb` at the stand-in.
boto() {
    "$tools/python" - <<PY
import boto3
s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
$1
PY
}

step "nothing is there yet"
boto 's3.create_bucket(Bucket="acme")
s3.put_object(Bucket="acme", Key="logs-of-others/x", Body=b"")
s3.put_object(Bucket="acme", Key="done/nothing.txt", Body=b"")'
mkdir "$work/project"
cd "$work/project"
cat >main.pipe.hcl <<'HCL'
provider "aws" {
  region = "us-east-1"
}

pipeline "key" {
  activity "shell_command" "go" {
    command = "true"

    precondition "s3_key_exists" {
      s3_key      = "s3://acme/done/not hing é.txt"
      retry_delay = "1 second"
    }
  }
}

pipeline "prefix" {
  activity "shell_command" "go" {
    command = "true"

    precondition "s3_prefix_exists" {
      s3_prefix   = "s3://acme/logs/${run.date}/"
      retry_delay = "1 second"
    }
  }
}

pipeline "table" {
  activity "shell_command" "go" {
    command = "true"

    precondition "dynamodb_table_exists" {
      table_name  = "users"
      retry_delay = "1 second"
    }
  }
}

pipeline "data" {
  activity "shell_command" "go" {
    command = "true"

    precondition "dynamodb_data_exists" {
      table_name  = "users"
      retry_delay = "1 second"
    }
  }
}

pipeline "nodes" {
  data_node "s3" "folder" {
    path = "s3://acme/in/"

    precondition "exists" {
      retry_delay = "1 second"
    }
  }

  data_node "s3" "file" {
    path = "s3://acme/in/a.csv"

    precondition "exists" {
      retry_delay = "1 second"
    }
  }

  data_node "dynamodb" "users" {
    table_name = "users"

    precondition "exists" {
      retry_delay = "1 second"
    }
  }

  activity "shell_command" "go" {
    command = "true"
    input   = [data_node.folder, data_node.file, data_node.users]
  }
}

pipeline "never" {
  activity "shell_command" "go" {
    command = "true"

    precondition "s3_key_exists" {
      s3_key               = "s3://acme/never"
      retry_delay          = "1 second"
      precondition_timeout = "2 seconds"
    }
  }
}
HCL
expect 0 pipeform apply --auto-approve
for pipeline in key prefix table data nodes; do pipeform trigger --auto-approve "pipeline.$pipeline" >/dev/null; done
expect 0 pipeform run
says "0 failed"
expect 0 pipeform status
says 'waits for s3_key_exists: `s3://acme/done/not hing é.txt` does not exist' \
    "waits for s3_prefix_not_empty: there is nothing below \`s3://acme/logs/$(date -u +%Y-%m-%d)/\`" \
    'waits for dynamodb_table_exists: the table `users` does not exist in `us-east-1`' \
    'waits for dynamodb_data_exists: the table `users` does not exist in `us-east-1`' \
    'exists: there is nothing below `s3://acme/in/`' 'exists: `s3://acme/in/a.csv` does not exist'

step "a table without items, and then all comes while a runner waits"
boto 'dynamodb.create_table(TableName="users", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}], BillingMode="PAY_PER_REQUEST")'
sleep 1
expect 0 pipeform run
expect 0 pipeform status pipeline.data pipeline.table
says 'waits for dynamodb_data_exists: the table `users` has no items'
"$PIPEFORM" run --wait "5 minutes" >"$work/run" 2>&1 &
runner=$!
children+=("$runner")
sleep 2
boto "s3.put_object(Bucket='acme', Key='done/not hing é.txt', Body=b'')
s3.put_object(Bucket='acme', Key='logs/$(date -u +%Y-%m-%d)/x.gz', Body=b'x')
s3.put_object(Bucket='acme', Key='in/a.csv', Body=b'x')
dynamodb.put_item(TableName='users', Item={'id': {'S': 'a'}})"
wait "$runner" || fail "the runner that waited failed: $(<"$work/run")"
cat "$work/run"
for pipeline in key prefix data nodes; do
    grep -q "pipeline.$pipeline.activity.go .*: finished\|pipeline.$pipeline.activity.go .*FINISHED" "$work/run" || fail "pipeline.$pipeline did not go on"
done

step "what never comes fails in time"
expect 0 pipeform trigger --auto-approve pipeline.never
expect 1 pipeform run --wait "5 minutes"
says "its preconditions did not hold within 2s: s3_key_exists: \`s3://acme/never\` does not exist"

step "what cannot be asked is no \"not yet\": it is said, tried again, and fails"
# cannot PLACE TEXT...: a check of this place says this in the status while it is tried again, and then fails with it.
cannot() {
    local place=$1
    shift
    rm -rf "$work/cannot"
    mkdir "$work/cannot"
    cat >"$work/cannot/main.pipe.hcl" <<HCL
pipeline "work" {
  activity "shell_command" "go" {
    command = "true"

    precondition $place
  }
}
HCL
    pipeform --chdir "$work/cannot" apply --auto-approve >/dev/null
    pipeform --chdir "$work/cannot" trigger --auto-approve pipeline.work >/dev/null
    "$PIPEFORM" --chdir "$work/cannot" run >"$work/run" 2>&1 &
    local runner=$! tries
    for ((tries = 0; tries < 100; tries++)); do
        pipeform --chdir "$work/cannot" status >"$work/status" 2>&1
        ! grep -qF "waits for a check that could not be made, try 1 of 2" "$work/status" || break
        sleep 0.1
    done
    sed 's/^/  /' "$work/status"
    ! wait "$runner" || fail "a run whose checks cannot be made succeeded"
    cp "$work/run" "$work/output"
    sed 's/^/  /' "$work/run"
    says "FAILED: its preconditions cannot be checked: " "$@"
    grep -qF "waits for a check that could not be made, try 1 of 2" "$work/status" || fail "the status does not say that the check could not be made"
    for text in "$@"; do grep -qF -- "$text" "$work/status" || fail "the status does not say $text"; done
}
times='retry_delay = "2 seconds"
      max_retries = 1'
cannot "\"s3_key_exists\" {
      s3_key      = \"s3://other/x\"
      $times
    }" 'there is no bucket `other`'
cannot "\"s3_prefix_not_empty\" {
      s3_prefix   = \"s3://other/x\"
      $times
    }" 'there is no bucket `other`'
# A service that refuses all credentials: moto takes any.
cat >"$work/refuse.py" <<'PY'
import os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Refuse(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        del body
        if "X-Amz-Target" in self.headers:
            kind, text = "application/x-amz-json-1.0", b'{"__type": "com.amazonaws#UnrecognizedClientException", "message": "The security token included in the request is invalid."}'
            status = 400
        else:
            kind, text = "application/xml", b"<Error><Code>InvalidAccessKeyId</Code><Message>The AWS Access Key Id you provided does not exist in our records.</Message></Error>"
            status = 403
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_HEAD = do_POST = answer

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
PY
python3 "$work/refuse.py" "$work/refuse-port" &
children+=($!)
until [[ -e $work/refuse-port ]]; do sleep 0.05; done
export AWS_ENDPOINT_URL=http://127.0.0.1:$(<"$work/refuse-port") AWS_MAX_ATTEMPTS=2
cannot "\"s3_key_exists\" {
      s3_key      = \"s3://acme/x\"
      $times
    }" "these credentials may not"
cannot "\"s3_prefix_not_empty\" {
      s3_prefix   = \"s3://acme/x\"
      $times
    }" "these credentials may not: The AWS Access Key Id you provided does not exist in our records"
cannot "\"dynamodb_table_exists\" {
      table_name  = \"users\"
      $times
    }" "AWS refuses this to these credentials: The security token included in the request is invalid."
export AWS_ENDPOINT_URL=http://127.0.0.1:9
cannot "\"dynamodb_data_exists\" {
      table_name  = \"users\"
      $times
    }" "AWS cannot be reached"
unset AWS_MAX_ATTEMPTS
export AWS_ENDPOINT_URL=$moto

step "a place that is none is found before there is an attempt"
mkdir "$work/none"
cat >"$work/none/main.pipe.hcl" <<'HCL'
pipeline "work" {
  activity "shell_command" "go" {
    command = "true"

    precondition "s3_key_exists" {
      s3_key = "acme/x"
    }
  }
}
HCL
expect 1 pipeform --chdir "$work/none" apply --auto-approve
says "The object is \`acme/x\`: it does not begin with \`s3://\`."

step "a profile that is asked for by name goes before the keys of the environment"
mkdir "$work/profile"
cat >"$work/profile/main.pipe.hcl" <<'HCL'
provider "aws" {
  region  = "us-east-1"
  profile = "nobody"
}

pipeline "work" {
  activity "shell_command" "go" {
    command = "true"

    precondition "s3_key_exists" {
      s3_key      = "s3://acme/in/a.csv"
      retry_delay = "1 second"
      max_retries = 0
    }
  }
}
HCL
pipeform --chdir "$work/profile" apply --auto-approve >/dev/null
pipeform --chdir "$work/profile" trigger --auto-approve pipeline.work >/dev/null
expect 1 pipeform --chdir "$work/profile" run
says "FAILED: its preconditions cannot be checked: " "there is no profile \`nobody\`"

step "three hundred instances that wait for the same key ask once in a while, and not three hundred times"
mkdir "$work/many"
cd "$work/many"
cat >main.pipe.hcl <<'HCL'
pipeline "many" {
  activity "shell_command" "go" {
    for_each = toset([for number in range(300) : tostring(number)])
    command  = "true"

    precondition "s3_key_exists" {
      s3_key = "s3://acme/many"
    }
  }
}
HCL
pipeform apply --auto-approve >/dev/null
pipeform trigger --auto-approve=300 pipeline.many >/dev/null
pipeform run >"$work/run"
tail -3 "$work/run"
asked=$(grep -c 'HEAD /acme/many ' "$work/moto.log" || true)
echo "asked $asked times"
[[ $asked -ge 1 && $asked -le 30 ]] || fail "the key was asked for $asked times"
