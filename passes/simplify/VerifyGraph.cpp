//===- VerifyGraph.cpp - The contract at the end of the stage -------------===//
#include "passes/simplify/Constants.h"
#include "passes/simplify/Graph.h"
#include "passes/simplify/Passes.h"

#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_VERIFYGRAPH
#include "passes/simplify/Passes.h.inc"

namespace {
struct VerifyGraph : impl::VerifyGraphBase<VerifyGraph> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isDeclaration())
      return;
    if (!llvm::hasSingleElement(func.getBody())) {
      func.emitError("expected a function of one block, but got ")
          << func.getBody().getBlocks().size();
      return signalPassFailure();
    }
    GraphBuilder builder(func);
    if (failed(builder.computeArgumentShapes()))
      return signalPassFailure();
    for (BlockArgument argument : func.getArguments())
      if (failed(check(builder, func, argument)))
        return signalPassFailure();
    // All that is wrong is reported, not only the first.
    bool failure = false;
    for (Operation &op : func.getBody().front())
      failure |= failed(check(builder, op));
    if (failure)
      signalPassFailure();
  }

  LogicalResult check(GraphBuilder &builder, Operation &op) {
    if (isa<func::ReturnOp>(op))
      return success();
    if (auto constant = dyn_cast<arith::ConstantOp>(op))
      return checkConstant(builder, constant);
    if (!isa<SymbolicShapeOpInterface>(op))
      return emitNodeError(&op)
             << "expected a mixbit graph operation, but got '" << op.getName()
             << "'";
    if (auto convert = dyn_cast<CastOp>(op))
      for (Value value : {convert.getX(), convert.getResult()})
        if (getElementTypeOrSelf(value.getType()).isUnsignedInteger() &&
            !constantElements(convert.getX()))
          return emitNodeError(&op)
                 << "expected values of floats, booleans or signed integers as "
                    "the network runs, but got a "
                 << value.getType();
    // An operand that failed has been reported at its own operation.
    for (Value operand : op.getOperands())
      if (!builder.hasShape(operand))
        return failure();
    if (failed(builder.computeShapes(&op)))
      return failure();
    for (Value result : op.getResults())
      if (failed(check(builder, &op, result)))
        return failure();
    return success();
  }

  LogicalResult checkConstant(GraphBuilder &builder, arith::ConstantOp op) {
    auto elements = dyn_cast<ElementsAttr>(op.getValue());
    if (!elements)
      return emitNodeError(op)
             << "expected a tensor constant, but got " << op.getType();
    ArrayRef<char> bytes;
    bool isSplat;
    if (isa<DenseResourceElementsAttr>(elements) &&
        !rawElements(elements, bytes, isSplat))
      return emitNodeError(op)
             << "expected as many bytes of data as " << op.getType()
             << " takes, but got " << bytes.size();
    return builder.computeShapes(op);
  }

  /// Whether a value's type says what its symbolic shape does.
  static LogicalResult check(GraphBuilder &builder, Operation *op,
                             Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    ArrayRef<AffineExpr> shape = builder.shape(value);
    bool agrees = type && type.getRank() == (int64_t)shape.size();
    for (size_t i = 0; agrees && i != shape.size(); ++i)
      agrees = type.getDimSize(i) == staticExtent(shape[i]);
    if (agrees)
      return success();
    return emitNodeError(op) << "expected the type of shape "
                             << AffineMapAttr::get(builder.map(shape))
                             << ", but got " << value.getType();
  }
};
} // namespace
} // namespace mixbit
