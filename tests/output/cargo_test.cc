#include "cargo.h"

#include <memory>

#include <catch2/catch.hpp>

#include "fake_reader.h"

using namespace carbon_spool;

namespace {

BatchPtr batch(std::uint64_t sequence, std::size_t bytes) {
  return std::make_shared<FakeBatch>(Mark{Sequence{sequence}, sequence, sequence * bytes}, 1,
                                     std::string(bytes, 'x'));
}

}  // namespace

TEST_CASE("a batch is unloaded once its last byte has been taken", "[output]") {
  Cargo cargo;
  cargo.add(batch(1, 50'000));
  cargo.add(batch(2, 50'000));
  cargo.add(batch(3, 50'000));
  CHECK(cargo.unload(49'999).empty());
  CHECK(cargo.unload(50'000).batches() == 1);
  CHECK(cargo.unload(50'000).empty());
  const RangeSet rest = cargo.unload(150'000);
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
  CHECK(cargo.unload(200).batches() == 2);
}

TEST_CASE("batches that are not neighbours are unloaded one by one, in the order of the stream",
          "[output]") {
  Cargo cargo;
  cargo.add(batch(7, 100));
  cargo.add(batch(2, 100));
  const RangeSet first = cargo.unload(100);
  REQUIRE(first.batches() == 1);
  CHECK(first.front().begin.sequence == Sequence{7});
  CHECK(cargo.unload_all().front().begin.sequence == Sequence{2});
  CHECK(cargo.unload(200).empty());
}

TEST_CASE("a stream's only batch is known as long as it is the only one", "[output]") {
  Cargo cargo;
  CHECK(cargo.only_batch() == nullptr);
  const BatchPtr first = batch(1, 10);
  cargo.add(first);
  CHECK(cargo.only_batch() == first);
  cargo.add(batch(2, 10));
  CHECK(cargo.only_batch() == nullptr);
}
