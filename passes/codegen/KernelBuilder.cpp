//===- KernelBuilder.cpp - Functions of a kernel --------------------------===//
#include "passes/codegen/KernelBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace mixbit {

bool hasStrideWords(MemRefType type) { return !type.getLayout().isIdentity(); }

int64_t numArgumentWords(MemRefType type) {
  int64_t words = 1 + type.getNumDynamicDims();
  if (hasStrideWords(type)) {
    SmallVector<int64_t> strides;
    int64_t offset;
    if (succeeded(type.getStridesAndOffset(strides, offset)))
      words += llvm::count_if(strides, ShapedType::isDynamic);
  }
  return words;
}

const Target *targetOf(Operation *op) {
  Operation *module = op;
  while (module && !isa<ModuleOp>(module))
    module = module->getParentOp();
  auto attribute =
      module ? module->getAttrOfType<TargetAttr>(kTargetAttr) : TargetAttr();
  if (!attribute) {
    op->emitError() << "expected a module with the attribute " << kTargetAttr
                    << ", but got one without";
    return nullptr;
  }
  const Target *target = findTarget(attribute.getName());
  if (!target)
    op->emitError() << "expected the name of a target, but got \""
                    << attribute.getName() << "\"";
  return target;
}

int64_t elementBytes(Type type) {
  if (type.isIndex())
    return 8;
  return llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
}

/// bf16 lies in buffers of i16: LLVM's code generators for CPUs without bf16
/// would call a function to move one.
static MemRefType boundType(MemRefType type) {
  if (!type.getElementType().isBF16())
    return type;
  return MemRefType::Builder(type).setElementType(
      IntegerType::get(type.getContext(), 16));
}

/// Binds each argument of `kernel` in the function under construction.
static void bindBuffers(OpBuilder &builder, KernelOp kernel, Value args,
                        IRMapping &map) {
  int64_t word = 1; // Word 0 is the error's address.
  for (BlockArgument argument : kernel.getBody().getArguments()) {
    auto type = cast<MemRefType>(argument.getType());
    map.map(argument,
            KernelArgOp::create(builder, kernel.getLoc(), boundType(type), args,
                                builder.getI64IntegerAttr(word)));
    word += numArgumentWords(type);
  }
}

KernelBuilder::KernelBuilder(KernelOp kernel)
    : run(kernel.getContext()), extent(kernel.getContext()),
      loc(kernel.getLoc()), kernel(kernel) {
  MLIRContext *context = kernel.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context);
  Type index = IndexType::get(context);
  OpBuilder builder(kernel);

  // The kernel's own name must be free for the function.
  std::string name = kernel.getSymName().str();
  kernel.setSymName(name + ".expanding");
  auto runOp = func::FuncOp::create(
      builder, loc, name,
      builder.getFunctionType({pointer, index, index, pointer}, {}));
  auto extentOp =
      func::FuncOp::create(builder, loc, name + ".extent",
                           builder.getFunctionType({pointer}, {index, index}));

  Block *runBlock = runOp.addEntryBlock();
  args = runBlock->getArgument(0);
  begin = runBlock->getArgument(1);
  end = runBlock->getArgument(2);
  scratch = runBlock->getArgument(3);
  run.setInsertionPointToStart(runBlock);
  auto returnOp = func::ReturnOp::create(run, loc);
  run.setInsertionPoint(returnOp);
  bindBuffers(run, kernel, args, runMap);

  Block *extentBlock = extentOp.addEntryBlock();
  extent.setInsertionPointToStart(extentBlock);
  bindBuffers(extent, kernel, extentBlock->getArgument(0), extentMap);
  runOffset = arith::ConstantIndexOp::create(run, loc, 0);
  extentOffset = arith::ConstantIndexOp::create(extent, loc, 0);
}

/// Bytes of a contiguous buffer, rounded up to 64.
Value KernelBuilder::scratchBytes(OpBuilder &builder, MemRefType type,
                                  ValueRange sizes) {
  int64_t bytes = elementBytes(type.getElementType());
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      bytes *= size;
  Value total = arith::ConstantIndexOp::create(builder, loc, bytes);
  for (Value size : sizes)
    total = arith::MulIOp::create(builder, loc, total, size);
  Value align = arith::ConstantIndexOp::create(builder, loc, 64);
  Value lines = arith::CeilDivUIOp::create(builder, loc, total, align);
  return arith::MulIOp::create(builder, loc, lines, align);
}

Value KernelBuilder::reserveScratch(MemRefType type, ValueRange runSizes,
                                    ValueRange extentSizes) {
  Value buffer =
      ScratchOp::create(run, loc, type, scratch, runOffset, runSizes);
  runOffset = arith::AddIOp::create(run, loc, runOffset,
                                    scratchBytes(run, type, runSizes));
  extentOffset = arith::AddIOp::create(extent, loc, extentOffset,
                                       scratchBytes(extent, type, extentSizes));
  return buffer;
}

Value KernelBuilder::errorAddress(OpBuilder &builder) const {
  return LLVM::LoadOp::create(builder, loc, args.getType(), args);
}

void KernelBuilder::finish(Value size) {
  func::ReturnOp::create(extent, loc, ValueRange{size, extentOffset});
  kernel.erase();
}

} // namespace mixbit
