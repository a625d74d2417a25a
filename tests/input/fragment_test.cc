#include "fragment.h"

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "carbon_spool/wire/graphite_lines.h"

namespace carbon_spool {
namespace {

/// Writes down its name when it is cut.
class NamedFragment final : public Fragment {
 public:
  NamedFragment(FragmentList& list, std::string name, std::vector<std::string>& cut_ones)
      : Fragment(list), name_(std::move(name)), cut_ones_(cut_ones) {}

 private:
  void cut() override {
    cut_ones_.push_back(name_);
    clear();
  }

  std::string name_;
  std::vector<std::string>& cut_ones_;
};

TEST_CASE("a fragment grows byte by byte and is what was put in") {
  FragmentBudget budget(kMaxLineBytes);
  FragmentList list(budget, kMaxLineBytes);
  std::vector<std::string> cut_ones;
  NamedFragment fragment(list, "only", cut_ones);
  std::string expected;
  for (std::size_t index = 0; index < kMaxLineBytes; ++index) {
    const char byte = static_cast<char>('a' + index % 26);
    fragment.append({&byte, 1});
    expected += byte;
  }
  CHECK(fragment.view() == expected);
  list.enforce_budget();
  CHECK(cut_ones.empty());
}

TEST_CASE("a fragment that ended takes no memory") {
  FragmentBudget budget(0);
  FragmentList list(budget, kMaxLineBytes);
  std::vector<std::string> cut_ones;
  {
    NamedFragment cleared(list, "cleared", cut_ones);
    cleared.append("a");
    CHECK(budget.exceeded());
    cleared.clear();
    CHECK_FALSE(budget.exceeded());
    cleared.append("again");
    CHECK(budget.exceeded());
  }
  CHECK_FALSE(budget.exceeded());
}

TEST_CASE("the budget cuts the fragment that began first, and no more than it must") {
  FragmentBudget budget(3 * 64);
  FragmentList list(budget, kMaxLineBytes);
  std::vector<std::string> cut_ones;
  NamedFragment first(list, "first", cut_ones);
  NamedFragment second(list, "second", cut_ones);
  NamedFragment third(list, "third", cut_ones);
  NamedFragment fourth(list, "fourth", cut_ones);
  first.append("1");
  second.append("2");
  third.append("3");
  list.enforce_budget();
  CHECK(cut_ones.empty());

  SECTION("growing does not make it younger") {
    first.append("11");
    fourth.append("4");
    list.enforce_budget();
    CHECK(cut_ones == std::vector<std::string>{"first"});
  }
  SECTION("a line that was completed does") {
    first.clear();
    first.append("1");
    fourth.append("4");
    list.enforce_budget();
    CHECK(cut_ones == std::vector<std::string>{"second"});
  }
  SECTION("a large one may need several") {
    fourth.append(std::string(100, '4'));
    list.enforce_budget();
    CHECK(cut_ones == std::vector<std::string>{"first", "second"});
  }
}

TEST_CASE("a thread cuts its own fragments for the memory that another one takes") {
  FragmentBudget budget(64);
  FragmentList here(budget, kMaxLineBytes);
  FragmentList elsewhere(budget, kMaxLineBytes);
  std::vector<std::string> cut_ones;
  NamedFragment other(elsewhere, "other", cut_ones);
  NamedFragment mine(here, "mine", cut_ones);
  other.append("o");
  mine.append("m");
  here.enforce_budget();
  CHECK(cut_ones == std::vector<std::string>{"mine"});
}

}  // namespace
}  // namespace carbon_spool
