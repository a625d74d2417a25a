// One log that is followed, and rotated at random.

#include <random>

#include <catch2/catch.hpp>

#include "random_seed.h"
#include "tail_scene.h"

namespace carbon_spool {
namespace {

using Taken = std::vector<std::string>;

TEST_CASE("whatever is done to a log, each line is read once, in order", "[tail]") {
  const unsigned seed = chosen_seed();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int run = 0; run < 15; ++run) {
    Scene scene;
    scene.begin();
    TailPlaces places = scene.chain().places();
    std::size_t noted = 0;
    Taken taken;
    Taken written;
    std::string half;
    enum { Rename, Copy, Either };
    const auto how = random() % 3;
    int rotations = 0;
    std::string trace;
    for (int step = 0; step < 60; ++step) {
      switch (random() % 8) {
        case 0:
        case 1:
        case 2: {
          const std::string line = "line " + std::to_string(written.size());
          written.push_back(line);
          const std::size_t part = random() % line.size();
          scene.write(half + line.substr(0, part));
          trace += "write " + std::to_string(written.size() - 1) + "; ";
          half = line.substr(part) + "\n";
          break;
        }
        case 3:
        case 4:
          if (rotations == 7 || !std::filesystem::exists(scene.log())) break;
          scene.write(std::exchange(half, ""));
          ++rotations;
          how == Copy || (how == Either && random() % 2 == 0) ? scene.copytruncate()
                                                              : scene.rename(random() % 2 == 0);
          trace += "rotate; ";
          if (random() % 3 != 0) break;
          trace += "gzip; ";
          scene.compress(".1");
          break;
        case 5:
          scene.begin(places);
          taken.resize(noted);
          trace += "restart; ";
          break;
        default: {
          const Taken more = scene.read();
          taken.insert(taken.end(), more.begin(), more.end());
          trace += "read " + std::to_string(taken.size()) + "; ";
          if (random() % 2 == 0) break;
          trace += "note; ";
          places = scene.chain().places();
          noted = taken.size();
          rotations = 0;
        }
      }
    }
    scene.write(half);
    const Taken more = scene.read();
    taken.insert(taken.end(), more.begin(), more.end());
    INFO(trace);
    INFO("run " << run << (how == Either ? " either" : how == Copy ? " copytruncate" : " rename"));
    REQUIRE(taken == written);
  }
}

}  // namespace
}  // namespace carbon_spool
