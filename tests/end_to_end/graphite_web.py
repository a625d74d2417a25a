"""The real graphite-web, of Debian's package, on Django's own development server: its events alone are
of interest. Everything it keeps is in a folder of the test."""

import json
import os
import urllib.error
import urllib.request

import harness

PYTHON = "/usr/bin/python3"  # whose packages graphite-web is among

_SETTINGS = """
STORAGE_DIR = {folder!r}
LOG_DIR = {folder!r}
INDEX_FILE = {folder!r} + "/index"
CONF_DIR = {folder!r}
SECRET_KEY = "of a test"
ALLOWED_HOSTS = ["*"]
TIME_ZONE = {time_zone!r}
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": {folder!r} + "/graphite.db",
                          "OPTIONS": {{"timeout": 20}}}}}}
"""


class GraphiteWeb:
    """Its time zone is not ours: times must not depend on it."""

    def __init__(self, folder, port, time_zone="America/New_York"):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "events_settings.py").write_text(_SETTINGS.format(folder=str(folder), time_zone=time_zone))
        self._port = port
        self._log = folder / "graphite-web.log"
        self._environment = {
            "PYTHONPATH": str(folder),
            "DJANGO_SETTINGS_MODULE": "graphite.settings",
            "GRAPHITE_SETTINGS_MODULE": "events_settings",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
        }
        self.process = None
        done = self._run("migrate", "--run-syncdb", "--verbosity", "0")
        if done != 0:
            raise AssertionError(f"graphite-web cannot be set up (is the package installed?):\n{self.log_text()}")

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}"

    def _spawn(self, *arguments):
        with self._log.open("ab") as log:
            return harness.spawn([PYTHON, "-m", "django", *arguments], log, log, self._environment)

    def _run(self, *arguments):
        return self._spawn(*arguments).wait(harness.PATIENCE)

    def start(self):
        self.process = self._spawn("runserver", "--noreload", "--insecure", f"127.0.0.1:{self._port}")
        harness.wait_until(self._answers, "graphite-web answers")
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"graphite-web ended at its start:\n{self.log_text()}")
        try:
            self.events()
            return True
        except OSError:
            return False

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def events(self, query=""):
        """Everything that it has, as its API shows it."""
        with urllib.request.urlopen(f"{self.url}/events/get_data?from=1{query}", timeout=harness.PATIENCE) as answer:
            return json.load(answer)

    def log_text(self):
        return self._log.read_text(errors="replace") if self._log.exists() else ""


def post(url, body, timeout=harness.PATIENCE):
    """The status and the body of the answer to an event."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url + "/events/", data=data, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()
