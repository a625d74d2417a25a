#pragma once

namespace carbon_spool {

/// True if `fd` is the stream that systemd's journal gave this process: `journal_stream`, the value
/// of JOURNAL_STREAM, names its device and inode. A process whose errors were redirected elsewhere
/// still inherits the variable, so that it is set says nothing.
[[nodiscard]] bool is_journal(int fd, const char* journal_stream);

}  // namespace carbon_spool
