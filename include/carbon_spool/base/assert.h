#pragma once

namespace carbon_spool {

/// Prints what was expected and where, then aborts.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);

}  // namespace carbon_spool

/// Stops the process when the program itself is wrong. Always on. Never for input: what arrives
/// from a socket, a file or a person is checked and counted or refused.
#define CS_ASSERT(expression)                                            \
  do {                                                                   \
    if (!(expression)) [[unlikely]]                                      \
      ::carbon_spool::assertion_failed(#expression, __FILE__, __LINE__); \
  } while (false)
