//===- Constants.h - Reading and rewriting constant data --------*- C++ -*-===//
//
// Constants are dense attributes or resources that point into the model's
// mapped file. Only small ones are ever read element by element; the transpose
// of a weight is the one rewrite of large data.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Value.h"

#include <optional>

namespace mixbit {

/// Constants of at most this many bytes are folded.
constexpr int64_t foldedBytes = 4096;

/// The constant that defines a value, else null.
mlir::ElementsAttr constantElements(mlir::Value value);

/// Bytes of the elements in row-major order, those of one element for a splat
/// (then `isSplat`). Empty, with false returned, if the data is absent or not
/// of the size that the type says.
bool rawElements(mlir::ElementsAttr elements, llvm::ArrayRef<char> &bytes,
                 bool &isSplat);

/// The elements as doubles, for at most `limit` elements of float or integer
/// type.
std::optional<llvm::SmallVector<double>> readFloats(mlir::ElementsAttr elements,
                                                    int64_t limit);
/// The elements as integers; nullopt for floats.
std::optional<llvm::SmallVector<int64_t>>
readIntegers(mlir::ElementsAttr elements, int64_t limit);
/// The value that all elements have, looked for in small constants only.
std::optional<double> readSplat(mlir::ElementsAttr elements);

/// The same data under another shape.
mlir::ElementsAttr reshapeElements(mlir::ElementsAttr elements,
                                   llvm::ArrayRef<int64_t> shape);
/// The transpose of a matrix; null if the data is absent. Bytes beyond
/// `foldedBytes` go to a resource of their own.
mlir::ElementsAttr transposeElements(mlir::ElementsAttr elements);
/// A float32 constant with each index of the first dimension multiplied by its
/// factor; null if it is of another form.
mlir::ElementsAttr scaleRows(mlir::ElementsAttr elements,
                             llvm::ArrayRef<double> factors);
/// A float or integer constant from doubles.
mlir::ElementsAttr makeElements(mlir::RankedTensorType type,
                                llvm::ArrayRef<double> values);

} // namespace mixbit
