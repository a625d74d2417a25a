// Members of a cluster that die and come back, restarts, kills and power losses, in random order:
// whatever is shrunk meanwhile, each gets exactly its own points, and the numbers add up.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "by_letter.h"
#include "copy_at_rest.h"
#include "env_on.h"
#include "forgetful_disk.h"
#include "queue_impl.h"
#include "queue_steps.h"
#include "random_seed.h"

namespace carbon_spool {
namespace {

using Point = std::uint64_t;

enum class End { InOrder, Kill, PowerLoss };

class MortalMembers {
 public:
  MortalMembers(unsigned seed, End end) : random_(seed), end_(end) {
    options_.max_size = kMinQueueSize;
    options_.min_free_disk = 0;
    options_.memory_for_newest = 0;
    options_.sync.kind = end == End::PowerLoss ? SyncPolicy::Kind::Always : SyncPolicy::Kind::Never;
    options_.path = folder_ / "0/queue";
    std::filesystem::create_directory(folder_ / "0");
    std::filesystem::create_directory(folder_ / "inodes");
    for (const char letter : std::string("abcde")) members_[letter];
  }

  /// From one opening to the next.
  void live() {
    const std::string root = folder_ / std::to_string(life_);
    std::shared_ptr<ForgetfulDisk> disk;
    std::optional<EnvOn> env;
    if (end_ == End::PowerLoss) {
      disk = std::make_shared<ForgetfulDisk>(root, folder_ / "inodes");
      env.emplace(disk);
    }
    disk_ = disk.get();
    queue_ = std::make_unique<QueueImpl>(
        options_, system_clock(),
        Ground{env ? *env : Store::machine(), std::chrono::milliseconds(2)});
    REQUIRE(queue_->open());
    producer_ = queue_->add_producer("test");
    for (auto& [letter, member] : members_) {
      member.reader = &queue_->add_reader(std::string(1, letter), gets(std::string(1, letter)));
      member.taken.clear();
      member.asleep = below(5) < 2;
    }
    if (disk) disk->fail_power_after_link(1 + below(12));
    for (std::uint64_t i = 0; i < 1200 && power_is_on(); ++i) step();
    if (power_is_on()) check();
    if (!power_is_on()) ++cut_short_;
    const std::string next = folder_ / std::to_string(++life_);
    if (end_ == End::PowerLoss) {
      disk->fail_power_in(0);
      queue_.reset();
      std::filesystem::create_directory(next);
      const auto unsynced =
          below(2) == 0 ? ForgetfulDisk::Unsynced::Lost : ForgetfulDisk::Unsynced::Torn;
      disk->restore(next, unsynced, random_);
      std::filesystem::remove_all(root);
      options_.path = next + "/queue";
    } else if (end_ == End::Kill) {
      std::filesystem::create_directory(next);
      copy_at_rest(options_.path, next + "/queue");
      queue_.reset();
      std::filesystem::remove_all(root);
      options_.path = next + "/queue";
    }
    queue_.reset();
  }

  /// Everybody comes back, and nothing is owed to anybody in the end.
  void come_back() {
    queue_ = std::make_unique<QueueImpl>(options_, system_clock());
    REQUIRE(queue_->open());
    disk_ = nullptr;
    for (auto& [letter, member] : members_) {
      INFO("member " << letter);
      member.reader = &queue_->add_reader(std::string(1, letter), gets(std::string(1, letter)));
      member.taken.clear();
      drain(member);
      CHECK(member.owed.empty());
      const ReaderStats stats = stats_of(*queue_, std::string(1, letter));
      CHECK(stats.pending_points == 0);
      CHECK(stats.dropped_points.empty());
      if (end_ == End::PowerLoss) continue;
      CHECK(stats.received_points == next_ - 1);
      CHECK(stats.acknowledged_points == member.done.size());
    }
    queue_.reset();
  }

  [[nodiscard]] bool saw_shrunk() const { return saw_shrunk_; }
  /// How often the power failed while a stretch was put in place, or soon after.
  [[nodiscard]] unsigned cut_short() const { return cut_short_; }

 private:
  struct Taken {
    Range range;
    std::vector<Point> points;
  };
  struct Member {
    Reader* reader = nullptr;
    std::set<Point> owed;   ///< promised, and not acknowledged
    std::set<Point> maybe;  ///< nobody was told that they are durable, then the power failed
    std::set<Point> done;
    std::vector<Taken> taken;
    bool asleep = false;
  };

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
  [[nodiscard]] bool power_is_on() const { return disk_ == nullptr || !disk_->power_failed(); }

  void step() {
    const auto choice = below(100);
    if (choice < 50) return append();
    Member& member = std::next(members_.begin(), static_cast<long>(below(5)))->second;
    if (choice < 51 && below(6) == 0) {
      member.asleep = !member.asleep;
      if (member.asleep) put_back_all(member);
    } else if (!member.asleep) {
      if (choice < 55) return put_back_all(member);
      if (choice < 60) return drain(member);
      take(member);
      if (below(3) == 0) acknowledge_one(member);
    }
    if (below(100) == 0) check();
  }

  /// What waits for those that sleep must not reach the cap, however slow this machine is.
  void make_room() {
    if (appended_ < 1u << 20) return;
    appended_ = 0;
    if (queue_->stats().bytes_on_disk < 8u << 20) return;
    for (auto& [letter, each] : members_) drain(each);
  }

  void append() {
    make_room();
    std::string lines;
    std::map<Point, char> made;
    const std::uint64_t count = 5 + below(40);
    for (std::uint64_t i = 0; i < count; ++i) {
      const char letter = static_cast<char>('a' + below(5));
      lines += line_of(letter + std::to_string(next_), 200 + below(1000));
      made[next_++] = letter;
    }
    appended_ += lines.size();
    auto builder = queue_->obtain_builder();
    REQUIRE(builder);
    std::memcpy(builder->room().data(), lines.data(), lines.size());
    builder->commit(producer_, lines.size(), static_cast<std::uint32_t>(count), kTimestamp,
                    kTimestamp);
    auto answer = std::make_shared<std::promise<bool>>();
    queue_->when_durable(queue_->submit(std::move(*builder)),
                         [answer](bool durable) { answer->set_value(durable); });
    auto answered = answer->get_future();
    // While the power is off nobody answers.
    while (answered.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
      if (!power_is_on()) break;
    }
    const bool promised =
        answered.wait_for(std::chrono::seconds(0)) == std::future_status::ready && answered.get();
    for (const auto& [point, letter] : made) {
      Member& member = members_.at(letter);
      (promised ? member.owed : member.maybe).insert(point);
    }
  }

  bool take(Member& member) {
    const auto next = member.reader->take();
    if (!next) return false;
    Taken taken{next->batch->range(), {}};
    for (std::string_view rest = next->batch->lines(); !rest.empty();
         rest.remove_prefix(rest.find('\n') + 1)) {
      REQUIRE(&members_.at(rest.front()) == &member);
      taken.points.push_back(std::strtoull(rest.data() + 1, nullptr, 10));
    }
    for (const Point point : taken.points) {
      // After a power loss acknowledgements may be forgotten.
      const bool again = end_ == End::PowerLoss && member.done.contains(point);
      REQUIRE((again || member.owed.contains(point) || member.maybe.contains(point)));
      for (const Taken& each : member.taken) {
        REQUIRE(std::ranges::find(each.points, point) == each.points.end());
      }
    }
    member.taken.push_back(std::move(taken));
    return true;
  }

  void acknowledge_one(Member& member) {
    if (member.taken.empty()) return;
    const std::size_t which = below(member.taken.size());
    const Taken taken = member.taken[which];
    member.taken.erase(member.taken.begin() + static_cast<long>(which));
    member.reader->acknowledge(only(taken.range));
    for (const Point point : taken.points) {
      member.owed.erase(point);
      member.done.insert(point);
    }
  }

  void drain(Member& member) {
    while (power_is_on() && (take(member) || !member.taken.empty())) acknowledge_one(member);
  }

  void put_back_all(Member& member) {
    for (const Taken& each : member.taken) member.reader->put_back(only(each.range));
    member.taken.clear();
  }

  void check() {
    for (const auto& [letter, member] : members_) {
      const ReaderStats stats = stats_of(*queue_, std::string(1, letter));
      if (!power_is_on()) return;
      INFO("member " << letter << " in life " << life_);
      for (const auto& [reason, points] : stats.dropped_points) UNSCOPED_INFO(reason << points);
      REQUIRE(stats.dropped_points.empty());
      std::uint64_t unconfirmed = 0;
      for (const Taken& each : member.taken) unconfirmed += each.points.size();
      REQUIRE(stats.unconfirmed_points == unconfirmed);
      if (end_ == End::PowerLoss) continue;
      REQUIRE(stats.received_points == next_ - 1);
      REQUIRE(stats.acknowledged_points == member.done.size());
      REQUIRE(stats.pending_points >= member.owed.size());
      if (saw_shrunk_) continue;
      auto walk = queue_->walk({std::string(1, letter), true});
      while (const auto step = walk.value()->next()) {
        if (step->batch->points() < step->batch->range().points()) saw_shrunk_ = true;
      }
    }
  }

  const TempDir folder_;
  std::mt19937_64 random_;
  const End end_;
  QueueOptions options_;
  ForgetfulDisk* disk_ = nullptr;
  std::unique_ptr<QueueImpl> queue_;
  ProducerId producer_;
  std::map<char, Member> members_;
  Point next_ = 1;
  unsigned life_ = 0;
  unsigned cut_short_ = 0;
  std::uint64_t appended_ = 0;  ///< bytes, since it was looked whether there is room
  bool saw_shrunk_ = false;
};

TEST_CASE("members that die and come back get exactly their points, whatever is shrunk meanwhile",
          "[queue][shrink][model]") {
  struct Kind {
    const char* name;
    End end;
  };
  const auto kind = GENERATE(values<Kind>(
      {{"ends in order", End::InOrder}, {"kills", End::Kill}, {"power losses", End::PowerLoss}}));
  const unsigned seed = chosen_seed();
  INFO(kind.name << ", seed " << seed);
  WARN(kind.name << ", seed " << seed);
  MortalMembers members(seed, kind.end);
  const int lives = std::getenv("CARBON_SPOOL_LONG") != nullptr ? 200 : 8;
  for (int i = 0; i < lives; ++i) members.live();
  members.come_back();
  CHECK((kind.end == End::PowerLoss ? members.cut_short() > 0 : members.saw_shrunk()));
}

}  // namespace
}  // namespace carbon_spool
