#pragma once

#include <mutex>
#include <vector>

#include "carbon_spool/input/input.h"

#include "bound_socket.h"
#include "input_state.h"

namespace carbon_spool {

/// The addresses that an input listens on, and those that it is about to listen on.
/// Threads: `addresses` any, the rest the owner.
class Listenings {
 public:
  /// An address that is bound, and not listened on yet.
  struct Prepared {
    ListeningPtr listening;
    std::vector<BoundSocket> sockets;
  };
  struct Change {
    std::vector<ListeningPtr> gone;
    std::vector<Prepared> come;
  };

  /// As `Input::prepare`.
  [[nodiscard]] Result<void> prepare(const InputOptions& options);
  /// What was prepared counts as listened on from now on: what is to be done for that.
  [[nodiscard]] Change use_prepared();
  void take_back_prepared() { prepared_.clear(); }

  [[nodiscard]] const std::vector<ListeningPtr>& all() const { return all_; }
  /// As `Input::listening`.
  [[nodiscard]] std::vector<Address> addresses() const;

 private:
  [[nodiscard]] Result<void> prepare(const Address& address, InputType type);

  std::vector<Address> wanted_;  ///< as prepared
  std::vector<Prepared> prepared_;

  mutable std::mutex mutex_;
  std::vector<ListeningPtr> all_;  ///< guarded by mutex_; changed by the owner
};

}  // namespace carbon_spool
