//===- AttentionBytes.cpp - Attention's products of bytes -----------------===//
//
// Where mixbit.dot is faster than multiply-adds of floats, both products of
// attention are its exact sums of bytes:
//
//   s[r][j]   = log2(e) scale sq[r] sk[j] * sum over d of qq[r][d] * qk[j][d]
//   w[r][j]   = round(254 * 2^(s[r][j] - max over j))
//   out[r][c] = sv[c] * sum over j of w[r][j] * qv[j][c] / sum over j of
//   w[r][j]
//
// where rounding a weight makes up for what rounding the one `width` keys
// before it left. Queries and keys have a scale a row (of a head), values one a
// column of a head, all symmetric, to 127; weights are unsigned. A query's
// weights are divided by the sum of what they were rounded to, so that they add
// up to one. In the first product the codes of mixbit.dot are keys with 128
// added, in the second weights. Keys that the mask hides do not count in the
// scales of values (unless it hides all), so that results do not depend on what
// pads a sequence.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/AttentionExpansion.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;

namespace mixbit {

bool AttentionExpansion::wantsBytes() {
  ProductKind products = op.getProducts().value_or(ProductKind::Float);
  bool asked = products == ProductKind::Bytes ||
               (products == ProductKind::Fastest && paysInBytes);
  return asked && depth % kDepthUnit == 0 && valueDepth % kDepthUnit == 0;
}

void AttentionExpansion::reserveBytes() {
  OpBuilder &b = kernel->run, &e = kernel->extent;
  constexpr int64_t any = ShapedType::kDynamic;
  auto scratch = [&](ArrayRef<int64_t> shape, Type element, ValueRange runSizes,
                     ValueRange extentSizes) {
    return kernel->reserveScratch(MemRefType::get(shape, element), runSizes,
                                  extentSizes);
  };
  auto sizes = [&](OpBuilder &builder, Value count) {
    auto up = [&](int64_t unit) -> Value {
      return arith::CeilDivUIOp::create(builder, loc, count,
                                        index(builder, unit));
    };
    Value panels = up(width);
    return SmallVector<Value>{panels, up(4), mul(builder, panels, width)};
  };
  SmallVector<Value> run = sizes(b, numKeys);
  SmallVector<Value> extent =
      sizes(e, dim(e, kernel->extentBuffer(op.getIns()[1]), 1));
  Type i8 = b.getI8Type(), i32 = b.getI32Type(), f32 = b.getF32Type();
  int64_t panels = llvm::divideCeil(valueDepth, width);
  keyLines = scratch({any, depth / 4, width}, i32, run[0], extent[0]);
  valueLines = scratch({panels, any, width}, i32, run[1], extent[1]);
  queryBytes = scratch({kRows, depth}, i8, {}, {});
  weightBytes = scratch({kRows, any}, i8, run[2], extent[2]);
  keyScales = scratch({any}, f32, run[2], extent[2]);
  valueScales = scratch({panels * width}, f32, {}, {});
  valueSums = scratch({panels * width}, i32, {}, {});
  queryScales = scratch({kRows}, f32, {}, {});
  querySums = scratch({kRows}, i32, {}, {});
  weightSums = scratch({kRows}, i32, {}, {});
}

Value AttentionExpansion::splatInt(OpBuilder &b, int32_t value, int64_t size) {
  return splat(b, loc,
               arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(value)),
               size);
}

/// round(floats * inverse) as integers.
Value AttentionExpansion::toCodes(OpBuilder &b, Value floats, Value inverse) {
  Value scaled = arith::MulFOp::create(b, loc, floats, inverse);
  return roundToInt(b, scaled);
}

Value AttentionExpansion::roundToInt(OpBuilder &b, Value floats) {
  auto type = cast<VectorType>(floats.getType());
  Value rounded = math::RoundEvenOp::create(b, loc, floats);
  return arith::FPToSIOp::create(
      b, loc, VectorType::get(type.getShape(), b.getI32Type()), rounded);
}

/// Over a whole row, whose size need not be a power of two.
Value AttentionExpansion::reduceRow(OpBuilder &b, ReduceKind kind, Value row) {
  int64_t size = cast<VectorType>(row.getType()).getNumElements();
  Value acc;
  for (int64_t i = 0; i < size; i += kDepthUnit) {
    Value part = vector::ExtractStridedSliceOp::create(
        b, loc, row, ArrayRef<int64_t>{i}, ArrayRef<int64_t>{kDepthUnit},
        ArrayRef<int64_t>{1});
    acc = acc ? combine(b, loc, kind, part, acc) : part;
  }
  return reduceToScalar(b, loc, kind, acc);
}

/// max |x| of a row, at least 1e-30: rows of zeros have codes of zero.
Value AttentionExpansion::largest(OpBuilder &b, Value row) {
  Value magnitude = math::AbsFOp::create(b, loc, row);
  Value max = reduceRow(b, ReduceKind::Max, magnitude);
  return combine(b, loc, ReduceKind::Max, max, f32(b, 1e-30f));
}

/// Four bytes at `at`, for each lane.
Value AttentionExpansion::loadSpread(OpBuilder &b, Value bytes, ValueRange at) {
  Value four = vector::LoadOp::create(b, loc, VectorType::get(4, b.getI8Type()),
                                      bytes, at);
  Value word = vector::BitCastOp::create(
      b, loc, VectorType::get(1, b.getI32Type()), four);
  Value scalar = vector::ExtractOp::create(b, loc, word, 0);
  Value all = vector::BroadcastOp::create(
      b, loc, VectorType::get(lanes, b.getI32Type()), scalar);
  return vector::BitCastOp::create(
      b, loc, VectorType::get(4 * lanes, b.getI8Type()), all);
}

/// Four bytes of each lane at `at`.
Value AttentionExpansion::loadLine(OpBuilder &b, Value lines, ValueRange at) {
  Value words = vector::LoadOp::create(
      b, loc, VectorType::get(lanes, b.getI32Type()), lines, at);
  return vector::BitCastOp::create(
      b, loc, VectorType::get(4 * lanes, b.getI8Type()), words);
}

/// Quantizes `lanes` keys at a time, whose words of four codes are then
/// transposed.
void AttentionExpansion::packKeyBytes(OpBuilder &builder) {
  float scale = scoreScale() / 127.0f;
  int64_t words = depth / 4;
  Value last = arith::SubIOp::create(builder, loc, numKeys, index(builder, 1));
  forEach(
      builder, index(builder, 0), mul(builder, numPanels, width), lanes,
      [&](OpBuilder &b, Value first) {
        SmallVector<Value> rows;
        for (int64_t r = 0; r < lanes; ++r) {
          // Behind the last key it stands again; its limit hides it there.
          Value at = add(b, first, r);
          Value key = arith::MinSIOp::create(b, loc, at, last);
          Value row = load(b, k, {batch, key, head, index(b, 0)}, depth);
          Value max = largest(b, row);
          Value inverse = arith::DivFOp::create(b, loc, f32(b, 127.0f), max);
          Value codes = toCodes(b, row, splat(b, loc, inverse, depth));
          codes = arith::AddIOp::create(b, loc, codes, splatInt(b, 128, depth));
          Value bytes = arith::TruncIOp::create(
              b, loc, VectorType::get(depth, b.getI8Type()), codes);
          rows.push_back(vector::BitCastOp::create(
              b, loc, VectorType::get(words, b.getI32Type()), bytes));
          memref::StoreOp::create(
              b, loc, arith::MulFOp::create(b, loc, max, f32(b, scale)),
              keyScales, ValueRange(at));
        }
        Value panel = arith::DivUIOp::create(b, loc, first, index(b, width));
        Value column = arith::RemUIOp::create(b, loc, first, index(b, width));
        for (int64_t from = 0; from < words; from += lanes) {
          int64_t count = std::min(lanes, words - from);
          SmallVector<int64_t> taken;
          for (int64_t i = 0; i < lanes; ++i)
            taken.push_back(from + i % count);
          SmallVector<Value> tile;
          for (Value row : rows)
            tile.push_back(vector::ShuffleOp::create(b, loc, row, row, taken));
          transpose(b, tile);
          for (int64_t i = 0; i < count; ++i)
            store(b, tile[i], keyLines, {panel, index(b, from + i), column});
        }
      });
}

/// max |x| of each column over the keys that the mask shows, or over all if it
/// shows none.
Value AttentionExpansion::valueMaxima(OpBuilder &builder) {
  Value lowest = f32(builder, std::numeric_limits<float>::lowest());
  Value from = index(builder, 0), step = index(builder, 1);
  auto reduce = [&](Value init, function_ref<Value(OpBuilder &, Value)> value) {
    auto loop = scf::ForOp::create(
        builder, loc, from, numKeys, step, init,
        [&](OpBuilder &b, Location, Value key, ValueRange acc) {
          Value next =
              combine(b, loc, ReduceKind::Max, value(b, key), acc.front());
          scf::YieldOp::create(b, loc, next);
        });
    return loop.getResult(0);
  };
  auto limitOf = [&](OpBuilder &b, Value key) -> Value {
    return memref::LoadOp::create(b, loc, limits, ValueRange(key));
  };
  Value highest = reduce(lowest, limitOf);
  Value some = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OGT,
                                     highest, lowest);
  Value threshold = arith::SelectOp::create(
      builder, loc, some, lowest,
      f32(builder, -std::numeric_limits<float>::infinity()));
  Value zeros = splat(builder, loc, f32(builder, 0.0f), valueDepth);
  return reduce(splat(builder, loc, f32(builder, 1e-30f), valueDepth),
                [&](OpBuilder &b, Value key) -> Value {
                  Value row =
                      load(b, v, {batch, key, head, index(b, 0)}, valueDepth);
                  Value counts =
                      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT,
                                            limitOf(b, key), threshold);
                  return arith::SelectOp::create(
                      b, loc, counts, math::AbsFOp::create(b, loc, row), zeros);
                });
}

/// Lines of four keys. What mixbit.dot takes off the weights by itself comes
/// back through the sums of columns.
void AttentionExpansion::packValueBytes(OpBuilder &builder) {
  auto constant = [&](float value) {
    return splat(builder, loc, f32(builder, value), valueDepth);
  };
  Value max = valueMaxima(builder);
  Value most = constant(127.0f), least = constant(-127.0f);
  Value inverse = arith::DivFOp::create(builder, loc, most, max);
  store(builder,
        arith::MulFOp::create(builder, loc, max, constant(1.0f / 127.0f)),
        valueScales, index(builder, 0));
  Value last = arith::SubIOp::create(builder, loc, numKeys, index(builder, 1));
  Value blocks =
      arith::CeilDivUIOp::create(builder, loc, numKeys, index(builder, 4));
  auto loop = scf::ForOp::create(
      builder, loc, index(builder, 0), blocks, index(builder, 1),
      splatInt(builder, 0, valueDepth),
      [&](OpBuilder &b, Location, Value block, ValueRange acc) {
        Value words, sums = acc.front();
        for (int64_t i = 0; i < 4; ++i) {
          // The last key again: its weight is zero there.
          Value key =
              arith::MinSIOp::create(b, loc, add(b, mul(b, block, 4), i), last);
          Value row = load(b, v, {batch, key, head, index(b, 0)}, valueDepth);
          // Hidden keys may be larger than the scale.
          Value scaled = arith::MulFOp::create(b, loc, row, inverse);
          scaled = combine(b, loc, ReduceKind::Min, scaled, most);
          scaled = combine(b, loc, ReduceKind::Max, scaled, least);
          Value codes = roundToInt(b, scaled);
          sums = arith::AddIOp::create(b, loc, sums, codes);
          codes = arith::AndIOp::create(b, loc, codes,
                                        splatInt(b, 255, valueDepth));
          if (i)
            codes = arith::ShLIOp::create(b, loc, codes,
                                          splatInt(b, 8 * i, valueDepth));
          words = i ? Value(arith::OrIOp::create(b, loc, words, codes)) : codes;
        }
        for (int64_t c = 0; c < valueDepth; c += lanes) {
          Value part = vector::ExtractStridedSliceOp::create(
              b, loc, words, ArrayRef<int64_t>{c}, ArrayRef<int64_t>{lanes},
              ArrayRef<int64_t>{1});
          store(b, part, valueLines,
                {index(b, c / width), block, index(b, c % width)});
        }
        scf::YieldOp::create(b, loc, sums);
      });
  if (codeOffset)
    store(builder,
          arith::MulIOp::create(builder, loc, loop.getResult(0),
                                splatInt(builder, codeOffset, valueDepth)),
          valueSums, index(builder, 0));
}

/// Codes of `rows` queries, their scales, and what mixbit.dot adds for the 128
/// of the keys' codes, negated.
void AttentionExpansion::emitQueryBytes(OpBuilder &builder, Value query,
                                        int64_t rows) {
  forEach(builder, index(builder, 0), index(builder, rows), 1,
          [&](OpBuilder &b, Value r) {
            Value row =
                load(b, q, {batch, add(b, query, r), head, index(b, 0)}, depth);
            Value max = largest(b, row);
            Value inverse = arith::DivFOp::create(b, loc, f32(b, 127.0f), max);
            Value codes = toCodes(b, row, splat(b, loc, inverse, depth));
            Value bytes = arith::TruncIOp::create(
                b, loc, VectorType::get(depth, b.getI8Type()), codes);
            store(b, bytes, queryBytes, {r, index(b, 0)});
            Value scale =
                arith::MulFOp::create(b, loc, max, f32(b, 1.0f / 127.0f));
            memref::StoreOp::create(b, loc, scale, queryScales, ValueRange(r));
            Value sum = reduceRow(b, ReduceKind::Add, codes);
            Value factor = arith::ConstantOp::create(
                b, loc, b.getI32IntegerAttr(int32_t(codeOffset - 128)));
            memref::StoreOp::create(b, loc,
                                    arith::MulIOp::create(b, loc, sum, factor),
                                    querySums, ValueRange(r));
          });
}

/// A tile of `rows` x `vectors` sums over `count` groups of four bytes: of
/// lines, which all rows share, with a row's own, which all lanes share. Either
/// is the unsigned codes.
static scf::ForOp
emitDots(OpBuilder &builder, Location loc, Value count, int64_t rows,
         int64_t vectors, int64_t lanes, bool linesAreCodes,
         llvm::function_ref<Value(OpBuilder &, Value, int64_t)> lineAt,
         llvm::function_ref<Value(OpBuilder &, Value, int64_t)> rowAt) {
  auto type = VectorType::get(lanes, builder.getI32Type());
  Value zero =
      arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  SmallVector<Value> zeros(rows * vectors, zero);
  Value from = arith::ConstantIndexOp::create(builder, loc, 0);
  Value step = arith::ConstantIndexOp::create(builder, loc, 1);
  return scf::ForOp::create(
      builder, loc, from, count, step, zeros,
      [&](OpBuilder &b, Location, Value group, ValueRange sums) {
        SmallVector<Value> lines, next(sums);
        for (int64_t i = 0; i < vectors; ++i)
          lines.push_back(lineAt(b, group, i));
        for (int64_t r = 0; r < rows; ++r) {
          Value row = rowAt(b, group, r);
          for (int64_t i = 0; i < vectors; ++i) {
            Value &sum = next[r * vectors + i];
            sum = DotOp::create(b, loc, sum, linesAreCodes ? lines[i] : row,
                                linesAreCodes ? row : lines[i], kMaxCode);
          }
        }
        scf::YieldOp::create(b, loc, next);
      });
}

void AttentionExpansion::emitScoreBytes(OpBuilder &builder, int64_t rows) {
  int64_t vectors = width / lanes;
  forEach(builder, index(builder, 0), numPanels, 1,
          [&](OpBuilder &b, Value panel) {
            auto loop = emitDots(
                b, loc, index(b, depth / 4), rows, vectors, lanes,
                /*linesAreCodes=*/true,
                [&](OpBuilder &inner, Value group, int64_t i) {
                  return loadLine(inner, keyLines,
                                  {panel, group, index(inner, i * lanes)});
                },
                [&](OpBuilder &inner, Value group, int64_t r) {
                  return loadSpread(inner, queryBytes,
                                    {index(inner, r), mul(inner, group, 4)});
                });
            Value first = mul(b, panel, width);
            for (int64_t r = 0; r < rows; ++r) {
              Value at = index(b, r);
              Value scale =
                  memref::LoadOp::create(b, loc, queryScales, ValueRange(at));
              Value missing =
                  memref::LoadOp::create(b, loc, querySums, ValueRange(at));
              for (int64_t i = 0; i < vectors; ++i) {
                Value key = add(b, first, i * lanes);
                Value sums = loop.getResult(r * vectors + i);
                if (codeOffset != 128)
                  sums = arith::AddIOp::create(b, loc, sums,
                                               splat(b, loc, missing, lanes));
                Value score =
                    arith::SIToFPOp::create(b, loc, vectorType(b, lanes), sums);
                Value scales =
                    arith::MulFOp::create(b, loc, splat(b, loc, scale, lanes),
                                          load(b, keyScales, key, lanes));
                score = arith::MulFOp::create(b, loc, score, scales);
                score = combine(b, loc, ReduceKind::Min,
                                load(b, limits, key, lanes), score);
                store(b, score, scores, {at, key});
              }
            }
          });
}

/// The softmax's numerators as bytes, and their sum. What rounding adds or
/// takes is made up for by the next key of the same lane: many small weights
/// would vanish otherwise. The largest is kMaxWeight, or less where so many
/// keys (more than 66,000) could overflow the products.
void AttentionExpansion::emitWeightBytes(OpBuilder &builder, int64_t rows) {
  Value padded = mul(builder, numPanels, width);
  Value fits = arith::DivUIOp::create(
      builder, loc, index(builder, std::numeric_limits<int32_t>::max() / 127),
      numKeys);
  fits = arith::MinUIOp::create(builder, loc, fits, index(builder, kMaxWeight));
  Value factor = arith::UIToFPOp::create(
      builder, loc, builder.getF32Type(),
      arith::IndexCastOp::create(builder, loc, builder.getI32Type(), fits));
  Value most = splat(builder, loc, factor, width);
  auto bytesType = VectorType::get(width, builder.getI8Type());
  auto intType = VectorType::get(width, builder.getI32Type());
  forEach(
      builder, index(builder, 0), index(builder, rows), 1,
      [&](OpBuilder &b, Value row) {
        Value maxes = rowMaximum(b, row);
        Value inits[] = {splatInt(b, 0, width),
                         splat(b, loc, f32(b, 0.0f), width)};
        auto loop = scf::ForOp::create(
            b, loc, index(b, 0), padded, index(b, width), inits,
            [&](OpBuilder &inner, Location, Value key, ValueRange acc) {
              Value shifted = arith::SubFOp::create(
                  inner, loc, load(inner, scores, {row, key}, width), maxes);
              Value weight = exp2OfNegative(inner, loc, shifted);
              Value wanted =
                  math::FmaOp::create(inner, loc, weight, most, acc[1]);
              Value rounded = math::RoundEvenOp::create(inner, loc, wanted);
              Value carry = arith::SubFOp::create(inner, loc, wanted, rounded);
              Value codes =
                  arith::FPToSIOp::create(inner, loc, intType, rounded);
              Value bytes =
                  arith::TruncIOp::create(inner, loc, bytesType, codes);
              store(inner, bytes, weightBytes, {row, key});
              Value sum = arith::AddIOp::create(inner, loc, codes, acc[0]);
              scf::YieldOp::create(inner, loc, ValueRange{sum, carry});
            });
        Value sum = reduceToScalar(b, loc, ReduceKind::Add, loop.getResult(0));
        memref::StoreOp::create(b, loc, sum, weightSums, ValueRange(row));
      });
}

void AttentionExpansion::emitProductBytes(OpBuilder &b, Value query,
                                          int64_t rows, int64_t panel) {
  int64_t vectors = std::min(width, valueDepth - panel * width) / lanes;
  Value blocks = arith::CeilDivUIOp::create(b, loc, numKeys, index(b, 4));
  auto loop = emitDots(
      b, loc, blocks, rows, vectors, lanes, /*linesAreCodes=*/false,
      [&](OpBuilder &inner, Value block, int64_t i) {
        return loadLine(inner, valueLines,
                        {index(inner, panel), block, index(inner, i * lanes)});
      },
      [&](OpBuilder &inner, Value block, int64_t r) {
        return loadSpread(inner, weightBytes,
                          {index(inner, r), mul(inner, block, 4)});
      });
  auto ints = VectorType::get(lanes, b.getI32Type());
  for (int64_t r = 0; r < rows; ++r) {
    Value sum =
        memref::LoadOp::create(b, loc, weightSums, ValueRange(index(b, r)));
    Value total = arith::SIToFPOp::create(b, loc, b.getF32Type(), sum);
    Value inverse = arith::DivFOp::create(b, loc, f32(b, 1.0f), total);
    for (int64_t i = 0; i < vectors; ++i) {
      Value column = index(b, panel * width + i * lanes);
      Value sums = loop.getResult(r * vectors + i);
      if (codeOffset)
        sums = arith::AddIOp::create(
            b, loc, sums,
            vector::LoadOp::create(b, loc, ints, valueSums, column));
      Value result =
          arith::SIToFPOp::create(b, loc, vectorType(b, lanes), sums);
      Value scales =
          arith::MulFOp::create(b, loc, load(b, valueScales, column, lanes),
                                splat(b, loc, inverse, lanes));
      store(b, arith::MulFOp::create(b, loc, result, scales), out,
            {batch, add(b, query, r), head, column});
    }
  }
}

} // namespace mixbit
