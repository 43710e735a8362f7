//===- TableMath.cpp - Functions by tables in registers -------------------===//
//
// AVX-512 finds one of 32 floats for each of 16 lanes in one instruction
// (vpermt2ps, two registers for a table). Four of them are a cubic for each of
// 32 intervals, with which a function costs three multiply-adds and no
// division: about a third of what a quotient of polynomials costs where GELU
// stands behind a contraction, and it is more accurate.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/TableMath.h"

#include "lib/support/CubicTable.h"
#include "passes/codegen/Lanes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

#include <cmath>

using namespace mlir;

namespace mixbit {

namespace {
constexpr int kLanes = 16;
constexpr int kIntervals = 2 * kLanes;

/// The entry of each lane's interval, its low five bits.
Value lookUp(Lanes &l, ArrayRef<float> table, Value interval) {
  auto half = [&](int from) -> Value {
    return arith::ConstantOp::create(
        l.builder, l.loc,
        DenseElementsAttr::get(cast<VectorType>(l.type),
                               table.slice(from, kLanes)));
  };
  return LLVM::CallIntrinsicOp::create(
             l.builder, l.loc, l.type,
             l.builder.getStringAttr("llvm.x86.avx512.vpermi2var.ps.512"),
             ValueRange{half(0), interval, half(kLanes)})
      .getResult(0);
}

Value evaluate(Lanes &l, const CubicTable &table, Value x) {
  auto [interval, distance] = l.split(x, table.step);
  Value sum;
  for (int power : {3, 2, 1, 0}) {
    Value coefficient = lookUp(l, table.coefficients[power], interval);
    sum = sum ? l.fma(sum, distance, coefficient) : coefficient;
  }
  return sum;
}

/// |x| erf(|x|)/|x| with the sign of x, within 3e-7 of its value. The quotient
/// is smooth and even, and keeps small results accurate.
struct ErfByTable : OpRewritePattern<math::ErfOp> {
  ErfByTable(MLIRContext *context)
      : OpRewritePattern(context, /*benefit=*/20),
        table(fitCubics(
            [](double x) {
              return std::abs(x) < 1e-8 ? M_2_SQRTPI : std::erf(x) / x;
            },
            kStep, kIntervals)) {}

  LogicalResult matchAndRewrite(math::ErfOp op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<VectorType>(op.getType());
    if (type != VectorType::get(kLanes, rewriter.getF32Type()))
      return failure();
    Lanes l(rewriter, op.getLoc(), type);
    Value x = op.getOperand(), magnitude = l.abs(x), limit = l.f(kLimit);
    // The comparison lets NaN through.
    magnitude = l.select(l.less(limit, magnitude), limit, magnitude);
    Value result = l.mul(magnitude, evaluate(l, table, magnitude));
    rewriter.replaceOp(op, l.copysign(result, x));
    return success();
  }

  static constexpr double kStep = 0.125;
  /// From here on erf is 1 in single precision. The table ends at 3.9375.
  static constexpr double kLimit = 3.921875;
  CubicTable table;
};
} // namespace

void populateTableMathPatterns(RewritePatternSet &patterns,
                               const Target &target) {
  if (target.features.contains("+avx512f"))
    patterns.add<ErfByTable>(patterns.getContext());
}

} // namespace mixbit
