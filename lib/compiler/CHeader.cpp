//===- CHeader.cpp - Names of a library's entries, inputs, outputs --------===//
#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/compiler/Stages.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace mixbit {
/// NAME as part of a C macro: upper case, underscores for what C has not.
static std::string macroName(StringRef name) {
  std::string result;
  for (char c : name)
    result += isalnum((unsigned char)c) ? (char)toupper(c) : '_';
  return result;
}

static std::string quoted(StringRef text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += c < ' ' ? '_' : c;
  }
  return result + "\"";
}

void Compilation::printHeader(llvm::raw_ostream &os) {
  os << "/* Made by mixbit compile --emit c-header: indices and names for use\n"
        " * with mixbit/runtime.h. */\n#pragma once\n\n";
  for (auto [entry, func] : llvm::enumerate(module->getOps<func::FuncOp>())) {
    std::string prefix = "MIXBIT_" + macroName(func.getSymName());
    os << "#define " << prefix << "_ENTRY " << entry << "\n";
    auto port = [&](StringRef kind, unsigned index, Attribute name, Type type) {
      StringRef text = name ? cast<StringAttr>(name).getValue() : "";
      os << "/* " << type << " */\n"
         << "#define " << prefix << "_" << kind << "_" << macroName(text) << " "
         << index << "\n"
         << "#define " << prefix << "_" << kind << "_" << index << "_NAME "
         << quoted(text) << "\n";
    };
    for (unsigned i = 0; i != func.getNumArguments(); ++i)
      port("INPUT", i, func.getArgAttr(i, kNameAttr),
           func.getArgumentTypes()[i]);
    for (unsigned i = 0; i != func.getNumResults(); ++i)
      port("OUTPUT", i, func.getResultAttr(i, kNameAttr),
           func.getResultTypes()[i]);
    if (auto symbols = func->getAttrOfType<ArrayAttr>(kSymbolsAttr))
      for (auto [index, symbol] : llvm::enumerate(symbols))
        os << "#define " << prefix << "_SYMBOL_"
           << macroName(cast<StringAttr>(symbol).getValue()) << " " << index
           << "\n";
    os << "\n";
  }
}
} // namespace mixbit
