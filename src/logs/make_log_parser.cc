#include "carbon_spool/logs/make_log_parser.h"

namespace carbon_spool {

Result<std::unique_ptr<LogParser>> make_log_parser(const LogParserOptions& /*options*/) {
  return Error{"no parser yet"};
}

}  // namespace carbon_spool
