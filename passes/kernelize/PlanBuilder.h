//===- PlanBuilder.h - Writes weights, kernels and one plan -----*- C++ -*-===//
//
// What the emitters of kernels share: buffers of the arena, weights of the
// library, and launches of freshly written kernels.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "passes/kernelize/View.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

#include <functional>

namespace mixbit {

/// The element type that a value of this graph type has in memory: booleans
/// are bytes.
mlir::Type memoryType(mlir::Type elementType);

/// Frees the data of a constant that nothing will read any more, if it is
/// memory of ours (not a mapped file) and no other constant of its function
/// shares it (functions come from files of their own and share no data), unless
/// the module says to keep it (kKeepDataAttr).
/// Without this, a model would be in memory three times while it is packed.
void releaseData(mlir::arith::ConstantOp constant);

class PlanBuilder {
public:
  PlanBuilder(mlir::ModuleOp module, PlanOp plan);

  mlir::MLIRContext *context() { return module.getContext(); }
  unsigned numSymbols() { return plan.getSymbols().size(); }
  mlir::AffineExpr constant(int64_t value) {
    return mlir::getAffineConstantExpr(value, context());
  }

  /// A new contiguous buffer in the arena.
  View buffer(const SymbolicShape &shape, mlir::Type elementType,
              mlir::Location loc);

  /// A weight of the module as a contiguous view. Data that is already a
  /// weight (the same attribute) is not added twice.
  View weight(mlir::ElementsAttr data, llvm::StringRef name,
              mlir::Location loc);

  /// Writes a kernel over the views' types and launches it on them. `body`
  /// gets the kernel's arguments in the order of `views`.
  void
  launch(llvm::StringRef kernelName, llvm::ArrayRef<View> views,
         mlir::Location loc,
         llvm::function_ref<void(mlir::OpBuilder &, mlir::ValueRange)> body);

private:
  mlir::ModuleOp module;
  PlanOp plan;
  mlir::OpBuilder builder; ///< at the plan's end
};

} // namespace mixbit
