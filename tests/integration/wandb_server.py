"""A stand-in for the W&B server on 127.0.0.1: as much of it as the real client asks for.

``WANDB_BASE_URL`` leads the client here. What it sends is kept by run: the settings of the run, the rows of its
history, its files and its tables. The server can be told to answer 500, to be slow, or to answer nothing at all. It
takes a sweep and hands the trials that it is given to an agent.
"""

import gzip
import json
import re
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Mode = Literal["well", "slow", "broken", "silent", "denying"]

KEY = 40 * "a"
SLOW = 2.0
"""Seconds to an answer."""

PROJECT = {"id": "UHJvamVjdA==", "name": "modeinterp", "entity": {"id": "RW50aXR5", "name": "someone"}}
VIEWER = {
    "id": "VXNlcg==",
    "entity": "someone",
    "username": "someone",
    "email": "",
    "flags": "{}",
    "teams": {"edges": []},
}


class Run:
    """What the client has sent of a run."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {}
        self.rows: dict[int, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.artifacts: list[dict[str, Any]] = []

    @property
    def config(self) -> dict[str, Any]:
        """As the user gave it."""
        entries = json.loads(self.settings["config"])
        return {name: entry["value"] for name, entry in entries.items() if name != "_wandb"}

    @property
    def history(self) -> list[dict[str, Any]]:
        """Rows in their order."""
        return [row for _, row in sorted(self.rows.items())]


class WandbServer:
    """Serve until the ``with`` block ends.

    Args:
        mode: How to answer at first.
    """

    def __init__(self, mode: Mode = "well") -> None:
        self.mode = mode
        self.broken_after: int | None = None  # rows of history, after which it answers 500
        self.runs: dict[str, Run] = defaultdict(Run)
        self.sweep: dict[str, Any] = {}
        self.trials: dict[str, dict[str, Any]] = {}  # parameters of the runs that an agent is to start
        self.requests: list[str] = []
        self._closing = threading.Event()
        outer = self

        class Handler(_Handler):
            server_of_runs = outer

        self._http = _QuietServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    def __enter__(self) -> "WandbServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What leads the client here."""
        return {"WANDB_BASE_URL": self.url, "WANDB_API_KEY": KEY, "WANDB_MODE": "online"}

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and content of the answer to a request."""
        if self.mode == "silent":
            self._closing.wait(600)
        if self.mode == "slow":
            time.sleep(SLOW)
        if self.mode == "broken":
            return 500, b"no"
        if self.mode == "denying":
            return 401, b"no"
        if path == "/graphql":
            request = json.loads(body)
            (name,) = re.findall(r"(?:query|mutation)\s+(\w+)", request["query"])[:1]
            self.requests.append(name)
            return 200, json.dumps({"data": self._query(name, request.get("variables") or {})}).encode()
        if path.endswith("/file_stream"):
            self._take_rows(self.runs[path.split("/")[-2]], json.loads(body))
        elif path.startswith("/upload/"):
            _, _, run, name = path.split("/", 3)
            self.runs[run].files[name] = body
        return 200, b"{}"

    def _query(self, name: str, variables: dict[str, Any]) -> dict[str, Any]:
        method = getattr(self, f"_{name}", None)
        return method(variables) if method else {}

    def _Viewer(self, variables: dict[str, Any]) -> dict[str, Any]:
        return {"viewer": VIEWER}

    def _ServerFeaturesQuery(self, variables: dict[str, Any]) -> dict[str, Any]:
        return {"serverInfo": {"features": []}}

    def _RunResumeStatus(self, variables: dict[str, Any]) -> dict[str, Any]:
        name = variables["name"]
        if name not in self.runs:
            return {"model": {**PROJECT, "bucket": None}}
        run = self.runs[name]
        last = json.dumps([json.dumps(run.history[-1])]) if run.rows else "[]"
        bucket = {
            **self._bucket(name),
            "summaryMetrics": "{}",
            "logLineCount": 0,
            "historyLineCount": len(run.rows),
            "eventsLineCount": 0,
            "historyTail": last,
            "eventsTail": "[]",
            "tags": run.settings.get("tags") or [],
            "notes": None,
            "wandbConfig": json.dumps({"t": json.loads(run.settings["config"])["_wandb"]["value"]["t"]}),
        }
        return {"model": {**PROJECT, "bucket": bucket}}

    def _UpsertBucket(self, variables: dict[str, Any]) -> dict[str, Any]:
        run = self.runs[variables["name"]]
        run.settings |= {name: value for name, value in variables.items() if value is not None}
        return {"upsertBucket": {"bucket": self._bucket(variables["name"]), "inserted": True}}

    def _CreateRunFiles(self, variables: dict[str, Any]) -> dict[str, Any]:
        run = variables["run"]
        files = [{"name": name, "uploadUrl": f"{self.url}/upload/{run}/{name}"} for name in variables["files"]]
        return {"createRunFiles": {"runID": "UnVu", "uploadHeaders": [], "files": files}}

    def _ArtifactType(self, variables: dict[str, Any]) -> dict[str, Any]:
        return {"project": None}  # there is no artifact of this name yet

    def _CreateArtifact(self, variables: dict[str, Any]) -> dict[str, Any]:
        settings = variables["input"]
        self.runs[settings["runName"]].artifacts.append(settings)
        name = settings["artifactCollectionName"]
        artifact = {"id": f"id-{name}", "state": "COMMITTED", "artifactSequence": {"latestArtifact": None}}
        return {"createArtifact": {"artifact": artifact}}

    def _UpsertSweep(self, variables: dict[str, Any]) -> dict[str, Any]:
        self.sweep = variables
        sweep = {"name": "sweep1", "project": {**PROJECT, "name": variables["projectName"]}}
        return {"upsertSweep": {"sweep": sweep, "configValidationWarnings": []}}

    def _SweepWithRuns(self, variables: dict[str, Any]) -> dict[str, Any]:
        return {"project": {"sweep": {"config": self.sweep["config"], "runs": {"edges": []}}}}

    def _CreateAgent(self, variables: dict[str, Any]) -> dict[str, Any]:
        return {"createAgent": {"agent": {"id": "agent1"}}}

    def _Heartbeat(self, variables: dict[str, Any]) -> dict[str, Any]:
        commands = [
            {
                "type": "run",
                "run_id": run,
                "program": "",
                "args": {name: {"value": each} for name, each in args.items()},
            }
            for run, args in self.trials.items()
        ]
        self.trials = {}
        return {"agentHeartbeat": {"agent": {"id": "agent1"}, "commands": json.dumps(commands)}}

    def _bucket(self, name: str) -> dict[str, Any]:
        run = self.runs[name]
        return {
            "id": f"id-{name}",
            "name": name,
            "displayName": run.settings.get("displayName"),
            "description": None,
            "config": run.settings.get("config", "{}"),
            "sweepName": None,
            "historyLineCount": len(run.rows),
            "project": PROJECT,
        }

    def _take_rows(self, run: Run, stream: dict[str, Any]) -> None:
        history = (stream.get("files") or {}).get("wandb-history.jsonl")
        if history:
            for i, line in enumerate(history["content"]):
                run.rows[history["offset"] + i] = json.loads(line)
        if self.broken_after is not None and len(run.rows) >= self.broken_after:
            self.mode = "broken"


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass  # the client has gone


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_of_runs: WandbServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        status, content = self.server_of_runs.answer(self.path, body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST

    def log_message(self, *_: object) -> None:
        pass
