#pragma once

#include <memory>
#include <string_view>

#include "carbon_spool/input/input.h"

namespace carbon_spool {

class Fragment;
class IngestThread;
class PointIntake;

/// What turns the bytes of one stream into points: knows where one piece of it (a line) ends and
/// the next begins. What it has of an unfinished one it keeps in the connection's fragment, and
/// nowhere else. Threads: the ingest thread.
class StreamDecoder {
 public:
  virtual ~StreamDecoder() = default;

  /// Takes the stream's next bytes, which lie in the thread's read area. False: the connection is
  /// to be reset, or was.
  [[nodiscard]] virtual bool take(std::string_view bytes, PointIntake& intake) = 0;

  /// The stream is over: refuses what is unfinished, if anything is.
  virtual void refuse_unfinished(PointIntake& intake) = 0;
};

/// The decoder of an input's streams. `fragment` and `thread` must outlive it.
[[nodiscard]] std::unique_ptr<StreamDecoder> make_stream_decoder(InputType type, Fragment& fragment,
                                                                 IngestThread& thread);

}  // namespace carbon_spool
