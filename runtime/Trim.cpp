//===- Trim.cpp - Runs without padding --------------------------*- C++ -*-===//
#include "runtime/Trim.h"

#include "runtime/Ports.h"

#include <string.h>

using namespace mixbit::runtime;

static bool isZero(const char *element, mixbit_type type) {
  // Either zero of a float.
  switch (type) {
  case MIXBIT_F32: {
    uint32_t bits;
    memcpy(&bits, element, 4);
    return (bits & 0x7fffffffu) == 0;
  }
  case MIXBIT_F16:
  case MIXBIT_BF16: {
    uint16_t bits;
    memcpy(&bits, element, 2);
    return (bits & 0x7fffu) == 0;
  }
  default:
    for (int64_t i = 0; i < elementBytes(type); ++i)
      if (element[i])
        return false;
    return true;
  }
}

int64_t mixbit::runtime::keptLength(const mixbit_tensor &mask) {
  int64_t length = mask.shape[mask.rank - 1], rows = 1, longest = 0;
  int64_t unit = elementBytes(mask.type);
  for (int32_t i = 0; i + 1 < mask.rank; ++i)
    rows *= mask.shape[i];
  const char *row = static_cast<const char *>(mask.data);
  for (int64_t r = 0; r < rows; ++r, row += length * unit) {
    int64_t kept = length;
    while (kept > 0 && isZero(row + (kept - 1) * unit, mask.type))
      --kept;
    if (kept == 0)
      return length;
    if (kept > longest)
      longest = kept;
  }
  return rows > 0 ? longest : length;
}

namespace {
/// Groups of positions, and the bytes of one position.
struct Layout {
  int64_t groups = 1, position = 0;
};
} // namespace

static Layout layoutOf(const mixbit_tensor &whole, int64_t wholeLength,
                       const mixbit_tensor &part) {
  Layout layout;
  int64_t inside = elementBytes(whole.type);
  int32_t dim = 0;
  while (dim < whole.rank && whole.shape[dim] == part.shape[dim])
    layout.groups *= whole.shape[dim++];
  layout.groups *= whole.shape[dim] / wholeLength;
  for (int32_t i = dim + 1; i < whole.rank; ++i)
    inside *= whole.shape[i];
  layout.position = inside;
  return layout;
}

void mixbit::runtime::cut(const mixbit_tensor &whole, int64_t wholeLength,
                          const mixbit_tensor &part, int64_t partLength) {
  Layout layout = layoutOf(whole, wholeLength, part);
  const char *from = static_cast<const char *>(whole.data);
  char *to = static_cast<char *>(part.data);
  for (int64_t g = 0; g < layout.groups; ++g)
    memcpy(to + g * partLength * layout.position,
           from + g * wholeLength * layout.position,
           partLength * layout.position);
}

void mixbit::runtime::restore(const mixbit_tensor &part, int64_t partLength,
                              const mixbit_tensor &whole, int64_t wholeLength) {
  Layout layout = layoutOf(whole, wholeLength, part);
  const char *from = static_cast<const char *>(part.data);
  char *to = static_cast<char *>(whole.data);
  int64_t kept = partLength * layout.position;
  for (int64_t g = 0; g < layout.groups; ++g) {
    char *group = to + g * wholeLength * layout.position;
    memcpy(group, from + g * kept, kept);
    memset(group + kept, 0, wholeLength * layout.position - kept);
  }
}
