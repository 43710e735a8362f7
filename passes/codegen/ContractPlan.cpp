//===- ContractPlan.cpp - How a target computes a contraction -------------===//
#include "passes/codegen/Contract.h"

using namespace mlir;

namespace mixbit {

/// Tile sizes, measured (see docs/codegen.md).
static void chooseTiles(ContractPlan &plan) {
  bool grouped = plan.groups > 1;
  bool isFloat = plan.mode == DotMode::Float;
  // Tiles of several rows take codes out of packed bytes.
  bool unpacks =
      !isFloat && plan.bits < 8 && !plan.expandTiles && !plan.keepCodes;
  switch (plan.target->dot) {
  case DotIsa::Avx512Vnni:
    // 32 registers: 24 accumulators, 4 weights, one broadcast. Float
    // accumulators of groups wait in memory for the group's end; where that is
    // near, in registers, beside half as many integers.
    plan.tile = TileShape{6, grouped && plan.groupSize < 64 ? 2 : 4, 1};
    plan.gemv = {1, 4, grouped ? 2 : 4};
    if (plan.planeSums)
      plan.gemv.phases = 8 / plan.bits;
    // From memory to the L2, which has three times as many buffers for misses
    // as the L1 on Intel's cores, and from there to the L1: products that wait
    // for the L2 leave too little for what is asked for meanwhile.
    plan.prefetchBytes = 64 * 4 * 64;
    plan.fetchHint = 2;
    plan.nearBytes = 64 * 64;
    plan.fetchPanels = !isFloat;
    break;
  case DotIsa::AvxVnni:
    // 16 registers, and no broadcast inside of the product. Two products a
    // cycle of latency 5 want 10 chains; the second plane of packed weights
    // takes the room of the fifth row.
    plan.tile = isFloat   ? TileShape{6, 2, 1}
                : unpacks ? TileShape{4, 2, 1}
                          : TileShape{5, 2, 1};
    plan.gemv = isFloat ? TileShape{1, 8, 1} : TileShape{1, 4, grouped ? 1 : 2};
    plan.prefetchBytes = isFloat ? 0 : 64 * 4 * 64;
    break;
  case DotIsa::Avx2:
    // 16 registers. With codes, one vector of outputs and more rows spend the
    // fewest instructions on the weights' signs and sizes, and leave room for
    // sums in i32 beside those in i16.
    plan.tile = isFloat ? TileShape{6, 2, 1} : TileShape{6, 1, 1};
    plan.gemv = {1, 8, 1};
    // One page: twice that costs a fifth of the bandwidth at 8 bits.
    plan.prefetchBytes = 4096;
    break;
  case DotIsa::NeonDot:
    // 24 integer accumulators spill: all broadcasts of a row are registers.
    plan.tile = grouped   ? TileShape{4, 2, 1}
                : isFloat ? TileShape{6, 4, 1}
                          : TileShape{4, 4, 1};
    plan.gemv = {1, 8, 1};
    break;
  case DotIsa::NeonI8mm:
    // Pairs of rows: 16 accumulators, 4 operands of weights made by zips, 4
    // packed vectors. With groups as many floats lie beside 8.
    plan.tile = isFloat   ? TileShape{6, 4, 1}
                : grouped ? TileShape{8, 1, 1}
                          : TileShape{8, 2, 1};
    plan.gemv = {1, 8, 1};
    break;
  case DotIsa::Generic: {
    bool many = plan.target->numRegisters >= 32;
    plan.tile = many && isFloat ? TileShape{6, 4, 1} : TileShape{4, 2, 1};
    plan.gemv = {1, 4, 1};
    break;
  }
  case DotIsa::Nvptx:
    plan.tile = {4, 4, 1};
    plan.gemv = plan.tile;
    break;
  }
  // A period of groups and bytes is long: the code for one strip of 16 outputs
  // fits the instruction cache, that for four would not.
  if (plan.tritRows && grouped)
    plan.gemv.vectors = std::max<int>(kLine / plan.lanes, 1);
  // Two inputs of bf16 come in one load, and wait for each other.
  if (isFloat && plan.weightType.isBF16() && !plan.bf16Products)
    plan.tile.rows -= 1;
  // Whole tiles only, as many rows as keep a strip's part of `a` in the L2.
  int64_t rows = plan.stripUnit();
  plan.stripRows = (128 + rows - 1) / rows * rows;
}

static LogicalResult planFloat(ContractOp op, ContractPlan &plan) {
  LayoutAttr layout = op.getLayout();
  int64_t inner = op.getFormat().isBF16() ? 2 : 1;
  if (layout.getPanel() != 16 || layout.getBlock() != inner ||
      layout.getInner() != inner)
    return op.emitOpError("expected weights of ")
           << op.getFormat() << " in the layout <panel = 16, block = " << inner
           << ", inner = " << inner << ">, but got " << layout;
  plan.weightType = op.getFormat();
  if (!op.getA().getType().getElementType().isF32())
    return op.emitOpError("expected f32 data for weights of floats, but got ")
           << op.getA().getType();
  plan.mode = DotMode::Float;
  plan.bf16Products = plan.weightType.isBF16() && plan.target->hasBf16Products;
  // Sixteen lines of pairs are the operand of a tile register.
  plan.paddedK = plan.bf16Products ? llvm::alignTo(plan.k, 32) : plan.k;
  plan.tiles = plan.bf16Products && plan.target->hasTiles;
  plan.lanes = plan.epilogueLanes;
  plan.groups = 1;
  plan.groupSize = plan.k;
  return success();
}

/// Weights in bit planes.
static LogicalResult planBits(ContractOp op, QuantizedTypeInterface format,
                              ContractPlan &plan) {
  LayoutAttr layout = op.getLayout();
  if (layout.getPanel() != kPanel || layout.getBlock() != 32)
    return op.emitOpError("expected bit planes in the layout <panel = 64, "
                          "block = 32, inner = 32, bits = 1 or 2>, but got ")
           << layout;
  if (plan.target->isGpu())
    return op.emitOpError("expected codes in whole bytes for a GPU, but got ")
           << layout;
  plan.mode = DotMode::Bits;
  plan.bits = layout.getBits();
  plan.dataBits = *op.getABits();
  plan.maxCode = format.getLevels() - 1;
  plan.binary = format.getDoubledImplicitZero() % 2 != 0;
  plan.zero = format.getDoubledImplicitZero() / 2;
  plan.paddedK = llvm::alignTo(plan.k, 32);
  if (plan.paddedK > 65536)
    return op.emitOpError("expected at most 65536 inputs, but got ") << plan.k;
  plan.groups = cast<MemRefType>(op.getWScales().getType()).getDimSize(1);
  int64_t group = format.getGroupShape()[1];
  plan.groupSize = plan.groups == 1 ? plan.paddedK : group;
  if (plan.groups > 1 && group % 32 != 0)
    return op.emitOpError("expected groups of a multiple of 32 inputs, but "
                          "got ")
           << group;
  plan.lanes = std::max(plan.target->vectorBits / 32, 1);
  plan.copyRows = op.getA().getType().getDimSize(1) < plan.paddedK;
  return success();
}

static LogicalResult planInteger(ContractOp op, QuantizedTypeInterface format,
                                 ContractPlan &plan) {
  LayoutAttr layout = op.getLayout();
  if (op.getABits())
    return planBits(op, format, plan);
  if (layout.getPanel() != kPanel || layout.getBlock() != kBlock ||
      layout.getInner() != 4 || layout.getBits() > 8)
    return op.emitOpError("expected integer weights in the layout <panel = 64, "
                          "block = 64, inner = 4, bits = 1 to 8>, but got ")
           << layout;
  if (!op.getA().getType().getElementType().isInteger(8) || !op.getAScales() ||
      !op.getWScales())
    return op.emitOpError("expected i8 data and scales for both sides of a "
                          "quantized contraction, but got ")
           << op.getA().getType();
  if (layout.getTrits() && plan.target->isGpu())
    return op.emitOpError("expected ternary codes in planes of 2 bits for a "
                          "GPU, but got ")
           << layout;
  plan.bits = layout.getBits();
  plan.trits = layout.getTrits();
  plan.chunk = linesOfChunk(plan.bits);
  // More than one component costs more than the products of a line.
  plan.expandTiles = !plan.target->isGpu() &&
                     (plan.trits || componentsOf(plan.bits).size() > 1);
  plan.maxCode = format.getLevels() - 1;
  if (plan.trits) {
    DotIsa dot = plan.target->dot;
    // Of several groups a period of both is one piece of code.
    int64_t group = format.getGroupShape()[1];
    plan.tritRows =
        cast<MemRefType>(op.getWScales().getType()).getDimSize(1) == 1 ||
        (group % 32 == 0 && group <= 128);
    // 256 * 2 * 127 * K has to fit in i32.
    plan.tritRemainders = dot != DotIsa::Generic &&
                          dotCodeOffset(dot, 255) == 0 && plan.k <= 32768;
  }
  if (plan.maxCode >= (1 << plan.bits))
    return op.emitOpError("expected a layout with room for codes up to ")
           << plan.maxCode << ", but got " << plan.bits << " bits";
  plan.binary = format.getDoubledImplicitZero() % 2 != 0;
  if (!op.getWZeros())
    plan.zero = format.getDoubledImplicitZero() / 2;
  else if (plan.binary)
    return op.emitOpError("expected no zero points with a binary format");
  plan.maxData = op.getFullRange() ? 128 : 127;
  plan.offset = dotCodeOffset(plan.target->dot, plan.maxCode);
  plan.paddedK = llvm::alignTo(plan.k, kBlock);
  // Partial sums of 255 * 128 each must fit in i32.
  if (plan.paddedK > 65536)
    return op.emitOpError("expected at most 65536 inputs, but got ") << plan.k;

  plan.groups = cast<MemRefType>(op.getWScales().getType()).getDimSize(1);
  int64_t group = format.getGroupShape()[1];
  plan.groupSize = plan.groups == 1 ? plan.paddedK : group;
  if (plan.groups > 1) {
    if (group <= 0 || (plan.k + group - 1) / group != plan.groups)
      return op.emitOpError("expected scales for ")
             << plan.k << " inputs in groups of " << group << ", but got "
             << plan.groups << " groups";
    int64_t unit = plan.trits ? 4 : 4 * plan.chunk;
    if ((group % 32 != 0 && kBlock % group != 0) || group % unit != 0)
      return op.emitOpError("expected groups of a divisor of 64 or a multiple "
                            "of 32 inputs, and of a multiple of ")
             << unit << ", but got " << group;
  }

  DotIsa dot = plan.target->dot;
  // Five bits and more would need too many additions from i16 to i32.
  plan.mode = dot == DotIsa::Avx2 && plan.maxCode <= 15 ? DotMode::Small16
                                                        : DotMode::Dot4;
  plan.tiles = plan.target->hasTiles &&
               (plan.groups == 1 || plan.groupSize % kBlock == 0);
  // Intel's cores have two ports for 512 bits, which products keep busy:
  // unpacking codes of 4 bits for each tile of 6 rows took 1.2 of the time.
  plan.keepCodes = dot == DotIsa::Avx512Vnni && !plan.tiles &&
                   !plan.expandTiles && plan.bits < 8;
  // Sums are at most 240 * 128 * 65536 / 2.
  plan.planeSums = dot == DotIsa::Avx512Vnni && !plan.expandTiles &&
                   (plan.bits == 2 || plan.bits == 4);
  // A group of whole steps of 8 inputs.
  if (dot == DotIsa::NeonI8mm && plan.groupSize % 8 == 0)
    plan.mode = DotMode::RowPairs;
  plan.lanes = std::max(plan.target->vectorBits / 32, 1);
  int64_t ka = op.getA().getType().getDimSize(1);
  plan.copyRows = ka < plan.paddedK;
  if (plan.copyRows && plan.target->isGpu())
    return op.emitOpError("expected rows padded to ")
           << plan.paddedK << " inputs for a GPU, but got "
           << op.getA().getType();
  plan.needSums = !plan.correction() || *plan.correction() != 0;
  return success();
}

FailureOr<ContractPlan> planContract(ContractOp op, const Target &target) {
  ContractPlan plan{};
  plan.target = &target;
  plan.n = op.getShape()[0];
  plan.k = op.getShape()[1];
  plan.epilogueLanes = std::max(target.vectorBits / 32, 1);
  MemRefType a = op.getA().getType();
  if (a.getRank() != 2 || a.isDynamicDim(1) || a.getDimSize(1) < plan.k) {
    op.emitOpError("expected rows of at least ")
        << plan.k << " inputs, but got " << a;
    return failure();
  }
  LogicalResult planned = failure();
  if (isa<FloatType>(op.getFormat()))
    planned = planFloat(op, plan);
  else if (auto format = dyn_cast<QuantizedTypeInterface>(op.getFormat()))
    planned = planInteger(op, format, plan);
  else
    op.emitOpError("expected weights of f32 or of a uniform quantized format, "
                   "but got ")
        << op.getFormat();
  if (failed(planned))
    return failure();
  if (plan.mode == DotMode::Bits)
    return plan; // Tiles are chosen in ContractBits.cpp.
  chooseTiles(plan);
  return plan;
}

} // namespace mixbit
