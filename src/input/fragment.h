#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <boost/intrusive/list.hpp>

namespace carbon_spool {

/// How much memory the unfinished pieces of all connections take, over all threads. Threads: any.
class FragmentBudget {
 public:
  explicit FragmentBudget(std::size_t limit) : limit_(limit) {}

  void take(std::size_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void give_back(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] bool exceeded() const { return used_.load(std::memory_order_relaxed) > limit_; }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

class FragmentList;

/// What one connection has sent of a piece (a line) that is not finished yet. Takes memory only
/// while there is one. Threads: that of its list.
class Fragment : public boost::intrusive::list_base_hook<
                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  explicit Fragment(FragmentList& list) : list_(list) {}
  Fragment(const Fragment&) = delete;
  Fragment& operator=(const Fragment&) = delete;

  /// Adds to the piece, as much together as the list allows one. A piece that begins is the
  /// youngest of the list.
  void append(std::string_view bytes);
  /// Ends the piece and frees its memory.
  void clear();
  /// Cuts the oldest of its list while all together are over the budget. For one that is not empty;
  /// false: it was cut itself.
  [[nodiscard]] bool survives_budget();

  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

 protected:
  ~Fragment() { clear(); }

 private:
  friend class FragmentList;

  /// Called when all fragments together are over the budget and this one is the oldest. Clears it.
  virtual void cut() = 0;
  void reserve(std::size_t bytes);

  FragmentList& list_;
  std::unique_ptr<char[]> bytes_;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

/// The unfinished pieces of one thread's connections, the one that began first in front.
class FragmentList {
 public:
  /// `max_bytes`: of one piece.
  FragmentList(FragmentBudget& budget, std::size_t max_bytes)
      : budget_(budget), max_bytes_(max_bytes) {}

  /// Cuts the oldest of this thread while those of all threads are over the budget.
  void enforce_budget();

 private:
  friend class Fragment;

  FragmentBudget& budget_;
  const std::size_t max_bytes_;
  boost::intrusive::list<Fragment, boost::intrusive::constant_time_size<false>> oldest_first_;
};

}  // namespace carbon_spool
