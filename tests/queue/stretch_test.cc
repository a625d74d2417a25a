// Which tables may be shrunk, and what is left of a batch.

#include "stretch.h"

#include <algorithm>
#include <utility>

#include <catch2/catch.hpp>

#include "batch_format.h"
#include "by_letter.h"

namespace carbon_spool {
namespace {

constexpr std::uint64_t kTableBytes = 1000;

Mark mark_at(std::uint64_t sequence) {
  return {Sequence{sequence}, sequence * 10, sequence * 100};
}
Range batches(std::uint64_t first, std::uint64_t end) {
  return {mark_at(first), mark_at(end)};
}
RangeSet one(const Range& range) {
  RangeSet set;
  set.insert(range);
  return set;
}

/// A log of ten tables of ten batches each, from 10 on, all of which `dead` waits for, and `alive`
/// for the last three.
class Log {
 public:
  Log() {
    ledger.set_end(mark_at(10));
    add("dead", gets("d"));
    add("alive", gets("a"));
    for (std::uint64_t first = 10; first < 110; first += 10) {
      TableFile table;
      table.first = Sequence{first};
      table.last = Sequence{first + 9};
      table.bytes = kTableBytes;
      table.name = std::to_string(first);
      table.removable = true;
      tables.push_back(table);
    }
    ledger.set_end(mark_at(110));
    for (auto& [name, reader] : ledger.readers()) reader.receive(batches(10, 110));
    done("alive", 10, 80);
    limits.most_bytes = 1'000'000;
  }

  void add(const std::string& name, const ReaderOptions& options) {
    static_cast<void>(ledger.adopt(name, options));
  }
  ReaderState& reader(const std::string& name) { return ledger.readers().at(name); }
  void take(const std::string& name, std::uint64_t first, std::uint64_t end) {
    reader(name).to_send.erase(batches(first, end));
  }
  void done(const std::string& name, std::uint64_t first, std::uint64_t end) {
    take(name, first, end);
    static_cast<void>(reader(name).acknowledge(one(batches(first, end)), 0));
  }
  /// "first-last" of what is found.
  [[nodiscard]] std::string found() const {
    const auto stretch = find_stretch(tables, ledger, limits, not_worth_it);
    if (!stretch) return "none";
    return std::to_string(stretch->first().value) + "-" + std::to_string(stretch->last().value);
  }

  Ledger ledger;
  std::vector<TableFile> tables;
  StretchLimits limits;
  NotWorthShrinking not_worth_it;
};

TEST_CASE("a stretch is what only readers need that are down and get a part of each batch",
          "[queue][shrink]") {
  Log log;
  CHECK(log.found() == "10-79");

  SECTION("not what a reader needs that gets all of it") {
    log.add("archive", {});
    log.reader("archive").receive(batches(30, 40));
    CHECK(log.found() == "10-29");
    log.reader("dead").options.selector = nullptr;
    CHECK(log.found() == "none");
  }
  SECTION("not what an orphan needs") {
    log.reader("dead").orphan = true;
    CHECK(log.found() == "none");
  }
  SECTION("not while one of them has anything under way, unless room gets short") {
    log.take("dead", 45, 46);
    CHECK(log.found() == "none");
    log.limits.spare_the_awake = false;
    CHECK(log.found() == "10-39");
    log.reader("dead").put_back(one(batches(45, 46)));
    CHECK(log.found() == "10-79");
  }
  SECTION("who is awake does not matter where it needs nothing") {
    log.take("alive", 80, 85);
    CHECK(log.found() == "10-79");
  }
  SECTION("not what is kept to be sent again, nor what is") {
    log.reader("dead").options.keep_acknowledged_bytes = 1'000'000;
    log.done("dead", 22, 23);
    log.limits.least_tables = 2;
    CHECK(log.found() == "30-79");
    log.reader("dead").resend_kept();
    CHECK(log.found() == "30-79");
  }
  SECTION("not what was passed over and is not yet written down") {
    log.reader("dead").pass_over(batches(22, 23), {}, 0);
    log.limits.least_tables = 2;
    CHECK(log.found() == "30-79");
  }
  SECTION("not fewer tables, nor more bytes, than they may be") {
    log.limits.least_tables = 8;
    CHECK(log.found() == "none");
    log.limits.least_tables = 2;
    log.limits.most_bytes = 3 * kTableBytes + 1;
    CHECK(log.found() == "10-39");
    log.limits.most_bytes = kTableBytes;
    CHECK(log.found() == "none");
  }
  SECTION("not what cannot be removed yet") {
    log.tables[2].removable = false;
    CHECK(log.found() == "10-29");
    log.limits.least_tables = 3;
    CHECK(log.found() == "40-79");
  }
  SECTION("not a second time, and not what is replaced") {
    log.tables[3].shrunk = true;
    CHECK(log.found() == "10-39");
    log.tables[0].replaced = true;
    CHECK(log.found() == "20-39");
  }
  SECTION("not over a gap in the log") {
    log.tables.erase(log.tables.begin() + 2);
    CHECK(log.found() == "10-29");
  }
  SECTION("what nobody needs may lie between") {
    log.done("dead", 30, 40);
    CHECK(log.found() == "10-79");
    CHECK(find_stretch(log.tables, log.ledger, log.limits, {})->tables.size() == 6);
  }
  SECTION("not again what was not worth it, until others need it") {
    for (int first = 10; first < 80; first += 10) {
      log.not_worth_it[std::to_string(first)] = {"alive", "dead"};
    }
    CHECK(log.found() == "10-79");
    for (auto& [table, readers] : log.not_worth_it) readers = {"dead"};
    CHECK(log.found() == "80-109");
  }
}

TEST_CASE("a stretch is put in place only if nobody needs more of it than when it was found",
          "[queue][shrink]") {
  Log log;
  const auto stretch = find_stretch(log.tables, log.ledger, log.limits, {});
  REQUIRE(stretch);
  CHECK(is_as_found(*stretch, log.ledger));

  SECTION("less is well, as long as it is something") {
    log.take("dead", 10, 20);
    CHECK(is_as_found(*stretch, log.ledger));
    log.done("dead", 10, 79);
    CHECK(is_as_found(*stretch, log.ledger));
    log.done("dead", 79, 80);
    CHECK_FALSE(is_as_found(*stretch, log.ledger));
  }
  SECTION("somebody else") {
    log.reader("alive").waiting.insert(batches(15, 16));
    CHECK_FALSE(is_as_found(*stretch, log.ledger));
  }
  SECTION("somebody else, to whom it is sent again") {
    log.reader("alive").resending.insert(batches(15, 16));
    CHECK_FALSE(is_as_found(*stretch, log.ledger));
  }
  SECTION("something else of it") {
    log.reader("dead").options.selector = gets("d").selector;
    CHECK_FALSE(is_as_found(*stretch, log.ledger));
  }
  SECTION("an orphan by now") {
    log.ledger.release("dead");
    CHECK_FALSE(is_as_found(*stretch, log.ledger));
  }
  SECTION("more of it") {
    Stretch less = *stretch;
    less.needs[0].batches.erase(batches(30, 31));
    CHECK_FALSE(is_as_found(less, log.ledger));
  }
}

BatchPtr batch_of(const std::string& letters) {
  BatchBuilder builder;
  std::string lines;
  for (const char letter : letters) lines += std::string(1, letter) + " 1 1\n";
  std::ranges::copy(lines, builder.room().begin());
  builder.commit({0}, lines.size(), static_cast<std::uint32_t>(letters.size()), 5, 9);
  return BatchEncoder::finish(std::move(builder), mark_at(12), 1234);
}

/// What is stored of it, read again.
BatchPtr shrunk(const std::string& letters, const std::vector<Need>& needs) {
  const auto batch = decode_batch(Sequence{12}, shrink(batch_of(letters), needs));
  REQUIRE(batch);
  return batch.value();
}

TEST_CASE("of a batch stays what somebody wants, and what tells how much there was",
          "[queue][shrink]") {
  const Need b{"b", gets("b").selector, one(batches(10, 20))};
  const Need d{"d", gets("d").selector, one(batches(10, 20))};
  const Need x{"x", gets("x").selector, one(batches(10, 20))};

  const BatchPtr two = shrunk("abxcdx", {b, d});
  CHECK(two->lines() == "b 1 1\nd 1 1\n");
  CHECK(two->points() == 2);
  CHECK(two->dropped_by_routes() == 2);
  const BatchPtr whole = batch_of("abxcdx");
  CHECK(two->range() == whole->range());
  CHECK(two->accepted_at() == whole->accepted_at());
  CHECK(two->oldest_timestamp() == 5);
  CHECK(two->newest_timestamp() == 9);
  CHECK(whole->dropped_by_routes() == 0);

  // What a route drops for one of them only is still told apart when it is read.
  CHECK(shrunk("abxcdx", {b, x})->lines() == "b 1 1\nx 1 1\nx 1 1\n");
  CHECK(shrunk("abxcdx", {b, x})->dropped_by_routes() == 0);

  const BatchPtr none = shrunk("aaa", {b});
  CHECK(none->points() == 0);
  CHECK(none->lines().empty());
  CHECK(none->range().points() == 3);
  const Need elsewhere{"d", gets("d").selector, one(batches(20, 30))};
  CHECK(shrunk("abcd", {b, elsewhere})->points() == 1);
  CHECK(shrunk("abcd", {elsewhere})->points() == 0);
  CHECK(shrunk("bbbb", {b})->points() == 4);
}

TEST_CASE("a shrunk batch that is cut short is no batch", "[queue][shrink]") {
  const Need b{"b", gets("b").selector, one(batches(10, 20))};
  const std::string stored = shrink(batch_of("abc"), {b});
  CHECK(decode_batch(Sequence{12}, stored));
  CHECK_FALSE(decode_batch(Sequence{13}, stored));
  CHECK_FALSE(decode_batch(Sequence{12}, stored.substr(0, 60)));
}

}  // namespace
}  // namespace carbon_spool
