//===- Importer.h - State of one import -------------------------*- C++ -*-===//
//
// Private to lib/import. Constants.cpp turns tensors into attributes, Nodes.cpp
// nodes into operations, Import.cpp does the rest.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/onnx/Onnx.h"
#include "lib/import/Import.h"
#include "lib/import/Proto.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

namespace mixbit {

/// A file that stays in memory as long as something refers to it.
using SharedBuffer = std::shared_ptr<llvm::MemoryBuffer>;

/// Maps a regular file. On failure an error message.
SharedBuffer mapFile(llvm::StringRef path, std::string &error);

class Importer {
public:
  Importer(SharedBuffer buffer, llvm::StringRef path,
           mlir::MLIRContext *context, const ImportOptions &options)
      : buffer(std::move(buffer)), path(path), context(context),
        options(options), builder(context),
        fileLoc(mlir::FileLineColLoc::get(context, path, 0, 0)) {}

  mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> run();

private:
  //--- Import.cpp
  mlir::InFlightDiagnostic error() { return mlir::emitError(fileLoc); }
  mlir::LogicalResult checkModel();
  /// Every value has one definition, and every use one before it.
  mlir::LogicalResult checkNames();
  mlir::LogicalResult importInputs();
  mlir::LogicalResult importOutputs();
  /// Creates or finds the symbol of a dimension.
  mlir::AffineExpr symbol(llvm::StringRef name);
  mlir::LogicalResult checkOutput(const proto::ValueInfo &info,
                                  const onnx::SymbolicValue &value);

  //--- Constants.cpp
  /// The MLIR type of ONNX's; null where there is none.
  mlir::Type elementType(int32_t dataType);
  /// "elements of FLOAT, ..." as messages have it; `withPacked` for data, where
  /// several may share a byte.
  static std::string typeNames(bool withPacked);
  /// `what` names the tensor in messages, which appear at `loc`.
  mlir::FailureOr<mlir::ElementsAttr> convert(const proto::Tensor &tensor,
                                              mlir::Location loc,
                                              const llvm::Twine &what);
  /// The bytes of external data, and what keeps them in memory.
  mlir::FailureOr<std::pair<llvm::StringRef, SharedBuffer>>
  externalData(const proto::Tensor &tensor, mlir::Location loc,
               const std::string &what);

  //--- Nodes.cpp
  mlir::LogicalResult importNode(const proto::Node &node, size_t index);
  mlir::LogicalResult importConstantNode(const proto::Node &node,
                                         mlir::Location loc);
  /// The registered operation of a node, checked against the opset.
  mlir::FailureOr<mlir::RegisteredOperationName>
  findOperation(const proto::Node &node, mlir::Location loc);
  mlir::FailureOr<mlir::Attribute> convert(const proto::Attribute &attribute,
                                           mlir::Location loc);
  /// Replaces attributes by operands where newer opsets have operands.
  void upgrade(llvm::StringRef opType, mlir::NamedAttrList &attributes,
               llvm::SmallVectorImpl<mlir::Value> &operands,
               mlir::Location loc);
  /// A value by name; initializers become constants at their first use.
  mlir::FailureOr<mlir::Value> lookup(llvm::StringRef name, mlir::Location loc);
  mlir::Value none();
  mlir::Value constant(mlir::ElementsAttr value, llvm::StringRef name,
                       mlir::Location loc);
  mlir::LogicalResult define(llvm::StringRef name, mlir::Value value,
                             onnx::SymbolicValue known);

  SharedBuffer buffer;
  std::string path;
  mlir::MLIRContext *context;
  const ImportOptions &options;
  mlir::OpBuilder builder;
  mlir::Location fileLoc;

  proto::Model model;
  /// Of the default domain.
  int64_t opset = 0;
  /// Files of external data by their path.
  llvm::StringMap<SharedBuffer> externalFiles;
  mlir::func::FuncOp func;
  llvm::SmallVector<std::string> symbols;
  llvm::StringMap<unsigned> symbolPositions;
  llvm::StringMap<const proto::Tensor *> initializers;
  llvm::StringMap<mlir::Value> values;
  llvm::DenseMap<mlir::Value, onnx::SymbolicValue> known;
  mlir::Value noneValue;
};
} // namespace mixbit
