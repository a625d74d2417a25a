"""`carbon-spool check`, and how a bad configuration is told."""

import harness
import peers
import points
from harness import destination, run_program

GOOD = """[[input]]
type = "graphite"
listen = ["tcp://127.0.0.1:0"]

[[destination]]
address = "tcp://127.0.0.1:2003"
"""


class Configuration(harness.EndToEnd):
    def check(self, text, *options):
        self.file = self.folder / "carbon-spool.toml"
        self.file.write_text(f'[queue]\npath = "{self.folder}/queue"\n[admin]\nsocket = "{self.folder}/admin"\n' + text)
        return run_program("check", "--config", self.file, *options)

    def line_of(self, text):
        for number, line in enumerate(self.file.read_text().splitlines(), 1):
            if text in line:
                return number
        raise AssertionError(text)

    def assert_refused(self, text, offender, *words):
        """Exit code 2, and the line that holds `offender` is named with `words`."""
        done = self.check(text)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        where = f"{self.file}:{self.line_of(offender)}"
        told = [line for line in done.stderr.splitlines() if where in line]
        self.assertTrue(told, f"{where} is not in:\n{done.stderr}")
        for word in words:
            self.assertIn(word, "\n".join(told))

    def test_one_input_and_one_destination_are_a_complete_configuration(self):
        done = self.check(GOOD)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("tcp://127.0.0.1:2003", done.stdout)
        self.assertIn("drop_oldest", done.stdout)

    def test_check_makes_no_queue(self):
        self.check(GOOD)
        self.assertFalse((self.folder / "queue").exists())

    def test_every_error_names_file_line_and_key(self):
        cases = [
            ('when_full = "explode"', "[queue]", "when_full", "drop_oldest"),
            ('max_size = "64 bananas"', "[queue]", "max_size"),
            ("max_size = 12.5", "[queue]", "max_size"),
            ('sync = "sometimes"', "[queue]", "sync"),
            ('max_sise = "1GiB"', "[queue]", "max_sise", "max_size"),
            ('min_free_disk = "-1MiB"', "[queue]", "min_free_disk"),
            ("threads = 0", "[daemon]", "threads"),
            ('shutdown_timeout = "soon"', "[daemon]", "shutdown_timeout"),
            ('level = "loud"', "[log]", "level"),
        ]
        for wrong, table, *words in cases:
            with self.subTest(wrong):
                text = GOOD + f"{table}\n{wrong}\n" if table != "[queue]" else GOOD
                if table == "[queue]":
                    self.assert_refused_in_queue(wrong, words)
                else:
                    self.assert_refused(text, wrong, *words)

    def assert_refused_in_queue(self, wrong, words):
        file = self.folder / "queue.toml"
        file.write_text(f'[queue]\npath = "{self.folder}/queue"\n\n{wrong}\n{GOOD}')
        done = run_program("check", "--config", file)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        for word in (f"{file}:4", *words):
            self.assertIn(word, done.stderr)

    def test_errors_of_inputs_and_destinations_are_told_with_their_line(self):
        cases = [
            ('address = "tcp://127.0.0.1"', "address"),
            ('address = "http://127.0.0.1:80"', "address"),
            ('address = "udp://127.0.0.1:2003"', "address"),
            ('address = "tls://127.0.0.1:2003"', "address", "tls"),
            ('address = "tcp://127.0.0.1:99999"', "address"),
            ('acknowledge = "perhaps"', "acknowledge", "kernel"),
            ('confirm_every = "1 fortnight"', "confirm_every"),
            ('confirm_byte = "1MiB"', "confirm_byte", "confirm_bytes"),
            ('replay = "sideways"', "replay"),
        ]
        for wrong, *words in cases:
            with self.subTest(wrong):
                address = "" if wrong.startswith("address") else 'address = "tcp://127.0.0.1:2003"\n'
                self.assert_refused(f"{GOOD}[[destination]]\nname = \"two\"\n{address}{wrong}\n", wrong, *words)

    def test_what_does_not_exist_yet_is_refused_by_its_name(self):
        self.assert_refused(GOOD + '[[destination]]\naddress = "tls://a:1"\n', "tls://", "tls")
        done = self.check(GOOD.replace("[[input]]", 'listen = "127.0.0.1:8080"\n[[input]]', 1))
        self.assertEqual(done.returncode, 2)
        self.assertIn("listen", done.stderr)

    def test_a_destination_without_an_address_and_two_of_one_name_are_refused(self):
        done = self.check(GOOD + '[[destination]]\nname = "two"\n')
        self.assertEqual(done.returncode, 2)
        self.assertIn("address", done.stderr)
        twin = '[[destination]]\nname = "twin"\naddress = "tcp://127.0.0.1:2003"\n'
        done = self.check(GOOD + twin + twin)
        self.assertEqual(done.returncode, 2)
        self.assertIn("twin", done.stderr)

    def test_all_errors_are_told_in_one_run(self):
        done = self.check(GOOD + '[daemon]\nthreads = "many"\nspeed = 3\n[log]\nlevel = 5\n')
        self.assertEqual(done.returncode, 2)
        for wrong in ("threads", "speed", "level = 5"):
            self.assertIn(f"{self.file}:{self.line_of(wrong)}", done.stderr)

    def test_a_syntax_error_is_told_with_its_line(self):
        self.assert_refused(GOOD + "[daemon\n", "[daemon")

    def test_run_refuses_what_check_refuses(self):
        self.check(GOOD + '[log]\nlevel = "loud"\n')
        done = run_program("run", "--config", self.file)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{self.file}:{self.line_of('loud')}", done.stderr)
        self.assertFalse((self.folder / "queue").exists())

    def test_a_missing_file_is_named(self):
        done = run_program("check", "--config", self.folder / "none.toml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("none.toml", done.stderr)


class CheckConnect(harness.EndToEnd):
    def test_it_says_which_destinations_would_confirm(self):
        good = self.receiver(points.CheckList(1)).start()
        mute = self.receiver(points.CheckList(1), closes=False).start()
        gone = self.reserved_port()
        hole = peers.BlackHole()
        self.close_later(hole.close)
        quick = {"connect_timeout": "1s", "confirm_timeout": "1s"}
        daemon = self.daemon([
            destination(good.url, "good", **quick),
            destination(mute.url, "mute", **quick),
            destination(gone.url, "gone", **quick),
            destination(hole.url, "hole", **quick),
            destination("tcp://no-such-host.invalid:2003", "nowhere", **quick),
        ])  # fmt: skip

        done = daemon.command("check", "--connect")

        told = {name: [line for line in done.stdout.splitlines() + done.stderr.splitlines() if name in line]
                for name in ("good", "mute", "gone", "hole", "nowhere")}  # fmt: skip
        for name, lines in told.items():
            self.assertTrue(lines, f"{name} is not mentioned:\n{done.stdout}{done.stderr}")
        self.assertEqual(good.ends_of_file, 1, "the good one saw no half-close")
        self.assertEqual(mute.connections_total, 1)
        everything = done.stdout + done.stderr
        self.assertIn("confirm", everything)
        self.assertRegex(everything, "(?i)refused")
        self.assertIn("acknowledge", everything, "what to set for a peer that never confirms")
        self.assertFalse(daemon.queue.exists())


if __name__ == "__main__":
    harness.main()
