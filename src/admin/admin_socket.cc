#include "carbon_spool/admin/admin_socket.h"

#include <list>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carbon_spool/base/socket_file.h"

namespace carbon_spool {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;
using namespace asio::experimental::awaitable_operators;

constexpr std::size_t kMaxClients = 32;
/// The longest has an event in it.
constexpr std::size_t kMaxRequestBytes = 80 * 1024;
constexpr std::chrono::seconds kRequestDeadline(5);
/// For one piece of an answer: who reads it may pause, as a person does who pages through it.
constexpr std::chrono::seconds kPieceDeadline(60);
// Before the next try when there is no file descriptor for a client.
constexpr std::chrono::milliseconds kAcceptPause(100);
constexpr mode_t kSocketMode = 0660;

class AsioAdminSocket final : public AdminSocket {
 public:
  explicit AsioAdminSocket(std::function<AdminAnswer(const std::string&)> answer)
      : answer_(std::move(answer)), acceptor_(context_), pause_(context_) {}

  ~AsioAdminSocket() override {
    if (!thread_.joinable()) return;
    asio::post(context_, [this] { close_all(); });
    thread_.join();
    remove_socket_file();
  }

  [[nodiscard]] Result<void> start(const std::string& path) {
    const Result<void> cleared = clear_socket_file(path);
    if (!cleared) return cleared.error();
    error_code failed;
    acceptor_.open(stream_protocol(), failed);
    if (!failed) acceptor_.bind(stream_protocol::endpoint(path), failed);
    // Nobody can connect before `listen`, so nobody slips in before the mode is set.
    if (!failed && ::chmod(path.c_str(), kSocketMode) != 0) {
      failed = error_code(errno, boost::system::generic_category());
    }
    if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) return Error{failed.message()}.in(path);
    path_ = path;
    if (::lstat(path.c_str(), &file_) != 0) file_ = {};
    asio::co_spawn(context_, accept_clients(), asio::detached);
    thread_ = std::thread([this] {
      ::pthread_setname_np(::pthread_self(), "admin");
      context_.run();
    });
    return success();
  }

 private:
  asio::awaitable<void> accept_clients() {
    while (acceptor_.is_open()) {
      error_code failed;
      stream_protocol::socket client =
          co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, failed));
      if (!failed) {
        // Who came first and still has no answer gives way: silence never shuts others out.
        if (clients_.size() >= kMaxClients) clients_.front()->close(failed);
        asio::co_spawn(context_, serve(std::move(client)), asio::detached);
      } else if (failed != asio::error::operation_aborted) {
        pause_.expires_after(kAcceptPause);
        co_await pause_.async_wait(asio::redirect_error(asio::use_awaitable, failed));
      }
    }
  }

  asio::awaitable<void> serve(stream_protocol::socket client) {
    const auto place = clients_.insert(clients_.end(), &client);
    asio::steady_timer deadline(context_, kRequestDeadline);
    co_await (answer_request(client, deadline) || wait_past(deadline));
    clients_.erase(place);
  }

  /// However often it is put off.
  static asio::awaitable<void> wait_past(asio::steady_timer& deadline) {
    error_code ignored;
    do {
      co_await deadline.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    } while (deadline.expiry() > std::chrono::steady_clock::now());
  }

  asio::awaitable<void> answer_request(stream_protocol::socket& client,
                                       asio::steady_timer& deadline) {
    error_code failed;
    std::string request;
    const std::size_t line =
        co_await asio::async_read_until(client, asio::dynamic_buffer(request, kMaxRequestBytes),
                                        '\n', asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return;
    request.resize(line - 1);
    const AdminAnswer answer = answer_(request);
    for (std::string piece = answer(); !piece.empty() && !failed; piece = answer()) {
      deadline.expires_after(kPieceDeadline);
      co_await asio::async_write(client, asio::buffer(piece),
                                 asio::redirect_error(asio::use_awaitable, failed));
    }
  }

  void close_all() {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (stream_protocol::socket* client : clients_) client->close(ignored);
  }

  void remove_socket_file() const {
    struct stat now {};
    const bool ours = ::lstat(path_.c_str(), &now) == 0 && now.st_dev == file_.st_dev &&
                      now.st_ino == file_.st_ino;
    if (ours) ::unlink(path_.c_str());
  }

  const std::function<AdminAnswer(const std::string&)> answer_;
  std::string path_;
  struct stat file_ {};  ///< the file we made, in case another was put in its place

  // Used by the admin thread alone once it runs.
  asio::io_context context_{1};
  stream_protocol::acceptor acceptor_;
  asio::steady_timer pause_;
  std::list<stream_protocol::socket*> clients_;  ///< each lives in its `serve`

  std::thread thread_;
};

}  // namespace

AdminAnswer whole_answer(std::string text) {
  return [text = std::move(text)]() mutable { return std::exchange(text, std::string()); };
}

Result<std::unique_ptr<AdminSocket>> AdminSocket::listen(
    const std::string& path, std::function<AdminAnswer(const std::string& request)> answer) {
  auto made = std::make_unique<AsioAdminSocket>(std::move(answer));
  const Result<void> started = made->start(path);
  if (!started) return started.error().in("admin socket");
  return std::unique_ptr<AdminSocket>(std::move(made));
}

}  // namespace carbon_spool
