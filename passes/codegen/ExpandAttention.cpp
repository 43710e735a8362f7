//===- ExpandAttention.cpp - mixbit.attention_core to vector loops --------===//
//
// An iteration is one head of one batch and a block of queries. Keys are
// transposed and values copied into panels of `width` columns in scratch; then,
// for a few queries at a time:
//
//   scores[r][j] = sum over d of q[r][d] * (log2(e) scale k[j][d])
//   scores[r][j] = 2^(scores[r][j] - max over j)
//   out[r][c]    = sum over j of scores[r][j] * v[j][c] / sum of scores[r]
//
// Keys that the mask hides get the lowest finite score, so that a query without
// any visible key attends to all evenly; columns that only fill up the last
// panel get -inf and so weigh nothing. The tiles of bytes are in
// AttentionBytes.cpp.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/AttentionExpansion.h"
#include "passes/codegen/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_EXPANDATTENTION
#include "passes/codegen/Passes.h.inc"

LogicalResult AttentionExpansion::verify() {
  if (op.getIns().size() < 3 || op.getIns().size() > 4)
    return op.emitOpError() << "expected queries, keys, values and maybe a "
                               "mask, but got "
                            << op.getIns().size() << " operands";
  SmallVector<Value> buffers(op.getIns().take_front(3));
  buffers.push_back(op.getOut());
  for (Value buffer : buffers) {
    auto type = cast<MemRefType>(buffer.getType());
    SmallVector<int64_t> strides;
    int64_t offset;
    if (type.getRank() != 4 || !type.getElementType().isF32() ||
        type.isDynamicDim(3) ||
        failed(type.getStridesAndOffset(strides, offset)) ||
        strides.back() != 1)
      return op.emitOpError()
             << "expected f32 buffers [batch, length, heads, depth] with a "
                "static depth of unit stride, but got "
             << type;
  }
  if (op.getIns().size() == 3)
    return success();
  auto type = cast<MemRefType>(op.getIns()[3].getType());
  bool keep = op.getMaskKind().value_or(MaskKind::Keep) == MaskKind::Keep;
  bool fits = keep ? type.getRank() == 2 && !type.getElementType().isInteger(1)
                   : type.getRank() == 4 && type.getElementType().isF32();
  if (!fits)
    return op.emitOpError()
           << "expected a mask of "
           << (keep ? "rank 2 with integers of whole bytes" : "rank 4 with f32")
           << ", but got " << type;
  return success();
}

void AttentionExpansion::reserve() {
  OpBuilder &b = kernel->run, &e = kernel->extent;
  auto bind = [&](Value operand) { return kernel->runBuffer(operand); };
  q = bind(op.getIns()[0]);
  k = bind(op.getIns()[1]);
  v = bind(op.getIns()[2]);
  if (op.getIns().size() == 4)
    mask = bind(op.getIns()[3]);
  out = bind(op.getOut());
  depth = cast<MemRefType>(q.getType()).getDimSize(3);
  valueDepth = cast<MemRefType>(v.getType()).getDimSize(3);
  numQueries = dim(b, out, 1);
  numKeys = dim(b, k, 1);
  auto panelsOf = [&](OpBuilder &builder, Value count) -> Value {
    return arith::CeilDivUIOp::create(builder, loc, count,
                                      index(builder, width));
  };
  numPanels = panelsOf(b, numKeys);
  Value extentKeys = dim(e, kernel->extentBuffer(op.getIns()[1]), 1);
  Value extentPanels = panelsOf(e, extentKeys);
  constexpr int64_t any = ShapedType::kDynamic;
  auto scratch = [&](ArrayRef<int64_t> shape, ValueRange runSizes,
                     ValueRange extentSizes) {
    return kernel->reserveScratch(MemRefType::get(shape, b.getF32Type()),
                                  runSizes, extentSizes);
  };
  Value padded = mul(b, numPanels, width);
  Value extentPadded = mul(e, extentPanels, width);
  scores = scratch({kRows, any}, padded, extentPadded);
  limits = scratch({any}, padded, extentPadded);
  inBytes = wantsBytes();
  if (inBytes)
    return reserveBytes();
  keys = scratch({any, depth, width}, numPanels, extentPanels);
  values = scratch({int64_t(llvm::divideCeil(valueDepth, width)), any, width},
                   numKeys, extentKeys);
  inverses = scratch({kRows}, {}, {});
}

Value AttentionExpansion::loadPart(OpBuilder &b, Value buffer, ValueRange at,
                                   int64_t count) {
  if (count == lanes)
    return load(b, buffer, at, lanes);
  Value on = vector::CreateMaskOp::create(b, loc,
                                          VectorType::get(lanes, b.getI1Type()),
                                          ValueRange{index(b, count)});
  Value zero = splat(b, loc, f32(b, 0.0f), lanes);
  return vector::MaskedLoadOp::create(b, loc, vectorType(b, lanes), buffer, at,
                                      on, zero);
}

/// Interleaving rows i and i + n/2, log2(n) times, transposes an n x n tile.
void AttentionExpansion::transpose(OpBuilder &b, SmallVectorImpl<Value> &rows) {
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < lanes / 2; ++i) {
    low.append({i, lanes + i});
    high.append({lanes / 2 + i, lanes + lanes / 2 + i});
  }
  for (int64_t stage = 1; stage < lanes; stage *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < lanes / 2; ++i)
      for (ArrayRef<int64_t> order : {ArrayRef(low), ArrayRef(high)})
        next.push_back(vector::ShuffleOp::create(b, loc, rows[i],
                                                 rows[i + lanes / 2], order));
    rows = next;
  }
}

/// Transposes `lanes` keys x `count` depths.
void AttentionExpansion::packKeyGroup(OpBuilder &b, Value panel, int64_t group,
                                      Value d, int64_t count) {
  Value first = add(b, mul(b, panel, width), group * lanes);
  Value last = arith::SubIOp::create(b, loc, numKeys, index(b, 1));
  SmallVector<Value> rows;
  for (int64_t r = 0; r < lanes; ++r) {
    Value key = arith::MinSIOp::create(b, loc, add(b, first, r), last);
    Value row = loadPart(b, k, {batch, key, head, d}, count);
    rows.push_back(arith::MulFOp::create(
        b, loc, row, splat(b, loc, f32(b, scoreScale()), lanes)));
  }
  transpose(b, rows);
  for (int64_t i = 0; i < count; ++i)
    store(b, rows[i], keys, {panel, add(b, d, i), index(b, group * lanes)});
}

void AttentionExpansion::packKeys(OpBuilder &builder) {
  int64_t whole = depth / lanes * lanes;
  forEach(builder, index(builder, 0), numPanels, 1,
          [&](OpBuilder &b, Value panel) {
            for (int64_t group = 0; group < width / lanes; ++group) {
              forEach(b, index(b, 0), index(b, whole), lanes,
                      [&](OpBuilder &inner, Value d) {
                        packKeyGroup(inner, panel, group, d, lanes);
                      });
              if (whole < depth)
                packKeyGroup(b, panel, group, index(b, whole), depth - whole);
            }
          });
}

void AttentionExpansion::packValues(OpBuilder &builder) {
  forEach(builder, index(builder, 0), numKeys, 1, [&](OpBuilder &b, Value key) {
    for (int64_t c = 0; c < valueDepth; c += lanes) {
      Value row = loadPart(b, v, {batch, key, head, index(b, c)},
                           std::min(lanes, valueDepth - c));
      store(b, row, values, {index(b, c / width), key, index(b, c % width)});
    }
  });
}

/// The highest score of each key: none for visible ones, the lowest finite
/// number for hidden ones, -inf for what pads the last panel.
void AttentionExpansion::prepareMask(OpBuilder &builder) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  Value padded = mul(builder, numPanels, width);
  bool keep =
      mask && op.getMaskKind().value_or(MaskKind::Keep) == MaskKind::Keep;
  forEach(
      builder, index(builder, 0), padded, lanes, [&](OpBuilder &b, Value key) {
        LaneRange range = maskedRange(b, loc, key, numKeys, lanes);
        Value visible = splat(b, loc, f32(b, infinity), lanes);
        Value limit = visible;
        if (keep) {
          VectorAccess access(
              mask, AffineMap::getMultiDimIdentityMap(2, op.getContext()), 1);
          Value lastBatch =
              arith::SubIOp::create(b, loc, dim(b, mask, 0), index(b, 1));
          Value row = arith::MinSIOp::create(b, loc, batch, lastBatch);
          // A panel may begin behind the last key: read nothing there.
          Value any = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult,
                                            key, numKeys);
          auto guarded = scf::IfOp::create(
              b, loc, any,
              [&](OpBuilder &inner, Location) {
                Value flags = access.load(inner, loc, {row, key}, range);
                Value zero = arith::ConstantOp::create(
                    inner, loc, inner.getZeroAttr(flags.getType()));
                Value on =
                    isa<FloatType>(access.element)
                        ? Value(arith::CmpFOp::create(inner, loc,
                                                      arith::CmpFPredicate::UNE,
                                                      flags, zero))
                        : Value(arith::CmpIOp::create(inner, loc,
                                                      arith::CmpIPredicate::ne,
                                                      flags, zero));
                Value hidden = splat(
                    inner, loc,
                    f32(inner, std::numeric_limits<float>::lowest()), lanes);
                Value chosen =
                    arith::SelectOp::create(inner, loc, on, visible, hidden);
                scf::YieldOp::create(inner, loc, chosen);
              },
              [&](OpBuilder &inner, Location) {
                scf::YieldOp::create(inner, loc, visible);
              });
          limit = guarded.getResult(0);
        }
        store(b, maskOr(b, loc, range, limit, f32(b, -infinity)), limits, key);
      });
}

/// scores = queries x keys for `rows` queries.
void AttentionExpansion::emitScores(OpBuilder &builder, Value query,
                                    int64_t rows) {
  int64_t vectors = width / lanes;
  forEach(
      builder, index(builder, 0), numPanels, 1, [&](OpBuilder &b, Value panel) {
        SmallVector<Value> zeros(rows * vectors,
                                 splat(b, loc, f32(b, 0.0f), lanes));
        auto loop = scf::ForOp::create(
            b, loc, index(b, 0), index(b, depth), index(b, 1), zeros,
            [&](OpBuilder &inner, Location, Value d, ValueRange sums) {
              SmallVector<Value> column, next(sums);
              for (int64_t i = 0; i < vectors; ++i)
                column.push_back(load(
                    inner, keys, {panel, d, index(inner, i * lanes)}, lanes));
              for (int64_t r = 0; r < rows; ++r) {
                Value scalar = memref::LoadOp::create(
                    inner, loc, q,
                    ValueRange{batch, add(inner, query, r), head, d});
                Value query = splat(inner, loc, scalar, lanes);
                for (int64_t i = 0; i < vectors; ++i)
                  next[r * vectors + i] = math::FmaOp::create(
                      inner, loc, query, column[i], next[r * vectors + i]);
              }
              scf::YieldOp::create(inner, loc, next);
            });
        Value first = mul(b, panel, width);
        for (int64_t i = 0; i < vectors; ++i) {
          Value key = add(b, first, i * lanes);
          Value limit = load(b, limits, key, lanes);
          for (int64_t r = 0; r < rows; ++r) {
            Value limited = combine(b, loc, ReduceKind::Min, limit,
                                    loop.getResult(r * vectors + i));
            store(b, limited, scores, {index(b, r), key});
          }
        }
      });
}

/// scores += mask, whose dimensions of extent 1 stand for all.
void AttentionExpansion::addMask(OpBuilder &builder, Value query,
                                 int64_t rows) {
  auto type = cast<MemRefType>(mask.getType());
  AffineMap map = AffineMap::getMultiDimIdentityMap(4, op.getContext());
  if (type.getDimSize(3) == 1)
    map = AffineMap::get(4, 0,
                         {map.getResult(0), map.getResult(1), map.getResult(2),
                          getAffineConstantExpr(0, op.getContext())},
                         op.getContext());
  VectorAccess access(mask, map, 3);
  auto clamped = [&](OpBuilder &b, Value at, int64_t i) -> Value {
    Value last = arith::SubIOp::create(b, loc, dim(b, mask, i), index(b, 1));
    return arith::MinSIOp::create(b, loc, at, last);
  };
  for (int64_t r = 0; r < rows; ++r)
    forEach(builder, index(builder, 0), numKeys, lanes,
            [&](OpBuilder &b, Value key) {
              LaneRange range = maskedRange(b, loc, key, numKeys, lanes);
              Value added =
                  access.load(b, loc,
                              {clamped(b, batch, 0), clamped(b, head, 1),
                               clamped(b, add(b, query, r), 2), key},
                              range);
              Value at[] = {index(b, r), key};
              // Lanes that are off must stay -inf, whatever was read.
              added = maskOr(b, loc, range, added, f32(b, 0.0f));
              // Masks of the lowest number stay finite, so that a query
              // without any visible key attends to all.
              Value lowest = splat(
                  b, loc, f32(b, std::numeric_limits<float>::lowest()), lanes);
              Value scaled = arith::MulFOp::create(
                  b, loc, added, splat(b, loc, f32(b, kLog2E), lanes));
              scaled = combine(b, loc, ReduceKind::Max, scaled,
                               combine(b, loc, ReduceKind::Min, added, lowest));
              Value sum = arith::AddFOp::create(
                  b, loc, load(b, scores, at, lanes), scaled);
              store(b, sum, scores, at);
            });
}

Value AttentionExpansion::rowMaximum(OpBuilder &b, Value row) {
  Value padded = mul(b, numPanels, width);
  Value neutral = arith::ConstantOp::create(
      b, loc, neutralElement(ReduceKind::Max, b.getF32Type()));
  auto loop = scf::ForOp::create(
      b, loc, index(b, 0), padded, index(b, width),
      splat(b, loc, neutral, width),
      [&](OpBuilder &inner, Location, Value key, ValueRange acc) {
        Value next =
            combine(inner, loc, ReduceKind::Max,
                    load(inner, scores, {row, key}, width), acc.front());
        scf::YieldOp::create(inner, loc, next);
      });
  Value max = reduceToScalar(b, loc, ReduceKind::Max, loop.getResult(0));
  return splat(b, loc, max, width);
}

/// 2^(scores - max) in place, and the inverse of each row's sum.
void AttentionExpansion::emitSoftmax(OpBuilder &builder, int64_t rows) {
  Value padded = mul(builder, numPanels, width);
  forEach(
      builder, index(builder, 0), index(builder, rows), 1,
      [&](OpBuilder &b, Value row) {
        Value maxes = rowMaximum(b, row);
        auto loop = scf::ForOp::create(
            b, loc, index(b, 0), padded, index(b, width),
            splat(b, loc, f32(b, 0.0f), width),
            [&](OpBuilder &inner, Location, Value key, ValueRange acc) {
              Value shifted = arith::SubFOp::create(
                  inner, loc, load(inner, scores, {row, key}, width), maxes);
              Value weight = exp2OfNegative(inner, loc, shifted);
              store(inner, weight, scores, {row, key});
              Value next =
                  combine(inner, loc, ReduceKind::Add, weight, acc.front());
              scf::YieldOp::create(inner, loc, next);
            });
        Value sum = reduceToScalar(b, loc, ReduceKind::Add, loop.getResult(0));
        Value inverse = arith::DivFOp::create(b, loc, f32(b, 1.0f), sum);
        memref::StoreOp::create(b, loc, inverse, inverses, ValueRange(row));
      });
}

/// One panel of out = scores x values / sums.
void AttentionExpansion::emitProduct(OpBuilder &b, Value query, int64_t rows,
                                     int64_t panel) {
  int64_t columns = std::min(width, valueDepth - panel * width);
  int64_t vectors = llvm::divideCeil(columns, lanes);
  SmallVector<Value> zeros(rows * vectors, splat(b, loc, f32(b, 0.0f), lanes));
  auto loop = scf::ForOp::create(
      b, loc, index(b, 0), numKeys, index(b, 1), zeros,
      [&](OpBuilder &inner, Location, Value key, ValueRange sums) {
        SmallVector<Value> line, next(sums);
        for (int64_t i = 0; i < vectors; ++i)
          line.push_back(
              load(inner, values,
                   {index(inner, panel), key, index(inner, i * lanes)}, lanes));
        for (int64_t r = 0; r < rows; ++r) {
          Value scalar = memref::LoadOp::create(
              inner, loc, scores, ValueRange{index(inner, r), key});
          Value weight = splat(inner, loc, scalar, lanes);
          for (int64_t i = 0; i < vectors; ++i)
            next[r * vectors + i] = math::FmaOp::create(
                inner, loc, weight, line[i], next[r * vectors + i]);
        }
        scf::YieldOp::create(inner, loc, next);
      });
  for (int64_t r = 0; r < rows; ++r) {
    Value inverse =
        memref::LoadOp::create(b, loc, inverses, ValueRange(index(b, r)));
    Value factor = splat(b, loc, inverse, lanes);
    for (int64_t i = 0; i < vectors; ++i) {
      Value result = arith::MulFOp::create(
          b, loc, loop.getResult(r * vectors + i), factor);
      SmallVector<Value> at = {batch, add(b, query, r), head,
                               index(b, panel * width + i * lanes)};
      int64_t left = columns - i * lanes;
      if (left >= lanes) {
        store(b, result, out, at);
        continue;
      }
      Value on = vector::CreateMaskOp::create(
          b, loc, VectorType::get(lanes, b.getI1Type()),
          ValueRange{index(b, left)});
      vector::MaskedStoreOp::create(b, loc, out, at, on, result);
    }
  }
}

void AttentionExpansion::emitQueries(OpBuilder &builder, Value query,
                                     int64_t rows) {
  bool additive = mask && op.getMaskKind() == MaskKind::Additive;
  if (inBytes) {
    emitQueryBytes(builder, query, rows);
    emitScoreBytes(builder, rows);
    if (additive)
      addMask(builder, query, rows);
    emitWeightBytes(builder, rows);
    for (int64_t panel = 0; panel * width < valueDepth; ++panel)
      emitProductBytes(builder, query, rows, panel);
    return;
  }
  emitScores(builder, query, rows);
  if (additive)
    addMask(builder, query, rows);
  emitSoftmax(builder, rows);
  for (int64_t panel = 0; panel * width < valueDepth; ++panel)
    emitProduct(builder, query, rows, panel);
}

void AttentionExpansion::expandIteration(OpBuilder &b, Value iteration) {
  Value blocks =
      arith::CeilDivUIOp::create(b, loc, numQueries, index(b, kQueryBlock));
  Value heads = dim(b, out, 2);
  Value block = arith::RemUIOp::create(b, loc, iteration, blocks);
  Value rest = arith::DivUIOp::create(b, loc, iteration, blocks);
  head = arith::RemUIOp::create(b, loc, rest, heads);
  batch = arith::DivUIOp::create(b, loc, rest, heads);
  prepareMask(b);
  if (inBytes) {
    packKeyBytes(b);
    packValueBytes(b);
  } else {
    packKeys(b);
    packValues(b);
  }
  // Blocks of about equal length, all but the last of whole tiles.
  Value each = arith::CeilDivUIOp::create(b, loc, numQueries, blocks);
  each =
      mul(b, arith::CeilDivUIOp::create(b, loc, each, index(b, kRows)), kRows);
  Value from = arith::MinUIOp::create(
      b, loc, arith::MulIOp::create(b, loc, block, each), numQueries);
  Value end = arith::MinUIOp::create(b, loc, add(b, from, each), numQueries);
  // Whole tiles first, then pairs, then one: no query is computed in vain.
  for (int64_t rows : {kRows, int64_t(2), int64_t(1)}) {
    Value left = arith::SubIOp::create(b, loc, end, from);
    Value odd = arith::RemUIOp::create(b, loc, left, index(b, rows));
    Value to = arith::SubIOp::create(b, loc, end, odd);
    forEach(b, from, to, rows, [&](OpBuilder &inner, Value query) {
      emitQueries(inner, query, rows);
    });
    from = to;
  }
}

LogicalResult AttentionExpansion::run() {
  if (failed(verify()))
    return failure();
  kernel.emplace(kernelOp);
  reserve();
  forEach(
      kernel->run, kernel->begin, kernel->end, 1,
      [&](OpBuilder &b, Value iteration) { expandIteration(b, iteration); });
  OpBuilder &e = kernel->extent;
  Value buffer = kernel->extentBuffer(op.getOut());
  Value size = arith::CeilDivUIOp::create(e, loc, dim(e, buffer, 1),
                                          index(e, kQueryBlock));
  for (int64_t i : {0, 2})
    size = arith::MulIOp::create(e, loc, size, dim(e, buffer, i));
  kernel->finish(size);
  return success();
}

namespace {
struct ExpandAttention : impl::ExpandAttentionBase<ExpandAttention> {
  void runOnOperation() override {
    SmallVector<std::pair<KernelOp, AttentionCoreOp>> work;
    getOperation().walk([&](AttentionCoreOp op) {
      if (auto kernel = op->getParentOfType<KernelOp>())
        work.push_back({kernel, op});
    });
    if (work.empty())
      return;
    const Target *target = targetOf(getOperation());
    if (!target)
      return signalPassFailure();
    for (auto [kernel, op] : work)
      if (failed(AttentionExpansion(kernel, op, *target).run()))
        return signalPassFailure();
  }
};

} // namespace
} // namespace mixbit
