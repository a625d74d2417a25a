#include "carbon_spool/host/hostname.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "carbon_spool/base/log.h"

namespace carbon_spool {
namespace {

constexpr std::array kMethods = {
    std::pair{HostnameMethod::Smart, std::string_view("smart")},
    std::pair{HostnameMethod::FqdnShort, std::string_view("fqdn_short")},
    std::pair{HostnameMethod::Fqdn, std::string_view("fqdn")},
    std::pair{HostnameMethod::FqdnRev, std::string_view("fqdn_rev")},
    std::pair{HostnameMethod::UnameShort, std::string_view("uname_short")},
    std::pair{HostnameMethod::UnameRev, std::string_view("uname_rev")},
    std::pair{HostnameMethod::Hostname, std::string_view("hostname")},
    std::pair{HostnameMethod::HostnameShort, std::string_view("hostname_short")},
    std::pair{HostnameMethod::HostnameRev, std::string_view("hostname_rev")},
    std::pair{HostnameMethod::Shell, std::string_view("shell")},
    std::pair{HostnameMethod::None, std::string_view("none")},
};

/// More is no host name, whatever the command.
constexpr std::size_t kLongest = 200;

std::string own_hostname() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string own_uname() {
  utsname name{};
  return ::uname(&name) == 0 ? name.nodename : "";
}

/// The names of an address: the main one, then the others.
std::vector<std::string> names_of_address(const sockaddr& address) {
  const bool six = address.sa_family == AF_INET6;
  const void* const bytes =
      six ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr)
          : &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  std::vector<char> room(8192);
  hostent about{};
  hostent* found = nullptr;
  int failure = 0;
  const auto length = static_cast<socklen_t>(six ? sizeof(in6_addr) : sizeof(in_addr));
  if (::gethostbyaddr_r(bytes, length, address.sa_family, &about, room.data(), room.size(), &found,
                        &failure) != 0 ||
      found == nullptr) {
    return {};
  }
  std::vector<std::string> names = {found->h_name};
  for (char** alias = found->h_aliases; *alias != nullptr; ++alias) names.emplace_back(*alias);
  return names;
}

/// As Python's `socket.getfqdn`: the first name with a dot among those of the address that our own
/// name stands for, or else the main one.
std::string own_fqdn() {
  std::string own = own_hostname();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(own.c_str(), nullptr, &hints, &found) != 0) return own;
  const std::vector<std::string> names = names_of_address(*found->ai_addr);
  ::freeaddrinfo(found);
  const auto full = std::ranges::find_if(
      names, [](const std::string& each) { return each.find('.') != std::string::npos; });
  if (full != names.end()) return *full;
  return names.empty() ? own : names.front();
}

Result<std::string> run_command(const std::string& command) {
  FILE* const output = ::popen(command.c_str(), "re");
  if (output == nullptr) return Error{"cannot be started"};
  std::string text;
  std::array<char, 4096> piece{};
  for (std::size_t got = 0; (got = std::fread(piece.data(), 1, piece.size(), output)) > 0;) {
    if (text.size() <= kLongest) text.append(piece.data(), got);
  }
  const int status = ::pclose(output);
  if (status != 0) return Error{"failed"};
  return text;
}

std::string first_label(const std::string& name) {
  return name.substr(0, name.find('.'));
}

std::string reversed(const std::string& name) {
  std::string result;
  std::size_t end = name.size();
  while (true) {
    const std::size_t dot = end == 0 ? std::string::npos : name.rfind('.', end - 1);
    const std::size_t begin = dot == std::string::npos ? 0 : dot + 1;
    result += name.substr(begin, end - begin);
    if (dot == std::string::npos) return result;
    result += '.';
    end = dot;
  }
}

std::string stripped(const std::string& text) {
  constexpr const char* kBlank = " \t\r\n\v\f";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

Result<std::string> ask(const HostnameOptions& options, const HostNames& names) {
  using enum HostnameMethod;
  if (options.method == Shell) {
    auto output = names.run(options.hostname);
    if (!output) return output.error().in("the command " + quote_for_log(options.hostname));
    return stripped(output.value());
  }
  if (!options.hostname.empty()) return options.hostname;
  switch (options.method) {
    case Smart: {
      const std::string name = first_label(names.fqdn());
      return name == "localhost" ? first_label(names.hostname()) : name;
    }
    case FqdnShort:
      return first_label(names.fqdn());
    case Fqdn: {
      std::string name = names.fqdn();
      std::ranges::replace(name, '.', '_');
      return name;
    }
    case FqdnRev:
      return reversed(names.fqdn());
    case UnameShort:
      return first_label(names.uname());
    case UnameRev:
      return reversed(names.uname());
    case Hostname:
      return names.hostname();
    case HostnameShort:
      return first_label(names.hostname());
    case HostnameRev:
      return reversed(names.hostname());
    case Shell:
    case None:
      break;
  }
  return std::string();
}

}  // namespace

std::string_view name_of(HostnameMethod method) {
  return std::ranges::find(kMethods, method, &decltype(kMethods)::value_type::first)->second;
}

std::optional<HostnameMethod> hostname_method_named(std::string_view name) {
  const auto found = std::ranges::find_if(kMethods, [&](const auto& each) {
    return std::ranges::equal(each.second, name, [](char a, char b) {
      return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
    });
  });
  if (found == kMethods.end()) return std::nullopt;
  return found->first;
}

HostNames names_of_this_machine() {
  return {own_hostname, own_uname, own_fqdn, run_command};
}

Result<std::string> find_hostname(const HostnameOptions& options, const HostNames& names) {
  auto found = ask(options, names);
  const std::string context = "hostname_method \"" + std::string(name_of(options.method)) + "\"";
  if (!found) return found.error().in(context);
  const std::string& name = found.value();
  if (name.empty() && !(options.method == HostnameMethod::None)) {
    return Error{context + ": the name is empty"};
  }
  const bool fits = name.size() <= kLongest && std::ranges::all_of(name, [](char c) {
                      return c > ' ' && c != '\x7f';  // bytes beyond ASCII are negative
                    });
  if (!fits) return Error{context + ": no part of a metric name: " + quote_for_log(name)};
  return found;
}

}  // namespace carbon_spool
