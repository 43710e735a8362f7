//===- LowerKernelArgs.cpp - Words and scratch to memref descriptors ------===//
//
// Runs before finalize-memref-to-llvm, which removes the casts made here. The
// strides of a strided layout that are dynamic are words of the launch; those
// of the identity layout are products of sizes.
//
//===----------------------------------------------------------------------===//
#include "passes/codegen/KernelBuilder.h"
#include "passes/codegen/NegativeStrides.h"
#include "passes/codegen/Passes.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_LOWERKERNELARGS
#include "passes/codegen/Passes.h.inc"

namespace {

/// Builds the descriptors of one function's buffers.
class DescriptorBuilder {
public:
  DescriptorBuilder(Operation *op, const LLVMTypeConverter &converter)
      : builder(op), loc(op->getLoc()), converter(converter) {}

  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                    builder.getI64IntegerAttr(value));
  }

  /// The word at `index` as an i64 or a pointer. Words never change while a
  /// kernel runs, which lets LLVM keep them in registers over stores.
  Value word(Value args, int64_t index, Type type) {
    Value address =
        LLVM::GEPOp::create(builder, loc, args.getType(), builder.getI64Type(),
                            args, ArrayRef<LLVM::GEPArg>{int32_t(index)});
    auto load = LLVM::LoadOp::create(builder, loc, type, address);
    load.setInvariant(true);
    return load;
  }

  /// Replaces `op` by a descriptor. `sizes` and `strides` are the dynamic ones
  /// (no strides with the identity layout).
  LogicalResult replace(Operation *op, Value address, ArrayRef<Value> sizes,
                        ArrayRef<Value> strides) {
    auto type = cast<MemRefType>(op->getResult(0).getType());
    Type structType = converter.convertType(type);
    SmallVector<int64_t> staticStrides;
    int64_t offset;
    if (!structType || failed(type.getStridesAndOffset(staticStrides, offset)))
      return op->emitOpError() << "expected a buffer of a strided layout, but "
                               << "got " << type;
    auto descriptor = MemRefDescriptor::poison(builder, loc, structType);
    descriptor.setAllocatedPtr(builder, loc, address);
    descriptor.setAlignedPtr(builder, loc, address);
    descriptor.setConstantOffset(builder, loc,
                                 ShapedType::isDynamic(offset) ? 0 : offset);
    SmallVector<Value> allSizes;
    for (auto [dim, size] : llvm::enumerate(type.getShape())) {
      if (ShapedType::isDynamic(size)) {
        allSizes.push_back(sizes.front());
        sizes = sizes.drop_front();
      } else {
        allSizes.push_back(constant(size));
      }
      descriptor.setSize(builder, loc, dim, allSizes.back());
    }
    bool explicitStrides = hasStrideWords(type);
    SmallVector<Value> allStrides(type.getRank());
    for (int64_t dim = type.getRank() - 1; dim >= 0 && !explicitStrides; --dim)
      allStrides[dim] =
          !ShapedType::isDynamic(staticStrides[dim])
              ? constant(staticStrides[dim])
              : LLVM::MulOp::create(builder, loc, allStrides[dim + 1],
                                    allSizes[dim + 1])
                    .getResult();
    for (auto [dim, stride] : llvm::enumerate(staticStrides)) {
      if (explicitStrides && ShapedType::isDynamic(stride)) {
        allStrides[dim] = strides.front();
        strides = strides.drop_front();
      } else if (explicitStrides) {
        allStrides[dim] = constant(stride);
      }
      descriptor.setStride(builder, loc, dim, allStrides[dim]);
    }
    auto cast = UnrealizedConversionCastOp::create(
        builder, loc, TypeRange(type), ValueRange(Value(descriptor)));
    op->replaceAllUsesWith(cast);
    op->erase();
    return success();
  }

  OpBuilder builder;
  Location loc;
  const LLVMTypeConverter &converter;
};

LogicalResult lowerKernelArg(KernelArgOp op,
                             const LLVMTypeConverter &converter) {
  DescriptorBuilder builder(op, converter);
  auto type = cast<MemRefType>(op.getType());
  int64_t index = op.getIndex();
  Type i64 = builder.builder.getI64Type();
  Value address = builder.word(op.getArgs(), index++, op.getArgs().getType());
  SmallVector<Value> sizes, strides;
  for (size_t i = 0, e = type.getNumDynamicDims(); i < e; ++i)
    sizes.push_back(builder.word(op.getArgs(), index++, i64));
  SmallVector<int64_t> staticStrides;
  int64_t offset;
  if (succeeded(type.getStridesAndOffset(staticStrides, offset)) &&
      hasStrideWords(type) && llvm::any_of(staticStrides, [](int64_t stride) {
        return ShapedType::isDynamic(stride) || stride < 0;
      }))
    op->getParentOfType<FunctionOpInterface>()->setAttr(
        kBackwardsAttr, builder.builder.getUnitAttr());
  int64_t numStrides = numArgumentWords(type) - 1 - type.getNumDynamicDims();
  for (int64_t i = 0; i < numStrides; ++i)
    strides.push_back(builder.word(op.getArgs(), index++, i64));
  return builder.replace(op, address, sizes, strides);
}

LogicalResult lowerScratch(ScratchOp op, const LLVMTypeConverter &converter) {
  auto type = cast<MemRefType>(op.getType());
  if (hasStrideWords(type) ||
      op.getSizes().size() != (size_t)type.getNumDynamicDims())
    return op.emitOpError()
           << "expected a contiguous buffer with " << type.getNumDynamicDims()
           << " dynamic sizes, but got " << type << " and "
           << op.getSizes().size() << " sizes";
  DescriptorBuilder builder(op, converter);
  Type i64 = builder.builder.getI64Type();
  auto toI64 = [&](Value index) -> Value {
    return UnrealizedConversionCastOp::create(builder.builder, builder.loc,
                                              TypeRange(i64), ValueRange(index))
        .getResult(0);
  };
  Value address =
      LLVM::GEPOp::create(builder.builder, builder.loc, op.getBase().getType(),
                          builder.builder.getI8Type(), op.getBase(),
                          ArrayRef<LLVM::GEPArg>{toI64(op.getByteOffset())});
  SmallVector<Value> sizes;
  for (Value size : op.getSizes())
    sizes.push_back(toI64(size));
  return builder.replace(op, address, sizes, {});
}

struct LowerKernelArgs : impl::LowerKernelArgsBase<LowerKernelArgs> {
  void runOnOperation() override {
    LLVMTypeConverter converter(&getContext());
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<KernelArgOp, ScratchOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      auto kernelArg = dyn_cast<KernelArgOp>(op);
      if (failed(kernelArg ? lowerKernelArg(kernelArg, converter)
                           : lowerScratch(cast<ScratchOp>(op), converter)))
        return signalPassFailure();
    }
  }
};

} // namespace
} // namespace mixbit
