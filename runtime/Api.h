//===- Api.h - The table behind mixbit_get_api ------------------*- C++ -*-===//
#ifndef MIXBIT_RUNTIME_API_H
#define MIXBIT_RUNTIME_API_H

#include "runtime/abi.h"

namespace mixbit::runtime {

/// The C API of a library. (Libraries have one; tests make more.)
mixbit_api makeApi(const mxb_library &library);

} // namespace mixbit::runtime

#endif // MIXBIT_RUNTIME_API_H
