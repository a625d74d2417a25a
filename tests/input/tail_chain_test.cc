// One log that is followed, whatever its rotation does: each line once.

#include "tail_chain.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include <catch2/catch.hpp>

#include "temp_dir.h"

namespace carbon_spool {
namespace {

namespace fs = std::filesystem;

/// Keeps lines, without their ends.
class Lines final : public TailTaker {
 public:
  std::size_t take(const std::string& /*file*/, std::string_view lines) override {
    const std::size_t all = lines.size();
    while (!lines.empty() && !held) {
      const std::size_t end = lines.find('\n');
      taken.emplace_back(lines.substr(0, end));
      lines.remove_prefix(end + 1);
    }
    return all - lines.size();
  }
  bool commit() override { return false; }
  void count_too_long(const std::string& /*file*/) override { ++too_long; }

  std::vector<std::string> taken;
  int too_long = 0;
  bool held = false;
};

/// A log, its writer, its rotations, and somebody who follows it.
class Scene {
 public:
  [[nodiscard]] std::string log(const std::string& suffix = "") const {
    return folder_ / ("app.log" + suffix);
  }

  void write(const std::string& text) { write_to(log(), text); }
  static void write_to(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::app | std::ios::binary) << text;
  }
  /// As logrotate: FILE.1 becomes FILE.2 first.
  void shift() {
    for (const char* last : {".9", ".9.gz"}) fs::remove(log(last));
    for (int i = 8; i > 0; --i) {
      for (const char* gz : {"", ".gz"}) {
        const std::string from = log("." + std::to_string(i) + gz);
        if (fs::exists(from)) fs::rename(from, log("." + std::to_string(i + 1) + gz));
      }
    }
  }
  void rename(bool create = true) {
    shift();
    fs::rename(log(), log(".1"));
    if (create) write("");
  }
  void copytruncate() {
    shift();
    fs::copy_file(log(), log(".1"));
    fs::resize_file(log(), 0);
  }
  void compress(const std::string& suffix) const {
    REQUIRE(std::system(("gzip " + log(suffix)).c_str()) == 0);
  }

  void begin(const TailPlaces& places = {}) {
    chain_.emplace(log(), Milliseconds(0));
    REQUIRE(chain_->begin_at(places, now()));
  }
  void begin_at_end() {
    chain_.emplace(log(), Milliseconds(0));
    const auto begun = chain_->begin_at_end(now());
    REQUIRE((begun && begun.value()));
  }
  /// What the process that follows leaves behind is all that the next one knows.
  void restart() {
    const TailPlaces places = chain_->places();
    const auto read = decode_tail_places(encode(places));
    REQUIRE(read);
    CHECK(*read == places);
    begin(*read);
  }

  /// The lines that came since the last call.
  std::vector<std::string> read() {
    for (int quiet = 0; quiet < 3;) {
      REQUIRE(chain_->look(now()));
      std::string why;
      const TailProgress progress = chain_->read({buffer_.get(), kLongestLogLine}, lines, why);
      REQUIRE(progress != TailProgress::Failed);
      chain_->leave_finished({buffer_.get(), kLongestLogLine}, lines);
      quiet = progress == TailProgress::AtEnd && !chain_->is_undecided() ? quiet + 1 : 0;
      if (progress == TailProgress::Held) break;
    }
    return std::exchange(lines.taken, {});
  }
  [[nodiscard]] TailChain& chain() { return *chain_; }

  /// Unix milliseconds.
  [[nodiscard]] static std::int64_t now() {
    return std::chrono::duration_cast<Milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  Lines lines;

 private:
  TempDir folder_;
  std::unique_ptr<char[]> buffer_{new char[kLongestLogLine]};
  std::optional<TailChain> chain_;
};

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

TEST_CASE("whatever is done to a log, each line is read once, in order", "[tail]") {
  const char* const given = std::getenv("CARBON_SPOOL_SEED");
  const auto seed =
      given == nullptr ? std::random_device()() : static_cast<unsigned>(std::atoll(given));
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int run = 0; run < 15; ++run) {
    Scene scene;
    scene.begin();
    TailPlaces places = scene.chain().places();
    std::size_t noted = 0;
    Taken taken;
    Taken written;
    std::string half;
    enum { Rename, Copy, Either };
    const auto how = random() % 3;
    int rotations = 0;
    std::string trace;
    for (int step = 0; step < 60; ++step) {
      switch (random() % 8) {
        case 0:
        case 1:
        case 2: {
          const std::string line = "line " + std::to_string(written.size());
          written.push_back(line);
          const std::size_t part = random() % line.size();
          scene.write(half + line.substr(0, part));
          trace += "write " + std::to_string(written.size() - 1) + "; ";
          half = line.substr(part) + "\n";
          break;
        }
        case 3:
        case 4:
          if (rotations == 7 || !fs::exists(scene.log())) break;
          scene.write(std::exchange(half, ""));
          ++rotations;
          how == Copy || (how == Either && random() % 2 == 0) ? scene.copytruncate()
                                                              : scene.rename(random() % 2 == 0);
          trace += "rotate; ";
          if (random() % 3 != 0) break;
          trace += "gzip; ";
          scene.compress(".1");
          break;
        case 5:
          scene.begin(places);
          taken.resize(noted);
          trace += "restart; ";
          break;
        default: {
          const Taken more = scene.read();
          taken.insert(taken.end(), more.begin(), more.end());
          trace += "read " + std::to_string(taken.size()) + "; ";
          if (random() % 2 == 0) break;
          trace += "note; ";
          places = scene.chain().places();
          noted = taken.size();
          rotations = 0;
        }
      }
    }
    scene.write(half);
    const Taken more = scene.read();
    taken.insert(taken.end(), more.begin(), more.end());
    INFO(trace);
    INFO("run " << run << (how == Either ? " either" : how == Copy ? " copytruncate" : " rename"));
    REQUIRE(taken == written);
  }
}

}  // namespace
}  // namespace carbon_spool
