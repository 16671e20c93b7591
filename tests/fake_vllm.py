#!/usr/bin/env python3
"""Stands in for the `vllm` program: speaks as much of its HTTP as is looked at, and can go wrong.

FAKE_VLLM: `dies` before it is healthy, `never` is healthy, `later` ends when it has been, `deaf` to SIGTERM.
FAKE_VLLM_CHILD names a file that gets the number of a child process of its own.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODE = os.environ.get("FAKE_VLLM", "")


def option(name: str) -> str:
    """Value of an option of the command line."""
    return sys.argv[sys.argv.index(name) + 1]


class Handler(BaseHTTPRequestHandler):
    """/health and /v1/models."""

    def do_GET(self) -> None:
        healthy = self.path == "/health" and MODE != "never"
        key = os.environ.get("VLLM_API_KEY")
        if key and not healthy and self.headers.get("Authorization") != f"Bearer {key}":
            self.send_response(401)
            self.end_headers()
            return
        models = {"data": [{"id": option("--served-model-name")}]} if self.path == "/v1/models" else {}
        self.send_response(200 if healthy or models else 503)
        self.end_headers()
        self.wfile.write(json.dumps(models).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until a signal comes."""
    if MODE == "dies":
        sys.exit(7)
    if MODE == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if kept := os.environ.get("FAKE_VLLM_CHILD"):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        Path(kept).write_text(str(child.pid), "ascii")
    if MODE == "later":
        threading.Timer(1.0, os._exit, (9,)).start()
    ThreadingHTTPServer((option("--host"), int(option("--port"))), Handler).serve_forever()


if __name__ == "__main__":
    main()
