#include "input_socket.h"

#include <utility>

#include "ingest_thread.h"

namespace carbon_spool {

InputSocket::InputSocket(InputState& input, Attendance& attendance, ListeningPtr listening,
                         IngestThread& thread, UniqueFd fd)
    : input_(input),
      listening_(std::move(listening)),
      thread_(thread),
      descriptor_(thread.io().get_executor()),
      presence_(attendance) {
  boost::system::error_code failed;
  descriptor_.assign(fd.get(), failed);
  if (!failed) static_cast<void>(fd.release());
}

void InputSocket::join_thread() {
  thread_.sockets().push_back(*this);
}

void InputSocket::close() {
  boost::system::error_code ignored;
  descriptor_.close(ignored);
}

}  // namespace carbon_spool
