#include "carbon_spool/base/socket_file.h"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <sys/socket.h>

#include "carbon_spool/base/unique_fd.h"

#include "temp_dir.h"

namespace carbon_spool {
namespace {

UniqueFd bind_socket(const std::string& path, int type) {
  UniqueFd fd(::socket(AF_UNIX, type, 0));
  const sockaddr_un address = unix_address(path).value();
  REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

TEST_CASE("a socket file that nobody listens on makes way", "[base]") {
  const TempDir folder;
  const std::string path = folder / "a.sock";
  const int type = GENERATE(SOCK_STREAM, SOCK_DGRAM);
  bind_socket(path, type);
  REQUIRE(std::filesystem::exists(path));
  CHECK(clear_socket_file(path));
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a socket file that somebody listens on stays", "[base]") {
  const TempDir folder;
  const std::string path = folder / "a.sock";
  const int type = GENERATE(SOCK_STREAM, SOCK_DGRAM);
  const UniqueFd listener = bind_socket(path, type);
  if (type == SOCK_STREAM) REQUIRE(::listen(listener.get(), 1) == 0);
  const Result<void> cleared = clear_socket_file(path);
  REQUIRE_FALSE(cleared);
  CHECK(cleared.error().message == "another process listens on " + path);
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("what is not a socket stays", "[base]") {
  const TempDir folder;
  const std::string path = folder / "precious";
  std::ofstream(path) << "data";
  const Result<void> cleared = clear_socket_file(path);
  REQUIRE_FALSE(cleared);
  CHECK(cleared.error().message == path + " is there and is not a socket");
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("missing parent folders of a socket are made", "[base]") {
  const TempDir folder;
  CHECK(clear_socket_file(folder / "run/carbon-spool/a.sock"));
  CHECK(std::filesystem::is_directory(folder / "run/carbon-spool"));
}

TEST_CASE("a path that is too long for a socket is refused", "[base]") {
  const std::string path = "/" + std::string(107, 'x');
  const Result<void> cleared = clear_socket_file(path);
  REQUIRE_FALSE(cleared);
  CHECK(cleared.error().message == path + ": the path of a socket has at most 107 bytes");
}

}  // namespace
}  // namespace carbon_spool
