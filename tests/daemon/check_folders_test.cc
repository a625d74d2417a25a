#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "carbon_spool/daemon/config.h"

#include "temp_dir.h"

namespace carbon_spool {
namespace {

using Catch::Matchers::Contains;

Config config_in(const TempDir& folder) {
  Config config;
  config.queue.path = folder / "queue";
  config.admin_socket = folder / "run/admin.sock";
  return config;
}

TEST_CASE("folders that can be made or written are no problem, and none is made", "[config]") {
  const TempDir folder;
  Config config = config_in(folder);
  CHECK(check_folders(config).empty());
  config.queue.path = folder / "a/b/c/";
  CHECK(check_folders(config).empty());
  config.queue.path = folder.path();
  CHECK(check_folders(config).empty());
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a file in the place of a folder is told with the key to set", "[config]") {
  const TempDir folder;
  const std::string file = folder / "file";
  std::ofstream(file) << "x";
  Config config = config_in(folder);

  SECTION("of the queue") {
    config.queue.path = file + GENERATE("", "/queue");
    const std::vector<FolderProblem> problems = check_folders(config);
    REQUIRE(problems.size() == 1);
    CHECK_THAT(problems[0].sentence, Contains(file) && Contains("set queue.path"));
    CHECK_FALSE(problems[0].may_pass);
  }
  SECTION("of the admin socket") {
    config.admin_socket = file + "/admin.sock";
    const std::vector<FolderProblem> problems = check_folders(config);
    REQUIRE(problems.size() == 1);
    CHECK_THAT(problems[0].sentence, Contains(file) && Contains("set admin.socket"));
  }
  SECTION("of both") {
    config.queue.path = file;
    config.admin_socket = file + "/admin.sock";
    CHECK(check_folders(config).size() == 2);
  }
}

TEST_CASE("a folder that this user may not write is told with the key to set", "[config]") {
  // Root may write everywhere.
  if (::geteuid() == 0) return;
  const TempDir folder;
  std::filesystem::permissions(
      folder.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const std::vector<FolderProblem> problems = check_folders(config_in(folder));
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
  REQUIRE(problems.size() == 2);
  CHECK_THAT(problems[0].sentence, Contains("cannot be made in") && Contains("queue.path"));
  CHECK_THAT(problems[1].sentence, Contains("cannot be made in") && Contains("admin.socket"));
  CHECK(problems[0].may_pass);
  CHECK_FALSE(problems[1].may_pass);
}

}  // namespace
}  // namespace carbon_spool
