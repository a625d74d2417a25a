#pragma once

#include <vector>

#include <rocksdb/db.h>

namespace carbon_spool {

/// How RocksDB is set up. Everything that is not a default is here, with its reason.
[[nodiscard]] rocksdb::DBOptions store_options();
[[nodiscard]] std::vector<rocksdb::ColumnFamilyDescriptor> column_families();

}  // namespace carbon_spool
