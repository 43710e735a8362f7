//===- ExpandContract.cpp - mixbit.contract to vectors and loops ----------===//
#include "passes/codegen/Contract.h"
#include "passes/codegen/KernelBuilder.h"
#include "passes/codegen/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_EXPANDCONTRACT
#include "passes/codegen/Passes.h.inc"

ContractBuffers bindContractBuffers(KernelBuilder &kernel, ContractOp op,
                                    const ContractPlan &plan) {
  auto bind = [&](Value buffer) {
    return buffer ? kernel.runBuffer(buffer) : Value();
  };
  ContractBuffers buffers;
  buffers.a = bind(op.getA());
  buffers.aScales = bind(op.getAScales());
  buffers.w = bind(op.getW());
  buffers.wScales = bind(op.getWScales());
  buffers.wZeros = bind(op.getWZeros());
  for (Value extra : op.getExtras())
    buffers.extras.push_back(bind(extra));
  for (Value out : op.getOuts())
    buffers.outs.push_back(bind(out));
  auto wType = cast<MemRefType>(buffers.w.getType());
  if (plan.mode == DotMode::Float && plan.weightType.isF32() &&
      wType.getElementType().isInteger(8)) {
    ContractIr ir(kernel.run, kernel.loc);
    auto floats =
        MemRefType::get(wType.getNumElements() / 4, ir.b.getF32Type());
    buffers.w = memref::ViewOp::create(ir.b, ir.loc, floats, buffers.w,
                                       ir.index(0), ValueRange());
  }
  return buffers;
}

namespace {

/// Emits remarks, or errors when strict, for outputs and extras that can only
/// be reached an element at a time.
LogicalResult reportScattered(ContractOp op, const ContractPlan &plan,
                              bool strict) {
  SmallVector<AffineMap> maps(op.getMaps().getAsValueRange<AffineMapAttr>());
  SmallVector<Value> buffers(op.getExtras());
  llvm::append_range(buffers, op.getOuts());
  for (auto [buffer, map] : llvm::zip(buffers, maps)) {
    if (plan.target->isGpu() ||
        classifyAccess(cast<MemRefType>(buffer.getType()), map, 1) !=
            AccessKind::Scattered)
      continue;
    auto diagnostic = strict ? op.emitError() : op.emitRemark();
    diagnostic << "the buffer of map " << AffineMapAttr::get(map)
               << " is accessed an element at a time";
    if (strict)
      return failure();
  }
  return success();
}

struct ExpandContract : impl::ExpandContractBase<ExpandContract> {
  using ExpandContractBase::ExpandContractBase;

  void runOnOperation() override {
    SmallVector<ContractOp> contracts;
    getOperation().walk([&](ContractOp op) { contracts.push_back(op); });
    for (ContractOp op : contracts) {
      auto kernelOp = dyn_cast<KernelOp>(op->getParentOp());
      if (!kernelOp) {
        op.emitOpError("expected to stand in a mixbit.kernel, but got ")
            << op->getParentOp()->getName();
        return signalPassFailure();
      }
      const Target *target = targetOf(op);
      if (!target)
        return signalPassFailure();
      FailureOr<ContractPlan> plan = planContract(op, *target);
      if (failed(plan) || failed(reportScattered(op, *plan, strict)))
        return signalPassFailure();
      bool fullRange = op.getFullRange();
      Operation *scope = kernelOp->getParentOp();
      std::string name = kernelOp.getSymName().str();
      KernelBuilder kernel(kernelOp);
      if (target->isGpu())
        emitContractGpu(kernel, op, *plan);
      else if (plan->mode == DotMode::Bits)
        emitContractBits(kernel, op, *plan);
      else
        emitContractCpu(kernel, op, *plan);
      if (fullRange)
        SymbolTable::lookupSymbolIn(scope, name)->walk([](DotOp dot) {
          dot.setFullRange(true);
        });
    }
  }
};

} // namespace
} // namespace mixbit
