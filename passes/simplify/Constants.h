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

/// i8 for i4 and i2, ui8 for ui4 and ui2, any other type as it is: the graph
/// has no codes of less than a byte.
mlir::Type byteTypeOf(mlir::Type type);
/// The elements in the type that byteTypeOf says; null if that is another and
/// the data is absent.
mlir::ElementsAttr codesAsBytes(mlir::ElementsAttr elements);

/// `rows` rows of `columns` codes of few bits each, low bits first, each row in
/// bytes of its own, as a matrix of ui8; null if the data is absent or of
/// another size.
mlir::ElementsAttr unpackElements(mlir::ElementsAttr bytes, unsigned bits,
                                  int64_t rows, int64_t columns);
/// The elements with `count` zeros behind them along an axis; null if the data
/// is absent.
mlir::ElementsAttr padElements(mlir::ElementsAttr elements, int64_t axis,
                               int64_t count);

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
