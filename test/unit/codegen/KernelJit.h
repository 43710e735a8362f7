//===- KernelJit.h - Runs kernels in this process ---------------*- C++ -*-===//
//
// Test code only: textual kernels through the codegen pipeline and LLVM's JIT,
// called as the runtime calls them.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "runtime/abi.h"
#include "test/unit/codegen/RandomFloats.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mixbit::test {

/// The targets that this machine can run, one a width of vectors (or the one
/// that the environment's MIXBIT_TEST_TARGET names).
std::vector<std::string> runnableTargets();

/// A target as the last part of a test's name.
std::string targetTestName(const testing::TestParamInfo<std::string> &info);

/// 64 zeroed bytes stand after everything a kernel may touch, to catch what it
/// writes out of bounds.
class KernelJit {
public:
  /// Fails the current test and stays invalid when something does not compile.
  KernelJit(const std::string &kernels, const std::string &target);
  ~KernelJit();
  bool valid() const { return isValid; }

  /// A launch's words, under construction.
  struct Arguments {
    std::vector<int64_t> words = {0};
    Arguments &operand(const void *address,
                       llvm::ArrayRef<int64_t> dynamic = {}) {
      words.push_back(reinterpret_cast<int64_t>(address));
      words.insert(words.end(), dynamic.begin(), dynamic.end());
      return *this;
    }
  };

  /// Runs all iterations in parts of `part` (0: at once). Returns the error.
  mxb_error run(const std::string &kernel, Arguments arguments,
                int64_t part = 0);

private:
  void compile(const std::string &kernels);
  struct Implementation;
  std::unique_ptr<Implementation> implementation;
  bool isValid = false;
  std::string target;
};

} // namespace mixbit::test
