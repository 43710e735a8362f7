//===- HotBlock.h - Loops of generated assembly -----------------*- C++ -*-===//
#pragma once

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cctype>

namespace mixbit {

/// A block of the assembly.
struct HotBlock {
  int products = 0, spills = 0, reloads = 0, instructions = 0;
};

/// The shortest block with `products` of `instruction`; if there is none, the
/// one that has the most.
inline HotBlock findBlock(llvm::StringRef assembly, llvm::StringRef instruction,
                          int products) {
  HotBlock best, block;
  auto isBetter = [&](const HotBlock &a, const HotBlock &b) {
    bool fits = a.products == products;
    if (fits != (b.products == products))
      return fits;
    return fits ? a.instructions < b.instructions : a.products > b.products;
  };
  llvm::SmallVector<llvm::StringRef> lines;
  assembly.split(lines, '\n');
  auto close = [&] {
    if (isBetter(block, best))
      best = block;
    block = {};
  };
  for (llvm::StringRef line : lines) {
    llvm::StringRef code = line.ltrim();
    // Labels, and the comments that stand for those nobody jumps to.
    if (line.starts_with(".L") || code.contains("%bb.")) {
      close();
      continue;
    }
    // How LLVM marks the encoding of AVX-VNNI.
    code.consume_front("{vex}");
    code = code.ltrim();
    if (code.empty() || !std::isalpha(code.front()))
      continue;
    ++block.instructions;
    block.products += code.starts_with(instruction);
    // Addresses may be spilled; what counts is vectors.
    bool isVector = !code.contains(" 8-byte") && !code.contains(" 4-byte");
    block.spills += isVector && code.contains("Spill");
    block.reloads += isVector && code.contains("Reload");
  }
  close();
  return best;
}

} // namespace mixbit
