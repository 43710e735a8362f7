//===- PlanOps.cpp - Parsing and verifying kernels and plans --------------===//
#include "dialects/mixbit/Mixbit.h"
#include "dialects/mixbit/VerifyHelpers.h"

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionImplementation.h"

using namespace mlir;

namespace mixbit {
/// Parses `@name(%a: type, ...)`.
static ParseResult
parseSymbolAndArguments(OpAsmParser &parser, OperationState &result,
                        SmallVectorImpl<OpAsmParser::Argument> &arguments) {
  StringAttr name;
  return failure(
      parser.parseSymbolName(name, SymbolTable::getSymbolAttrName(),
                             result.attributes) ||
      parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren,
                               /*allowType=*/true, /*allowAttrs=*/false));
}

static void printSymbolAndArguments(OpAsmPrinter &printer, StringAttr name,
                                    Block &body) {
  printer << ' ';
  printer.printSymbolName(name.getValue());
  printer << '(';
  llvm::interleaveComma(body.getArguments(), printer, [&](BlockArgument arg) {
    printer.printRegionArgument(arg);
  });
  printer << ") ";
}

static void printBody(OpAsmPrinter &printer, Region &body) {
  printer.printRegion(body, /*printEntryBlockArgs=*/false,
                      /*printBlockTerminators=*/false);
}

/// All arguments of kernels and plans are buffers.
static LogicalResult verifyArguments(Operation *op, Block &body) {
  for (BlockArgument arg : body.getArguments())
    if (!isa<MemRefType>(arg.getType()))
      return op->emitOpError() << "expected memref arguments, but argument "
                               << arg.getArgNumber() << " is " << arg.getType();
  return success();
}

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::Argument> arguments;
  if (parseSymbolAndArguments(parser, result, arguments) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  Region *body = result.addRegion();
  if (parser.parseRegion(*body, arguments))
    return failure();
  if (body->empty())
    body->emplaceBlock();
  return success();
}

void KernelOp::print(OpAsmPrinter &printer) {
  printSymbolAndArguments(printer, getSymNameAttr(), getBody().front());
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs(),
                                           {SymbolTable::getSymbolAttrName()});
  printBody(printer, getBody());
}

LogicalResult KernelOp::verifyRegions() {
  Block &body = getBody().front();
  if (failed(verifyArguments(*this, body)))
    return failure();
  if (body.getOperations().size() != 1)
    return emitOpError() << "expected one tile operation, but got "
                         << body.getOperations().size() << " operations";
  Operation &tile = body.front();
  // linalg is not a dependency of this dialect, hence the name.
  if (!isa<ContractOp, RowsOp, AttentionCoreOp>(tile) &&
      tile.getName().getStringRef() != "linalg.generic")
    return emitOpError() << "expected a tile operation, but got "
                         << tile.getName();
  return success();
}

/// The plan's attributes as the textual form lists them.
static constexpr StringLiteral kSymbols = "symbols", kNames = "names",
                               kNumInputs = "num_inputs", kShapes = "shapes";

ParseResult PlanOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::Argument> arguments;
  if (parseSymbolAndArguments(parser, result, arguments))
    return failure();
  for (StringRef key : {kSymbols, kNames, kNumInputs, kShapes}) {
    Attribute value;
    if (parser.parseKeyword(key) || parser.parseEqual() ||
        parser.parseAttribute(value))
      return failure();
    result.addAttribute(key, value);
    if (key != kShapes && parser.parseComma())
      return failure();
  }
  if (parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  Region *body = result.addRegion();
  if (parser.parseRegion(*body, arguments))
    return failure();
  if (body->empty())
    body->emplaceBlock();
  return success();
}

void PlanOp::print(OpAsmPrinter &printer) {
  printSymbolAndArguments(printer, getSymNameAttr(), getBody().front());
  printer << kSymbols << " = " << getSymbols() << ", " << kNames << " = "
          << getNames() << ", " << kNumInputs << " = " << getNumInputsAttr()
          << ", " << kShapes << " = " << getShapes();
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {SymbolTable::getSymbolAttrName(), kSymbols, kNames,
                            kNumInputs, kShapes});
  printer << ' ';
  printBody(printer, getBody());
}

LogicalResult PlanOp::verifyRegions() {
  Block &body = getBody().front();
  if (failed(verifyArguments(*this, body)))
    return failure();
  size_t arguments = body.getNumArguments();
  if (getNames().size() != arguments || getShapes().size() != arguments)
    return emitOpError() << "expected a name and a shape for each of "
                         << arguments << " arguments, but got "
                         << getNames().size() << " names and "
                         << getShapes().size() << " shapes";
  if (getNumInputs() > arguments)
    return emitOpError() << "expected 0 to " << arguments << " inputs, but got "
                         << int64_t(getNumInputs());
  for (auto [arg, shape] : llvm::zip(body.getArguments(), getShapes())) {
    AffineMap map = cast<AffineMapAttr>(shape).getValue();
    if (map.getNumSymbols() != getSymbols().size() ||
        map.getNumResults() !=
            (unsigned)cast<MemRefType>(arg.getType()).getRank())
      return emitOpError() << "expected a shape over " << getSymbols().size()
                           << " symbols for argument " << arg.getArgNumber()
                           << ", but got " << shape;
  }
  return success();
}

/// A symbolic shape must agree with the memref in rank and static extents.
static LogicalResult verifyShape(Operation *op, AffineMap shape, Type result) {
  auto type = cast<MemRefType>(result);
  if (failed(verify::expectSymbolMap(op, "a shape", shape, type.getRank())))
    return failure();
  for (auto [extent, expr] : llvm::zip(type.getShape(), shape.getResults())) {
    auto constant = dyn_cast<AffineConstantExpr>(expr);
    bool agrees = constant ? constant.getValue() == extent
                           : ShapedType::isDynamic(extent);
    if (!agrees)
      return op->emitOpError() << "expected the shape of " << type
                               << ", but got " << AffineMapAttr::get(shape);
  }
  return success();
}

LogicalResult BufferOp::verify() {
  if (auto live = getLive();
      live && (live->size() != 2 || (*live)[0] < 0 || (*live)[1] < (*live)[0]))
    return emitOpError() << "expected the first and the last launch, but got "
                         << getLiveAttr();
  return verifyShape(*this, getShape(), getType());
}

LogicalResult BufferViewOp::verify() {
  if (failed(verify::expectSymbolMap(*this, "an offset", getOffset(), 1)) ||
      failed(verify::expectSymbolMap(*this, "strides", getStrides(),
                                     getShape().getNumResults())) ||
      failed(verifyShape(*this, getShape(), getType())))
    return failure();
  Type source = cast<BaseMemRefType>(getSource().getType()).getElementType();
  return verify::expectElement(*this, "a view", getType(), source);
}

LogicalResult WeightRefOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto weight =
      symbols.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight)
    return emitOpError() << "expected a mixbit.weight, but got "
                         << getWeightAttr();
  // A weight may be read under another shape, but not beyond its end.
  auto bytes = [](ShapedType type) {
    return type.getNumElements() * int64_t(type.getElementTypeBitWidth()) / 8;
  };
  auto type = cast<MemRefType>(getType());
  ShapedType data = weight.getData().getShapedType();
  if (!type.getElementType().isIntOrFloat() ||
      !data.getElementType().isIntOrFloat() || !type.hasStaticShape() ||
      bytes(type) != bytes(data))
    return emitOpError() << "expected a static memref of the size of " << data
                         << ", but got " << getType();
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel =
      symbols.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError() << "expected a mixbit.kernel, but got "
                         << getKernelAttr();
  Block &body = kernel.getBody().front();
  if (body.getNumArguments() != getArgs().size())
    return emitOpError() << "expected " << body.getNumArguments()
                         << " arguments for " << getKernelAttr() << ", but got "
                         << getArgs().size();
  for (auto [index, arg] : llvm::enumerate(getArgs())) {
    auto type = cast<MemRefType>(arg.getType());
    auto wanted = cast<MemRefType>(body.getArgument(index).getType());
    if (type.getElementType() != wanted.getElementType() ||
        failed(verifyCompatibleShape(type, wanted)))
      return emitOpError() << "expected argument " << index << " of " << wanted
                           << ", but got " << arg.getType();
  }
  return success();
}
} // namespace mixbit
