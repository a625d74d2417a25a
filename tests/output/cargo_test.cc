#include "cargo.h"

#include <memory>

#include <catch2/catch.hpp>

#include "fake_reader.h"

using namespace carbon_spool;

namespace {

Parcel batch(std::uint64_t sequence, std::size_t bytes, std::size_t source = 0) {
  const Mark begin{Sequence{sequence}, sequence, sequence * bytes};
  return {std::make_shared<FakeBatch>(begin, 1, std::string(bytes, 'x')), source};
}

}  // namespace

TEST_CASE("a batch is unloaded once its last byte has been taken", "[output]") {
  Cargo cargo;
  cargo.add(batch(1, 50'000));
  cargo.add(batch(2, 50'000));
  cargo.add(batch(3, 50'000));
  CHECK(cargo.unload(49'999).empty());
  CHECK(cargo.unload(50'000).at(0).batches() == 1);
  CHECK(cargo.unload(50'000).empty());
  const RangeSet rest = cargo.unload(150'000).at(0);
  CHECK(rest.batches() == 2);
  CHECK(rest.front().begin.sequence == Sequence{2});
  CHECK(cargo.empty());
  CHECK(cargo.bytes() == 150'000);
}

TEST_CASE("small neighbours are unloaded together, never before the last of them is in",
          "[output]") {
  Cargo cargo;
  cargo.add(batch(1, 100));
  cargo.add(batch(2, 100));
  CHECK(cargo.unload(199).empty());
  CHECK(cargo.unload(200).at(0).batches() == 2);
}

TEST_CASE("batches that are not neighbours are unloaded one by one, in the order of the stream",
          "[output]") {
  Cargo cargo;
  cargo.add(batch(7, 100));
  cargo.add(batch(2, 100));
  const RangeSet first = cargo.unload(100).at(0);
  REQUIRE(first.batches() == 1);
  CHECK(first.front().begin.sequence == Sequence{7});
  CHECK(cargo.unload_all().at(0).front().begin.sequence == Sequence{2});
  CHECK(cargo.unload(200).empty());
}

TEST_CASE("what comes from several sources is unloaded by source", "[output]") {
  Cargo cargo;
  cargo.add(batch(1, 100, 0));
  cargo.add(batch(1, 100, 1));
  cargo.add(batch(2, 100, 1));
  RangesBySource first = cargo.unload(100);
  CHECK(first.size() == 1);
  CHECK(first.at(0).batches() == 1);
  CHECK(cargo.points() == 2);
  RangesBySource rest = cargo.unload_all();
  CHECK(rest.size() == 1);
  CHECK(rest.at(1).batches() == 2);
}

TEST_CASE("a stream's batches are at hand as long as they are few", "[output]") {
  Cargo cargo;
  CHECK(cargo.few().empty());
  const Parcel first = batch(1, 60'000);
  const Parcel second = batch(2, 60'000);
  cargo.add(first);
  cargo.add(second);
  CHECK(cargo.few() == std::vector<Parcel>{first, second});
  for (std::uint64_t i = 3; i <= 100; ++i) cargo.add(batch(i, 60'000));
  CHECK(cargo.few().empty());
  CHECK(cargo.batches() == 100);
}
