// Which pickles are read without the machine. That both read the same in one, every test of
// pickles holds them to (see pickles.h).

#include "pickle_points.h"

#include "pickles.h"

namespace carbon_spool {
namespace {

using namespace std::string_literals;

/// How many points were read; negative: the machine has to.
int points_in(std::string_view pickle) {
  std::string decoded;
  std::vector<PickledPoint> points;
  return read_points({pickle, decoded}, points) ? static_cast<int>(points.size()) : -1;
}

const std::string kBinaryPoint = "U\x01uK\x01K\x02\x86\x86";
const std::string kTextPoint = "(S'u'\n(I1\nI2\ntt";

TEST_CASE("what clients are known to send needs no machine", "[pickle]") {
  const auto [client, pickle] = GENERATE(table<std::string, std::string>({
      {"Diamond, with Python 2's protocol 0",
       "(lp1\n(S'a.b'\np2\n(I1700000000\nF5.5\ntp3\ntp4\na(S'a.c'\np5\n("
       "L1700000000L\nI5\ntp6\ntp7\na."},
      {"carbon-relay with Python 2",
       from_hex("80025d7101285503612e6271024a00f153654740160000000000008671038671045503612e63"
                "71054a00f15365474016000000000000867106867107652e")},
      {"carbon-relay with Python 3",
       from_hex("80025d7100285803000000612e6271014a00f1536547401600000000000086710286710358030000"
                "00612e6372040000004a00f153654b05867205000000867206000000652e")},
      {"Python 3's protocol 4", from_hex("80049530000000000000005d9428"
                                         "8c03612e62944a00f1536547401600000000000086948694"
                                         "8c03612e63944a00f1536547401600000000000086948694652e")},
      {"Python 3's protocol 0",
       "(lp0\n(Va.b\np1\n(I1700000000\nF5.5\ntp2\ntp3\na(V\\u00e9\np4\n(I1\nI01\ntp5\ntp6\na."},
      {"StatsD", "(l(S'a.b'\n(L1700000000L\nS'5.5'\ntta(S'a.c'\n(L1700000000L\nS'1e-7'\ntta."},
  }));
  CAPTURE(client);
  CHECK(points_in(pickle) == 2);
  const Unpickled result = unpickle(pickle);
  CHECK(result.points == 2);
  CHECK(result.refused_items() == 0);
}

TEST_CASE("points come in batches or one by one", "[pickle]") {
  CHECK(points_in("\x80\x02].") == 0);
  CHECK(points_in("\x80\x02]" + kBinaryPoint + "a.") == 1);
  CHECK(points_in("\x80\x02](" + kBinaryPoint + kBinaryPoint + "e(" + kBinaryPoint + "e" +
                  kBinaryPoint + "a.") == 4);
  CHECK(points_in("(l.") == 0);
  CHECK(points_in("(l" + kTextPoint + "a" + kTextPoint + "a.and what is behind it") == 2);
}

TEST_CASE("everything else is the machine's", "[pickle]") {
  const std::string pickle =
      GENERATE(as<std::string>(), "", ".", "]", "\x80", "\x80\x06].", "(l", "(l" + kTextPoint + ".",
               "(l" + kTextPoint + "e.", "(l(" + kBinaryPoint + "e.",
               "\x80\x02]" + kTextPoint + "a.", "\x80\x02](" + kBinaryPoint + ".",
               "\x80\x02]" + kBinaryPoint + "e.", "\x80\x02]q\x01(" + kBinaryPoint + "h\x01" + "e.",
               "\x80\x02](](U\x01uK\x01K\x02\x86" + "ee."s,
               "\x80\x02](U\x01uK\x01K\x02K\x03\x87\x86" + "e."s,
               "\x80\x02](cos\nsystem\nK\x01K\x02\x86\x86" + "e."s, "\x80\x02]r\xff\xff\xff\xff."s,
               "\x80\x02]p\n.", "\x80\x02]p1x\n.", "\x80\x02]p9999999\n.",
               "\x80\x04\x95\xff\x00\x00\x00\x00\x00\x00\x00]."s);
  CAPTURE(pickle);
  CHECK(points_in(pickle) < 0);
  static_cast<void>(unpickle(pickle));
}

TEST_CASE("a list may be longer than what is read without the machine", "[pickle]") {
  for (const int points : {65'536, 65'537}) {
    std::string pickle = "\x80\x02](";
    for (int i = 0; i < points; ++i) pickle += kBinaryPoint;
    pickle += "e.";
    CHECK(points_in(pickle) == (points > 65'536 ? -1 : points));
    CHECK(unpickle(pickle).points == static_cast<std::uint64_t>(points));
  }
}

}  // namespace
}  // namespace carbon_spool
