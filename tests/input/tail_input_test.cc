// Files that are followed: what the sink gets, and what it is given to keep.

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <catch2/catch.hpp>

#include "carbon_spool/input/ingest_threads.h"
#include "carbon_spool/input/input.h"
#include "carbon_spool/input/tail_preview.h"

#include "eventually.h"
#include "recording_sink.h"
#include "set_clock.h"
#include "temp_dir.h"

namespace carbon_spool {
namespace {

namespace fs = std::filesystem;

void append(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::app | std::ios::binary) << text;
}

RegexMetric counter_of_lines() {
  RegexMetric metric;
  metric.match = "^(?P<word>[a-z]+)";
  metric.name = "{word}";
  return metric;
}

struct Scene {
  Scene() {
    options.name = "files";
    options.type = InputType::Tail;
    options.tail.paths = {folder / "*.log"};
    options.tail.from_beginning = true;
    options.tail.hostname.method = HostnameMethod::None;
  }

  void use_parser() {
    options.tail.parser.emplace();
    options.tail.parser->format = LogFormat::Regex;
    options.tail.parser->metrics = {counter_of_lines()};
  }

  void start() {
    auto started = Input::start(options, {}, sink, threads, {}, clock);
    REQUIRE(started);
    input = std::move(started.value());
    input->use_prepared();
  }
  void stop() {
    input->stop();
    input.reset();
  }
  /// True once all that is in the files has been read.
  [[nodiscard]] bool wait_until_read(std::size_t files) const {
    return eventually([&] {
      const auto stats = input->stats();
      return stats.files.size() == files &&
             std::ranges::all_of(stats.files, [](const FollowedFile& each) {
               return each.offset == fs::file_size(each.path);
             });
    });
  }
  [[nodiscard]] bool reload() {
    return input->prepare(options).has_value() && (input->use_prepared(), true);
  }

  TempDir folder;
  RecordingSink sink;
  SetClock clock{1'000'000'003};
  InputOptions options;
  IngestThreads threads{1};
  std::unique_ptr<Input> input;
};

TEST_CASE("points of files go to the sink with the places behind them", "[tail]") {
  Scene scene;
  append(scene.folder / "a.log", "a 1 1\nbad\na 2 2\na 3");
  scene.start();
  REQUIRE(scene.sink.wait_for_points(2));
  append(scene.folder / "b.log", "b 1 1\n");
  REQUIRE(scene.sink.wait_for_points(3));
  append(scene.folder / "a.log", " 3\n");
  REQUIRE(scene.sink.wait_for_points(4));
  REQUIRE(scene.wait_until_read(2));
  CHECK(scene.sink.text() == "a 1 1\na 2 2\nb 1 1\na 3 3\n");
  CHECK(scene.input->stats().refused[static_cast<std::size_t>(Refusal::NoValue)] == 1);
  scene.stop();

  append(scene.folder / "a.log", "a 4 4\n");
  scene.start();
  REQUIRE(scene.sink.wait_for_points(5));
  scene.stop();
  CHECK(scene.sink.points() == 5);
}

TEST_CASE("a file that was there before the input begins at its end, others at their beginning",
          "[tail]") {
  Scene scene;
  scene.options.tail.from_beginning = false;
  append(scene.folder / "old.log", "old 1 1\n");
  scene.start();
  REQUIRE(scene.wait_until_read(1));
  append(scene.folder / "new.log", "new 1 1\n");
  append(scene.folder / "old.log", "old 2 2\n");
  REQUIRE(scene.sink.wait_for_points(2));
  scene.stop();
  CHECK(scene.sink.points() == 2);
  CHECK(scene.sink.text().find("old 1 1") == std::string::npos);
}

TEST_CASE("rotated generations that a pattern matches are no logs of their own", "[tail]") {
  Scene scene;
  scene.options.tail.paths = {scene.folder / "a.log*"};
  append(scene.folder / "a.log", "a 1 1\n");
  append(scene.folder / "a.log.1", "older 1 1\n");
  append(scene.folder / "a.log-20240301.gz", "no line\n");
  scene.start();
  REQUIRE(scene.wait_until_read(1));
  fs::rename(scene.folder / "a.log.1", scene.folder / "a.log.2");
  fs::rename(scene.folder / "a.log", scene.folder / "a.log.1");
  append(scene.folder / "a.log", "a 2 2\n");
  REQUIRE(scene.sink.wait_for_points(2));
  scene.stop();
  CHECK(scene.sink.text() == "a 1 1\na 2 2\n");
}

TEST_CASE("a file that gets another name that is followed goes on under it", "[tail]") {
  Scene scene;
  append(scene.folder / "a.log", "a 1 1\n");
  scene.start();
  REQUIRE(scene.sink.wait_for_points(1));
  fs::rename(scene.folder / "a.log", scene.folder / "b.log");
  append(scene.folder / "b.log", "b 2 2\n");
  REQUIRE(scene.sink.wait_for_points(2));
  scene.stop();
  CHECK(scene.sink.text() == "a 1 1\nb 2 2\n");
}

TEST_CASE("a sink that takes nothing holds the files back, and nothing of them is lost", "[tail]") {
  Scene scene;
  scene.sink.hold();
  append(scene.folder / "a.log", "a 1 1\n");
  scene.start();
  REQUIRE(eventually([&] { return scene.input->stats().files.size() == 1; }));
  CHECK(scene.input->stats().files.at(0).offset == 0);
  SECTION("let go") {
    scene.sink.let_go();
    REQUIRE(scene.sink.wait_for_points(1));
  }
  SECTION("stopped meanwhile") {
    scene.stop();
    scene.sink.let_go();
    scene.start();
    REQUIRE(scene.sink.wait_for_points(1));
  }
  scene.stop();
  CHECK(scene.sink.points() == 1);
}

TEST_CASE("what a parser makes of lines is stamped with multiples of the interval", "[tail]") {
  Scene scene;
  scene.use_parser();
  scene.options.tail.prefix = "p";
  scene.options.tail.suffix = "s";
  append(scene.folder / "a.log", "word\nword\nother\n");
  scene.start();
  REQUIRE(scene.wait_until_read(1));
  scene.clock.forward(Seconds(8));
  REQUIRE(scene.sink.wait_for_points(2));
  CHECK(scene.sink.text().find("p.word.s 2 1000000010\n") != std::string::npos);
  CHECK(scene.sink.text().find("p.other.s 1 1000000010\n") != std::string::npos);
  append(scene.folder / "a.log", "word\n");
  REQUIRE(scene.wait_until_read(1));

  SECTION("the open interval outlives the process, and each multiple has its points once") {
    scene.stop();
    append(scene.folder / "a.log", "word\n");
    scene.start();
    REQUIRE(scene.wait_until_read(1));
    CHECK(scene.sink.points() == 2);
    scene.clock.forward(Seconds(46));
    REQUIRE(scene.sink.wait_for_points(4));
    CHECK(scene.sink.text().find("p.word.s 2 1000000050\n") != std::string::npos);
  }
  SECTION("other names begin with a new interval") {
    scene.options.tail.prefix = "q";
    REQUIRE(scene.reload());
    REQUIRE(scene.sink.wait_for_points(4));
    CHECK(scene.sink.text().find("p.word.s 1 1000000020\n") != std::string::npos);
    append(scene.folder / "a.log", "word\n");
    REQUIRE(scene.wait_until_read(1));
    scene.clock.forward(Seconds(20));
    REQUIRE(scene.sink.wait_for_points(5));
    CHECK(scene.sink.text().find("q.word.s 1 1000000030\n") != std::string::npos);
  }
  scene.stop();
}

TEST_CASE("a file that cannot be read is told of, and costs the others nothing", "[tail]") {
  Scene scene;
  scene.options.tail.paths = {scene.folder / "folder", scene.folder / "a.log"};
  fs::create_directory(scene.folder / "folder");
  append(scene.folder / "a.log", "a 1 1\n");
  scene.start();
  REQUIRE(scene.sink.wait_for_points(1));
  REQUIRE(eventually([&] { return scene.input->stats().failing.size() == 1; }));
  fs::remove(scene.folder / "folder");
  append(scene.folder / "folder", "b 1 1\n");
  REQUIRE(scene.sink.wait_for_points(2));
  REQUIRE(eventually([&] { return scene.input->stats().failing.empty(); }));
  scene.stop();
}

TEST_CASE("a preview shows what files come to, as of one interval", "[tail]") {
  Scene scene;
  append(scene.folder / "a.log", "word\nother\nword\n");
  std::string shown;
  const auto preview = [&] {
    shown.clear();
    const auto seen = preview_tail(scene.options.tail, 1'000'000'003,
                                   [&](std::string_view point) { shown += point; });
    REQUIRE(seen);
    CHECK(seen.value().files == 1);
    return seen.value().refused;
  };
  CHECK(preview()[static_cast<std::size_t>(Refusal::NoValue)] == 3);
  CHECK(shown.empty());
  scene.use_parser();
  scene.options.tail.parser->metrics[0].kind = RegexMetric::Kind::Rate;
  CHECK(preview() == RefusalCounts{});
  CHECK(shown.find("word 0.2 1000000010\n") != std::string::npos);
}

}  // namespace
}  // namespace carbon_spool
