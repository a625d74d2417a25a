#include "stream_connection.h"

#include <cerrno>

#include <sys/socket.h>

#include "bound_socket.h"
#include "ingest_thread.h"
#include "socket_address.h"

namespace carbon_spool {
namespace {

/// The most that one connection reads before the others have their turn: four full read areas.
constexpr int kReadsPerTurn = 4;

}  // namespace

StreamConnection::StreamConnection(InputState& input, ListeningPtr listening, IngestThread& thread,
                                   UniqueFd fd)
    : InputSocket(input, input.connections, std::move(listening), thread, std::move(fd)),
      Fragment(thread.fragments(input.type)),
      decoder_(make_stream_decoder(input.type, *this, thread)) {}

void StreamConnection::begin(std::unique_ptr<StreamConnection> self) {
  if (self->is_stopping()) return;
  self->join_thread();
  wait_until_readable(std::move(self));
}

void StreamConnection::on_readable(std::unique_ptr<StreamConnection> self) {
  if (is_stopping()) return reset();
  PointIntake intake(input_, *listening_, thread_);
  const Outcome outcome = read(intake);
  if (intake.points() > 0) any_accepted_ = true;
  if (outcome == Outcome::EndOfFile) decoder_->refuse_unfinished(intake);
  report(intake);
  if (!is_open()) return;  // cut: its own fragment was one too many
  switch (outcome) {
    case Outcome::More:
      return wait_until_readable(std::move(self));
    case Outcome::Failed:
      return reset();
    case Outcome::EndOfFile:
      if (!any_accepted_) return close_in_order();
      at_end_ = true;
      return thread_.gatherer().after_durable(std::move(self));
  }
}

StreamConnection::Outcome StreamConnection::read(PointIntake& intake) {
  const std::span<char> area = thread_.read_area();
  for (int turn = 0; turn < kReadsPerTurn && is_open(); ++turn) {
    const ssize_t size = ::recv(fd(), area.data(), area.size(), 0);
    if (size == 0) return Outcome::EndOfFile;
    if (size < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN ? Outcome::More : Outcome::Failed;
    }
    const auto bytes = static_cast<std::size_t>(size);
    thread_.pace().count(bytes);
    if (!decoder_->take({area.data(), bytes}, intake)) return Outcome::Failed;
    if (bytes < area.size()) break;
  }
  return Outcome::More;
}

void StreamConnection::report(PointIntake& intake) {
  if (!intake.any_refused()) return;
  intake.report_refused(is_open() ? peer_name(fd()) : "a closed connection");
}

void StreamConnection::stop() {
  if (!at_end_) reset();
}

void StreamConnection::reset() {
  PointIntake intake(input_, *listening_, thread_);
  decoder_->refuse_unfinished(intake);
  report(intake);
  close();
}

void StreamConnection::cut() {
  input_.count_fragment_cut(peer_name(fd()));
  reset();
}

void StreamConnection::on_durable(bool accepted) {
  if (accepted) return close_in_order();
  close();
}

void StreamConnection::close_in_order() {
  carbon_spool::close_in_order(fd());
  close();
}

}  // namespace carbon_spool
