#include "carbon_spool/base/log.h"

#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "captured_errors.h"
#include "journal.h"
#include "temp_dir.h"

namespace carbon_spool {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a logged line has the time in UTC, the level and the text", "[base]") {
  const CapturedErrors captured;
  log(LogLevel::Warning, "primary is down {}");
  std::string shape = captured.text();
  for (char& each : shape) {
    if (each >= '0' && each <= '9') each = '0';
  }
  CHECK(shape == "0000-00-00T00:00:00.000Z warning primary is down {}\n");
}

TEST_CASE("lines below the log level are not written", "[base]") {
  const CapturedErrors captured;
  log(LogLevel::Debug, "one");
  set_log_level(LogLevel::Error);
  log(LogLevel::Warning, "two");
  log(LogLevel::Error, "three");
  set_log_level(LogLevel::Debug);
  log(LogLevel::Debug, "four");
  set_log_level(LogLevel::Info);
  CHECK(captured.lines() == std::vector<std::string>{"error three", "debug four"});
}

TEST_CASE("the journal is told from a file by its device and inode", "[base]") {
  const TempDir folder;
  const int fd = ::open((folder / "stream").c_str(), O_WRONLY | O_CREAT, 0600);
  struct stat about {};
  REQUIRE(::fstat(fd, &about) == 0);
  const std::string here = std::to_string(about.st_dev) + ":" + std::to_string(about.st_ino);
  const std::string elsewhere =
      std::to_string(about.st_dev) + ":" + std::to_string(about.st_ino + 1);
  CHECK(is_journal(fd, here.c_str()));
  CHECK_FALSE(is_journal(fd, elsewhere.c_str()));
  CHECK_FALSE(is_journal(fd, nullptr));
  ::close(fd);
}

TEST_CASE("a bounded log writes a burst in each period and then says what it left out", "[base]") {
  const CapturedErrors captured;
  BoundedLog bounded(2, 10s);
  const BoundedLog::Time start{1000s};
  for (int i = 0; i < 5; ++i) bounded.log(LogLevel::Info, "bad line", start);
  bounded.log(LogLevel::Info, "bad line", start + 9s);
  bounded.log(LogLevel::Info, "bad line", start + 10s);
  bounded.log(LogLevel::Info, "bad line", start + 10s);
  bounded.log(LogLevel::Info, "bad line", start + 30s);
  bounded.log(LogLevel::Info, "bad line", start + 40s);
  CHECK(captured.lines() == std::vector<std::string>{
                                "info bad line",
                                "info bad line",
                                "info bad line (4 more like this were left out)",
                                "info bad line",
                                "info bad line",
                                "info bad line",
                            });
}

TEST_CASE("a bounded log keeps its bound when threads share it", "[base]") {
  const CapturedErrors captured;
  BoundedLog bounded(3, 10s);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) bounded.log(LogLevel::Info, "x", BoundedLog::Time{1000s});
    });
  }
  for (std::thread& each : threads) each.join();
  bounded.log(LogLevel::Info, "x", BoundedLog::Time{1010s});
  CHECK(captured.lines() == std::vector<std::string>{"info x", "info x", "info x",
                                                     "info x (397 more like this were left out)"});
}

TEST_CASE("text of strangers is quoted so that it cannot forge a log line", "[base]") {
  CHECK(quote_for_log("a.b 1 2") == R"("a.b 1 2")");
  CHECK(quote_for_log("a\nb\r\t\x1b[31m\x7f") == R"("a\x0Ab\x0D\x09\x1B[31m\x7F")");
  CHECK(quote_for_log(R"(a"b\c)") == R"("a\"b\\c")");
  CHECK(quote_for_log("größe €😀") == "\"größe €😀\"");
  CHECK(quote_for_log(std::string_view("\0", 1)) == R"("\x00")");
}

TEST_CASE("invalid UTF-8 is quoted byte by byte", "[base]") {
  CHECK(quote_for_log("\xff") == R"("\xFF")");
  CHECK(quote_for_log("\xc3") == R"("\xC3")");
  CHECK(quote_for_log("\xc0\xaf") == R"("\xC0\xAF")");
  CHECK(quote_for_log("\xed\xa0\x80") == R"("\xED\xA0\x80")");
  CHECK(quote_for_log("\xf4\x90\x80\x80") == R"("\xF4\x90\x80\x80")");
  CHECK(quote_for_log("\xc2\x9b") == R"("\xC2\x9B")");
}

TEST_CASE("long text is cut between characters, and the cut shows", "[base]") {
  CHECK(quote_for_log("abcdef", 6) == R"("abcdef")");
  CHECK(quote_for_log("abcdefg", 6) == R"("abcdef"...)");
  CHECK(quote_for_log("abcde€", 6) == R"("abcde"...)");
}

}  // namespace
}  // namespace carbon_spool
