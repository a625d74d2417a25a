#include "screen.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace carbon_spool {
namespace {

// Control sequences that every terminal since the VT100 and xterm knows.
constexpr std::string_view kEnter =
    "\x1b[?1049h\x1b[?25l\x1b[?7l";  // alternate, no cursor, no wrap
constexpr std::string_view kLeave = "\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr std::string_view kHome = "\x1b[H";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kClearLine = "\x1b[K";
constexpr std::string_view kClearBelow = "\x1b[J";

std::size_t terminal_rows() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return 24;
  return size.ws_row;
}

}  // namespace

bool print(const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
         std::fflush(stdout) == 0;
}

Screen::Screen() {
  print(std::string(kEnter));
}

Screen::~Screen() {
  print(std::string(kLeave));
}

void Screen::show(const std::string& page) const {
  const auto lines = static_cast<std::size_t>(std::ranges::count(page, '\n'));
  const std::size_t rows = terminal_rows();
  std::string out(kHome);
  std::string_view rest = page;
  for (std::size_t row = 1; !rest.empty(); ++row) {
    if (row > 1) out += '\n';
    if (row == rows && lines > rows) {
      out += "(" + std::to_string(lines - rows + 1) + " more lines: make the window higher)";
      out += kClearLine;
      break;
    }
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const bool bold = row == 1 || line.starts_with('!');
    if (bold) out += kBold;
    out += line;
    if (bold) out += kPlain;
    out += kClearLine;
  }
  out += kClearBelow;
  print(out);
}

}  // namespace carbon_spool
