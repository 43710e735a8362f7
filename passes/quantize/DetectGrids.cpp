//===- DetectGrids.cpp - Weights that training left on a grid -------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/quant/Grid.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Weights.h"

#include "mlir/IR/Threading.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_DETECTGRIDS
#include "passes/quantize/Passes.h.inc"

namespace {
struct DetectGrids : impl::DetectGridsBase<DetectGrids> {
  using DetectGridsBase::DetectGridsBase;

  void runOnOperation() override {
    SmallVector<WeightUsers> weights;
    for (WeightUsers &weight : collectWeights(getOperation()))
      if (FormatAttr format = formatAttrOf(weight.users.front());
          format && format.getReason() == "default")
        weights.push_back(std::move(weight));
    std::vector<std::optional<Format>> found(weights.size());
    parallelFor(&getContext(), 0, weights.size(),
                [&](size_t index) { found[index] = detect(weights[index]); });
    for (auto [weight, format] : llvm::zip_equal(weights, found))
      if (format && isSmallEnough(weight, *format))
        assign(weight, *format);
  }

private:
  static std::optional<Format> detect(const WeightUsers &weight) {
    arith::ConstantOp constant = weight.constant;
    // Equal weights everywhere stand for others, in IR that is written by hand.
    if (isa<SplatElementsAttr>(constant.getValue()))
      return std::nullopt;
    std::vector<uint8_t> storage;
    FailureOr<FloatMatrix> matrix = floatMatrix(constant, storage);
    // What is wrong with the data is said where it is needed.
    if (failed(matrix))
      return std::nullopt;
    std::optional<Format> format = detectGrid(*matrix, /*withZeros=*/true);
    if (!format || !kernelServes(*format, matrix->rows, matrix->cols))
      return std::nullopt;
    return format;
  }

  /// Whether the weight takes no more than in the format that was asked for,
  /// but for a scale's type.
  static bool isSmallEnough(const WeightUsers &weight, const Format &grid) {
    arith::ConstantOp constant = weight.constant;
    auto type = cast<RankedTensorType>(constant.getType());
    std::optional<Segments> asked = segmentsOf(
        formatAttrOf(weight.users.front()).getType(), type.getDimSize(0));
    return asked && llvm::all_of(*asked, [&](const Segment &segment) {
             return grid.bits <= segment.format.bits;
           });
  }

  void assign(const WeightUsers &weight, const Format &format) {
    auto attr =
        FormatAttr::get(&getContext(), typeOf(&getContext(), format), "grid");
    for (Operation *op : weight.users)
      setFormatAttr(op, attr);
    ++detected;
    emitRemark(weight.constant->getLoc())
        << "weight '" << nodeName(weight.constant->getLoc(), "weight")
        << "' lies on a grid: stored without loss as "
        << describeFormat(format);
  }
};
} // namespace
} // namespace mixbit
