// One log that is followed, whatever its rotation does: each line once.

#include <catch2/catch.hpp>

#include "tail_scene.h"

namespace carbon_spool {
namespace {

namespace fs = std::filesystem;

using Taken = std::vector<std::string>;

TEST_CASE("a log is read from its beginning, or behind its last whole line", "[tail]") {
  Scene scene;
  scene.write("a\nb\nha");
  SECTION("beginning") {
    scene.begin();
    CHECK(scene.read() == Taken{"a", "b"});
  }
  SECTION("end") {
    scene.begin_at_end();
    CHECK(scene.read().empty());
  }
  scene.write("lf\nc\n");
  CHECK(scene.read() == Taken{"half", "c"});
  scene.restart();
  CHECK(scene.read().empty());
  scene.write("d\n");
  CHECK(scene.read() == Taken{"d"});
}

TEST_CASE("a file that is renamed is read on, and then the new one", "[tail]") {
  Scene scene;
  scene.write("a\n");
  scene.begin();
  CHECK(scene.read() == Taken{"a"});
  const bool create = GENERATE(false, true);
  scene.rename(create);
  CHECK(scene.read().empty());
  scene.write_to(scene.log(".1"), "late\n");
  CHECK(scene.read() == Taken{"late"});
  if (GENERATE(false, true)) scene.restart();
  scene.write_to(scene.log(".1"), "later\nlast half");
  scene.write("b\n");
  CHECK(scene.read() == Taken{"later", "b", "last half"});
  scene.restart();
  CHECK(scene.read().empty());
}

TEST_CASE("what was copied before a truncation is read from the copy", "[tail]") {
  Scene scene;
  scene.write("a\n");
  scene.begin();
  CHECK(scene.read() == Taken{"a"});
  scene.write("b\nc\nha");
  const bool stopped = GENERATE(false, true);
  const TailPlaces places = scene.chain().places();
  scene.copytruncate();
  scene.write("lf\nd\n");
  if (GENERATE(false, true)) {
    scene.copytruncate();
    scene.write("e\n");
  } else {
    scene.write("e\n");
  }
  if (stopped) scene.begin(places);
  CHECK(scene.read() == Taken{"b", "c", "half", "d", "e"});
  scene.restart();
  CHECK(scene.read().empty());
}

TEST_CASE("what is renamed after copies were made is read on, also after a restart", "[tail]") {
  Scene scene;
  scene.write("a\n");
  scene.begin();
  CHECK(scene.read() == Taken{"a"});
  scene.write("b\n");
  scene.copytruncate();
  CHECK(scene.read() == Taken{"b"});
  const TailPlaces places = scene.chain().places();
  scene.write("c\n");
  scene.rename();
  scene.begin(places);
  CHECK(scene.read() == Taken{"c"});
  scene.write_to(scene.log(".1"), "late\n");
  CHECK(scene.read() == Taken{"late"});
}

TEST_CASE("a copy whose log is not truncated yet waits, however young it is", "[tail]") {
  Scene scene;
  scene.write("a\n");
  scene.begin();
  CHECK(scene.read() == Taken{"a"});
  const std::int64_t before = scene.now() - 10;
  scene.rename();
  scene.write("b\n");
  scene.shift();
  fs::copy_file(scene.log(), scene.log(".1"));
  REQUIRE(scene.chain().look(before));
  CHECK(scene.chain().is_undecided());
  fs::resize_file(scene.log(), 0);
  CHECK(scene.read() == Taken{"b"});
}

TEST_CASE("half a line goes on behind copies of an empty log", "[tail]") {
  Scene scene;
  scene.write("a\n");
  scene.begin();
  CHECK(scene.read() == Taken{"a"});
  scene.write("ha");
  scene.copytruncate();
  scene.copytruncate();
  CHECK(scene.read().empty());
  scene.write("l");
  scene.copytruncate();
  scene.write("f\nb\n");
  CHECK(scene.read() == Taken{"half", "b"});
  scene.restart();
  CHECK(scene.read().empty());
}

TEST_CASE("several generations between two looks, compressed ones too", "[tail]") {
  Scene scene;
  scene.write("a\n");
  scene.begin();
  CHECK(scene.read() == Taken{"a"});
  const TailPlaces places = scene.chain().places();
  const bool stopped = GENERATE(false, true);
  const bool rename = GENERATE(false, true);
  const bool compressed = GENERATE(false, true);
  Taken expected;
  for (int i = 0; i < 4; ++i) {
    scene.write("n" + std::to_string(i) + "\n");
    expected.push_back("n" + std::to_string(i));
    rename ? scene.rename() : scene.copytruncate();
    if (compressed) scene.compress(".1");
  }
  scene.write("last\n");
  expected.emplace_back("last");
  if (stopped) scene.begin(places);
  CHECK(scene.read() == expected);
  scene.restart();
  CHECK(scene.read().empty());
}

TEST_CASE("a new log that has the number of a deleted one is not that one truncated", "[tail]") {
  Scene scene;
  scene.write("a\n");
  scene.begin();
  CHECK(scene.read() == Taken{"a"});
  TailPlaces places = scene.chain().places();
  // A file that is renamed ends with what its writer left of a line, unlike a copy.
  scene.write("b\nhalf of a dead writer's line");
  scene.rename();
  scene.compress(".1");
  scene.write("c\n");
  const auto log = file_id_at(scene.log());
  REQUIRE((log && log->is_certain()));
  places.parts.front().place.file.inode = log->inode;
  scene.begin(places);
  CHECK(scene.read() == Taken{"b", "c", "half of a dead writer's line"});
}

TEST_CASE("an empty log that is rotated while nobody looks hides nothing", "[tail]") {
  Scene scene;
  const bool known = GENERATE(false, true);
  if (known) {
    scene.write("a\n");
    scene.begin();
    CHECK(scene.read() == Taken{"a"});
    scene.copytruncate();
  } else {
    scene.write("");
    scene.begin();
  }
  CHECK(scene.read().empty());
  const TailPlaces places = scene.chain().places();
  const bool rename = GENERATE(false, true);
  for (int i = 0; i < 3; ++i) {
    scene.write("n" + std::to_string(i) + "\n");
    rename ? scene.rename() : scene.copytruncate();
    if (i == 1) scene.compress(".1");
  }
  const bool stopped = GENERATE(false, true);
  INFO("known " << known << ", rename " << rename << ", stopped " << stopped);
  if (stopped) scene.begin(places);
  CHECK(scene.read() == Taken{"n0", "n1", "n2"});
  CHECK(scene.read().empty());
}

TEST_CASE("zeros in front of what a writer goes on to write are skipped", "[tail]") {
  Scene scene;
  scene.write("a\nb\n");
  scene.begin();
  CHECK(scene.read() == Taken{"a", "b"});
  scene.copytruncate();
  fs::resize_file(scene.log(), 100'000'000);
  CHECK(scene.read().empty());
  scene.write("c\n");
  CHECK(scene.read() == Taken{"c"});
  scene.write(std::string(3, '\0') + "d\n" + std::string(5, '\0') + "e\n");
  CHECK(scene.read() == Taken{"d", "e"});
  scene.restart();
  CHECK(scene.read().empty());
}

TEST_CASE("a log that is truncated without a copy begins anew, and that is said", "[tail]") {
  Scene scene;
  scene.write("a\nb\n");
  scene.begin();
  CHECK(scene.read() == Taken{"a", "b"});
  fs::resize_file(scene.log(), 0);
  scene.write("c\nd\ne\nf\n");
  CHECK(scene.read() == Taken{"c", "d", "e", "f"});
  CHECK(scene.chain().take_complaints().size() == 1);
}

TEST_CASE("a line that is too long is counted, and what follows is read", "[tail]") {
  Scene scene;
  scene.write("a\n" + std::string(3 * kLongestLogLine, 'x') + "\nb\n");
  scene.begin();
  CHECK(scene.read() == Taken{"a", "b"});
  CHECK(scene.lines.too_long == 1);
}

TEST_CASE("what is not taken is read again later", "[tail]") {
  Scene scene;
  scene.write("a\nb\n");
  scene.begin();
  scene.lines.held = true;
  CHECK(scene.read().empty());
  scene.lines.held = false;
  CHECK(scene.read() == Taken{"a", "b"});
}

TEST_CASE("a file that another program puts in place of the log goes on where it was", "[tail]") {
  Scene scene;
  scene.write("a\nb\n");
  scene.begin();
  CHECK(scene.read() == Taken{"a", "b"});
  Scene::write_to(scene.log(".new"), "a\nb\nc\n");
  fs::rename(scene.log(".new"), scene.log());
  CHECK(scene.read() == Taken{"c"});
}

}  // namespace
}  // namespace carbon_spool
