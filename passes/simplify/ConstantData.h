//===- ConstantData.h - Evaluating graph operations on constants -*- C++
//-*-===//
//
// A constant tensor while it is computed with: floats, or integers of up to 32
// bits, in row-major order. Arithmetic is that of IEEE floats of 32 bits, one
// operation after the other as the graph has them; sums of reductions are added
// up in double and rounded once.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"

#include "mlir/IR/BuiltinAttributes.h"

#include <optional>
#include <vector>

namespace mixbit {

class ConstantData {
public:
  /// Whether elements of this type are computed with: f32, i1, and integers of
  /// 8, 16 and 32 bits.
  static bool isServed(mlir::Type element);
  /// Whether compute has this operation: elementwise ones, reductions and
  /// movement of served types.
  static bool isServed(mlir::Operation *op);

  /// The elements of a constant of a served type; none if its data is left out
  /// of the IR.
  static std::optional<ConstantData> read(mlir::ElementsAttr elements);

  /// Few elements of f64 or an integer of any width, as those of `type`, f32;
  /// none where there are more than `foldedBytes` of them.
  static std::optional<ConstantData> readWide(mlir::ElementsAttr elements,
                                              mlir::RankedTensorType type);

  /// The result of a served operation, of static shape.
  static ConstantData compute(mlir::Operation *op,
                              llvm::ArrayRef<ConstantData> operands);

  /// The elements as a constant of `type`, of this shape and any served type
  /// but i1; above `foldedBytes` as a resource called `name`.
  mlir::ElementsAttr write(mlir::RankedTensorType type,
                           llvm::StringRef name) const;

private:
  explicit ConstantData(mlir::RankedTensorType type);

  bool isFloat() const { return holdsFloats; }
  int64_t size() const;
  double at(int64_t index) const {
    return isFloat() ? double(floats[index]) : double(integers[index]);
  }
  /// For each element of `shape` in order, the index of the element that
  /// broadcasting gives it here.
  template <typename Visit>
  void forBroadcast(llvm::ArrayRef<int64_t> shape, Visit visit) const;

  static ConstantData unary(UnaryOp op, const ConstantData &x);
  static ConstantData binary(BinaryOp op, const ConstantData &lhs,
                             const ConstantData &rhs);
  static ConstantData select(SelectOp op, const ConstantData &condition,
                             const ConstantData &yes, const ConstantData &no);
  static ConstantData cast(CastOp op, const ConstantData &x);
  static ConstantData slice(SliceOp op, const ConstantData &x);
  static ConstantData reduce(ReduceOp op, const ConstantData &x);
  static ConstantData transpose(TransposeOp op, const ConstantData &x);

  mlir::Type element;
  bool holdsFloats; ///< asked for every element
  llvm::SmallVector<int64_t> shape;
  std::vector<float> floats;     ///< if the elements are f32
  std::vector<int32_t> integers; ///< else
};

} // namespace mixbit
