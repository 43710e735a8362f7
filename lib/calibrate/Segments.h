//===- Segments.h - A network cut in front of its linear layers -*- C++ -*-===//
//
// Calibration walks a network so that each layer runs once: it looks at what
// goes into a linear layer, rounds its weight, and goes on with what comes out
// of the rounded one. The level of a value is the number of such layers on the
// longest path to it; segment l computes what has level l from values of lower
// levels, its layers' weights given at run time.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace mixbit {

/// One function of the segmented module. Its arguments are, in this order, all
/// arguments of the network, `inputs`, `rows` and `weights`.
struct GraphSegment {
  std::string name; ///< the function's; empty if there is nothing to run
  /// Values of lower levels that the segment reads.
  llvm::SmallVector<mlir::Value> inputs;
  /// Inputs of its layers, apart from `inputs` so that the rows can be
  /// quantized for the layers alone.
  llvm::SmallVector<mlir::Value> rows;
  /// Constants: weights of its layers, tables of its embeddings.
  llvm::SmallVector<mlir::arith::ConstantOp> weights;
  /// Results: the values that later segments or the caller read.
  llvm::SmallVector<mlir::Value> outputs;
};

/// A layer whose weight is given at run time.
struct SegmentLayer {
  mlir::Operation *op; ///< mixbit.linear or mixbit.embedding
  mlir::arith::ConstantOp weight;
  unsigned level; ///< of its result
};

struct SegmentedGraph {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<GraphSegment> segments; ///< by level
  std::vector<SegmentLayer> layers;   ///< in the order of the function
};

/// Cuts `func`, one block of graph operations. Layers are the linears and
/// embeddings for which `isLayer` holds; their weights must be constants. Only
/// what the layers' inputs and `wanted` depend on is computed. `func` is left
/// as it is; the module shares the data of its constants. A diagnostic has
/// been emitted on failure.
mlir::FailureOr<SegmentedGraph>
segmentGraph(mlir::func::FuncOp func,
             llvm::function_ref<bool(mlir::Operation *)> isLayer,
             llvm::ArrayRef<mlir::Value> wanted = {});

/// For each layer's input, as far as an attention of `func` hides keys with a
/// `keep` mask of the same rows ([batch, sequence] for rows of [batch,
/// sequence, K]): that mask. Rows where it is zero are padding.
llvm::DenseMap<mlir::Value, mlir::Value>
findRowMasks(mlir::func::FuncOp func, llvm::ArrayRef<mlir::Value> layerInputs);

} // namespace mixbit
