"""What graphite-web does with events, as far as a sender can tell: quickly started, and at will out of order."""

import http.server
import json
import threading
import urllib.parse


class EventServer:
    """Keeps the events that are posted and shows those of a time; answers both with 503 while it is `down`."""

    def __init__(self, down=False):
        self.down = down
        self._events = []
        self._lock = threading.Lock()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not server.down:
                    server._take(json.loads(body))
                self._answer(b"")

            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                first, last = int(query["from"][0]), int(query["until"][0])
                self._answer(json.dumps([one for one in server.events() if first <= one["when"] <= last]).encode())

            def _answer(self, body):
                self.send_response(503 if server.down else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def _take(self, event):
        with self._lock:
            self._events.append({**event, "when": int(event["when"]), "tags": event.get("tags", "").split()})

    def events(self):
        with self._lock:
            return list(self._events)

    def whats(self):
        return sorted(each["what"] for each in self.events())

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
