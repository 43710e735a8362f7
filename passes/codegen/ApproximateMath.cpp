//===- ApproximateMath.cpp - Functions as vector arithmetic ---------------===//
//
// f32 functions become polynomials that run a vector at a time, with errors of
// a few units in the last place; what the target lacks (fused multiply-add,
// rounding instructions, conversions of half floats) becomes arithmetic that it
// has. What is left after this pass calls libm, an element at a time.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/KernelBuilder.h"
#include "passes/codegen/Lanes.h"
#include "passes/codegen/Passes.h"
#include "passes/codegen/TableMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_APPROXIMATEMATH
#include "passes/codegen/Passes.h.inc"

namespace {

/// exp(n ln 2 + r), the polynomial of Cephes on |r| <= ln(2)/2. Results below
/// the least normal number become 0.
Value emitExp(Lanes &l, Value x) {
  Value magic = l.f(kRoundingMagic);
  Value shifted = l.fma(x, l.f(1.44269504088896341), magic);
  Value n = l.sub(shifted, magic);
  Value r = l.fma(n, l.f(-0.693359375), x);
  r = l.fma(n, l.f(2.12194440e-4), r);
  Value p =
      l.polynomial(r, {1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3,
                       4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1});
  p = l.add(l.fma(p, l.mul(r, r), r), l.f(1.0));
  Value exponent = l.integer<arith::ShLIOp>(l.bits(shifted), l.i(23));
  Value result = l.fromBits(l.integer<arith::AddIOp>(l.bits(p), exponent));
  result = l.select(l.less(x, l.f(-87.3365402)), l.f(0.0), result);
  // Overflow gives infinity, NaN stays NaN.
  Value infinity = l.f(std::numeric_limits<float>::infinity());
  return l.select(l.less(x, l.f(88.7228317)), result, l.add(x, infinity));
}

bool isF32(Type type) { return getElementTypeOrSelf(type).isF32(); }

struct ApproximateExp : OpRewritePattern<math::ExpOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::ExpOp op,
                                PatternRewriter &rewriter) const override {
    if (!isF32(op.getType()))
      return failure();
    Lanes lanes(rewriter, op.getLoc(), op.getType());
    rewriter.replaceOp(op, emitExp(lanes, op.getOperand()));
    return success();
  }
};

/// x P(x^2) / Q(x^2) where erf is not yet 1 in f32, as in XLA and Eigen; within
/// 5e-7 of its value. A third of the work that two polynomials and an exp take.
struct ApproximateErf : OpRewritePattern<math::ErfOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::ErfOp op,
                                PatternRewriter &rewriter) const override {
    if (!isF32(op.getType()))
      return failure();
    Lanes l(rewriter, op.getLoc(), op.getType());
    // Comparisons let NaN through.
    auto clamp = [&](Value value, double limit) {
      Value high = l.f(limit), low = l.f(-limit);
      value = l.select(l.less(high, value), high, value);
      return l.select(l.less(value, low), low, value);
    };
    Value x = clamp(op.getOperand(), 3.7439211627767994);
    Value s = l.mul(x, x);
    Value p = l.polynomial(s, {0.00022905065861350646, 0.0034082910107109506,
                               0.050955695062380861, 0.18520832239976145,
                               1.128379143519084});
    Value q = l.polynomial(s, {-1.1791602954361697e-7, 0.000023547966471313185,
                               0.0010179625278914885, 0.014070470171167667,
                               0.11098505178285362, 0.49746925110067538, 1.0});
    Value ratio = arith::DivFOp::create(rewriter, op.getLoc(), l.mul(x, p), q);
    rewriter.replaceOp(op, clamp(ratio, 1.0));
    return success();
  }
};

/// sin and cos: the polynomials of Cephes on |r| <= pi/4, after a reduction by
/// pi/2 in three parts, good up to about 1e5.
template <typename Op, int quadrantOffset>
struct ApproximateSine : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!isF32(op.getType()))
      return failure();
    Lanes l(rewriter, op.getLoc(), op.getType());
    Value x = op.getOperand();
    Value magic = l.f(kRoundingMagic);
    Value shifted = l.fma(x, l.f(0.636619772367581343), magic);
    Value n = l.sub(shifted, magic);
    Value r = l.fma(n, l.f(-1.5703125), x);
    r = l.fma(n, l.f(-4.837512969970703125e-4), r);
    r = l.fma(n, l.f(-7.54978995489188216e-8), r);
    Value s = l.mul(r, r);
    Value sine =
        l.polynomial(s, {-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1});
    sine = l.fma(l.mul(sine, s), r, r);
    Value cosine = l.polynomial(
        s, {2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2});
    cosine = l.fma(l.mul(cosine, s), s, l.fma(s, l.f(-0.5), l.f(1.0)));
    Value quadrant = l.bits(shifted);
    if (quadrantOffset)
      quadrant = l.integer<arith::AddIOp>(quadrant, l.i(quadrantOffset));
    Value odd = l.integer<arith::AndIOp>(quadrant, l.i(1));
    Value isOdd = arith::CmpIOp::create(rewriter, op.getLoc(),
                                        arith::CmpIPredicate::ne, odd, l.i(0));
    Value sign = l.integer<arith::ShLIOp>(
        l.integer<arith::AndIOp>(quadrant, l.i(2)), l.i(30));
    Value result = l.select(isOdd, cosine, sine);
    rewriter.replaceOp(
        op, l.fromBits(l.integer<arith::XOrIOp>(l.bits(result), sign)));
    return success();
  }
};

/// x * y + z in two roundings, where one would be a call of a function.
struct SplitFma : OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(math::FmaOp op,
                                PatternRewriter &rewriter) const override {
    Value product =
        arith::MulFOp::create(rewriter, op.getLoc(), op.getA(), op.getB());
    rewriter.replaceOpWithNewOp<arith::AddFOp>(op, product, op.getC());
    return success();
  }
};

/// |x| + 2^23 - 2^23 rounds half to even below 2^23; the other roundings differ
/// from it by one at most.
template <typename Op>
struct RoundByAddition : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;
  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    if (!isF32(op.getType()))
      return failure();
    Lanes l(rewriter, op.getLoc(), op.getType());
    Value x = op.getOperand(), magnitude = l.abs(x), limit = l.f(8388608.0);
    Value even = l.sub(l.add(magnitude, limit), limit);
    Value one = l.f(1.0), zero = l.f(0.0), result;
    if (std::is_same_v<Op, math::RoundEvenOp>) {
      result = l.copysign(even, x);
    } else if (std::is_same_v<Op, math::TruncOp>) {
      Value down = l.select(l.less(magnitude, even), one, zero);
      result = l.copysign(l.sub(even, down), x);
    } else if (std::is_same_v<Op, math::RoundOp>) {
      // Half away from zero: a remainder of exactly one half was dropped.
      Value up = l.select(l.less(l.sub(magnitude, even), l.f(0.5)), zero, one);
      result = l.copysign(l.add(even, up), x);
    } else {
      Value rounded = l.copysign(even, x);
      bool isFloor = std::is_same_v<Op, math::FloorOp>;
      Value off = isFloor ? l.less(x, rounded) : l.less(rounded, x);
      Value step = l.select(off, one, zero);
      result =
          l.copysign(isFloor ? l.sub(rounded, step) : l.add(rounded, step), x);
    }
    // Larger numbers, infinities and NaN are integers, or stay what they are.
    rewriter.replaceOp(op, l.select(l.less(magnitude, limit), result, x));
    return success();
  }
};

bool convertsHalf(Type narrow, Type wide) {
  return getElementTypeOrSelf(narrow).isF16() && isF32(wide);
}

/// Half to single by integers: exponent and mantissa move up by 13 bits, and a
/// multiplication by 2^112 corrects the bias, also of subnormal numbers.
struct ExtendHalf : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    if (!convertsHalf(op.getIn().getType(), op.getType()))
      return failure();
    Lanes l(rewriter, op.getLoc(), op.getType());
    Value half = arith::BitcastOp::create(
        rewriter, op.getLoc(), l.like(rewriter.getI16Type()), op.getIn());
    Value wide = arith::ExtUIOp::create(rewriter, op.getLoc(),
                                        l.like(rewriter.getI32Type()), half);
    Value magnitude = l.integer<arith::ShLIOp>(
        l.integer<arith::AndIOp>(wide, l.i(0x7fff)), l.i(13));
    Value sign = l.integer<arith::ShLIOp>(
        l.integer<arith::AndIOp>(wide, l.i(0x8000)), l.i(16));
    Value scaled = l.bits(l.mul(l.fromBits(magnitude), l.f(0x1p112)));
    Value isSpecial =
        arith::CmpIOp::create(rewriter, op.getLoc(), arith::CmpIPredicate::uge,
                              magnitude, l.i(0x7c00 << 13));
    Value special = l.integer<arith::OrIOp>(magnitude, l.i(0x7f800000));
    Value result = l.select(isSpecial, special, scaled);
    rewriter.replaceOp(op, l.fromBits(l.integer<arith::OrIOp>(result, sign)));
    return success();
  }
};

/// Single to half, rounding half to even (after F. Giesen's).
struct TruncateHalf : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    if (!convertsHalf(op.getType(), op.getIn().getType()))
      return failure();
    Location loc = op.getLoc();
    Lanes l(rewriter, loc, op.getIn().getType());
    auto compare = [&](arith::CmpIPredicate predicate, Value a, Value b) {
      return arith::CmpIOp::create(rewriter, loc, predicate, a, b);
    };
    Value x = l.bits(op.getIn());
    Value sign = l.integer<arith::AndIOp>(x, l.i(int32_t(0x80000000u)));
    Value magnitude = l.integer<arith::XOrIOp>(x, sign);
    // Subnormal halves: adding 0.5 aligns the mantissa and rounds.
    Value magic = l.f(0.5);
    Value subnormal = l.integer<arith::SubIOp>(
        l.bits(l.add(l.fromBits(magnitude), magic)), l.bits(magic));
    // Normal ones: the bias changes by -112, and the dropped bits round.
    Value odd = l.integer<arith::AndIOp>(
        l.integer<arith::ShRUIOp>(magnitude, l.i(13)), l.i(1));
    Value normal =
        l.integer<arith::AddIOp>(magnitude, l.i(int32_t(0xc8000fffu)));
    normal = l.integer<arith::ShRUIOp>(l.integer<arith::AddIOp>(normal, odd),
                                       l.i(13));
    Value isSubnormal =
        compare(arith::CmpIPredicate::ult, magnitude, l.i(113 << 23));
    Value result = l.select(isSubnormal, subnormal, normal);
    // From 65520 on: infinity; NaN stays quiet.
    Value isLarge =
        compare(arith::CmpIPredicate::uge, magnitude, l.i(143 << 23));
    Value isNan = compare(arith::CmpIPredicate::ugt, magnitude, l.i(255 << 23));
    result =
        l.select(isLarge, l.select(isNan, l.i(0x7e00), l.i(0x7c00)), result);
    result = l.integer<arith::OrIOp>(result,
                                     l.integer<arith::ShRUIOp>(sign, l.i(16)));
    Value half = arith::TruncIOp::create(rewriter, loc,
                                         l.like(rewriter.getI16Type()), result);
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, op.getType(), half);
    return success();
  }
};

struct ApproximateMath : impl::ApproximateMathBase<ApproximateMath> {
  void runOnOperation() override {
    const Target *target = targetOf(getOperation());
    if (!target)
      return signalPassFailure();
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    patterns
        .add<ApproximateExp, ApproximateErf, ApproximateSine<math::SinOp, 0>,
             ApproximateSine<math::CosOp, 1>>(context,
                                              /*benefit=*/10);
    populateTableMathPatterns(patterns, *target);
    populatePolynomialApproximateTanhPattern(patterns);
    populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
      name.consume_front("math.");
      return llvm::is_contained({"log", "log2", "log1p", "expm1", "atan",
                                 "atan2", "asin", "acos", "cbrt"},
                                name);
    });
    math::populateExpansionPatterns(patterns,
                                    {"sinh", "cosh", "tan", "asinh", "acosh",
                                     "atanh", "rsqrt", "exp2f", "fpowi"});
    arith::populateExpandBFloat16Patterns(patterns);
    bool isX86 = target->triple.starts_with("x86");
    if (isX86 && !target->features.contains("+fma"))
      patterns.add<SplitFma>(context);
    if (isX86 && !target->features.contains("+sse4"))
      patterns
          .add<RoundByAddition<math::RoundEvenOp>,
               RoundByAddition<math::TruncOp>, RoundByAddition<math::RoundOp>,
               RoundByAddition<math::FloorOp>, RoundByAddition<math::CeilOp>>(
              context);
    if (isX86 && !target->features.contains("+f16c"))
      patterns.add<ExtendHalf, TruncateHalf>(context);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
  }
};

} // namespace
} // namespace mixbit
