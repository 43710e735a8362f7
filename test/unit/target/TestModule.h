//===- TestModule.h - A small library in LLVM IR ----------------*- C++ -*-===//
//
// One entry "main": x [n] float32 -> y [n] float32 = x * weights[0] +
// weights[1]
//
//===----------------------------------------------------------------------===//
#pragma once

#include "lib/target/CodeObject.h"
#include "lib/target/Link.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

#include <string>

/// Parses IR; the test fails if it is wrong.
std::unique_ptr<llvm::Module> parseModule(llvm::LLVMContext &context,
                                          llvm::StringRef text);
/// The library above.
llvm::StringRef testModuleText();

/// Compiles `text` for a target, adds weights 2 and 3, and links.
llvm::Error buildLibrary(llvm::StringRef targetName, llvm::StringRef text,
                         llvm::StringRef folder, llvm::StringRef output);

/// A folder that is removed at the end.
struct TestFolder {
  TestFolder();
  ~TestFolder();
  std::string operator/(llvm::StringRef name) const;
  int numFiles() const;
  llvm::SmallString<128> path;
};

std::string readFile(llvm::StringRef path);
void writeFile(llvm::StringRef path, llvm::StringRef bytes);
