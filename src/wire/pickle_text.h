#pragma once

#include <string>
#include <string_view>

namespace carbon_spool {

// How protocol 0 writes texts in one line (source: Python, `Objects/unicodeobject.c` and, of
// Python 2, `Objects/stringobject.c`).

/// Decodes `'text'` or `"text"` with Python's escapes for bytes (`\n`, `\'`, `\x41`, `\101`) and
/// adds it to `out`. False: it is not quoted.
[[nodiscard]] bool append_quoted(std::string_view line, std::string& out);

/// Whether raw-unicode-escape has anything to decode in it.
[[nodiscard]] bool is_plain_unicode(std::string_view line);

/// Decodes raw-unicode-escape, that is Latin-1 with `\u00e9` and `\U0001f6a2` for the rest, and
/// adds it to `out` as UTF-8. Halves of a surrogate pair that stand together become one character;
/// one that stands alone becomes what is no valid UTF-8. False: an escape is cut short.
[[nodiscard]] bool append_raw_unicode(std::string_view line, std::string& out);

}  // namespace carbon_spool
