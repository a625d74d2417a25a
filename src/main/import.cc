// carbon-spool import: the configuration of another relay as one of ours.

#include "carbon_spool/daemon/import.h"

#include <iostream>

#include "commands.h"
#include "screen.h"

namespace carbon_spool {

int import_config(const ImportArguments& arguments) {
  auto imported = import_carbon_c_relay(arguments.file);
  if (!imported) {
    std::cerr << imported.error().message << '\n';
    return kExitBadUsage;
  }
  for (const ImportNote& each : imported.value().notes) std::cerr << to_string(each) << '\n';
  const bool written = print(imported.value().toml);
  return written && imported.value().notes.empty() ? kExitGood : kExitNeedsALook;
}

}  // namespace carbon_spool
