#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "temp_dir.h"

namespace carbon_spool {

/// Standard error goes to a file as long as it lives.
class CapturedErrors {
 public:
  CapturedErrors() : file_(folder_ / "errors"), before_(::dup(STDERR_FILENO)) {
    const int fd = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(fd, STDERR_FILENO);
    ::close(fd);
  }
  ~CapturedErrors() {
    ::dup2(before_, STDERR_FILENO);
    ::close(before_);
  }
  CapturedErrors(const CapturedErrors&) = delete;
  CapturedErrors& operator=(const CapturedErrors&) = delete;

  /// What was logged, without the time stamps.
  [[nodiscard]] std::vector<std::string> lines() const {
    std::ifstream file(file_);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
      lines.push_back(line.substr(line.find(' ') + 1));
    }
    return lines;
  }
  [[nodiscard]] std::string text() const {
    std::ostringstream text;
    text << std::ifstream(file_).rdbuf();
    return text.str();
  }

 private:
  TempDir folder_;
  std::string file_;
  int before_;
};

}  // namespace carbon_spool
