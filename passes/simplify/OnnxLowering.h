//===- OnnxLowering.h - The state of lower-onnx -----------------*- C++ -*-===//
//
// One walk over a function in order. For every onnx value there is what is
// known symbolically and, once something needs it as data, the mixbit value
// that computes it. Operations are lowered in files by family; each lowering
// sets the values of its results or emits an error.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "passes/simplify/ElementFunctions.h"
#include "passes/simplify/Graph.h"

namespace mixbit {

class OnnxLowering {
public:
  explicit OnnxLowering(mlir::func::FuncOp func);

  /// Lowers the whole function; false after an error.
  llvm::LogicalResult run();

  unsigned numLowered = 0, numShapeOps = 0;

private:
  // -- Values, see LowerOnnx.cpp.

  /// The mixbit value of an onnx value; null, with an error emitted, if it
  /// cannot be made.
  mlir::Value get(mlir::Value value);
  /// An optional operand; null if missing.
  mlir::Value getOptional(mlir::Value value);
  /// Contents known at compile time as a mixbit value, null if not known.
  mlir::Value materialize(mlir::Value value);
  mlir::Value materializeFunction(const onnx::SymbolicValue &known,
                                  mlir::AffineExpr function);
  const onnx::SymbolicValue &known(mlir::Value value) const {
    return values.find(value)->second;
  }
  llvm::ArrayRef<mlir::AffineExpr> shape(mlir::Value value) const {
    return known(value).shape;
  }
  /// Integer contents of an operand that a lowering needs as constants.
  std::optional<llvm::SmallVector<int64_t>> constants(mlir::Value value) const;
  /// Makes `value` the lowering of an operation's first result. Null means
  /// that an error was emitted.
  llvm::LogicalResult set(mlir::Operation *op, mlir::Value value);
  llvm::LogicalResult unsupported(const llvm::Twine &reason);
  /// An axis in 0..rank-1.
  static int64_t normalizedAxis(int64_t axis, int64_t rank) {
    return axis < 0 ? axis + rank : axis;
  }

  // -- Families. False in `handled` if the operation is of another.
  llvm::LogicalResult lower(mlir::Operation *op);
  llvm::LogicalResult lowerByFamily(mlir::Operation *op);
  llvm::LogicalResult lowerMath(mlir::Operation *op, bool &handled);
  llvm::LogicalResult lowerShape(mlir::Operation *op, bool &handled);
  llvm::LogicalResult lowerNN(mlir::Operation *op, bool &handled);
  llvm::LogicalResult lowerContrib(mlir::Operation *op, bool &handled);
  llvm::LogicalResult lowerQuantization(mlir::Operation *op, bool &handled);

  // LowerMath.cpp
  llvm::LogicalResult lowerUnary(mlir::Operation *op, UnaryKind kind);
  llvm::LogicalResult lowerBinary(mlir::Operation *op, BinaryKind kind);
  llvm::LogicalResult lowerVariadic(mlir::Operation *op, BinaryKind kind);
  llvm::LogicalResult lowerReduce(mlir::Operation *op, ReduceKind kind);
  llvm::LogicalResult lowerOp(onnx::ClipOp op);
  llvm::LogicalResult lowerOp(onnx::MatMulOp op);
  /// The matrix product of `shape`; vectors are rows on the left, columns on
  /// the right.
  mlir::Value matrixProduct(mlir::Value lhs, mlir::Value rhs,
                            llvm::ArrayRef<mlir::AffineExpr> shape,
                            bool transposeRhs);
  llvm::LogicalResult lowerOp(onnx::GemmOp op);
  llvm::LogicalResult lowerOp(onnx::SoftmaxOp op);
  llvm::LogicalResult lowerOp(onnx::LogSoftmaxOp op);
  llvm::LogicalResult lowerOp(onnx::WhereOp op);
  llvm::LogicalResult lowerOp(onnx::CastOp op);
  llvm::LogicalResult lowerOp(onnx::CastLikeOp op);
  llvm::LogicalResult lowerOp(onnx::GeluOp op);

  // LowerShape.cpp, LowerGather.cpp
  llvm::LogicalResult lowerReshape(mlir::Operation *op);
  llvm::LogicalResult lowerOp(onnx::ExpandOp op);
  llvm::LogicalResult lowerOp(onnx::TransposeOp op);
  llvm::LogicalResult lowerOp(onnx::ConcatOp op);
  llvm::LogicalResult lowerOp(onnx::SplitOp op);
  llvm::LogicalResult lowerOp(onnx::SliceOp op);
  llvm::LogicalResult lowerOp(onnx::TileOp op);
  llvm::LogicalResult lowerOp(onnx::PadOp op);
  llvm::LogicalResult lowerOp(onnx::RangeOp op);
  llvm::LogicalResult lowerOp(onnx::ConstantOfShapeOp op);
  llvm::LogicalResult lowerOp(onnx::GatherOp op);
  llvm::LogicalResult lowerOp(onnx::GatherNDOp op);
  /// `x` read at affine indices as a movement of dimensions, null if it is
  /// none.
  mlir::Value gatherByFunctions(mlir::Value x,
                                llvm::ArrayRef<mlir::AffineExpr> index,
                                llvm::ArrayRef<mlir::AffineExpr> result);
  /// Whether an expression over symbols is 0 or more whenever the function
  /// may run: by itself, or by what inference requires.
  bool holds(mlir::AffineExpr expr) const;
  /// The first element of a slice: `start` counted from the end if negative
  /// and clamped to the data. Nullopt unless all elements lie inside of it.
  std::optional<mlir::AffineExpr> firstElement(mlir::AffineExpr start,
                                               mlir::AffineExpr extent,
                                               mlir::AffineExpr size,
                                               int64_t step) const;
  mlir::Value slice(mlir::Value x, llvm::ArrayRef<mlir::AffineExpr> starts,
                    llvm::ArrayRef<mlir::AffineExpr> sizes,
                    llvm::ArrayRef<int64_t> steps);

  // LowerNN.cpp
  llvm::LogicalResult lowerOp(onnx::LayerNormalizationOp op);
  llvm::LogicalResult lowerOp(onnx::RMSNormalizationOp op);
  llvm::LogicalResult lowerOp(onnx::BatchNormalizationOp op);
  llvm::LogicalResult lowerOp(onnx::InstanceNormalizationOp op);
  llvm::LogicalResult lowerOp(onnx::DropoutOp op);
  llvm::LogicalResult lowerOp(onnx::ConvOp op);
  llvm::LogicalResult lowerOp(onnx::QLinearConvOp op);
  /// The convolution of floats by the window of `op`, any of ONNX's.
  mlir::Value convolve(mlir::Operation *op, mlir::Value x, mlir::Value weight,
                       mlir::Value bias);
  llvm::LogicalResult lowerOp(onnx::AttentionOp op);
  llvm::LogicalResult lowerGlobalPool(mlir::Operation *op, ReduceKind kind);
  template <typename Pool>
  llvm::LogicalResult lowerPool(Pool op, ReduceKind kind, bool countPads);
  mlir::Value layerNorm(mlir::Value x, mlir::Value gamma, mlir::Value beta,
                        int64_t axis, llvm::APFloat epsilon);
  struct Window {
    llvm::SmallVector<int64_t> strides, pads, dilations;
  };
  template <typename Windowed>
  std::optional<Window> getWindow(Windowed op, mlir::Value x,
                                  llvm::ArrayRef<int64_t> extents);

  // LowerQuantization.cpp
  llvm::LogicalResult lowerOp(onnx::QuantizeLinearOp op);
  llvm::LogicalResult lowerOp(onnx::DequantizeLinearOp op);
  llvm::LogicalResult lowerOp(onnx::QLinearMatMulOp op);
  /// How a scale or zero point lies along its data: the shape in which data and
  /// parameter broadcast.
  struct ScaleLayout {
    SymbolicShape data, parameter;
    /// What the last block lacks along the axis.
    int64_t axis = 0, padding = 0;
  };
  std::optional<ScaleLayout> scaleLayout(llvm::ArrayRef<mlir::AffineExpr> data,
                                         llvm::ArrayRef<mlir::AffineExpr> scale,
                                         int64_t axis, int64_t blockSize);
  mlir::Value padBlocks(mlir::Value codes, const ScaleLayout &layout,
                        int64_t blockSize);
  mlir::Value withoutPadding(mlir::Value value, const ScaleLayout &layout,
                             llvm::ArrayRef<mlir::AffineExpr> shape);
  mlir::Value dequantize(mlir::Value codes, mlir::Value scale, mlir::Value zero,
                         const ScaleLayout &layout);
  mlir::Value dequantizeTable(mlir::Value codes, mlir::Value scale,
                              mlir::Value zero, const ScaleLayout &layout);
  /// What DequantizeLinear computes of onnx values, in f32; `zero` may be none.
  mlir::Value dequantize(mlir::Value x, mlir::Value scale, mlir::Value zero,
                         int64_t axis, int64_t blockSize);
  /// What QuantizeLinear computes of a mixbit value, as the result of `op`.
  llvm::LogicalResult quantize(mlir::Operation *op, mlir::Value x,
                               mlir::Value scale, mlir::Value zero,
                               int64_t axis, int64_t blockSize);
  /// Codes as floats where they are there, else as integers.
  mlir::Value codesOf(mlir::Value value);

  // LowerFewBits.cpp
  llvm::LogicalResult lowerOp(onnx::MicrosoftMatMulNBitsOp op);
  llvm::LogicalResult lowerOp(onnx::MicrosoftGatherBlockQuantizedOp op);
  mlir::Value unpackCodes(mlir::Value bytes, unsigned bits, int64_t rows,
                          int64_t columns, llvm::StringRef what);

  // LowerIntegerProducts.cpp
  /// A product of codes on its way to the scales that make numbers of it.
  struct CodeProduct {
    mlir::Operation *source;
    /// Codes without their zero points, or, where a scale is to come, the
    /// floats that were quantized.
    mlir::Value lhs, rhs;
    /// onnx values it still has to be multiplied with.
    llvm::SmallVector<mlir::Value, 2> scales;
    /// Constants that it is multiplied with besides.
    llvm::SmallVector<mlir::Value, 2> factors;
  };
  llvm::LogicalResult lowerIntegerProducts(mlir::Operation *op, bool &handled);
  llvm::LogicalResult lowerOp(onnx::DynamicQuantizeLinearOp op);
  template <typename Product>
  llvm::LogicalResult lowerIntegerProduct(Product op, mlir::Value lhs,
                                          mlir::Value lhsZero, mlir::Value rhs,
                                          mlir::Value rhsZero);
  bool addSide(CodeProduct &product, mlir::Value codes, mlir::Value zero,
               bool isLeft);
  bool takeFactors(CodeProduct &product, mlir::Value factor);
  llvm::LogicalResult advance(mlir::Operation *op, CodeProduct product);

  mlir::func::FuncOp func;
  GraphBuilder builder;
  SymbolicValues values;
  ElementFunctions functions;
  llvm::DenseMap<mlir::Value, mlir::Value> lowered;
  /// Codes of QuantizeLinear before they become integers.
  llvm::DenseMap<mlir::Value, mlir::Value> floatCodes;
  /// Products of codes, and what they have been multiplied with so far.
  llvm::DenseMap<mlir::Value, CodeProduct> codeProducts;
  /// The operation that is being lowered, and its location.
  mlir::Operation *current = nullptr;
  mlir::Location location;
};

} // namespace mixbit
