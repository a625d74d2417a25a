"""Shows that the tests of links and of machine paths fail when they should."""

import os
import tempfile
import unittest

import links
import machine_paths


class Text(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name

    def write(self, path, text):
        file = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "w", encoding="utf-8") as out:
            out.write(text)

    def test_links_to_files_and_headings_that_are_there_are_fine(self):
        self.write("docs/a.md", "# One `thing`, here\n[b](../b.md) [up](#one-thing-here) [web](https://example.com/x)\n")
        self.write("b.md", "[a](docs/a.md#one-thing-here) `[no](link.md)`\n```\n[no](link.md)\n```\n")
        self.assertEqual([], links.check(self.root))

    def test_a_link_to_a_missing_file_is_found(self):
        self.write("a.md", "```\n\n```\nsee [b](docs/b.md)\n")
        self.assertEqual(["a.md:4: docs/b.md: there is no such file"], links.check(self.root))

    def test_a_link_to_a_missing_heading_is_found(self):
        self.write("a.md", "# One\n[two](#two)\n")
        self.assertEqual(["a.md:2: #two: there is no such heading"], links.check(self.root))

    def test_the_path_of_the_tree_itself_is_found(self):
        self.write("a.cc", f'\nopen("{self.root}/x");\n')
        self.assertEqual([f"a.cc:2: {self.root}"], machine_paths.check(self.root))

    def test_a_persons_folder_is_found(self):
        self.write("a.sh", "cd /home" + "/someone\n")
        self.assertEqual(1, len(machine_paths.check(self.root)))

    def test_the_folders_of_every_system_may_be_named(self):
        self.write("a.md", "/etc/carbon-spool, /var/lib/carbon-spool, /home, unix:///run/a.sock\n")
        self.assertEqual([], machine_paths.check(self.root))


if __name__ == "__main__":
    unittest.main()
