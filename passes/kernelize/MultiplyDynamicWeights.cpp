//===- MultiplyDynamicWeights.cpp - Linears over computed weights ---------===//
#include "passes/kernelize/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_MULTIPLYDYNAMICWEIGHTS
#include "passes/kernelize/Passes.h.inc"

namespace {
struct MultiplyDynamicWeights
    : impl::MultiplyDynamicWeightsBase<MultiplyDynamicWeights> {
  using MultiplyDynamicWeightsBase::MultiplyDynamicWeightsBase;

  void runOnOperation() override {
    SmallVector<LinearOp> work;
    getOperation().walk([&](LinearOp linear) {
      Value weight = linear.getWeight();
      Operation *source = weight.getDefiningOp();
      auto type = cast<RankedTensorType>(weight.getType());
      // A product needs two dimensions on its left side too.
      if (!isa_and_nonnull<arith::ConstantOp, QuantizedConstantOp>(source) &&
          isa<FloatType>(type.getElementType()) &&
          cast<RankedTensorType>(linear.getX().getType()).getRank() > 1)
        work.push_back(linear);
    });
    for (LinearOp linear : work) {
      OpBuilder builder(linear);
      Location loc = linear.getLoc();
      Value result = MatmulOp::create(builder, loc, linear.getType(),
                                      linear.getX(), linear.getWeight(),
                                      /*transpose_rhs=*/true);
      if (Value bias = linear.getBias())
        result = BinaryOp::create(builder, loc, linear.getType(), result, bias,
                                  BinaryKind::Add);
      linear.replaceAllUsesWith(result);
      linear.erase();
    }
  }
};
} // namespace
} // namespace mixbit
