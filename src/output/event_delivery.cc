#include "event_delivery.h"

#include <algorithm>
#include <utility>

#include <boost/beast/http/status.hpp>

#include "carbon_spool/base/log.h"

namespace carbon_spool {
namespace {

constexpr std::size_t kMostRemembered = 1024;

std::string host_of(const Address& server) {
  return to_string(server).substr(std::string_view("tcp://").size());
}

}  // namespace

void StoredLately::add(const EventIdentity& event) {
  events_.push_back(event);
  if (events_.size() > kMostRemembered) events_.pop_front();
}

std::size_t StoredLately::count(const EventIdentity& event) const {
  return static_cast<std::size_t>(std::ranges::count(events_, event));
}

void EventAtFault::not_there(Moment now) {
  if (in_vain_++ == 0) since_ = now;
  if (std::exchange(stored_another_, false)) ++against_it_;
}

Verdict verdict_of(unsigned status) {
  switch (status) {
    case 408:  // Request Timeout
    case 425:  // Too Early
    case 429:  // Too Many Requests
      return Verdict::Later;
    default:
      break;
  }
  if (status / 100 == 2) return Verdict::Stored;
  return status / 100 == 4 ? Verdict::Refused : Verdict::Later;
}

std::string describe_answer(const HttpAnswer& answer) {
  constexpr std::size_t kMostShown = 100;
  const auto known = boost::beast::http::int_to_status(answer.status);
  std::string text = "the answer was " + std::to_string(answer.status);
  if (known != boost::beast::http::status::unknown) {
    const auto reason = boost::beast::http::obsolete_reason(known);
    text.append(" ").append(reason.data(), reason.size());
  }
  // A page for a browser says nothing in its first words.
  if (!answer.body.empty() && answer.body.front() != '<') {
    text += ": " + quote_for_log(answer.body, kMostShown);
  }
  return text;
}

HttpQuestion question_that_stores(const WebAddress& address, std::string_view line) {
  line.remove_suffix(line.ends_with('\n') ? 1 : 0);
  return {true, address.prefix + "/events/", host_of(address.server), std::string(line)};
}

/// Times are shown in whole seconds there, and kept with their fractions.
HttpQuestion question_that_looks(const WebAddress& address, const EventIdentity& event) {
  return {false,
          address.prefix + "/events/get_data?from=" + std::to_string(event.second) +
              "&until=" + std::to_string(event.second + 1),
          host_of(address.server), ""};
}

}  // namespace carbon_spool
