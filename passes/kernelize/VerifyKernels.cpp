//===- VerifyKernels.cpp - The contract between kernelize and codegen -----===//
#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/kernelize/Passes.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_VERIFYKERNELS
#include "passes/kernelize/Passes.h.inc"

namespace {
struct VerifyKernels : impl::VerifyKernelsBase<VerifyKernels> {
  using VerifyKernelsBase::VerifyKernelsBase;

  void runOnOperation() override {
    for (Operation &op : *getOperation().getBody())
      if (!isa<KernelOp, PlanOp, WeightOp>(op)) {
        op.emitOpError() << "expected kernels, plans and weights only (ONNX "
                            "node '"
                         << nodeName(op.getLoc()) << "')";
        return signalPassFailure();
      }
    SymbolTable symbols(getOperation());
    WalkResult walk = getOperation().walk(
        [&](Operation *op) { return WalkResult(verify(op, symbols)); });
    if (walk.wasInterrupted())
      signalPassFailure();
  }

  static LogicalResult verify(Operation *op, SymbolTable &symbols) {
    if (auto weight = dyn_cast<WeightOp>(op))
      if (!weight.getOffset())
        return op->emitOpError() << "expected an offset";
    if (auto ref = dyn_cast<WeightRefOp>(op))
      if (!symbols.lookup<WeightOp>(ref.getWeight()))
        return op->emitOpError()
               << "expected a weight, but got @" << ref.getWeight();
    auto launch = dyn_cast<LaunchOp>(op);
    if (!launch)
      return success();
    auto kernel = symbols.lookup<KernelOp>(launch.getKernel());
    if (!kernel)
      return op->emitOpError()
             << "expected a kernel, but got @" << launch.getKernel();
    auto types = kernel.getBody().getArgumentTypes();
    if (types.size() != launch.getArgs().size())
      return op->emitOpError()
             << "expected " << types.size() << " arguments of @"
             << launch.getKernel() << ", but got " << launch.getArgs().size();
    for (auto [index, pair] :
         llvm::enumerate(llvm::zip(types, launch.getArgs().getTypes()))) {
      auto wanted = cast<MemRefType>(std::get<0>(pair));
      auto got = cast<MemRefType>(std::get<1>(pair));
      bool fits = wanted.getElementType() == got.getElementType() &&
                  wanted.getRank() == got.getRank() &&
                  wanted.getShape() == got.getShape();
      if (!fits)
        return op->emitOpError() << "expected " << wanted << " as argument "
                                 << index << ", but got " << got;
    }
    return success();
  }
};
} // namespace
} // namespace mixbit
