#include "stream_decoder.h"

#include "line_decoder.h"

namespace carbon_spool {

std::unique_ptr<StreamDecoder> make_stream_decoder(InputType type, Fragment& fragment,
                                                   IngestThread& thread) {
  switch (type) {
    case InputType::Graphite:
      break;
  }
  return std::make_unique<LineDecoder>(fragment, thread);
}

}  // namespace carbon_spool
