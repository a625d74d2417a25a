"""Events, from the command and by HTTP, to the real graphite-web: each exactly once, as it was, across
an outage and across deaths of either side."""

import http.client
import json
import threading
import time
import urllib.parse

import graphite_web
import harness
from harness import EndToEnd, run_program, sized, wait_until

EVENTS_INPUT = {"name": "events", "type": "events", "listen": ["tcp://127.0.0.1:0"]}


def to_graphite_web(url, name="web", **keys):
    return {"name": name, "type": "graphite_events", "address": url, "backoff_max": "1s", **keys}


class Stream(threading.Thread):
    """Posts events one after another, on a connection that is kept, until it is stopped; what was not
    answered with 200 may or may not have been taken, and its number is not used again."""

    def __init__(self, url, prefix, pause=0.0):
        super().__init__(daemon=True)
        self.accepted = []
        self.in_doubt = []
        self._url = url
        self._prefix = prefix
        self._pause = pause
        self._stopped = threading.Event()
        self.start()

    def run(self):
        connection = None
        number = 0
        while not self._stopped.wait(self._pause):
            event = {
                "what": f"{self._prefix} {number}",
                "tags": ["stream", self._prefix],
                "data": f"line one\nline {number} ü",
                "when": 1700000000 + number // 3,
            }
            number += 1
            try:
                if connection is None:
                    place = urllib.parse.urlsplit(self._url)
                    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=harness.PATIENCE)
                connection.request("POST", "/events/", json.dumps(event))
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200, answer.status
                self.accepted.append(event)
            except ConnectionRefusedError:
                connection = None
                self._stopped.wait(0.02)
            except (OSError, http.client.HTTPException):
                self.in_doubt.append(event)
                connection = None

    def stop(self):
        self._stopped.set()
        self.join(harness.PATIENCE)
        return self


def as_shown(event):
    """What graphite-web shows of it."""
    return event["what"], tuple(sorted(event["tags"])), event["data"], int(event["when"])


class Events(EndToEnd):
    def graphite_web(self, started=True):
        web = graphite_web.GraphiteWeb(self.folder / "web", self.reserved_port().number)
        self.close_later(web.kill)
        return web.start() if started else web

    def http_url(self, daemon):
        return daemon.listening(name="events").replace("tcp://", "http://")

    def assert_each_once(self, web, wanted, perhaps=()):
        found = sorted(as_shown(each) for each in web.events())
        sure = sorted(as_shown(each) for each in wanted)
        doubtful = {as_shown(each) for each in perhaps}
        self.assertEqual(len(found), len(set(found)), "none is there twice")
        self.assertEqual([each for each in found if each not in doubtful], sure)

    def assert_adds_up(self, destination):
        self.assertEqual(
            destination["points_received_total"],
            destination["points_acknowledged_total"]
            + destination["points_pending"]
            + destination["points_dropped_total"],
        )

    def test_events_of_both_ways_arrive_as_they_were(self):
        web = self.graphite_web()
        daemon = self.daemon([to_graphite_web(web.url)], [EVENTS_INPUT]).start()
        before = time.time()
        done = daemon.command("event", "deployed", "--tag", "web", "--tag", "eu", "--data", "a\nb", "--when", "1700000001")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(daemon.command("event", "now", "--tag", "web").returncode, 0)
        url = self.http_url(daemon)
        self.assertEqual(graphite_web.post(url, {"what": "posted", "tags": "x  y", "when": 1700000002.75})[0], 200)
        daemon.wait_delivered("web")
        events = {each["what"]: each for each in web.events()}
        self.assertEqual(set(events), {"deployed", "now", "posted"})
        self.assertEqual(as_shown(events["deployed"]), ("deployed", ("eu", "web"), "a\nb", 1700000001))
        self.assertEqual(as_shown(events["posted"]), ("posted", ("x", "y"), "", 1700000002))
        self.assertTrue(int(before) <= events["now"]["when"] <= time.time())
        status = daemon.to("web")
        self.assertEqual((status["type"], status["state"], status["points_acknowledged_total"]), ("graphite_events", "connected", 3))
        self.assert_adds_up(status)
        self.assertIn("3 of 3 events", daemon.command("status").stdout)

    def test_bad_requests_are_answered_as_graphite_web_does_and_counted(self):
        web = self.graphite_web()
        daemon = self.daemon([to_graphite_web(web.url)], [EVENTS_INPUT]).start()
        url = self.http_url(daemon)
        self.assertEqual(graphite_web.post(url, {"what": "a", "tags": 5}), graphite_web.post(web.url, {"what": "a", "tags": 5}))
        for body in (b"no JSON", b"[]", {"tags": "x"}, {"what": "a", "when": "noon"}, b"[" * 60000):
            self.assertEqual(graphite_web.post(url, body)[0], 400, body)
        self.assertEqual(graphite_web.post(url, {"what": "a", "data": "x" * 70000})[0], 413)
        self.assertEqual(graphite_web.post(url + "/elsewhere", {"what": "a"})[0], 404)
        status = harness.find(daemon.now()["inputs"], "events")
        self.assertEqual(status["rejected_total"], 8)
        self.assertEqual(status["rejected"]["bad_event"], 5)
        self.assertEqual(status["rejected"]["event_too_large"], 1)
        self.assertEqual(web.events(), [])

    def test_events_wait_while_graphite_web_is_down(self):
        web = self.graphite_web()
        daemon = self.daemon([to_graphite_web(web.url)], [EVENTS_INPUT]).start()
        stream = Stream(self.http_url(daemon), "outage")
        wait_until(lambda: len(stream.accepted) > 20, "events are taken")
        web.kill()
        there = len(stream.accepted)
        wait_until(lambda: len(stream.accepted) > there + 20, "events are taken while it is down")
        wait_until(lambda: daemon.to("web")["state"] in ("backing_off", "connecting"), "the outage is seen")
        done = daemon.command("event", "outage by hand", "--tag", "hand", "--data", "d", "--when", "1700000000")
        self.assertEqual(done.returncode, 0)
        stream.stop()
        self.assertGreater(daemon.to("web")["points_pending"], 20)
        web.start()
        daemon.wait_delivered("web")
        by_hand = {"what": "outage by hand", "tags": ["hand"], "data": "d", "when": 1700000000}
        self.assert_each_once(web, [*stream.accepted, by_hand], stream.in_doubt)
        self.assert_adds_up(daemon.to("web"))

    def test_each_arrives_once_however_often_graphite_web_is_killed(self):
        web = self.graphite_web()
        daemon = self.daemon([to_graphite_web(web.url)], [EVENTS_INPUT]).start()
        stream = Stream(self.http_url(daemon), "server", pause=0.005)
        for round_ in range(sized(3, 10, 2)):
            delivered = daemon.to("web")["points_acknowledged_total"]
            wait_until(lambda: daemon.to("web")["points_acknowledged_total"] > delivered + 5, f"round {round_}")
            web.kill()
            web.start()
        stream.stop()
        daemon.wait_delivered("web")
        self.assert_each_once(web, stream.accepted, stream.in_doubt)

    def test_each_arrives_once_however_often_the_daemon_is_killed(self):
        web = self.graphite_web()
        port = self.reserved_port().number
        fixed = {**EVENTS_INPUT, "listen": [f"tcp://127.0.0.1:{port}"]}
        daemon = self.daemon([to_graphite_web(web.url)], [fixed]).start()
        stream = Stream(f"http://127.0.0.1:{port}", "daemon", pause=0.005)
        for round_ in range(sized(3, 10, 2)):
            delivered = daemon.to("web")["points_acknowledged_total"]
            wait_until(lambda: daemon.to("web")["points_acknowledged_total"] > delivered + 5, f"round {round_}")
            daemon.kill()
            daemon.start()
        stream.stop()
        daemon.wait_delivered("web")
        self.assert_each_once(web, stream.accepted, stream.in_doubt)
        self.assert_adds_up(daemon.to("web"))

    def test_what_graphite_web_refuses_is_set_aside_and_never_sent_again(self):
        web = self.graphite_web()
        # 404: there is nothing of graphite-web below that path.
        daemon = self.daemon([to_graphite_web(web.url + "/nothing/here")], [EVENTS_INPUT]).start()
        self.assertEqual(daemon.command("event", "lost", "--when", "1700000000").returncode, 0)
        daemon.wait_delivered("web")
        status = daemon.to("web")
        self.assertEqual(status["dropped"]["refused"], 1)
        self.assert_adds_up(status)
        aside = daemon.queue / "events" / "set-aside" / "web.lines"
        self.assertEqual(json.loads(aside.read_text())["what"], "lost")

    def test_points_and_events_do_not_meet(self):
        web = self.graphite_web()
        points = []
        receiver = self.receiver(points.append).start()
        inputs = [{"type": "graphite", "listen": ["tcp://127.0.0.1:0"]}, EVENTS_INPUT]
        daemon = self.daemon([harness.destination(receiver.url), to_graphite_web(web.url)], inputs).start()
        self.assertTrue(harness.send(daemon.listening(name="graphite"), b"a.b 1 1700000000\n"))
        self.assertEqual(daemon.command("event", "beside points", "--when", "1700000000").returncode, 0)
        daemon.wait_delivered("web")
        daemon.wait_delivered("primary")
        self.assertEqual([each["what"] for each in web.events()], ["beside points"])
        self.assertEqual(daemon.to("primary")["points_received_total"], 1)
        self.assertEqual(daemon.to("web")["points_received_total"], 1)

    def test_a_new_address_takes_what_waits_and_an_orphan_can_be_adopted(self):
        web = self.graphite_web(started=False)
        daemon = self.daemon([to_graphite_web(web.url)], [EVENTS_INPUT]).start()
        self.assertEqual(daemon.command("event", "kept", "--data", "d", "--when", "1700000000").returncode, 0)
        peek = daemon.command("queue", "peek", "--destination", "web")
        self.assertIn('"what":"kept"', peek.stdout)
        daemon.configure([to_graphite_web(web.url, name="other")], [EVENTS_INPUT])
        self.reload(daemon)
        self.assertEqual(daemon.to("web")["state"], "orphan")
        self.assertEqual(daemon.command("queue", "adopt", "web", "other").returncode, 0)
        web.start()
        daemon.wait_delivered("other")
        self.assert_each_once(web, [{"what": "kept", "tags": [], "data": "d", "when": 1700000000}])

    def reload(self, daemon):
        reloaded = daemon.log_text().count("reloaded")
        daemon.process.send_signal(1)
        wait_until(lambda: daemon.log_text().count("reloaded") > reloaded, "the configuration is read again")

    def test_the_command_says_what_is_wrong(self):
        web = self.graphite_web(started=False)
        daemon = self.daemon([to_graphite_web(web.url)], [EVENTS_INPUT])
        done = daemon.command("event", "nobody there")
        self.assertEqual(done.returncode, 3)
        self.assertIn("not running", done.stderr)
        self.assertEqual(daemon.command("event", "a", "--when", "noon").returncode, 2)
        self.assertEqual(run_program("event").returncode, 2)
        daemon.start()
        daemon.configure([harness.destination("tcp://127.0.0.1:9")])
        self.reload(daemon)
        done = daemon.command("event", "nobody would get it")
        self.assertEqual(done.returncode, 1)
        self.assertIn("graphite_events", done.stderr)

    def test_check_tells_whether_it_would_be_looked_for(self):
        web = self.graphite_web()
        daemon = self.daemon([to_graphite_web(web.url)], [EVENTS_INPUT])
        done = daemon.command("check", "--connect")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("tells which events it has", done.stdout)


if __name__ == "__main__":
    harness.main()
