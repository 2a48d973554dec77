"""Accounts of AWS Data Pipeline for the story of the same name.

    live-account.py fill URL       makes pipelines at a moto server; prints the id of the first
    live-account.py service FILE   answers as the service does when things go wrong; writes its port into FILE
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

ORDERS = {
    "Default": {"scheduleType": "cron", "schedule": {"ref": "Daily"}, "role": "PipelineRole", "pipelineLogUri": "#{myBucket}/logs"},
    "Daily": {"type": "Schedule", "period": "1 Day", "startDateTime": "2026-11-01T02:00:00"},
    "Machine": {"type": "Ec2Resource", "terminateAfter": "2 Hours"},
    "Count": {
        "type": "ShellCommandActivity",
        "command": "wc -l #{myBucket}/#{format(@scheduledStartTime, 'YYYY-MM-dd')}.csv",
        "scriptArgument": ["a", "b"],
        "runsOn": {"ref": "Machine"},
    },
}
PARAMETERS = {
    "parameterObjects": [{"id": "myBucket", "attributes": [{"key": "type", "stringValue": "AWS::S3::ObjectKey"}]}],
    "parameterValues": [{"id": "myBucket", "stringValue": "s3://acme"}],
}


def definition(objects):
    """Objects as the API has them."""
    made = []
    for identifier, fields in objects.items():
        listed = []
        for key, values in fields.items():
            for value in values if isinstance(values, list) else [values]:
                is_reference = isinstance(value, dict)
                listed.append({"key": key, "refValue": value["ref"]} if is_reference else {"key": key, "stringValue": value})
        made.append({"id": identifier, "name": identifier, "fields": listed})
    return made


def fill(url):
    import boto3

    client = boto3.client(
        "datapipeline", endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    tags = [{"key": "team", "value": "sales"}, {"key": "cost center", "value": "42"}]

    def create(name, objects, **more):
        identifier = client.create_pipeline(name=name, uniqueId=f"{name}-{more.pop('unique', 1)}", **more)["pipelineId"]
        if objects:
            client.put_pipeline_definition(pipelineId=identifier, pipelineObjects=definition(objects), **PARAMETERS)
        return identifier

    first = create("Orders", ORDERS, description="What was sold", tags=tags)
    client.activate_pipeline(pipelineId=first)
    create("Orders", ORDERS, unique=2)
    create("Broken", {**ORDERS, "Count": {"type": "ShellComandActivity", "command": "true"}})
    create("Nothing yet", {})
    for number in range(60):
        create(f"Small {number}", {"Default": {"scheduleType": "ondemand"}, "Do": {"type": "ShellCommandActivity", "command": "true"}})
    print(first)


class Service(BaseHTTPRequestHandler):
    """Four pipelines: one that is well, one that is deleted, one that the caller may not see, one that breaks the service. The first
    two calls of each kind are too many."""

    calls = {}

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, code, message):
        self.answer(400, {"__type": f"com.amazon.setl.webservice#{code}", "message": message})

    def do_POST(self):
        operation = self.headers["X-Amz-Target"].split(".")[1]
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        number = self.calls[operation] = self.calls.get(operation, 0) + 1
        if "busy" in self.headers["Authorization"] or number <= 2:
            return self.refuse("ThrottlingException", "Rate exceeded")
        if "stranger" in self.headers["Authorization"]:
            return self.refuse("UnrecognizedClientException", "The security token included in the request is invalid.")
        ids = asked.get("pipelineIds") or [asked.get("pipelineId")]
        if operation == "ListPipelines":
            # The second page is the last, and repeats its marker.
            page = ["df-1", "df-2"] if "marker" not in asked else ["df-3", "df-4"]
            listed = [{"id": one, "name": one} for one in page]
            return self.answer(200, {"pipelineIdList": listed, "marker": "2", "hasMoreResults": "marker" not in asked})
        if "df-2" in ids:
            return self.refuse("PipelineDeletedException", "Pipeline with id: df-2 does not exist")
        if operation == "DescribePipelines":
            fields = [{"key": "@pipelineState", "stringValue": "INACTIVE"}]
            return self.answer(
                200,
                {"pipelineDescriptionList": [{"pipelineId": one, "name": "Kunden & Käufe", "fields": fields, "tags": []} for one in ids]},
            )
        if "df-3" in ids:
            return self.refuse("AccessDeniedException", "User: arn:aws:iam::111122223333:user/x is not authorized")
        if "df-4" in ids:
            return self.answer(500, {"__type": "InternalServiceError", "message": "Something broke"})
        self.answer(200, {"pipelineObjects": definition(ORDERS), **PARAMETERS})

    def log_message(self, *_):
        pass


def serve(port_file):
    server = HTTPServer(("127.0.0.1", 0), Service)
    with open(port_file + ".new", "w") as file:
        file.write(str(server.server_port))
    os.rename(port_file + ".new", port_file)
    server.serve_forever()


if __name__ == "__main__":
    {"fill": fill, "service": serve}[sys.argv[1]](sys.argv[2])
