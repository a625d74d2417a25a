#include "poison.h"

#include <memory>

#include <catch2/catch.hpp>

#include "fake_reader.h"

using namespace carbon_spool;

namespace {

Parcel batch_of(const std::vector<std::string>& lines, std::uint64_t sequence = 1) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return {std::make_shared<FakeBatch>(Mark{Sequence{sequence}, 0, 0}, lines.size(), text), 0};
}

std::vector<std::string> lines(int count) {
  std::vector<std::string> made;
  for (int i = 0; i < count; ++i) made.push_back("line." + std::to_string(i) + " 1 1");
  return made;
}

std::string trial_text(const Suspects::Trial& trial) {
  if (!trial.part.empty()) return std::string(trial.part);
  std::string text;
  for (const Parcel& each : trial.parcels) text += each.batch->lines();
  return text;
}

/// Tries until the story ends, on a server that fails on texts with `bad` in them; in between
/// something else is confirmed.
Suspects::Resolved settle(Suspects& suspects, const std::string& bad, std::string& delivered,
                          int& trials) {
  for (trials = 1; trials < 10'000; ++trials) {
    suspects.vouch();
    const Suspects::Trial trial = suspects.begin_trial();
    const bool clean = trial_text(trial).find(bad) == std::string::npos;
    if (clean) delivered += trial_text(trial);
    if (const auto resolved = suspects.end_trial(clean)) return *resolved;
  }
  FAIL("never resolved");
  return {};
}

}  // namespace

TEST_CASE("a batch is put back until it has failed alone as often as patience lasts", "[output]") {
  Suspects suspects(3);
  const Parcel batch = batch_of(lines(4));
  CHECK_FALSE(suspects.accuse({batch}));
  CHECK_FALSE(suspects.accuse({batch}));
  CHECK(suspects.accuse({batch}));
  CHECK_FALSE(suspects.empty());
  CHECK(suspects.release_all().at(0).batches() == 1);
  CHECK(suspects.empty());
}

TEST_CASE("the one line at fault is found, and everything else is delivered once", "[output]") {
  const int bad = GENERATE(0, 1, 50, 98, 99);
  Suspects suspects(1);
  std::vector<std::string> all = lines(100);
  all[static_cast<std::size_t>(bad)] = "poison 1 1";
  REQUIRE(suspects.accuse({batch_of(all)}));
  std::string delivered;
  int trials = 0;
  const Suspects::Resolved resolved = settle(suspects, "poison", delivered, trials);
  CHECK(resolved.bad_lines == std::vector<std::string>{"poison 1 1\n"});
  std::string expected;
  for (const std::string& line : all) {
    if (line != "poison 1 1") expected += line + "\n";
  }
  CHECK(delivered == expected);
  CHECK(trials < 50);
  CHECK(suspects.empty());
}

TEST_CASE("a batch of one bad line is set aside whole, and several bad lines are all found",
          "[output]") {
  std::string delivered;
  int trials = 0;
  Suspects suspects(1);
  SECTION("one") {
    REQUIRE(suspects.accuse({batch_of({"poison 1 1"})}));
    CHECK(settle(suspects, "poison", delivered, trials).bad_lines.size() == 1);
    CHECK(trials == 20);
  }
  SECTION("several") {
    REQUIRE(
        suspects.accuse({batch_of({"a 1 1", "poison 1 1", "b 1 1", "poison 2 1", "poison 3 1"})}));
    CHECK(settle(suspects, "poison", delivered, trials).bad_lines.size() == 3);
    CHECK(delivered == "a 1 1\nb 1 1\n");
  }
}

TEST_CASE("a server that fails on size alone gets everything, in parts", "[output]") {
  Suspects suspects(1);
  REQUIRE(suspects.accuse({batch_of(lines(64))}));
  std::string delivered;
  std::optional<Suspects::Resolved> resolved;
  for (int i = 0; i < 1000 && !resolved; ++i) {
    suspects.vouch();
    const Suspects::Trial trial = suspects.begin_trial();
    const bool clean = trial_text(trial).size() < 100;
    if (clean) delivered += trial_text(trial);
    resolved = suspects.end_trial(clean);
  }
  REQUIRE(resolved);
  CHECK(resolved->bad_lines.empty());
  CHECK(delivered == batch_of(lines(64)).batch->lines());
}

TEST_CASE("failures count only while others are confirmed: a dying server condemns nothing",
          "[output]") {
  Suspects suspects(1);
  const Parcel batch = batch_of(lines(4));
  REQUIRE(suspects.accuse({batch}));
  CHECK_FALSE(suspects.trial_is_due(true));
  for (int i = 0; i < 100; ++i) {
    REQUIRE(suspects.trial_is_due(false));
    CHECK(trial_text(suspects.begin_trial()) == batch.batch->lines());
    CHECK_FALSE(suspects.end_trial(false));
  }
  suspects.vouch();
  CHECK(suspects.trial_is_due(true));
  static_cast<void>(suspects.begin_trial());
  const auto resolved = suspects.end_trial(true);
  REQUIRE(resolved);
  CHECK(resolved->bad_lines.empty());
}

TEST_CASE("a server that goes down with a trial is given more time between two of them",
          "[output]") {
  Suspects suspects(1);
  const Milliseconds brisk = suspects.confirm_every();
  suspects.server_is_down();
  CHECK(suspects.confirm_every() == brisk);  // nothing is held: it went down by itself
  REQUIRE(suspects.accuse({batch_of(lines(1))}));
  CHECK(suspects.confirm_every() == brisk);
  suspects.server_is_down();
  CHECK(suspects.confirm_every() >= 5 * brisk);
  SECTION("until nothing is held any more") {
    static_cast<void>(suspects.begin_trial());
    REQUIRE(suspects.end_trial(true));
  }
  SECTION("until all was given back") {
    REQUIRE(suspects.release_all().at(0).batches() == 1);
  }
  CHECK(suspects.confirm_every() == brisk);
}

TEST_CASE("all of a connection is held once connections go on failing while others are confirmed",
          "[output]") {
  Suspects suspects(3);
  const std::vector<Parcel> batches{batch_of(lines(2), 1), batch_of({"poison 1 1"}, 2),
                                    batch_of(lines(3), 3)};
  for (int i = 0; i < 10; ++i) CHECK_FALSE(suspects.accuse(batches));  // the server is down
  for (int i = 0; i < 2; ++i) {
    suspects.vouch();
    CHECK_FALSE(suspects.accuse(batches));
  }
  suspects.vouch();
  REQUIRE(suspects.accuse(batches));
  suspects.vouch();
  CHECK_FALSE(suspects.accuse({batch_of(lines(1), 4), batch_of(lines(1), 5)}));

  std::string delivered;
  std::vector<std::string> bad;
  RangeSet resolved;
  int trials = 0;
  while (!suspects.empty()) {
    REQUIRE(++trials < 100);
    suspects.vouch();
    const std::string text = trial_text(suspects.begin_trial());
    const bool clean = text.find("poison") == std::string::npos;
    if (clean) delivered += text;
    if (const auto part = suspects.end_trial(clean)) {
      resolved.insert(part->ranges.at(0));
      bad.insert(bad.end(), part->bad_lines.begin(), part->bad_lines.end());
    }
  }
  CHECK(resolved.batches() == 3);
  CHECK(bad == std::vector<std::string>{"poison 1 1\n"});
  CHECK(delivered.size() == batches[0].batch->lines().size() + batches[2].batch->lines().size());
}

TEST_CASE("several that fail while nothing else is confirmed are given back", "[output]") {
  Suspects suspects(1);
  const std::vector<Parcel> several = {batch_of(lines(4)), batch_of(lines(4))};
  suspects.vouch();
  REQUIRE(suspects.accuse(several));
  static_cast<void>(suspects.begin_trial());
  const auto resolved = suspects.end_trial(false);
  REQUIRE(resolved);
  CHECK_FALSE(resolved->delivered);
  CHECK(resolved->bad_lines.empty());
  CHECK(suspects.empty());
}

TEST_CASE("bad ends far between are no trouble", "[output]") {
  Suspects suspects(3);
  const std::vector<Parcel> batches{batch_of(lines(2), 1), batch_of(lines(3), 2)};
  for (int i = 0; i < 100; ++i) {
    CHECK_FALSE(suspects.accuse(batches));
    for (int good = 0; good < 20; ++good) suspects.vouch();
  }
}
