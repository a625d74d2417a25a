#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "carbon_spool/base/result.h"

namespace carbon_spool {

/// Something of a foreign configuration that is not carried over as it was.
struct ImportNote {
  std::string file;
  std::size_t line = 0;  ///< from 1
  std::string what;      ///< what it is, and what became of it
};

/// `file:line: what`
[[nodiscard]] std::string to_string(const ImportNote& note);

/// A foreign configuration as one of ours.
struct Imported {
  std::string toml;               ///< the notes are comments in it, at their places
  std::vector<ImportNote> notes;  ///< none: all of it was carried over
};

/// Reads a configuration of carbon-c-relay (3.7.3), with all that it includes; files that it names
/// relative are looked for as there, from the current folder, else beside the file that names them.
/// Fails with `file:line: what was expected` on what carbon-c-relay could not read either.
[[nodiscard]] Result<Imported> import_carbon_c_relay(const std::string& file);

}  // namespace carbon_spool
