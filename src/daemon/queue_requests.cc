#include "queue_requests.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace carbon_spool {
namespace {

/// A piece of an answer: large enough to be quick, small enough that others have their turn soon.
constexpr std::size_t kPieceBytes = 256 << 10;
/// Batches that are read for one piece; those of a walk to verify add next to nothing to it.
constexpr unsigned kPieceBatches = 64;

constexpr std::string_view kVerifyEvents = "verify-events";

std::vector<std::string> split(std::string_view line, char separator) {
  std::vector<std::string> words(1);
  for (const char c : line) {
    if (c == separator) {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

void add_frame(const WalkedBatch& batch, std::string& to) {
  const std::string sequence = std::to_string(batch.sequence.value);
  if (!batch.problem.empty()) {
    to += "lost " + sequence + ' ' + std::string(batch.problem) + '\n';
    return;
  }
  to += "batch " + sequence + ' ' + std::to_string(batch.accepted_at) + ' ' +
        std::to_string(batch.points) + ' ' + std::to_string(batch.lines.size()) + '\n';
  to += batch.lines;
}

AdminAnswer answer_walk(std::shared_ptr<BatchWalk> walk, bool verify) {
  std::string begin =
      "of " + std::to_string(walk->batches()) + ' ' + std::to_string(walk->points()) + '\n';
  return [walk = std::move(walk), verify, begin = std::move(begin), ended = false]() mutable {
    std::string piece = std::exchange(begin, std::string());
    for (unsigned i = 0; !ended && i < kPieceBatches && piece.size() < kPieceBytes; ++i) {
      const auto step = walk->next();
      ended = !step;
      if (step) add_frame(walked(*walk, *step, verify), piece);
      if (ended) piece += "done 0\n";
    }
    return piece;
  };
}

}  // namespace

std::string to_line(const QueueRequest& request) {
  switch (request.what) {
    case QueueRequest::What::Walk:
      if (request.of_events) return std::string(kVerifyEvents) + '\t';
      return (request.verify ? "verify\t" : "walk\t") + request.destination;
    case QueueRequest::What::Purge:
      return "purge\t" + request.destination + '\t' +
             (request.accepted_before ? std::to_string(*request.accepted_before) : "");
    case QueueRequest::What::Adopt:
      return "adopt\t" + request.destination + '\t' + request.heir;
  }
  return {};
}

std::optional<QueueRequest> queue_request_from(std::string_view line) {
  const std::vector<std::string> words = split(line, '\t');
  if (words.size() < 2) return std::nullopt;
  QueueRequest request;
  request.destination = words[1];
  if (words[0] == "walk" || words[0] == "verify" || words[0] == kVerifyEvents) {
    request.of_events = words[0] == kVerifyEvents;
    request.verify = words[0] == "verify" || request.of_events;
    return request;
  }
  if (words.size() != 3) return std::nullopt;
  if (words[0] == "adopt") {
    request.what = QueueRequest::What::Adopt;
    request.heir = words[2];
    return request;
  }
  if (words[0] != "purge") return std::nullopt;
  request.what = QueueRequest::What::Purge;
  request.accepted_before = number_in<std::int64_t>(words[2]);
  if (!request.accepted_before && !words[2].empty()) return std::nullopt;
  return request;
}

WalkedBatch walked(const BatchWalk& walk, const BatchWalk::Step& step, bool verify) {
  WalkedBatch seen;
  seen.of_batches = walk.batches();
  seen.of_points = walk.points();
  seen.sequence = step.sequence;
  seen.problem = step.problem;
  if (!step.batch) return seen;
  seen.accepted_at = step.batch->accepted_at();
  seen.points = verify ? step.batch->range().points() : step.batch->points();
  if (!verify) seen.lines = step.batch->lines();
  return seen;
}

Result<std::uint64_t> do_queue_request(Queue& queue, const ReaderNames& configured,
                                       const QueueRequest& request) {
  const bool orphan = !configured.all.contains(request.destination);
  if (request.what == QueueRequest::What::Adopt) {
    if (!orphan) return Error{"\"" + request.destination + "\" is in the configuration: no orphan"};
    if (!configured.all.contains(request.heir)) {
      return Error{"\"" + request.heir + "\" is not in the configuration: nobody would get it"};
    }
    if (!configured.used.contains(request.heir)) {
      return Error{"\"" + request.heir +
                   "\" gets points only as a member of a cluster: name the cluster instead"};
    }
    return queue.hand_over(request.destination, request.heir);
  }
  auto purged = queue.purge(request.destination, request.accepted_before);
  if (!purged || !orphan || request.accepted_before) return purged;
  if (auto forgotten = queue.forget_reader(request.destination); !forgotten) {
    return forgotten.error();
  }
  return purged;
}

AdminAnswer answer_queue_request(Queue& queue, const ReaderNames& configured,
                                 const QueueRequest& request) {
  const auto failed = [](const Error& why) { return whole_answer("failed " + why.message + '\n'); };
  if (request.what == QueueRequest::What::Walk) {
    WalkOptions options;
    if (!request.destination.empty()) options.reader = request.destination;
    options.verify = request.verify;
    auto walk = queue.walk(options);
    if (!walk) return failed(walk.error());
    return answer_walk(std::move(walk.value()), request.verify);
  }
  const auto done = do_queue_request(queue, configured, request);
  if (!done) return failed(done.error());
  return whole_answer("done " + std::to_string(done.value()) + '\n');
}

bool QueueAnswer::take(std::string_view piece) {
  unread_ += piece;
  std::string_view rest = unread_;
  while (!stopped_) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;
    std::string_view behind = rest.substr(end + 1);
    if (!take_frame(rest.substr(0, end), behind)) break;
    rest = behind;
  }
  unread_.erase(0, unread_.size() - rest.size());
  return !stopped_;
}

/// Takes the frame that begins with `line`, and what belongs to it off `rest`; false if that is not
/// all there yet.
bool QueueAnswer::take_frame(std::string_view line, std::string_view& rest) {
  const std::vector<std::string> words = split(line, ' ');
  const auto number = [&](std::size_t word) {
    return words.size() > word ? number_in<std::uint64_t>(words[word]).value_or(0) : 0;
  };
  const std::string& kind = words[0];
  if (kind == "of") {
    seen_.of_batches = number(1);
    seen_.of_points = number(2);
  } else if (kind == "done") {
    done_ = number(1);
  } else if (kind == "failed") {
    failure_ = line.substr(std::min(line.size(), kind.size() + 1));
  } else if (kind == "lost" && words.size() > 2) {
    seen_.sequence = Sequence{number(1)};
    seen_.points = 0;
    seen_.lines = {};
    seen_.problem = line.substr(kind.size() + words[1].size() + 2);
    stopped_ = !see_(seen_);
  } else if (kind == "batch" && words.size() == 5) {
    const std::uint64_t bytes = number(4);
    if (rest.size() < bytes) return false;
    seen_.sequence = Sequence{number(1)};
    seen_.problem = {};
    seen_.accepted_at = static_cast<std::int64_t>(number(2));
    seen_.points = number(3);
    seen_.lines = rest.substr(0, bytes);
    rest.remove_prefix(bytes);
    stopped_ = !see_(seen_);
  } else {
    failure_ = "not understood: " + std::string(line);
    stopped_ = true;
  }
  return true;
}

Result<std::uint64_t> QueueAnswer::outcome() const {
  if (done_) return *done_;
  return Error{failure_};
}

}  // namespace carbon_spool
