#include "stream_decoder.h"

#include "line_decoder.h"
#include "pickle_decoder.h"

namespace carbon_spool {

std::unique_ptr<StreamDecoder> make_stream_decoder(InputType type, Fragment& fragment,
                                                   IngestThread& thread) {
  switch (type) {
    case InputType::Graphite:
    case InputType::Statsd:  // what ends in a newline is a packet, see PointIntake
    case InputType::Host:    // has no streams
    case InputType::Tail:    // nor has this
    case InputType::Events:  // has clients of its own
      break;
    case InputType::Pickle:
      return std::make_unique<PickleDecoder>(fragment);
  }
  return std::make_unique<LineDecoder>(fragment, thread);
}

}  // namespace carbon_spool
