#include "postfix_parser.h"

#include <re2/re2.h>

#include "counting_parser.h"
#include "log_number.h"
#include "saved_fields.h"

namespace carbon_spool {
namespace {

constexpr std::string_view kKind = "postfix 1";

struct Deliveries {
  std::uint64_t sent = 0;
  std::uint64_t deferred = 0;
  std::uint64_t bounced = 0;
  double delay_of_sent = 0;  ///< seconds, all together

  [[nodiscard]] double all() const { return static_cast<double>(sent + deferred + bounced); }
};

std::string percentage(std::uint64_t part, double all) {
  return python_text(all > 0 ? static_cast<double>(part) / all * 100 : 0.0);
}

class PostfixParser final : public CountingParser {
 public:
  void flush(Milliseconds duration, std::int64_t /*now*/, LogPoints& points) override {
    if (duration <= Milliseconds(0)) return;  // they are the next interval's
    const double seconds = seconds_of(duration);
    const double all = deliveries_.all();
    const auto sent = static_cast<double>(deliveries_.sent);
    points.add("numSent", std::to_string(deliveries_.sent));
    points.add("pctSent", percentage(deliveries_.sent, all));
    points.add("numDeferred", std::to_string(deliveries_.deferred));
    points.add("pctDeferred", percentage(deliveries_.deferred, all));
    points.add("numBounced", std::to_string(deliveries_.bounced));
    points.add("pctBounced", percentage(deliveries_.bounced, all));
    points.add("mailTxnsSec", python_text(all / seconds));
    points.add("mailSentSec", python_text(sent / seconds));
    points.add("avgDelay", sent > 0 ? python_text(deliveries_.delay_of_sent / sent) : "0");
    deliveries_ = {};
  }

  [[nodiscard]] std::string save() const override {
    SavedWriter writer(kKind);
    writer.whole(deliveries_.sent);
    writer.whole(deliveries_.deferred);
    writer.whole(deliveries_.bounced);
    writer.number(deliveries_.delay_of_sent);
    return writer.take();
  }

  [[nodiscard]] Result<void> restore(std::string_view saved) override {
    deliveries_ = {};
    SavedReader reader(kKind, saved);
    Deliveries found;
    found.sent = reader.whole();
    found.deferred = reader.whole();
    found.bounced = reader.whole();
    found.delay_of_sent = reader.number();
    Result<void> finished = reader.finish();
    if (finished) deliveries_ = found;
    return finished;
  }

 protected:
  [[nodiscard]] Reading read(std::string_view /*file*/, std::string_view line,
                             std::int64_t /*now*/) override {
    re2::StringPiece delay;
    re2::StringPiece status;
    const re2::StringPiece text(line.data(), line.size());
    if (!RE2::PartialMatch(text, delivery_, &delay, &status)) return Reading::PassedBy;
    const auto seconds = number_in({delay.data(), delay.size()});
    if (!seconds) return Reading::Bad;
    if (status == "sent") {
      ++deliveries_.sent;
      deliveries_.delay_of_sent += *seconds;
    } else if (status == "deferred") {
      ++deliveries_.deferred;
    } else {
      ++deliveries_.bounced;
    }
    return Reading::Taken;
  }

 private:
  const RE2 delivery_{R"(\bdelay=([^,]+),.*\bstatus=(sent|deferred|bounced)\b)", RE2::Latin1};
  Deliveries deliveries_;
};

}  // namespace

std::unique_ptr<LogParser> make_postfix_parser() {
  return std::make_unique<PostfixParser>();
}

}  // namespace carbon_spool
