//===- HostTables.h - Constant data of the host module ----------*- C++ -*-===//
//
// Writes the structs of runtime/abi.h as constants of the llvm dialect. Every
// table is a private global; structs are written field by field, with C's
// layout for 64-bit targets.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

#include <variant>

namespace mixbit {

class HostTables {
public:
  explicit HostTables(mlir::ModuleOp module);

  /// A field: a 32-bit or 64-bit integer, or the address of a symbol (empty:
  /// null).
  struct Int32 {
    int64_t value;
  };
  struct Int64 {
    int64_t value;
  };
  struct Address {
    std::string symbol;
  };
  using Field = std::variant<Int32, Int64, Address>;
  using Struct = llvm::SmallVector<Field>;

  /// A 0-terminated string; equal ones are one global.
  Address string(llvm::StringRef text);
  Address int32s(llvm::ArrayRef<int32_t> values, llvm::StringRef name);
  Address int64s(llvm::ArrayRef<int64_t> values, llvm::StringRef name);
  Address addresses(llvm::ArrayRef<Address> values, llvm::StringRef name);
  /// Null if there are none. All have fields of the same types.
  Address structs(llvm::ArrayRef<Struct> values, llvm::StringRef name);
  /// One struct under a name of its own, visible to the other objects.
  void exported(const Struct &value, llvm::StringRef name);
  /// Declares a function or a byte defined in another object.
  Address declareFunction(llvm::StringRef name,
                          mlir::LLVM::LLVMFunctionType type);
  Address declareByte(llvm::StringRef name);

private:
  mlir::LLVM::GlobalOp global(mlir::Type type, llvm::StringRef name,
                              mlir::Attribute value, bool isExported = false);
  std::string unique(llvm::StringRef name);
  mlir::LLVM::LLVMStructType typeOf(const Struct &value);
  mlir::Value build(mlir::OpBuilder &body, const Struct &value);
  mlir::Value address(mlir::OpBuilder &body, const Address &value);

  mlir::ModuleOp module;
  mlir::OpBuilder builder;
  mlir::Type pointer, int32, int64;
  llvm::StringMap<std::string> strings;
  int next = 0;
};

} // namespace mixbit
