//===- TrimTest.cpp - Lengths that masks keep, cut and restored
//------------===//
#include "runtime/Trim.h"

#include "gtest/gtest.h"

#include <vector>

using namespace mixbit::runtime;

namespace {
template <typename T>
mixbit_tensor tensor(std::vector<T> &data, mixbit_type type,
                     std::vector<int64_t> shape) {
  mixbit_tensor result = {};
  result.data = data.data();
  result.type = type;
  result.rank = int32_t(shape.size());
  std::copy(shape.begin(), shape.end(), result.shape);
  return result;
}

template <typename T>
int64_t kept(std::vector<T> mask, mixbit_type type, int64_t rows) {
  return keptLength(tensor(mask, type, {rows, int64_t(mask.size()) / rows}));
}
} // namespace

TEST(Trim, FindsTheLongestKeptLength) {
  EXPECT_EQ((kept<int64_t>({1, 1, 0, 0, 1, 0, 0, 0}, MIXBIT_I64, 2)), 2);
  EXPECT_EQ((kept<int64_t>({1, 0, 1, 0, 1, 0, 0, 0}, MIXBIT_I64, 2)), 3);
  EXPECT_EQ((kept<int64_t>({0, 0, 0, 1}, MIXBIT_I64, 1)), 4);
  EXPECT_EQ((kept<int32_t>({1, 256, 0}, MIXBIT_I32, 1)), 2);
  EXPECT_EQ((kept<uint8_t>({1, 0, 0, 1, 1, 0}, MIXBIT_BOOL, 2)), 2);
  // Either zero of floats.
  EXPECT_EQ((kept<float>({1, 0.5f, -0.0f, 0}, MIXBIT_F32, 1)), 2);
  EXPECT_EQ((kept<uint16_t>({0x3c00, 0x8000, 0}, MIXBIT_F16, 1)), 1);
}

TEST(Trim, KeepsAllWhereARowKeepsNothing) {
  EXPECT_EQ((kept<int64_t>({1, 0, 0, 0, 0, 0}, MIXBIT_I64, 2)), 3);
  EXPECT_EQ((kept<float>({-0.0f, 0, 1, 0}, MIXBIT_F32, 2)), 2);
}

TEST(Trim, CutsAndRestoresEveryDimension) {
  struct Case {
    std::vector<int64_t> whole, part;
    int64_t wholeLength, partLength;
  };
  // The last case is [batch * sequence, 2] with a batch of 3.
  for (const Case &c :
       {Case{{3, 5}, {3, 2}, 5, 2}, Case{{3, 5, 2}, {3, 4, 2}, 5, 4},
        Case{{5, 3}, {1, 3}, 5, 1}, Case{{15, 2}, {6, 2}, 5, 2}}) {
    auto count = [](const std::vector<int64_t> &shape) {
      int64_t product = 1;
      for (int64_t extent : shape)
        product *= extent;
      return product;
    };
    std::vector<int32_t> whole(count(c.whole)), part(count(c.part), -1),
        back(whole.size(), -1);
    for (size_t i = 0; i < whole.size(); ++i)
      whole[i] = int32_t(i) + 1;
    mixbit_tensor source = tensor(whole, MIXBIT_I32, c.whole);
    mixbit_tensor shorter = tensor(part, MIXBIT_I32, c.part);
    cut(source, c.wholeLength, shorter, c.partLength);
    // Elements inside of one position.
    int64_t inside = c.whole == std::vector<int64_t>{5, 3} ? 3
                     : c.whole.back() == 2                 ? 2
                                                           : 1;
    auto at = [&](int64_t i) { return i / inside % c.wholeLength; };
    size_t next = 0;
    for (size_t i = 0; i < whole.size(); ++i)
      if (at(i) < c.partLength)
        EXPECT_EQ(part[next++], whole[i]);
    EXPECT_EQ(next, part.size());
    restore(shorter, c.partLength, tensor(back, MIXBIT_I32, c.whole),
            c.wholeLength);
    for (size_t i = 0; i < whole.size(); ++i)
      EXPECT_EQ(back[i], at(i) < c.partLength ? whole[i] : 0);
  }
}
