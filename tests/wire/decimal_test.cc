#include "decimal.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace carbon_spool {
namespace {

// Made once with Python: texts that float() takes and that math.isfinite() holds of, and others.
// Texts with `_` or with digits beyond ASCII are among the others whatever float() says.

const std::vector<std::string> kFinite = {
    // whole and fractional numbers
    "0", "5", "5.", ".5", "+5", "-5", "-.5", "+.5e1", "00012", "-0.0",
    // exponents
    "1e3", "1E3", "1e+3", "1e-3", "1.e5", ".1e5", "0e0",
    // up to the edge of what is finite
    "1e308", "9.99e307", "1.7976931348623157e308", "1.7976931348623158e308",
    "17976931348623157e292", "0.00017976931348623157e312", "000.0001e311", "000.0001e312",
    // too small to be told from zero
    "1e-308", "4.9e-324", "1e-999", "-1e-999", "1e-99999999999999999999999",
    "0e99999999999999999999999", "0.000e999999"};

const std::vector<std::string> kNotFinite = {
    // beyond the edge
    "1.7976931348623159e308", "-1.7976931348623159e308", "1.8e308", "-1.8e308", "1e309", "1e999",
    "-1e999", "17976931348623159e292", "0.00017976931348623159e312", "000.0001e313",
    "1e99999999999999999999999",
    // not numbers
    "", "+", "-", ".", "+.", "e5", ".e5", "1e", "1e+", "1e-", "--1", "+-1", "1-", "1.2.3", "1e5.0",
    "1e5e5", "1,5", "1_000", "0x10", "0x1p3", "inf", "-inf", "+Infinity", "nan", "NaN", "true",
    "5f", "5L", "1d5", "٣", "５", "½"};

std::string repeated(std::size_t count, char digit) {
  return std::string(count, digit);
}

/// 2^1024 - 2^970 and one less: the least number that overflows, the greatest that does not.
const std::string kHead =
    "17976931348623158079372897140530341507993413271003782693617377898044496829276475"
    "09466490179775872070963302864166928879109465555478519404026306574886715058206819"
    "08902000708383676273854845817711531764475730270069855571366959622842914819860834"
    "93647529271907416844436551070434271155969950809304288017790417449779";
const std::string kOverflowing = kHead + '2';
const std::string kGreatest = kHead + '1';

const std::vector<std::string> kLongFinite = {
    kGreatest,
    kGreatest + '.' + repeated(5000, '9'),
    repeated(5000, '0') + kGreatest,
    kGreatest + repeated(3000, '9') + "e-3000",
    "0." + repeated(3000, '0') + kGreatest + repeated(500, '9') + "e3309",
    "0." + repeated(5000, '0') + "1e5309",
    repeated(16000, '0'),
    repeated(16000, '1') + "e-16000"};

const std::vector<std::string> kLongNotFinite = {
    kOverflowing,
    kOverflowing + '.' + repeated(500, '0') + '1',
    repeated(5000, '0') + kOverflowing,
    kOverflowing + repeated(3000, '0') + "e-3000",
    "0." + repeated(3000, '0') + kOverflowing + "e3309",
    "0." + repeated(5000, '0') + "1e5310",
    repeated(5000, '0') + "1e400",
    "0." + repeated(16000, '0') + "1e99999999999"};

void check_all(const std::vector<std::string>& texts, bool finite) {
  for (const std::string& each : texts) {
    INFO(each.substr(0, 40) << ", " << each.size() << " bytes");
    CHECK(is_finite_decimal(each) == finite);
  }
}

TEST_CASE("a value is finite exactly where Python's float is", "[wire]") {
  check_all(kFinite, true);
  check_all(kNotFinite, false);
  check_all(kLongFinite, true);
  check_all(kLongNotFinite, false);
}

TEST_CASE("a decimal becomes the nearest double", "[wire]") {
  CHECK(decimal_to_double("1700000003") == 1700000003.0);
  CHECK(decimal_to_double("+1.7e9") == 1.7e9);
  CHECK(decimal_to_double("-1.5") == -1.5);
  CHECK(decimal_to_double(".5e1") == 5.0);
  CHECK(decimal_to_double("0.99999999999999999999") == 1.0);
}

TEST_CASE("what no double holds becomes none", "[wire]") {
  for (const char* text :
       {"1e999", "-1e999", "1e-999", "nan", "inf", "0x10", "", "+", "+-1", "1_0"}) {
    INFO(text);
    CHECK_FALSE(decimal_to_double(text).has_value());
  }
}

}  // namespace
}  // namespace carbon_spool
