"""What is at EMR, seen with boto3 and not with our own code. For tests and stories.

    emr.py clusters [STATE...]     prints a line for each cluster: its id, state and name; oldest first
    emr.py alive                   the same of those that are not terminated
    emr.py steps CLUSTER           prints a line for each of its steps: id, state and name; oldest first
    emr.py step CLUSTER STEP       prints a step as JSON
    emr.py cluster CLUSTER         prints a cluster as JSON
    emr.py groups CLUSTER          prints a line for its machines of each kind: role, number, type, market and price
    emr.py tags CLUSTER            prints its tags, `KEY=VALUE`, in order
    emr.py run NAME [JSON]         makes a cluster that waits for steps and prints its id; JSON: further arguments of RunJobFlow
    emr.py add CLUSTER JAR [ARG..] gives it a step and prints its id
    emr.py cancel CLUSTER STEP     cancels a step
    emr.py end CLUSTER...          terminates clusters
    emr.py until CLUSTER STATE     waits until a cluster has that state, at most two minutes

The address is AWS_ENDPOINT_URL_EMR.
"""

import json
import os
import sys
import time

import boto3

ALIVE = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING", "TERMINATING"]


def client():
    return boto3.client(
        "emr",
        endpoint_url=os.environ["AWS_ENDPOINT_URL_EMR"],
        region_name=os.environ.get("AWS_REGION", "us-east-1"),
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def clusters(emr, states):
    pages = emr.get_paginator("list_clusters").paginate(**({"ClusterStates": states} if states else {}))
    found = [cluster for page in pages for cluster in page["Clusters"]]
    for one in sorted(found, key=lambda one: one["Status"]["Timeline"]["CreationDateTime"]):
        print(one["Id"], one["Status"]["State"], one["Name"])


def until(emr, cluster, state):
    for _ in range(600):
        if emr.describe_cluster(ClusterId=cluster)["Cluster"]["Status"]["State"] == state:
            return
        time.sleep(0.2)
    sys.exit(f"{cluster} is not {state}")


def run(emr, name, further="{}"):
    instances = {"MasterInstanceType": "m5.xlarge", "InstanceCount": 1, "KeepJobFlowAliveWhenNoSteps": True}
    print(emr.run_job_flow(**{"Name": name, "ReleaseLabel": "emr-7.5.0", "Instances": instances, **json.loads(further)})["JobFlowId"])


def add(emr, cluster, jar, *words):
    step = {"Name": "step", "ActionOnFailure": "CONTINUE", "HadoopJarStep": {"Jar": jar, "Args": list(words)}}
    print(emr.add_job_flow_steps(JobFlowId=cluster, Steps=[step])["StepIds"][0])


def main(command, *rest):
    emr = client()
    if command == "clusters":
        clusters(emr, list(rest))
    elif command == "alive":
        clusters(emr, ALIVE)
    elif command == "steps":
        pages = emr.get_paginator("list_steps").paginate(ClusterId=rest[0])
        for step in reversed([step for page in pages for step in page["Steps"]]):
            print(step["Id"], step["Status"]["State"], step["Name"])
    elif command == "step":
        step = emr.describe_step(ClusterId=rest[0], StepId=rest[1])["Step"]
        print(json.dumps(step, default=str, sort_keys=True))
    elif command == "cluster":
        print(json.dumps(emr.describe_cluster(ClusterId=rest[0])["Cluster"], default=str, sort_keys=True))
    elif command == "groups":
        groups = emr.list_instance_groups(ClusterId=rest[0])["InstanceGroups"]
        for group in sorted(groups, key=lambda group: ["MASTER", "CORE", "TASK"].index(group["InstanceGroupType"])):
            price = group.get("BidPrice") or ""
            words = [group["InstanceGroupType"], str(group["RequestedInstanceCount"]), group["InstanceType"], group["Market"], price]
            print(" ".join(words).strip())
    elif command == "tags":
        tags = emr.describe_cluster(ClusterId=rest[0])["Cluster"]["Tags"]
        print("\n".join(sorted(f"{tag['Key']}={tag['Value']}" for tag in tags)))
    elif command == "run":
        run(emr, *rest)
    elif command == "add":
        add(emr, *rest)
    elif command == "cancel":
        answer = emr.cancel_steps(ClusterId=rest[0], StepIds=[rest[1]])["CancelStepsInfoList"][0]
        print(answer["Status"], answer.get("Reason", ""))
    elif command == "end":
        emr.terminate_job_flows(JobFlowIds=list(rest))
    elif command == "until":
        until(emr, *rest)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
