//===- VectorAccess.h - Reading and writing lanes of a buffer ---*- C++ -*-===//
//
// Expansions run along one dimension, `lanes` points at a time. An access is
// where a map places these points in a buffer: all on one element (uniform),
// side by side (unit), or anywhere else (scattered, an element at a time).
// Nothing outside of the buffer is read or written: the last, incomplete
// vector is masked.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

namespace mixbit {

/// The points that one vector covers along the vectorized dimension.
struct LaneRange {
  mlir::Value position; ///< of the first lane
  int64_t lanes;
  mlir::Value limit = {};     ///< points from here on are masked off, if set
  mlir::Value mask = {};      ///< vector of i1, with `limit` only
  mlir::Value remaining = {}; ///< lanes that are on, with `limit` only

  bool isMasked() const { return bool(mask); }
};

/// A range of which only the points below `limit` are on; at least one is.
LaneRange maskedRange(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value position, mlir::Value limit, int64_t lanes);

/// Splat of `scalar` over `lanes`.
mlir::Value splat(mlir::OpBuilder &builder, mlir::Location loc,
                  mlir::Value scalar, int64_t lanes);

/// `mask ? value : neutral` with a scalar neutral; `value` without a mask.
mlir::Value maskOr(mlir::OpBuilder &builder, mlir::Location loc,
                   const LaneRange &range, mlir::Value value,
                   mlir::Value neutral);

enum class AccessKind { Uniform, Unit, Scattered };

/// One buffer under one map.
class VectorAccess {
public:
  /// `vectorDim` is the dimension of the map that vectors run along. Values are
  /// of type `element`, which may differ from the buffer's in name, not in size
  /// (bf16 lies in buffers of i16, see KernelBuilder).
  VectorAccess(mlir::Value buffer, mlir::AffineMap map, unsigned vectorDim,
               mlir::Type element = {});

  AccessKind kind;
  mlir::Value buffer;
  mlir::AffineMap map;
  unsigned vectorDim;
  mlir::Type element;

  /// `dims` are the values of the map's dimensions; that of the vectorized one
  /// is ignored where a range is given.
  mlir::Value loadScalar(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::ValueRange dims) const;
  mlir::Value load(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::ValueRange dims, const LaneRange &range) const;
  void storeScalar(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::ValueRange dims, mlir::Value value) const;
  void store(mlir::OpBuilder &builder, mlir::Location loc,
             mlir::ValueRange dims, const LaneRange &range,
             mlir::Value value) const;

private:
  mlir::Value loadRaw(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::ValueRange dims, const LaneRange &range) const;
  mlir::SmallVector<mlir::Value> indices(mlir::OpBuilder &builder,
                                         mlir::Location loc,
                                         mlir::ValueRange dims,
                                         mlir::Value position) const;
};

/// Where `map` places points that differ in `vectorDim` only, in a buffer of
/// `type`.
AccessKind classifyAccess(mlir::MemRefType type, mlir::AffineMap map,
                          unsigned vectorDim);

} // namespace mixbit
