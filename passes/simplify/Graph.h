//===- Graph.h - Reading and building the graph level -----------*- C++ -*-===//
//
// What all passes of this stage share: the symbolic shape of every value of a
// function, a builder whose operations get the types those shapes imply, and
// questions about constants.
//
// The passes walk a function in order, build beside the old operations, replace
// their uses, and erase what is dead at the end: no value that a table here
// knows is freed while a pass runs.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"
#include "dialects/mixbit/SymbolicMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

#include <optional>

namespace mixbit {

/// The name that an operation got from its ONNX node, else its own name.
std::string nodeName(mlir::Operation *op);

/// An error at `op` that begins with the ONNX node it came from.
mlir::InFlightDiagnostic emitNodeError(mlir::Operation *op);

/// Builds graph operations in a function whose symbolic shapes it knows.
class GraphBuilder : public mlir::OpBuilder {
public:
  explicit GraphBuilder(mlir::func::FuncOp func);

  /// Shapes of the arguments, from `mixbit.dims` or static types.
  llvm::LogicalResult computeArgumentShapes();
  /// Shapes of the arguments and of the results of all operations. Emits an
  /// error where one cannot be inferred.
  llvm::LogicalResult computeShapes();
  /// Shapes of one operation's results, from those of its operands.
  llvm::LogicalResult computeShapes(mlir::Operation *op);

  bool hasShape(mlir::Value value) const { return shapes.contains(value); }
  /// The symbolic shape; empty for what has none.
  llvm::ArrayRef<mlir::AffineExpr> shape(mlir::Value value) const;
  void setShape(mlir::Value value, llvm::ArrayRef<mlir::AffineExpr> shape);
  int64_t rank(mlir::Value value) const {
    return mlir::cast<mlir::RankedTensorType>(value.getType()).getRank();
  }
  mlir::Type elementType(mlir::Value value) const {
    return mlir::cast<mlir::RankedTensorType>(value.getType()).getElementType();
  }
  bool sameShape(llvm::ArrayRef<mlir::AffineExpr> lhs,
                 llvm::ArrayRef<mlir::AffineExpr> rhs) const;

  mlir::AffineExpr constant(int64_t value) {
    return getAffineConstantExpr(value);
  }
  /// A map over the function's symbols.
  mlir::AffineMap map(llvm::ArrayRef<mlir::AffineExpr> results) const;
  unsigned numSymbols() const { return symbols; }

  /// Makes an operation whose one result has the given element type and the
  /// shape its inference says. Null, with an error emitted, if that fails.
  template <typename Op, typename... Args>
  mlir::Value make(mlir::Location location, mlir::Type elementType,
                   Args &&...args) {
    return finish(Op::create(*this, location,
                             mlir::RankedTensorType::get({}, elementType),
                             std::forward<Args>(args)...));
  }

  mlir::Value unary(mlir::Location location, UnaryKind kind, mlir::Value x);
  mlir::Value binary(mlir::Location location, BinaryKind kind, mlir::Value lhs,
                     mlir::Value rhs);
  /// These return the operand itself where nothing would change.
  mlir::Value cast(mlir::Location location, mlir::Value x, mlir::Type type);
  mlir::Value reshape(mlir::Location location, mlir::Value x,
                      llvm::ArrayRef<mlir::AffineExpr> shape);
  mlir::Value transpose(mlir::Location location, mlir::Value x,
                        llvm::ArrayRef<int64_t> permutation);
  mlir::Value broadcast(mlir::Location location, mlir::Value x,
                        llvm::ArrayRef<mlir::AffineExpr> shape);
  /// Swaps the last two dimensions.
  mlir::Value transposeMatrix(mlir::Location location, mlir::Value x);
  /// A constant of rank 0.
  mlir::Value scalar(mlir::Location location, double value, mlir::Type type);
  mlir::Value constantOf(mlir::Location location, mlir::ElementsAttr value);

private:
  mlir::Value finish(mlir::Operation *op);

  mlir::func::FuncOp func;
  unsigned symbols;
  llvm::DenseMap<mlir::Value, SymbolicShape> shapes;
};

/// Right-aligned broadcast of two shapes; nullopt if constants disagree.
std::optional<SymbolicShape>
broadcastShapes(llvm::ArrayRef<mlir::AffineExpr> lhs,
                llvm::ArrayRef<mlir::AffineExpr> rhs,
                mlir::MLIRContext *context);

/// Where a reshape only inserts or drops extents of 1: for each dimension of
/// `from` the index d0, d1, ... of `to` that stands for it (0 for extents of
/// 1). Nullopt for other reshapes.
std::optional<llvm::SmallVector<mlir::AffineExpr>>
unitReshapeIndices(llvm::ArrayRef<mlir::AffineExpr> from,
                   llvm::ArrayRef<mlir::AffineExpr> to,
                   mlir::MLIRContext *context);

/// Erases every operation without uses and effects, users before producers.
void eraseDeadOps(mlir::func::FuncOp func);

/// The one value of all elements of a constant, seen through reshapes,
/// broadcasts and casts between floats.
std::optional<double> splatValue(mlir::Value value);

/// A binary operation of `kind`, else null.
BinaryOp matchBinary(mlir::Value value, BinaryKind kind);
/// A binary operation of `kind` with one operand for which `is` holds; that
/// operand, then the other. Tries both orders if the kind commutes.
struct OperandPair {
  mlir::Value matched, other;
  explicit operator bool() const { return (bool)matched; }
};
OperandPair matchOperand(mlir::Value value, BinaryKind kind,
                         llvm::function_ref<bool(mlir::Value)> is);
UnaryOp matchUnary(mlir::Value value, UnaryKind kind);

} // namespace mixbit
