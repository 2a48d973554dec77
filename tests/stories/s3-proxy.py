"""A proxy before an S3 server that does harm: it cuts connections at random bytes, or answers that there are too many requests.

    s3-proxy.py UPSTREAM cut SHARE SEED        cuts a share of the connections (0 to 1), each at a random byte of either direction
    s3-proxy.py UPSTREAM throttle SHARE SEED   answers the first request of a share of the connections with 503 SlowDown
    s3-proxy.py UPSTREAM slow MEGABYTES SEED   lets so many megabytes a second through, all connections together
    s3-proxy.py UPSTREAM pieces MEGABYTES SEED the same, and cuts each connection after three megabytes

Prints its address, and at the end of its standard input how many connections there were and how many it harmed.
"""

import random
import socket
import struct
import sys
import threading
import time
from urllib.parse import urlsplit

BUSY = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code>'
    b"<Message>Please reduce your request rate.</Message></Error>"
)


class Proxy:
    def __init__(self, upstream, mode, share, seed):
        address = urlsplit(upstream)
        self.upstream = (address.hostname, address.port)
        self.mode, self.share = mode, share
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.connections = self.harmed = 0
        self.free_at = 0.0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            with self.lock:
                self.connections += 1
                harm = self.random.random() < self.share
                # As often below a kilobyte as above a megabyte.
                budget = int(10 ** self.random.uniform(0, 7.3))
                if self.mode in ("slow", "pieces"):
                    harm, budget = self.mode == "pieces", 3_000_000
            threading.Thread(target=self.handle, args=(client, harm, budget), daemon=True).start()

    def handle(self, client, harm, budget):
        if harm and self.mode == "throttle":
            self.refuse(client)
            return
        try:
            server = socket.create_connection(self.upstream)
        except OSError:
            client.close()
            return
        for s in (client, server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        left = [budget if harm else None]
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=self.pump, args=(source, target, left), daemon=True).start()

    def pump(self, source, target, left):
        try:
            while data := source.recv(1 << 16):
                if left[0] is not None:
                    data, left[0] = data[: max(left[0], 0)], left[0] - len(data)
                if self.mode in ("slow", "pieces"):
                    self.wait(len(data))
                target.sendall(data)
                if left[0] is not None and left[0] <= 0:
                    with self.lock:
                        self.harmed += 1
                    left[0] = None
                    self.reset(source)
                    self.reset(target)
                    return
            target.shutdown(socket.SHUT_WR)
        except OSError:
            for s in (source, target):
                s.close()

    def wait(self, count):
        with self.lock:
            now = time.monotonic()
            self.free_at = max(self.free_at, now) + count / (self.share * 1e6)
            rest = self.free_at - now
        time.sleep(rest)

    @staticmethod
    def reset(s):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        s.close()

    def refuse(self, client):
        with client:
            data = b""
            while b"\r\n\r\n" not in data:
                more = client.recv(1 << 16)
                if not more:
                    return
                data += more
            head = data.split(b"\r\n\r\n")[0].lower()
            length = 0
            for line in head.split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            got = len(data.split(b"\r\n\r\n", 1)[1])
            while got < length:
                more = client.recv(1 << 16)
                if not more:
                    break
                got += len(more)
            with self.lock:
                self.harmed += 1
            client.sendall(
                b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nConnection: close\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(BUSY), BUSY)
            )


if __name__ == "__main__":
    proxy = Proxy(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
    threading.Thread(target=proxy.serve, daemon=True).start()
    print("http://127.0.0.1:%d" % proxy.listener.getsockname()[1], flush=True)
    sys.stdin.read()
    print(proxy.connections, "connections,", proxy.harmed, "harmed", flush=True)
