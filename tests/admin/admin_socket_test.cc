#include "carbon_spool/admin/admin_socket.h"

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <sys/stat.h>

#include "carbon_spool/base/socket_file.h"
#include "carbon_spool/base/unique_fd.h"

#include "temp_dir.h"

namespace carbon_spool {
namespace {

std::unique_ptr<AdminSocket> listen_at(const std::string& path) {
  auto socket = AdminSocket::listen(
      path, [](const std::string& request) { return whole_answer("you said " + request); });
  REQUIRE(socket);
  return std::move(socket.value());
}

UniqueFd connect_to(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
  const sockaddr_un address = unix_address(path).value();
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

TEST_CASE("a request line gets its answer", "[admin]") {
  const TempDir folder;
  const auto socket = listen_at(folder / "admin.sock");
  CHECK(ask_admin(folder / "admin.sock", "status").value() == "you said status");
  CHECK(ask_admin(folder / "admin.sock", "").value() == "you said ");
}

TEST_CASE("an answer may be large", "[admin]") {
  const TempDir folder;
  const std::string large(20'000'000, 'x');
  const auto socket = AdminSocket::listen(folder / "admin.sock",
                                          [&](const std::string&) { return whole_answer(large); });
  REQUIRE(socket);
  CHECK((ask_admin(folder / "admin.sock", "status").value() == large));
}

TEST_CASE("an answer in pieces is made while it is taken, and ends when nobody takes it",
          "[admin]") {
  const TempDir folder;
  const std::string path = folder / "admin.sock";
  constexpr int kPieces = 100;
  const std::string piece(1 << 20, 'x');
  std::atomic<int> made = 0;
  const auto socket = AdminSocket::listen(path, [&](const std::string& request) -> AdminAnswer {
    if (request != "pieces") return whole_answer("whole");
    return [&] { return ++made > kPieces ? std::string() : piece; };
  });
  REQUIRE(socket);
  std::size_t got = 0;
  const auto take = [&](std::string_view part) {
    // Others have their turn meanwhile.
    if (got < piece.size()) CHECK(ask_admin(path, "other").value() == "whole");
    got += part.size();
    return true;
  };
  REQUIRE(ask_admin(path, "pieces", take));
  CHECK(got == kPieces * piece.size());

  made = 0;
  REQUIRE(ask_admin(path, "pieces", [](std::string_view) { return false; }));
  REQUIRE(ask_admin(path, "other"));
  CHECK(made < kPieces / 2);
}

TEST_CASE("silent clients do not hold others up", "[admin]") {
  const TempDir folder;
  const std::string path = folder / "admin.sock";
  const auto socket = listen_at(path);
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 100; ++i) silent.push_back(connect_to(path));
  CHECK(ask_admin(path, "status").value() == "you said status");
  // The last of them still has its place; the first made way.
  REQUIRE(::send(silent.back().get(), "hi\n", 3, MSG_NOSIGNAL) == 3);
  char answer[32] = {};
  CHECK(::recv(silent.back().get(), answer, sizeof answer, MSG_WAITALL) == 11);
  CHECK(std::string(answer) == "you said hi");
  CHECK(::recv(silent.front().get(), answer, sizeof answer, 0) == 0);
}

TEST_CASE("clients that ask at the same time are all answered", "[admin]") {
  const TempDir folder;
  const std::string path = folder / "admin.sock";
  const auto socket = listen_at(path);
  std::atomic<int> answered = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const auto answer = ask_admin(path, "status");
        if (answer && answer.value() == "you said status") ++answered;
      }
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK(answered == 400);
}

TEST_CASE("a request line that does not end is cut", "[admin]") {
  const TempDir folder;
  const auto socket = listen_at(folder / "admin.sock");
  constexpr std::size_t kMost = 80 * 1024;  // LF included
  CHECK(ask_admin(folder / "admin.sock", std::string(kMost - 1, 'x')).value().size() == kMost + 8);
  CHECK_FALSE(ask_admin(folder / "admin.sock", std::string(kMost, 'x')));
}

TEST_CASE("a second daemon on the same socket is refused", "[admin]") {
  const TempDir folder;
  const std::string path = folder / "admin.sock";
  const auto first = listen_at(path);
  const auto second =
      AdminSocket::listen(path, [](const std::string&) { return whole_answer("no"); });
  REQUIRE_FALSE(second);
  CHECK(second.error().message == "admin socket: another process listens on " + path);
  CHECK(ask_admin(path, "x").value() == "you said x");
}

TEST_CASE("a socket file that was left behind is replaced", "[admin]") {
  const TempDir folder;
  const std::string path = folder / "admin.sock";
  {
    const UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    const sockaddr_un address = unix_address(path).value();
    REQUIRE(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  const auto socket = listen_at(path);
  CHECK(ask_admin(path, "x").value() == "you said x");
}

TEST_CASE("the socket is for owner and group, in a folder that is made for it", "[admin]") {
  const TempDir folder;
  const std::string path = folder / "run/carbon-spool/admin.sock";
  const auto socket = listen_at(path);
  struct stat about {};
  REQUIRE(::stat(path.c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0660);
}

TEST_CASE("the socket file goes with the daemon, but not another's in its place", "[admin]") {
  const TempDir folder;
  const std::string path = folder / "admin.sock";
  auto socket = listen_at(path);
  SECTION("ours") {
    socket.reset();
    CHECK_FALSE(std::filesystem::exists(path));
  }
  SECTION("another's") {
    // Kept under another name, so that the new file cannot get the old one's inode.
    std::filesystem::rename(path, folder / "moved");
    std::ofstream(path) << "another";
    socket.reset();
    CHECK(std::filesystem::exists(path));
  }
}

TEST_CASE("stopping does not wait for a silent client", "[admin]") {
  const TempDir folder;
  auto socket = listen_at(folder / "admin.sock");
  const UniqueFd silent = connect_to(folder / "admin.sock");
  REQUIRE(ask_admin(folder / "admin.sock", "x"));
  socket.reset();
  char byte = 0;
  CHECK(::recv(silent.get(), &byte, 1, 0) == 0);
}

TEST_CASE("asking where nobody listens fails and says why", "[admin]") {
  const TempDir folder;
  const std::string path = folder / "admin.sock";
  CHECK(ask_admin(path, "status").error().message == path + ": No such file or directory");
  const UniqueFd bound(::socket(AF_UNIX, SOCK_STREAM, 0));
  const sockaddr_un address = unix_address(path).value();
  REQUIRE(::bind(bound.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(ask_admin(path, "status").error().message == path + ": Connection refused");
}

TEST_CASE("asking a daemon that hangs ends after the time-out", "[admin]") {
  const TempDir folder;
  const std::string path = folder / "admin.sock";
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM, 0));
  const sockaddr_un address = unix_address(path).value();
  REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener.get(), 1) == 0);
  CHECK(ask_admin(path, "status", 1).error().message == path + ": no answer within 1 s");
}

}  // namespace
}  // namespace carbon_spool
