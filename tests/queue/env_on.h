#pragma once

#include <memory>
#include <utility>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>

namespace carbon_spool {

/// RocksDB's surroundings with another disk. Where RocksDB would sleep for a second because the
/// disk failed, it goes on soon.
class EnvOn final : public rocksdb::EnvWrapper {
 public:
  explicit EnvOn(const std::shared_ptr<rocksdb::FileSystem>& disk)
      : EnvWrapper(rocksdb::NewCompositeEnv(disk)) {
    file_system_ = disk;
    system_clock_ = std::make_shared<Sleepless>(rocksdb::SystemClock::Default());
  }

  const char* Name() const override { return "EnvOn"; }

 private:
  class Sleepless final : public rocksdb::SystemClockWrapper {
   public:
    using SystemClockWrapper::SystemClockWrapper;
    const char* Name() const override { return "Sleepless"; }
    void SleepForMicroseconds(int) override { target()->SleepForMicroseconds(1000); }

   private:
    static const std::shared_ptr<rocksdb::SystemClock>& target() {
      return rocksdb::SystemClock::Default();
    }
  };
};

}  // namespace carbon_spool
