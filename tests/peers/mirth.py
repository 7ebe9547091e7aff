# SPDX-License-Identifier: Apache-2.0
"""What drills with an integration engine need beside it.

    mirth.py send PORT FILE...                 messages over MLLP, prints each MSA
    mirth.py load PORT SECONDS CONNECTIONS     ever new messages as fast as they are
                                               acknowledged; prints N/s and p50, p95 in ms
    mirth.py model PORT DB                     the usual alternative: a service that keeps
                                               each message in SQLite, synchronous, before
                                               it answers
"""
import http.server
import os
import socket
import sqlite3
import sys
import threading
import time

LIMIT_S = 60


class Mllp:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), LIMIT_S)
        self.rest = b""

    def ask(self, message):
        self.socket.sendall(b"\x0b" + message + b"\x1c\r")
        while b"\x1c\r" not in self.rest:
            got = self.socket.recv(65536)
            if not got:
                raise ConnectionError("closed without an answer")
            self.rest += got
        answer, self.rest = self.rest.split(b"\x1c\r", 1)
        return answer.lstrip(b"\x0b")


def msa(answer):
    return next((s.decode("latin-1") for s in answer.split(b"\r") if s.startswith(b"MSA")),
                "no MSA")


def send(port, *files):
    """One connection, as a sender has it. Exit status 1: one was not answered."""
    line = Mllp(int(port))
    for path in files:
        with open(path, "rb") as f:
            print(msa(line.ask(f.read().strip(b"\n"))), flush=True)


def invented(run, one, number):
    """An update of an invented patient: 279 bytes or so, never twice the same."""
    return "\r".join((
        f"MSH|^~\\&|BENCH|LAKESIDE|A|B|20260101080000+0000||ADT^A08^ADT_A01|{run}-{one}-{number}|P|2.5.1",
        "EVN|A08|20260101080000+0000",
        f"PID|1||B{number % 500:05}^^^LAKESIDE^MR||Bench{one}^Invented^Q||19480214|F|||1 Test Street^^Lakeside^^00001||555-0100",
        f"PV1|1|I|W^1^A^LAKESIDE||||||||||||||||V{number % 500:05}^^^LAKESIDE^VN",
        "")).encode()


def load(port, seconds, connections):
    took, wrong = [], []
    run = os.getpid()
    stop = time.monotonic() + float(seconds)

    def one(i):
        line = Mllp(int(port))
        number = 0
        while time.monotonic() < stop:
            message = invented(run, i, number)
            number += 1
            began = time.perf_counter()
            said = msa(line.ask(message))
            took.append(time.perf_counter() - began)
            if not said.startswith(("MSA|AA", "MSA|CA")):
                wrong.append(said)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(int(connections))]
    began = time.monotonic()
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    rate = len(took) / (time.monotonic() - began)
    took.sort()
    print(f"{rate:.0f}\t{1e3 * took[len(took) // 2]:.2f}\t{1e3 * took[len(took) * 95 // 100]:.2f}")
    if wrong:
        sys.exit(f"{len(wrong)} not accepted: {wrong[0]}")


def model(port, path):
    lock = threading.Lock()
    db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE message (raw BLOB NOT NULL)")

    class Service(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_POST(self):
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                db.execute("INSERT INTO message VALUES (?)", (raw,))
            head = raw.split(b"\r", 1)[0].split(b"|")
            said = b"MSH|^~\\&|MODEL|M|" + b"|".join(head[2:4]) + \
                b"|20260101||ACK|1|P|2.5.1\rMSA|AA|" + head[9] + b"\r"
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, *_):
            """Who hangs up is none."""
            if not isinstance(sys.exc_info()[1], ConnectionError):
                super().handle_error(*_)

    Server(("127.0.0.1", int(port)), Service).serve_forever()


if __name__ == "__main__":
    commands = {"send": send, "load": load, "model": model}
    if len(sys.argv) < 4 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    try:
        commands[sys.argv[1]](*sys.argv[2:])
    except OSError as e:
        sys.exit(f"mirth.py: {e}")
