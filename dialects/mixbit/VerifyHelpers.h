//===- VerifyHelpers.h - What verifiers of operations share -----*- C++ -*-===//
//
// Every check emits "expected <what>, but got <value>" at the operation.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"

namespace mixbit::verify {

/// Extents that can be equal at run time.
inline bool agree(int64_t lhs, int64_t rhs) {
  return lhs == rhs || mlir::ShapedType::isDynamic(lhs) ||
         mlir::ShapedType::isDynamic(rhs);
}

inline mlir::RankedTensorType tensorOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}
inline mlir::Type elementOf(mlir::Value value) {
  return tensorOf(value).getElementType();
}
inline int64_t rankOf(mlir::Value value) { return tensorOf(value).getRank(); }
inline int64_t extentOf(mlir::Value value, int64_t dimension) {
  return tensorOf(value).getDimSize(dimension);
}

/// A type of shaped values (tensor or memref) of rank `rank`.
llvm::LogicalResult expectRank(mlir::Operation *op, llvm::StringRef what,
                               mlir::Type type, int64_t rank);
llvm::LogicalResult expectRankAtLeast(mlir::Operation *op, llvm::StringRef what,
                                      mlir::Type type, int64_t rank);
/// Elements that are floats.
llvm::LogicalResult expectFloat(mlir::Operation *op, llvm::StringRef what,
                                mlir::Type type);
/// Elements that are integers of more than one bit.
llvm::LogicalResult expectInteger(mlir::Operation *op, llvm::StringRef what,
                                  mlir::Type type);
/// Elements that are floats or integers, not quantized.
llvm::LogicalResult expectNumeric(mlir::Operation *op, llvm::StringRef what,
                                  mlir::Type type);
/// Elements of exactly `element`.
llvm::LogicalResult expectElement(mlir::Operation *op, llvm::StringRef what,
                                  mlir::Type type, mlir::Type element);
/// Dimension `dimension` of `type` agrees with `extent`.
llvm::LogicalResult expectExtent(mlir::Operation *op, llvm::StringRef what,
                                 mlir::Type type, int64_t dimension,
                                 int64_t extent);
/// An axis of 0 to rank - 1.
llvm::LogicalResult expectAxis(mlir::Operation *op, int64_t axis, int64_t rank);
/// `count` numbers, each at least `low` and small enough that sums and
/// products of a few of them do not overflow.
llvm::LogicalResult expectNumbers(mlir::Operation *op, llvm::StringRef what,
                                  llvm::ArrayRef<int64_t> values, size_t count,
                                  int64_t low);
/// A map over symbols only, no more than the surrounding function or plan
/// has, with `results` results.
llvm::LogicalResult expectSymbolMap(mlir::Operation *op, llvm::StringRef what,
                                    mlir::AffineMap map, int64_t results);

/// The results' static extents are those that shape inference finds, unknown
/// extents of the operands taken as distinct. To be called when everything
/// that the inference relies on has been checked.
llvm::LogicalResult expectInferredShapes(mlir::Operation *op);

} // namespace mixbit::verify
