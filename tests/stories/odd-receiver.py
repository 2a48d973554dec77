"""A receiver of webhooks that is of no help: odd-receiver.py PORT-FILE SEEN-FILE MODE [CERTIFICATE]

slow: takes its time, counts into SEEN-FILE how many requests there were at once at most, and answers 503, or 204 where it is asked for `?well`;
echo: answers 500, with the address it was asked for; tls: answers 204, with a certificate and key of its own.
"""

import os
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port_file, seen_file, mode = sys.argv[1:4]
lock = threading.Lock()
at_once = most = 0


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        global at_once, most
        self.rfile.read(int(self.headers["Content-Length"]))
        status, text = 204, b""
        if mode == "slow":
            with lock:
                at_once += 1
                most = max(most, at_once)
                with open(seen_file, "w") as file:
                    file.write(str(most))
            time.sleep(0.1)
            with lock:
                at_once -= 1
            status = 204 if "?well" in self.path else 503
        elif mode == "echo":
            status, text = 500, f"Cannot POST {self.path}".encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 1024


server = Server(("127.0.0.1", 0), Receiver)
if mode == "tls":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(port_file + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
