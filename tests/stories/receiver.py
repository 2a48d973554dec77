"""A receiver of webhooks: receiver.py PORT-FILE EVENTS-FILE FAILURES

The first FAILURES requests are answered with 500. Each other one is checked as a receiver would, and its body written as a line of JSON
into EVENTS-FILE, with its headers. Also those that are refused are there, with the status they got.
"""

import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port_file, events_file, failures = sys.argv[1], sys.argv[2], int(sys.argv[3])
key = b"k-4f1d9c0a77e2"


class Receiver(BaseHTTPRequestHandler):
    asked = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Receiver.asked += 1
        timestamp = self.headers["X-Pipeform-Timestamp"]
        wanted = "sha256=" + hmac.new(key, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        genuine = hmac.compare_digest(wanted, self.headers.get("X-Pipeform-Signature", ""))
        fresh = abs(time.time() - int(timestamp)) < 300
        status = 500 if Receiver.asked <= failures else 204 if genuine and fresh else 403
        with open(events_file, "a") as file:
            event = {"status": status, "delivery": self.headers["X-Pipeform-Delivery"], "type": self.headers["Content-Type"]}
            file.write(json.dumps({**event, "token": self.headers.get("X-Token"), "body": json.loads(body)}) + "\n")
        self.send_response(status)
        text = b"the receiver is not well" if status == 500 else b""
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
with open(port_file + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
