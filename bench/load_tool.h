#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "carbon_spool/base/unique_fd.h"

namespace carbon_spool {

// What load_generator and counting_sink share. They are for measuring: what cannot be done ends
// them with a message.

/// Prints what failed and why (`error` as in errno, 0: there is no more to say), and ends the
/// program.
[[noreturn]] void fail(const std::string& what, int error = errno);

/// A non-blocking TCP connection to `host:port`.
[[nodiscard]] UniqueFd connect_to(const std::string& host_port);

/// A non-blocking TCP listener on `host:port`; port 0 lets the kernel choose.
[[nodiscard]] UniqueFd listen_on(const std::string& host_port);
[[nodiscard]] std::uint16_t port_of(const UniqueFd& listener);

/// Lets the process have as many open files as the system permits.
void raise_file_limit();

/// Has `epoll` report `events` of `fd`, whether it did before or not.
void watch(const UniqueFd& epoll, int fd, std::uint32_t events);

/// What the value of a line tells, if it is not just a number: which of all lines it is, or when it
/// was handed to the kernel (microseconds of the monotonic clock). With zeros
/// in front.
enum class Values { Drifting, Numbers, Times };
inline constexpr std::size_t kValueDigits = 16;
[[nodiscard]] std::map<std::string, Values> value_kinds();  ///< as the command line names them

/// Of the monotonic clock, which all processes of the machine share.
[[nodiscard]] std::uint64_t now_microseconds();

/// What this process has used of the processors so far, user and system.
[[nodiscard]] double own_cpu_seconds();

}  // namespace carbon_spool
