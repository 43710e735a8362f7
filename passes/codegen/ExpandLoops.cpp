//===- ExpandLoops.cpp - linalg.generic kernels to loops ------------------===//
//
// Convolutions, pooling, products of two activations: the parallel dimensions
// are iterated, one of them (along which the output is contiguous) a vector at
// a time; the reduction dimensions are loops inside with their sums in
// registers. Sums start from the attribute `mixbit.init`, or from what the
// output holds.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/KernelBuilder.h"
#include "passes/codegen/Passes.h"
#include "passes/codegen/VectorMath.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_EXPANDLOOPS
#include "passes/codegen/Passes.h.inc"

namespace {

constexpr StringLiteral kInit = "mixbit.init";
/// Registers that a step covers: enough independent sums to hide the latency
/// of a multiply-add.
constexpr int64_t kUnroll = 4;

class LoopsExpansion {
public:
  LoopsExpansion(KernelOp kernelOp, linalg::GenericOp op, const Target &target,
                 bool strict)
      : kernelOp(kernelOp), op(op), body(*op.getBody()), loc(op.getLoc()),
        lanes(std::max(1, target.vectorBits / 32)), strict(strict) {}

  LogicalResult run();

private:
  LogicalResult analyze();
  Value extentOf(OpBuilder &builder, unsigned dim, bool inRun);
  void expandIteration(OpBuilder &builder, Value iteration);
  void emitStep(OpBuilder &builder, const LaneRange &range);
  SmallVector<Value> emitReduction(OpBuilder &builder, const LaneRange &range,
                                   size_t depth, ValueRange sums);
  SmallVector<Value> emitPoint(OpBuilder &builder, const LaneRange &range,
                               ValueRange sums);
  VectorAccess access(unsigned operand) {
    return VectorAccess(
        kernel->runBuffer(op->getOperand(operand)), maps[operand], vectorDim,
        getElementTypeOrSelf(op->getOperand(operand).getType()));
  }
  Value index(OpBuilder &builder, int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }

  KernelOp kernelOp;
  linalg::GenericOp op;
  Block &body;
  Location loc;
  int64_t lanes, wide = 0;
  bool strict;
  std::optional<KernelBuilder> kernel;

  SmallVector<AffineMap> maps;
  SmallVector<unsigned> outer, reductions; ///< dimensions; not the vector's
  unsigned vectorDim = 0;
  bool hasVectorDim = false;
  std::optional<int64_t> staticExtent;
  SmallVector<Value> point;
};

/// An operand and its dimension whose extent is that of loop `dim`.
std::optional<std::pair<unsigned, unsigned>>
findExtent(ArrayRef<AffineMap> maps, linalg::GenericOp op, unsigned dim) {
  std::optional<std::pair<unsigned, unsigned>> found;
  AffineExpr expr = getAffineDimExpr(dim, op.getContext());
  for (unsigned i = maps.size(); i-- > 0;) // outputs first
    for (auto [position, result] : llvm::enumerate(maps[i].getResults())) {
      auto type = cast<MemRefType>(op->getOperand(i).getType());
      if (result == expr && (!found || !type.isDynamicDim(position)))
        found = std::pair(i, unsigned(position));
    }
  return found;
}

LogicalResult LoopsExpansion::analyze() {
  maps = op.getIndexingMapsArray();
  auto iterators = op.getIteratorTypesArray();
  SmallVector<unsigned> parallel;
  for (auto [dim, iterator] : llvm::enumerate(iterators)) {
    (iterator == utils::IteratorType::parallel ? parallel : reductions)
        .push_back(dim);
    if (!findExtent(maps, op, dim))
      return op.emitOpError() << "expected an operand that names dimension "
                              << dim << " alone, but got none";
  }
  for (Value operand : op->getOperands()) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (!type || type.getElementType().isInteger(1))
      return op.emitOpError()
             << "expected buffers with elements of whole bytes, but got "
             << operand.getType();
  }
  unsigned numIns = op.getNumDpsInputs();
  for (AffineMap map : ArrayRef(maps).drop_front(numIns))
    for (unsigned dim : parallel)
      if (!map.isProjectedPermutation() || !map.isFunctionOfDim(dim))
        return op.emitOpError()
               << "expected an output that names each parallel dimension, but "
                  "got "
               << AffineMapAttr::get(map);
  for (Operation &inner : body.without_terminator())
    if (!OpTrait::hasElementwiseMappableTraits(&inner) &&
        !inner.hasTrait<OpTrait::ConstantLike>() &&
        !isa<linalg::IndexOp>(inner))
      return op.emitOpError()
             << "expected elementwise operations, but got " << inner.getName();

  // Vectors run along the last parallel dimension in which the output is
  // contiguous.
  hasVectorDim = !parallel.empty();
  if (hasVectorDim) {
    vectorDim = parallel.back();
    for (unsigned dim : parallel)
      if (classifyAccess(cast<MemRefType>(op.getOutputs()[0].getType()),
                         maps[numIns], dim) == AccessKind::Unit)
        vectorDim = dim;
    auto [operand, position] = *findExtent(maps, op, vectorDim);
    auto type = cast<MemRefType>(op->getOperand(operand).getType());
    if (!type.isDynamicDim(position))
      staticExtent = type.getDimSize(position);
  } else {
    lanes = 1;
    vectorDim = op.getNumLoops(); // no access depends on it
  }
  for (unsigned dim : parallel)
    if (dim != vectorDim)
      outer.push_back(dim);
  if (staticExtent && *staticExtent > 0)
    lanes = std::min<int64_t>(lanes, llvm::bit_floor(uint64_t(*staticExtent)));
  wide = lanes * kUnroll;
  for (auto [operand, map] : llvm::zip(op->getOperands(), maps))
    if (hasVectorDim && classifyAccess(cast<MemRefType>(operand.getType()), map,
                                       vectorDim) == AccessKind::Scattered) {
      wide = lanes;
      if (lanes > 1 &&
          failed(reportSlowPath(op, strict, "data with a stride is read")))
        return failure();
      break;
    }
  return success();
}

Value LoopsExpansion::extentOf(OpBuilder &builder, unsigned dim, bool inRun) {
  auto [operand, position] = *findExtent(maps, op, dim);
  Value buffer = op->getOperand(operand);
  return memref::DimOp::create(builder, loc,
                               inRun ? kernel->runBuffer(buffer)
                                     : kernel->extentBuffer(buffer),
                               position);
}

/// Multiplications and additions may fuse here: sums of products.
void allowContraction(Operation *op) {
  if (isa<arith::MulFOp, arith::AddFOp>(op))
    op->setAttr("fastmath",
                arith::FastMathFlagsAttr::get(op->getContext(),
                                              arith::FastMathFlags::contract));
}

/// The region at one vector of points; returns the sums after it.
SmallVector<Value> LoopsExpansion::emitPoint(OpBuilder &builder,
                                             const LaneRange &range,
                                             ValueRange sums) {
  IRMapping vectors;
  unsigned numIns = op.getNumDpsInputs();
  for (BlockArgument argument : body.getArguments()) {
    unsigned number = argument.getArgNumber();
    if (number >= numIns)
      vectors.map(argument, sums[number - numIns]);
    else if (!argument.use_empty())
      vectors.map(argument, access(number).load(builder, loc, point, range));
  }
  for (Operation &inner : body.without_terminator()) {
    if (auto indexOp = dyn_cast<linalg::IndexOp>(inner)) {
      Value value;
      if (hasVectorDim && indexOp.getDim() == vectorDim) {
        auto type = VectorType::get(range.lanes, builder.getIndexType());
        value = arith::AddIOp::create(
            builder, loc, splat(builder, loc, range.position, range.lanes),
            vector::StepOp::create(builder, loc, type));
      } else {
        value = splat(builder, loc, point[indexOp.getDim()], range.lanes);
      }
      vectors.map(indexOp.getResult(), value);
      continue;
    }
    SmallVector<Value> operands;
    for (Value operand : inner.getOperands())
      operands.push_back(vectors.lookupOrDefault(operand));
    Value result =
        inner.hasTrait<OpTrait::ConstantLike>()
            ? splat(builder, loc, cloneScalar(builder, &inner, operands),
                    range.lanes)
            : cloneOverLanes(builder, &inner, operands, range);
    if (Operation *made = result.getDefiningOp())
      allowContraction(made);
    vectors.map(inner.getResult(0), result);
  }
  SmallVector<Value> results;
  for (Value value : body.getTerminator()->getOperands())
    results.push_back(vectors.lookup(value));
  return results;
}

SmallVector<Value> LoopsExpansion::emitReduction(OpBuilder &builder,
                                                 const LaneRange &range,
                                                 size_t depth,
                                                 ValueRange sums) {
  if (depth == reductions.size())
    return emitPoint(builder, range, sums);
  unsigned dim = reductions[depth];
  auto loop = scf::ForOp::create(
      builder, loc, index(builder, 0), extentOf(builder, dim, true),
      index(builder, 1), sums,
      [&](OpBuilder &inner, Location, Value i, ValueRange carried) {
        point[dim] = i;
        scf::YieldOp::create(inner, loc,
                             emitReduction(inner, range, depth + 1, carried));
      });
  return loop.getResults();
}

void LoopsExpansion::emitStep(OpBuilder &builder, const LaneRange &range) {
  unsigned numIns = op.getNumDpsInputs();
  auto init = op->getAttrOfType<TypedAttr>(kInit);
  SmallVector<Value> sums;
  for (unsigned i = numIns; i < op->getNumOperands(); ++i) {
    Type element = getElementTypeOrSelf(op->getOperand(i).getType());
    if (init && init.getType() == element) {
      Value value = arith::ConstantOp::create(builder, loc, init);
      sums.push_back(splat(builder, loc, value, range.lanes));
    } else {
      sums.push_back(access(i).load(builder, loc, point, range));
    }
  }
  SmallVector<Value> results = emitReduction(builder, range, 0, sums);
  for (auto [number, result] : llvm::enumerate(results)) {
    VectorAccess output = access(numIns + number);
    if (hasVectorDim)
      output.store(builder, loc, point, range, result);
    else
      output.storeScalar(builder, loc, point,
                         vector::ExtractOp::create(builder, loc, result, 0));
  }
}

void LoopsExpansion::expandIteration(OpBuilder &builder, Value iteration) {
  point.assign(op.getNumLoops(), index(builder, 0));
  Value rest = iteration;
  for (size_t i = outer.size(); i-- > 0;) {
    if (i == 0) {
      point[outer[0]] = rest;
      break;
    }
    Value extent = extentOf(builder, outer[i], true);
    point[outer[i]] = arith::RemUIOp::create(builder, loc, rest, extent);
    rest = arith::DivUIOp::create(builder, loc, rest, extent);
  }
  if (!hasVectorDim)
    return emitStep(builder, LaneRange{index(builder, 0), 1});
  Value extent = extentOf(builder, vectorDim, true), from = index(builder, 0);
  for (int64_t step = wide;; step = lanes) {
    Value odd =
        arith::RemUIOp::create(builder, loc, extent, index(builder, step));
    Value to = arith::SubIOp::create(builder, loc, extent, odd);
    bool never =
        staticExtent && *staticExtent / step * step ==
                            (step == wide ? 0 : *staticExtent / wide * wide);
    if (!never)
      scf::ForOp::create(
          builder, loc, from, to, index(builder, step), ValueRange(),
          [&](OpBuilder &inner, Location, Value position, ValueRange) {
            emitStep(inner, LaneRange{position, step});
            scf::YieldOp::create(inner, loc);
          });
    from = to;
    if (step == lanes)
      break;
  }
  if (staticExtent && *staticExtent % lanes == 0)
    return;
  Value left = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                     from, extent);
  auto tail = scf::IfOp::create(builder, loc, left, /*withElseRegion=*/false);
  OpBuilder inner = tail.getThenBodyBuilder();
  emitStep(inner, maskedRange(inner, loc, from, extent, lanes));
}

LogicalResult LoopsExpansion::run() {
  if (failed(analyze()))
    return failure();
  kernel.emplace(kernelOp);
  scf::ForOp::create(kernel->run, loc, kernel->begin, kernel->end,
                     index(kernel->run, 1), ValueRange(),
                     [&](OpBuilder &inner, Location, Value i, ValueRange) {
                       expandIteration(inner, i);
                       scf::YieldOp::create(inner, loc);
                     });
  Value size = index(kernel->extent, 1);
  for (unsigned dim : outer)
    size = arith::MulIOp::create(kernel->extent, loc, size,
                                 extentOf(kernel->extent, dim, false));
  kernel->finish(size);
  return success();
}

struct ExpandLoops : impl::ExpandLoopsBase<ExpandLoops> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<std::pair<KernelOp, linalg::GenericOp>> work;
    getOperation().walk([&](linalg::GenericOp op) {
      if (auto kernel = op->getParentOfType<KernelOp>())
        work.push_back({kernel, op});
    });
    if (work.empty())
      return;
    const Target *target = targetOf(getOperation());
    if (!target)
      return signalPassFailure();
    for (auto [kernel, op] : work)
      if (failed(LoopsExpansion(kernel, op, *target, strict).run()))
        return signalPassFailure();
  }
};

} // namespace
} // namespace mixbit
