"""Shows that the floors test fails when it should, on trees made for it."""

import os
import tempfile
import unittest

import floors


class Floors(unittest.TestCase):
    def findings(self, path, text):
        with tempfile.TemporaryDirectory() as root:
            file = os.path.join(root, path)
            os.makedirs(os.path.dirname(file))
            with open(file, "w", encoding="utf-8") as out:
                out.write(text)
            return floors.check(root)

    def assert_refused(self, path, text, because):
        findings = self.findings(path, text)
        self.assertEqual(len(findings), 1, findings)
        self.assertIn(because, findings[0])

    def test_an_include_that_points_down_or_into_the_module_itself_is_allowed(self):
        self.assertEqual([], self.findings("src/output/a.cc", '#include "carbon_spool/queue/queue.h"\n'
                                           '#include "carbon_spool/output/b.h"\n#include "c.h"\n#include <map>\n'))

    def test_an_include_that_points_up_is_refused(self):
        self.assert_refused("src/queue/a.cc", '#include <map>\n#include "carbon_spool/daemon/daemon.h"\n',
                            "src/queue/a.cc:2: carbon_spool/daemon/daemon.h")

    def test_a_public_header_that_includes_upwards_is_refused(self):
        self.assert_refused("include/carbon_spool/base/a.h", '#include "carbon_spool/wire/b.h"\n', "floor 2")

    def test_an_include_beside_is_refused(self):
        self.assert_refused("src/queue/a.cc", '#include "carbon_spool/wire/b.h"\n', "floor 2")
        self.assert_refused("src/input/a.cc", '#include "carbon_spool/output/b.h"\n', "floor 4")

    def test_indented_and_angled_includes_are_seen(self):
        self.assert_refused("src/base/a.h", "#if 1\n  #  include <carbon_spool/queue/b.h>\n#endif\n", "a.h:2")

    def test_a_path_around_the_public_headers_is_refused(self):
        self.assert_refused("src/queue/a.cc", '#include "../daemon/b.h"\n', "public headers")

    def test_a_library_in_a_module_that_may_not_know_it_is_refused(self):
        for header in ("rocksdb/db.h", "toml.hpp", "CLI/CLI.hpp", "spdlog/spdlog.h", "boost/beast/http.hpp",
                       "boost/asio.hpp", "boost/asio/ip/tcp.hpp", "re2/set.h", "openssl/md5.h"):
            self.assert_refused("src/wire/a.cc", f"#include <{header}>\n", "may include it")

    def test_a_library_in_the_module_that_knows_it_is_allowed(self):
        self.assertEqual([], self.findings("src/queue/a.cc", "#include <rocksdb/db.h>\n"))
        self.assertEqual([], self.findings("src/daemon/a.cc", "#include <toml.hpp>\n"))

    def test_a_folder_without_a_floor_is_refused(self):
        self.assert_refused("src/util/a.cc", "", "no module that has a floor")
        self.assert_refused("src/main/a.cc", '#include "carbon_spool/util/b.h"\n', "util has no floor")


if __name__ == "__main__":
    unittest.main()
