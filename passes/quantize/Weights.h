//===- Weights.h - Which operand is a weight --------------------*- C++ -*-===//
#pragma once

#include "dialects/mixbit/Mixbit.h"
#include "lib/quant/Round.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"

namespace mixbit {

/// The weight of a linear or the table of an embedding; null for any other
/// operation.
mlir::OpOperand *weightOperand(mlir::Operation *op);

/// The float constant that `weight` is, if formats apply to it: a matrix of
/// f32, f16 or bf16. Null otherwise.
mlir::arith::ConstantOp weightConstant(mlir::OpOperand *weight);

/// The annotation of an operation with a weight; null if there is none.
FormatAttr formatAttrOf(mlir::Operation *op);

/// Weights that have been rounded before quantize-weights runs, by constant and
/// the format that waits at its users: a matrix for each of its segments.
using RoundedWeights = llvm::MapVector<std::pair<mlir::Operation *, FormatAttr>,
                                       llvm::SmallVector<QuantizedMatrix, 1>>;

/// Something in the place of every weight that waits for a format of codes:
/// what takes as many bytes as the rounded weights, where only the size of the
/// result counts.
RoundedWeights makePlaceholderWeights(mlir::ModuleOp module);

/// Sets it.
void setFormatAttr(mlir::Operation *op, FormatAttr format);

/// How sensitive the loss is to the weight of an operation; null if the IR does
/// not say.
SensitivityAttr sensitivityAttrOf(mlir::Operation *op);
void setSensitivityAttr(mlir::Operation *op, SensitivityAttr sensitivity);

/// A weight and the operations that have it.
struct WeightUsers {
  mlir::arith::ConstantOp constant;
  llvm::SmallVector<mlir::Operation *, 2> users;
};

/// All weights that formats apply to, by constant, in the order of first use.
llvm::SmallVector<WeightUsers> collectWeights(mlir::ModuleOp module);

/// Linear layers of fewer outputs than this are heads: too small to be worth
/// fewer bits, and too close to the result.
inline constexpr int64_t kLeastOutputs = 64;

/// The linears that are no part of the network's body but of its heads: those
/// of fewer than kLeastOutputs outputs, and poolers and classifiers, which see
/// one row a sample (as many as the first extent of the function's first
/// argument) where other linears see more. A network of which all linears see
/// one row a sample has body too.
llvm::DenseSet<mlir::Operation *> findHeads(mlir::ModuleOp module);

/// The data of a weight. Fails, without a diagnostic, if it is left out of the
/// IR or not of the size that the type says. `storage` may own it.
llvm::FailureOr<FloatMatrix> floatMatrix(mlir::arith::ConstantOp constant,
                                         std::vector<uint8_t> &storage);

/// All names in a location: that of the node, of several when operations were
/// fused, of the initializer for a constant.
void collectNames(mlir::Location location,
                  llvm::SmallVectorImpl<llvm::StringRef> &names);

/// Whether all of `name` fits `pattern`, where `*` is any text and `?` any
/// character; nothing else is special.
bool matchesPattern(llvm::StringRef pattern, llvm::StringRef name);

} // namespace mixbit
