//===- SplitConvBias.cpp - A convolution's bias as an addition ------------===//
#include "dialects/mixbit/SymbolicShapes.h"
#include "passes/kernelize/Passes.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_SPLITCONVBIAS
#include "passes/kernelize/Passes.h.inc"

namespace {
struct SplitConvBias : impl::SplitConvBiasBase<SplitConvBias> {
  using SplitConvBiasBase::SplitConvBiasBase;

  void runOnOperation() override {
    unsigned numSymbols = 0;
    if (auto symbols = getOperation()->getAttrOfType<ArrayAttr>(kSymbolsAttr))
      numSymbols = symbols.size();
    getOperation().walk([&](ConvOp conv) {
      if (conv.getBias())
        split(conv, numSymbols);
    });
  }

  void split(ConvOp conv, unsigned numSymbols) {
    OpBuilder builder(conv);
    builder.setInsertionPointAfter(conv);
    Value bias = conv.getBias();
    auto type = cast<RankedTensorType>(bias.getType());
    // [O] as [O, 1, ...], so that it broadcasts along the spatial dimensions.
    SmallVector<int64_t> extents = {type.getDimSize(0)};
    extents.append(conv.getStrides().size(), 1);
    SmallVector<AffineExpr> shape;
    for (int64_t extent : extents)
      shape.push_back(builder.getAffineConstantExpr(extent));
    Value reshaped = ReshapeOp::create(
        builder, conv.getLoc(),
        RankedTensorType::get(extents, type.getElementType()), bias,
        AffineMap::get(0, numSymbols, shape, builder.getContext()));
    auto sum = BinaryOp::create(builder, conv.getLoc(), conv.getType(),
                                conv.getResult(), reshaped, BinaryKind::Add);
    conv.getBiasMutable().clear();
    conv.getResult().replaceAllUsesExcept(sum.getResult(), sum);
  }
};
} // namespace
} // namespace mixbit
