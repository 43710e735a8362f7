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
    for (auto weight : getOperation().getOps<WeightOp>())
      if (!weight.getOffset()) {
        weight.emitOpError() << "expected an offset";
        return signalPassFailure();
      }
  }
};
} // namespace
} // namespace mixbit
