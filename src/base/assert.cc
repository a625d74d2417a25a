#include "carbon_spool/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace carbon_spool {

void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "carbon-spool: bug at %s:%d: expected %s\n", file, line, expression);
  std::abort();
}

}  // namespace carbon_spool
