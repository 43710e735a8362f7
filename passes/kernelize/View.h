//===- View.h - Strided views with symbolic shapes --------------*- C++ -*-===//
//
// A graph value in memory: a base buffer of the plan and how its elements lie
// in it. Reshapes, transposes, slices and broadcasts only change the view;
// nothing moves until a kernel reads it. All expressions are normalized.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"

namespace mixbit {

struct View {
  mlir::Value base;        ///< memref of the plan, identity layout
  mlir::AffineExpr offset; ///< in elements
  SymbolicShape shape;
  SymbolicShape strides; ///< in elements
  mlir::Type elementType;

  /// The whole of a row-major buffer.
  static View contiguous(mlir::Value base, SymbolicShape shape,
                         mlir::Type elementType);

  bool isContiguous() const;
  unsigned rank() const { return shape.size(); }

  View transpose(llvm::ArrayRef<int64_t> permutation) const;
  View slice(llvm::ArrayRef<mlir::AffineExpr> starts,
             llvm::ArrayRef<mlir::AffineExpr> sizes,
             llvm::ArrayRef<int64_t> steps) const;
  /// Right-aligned broadcast: stretched dimensions get stride 0.
  View broadcast(llvm::ArrayRef<mlir::AffineExpr> to) const;
  /// The same elements in the same order under another shape, if strides can
  /// express it.
  std::optional<View> reshape(llvm::ArrayRef<mlir::AffineExpr> to) const;

  /// The kernel's type for this view: static extents and strides where they
  /// are constants, offset 0.
  mlir::MemRefType kernelType() const;

  /// The memref of the plan for this view, made by mixbit.buffer_view unless
  /// it is the base itself.
  mlir::Value materialize(mlir::OpBuilder &builder, mlir::Location loc,
                          unsigned numSymbols) const;
};

/// Row-major strides of a shape.
SymbolicShape rowMajorStrides(llvm::ArrayRef<mlir::AffineExpr> shape,
                              mlir::MLIRContext *context);

/// Drops dimensions of extent 1 and merges neighbours wherever all views
/// (broadcast to `domain`, one stride a dimension) allow it. The last dimension
/// is what rows run along: nothing is merged into it, unless it is short and
/// `keepLast` (work that reduces along it) is false. Changes domain and views.
void collapseDomain(SymbolicShape &domain, llvm::MutableArrayRef<View> views,
                    bool keepLast);

} // namespace mixbit
