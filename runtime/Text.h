//===- Text.h - Error messages without allocation ---------------*- C++ -*-===//
//
// The runtime is linked into every library and may need nothing but libc, so
// its messages live in a fixed buffer; what does not fit is cut off.
//
//===----------------------------------------------------------------------===//
#ifndef MIXBIT_RUNTIME_TEXT_H
#define MIXBIT_RUNTIME_TEXT_H

#include "mixbit/runtime.h"

#include <stdarg.h>
#include <stdio.h>

namespace mixbit::runtime {

class Text {
public:
  const char *str() const { return buffer; }
  void clear() { buffer[length = 0] = 0; }

  __attribute__((format(printf, 2, 3))) void append(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int wanted =
        vsnprintf(buffer + length, sizeof(buffer) - length, format, arguments);
    va_end(arguments);
    if (wanted > 0) {
      length += wanted;
      if (length >= sizeof(buffer))
        length = sizeof(buffer) - 1;
    }
  }

private:
  char buffer[1024] = {};
  size_t length = 0;
};

} // namespace mixbit::runtime

#endif // MIXBIT_RUNTIME_TEXT_H
