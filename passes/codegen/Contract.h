//===- Contract.h - Parts of the contraction generator ----------*- C++ -*-===//
//
// kernel = Expand(format) . Dot(isa) . ScalePolicy . Epilogue, for all targets:
//
//   ContractPlan      what a mixbit.contract asks for and how a target does it
//   TileEmitter       a tile of rows x vectors of accumulators over all of K;
//                     Expand in ContractExpand.cpp, Dot in ContractTile.cpp
//                     and ContractFloats.cpp, ScalePolicy in ContractGroups.cpp
//   EpilogueEmitter   the region on vectors, with loads and stores by the maps
//   AmxEmitter        a panel on tile registers instead, in ContractAmx.cpp
//   emitContractCpu,  loops around the same tile: strips of rows, panels of 64
//   emitContractGpu   outputs; or blocks and threads
//
// The integer product is one operation, mixbit.dot, which LowerDot.cpp turns
// into a target's instructions.
//
//===----------------------------------------------------------------------===//
#pragma once

#include "dialects/mixbit/Mixbit.h"
#include "lib/quant/Packing.h"
#include "lib/target/Targets.h"
#include "passes/codegen/VectorAccess.h"

#include "mlir/IR/Builders.h"

#include <optional>

namespace mixbit {
class KernelBuilder;

/// Outputs of a panel: the unit of work along N.
inline constexpr int64_t kPanel = 64;
/// Inputs of a block of packed integer weights.
inline constexpr int64_t kBlock = 64;
/// Outputs of a line.
inline constexpr int64_t kLine = 16;

/// How products are summed.
enum class DotMode {
  Float,   ///< fused multiply-adds of f32
  Dot4,    ///< four bytes at a time into i32
  Small16, ///< small codes: two bytes at a time into i16, now and then into i32
  RowPairs, ///< two rows x two outputs x 8 inputs into i32; one row as Dot4
  Bits      ///< bits are counted, see ContractBits.h
};

/// Accumulators of a tile: `rows` x `vectors`, each `phases` times, so that
/// short tiles have enough independent chains of additions.
struct TileShape {
  int rows, vectors, phases;
};

/// What a contraction asks for, and the parameters of its code for a target.
struct ContractPlan {
  const Target *target;
  DotMode mode;
  int64_t n, k;          ///< before padding
  int64_t paddedK;       ///< what the tiles run over
  mlir::Type weightType; ///< of floats: f32, f16 or bf16
  unsigned bits;         ///< of a code as packed
  int chunk;             ///< lines of codes that are unpacked together
  bool trits;            ///< packed five to a byte
  bool expandTiles; ///< tiles of several rows read codes that were expanded
  /// Of several tiles of rows the first one leaves the codes that it unpacks as
  /// bytes for the others.
  bool keepCodes;
  /// A row alone multiplies codes where they are in their byte, and sums each
  /// plane by itself: a phase of its tile.
  bool planeSums;
  bool tritRows;       ///< a row alone takes digits out of bytes in registers
  bool tritRemainders; ///< without taking them apart, see ContractTrits.cpp
  int64_t maxCode;
  int64_t maxData;             ///< largest magnitude of data
  int64_t offset;              ///< what mixbit.dot subtracts from codes
  std::optional<int64_t> zero; ///< the same for all, if not in w_zeros
  bool binary;                 ///< values are 2 * code - 1
  int dataBits;                ///< of data where bits are counted, else 0
  int64_t groups;              ///< along K
  int64_t groupSize;           ///< in elements, after padding
  int lanes;                   ///< outputs of an accumulator
  int epilogueLanes;           ///< outputs of a vector in the epilogue
  TileShape tile;              ///< for many rows
  TileShape gemv;              ///< for one row
  bool copyRows;               ///< a is narrower than paddedK
  bool bf16Products;     ///< Float: pairs of bf16 are multiplied, of a rounded
  bool needSums;         ///< sums of a's groups are used
  int64_t stripRows;     ///< rows of a work item
  bool tiles;            ///< strips of rows on the tile registers of AMX
  int64_t prefetchBytes; ///< how far ahead weights are fetched; 0 is off
  int fetchHint = 3;     ///< where to: 3 is the L1, 2 the L2
  int64_t nearBytes = 0; ///< how far ahead one row fetches into the L1 as well
  bool fetchPanels;      ///< tiles of several rows fetch the next panel instead

  /// Rows that strips hold a multiple of.
  int64_t stripUnit() const { return tiles ? 32 : tile.rows; }
  int64_t panels() const { return (n + kPanel - 1) / kPanel; }
  int64_t blocks() const { return paddedK / kBlock; }
  /// Packed bytes of a block, for 16 outputs.
  int64_t stripBytes() const { return kLine * kBlock / 8 * bits; }
  /// Packed bytes of 64 outputs, all inputs.
  int64_t panelBytes() const {
    return PackedLayout{kPanel, kBlock, 4, bits, trits}.panelBytes(k);
  }
  /// Lines of 64 bytes that each block of each of a strip's tiles fetches of
  /// the next panel, if it has `rowTiles` tiles of rows.
  int64_t fetchLines(int64_t rowTiles) const {
    int64_t blocksOfPanel = rowTiles * (kPanel / columns(tile)) * blocks();
    return llvm::divideCeil((panelBytes() + 63) / 64, blocksOfPanel);
  }
  /// Groups as the tiles see them, those of K's padding included.
  int64_t paddedGroups() const {
    return mode == DotMode::Float ? 1 : (paddedK + groupSize - 1) / groupSize;
  }
  /// Groups that the tiles add: groups of less than a block fill the last one.
  int64_t tileGroups() const {
    return groupSize >= kBlock ? groups : paddedGroups();
  }
  int64_t columns(TileShape shape) const { return shape.vectors * lanes; }
  /// Whether float accumulators of groups wait in memory for the group's end,
  /// as registers are full of integers.
  bool floatsInMemory(TileShape shape) const {
    return groups > 1 && shape.rows > 1 && mode == DotMode::Dot4 &&
           !target->isGpu() &&
           2 * shape.rows * shape.vectors + shape.vectors + 2 >
               target->numRegisters;
  }
  /// What a row's sum is multiplied by to correct codes for zero and offset;
  /// absent when that differs by output.
  std::optional<int64_t> correction() const {
    if (!zero || binary)
      return std::nullopt;
    return offset - *zero;
  }
};

/// Checks that `op` is something the generator makes, and plans it. Emits an
/// error otherwise.
mlir::FailureOr<ContractPlan> planContract(ContractOp op, const Target &target);

/// The operands of a contraction as buffers of the function being built.
struct ContractBuffers {
  mlir::Value a, aScales, w, wScales, wZeros;
  llvm::SmallVector<mlir::Value> extras, outs;
  /// Copies of a's rows of the strip, padded with zeros; for bf16Products they
  /// are the upper halves of floats, as i16.
  mlir::Value rows;
  mlir::Value sums; ///< [row of the strip][group]: corrections or sums
  /// RowPairs: the strip's rows two by two, [pair][k / 8][row][8 bytes].
  mlir::Value pairs;
};

/// Binds them in NAME; f32 weights given as bytes are viewed as floats.
ContractBuffers bindContractBuffers(KernelBuilder &kernel, ContractOp op,
                                    const ContractPlan &plan);

/// Shorthands for index arithmetic and constants.
class ContractIr {
public:
  ContractIr(mlir::OpBuilder &builder, mlir::Location loc)
      : b(builder), loc(loc) {}

  mlir::Value index(int64_t value);
  mlir::Value i32(int64_t value);
  mlir::Value splat(mlir::VectorType type, int64_t value);
  mlir::Value splatFloat(mlir::VectorType type, double value);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value add(mlir::Value lhs, int64_t rhs);
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, int64_t rhs);
  mlir::Value min(mlir::Value lhs, mlir::Value rhs);
  mlir::Value max(mlir::Value lhs, mlir::Value rhs);
  mlir::Value div(mlir::Value lhs, int64_t rhs);
  mlir::Value ceilDiv(mlir::Value lhs, int64_t rhs);
  mlir::Value rem(mlir::Value lhs, int64_t rhs);

  /// Packed scales at `indices`, as f32 whatever they are stored as.
  mlir::Value scales(mlir::VectorType type, mlir::Value buffer,
                     mlir::ValueRange indices);

  mlir::Value dot(mlir::Value acc, mlir::Value codes, mlir::Value data,
                  int64_t maxCode);

  /// Asks for the line at `address` of bytes, into the L1 or, with hint 2, the
  /// L2.
  void fetch(mlir::Value buffer, mlir::ValueRange address, int hint = 3);

  /// 3 * bytes modulo 256, as two additions that LLVM leaves alone: it would
  /// make products of the powers of 3, for which there are no instructions.
  mlir::Value triple(mlir::Value bytes);

  using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::Value, mlir::ValueRange)>;
  /// A loop that carries `inits`; none is emitted for a single iteration.
  llvm::SmallVector<mlir::Value> loop(mlir::Value begin, mlir::Value end,
                                      int64_t step, mlir::ValueRange inits,
                                      Body body);
  llvm::SmallVector<mlir::Value> loop(int64_t begin, int64_t end, int64_t step,
                                      mlir::ValueRange inits, Body body);
  /// A loop that carries nothing.
  void loop(mlir::Value begin, mlir::Value end, int64_t step,
            llvm::function_ref<void(mlir::Value)> body);

  mlir::OpBuilder &b;
  mlir::Location loc;
};

/// How the rows of a product are split to strips, and strips times panels to
/// work items; see ContractStrips.cpp.
struct StripSplit {
  int64_t most; ///< rows of a strip, a multiple of `unit`
  int64_t unit; ///< all but the last strip have a multiple of that

  /// Rows of all strips but the last, at most `most`.
  mlir::Value rowsOfStrip(ContractIr &ir, mlir::Value allRows) const;
  mlir::Value strips(ContractIr &ir, mlir::Value allRows) const;

  using Body =
      llvm::function_ref<void(mlir::Value firstRow, mlir::Value rows,
                              mlir::Value firstPanel, mlir::Value lastPanel)>;
  /// What the kernel's range holds of each strip: panels [firstPanel,
  /// lastPanel), at least one.
  void forEach(ContractIr &ir, const KernelBuilder &kernel, mlir::Value allRows,
               Body body) const;
};

/// Where a tile lies.
struct TilePlace {
  mlir::Value row;      ///< of `a`
  mlir::Value localRow; ///< in the strip
  mlir::Value panel;
  mlir::Value column; ///< in the panel, a multiple of the tile's columns
  /// GPU: rows and outputs of a thread lie `rowStride` and `columnStride`
  /// apart; rows beyond `rowLimit` repeat the last one.
  int64_t columnStride = 0; ///< 0: `lanes`, one vector after the other
  mlir::Value rowLimit;
  /// The codes as bytes, where they were expanded (see emitExpandColumns) or
  /// are `kept` by this tile for others, and its first column among them.
  mlir::Value expanded, expandedColumn;
  bool kept = false;
  /// Where accumulators of tiles with `floatsInMemory` lie, in two copies: [2 *
  /// tile.rows][kPanel]. The sums are left in the first.
  mlir::Value floats;
  /// What the tile fetches of the panel behind this one: from this address of
  /// the weights on, as many lines of 64 bytes with each block of inputs. None
  /// where weights are fetched as they are read.
  mlir::Value fetchAddress, fetchLines;
};

/// The lines of a chunk, of codes of `bits` bits, from its packed lines; see
/// lib/quant/Packing.h. `inPlace`: codes of 1, 2 or 4 bits stay where they are
/// in their byte, those of line i are 2^(i * bits) times as large.
llvm::SmallVector<mlir::Value> unpackChunk(ContractIr &ir,
                                           mlir::VectorType type,
                                           llvm::ArrayRef<mlir::Value> packed,
                                           unsigned bits, bool inPlace = false);

/// Bytes that hold five digits, as fractions of 256, minus 128. Modulo 256 that
/// stays the same when they are tripled, and comparisons of signed bytes, which
/// all targets have, find their first digit: 3 * packed / 256, rounded down.
mlir::Value biasTrits(ContractIr &ir, mlir::Value packed);
mlir::Value firstTrit(ContractIr &ir, mlir::Value biased);

/// Expands `columns` outputs of a panel from `column` on (both multiples of
/// 16), all inputs, to a byte a code: [columns/16][K/4][64 B] of `expanded`.
void emitExpandColumns(ContractIr &ir, const ContractPlan &plan, mlir::Value w,
                       mlir::Value expanded, mlir::Value panel,
                       mlir::Value column, int64_t columns);

/// Rounds row `source` of `a` to bf16 into row `row` of `rows` (see
/// ContractBuffers), with zeros up to the padded width.
void emitRoundRow(ContractIr &ir, const ContractPlan &plan, mlir::Value a,
                  mlir::Value source, mlir::Value rows, mlir::Value row);

/// Ternary digits of a byte.
inline constexpr int kTritDigits = 5;

/// Emits tiles: accumulators of rows x vectors over all of K.
class TileEmitter {
public:
  TileEmitter(mlir::OpBuilder &builder, mlir::Location loc,
              const ContractPlan &plan, const ContractBuffers &buffers)
      : ir(builder, loc), plan(plan), buffers(buffers) {}

  /// The f32 sums, row by row; with several groups the weight's scales are
  /// applied, with one they are not. None where they are left in memory.
  llvm::SmallVector<mlir::Value> emit(TileShape shape, const TilePlace &place);

private:
  using Values = llvm::SmallVector<mlir::Value>;

  // ScalePolicy.
  Values emitFloat();
  Values emitBf16(); ///< in ContractBf16.cpp
  Values emitOneGroup();
  Values emitGroups();
  Values emitGroupsInBlock();
  /// One accumulator a vector, of the first rows x vectors x phases.
  Values addPhases(const Values &sums);
  bool sumsPlanes() const { return plan.planeSums && shape.rows == 1; }
  Values startGroup(mlir::Value group);
  Values finishGroup(Values sums, mlir::Value group);
  void applyScales(Values &floats, const Values &sums, mlir::Value group);
  /// floats += sums of a group, in memory where they are (and then `floats` is
  /// empty).
  Values startFloats();
  void addGroup(Values &floats, const Values &sums, mlir::Value group);
  mlir::Value floatsRow(mlir::Value groupsLeft, int row);

  // Dot.
  /// Lines [begin, end) of a block, whole chunks, added to the group's
  /// accumulators.
  void emitLines(Values &sums, mlir::Value block, int begin, int end);
  /// The same for vectors firstVector to lastVector, lines counted from
  /// `firstLine`.
  void emitVectorLines(Values &sums, mlir::Value block, mlir::Value firstLine,
                       int begin, int end);
  mlir::Value broadcastRow(int row, mlir::Value k);
  /// The same for RowPairs, in ContractPairs.cpp.
  void emitPairLines(Values &sums, mlir::Value block, int begin, int end);
  Values startPairs(mlir::Value group);
  Values finishPairs(const Values &sums);
  /// Whether this tile multiplies pairs of rows.
  bool inPairs() const {
    return plan.mode == DotMode::RowPairs && shape.rows > 1;
  }

  // Ternary codes of five to a byte, in ContractTrits.cpp.
  /// Vectors of a strip.
  int stripVectors() const { return std::max<int>(kLine / plan.lanes, 1); }
  Values emitTritRow();
  void emitTritLines(Values &sums, mlir::Value address, mlir::Value line,
                     int count, int vectors, int phases);
  void emitTritTail(Values &sums, mlir::Value address, int first, int vectors);
  /// A vector's digits (or remainders) of a packed line times the row, one
  /// digit after the other: in `halves` where products are narrow, else in
  /// `sums`, laid out as emitTritLines says.
  mlir::Value tritLine(mlir::Value address, int vector);
  void tritDigit(Values &sums, Values &halves, Values &packed, int digit,
                 mlir::Value x, int phases);
  void addHalves(Values &sums, Values &halves, int phases);
  /// What a vector's sums of digits or remainders come to.
  mlir::Value tritSum(const Values &sums, int vector, int phases);
  /// The vectors of a strip over all of K, added up group by group, in
  /// ContractTritGroups.cpp.
  Values emitTritGroups();
  void emitTritSpan(Values &floats, mlir::Value address, mlir::Value tail,
                    int first, mlir::Value line, int64_t count, bool isLast);

  // Expand.
  /// Whether the tile reads codes that were expanded; the bits of a code where
  /// it reads it, and the lines of a chunk there.
  bool readsBytes() const { return place.expanded && !place.kept; }
  unsigned codeBits() const { return readsBytes() ? 8 : plan.bits; }
  int chunkLines() const { return readsBytes() ? 1 : plan.chunk; }
  /// Address of the first byte of a block's lines, from `firstLine` on, and
  /// their first input.
  mlir::Value blockAddress(mlir::Value block);
  mlir::Value blockInput(mlir::Value block);
  /// Asks for what will be read `prefetchBytes` and, by one row, `nearBytes`
  /// behind `address`.
  void fetchLine(mlir::Value source, mlir::Value address);
  /// The same for a group's scales or zeros, that lie like scales.
  void fetchOfGroup(mlir::Value buffer, mlir::Value group);
  /// Asks for this tile's part of the next panel, a part with each block.
  void fetchNextPanel(mlir::Value block);
  /// The codes of the chunk that starts at `line` of the block's lines, which
  /// have their first byte at `address`: [vector][line].
  llvm::SmallVector<Values> loadCodes(mlir::Value address, int line);
  /// Leaves a vector's for other tiles.
  void keepCodes(const Values &codes, int vector, int line);
  /// Offset of vector `j`'s first byte from the block's, where codes are read.
  mlir::Value vectorOffset(int j);
  /// The same for strips of `stripBytes` a block, `column` being the first.
  mlir::Value vectorOffset(int j, mlir::Value column, int64_t stripBytes);

  mlir::VectorType accType() const;
  mlir::VectorType floatType() const;
  mlir::VectorType codesType() const;

  ContractIr ir;
  const ContractPlan &plan;
  const ContractBuffers &buffers;
  TileShape shape{};
  TilePlace place;
  int firstVector = 0, lastVector = 0; ///< see emitVectorLines
  int fetchHint;         ///< the plan's, or the L2 where code is straight
  mlir::Value firstLine; ///< of a block, in the group at hand; none: 0
  Values rowIndex;       ///< of `a` or of the copies
  mlir::Value keptBase;  ///< of the lines at hand, among those kept
  Values vectorOffset_;  ///< see vectorOffset
  Values keptOffset;     ///< the same among the codes that are kept
};

/// Emits the epilogue on one vector of results at a time.
class EpilogueEmitter {
public:
  EpilogueEmitter(mlir::OpBuilder &builder, mlir::Location loc, ContractOp op,
                  const ContractPlan &plan, const ContractBuffers &buffers);

  /// `sums` are results of row `m`, of the outputs that `range` covers; what
  /// it masks is not stored. `column` is the first output's in its panel.
  void emit(mlir::Value sums, mlir::Value m, const LaneRange &range,
            mlir::Value panel, mlir::Value column);

  /// The same for `rows` rows of a tile's sums, memref<? x kPanel xf32>, of
  /// which `columns` columns are left; a tile has `width`.
  void emitTile(mlir::Value sums, const TilePlace &place, mlir::Value rows,
                mlir::Value columns, int64_t width);

private:
  mlir::Value applyScales(mlir::Value sums, mlir::Value m, mlir::Value panel,
                          mlir::Value column);

  ContractIr ir;
  ContractOp op;
  const ContractPlan &plan;
  const ContractBuffers &buffers;
  llvm::SmallVector<VectorAccess> extras, outs;
};

/// Fills NAME and NAME.extent of a kernel for a CPU.
void emitContractCpu(KernelBuilder &kernel, ContractOp op,
                     const ContractPlan &plan);
/// The same for weights in bit planes.
void emitContractBits(KernelBuilder &kernel, ContractOp op,
                      const ContractPlan &plan);
/// The same for a GPU: iteration begin + block index.
void emitContractGpu(KernelBuilder &kernel, ContractOp op,
                     const ContractPlan &plan);

} // namespace mixbit
