//===- ExpandRows.cpp - mixbit.rows to vector loops -----------------------===//
//
// An iteration of the kernel is one row. Along it, each pass of RowsAnalysis is
//
//   for column = 0 to N - N % wide step wide        (several registers wide)
//   for column = ...  to N - N % lanes step lanes   (one register)
//   the rest, masked
//
// with the reductions' accumulators carried by the loops; what is known of N
// at compile time drops the parts that are never run. The order in which a
// reduction adds depends on N and the target only.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/Passes.h"
#include "passes/codegen/RowsAnalysis.h"
#include "passes/codegen/RowsTable.h"
#include "passes/codegen/VectorMath.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_EXPANDROWS
#include "passes/codegen/Passes.h.inc"

namespace {

/// Registers that a step of the wide loop covers, and fewer where the body
/// needs many registers itself.
constexpr int64_t kUnroll = 4, kUnrollHeavy = 2;
constexpr int kHeavyCost = 25;

/// Whether dimension `dim` of `buffer` is known at compile time.
bool isStatic(Value buffer, unsigned dim) {
  return !cast<MemRefType>(buffer.getType()).isDynamicDim(dim);
}

class RowsExpansion {
public:
  RowsExpansion(KernelOp kernelOp, RowsOp op, const Target &target, bool strict)
      : op(op), body(op.getBody().front()), analysis(op),
        lanes(std::max(1, target.vectorBits / 32)), strict(strict),
        kernelOp(kernelOp), loc(op.getLoc()) {}

  LogicalResult run();

private:
  LogicalResult findExtents();
  LogicalResult prepareTables();
  void expandRow(OpBuilder &builder, Value iteration);
  void emitUniform(OpBuilder &builder, int level);
  void emitPass(OpBuilder &builder, const RowPass &pass);
  SmallVector<Value> emitStep(OpBuilder &builder, const RowPass &pass,
                              const LaneRange &range, ValueRange accumulators);
  void fetchNextRow(OpBuilder &builder, Value column, int64_t width);
  SmallVector<Value> emitLoop(OpBuilder &builder, const RowPass &pass,
                              Value from, Value to, int64_t step,
                              ValueRange accumulators);
  SmallVector<Value> neutral(OpBuilder &builder, const RowPass &pass,
                             int64_t width);
  SmallVector<Value> fold(OpBuilder &builder, const RowPass &pass,
                          ValueRange accumulators, int64_t width);
  int64_t wideLanes(const RowPass &pass);

  Value index(OpBuilder &builder, int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  VectorAccess inputAccess(unsigned number) {
    return VectorAccess(kernel->runBuffer(op.getIns()[number]),
                        analysis.inputMaps[number], columnDim(),
                        getElementTypeOrSelf(op.getIns()[number].getType()));
  }
  VectorAccess outputAccess(unsigned number) {
    return VectorAccess(kernel->runBuffer(op.getOuts()[number]),
                        analysis.outputMaps[number], columnDim(),
                        getElementTypeOrSelf(op.getOuts()[number].getType()));
  }
  unsigned columnDim() const {
    return analysis.numDims ? analysis.numDims - 1 : 0;
  }

  RowsOp op;
  Block &body;
  RowsAnalysis analysis;
  int64_t lanes;
  bool strict;
  KernelOp kernelOp;
  Location loc;
  std::optional<KernelBuilder> kernel;

  /// Extent of each dimension in either function.
  SmallVector<Value> extents, extentsOfExtent;
  std::optional<int64_t> staticColumns;
  Value columns;

  /// Of the current row: dimensions' values, uniform values.
  SmallVector<Value> point;
  IRMapping scalars;
  DenseMap<Operation *, TableReader> tables;
  DenseMap<Value, Value> rowBuffers;
};

/// The extent of dimension `dim`: that of an operand's dimension which the
/// operand's map gives as just `dim`; outputs first.
LogicalResult RowsExpansion::findExtents() {
  for (unsigned dim = 0; dim < analysis.numDims; ++dim) {
    AffineExpr expr = getAffineDimExpr(dim, op.getContext());
    Value found;
    unsigned at = 0;
    auto search = [&](ValueRange buffers, ArrayRef<AffineMap> maps) {
      for (auto [buffer, map] : llvm::zip(buffers, maps))
        for (auto [position, result] : llvm::enumerate(map.getResults()))
          if (result == expr && (!found || !isStatic(found, at))) {
            found = buffer;
            at = position;
          }
    };
    search(op.getOuts(), analysis.outputMaps);
    if (!found)
      search(op.getIns(), analysis.inputMaps);
    if (!found)
      return op.emitOpError() << "expected an output whose map names dimension "
                              << dim << ", but got none";
    extents.push_back(
        memref::DimOp::create(kernel->run, loc, kernel->runBuffer(found), at));
    extentsOfExtent.push_back(memref::DimOp::create(
        kernel->extent, loc, kernel->extentBuffer(found), at));
    if (dim + 1 == analysis.numDims && isStatic(found, at))
      staticColumns = cast<MemRefType>(found.getType()).getDimSize(at);
  }
  return success();
}

LogicalResult RowsExpansion::prepareTables() {
  for (Operation &inner : body) {
    auto table = dyn_cast<TableLoadOp>(inner);
    if (!table)
      continue;
    FailureOr<TableReader> reader = TableReader::create(table, *kernel);
    if (failed(reader))
      return failure();
    if (!reader->isVectorized(lanes) &&
        failed(reportSlowPath(table, strict, "a table is read")))
      return failure();
    tables.insert({table, *reader});
  }
  return success();
}

/// The vector width of a pass: several registers, unless elements are handled
/// one by one anyway.
int64_t RowsExpansion::wideLanes(const RowPass &pass) {
  bool scattered = false;
  auto check = [&](Value buffer, AffineMap map) {
    scattered |= classifyAccess(cast<MemRefType>(buffer.getType()), map,
                                columnDim()) == AccessKind::Scattered;
  };
  for (BlockArgument argument : pass.inputs)
    check(op.getIns()[argument.getArgNumber()],
          analysis.inputMaps[argument.getArgNumber()]);
  for (unsigned output : pass.outputs)
    check(op.getOuts()[output], analysis.outputMaps[output]);
  int64_t wide = lanes * (scattered                 ? 1
                          : pass.cost >= kHeavyCost ? kUnrollHeavy
                                                    : kUnroll);
  for (Operation *inner : pass.ops)
    if (auto it = tables.find(inner); it != tables.end())
      while (wide > lanes && !it->second.isVectorized(wide))
        wide /= 2;
  return wide;
}

SmallVector<Value> RowsExpansion::neutral(OpBuilder &builder,
                                          const RowPass &pass, int64_t width) {
  SmallVector<Value> result;
  for (RowReduceOp reduce : pass.reduces) {
    TypedAttr attribute = neutralElement(reduce.getKind(), reduce.getType());
    result.push_back(arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(VectorType::get(width, reduce.getType()),
                               Attribute(attribute))));
  }
  return result;
}

SmallVector<Value> RowsExpansion::fold(OpBuilder &builder, const RowPass &pass,
                                       ValueRange accumulators, int64_t width) {
  SmallVector<Value> result;
  for (auto [reduce, accumulator] : llvm::zip(pass.reduces, accumulators)) {
    RowReduceOp op = reduce;
    result.push_back(
        foldLanes(builder, op.getLoc(), op.getKind(), accumulator, width));
  }
  return result;
}

/// The points of one vector: loads, computation, stores, accumulation.
SmallVector<Value> RowsExpansion::emitStep(OpBuilder &builder,
                                           const RowPass &pass,
                                           const LaneRange &range,
                                           ValueRange accumulators) {
  IRMapping vectors;
  auto get = [&](Value value) -> Value {
    if (Value vector = vectors.lookupOrNull(value))
      return vector;
    return splat(builder, value.getLoc(), scalars.lookup(value), range.lanes);
  };
  for (BlockArgument argument : pass.inputs)
    vectors.map(
        argument,
        inputAccess(argument.getArgNumber()).load(builder, loc, point, range));
  LaneRange whole{range.position, range.lanes};
  for (Value kept : pass.readBack) {
    VectorAccess access(rowBuffers.lookup(kept),
                        AffineMap::getMultiDimIdentityMap(1, op.getContext()),
                        0);
    vectors.map(kept, access.load(builder, loc, {range.position}, whole));
  }
  for (Operation *inner : pass.ops) {
    Value result;
    if (isa<TableLoadOp>(inner)) {
      result = tables.find(inner)->second.load(builder, range);
    } else if (isa<ColumnOp>(inner)) {
      Type type = inner->getResult(0).getType();
      Value first =
          splat(builder, inner->getLoc(), range.position, range.lanes);
      Value step = vector::StepOp::create(
          builder, inner->getLoc(),
          VectorType::get(range.lanes, builder.getIndexType()));
      result = arith::IndexCastOp::create(
          builder, inner->getLoc(), VectorType::get(range.lanes, type),
          arith::AddIOp::create(builder, inner->getLoc(), first, step));
    } else {
      SmallVector<Value> operands;
      for (Value operand : inner->getOperands())
        operands.push_back(get(operand));
      result = cloneOverLanes(builder, inner, operands, range);
    }
    vectors.map(inner->getResult(0), result);
  }
  for (Value kept : pass.kept) {
    VectorAccess access(rowBuffers.lookup(kept),
                        AffineMap::getMultiDimIdentityMap(1, op.getContext()),
                        0);
    access.store(builder, loc, {range.position}, whole, get(kept));
  }
  auto yields = body.getTerminator()->getOperands();
  for (unsigned output : pass.outputs)
    outputAccess(output).store(builder, loc, point, range, get(yields[output]));
  SmallVector<Value> result;
  for (auto [reduce, accumulator] : llvm::zip(pass.reduces, accumulators)) {
    RowReduceOp op = reduce;
    Value value = get(op.getX());
    if (range.isMasked()) {
      Value none = arith::ConstantOp::create(
          builder, loc, neutralElement(op.getKind(), op.getType()));
      value = maskOr(builder, loc, range, value, none);
    }
    result.push_back(
        combine(builder, op.getLoc(), op.getKind(), value, accumulator));
  }
  return result;
}

/// Asks for the next row's `width` columns from `column` on. The passes behind
/// the first find the row in the L1, and leave what reads ahead of it idle.
void RowsExpansion::fetchNextRow(OpBuilder &builder, Value column,
                                 int64_t width) {
  constexpr int64_t kLineBytes = 64;
  if (analysis.numDims < 2)
    return;
  for (unsigned number = 0; number < op.getIns().size(); ++number) {
    VectorAccess access = inputAccess(number);
    Type element = cast<MemRefType>(access.buffer.getType()).getElementType();
    if (!access.map.isIdentity() || !element.isF32())
      continue;
    SmallVector<Value> at(point);
    Value &row = at[analysis.numDims - 2];
    row = arith::AddIOp::create(builder, loc, row, index(builder, 1));
    for (int64_t j = 0; j < width; j += kLineBytes / 4) {
      at.back() =
          arith::AddIOp::create(builder, loc, column, index(builder, j));
      memref::PrefetchOp::create(builder, loc, access.buffer, at,
                                 /*isWrite=*/false, /*localityHint=*/3,
                                 /*isDataCache=*/true);
    }
  }
}

SmallVector<Value> RowsExpansion::emitLoop(OpBuilder &builder,
                                           const RowPass &pass, Value from,
                                           Value to, int64_t step,
                                           ValueRange accumulators) {
  auto loop = scf::ForOp::create(
      builder, loc, from, to, index(builder, step), accumulators,
      [&](OpBuilder &inner, Location, Value column, ValueRange carried) {
        if (analysis.passes.size() > 1 && &pass == &analysis.passes.back())
          fetchNextRow(inner, column, step);
        SmallVector<Value> next =
            emitStep(inner, pass, LaneRange{column, step}, carried);
        scf::YieldOp::create(inner, loc, next);
      });
  return loop.getResults();
}

void RowsExpansion::emitPass(OpBuilder &builder, const RowPass &pass) {
  if (pass.reduces.empty() && pass.outputs.empty() && pass.kept.empty())
    return;
  if (analysis.numDims == 0) { // one point, no row to run along
    LaneRange one{index(builder, 0), 1};
    SmallVector<Value> result =
        emitStep(builder, pass, one, neutral(builder, pass, 1));
    for (auto [reduce, value] : llvm::zip(pass.reduces, result))
      scalars.map(RowReduceOp(reduce).getResult(),
                  vector::ExtractOp::create(builder, loc, value, 0));
    return;
  }
  int64_t wide = wideLanes(pass);
  Value from = index(builder, 0);
  SmallVector<Value> accumulators;
  // [0, N - N % wide), then what is left of it, a register at a time.
  for (int64_t step = wide;; step = lanes) {
    accumulators = accumulators.empty()
                       ? neutral(builder, pass, step)
                       : fold(builder, pass, accumulators, step);
    Value to;
    bool never = false;
    if (staticColumns) {
      int64_t end = *staticColumns / step * step;
      int64_t start = step == wide ? 0 : *staticColumns / wide * wide;
      never = start >= end;
      to = index(builder, end);
    } else {
      Value rest =
          arith::RemUIOp::create(builder, loc, columns, index(builder, step));
      to = arith::SubIOp::create(builder, loc, columns, rest);
    }
    if (!never)
      accumulators = emitLoop(builder, pass, from, to, step, accumulators);
    from = to;
    if (step == lanes)
      break;
  }
  if (!staticColumns || *staticColumns % lanes != 0) {
    Value left = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                       from, columns);
    auto tail = scf::IfOp::create(
        builder, loc, left,
        [&](OpBuilder &inner, Location) {
          LaneRange range = maskedRange(inner, loc, from, columns, lanes);
          SmallVector<Value> next = emitStep(inner, pass, range, accumulators);
          scf::YieldOp::create(inner, loc, next);
        },
        [&](OpBuilder &inner, Location) {
          scf::YieldOp::create(inner, loc, accumulators);
        });
    accumulators = tail.getResults();
  }
  for (auto [reduce, accumulator] : llvm::zip(pass.reduces, accumulators)) {
    RowReduceOp op = reduce;
    scalars.map(op.getResult(), reduceToScalar(builder, op.getLoc(),
                                               op.getKind(), accumulator));
  }
}

/// Row-uniform operations that are known before pass `level`.
void RowsExpansion::emitUniform(OpBuilder &builder, int level) {
  for (Operation &inner : body.without_terminator()) {
    if (auto table = dyn_cast<TableLoadOp>(inner)) {
      if (analysis[table.getRow()].level == level)
        tables.find(&inner)->second.startRow(builder, *kernel,
                                             scalars.lookup(table.getRow()));
      continue;
    }
    if (isa<RowReduceOp>(inner) || inner.getNumResults() != 1)
      continue;
    const RowValue &info = analysis[inner.getResult(0)];
    if (!info.uniform || info.level != level)
      continue;
    SmallVector<Value> operands;
    for (Value operand : inner.getOperands())
      operands.push_back(scalars.lookup(operand));
    scalars.map(inner.getResult(0), cloneScalar(builder, &inner, operands));
  }
}

void RowsExpansion::expandRow(OpBuilder &builder, Value iteration) {
  // The row's place among the outer dimensions, the last of them fastest.
  point.assign(analysis.numDims, Value());
  if (analysis.numDims) {
    point.back() = index(builder, 0);
    Value rest = iteration;
    for (int64_t dim = int64_t(analysis.numDims) - 2; dim >= 0; --dim) {
      if (dim == 0) {
        point[0] = rest;
        break;
      }
      point[dim] = arith::RemUIOp::create(builder, loc, rest, extents[dim]);
      rest = arith::DivUIOp::create(builder, loc, rest, extents[dim]);
    }
  }
  scalars.clear();
  for (BlockArgument argument : body.getArguments())
    if (analysis[argument].uniform)
      scalars.map(
          argument,
          inputAccess(argument.getArgNumber()).loadScalar(builder, loc, point));
  for (auto [level, pass] : llvm::enumerate(analysis.passes)) {
    emitUniform(builder, level);
    emitPass(builder, pass);
  }
  // What follows the last reduction.
  emitUniform(builder, analysis.passes.size());
  auto yields = body.getTerminator()->getOperands();
  for (auto [number, map] : llvm::enumerate(analysis.outputMaps))
    if (!analysis.dependsOnColumn(map))
      outputAccess(number).storeScalar(builder, loc, point,
                                       scalars.lookup(yields[number]));
}

LogicalResult RowsExpansion::run() {
  if (failed(analysis.run()))
    return failure();
  for (Value buffer : llvm::concat<Value>(SmallVector<Value>(op.getIns()),
                                          SmallVector<Value>(op.getOuts())))
    if (getElementTypeOrSelf(buffer.getType()).isInteger(1))
      return op.emitOpError() << "expected booleans in buffers of i8, but got "
                              << buffer.getType();
  kernel.emplace(kernelOp);
  if (failed(findExtents()))
    return failure();
  if (staticColumns && *staticColumns > 0)
    lanes = std::min<int64_t>(lanes, llvm::bit_floor(uint64_t(*staticColumns)));
  columns = analysis.numDims ? extents.back() : Value();
  if (failed(prepareTables()))
    return failure();
  for (auto [buffers, maps] :
       {std::pair(ValueRange(op.getIns()), ArrayRef(analysis.inputMaps)),
        std::pair(ValueRange(op.getOuts()), ArrayRef(analysis.outputMaps))})
    for (auto [buffer, map] : llvm::zip(buffers, maps))
      if (analysis.numDims && lanes > 1 &&
          classifyAccess(cast<MemRefType>(buffer.getType()), map,
                         columnDim()) == AccessKind::Scattered &&
          failed(reportSlowPath(op, strict, "rows have a stride")))
        return failure();

  // Row buffers hold whole vectors.
  auto paddedColumns = [&](OpBuilder &builder, Value count) -> Value {
    Value unit = index(builder, lanes * kUnroll);
    return arith::MulIOp::create(
        builder, loc, arith::CeilDivUIOp::create(builder, loc, count, unit),
        unit);
  };
  for (RowPass &pass : analysis.passes)
    for (Value kept : pass.kept)
      rowBuffers[kept] = kernel->reserveScratch(
          MemRefType::get({ShapedType::kDynamic}, kept.getType()),
          paddedColumns(kernel->run, columns),
          paddedColumns(kernel->extent, extentsOfExtent.back()));

  Value one = index(kernel->run, 1);
  scf::ForOp::create(kernel->run, loc, kernel->begin, kernel->end, one,
                     ValueRange(),
                     [&](OpBuilder &inner, Location, Value row, ValueRange) {
                       expandRow(inner, row);
                       scf::YieldOp::create(inner, loc);
                     });
  Value size = index(kernel->extent, 1);
  for (Value extent : ArrayRef(extentsOfExtent).drop_back(analysis.numDims > 0))
    size = arith::MulIOp::create(kernel->extent, loc, size, extent);
  kernel->finish(size);
  return success();
}

struct ExpandRows : impl::ExpandRowsBase<ExpandRows> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<std::pair<KernelOp, RowsOp>> work;
    getOperation().walk([&](RowsOp op) {
      work.push_back({op->getParentOfType<KernelOp>(), op});
    });
    if (work.empty())
      return;
    const Target *target = targetOf(getOperation());
    if (!target)
      return signalPassFailure();
    for (auto [kernel, op] : work) {
      if (!kernel) {
        op.emitOpError() << "expected to stand in a mixbit.kernel";
        return signalPassFailure();
      }
      if (failed(RowsExpansion(kernel, op, *target, strict).run()))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace mixbit
