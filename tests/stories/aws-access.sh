#!/usr/bin/env bash
# Ways to AWS: certificates of one's own, profiles, roles, addresses of single services, topics that keep an order, encryption. The stand-in is moto, spoken to
# by https, and a second server for S3; what is there is looked at with boto3.
set -euo pipefail
source "$(dirname "$0")/support.sh"

alone_with_aws
tools=$("$repository/tests/tools" moto)

step "an authority of one's own, and a server that it vouches for"
"$tools/python" - "$work" <<'PY'
import datetime, ipaddress, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

now = datetime.datetime.now(datetime.timezone.utc)

def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

def write(path, *parts):
    with open(f"{sys.argv[1]}/{path}", "wb") as file:
        for part in parts:
            file.write(part)

def key():
    return ec.generate_private_key(ec.SECP256R1())

def certificate(subject, of, issuer, by, extensions):
    builder = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(of.public_key())
               .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
               .not_valid_after(now + datetime.timedelta(days=9)))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

for authority in ["ours", "other"]:
    own = key()
    write(f"{authority}.pem", certificate(authority, own, authority, own, [x509.BasicConstraints(ca=True, path_length=0)]))
    if authority == "ours":
        server = key()
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        write("server.pem", certificate("server", server, authority, own, [names, x509.BasicConstraints(ca=False, path_length=None)]))
        write("server.key", server.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
PY
start_moto -c "$work/server.pem" -k "$work/server.key"
use_moto
export AWS_CA_BUNDLE=$work/ours.pem

# looks CODE: runs Python with boto3 at the stand-in.
looks() { "$tools/python" -c "import boto3, json
$1"; }

# apply: applies what comes in, anew; runs it.
apply() {
    cat >main.pipe.hcl
    rm -rf .pipeform
    pipeform apply --auto-approve >"$work/output" 2>&1 || fail "$(cat "$work/output")"
}
triggers() {
    pipeform trigger --auto-approve "$1" >"$work/output" 2>&1 || fail "$(cat "$work/output")"
}

looks 's3 = boto3.client("s3")
for bucket in ["data", "other"]: s3.create_bucket(Bucket=bucket)
s3.put_object(Bucket="data", Key="in.txt", Body=b"some data\n")
s3.put_object(Bucket="data", Key="large", Body=b"x" * 20_000_000)'
mkdir "$work/project"
cd "$work/project"
for n in 1 2 3; do echo "$n" >"$work/$n.txt"; done
head -c 20000000 /dev/zero >"$work/large"

step "AWS_CA_BUNDLE: what is trusted is the file, and nothing else"
apply <<HCL
pipeline "p" {
  max_retries = 0

  data_node "s3" "in" {
    path      = "s3://data/in.txt"
    overwrite = true
  }

  data_node "file" "out" {
    path      = "got.txt"
    overwrite = true
  }

  activity "copy" "get" {
    input  = data_node.in
    output = data_node.out
  }
}
HCL
triggers pipeline.p
AWS_MAX_ATTEMPTS=1 AWS_CA_BUNDLE=$work/other.pem expect 1 pipeform run
says "certificate"
triggers pipeline.p
AWS_CA_BUNDLE=$work/none.pem expect 1 pipeform run
says "none.pem"
triggers pipeline.p
AWS_CA_BUNDLE=$work/in expect 1 pipeform run
triggers pipeline.p
expect 0 pipeform run
[[ $(<got.txt) == "some data" ]] || fail "it is not the data"

step "a webhook trusts what SSL_CERT_FILE names, not AWS_CA_BUNDLE: its receiver is not AWS"
cat >"$work/receiver.py" <<'PY'
import http.server, ssl, sys
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + "/server.pem", sys.argv[1] + "/server.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
open(sys.argv[1] + "/port", "w").write(str(server.server_address[1]))
server.serve_forever()
PY
python3 "$work/receiver.py" "$work" 2>"$work/receiver.log" &
children+=($!)
until [[ -s $work/port ]]; do sleep 0.05; done
apply <<HCL
pipeline "p" {
  max_retries = 0

  activity "shell_command" "work" {
    command    = "true"
    on_success = action.hook
  }
}

action "webhook" "hook" {
  url     = "https://127.0.0.1:$(<"$work/port")/"
  retries = 0
}
HCL
triggers pipeline.p
expect 0 pipeform run
says "action.hook" "certificate"
triggers pipeline.p
SSL_CERT_FILE=$work/ours.pem expect 0 pipeform run
says "action.hook done"

step "AWS_PROFILE, and the profile of a provider: keys, region and address of the file"
mkdir "$work/.aws"
cat >"$work/.aws/config" <<INI
[profile mine]
aws_access_key_id = AKIAMINE
aws_secret_access_key = mine
region = eu-west-1
endpoint_url = $moto

[profile partner]
aws_access_key_id = AKIAPARTNER
aws_secret_access_key = partner
region = ap-south-1
endpoint_url = $moto
INI
apply <<HCL
provider "aws" {
  alias   = "partner"
  profile = "partner"
}

provider "aws" {
  alias  = "role"
  region = "us-east-1"

  assume_role {
    role_arn     = "arn:aws:iam::123456789012:role/load"
    session_name = "nightly"
    external_id  = "acme"
  }
}

pipeline "plain" {
  max_retries = 0

  data_node "s3" "out" {
    path      = "s3://other/plain.txt"
    overwrite = true
  }

  data_node "file" "one" {
    path = "$work/1.txt"
  }

  activity "copy" "put" {
    input  = data_node.one
    output = data_node.out
  }

  activity "shell_command" "who" {
    command         = "echo \$AWS_ACCESS_KEY_ID \$AWS_REGION >plain.who"
    aws_credentials = true
  }
}

pipeline "partner" {
  max_retries = 0

  provider = aws.partner

  activity "shell_command" "who" {
    command         = "echo \$AWS_ACCESS_KEY_ID \$AWS_REGION >partner.who"
    aws_credentials = true
  }
}

pipeline "role" {
  max_retries = 0

  provider = aws.role

  data_node "s3" "out" {
    path      = "s3://other/role.txt"
    overwrite = true
  }

  data_node "file" "two" {
    path = "$work/2.txt"
  }

  activity "copy" "put" {
    input  = data_node.two
    output = data_node.out
  }

  activity "shell_command" "who" {
    command         = "$tools/python $work/who.py >role.who"
    aws_credentials = true

    environment = {
      AWS_ENDPOINT_URL = "$moto"
    }
  }
}
HCL
echo 'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])' >"$work/who.py"
triggers pipeline.plain
triggers pipeline.partner
(
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_DEFAULT_REGION AWS_ENDPOINT_URL
    export AWS_PROFILE=mine
    expect 0 pipeform run
)
[[ $(<plain.who) == "AKIAMINE eu-west-1" ]] || fail "it is not the profile of the environment: $(<plain.who)"
[[ $(<partner.who) == "AKIAPARTNER ap-south-1" ]] || fail "it is not the profile of the provider: $(<partner.who)"
[[ $(looks 'print(boto3.client("s3").get_object(Bucket="other", Key="plain.txt")["Body"].read())') == "b'1\n'" ]] || fail "it is not there"
(
    export AWS_PROFILE=nobody
    unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
    triggers pipeline.plain.activity.who
    expect 1 pipeform run
    says "nobody"
)

step "assume_role: what is done is done in the role, also by a command, which is told what to trust"
triggers pipeline.role
expect 0 pipeform run
[[ $(<role.who) == arn:aws:sts::123456789012:assumed-role/load/nightly ]] || fail "it is not the role: $(<role.who)"
[[ $(looks 'print(boto3.client("s3").get_object(Bucket="other", Key="role.txt")["Body"].read())') == "b'2\n'" ]] || fail "it is not there"

step "endpoints: one service elsewhere, the others where they were; a copy between the two goes through here"
s3_server
unset AWS_ENDPOINT_URL_S3
export AWS_CA_BUNDLE=$work/ours.pem
s3 bucket store
apply <<HCL
provider "aws" {
  region       = "us-east-1"
  endpoint_url = "$moto"
}

provider "aws" {
  alias  = "store"
  region = "us-east-1"

  endpoints {
    s3 = "$s3_url"
  }
}

pipeline "p" {
  max_retries = 0

  on_success = action.told

  data_node "s3" "from" {
    path = "s3://data/large"
  }

  data_node "s3" "to" {
    provider = aws.store
    path     = "s3://store/large"
  }

  activity "copy" "over" {
    input  = data_node.from
    output = data_node.to
  }
}

action "sns" "told" {
  provider = aws.store
  topic    = "$(looks 'print(boto3.client("sns").create_topic(Name="told")["TopicArn"])')"
  subject  = "over"
  message  = "over"
}
HCL
triggers pipeline.p
expect 0 pipeform run
says "action.told done"
s3 cat store large | cmp - <(head -c 20000000 /dev/zero | tr '\0' x) || fail "it is not what it was"
use_moto

step "a topic that keeps an order: the messages of an action come in theirs, once"
topic=$(looks 'topic = boto3.client("sns").create_topic(Name="order.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
sqs = boto3.client("sqs")
url = sqs.create_queue(QueueName="order.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
print(topic)')
apply <<HCL
schedule "daily" {
  every       = "1 day"
  start       = "2026-11-01"
  occurrences = 5
}

pipeline "p" {
  max_retries = 0

  schedule             = schedule.daily
  max_active_instances = 1
  on_success           = action.told

  activity "shell_command" "work" {
    command = "true"
  }
}

action "sns" "told" {
  topic   = "$topic"
  subject = "done"
  message = run.node.date
}
HCL
expect 0 pipeform run
looks 'sqs = boto3.client("sqs")
url = sqs.get_queue_url(QueueName="order.fifo")["QueueUrl"]
for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]:
    print(json.loads(message["Body"])["Message"], message["Attributes"]["MessageGroupId"])' | tee "$work/found"
for day in 1 2 3 4 5; do echo "2026-11-0$day action.told"; done >"$work/wanted"
same "$work/wanted" "$work/found"

step "encryption: every write asks for it where it is said, in one call, in parts and by the service, and no other does"
for said in server_side_encryption none; do
    {
        printf 'pipeline "p" {\n  max_retries = 0\n\n'
        for name in small:file:$work/1.txt large:file:$work/large copied:s3:s3://data/in.txt; do
            IFS=: read -r name kind path <<<"$name"
            cat <<HCL
  data_node "$kind" "from_$name" {
    path = "$path"
  }

  data_node "s3" "to_$name" {
    path               = "s3://other/$said/$name/"
    s3_encryption_type = "$said"
  }

  activity "copy" "$name" {
    input  = data_node.from_$name
    output = data_node.to_$name
  }
HCL
        done
        echo '}'
    } | apply
    triggers pipeline.p
    expect 0 pipeform run
done
looks 's3 = boto3.client("s3")
for found in s3.list_objects_v2(Bucket="other")["Contents"]:
    if "/" in found["Key"]:
        print(found["Key"], s3.head_object(Bucket="other", Key=found["Key"]).get("ServerSideEncryption"))' | tee "$work/found"
for said in none:None server_side_encryption:AES256; do
    for name in copied/_SUCCESS copied/in.txt large/_SUCCESS large/large small/1.txt small/_SUCCESS; do echo "${said%:*}/$name ${said#*:}"; done
done >"$work/wanted"
same <(sort "$work/wanted") <(sort "$work/found")
