// Each opcode by hand: what is taken, what is refused, and what a pickle may ask for.

#include "pickles.h"

namespace carbon_spool {
namespace {

using namespace std::string_literals;

const std::string kTime = "J\x00\xf1\x53\x65"s;  // 1700000000
const std::string kFive = "K\x05";
const std::string kPath =
    "X\x03\x00\x00\x00"
    "a.b"s;
const std::string kPoint = "a.b 5 1700000000\n";

TEST_CASE("the pickles that clients are known to send are read", "[pickle]") {
  const auto [client, hex] = GENERATE(table<std::string, std::string>({
      {"Python 2, protocol 0",
       "286c70310a285327612e62270a70320a2849313730303030303030300a46352e350a7470330a7470340a612e"},
      {"Python 2, protocol 2",
       "80025d71015503612e6271024a00f15365474016000000000000867103867104612e"},
      {"Python 3, protocol 2",
       "80025d71005803000000612e6271014a00f15365474016000000000000867102867103612e"},
      {"Python 3, protocol 4",
       "8004951c000000000000005d948c03612e62944a00f1536547401600000000000086948694612e"},
      {"Python 3, protocol 0",
       "286c70300a2856612e620a70310a2849313730303030303030300a46352e350a7470320a7470330a612e"},
  }));
  CAPTURE(client);
  const Unpickled result = unpickle(from_hex(hex));
  CHECK_FALSE(result.refused_whole);
  CHECK(result.lines == "a.b 5.5 1700000000\n");
  CHECK(result.points == 1);
  CHECK(result.oldest_timestamp == 1'700'000'000);
  CHECK(result.newest_timestamp == 1'700'000'000);
}

TEST_CASE("StatsD's own pickles, without a memo and with numbers as text, are read", "[pickle]") {
  const Unpickled result = unpickle(
      "(l(S'stats.gorets'\n(L1700000000L\nS'0.5'\ntta(S'stats.gets'\n(L1700000010L\nS'3'\ntta.");
  CHECK(result.lines == "stats.gorets 0.5 1700000000\nstats.gets 3 1700000010\n");
  CHECK(result.oldest_timestamp == 1'700'000'000);
  CHECK(result.newest_timestamp == 1'700'000'010);
}

TEST_CASE("every opcode for a number means what Python means by it", "[pickle]") {
  const auto [opcodes, value] = GENERATE(table<std::string, std::string>({
      {"I-12\n", "-12"},
      {"I00\n", "0"},
      {"I01\n", "1"},
      {"J\xff\xff\xff\xff", "-1"},
      {"K\xff", "255"},
      {"M\xff\xff", "65535"},
      {"L-12L\n", "-12"},
      {"L12\n", "12"},
      {"\x8a\x00"s, "0"},
      {"\x8a\x01\xff", "-1"},
      {"\x8a\x02\xff\x00"s, "255"},
      {"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "9223372036854775807"},
      {"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00"s, "9223372036854775808"},
      {"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\xff", "-1"},
      {"\x8b\x02\x00\x00\x00\xff\x00"s, "255"},
      {"F-2.5e-3\n", "-2.5e-3"},
      {"G\x40\x16\x00\x00\x00\x00\x00\x00"s, "5.5"},
      {"G\x80\x00\x00\x00\x00\x00\x00\x00"s, "-0"},
      {"\x88", "1"},
      {"\x89", "0"},
      {"S'1.50'\n", "1.50"},
      {"X\x04\x00\x00\x00 +7 "s, "+7"},
  }));
  CAPTURE(opcodes);
  const Unpickled result = unpickle(pickle_of(item_of(kPath, kTime, opcodes)));
  CHECK(result.lines == "a.b " + value + " 1700000000\n");
}

TEST_CASE("every opcode for a text means what Python means by it", "[pickle]") {
  const auto [opcodes, path] = GENERATE(table<std::string, std::string>({
      {"S'a.b'\n", "a.b"},
      {"S\"it's\"\n", "it's"},
      {"S'it\\'s'\n", "it's"},
      {"S'\\x67r\\xc3\\xbcn\\101\\\\\\q'\n", "gr\xc3\xbcnA\\\\q"},
      {"T\x03\x00\x00\x00"
       "a.b"s,
       "a.b"},
      {"U\x03"
       "a.b",
       "a.b"},
      {"Va.b\n", "a.b"},
      {"Vgr\xfcn\n", "gr\xc3\xbcn"},
      {"V\\u65e5\\U0001f6a2\\ud83d\\udea2\n", "\xe6\x97\xa5\xf0\x9f\x9a\xa2\xf0\x9f\x9a\xa2"},
      {"V\\x\n", "\\x"},
      {"X\x03\x00\x00\x00"
       "a.b"s,
       "a.b"},
      {"\x8c\x03"
       "a.b",
       "a.b"},
      {"\x8d\x03\x00\x00\x00\x00\x00\x00\x00"
       "a.b"s,
       "a.b"},
      {"B\x03\x00\x00\x00"
       "a.b"s,
       "a.b"},
      {"C\x03"
       "a.b",
       "a.b"},
      {"\x8e\x03\x00\x00\x00\x00\x00\x00\x00"
       "a.b"s,
       "a.b"},
  }));
  CAPTURE(opcodes);
  const Unpickled result = unpickle(pickle_of(item_of(opcodes, kTime, kFive)));
  CHECK(result.lines == path + " 5 1700000000\n");
}

TEST_CASE("lists and tuples are made in every way there is", "[pickle]") {
  const std::string three = kPath + kTime + kFive;
  const std::string point = three + "\x86\x86";
  const std::string good = GENERATE_COPY(
      "]" + point + "a.",                                       // APPEND
      "](" + point + "e.",                                      // APPENDS
      "(" + point + "l.",                                       // LIST
      "(" + point + "t.",                                       // a tuple of points
      point + "\x85.",                                          // TUPLE1
      "]((" + kPath + "(" + kTime + kFive + "tte.",             // TUPLE
      "](](" + kPath + "](" + kTime + kFive + "eee.",           // lists for tuples
      "]]" + kPath + "a]" + kTime + "a" + kFive + "aaa.",       // grown one by one
      "]N0" + point + "a.",                                     // POP
      "](" + kFive + "1" + point + "a.",                        // POP_MARK
      "](0" + point + "a.",                                     // POP of a mark
      "](e" + point + "a.",                                     // nothing appended
      "]q\x05" + point + "a0h\x05.",                            // BINPUT, BINGET
      "]r\x05\x00\x00\x00"s + point + "a0j\x05\x00\x00\x00."s,  // LONG_BINPUT, LONG_BINGET
      "]p17\n" + point + "a0g17\n.",                            // PUT, GET
      "]\x94" + point + "a0h\x00."s,                            // MEMOIZE
      "\x80\x05]" + point + "a.", "]" + point + "a.what is behind STOP");
  CAPTURE(good);
  const Unpickled result = unpickle(good);
  CHECK_FALSE(result.refused_whole);
  CHECK(result.lines == kPoint);
  CHECK(result.refused_items() == 0);
}

TEST_CASE("what is in the memo may be used again", "[pickle]") {
  CHECK(unpickle("](" + kPath + "q\x01" + kTime + kFive + "\x86\x86q\x02h\x01" + kTime +
                 "K\x06\x86\x86h\x02" + "2e.")
            .lines == kPoint + "a.b 6 1700000000\n" + kPoint + kPoint);
  // A list grows after it was put there, and so does the one that is got.
  CHECK(unpickle("]q\x01" + kPath + "ah\x01]" + kTime + "a" + kFive + "aa0]h\x01" + "a.").lines ==
        kPoint);
}

TEST_CASE("a pickle that names or calls something is unsafe, whatever else is in it", "[pickle]") {
  const auto opcode = GENERATE(
      values<unsigned>({'c', 0x93, 'i', 'o', 'R', 'b', 0x81, 0x92, 'P', 'Q', 0x82, 0x83, 0x84}));
  CAPTURE(opcode);
  const std::string good = "](" + item_of(kPath, kTime, kFive);
  const Unpickled result = unpickle(good + static_cast<char>(opcode) + "os\nsystem\ne.");
  CHECK(result.refused_whole == Refusal::UnsafePickle);
  CHECK(result.points == 0);
}

TEST_CASE("the classic that would run a command is refused", "[pickle]") {
  CHECK(unpickle("cos\nsystem\n(S'echo'\ntR.").refused_whole == Refusal::UnsafePickle);
}

TEST_CASE("dictionaries, sets, buffers and what is no opcode make a bad pickle", "[pickle]") {
  for (const int opcode :
       {int{'d'}, int{'}'}, int{'s'}, int{'u'}, 0x8f, 0x90, 0x91, 0x96, 0x97, 0x98, 0x00, 0xff}) {
    CAPTURE(opcode);
    const std::string pickle = "]" + item_of(kPath, kTime, kFive) + "a";
    CHECK(unpickle(pickle + static_cast<char>(opcode) + ".").refused_whole == Refusal::BadPickle);
  }
}

TEST_CASE("what is no list of anything makes a bad pickle", "[pickle]") {
  const std::string bad = GENERATE(
      as<std::string>(), "", ".", "N.", "K\x05.", "S'a.b'\n.", "\x80\x06].", "(.", "](.", "]", "](",
      "]e.", "t.", "0.", "1.", "2.", "(2.", "\x85.", "K\x01\x86.", "(K\x01K\x02(\x86.", "Na.",
      "NNa.", "(N(Ne.", "h\x00."s, "]q\x03h\x02.", "g1\n.", "gx\n.", "]px\n.", "]p-1\n.", "Sa'\n.",
      "S'\n.", "S'a\"\n.", "V\\u12\n.", "V\\uzzzz\n.", "V\\Uffffffff\n.", "\x8b\xff\xff\xff\xff.",
      "\x95\xff\x00\x00\x00\x00\x00\x00\x00]."s, "X\xff\xff\xff\xff].",
      "\x8d\xff\xff\xff\xff\xff\xff\xff\xff].");
  CAPTURE(bad);
  CHECK(unpickle(bad).refused_whole == Refusal::BadPickle);
}

TEST_CASE("a pickle that is cut anywhere is a bad one", "[pickle]") {
  for (const char* const hex :
       {"286c70310a285327612e62270a70320a2849313730303030303030300a46352e350a7470330a7470340a612e",
        "80025d71005803000000612e6271014a00f15365474016000000000000867102867103612e",
        "8004951c000000000000005d948c03612e62944a00f1536547401600000000000086948694612e"}) {
    const std::string whole = from_hex(hex);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CAPTURE(hex, size);
      CHECK(unpickle(std::string_view(whole).substr(0, size)).refused_whole == Refusal::BadPickle);
    }
  }
}

TEST_CASE("an empty list is no point and no refusal", "[pickle]") {
  for (const char* const nothing : {"].", ").", "(l.", "(t."}) {
    const Unpickled result = unpickle(nothing);
    CHECK_FALSE(result.refused_whole);
    CHECK(result.points + result.refused_items() == 0);
  }
}

TEST_CASE("pickles that ask for more than a list of points needs are too large", "[pickle]") {
  std::string bomb;
  SECTION("in depth, of marks") {
    bomb = std::string(kMaxPickleDepth + 1, '(') + ".";
  }
  SECTION("in depth, of tuples") {
    bomb = ")" + std::string(100'000, '\x85') + ".";
  }
  SECTION("in depth, of lists") {
    for (int i = 0; i < 100; ++i) bomb += ']';
    bomb += std::string(99, 'a') + ".";
  }
  SECTION("in depth, of a list in itself") {
    bomb = "]q\x01";
    for (int i = 0; i < 100; ++i)
      bomb +=
          "h\x01"
          "a";
    bomb += ".";
  }
  SECTION("on the stack") {
    bomb = "(" + std::string(kMaxPickleItems + 1, 'N') + "l.";
  }
  SECTION("in the list") {
    bomb = "]";
    for (std::size_t i = 0; i < kMaxPickleItems + 1; ++i) bomb += "Na";
    bomb += ".";
  }
  SECTION("in elements") {
    bomb = "]";
    for (std::size_t i = 0; i < kMaxPickleElements / 3 + 1; ++i)
      bomb +=
          "NNN\x87"
          "0";
    bomb += ".";
  }
  SECTION("in the memo") {
    bomb = "]" + std::string(kMaxPickleMemo + 1, '\x94') + ".";
  }
  SECTION("in the memo, at a far place") {
    bomb = "]r\xff\xff\xff\xff.";
  }
  SECTION("in the memo, at a place that no such number of bytes would come to") {
    bomb = "]r\x00\x10\x00\x00."s;
  }
  PickleReader reader;
  CHECK(unpickle(bomb, reader).refused_whole == Refusal::PickleTooLarge);
  CHECK(unpickle(pickle_of(item_of(kPath, kTime, kFive)), reader).lines == kPoint);
}

TEST_CASE("a memo bomb of points comes to an end", "[pickle]") {
  // One long name, named again and again.
  const std::string name = "long;tag=" + std::string(10'000, 'x');
  std::string bomb = "](" + text_opcode(name) + kTime + kFive + "\x86\x86q\x01";
  for (int i = 0; i < 10'000; ++i) bomb += "h\x01";
  const Unpickled result = unpickle(bomb + "e.");
  CHECK(result.lines.size() >= kMaxPickleText);
  CHECK(result.lines.size() < kMaxPickleText + name.size() + 100);
  CHECK(result.refused_for(Refusal::PickleTooLarge) == 1);
  CHECK(result.refused_items() == 1);
}

}  // namespace
}  // namespace carbon_spool
