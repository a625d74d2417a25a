#include "datagram_burst.h"

#include <cerrno>
#include <cstring>

namespace carbon_spool {

DatagramBurst::DatagramBurst()
    : bytes_(std::make_unique_for_overwrite<char[]>(kMost * kDatagramBytes)) {
  for (std::size_t index = 0; index < kMost; ++index) {
    pieces_[index] = {bytes_.get() + index * kDatagramBytes, kDatagramBytes};
  }
}

std::size_t DatagramBurst::receive(int fd) {
  for (std::size_t index = 0; index < kMost; ++index) {
    msghdr& header = messages_[index].msg_hdr;
    header.msg_name = peers_[index].get();
    header.msg_namelen = sizeof(peers_[index].storage);
    header.msg_iov = &pieces_[index];
    header.msg_iovlen = 1;
    header.msg_control = controls_[index].data();
    header.msg_controllen = controls_[index].size();
  }
  int received = 0;
  do {
    received = ::recvmmsg(fd, messages_.data(), kMost, 0, nullptr);
  } while (received < 0 && errno == EINTR);
  return received < 0 ? 0 : static_cast<std::size_t>(received);
}

std::string_view DatagramBurst::payload(std::size_t index) const {
  return {static_cast<const char*>(pieces_[index].iov_base), messages_[index].msg_len};
}

bool DatagramBurst::is_cut_off(std::size_t index) const {
  return (messages_[index].msg_hdr.msg_flags & MSG_TRUNC) != 0;
}

std::string DatagramBurst::peer(std::size_t index) const {
  const bool nameless = messages_[index].msg_hdr.msg_namelen == 0;
  return nameless ? "a local client" : peer_name(peers_[index]);
}

std::optional<std::uint32_t> DatagramBurst::drops(std::size_t index) const {
  const msghdr& header = messages_[index].msg_hdr;
  const cmsghdr* const control = CMSG_FIRSTHDR(&header);
  const bool present =
      control != nullptr && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_RXQ_OVFL;
  if (!present) return std::nullopt;
  std::uint32_t count = 0;
  std::memcpy(&count, CMSG_DATA(control), sizeof(count));
  return count;
}

}  // namespace carbon_spool
