#include "file_watch.h"

#include <array>
#include <cstdint>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace carbon_spool {

FileWatch::FileWatch()
    : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

void FileWatch::watch_folders(const std::set<std::string>& folders) {
  std::erase_if(folders_, [&](const auto& each) {
    if (folders.contains(each.first)) return false;
    ::inotify_rm_watch(inotify_.get(), each.second);
    return true;
  });
  constexpr std::uint32_t kChanges =
      IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR;
  for (const std::string& folder : folders) {
    // Each time anew: it may be another folder under that name.
    const int watch = ::inotify_add_watch(inotify_.get(), folder.c_str(), kChanges);
    if (watch >= 0) folders_[folder] = watch;
  }
}

void FileWatch::watch_once(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    if (files_.contains(file)) continue;
    const int watch =
        ::inotify_add_watch(inotify_.get(), file.c_str(), IN_MODIFY | IN_MOVE_SELF | IN_ONESHOT);
    if (watch >= 0) files_[file] = watch;
  }
}

void FileWatch::wake() {
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_.get(), &one, sizeof one));
}

bool FileWatch::wait(Milliseconds most) {
  std::array<pollfd, 2> waiting = {pollfd{inotify_.get(), POLLIN, 0},
                                   pollfd{wake_.get(), POLLIN, 0}};
  static_cast<void>(::poll(waiting.data(), waiting.size(), static_cast<int>(most.count())));
  std::uint64_t ignored = 0;
  static_cast<void>(::read(wake_.get(), &ignored, sizeof ignored));
  return drain();
}

bool FileWatch::drain() {
  bool names_changed = false;
  alignas(inotify_event) std::array<char, 16384> events{};
  while (true) {
    const ssize_t count = ::read(inotify_.get(), events.data(), events.size());
    if (count <= 0) return names_changed;
    for (ssize_t at = 0; at < count;) {
      const auto* event = reinterpret_cast<const inotify_event*>(events.data() + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      // Without a watch: some were lost.
      names_changed = names_changed || (event->mask & (IN_MODIFY | IN_IGNORED)) == 0;
      if ((event->mask & IN_IGNORED) == 0) continue;
      std::erase_if(files_, [&](const auto& each) { return each.second == event->wd; });
      std::erase_if(folders_, [&](const auto& each) { return each.second == event->wd; });
    }
  }
}

}  // namespace carbon_spool
