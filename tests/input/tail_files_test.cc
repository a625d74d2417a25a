// Which files are followed, and from where, looked at step by step.

#include "tail_files.h"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "recording_sink.h"
#include "temp_dir.h"

namespace carbon_spool {
namespace {

namespace fs = std::filesystem;

void append(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::app | std::ios::binary) << text;
}

class Lines final : public TailTaker {
 public:
  std::size_t take(const std::string& /*file*/, std::string_view lines) override {
    taken += lines;
    return lines.size();
  }
  bool commit() override { return true; }
  void count_too_long(const std::string& /*file*/) override {}

  std::string taken;
};

/// What has become of the log while nobody looked: a rotated generation, and a copy that is made
/// just now.
struct Scene {
  Scene() {
    append(log + ".2", "a\n");
    fs::last_write_time(log + ".2", fs::file_time_type::clock::now() - Milliseconds(500));
    append(log, "b\n");
    fs::copy_file(log, log + ".1");
    options.paths = {log};
  }

  [[nodiscard]] static std::int64_t now() {
    return std::chrono::duration_cast<Milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  [[nodiscard]] std::string read(TailFiles& files) {
    Lines lines;
    for (int quiet = 0; quiet < 3;) {
      files.scan(now());
      quiet = files.read(lines) == TailProgress::AtEnd ? quiet + 1 : 0;
    }
    return lines.taken;
  }

  TempDir folder;
  const std::string log = folder / "app.log";
  TailInputOptions options;
  RecordingSink sink;
};

TEST_CASE("a log that cannot be begun yet loses nothing of what was written meanwhile", "[tail]") {
  Scene scene;
  TailMemory memory;
  memory.seen_at = Scene::now() - 1000;
  scene.sink.keep(tail_memory_key("files"), encode(memory));
  TailFiles files("files", scene.sink);
  files.follow(scene.options);
  CHECK(scene.read(files).empty());
  CHECK(files.is_undecided());
  fs::resize_file(scene.log, 0);
  append(scene.log, "c\n");
  CHECK(scene.read(files) == "a\nb\nc\n");
}

TEST_CASE("a log of which nothing was read yet has all its generations after a crash", "[tail]") {
  Scene scene;
  TailMemory memory;
  memory.seen_at = Scene::now() - 1000;
  scene.sink.keep(tail_memory_key("files"), encode(memory));
  fs::resize_file(scene.log, 0);
  {
    TailFiles files("files", scene.sink);
    files.follow(scene.options);
    for (int i = 1; i <= 5; ++i) files.scan(Scene::now() + i * 10'000);
    for (const auto& [key, text] : files.take_notes()) scene.sink.keep(key, text);
  }
  TailFiles files("files", scene.sink);
  files.follow(scene.options);
  CHECK(scene.read(files) == "a\nb\n");
}

}  // namespace
}  // namespace carbon_spool
