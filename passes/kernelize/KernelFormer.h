//===- KernelFormer.h - From groups of a graph to kernels -------*- C++ -*-===//
//
// State of one function's conversion: where each graph value lies, and the
// emitters, one source file a family (EmitRows, EmitContract, EmitWindows,
// EmitAttention, EmitMoves).
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/SymbolicMath.h"
#include "lib/quant/Packing.h"
#include "passes/kernelize/Grouping.h"
#include "passes/kernelize/PlanBuilder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <map>

namespace mixbit {

/// A segment of a linear's weight as contractions read it.
struct PackedWeight {
  View codes, scales, zeros; ///< the last two empty (no base) if absent
  mlir::Type format;
  PackedLayout layout;
  int64_t first = 0, outputs = 0, inputs = 0; ///< outputs from `first` on
};

class KernelFormer {
public:
  KernelFormer(mlir::func::FuncOp func, PlanOp plan, SymbolicShapes shapes,
               mlir::ModuleOp module, Density density)
      : func(func), plan(plan), shapes(std::move(shapes)),
        builder(module, plan), density(density) {}

  mlir::LogicalResult run();

private:
  // FormKernels.cpp
  mlir::LogicalResult emit(const Group &group);
  mlir::LogicalResult emitView(mlir::Operation *op);
  mlir::LogicalResult emitReturn();
  /// Where a value is; emits the weight of a constant at its first use.
  mlir::FailureOr<View> viewOf(mlir::Value value);
  const SymbolicShape &shapeOf(mlir::Value value) {
    return shapes.find(value)->second;
  }
  mlir::Type elementOf(mlir::Value value) {
    return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
  }
  /// A buffer for a value: the plan's output if the function returns it.
  View allocate(mlir::Value value, mlir::Location loc);
  /// The view, or a contiguous copy of it.
  View contiguous(const View &view, mlir::Location loc);
  /// Reads a value as [rows, columns] with unit stride along columns; copies if
  /// it must.
  mlir::FailureOr<View> asMatrix(mlir::Value value, mlir::Location loc);
  View asMatrix(const View &view, mlir::Location loc);
  mlir::LogicalResult unsupported(mlir::Operation *op, const llvm::Twine &why);

  // EmitMoves.cpp
  /// Copies one view to another of the same shape.
  void copy(const View &from, const View &to, mlir::Location loc);
  void fill(const View &to, mlir::TypedAttr value, mlir::Location loc);
  mlir::LogicalResult emitConcat(ConcatOp op);
  mlir::LogicalResult emitGather(GatherOp op);
  mlir::LogicalResult emitReduce(ReduceOp op);
  mlir::LogicalResult emitSoftmax(SoftmaxOp op);
  mlir::LogicalResult emitDimValue(DimValueOp op);

  // EmitRows.cpp
  mlir::LogicalResult emitRows(const Group &group);
  /// The one-operation rows kernel of a reduction or softmax whose axis has
  /// been brought to the end.
  mlir::LogicalResult emitRowOp(mlir::Operation *op, const View &input,
                                const View &output, bool uniform);

  // EmitContract.cpp
  mlir::LogicalResult emitContract(const Group &group);
  /// One launch: the outputs of a segment.
  mlir::LogicalResult emitSegment(const Group &group,
                                  const PackedWeight &weight, const View &a,
                                  const View &out);

  // PackWeight.cpp
  /// The segments of a weight, packed once for all operations that have it.
  mlir::FailureOr<llvm::ArrayRef<PackedWeight>>
  packWeight(mlir::Value weight, unsigned dataBits, mlir::Operation *user);
  mlir::FailureOr<PackedWeight> packSegment(const QuantizedMatrix &matrix,
                                            unsigned dataBits,
                                            llvm::StringRef name,
                                            mlir::Location loc);
  mlir::FailureOr<PackedWeight> packFloatWeight(mlir::Value weight,
                                                mlir::Operation *user);
  /// The packed weight of a linear that a table is too, if rows can be looked
  /// up in it; null where there is none, with a remark if there is a linear.
  mlir::FailureOr<const PackedWeight *> tiedWeight(EmbeddingOp op);

  // EmitWindows.cpp
  mlir::LogicalResult emitConv(ConvOp op);
  mlir::LogicalResult emitPool(PoolOp op);
  mlir::LogicalResult emitMatmul(MatmulOp op);
  View padded(const View &x, llvm::ArrayRef<int64_t> pads,
              mlir::TypedAttr padding, mlir::Location loc);

  // EmitAttention.cpp
  mlir::LogicalResult emitAttention(AttentionOp op);

  mlir::func::FuncOp func;
  PlanOp plan;
  SymbolicShapes shapes;
  PlanBuilder builder;
  Density density; ///< of the weights of linears
  llvm::DenseMap<mlir::Value, View> views;
  /// By weight and bits of the data.
  std::map<std::pair<void *, unsigned>, llvm::SmallVector<PackedWeight, 1>>
      packedWeights;
  /// Outputs of the plan that no kernel writes yet, by the graph value.
  llvm::DenseMap<mlir::Value, View> pendingOutputs;
};

/// Emits the region of one graph operation of a rows kernel (see EmitRows.cpp);
/// shared with emitRowOp.
mlir::Value emitNormalization(mlir::OpBuilder &builder, mlir::Operation *op,
                              mlir::Value x, mlir::Value gamma,
                              mlir::Value beta, mlir::Value count);

} // namespace mixbit
