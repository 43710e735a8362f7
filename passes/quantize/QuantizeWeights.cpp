//===- QuantizeWeights.cpp - Rounds weights to their formats --------------===//
//
// One float weight after the other: rounded, unless calibration has done it,
// replaced, freed. The rounding is lib/quant's.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "dialects/mixbit/SymbolicShapes.h"
#include "lib/quant/Gptq.h"
#include "lib/quant/Grid.h"
#include "lib/quant/Halves.h"
#include "passes/quantize/Passes.h"
#include "passes/quantize/Weights.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/MapVector.h"

#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;

namespace mixbit {
#define GEN_PASS_DEF_QUANTIZEWEIGHTS
#include "passes/quantize/Passes.h.inc"

namespace {

/// A resource that owns `bytes`, without a copy.
ElementsAttr makeResource(RankedTensorType type, const Twine &name,
                          std::vector<uint8_t> bytes) {
  auto owner = std::make_unique<std::vector<uint8_t>>(std::move(bytes));
  ArrayRef<char> data(reinterpret_cast<const char *>(owner->data()),
                      owner->size());
  AsmResourceBlob blob(
      data, alignof(std::max_align_t),
      [owner = std::move(owner)](void *, size_t, size_t) mutable {
        owner.reset();
      },
      /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, name.str(), std::move(blob));
}

/// Tells the system that pages of memory that we do not own will not be read
/// soon. Never loses data, whatever backs the memory; may do nothing.
void pageOut(ArrayRef<char> data) {
#ifdef MADV_PAGEOUT
  uintptr_t page = sysconf(_SC_PAGESIZE);
  uintptr_t begin = llvm::alignTo(uintptr_t(data.data()), page);
  uintptr_t end = llvm::alignDown(uintptr_t(data.data() + data.size()), page);
  if (begin < end)
    (void)madvise(reinterpret_cast<void *>(begin), end - begin, MADV_PAGEOUT);
#endif
}

/// The mechanical conversion of what MLIR calls a float type.
FloatKind kindOf(Type element) {
  return element.isF16()    ? FloatKind::F16
         : element.isBF16() ? FloatKind::BF16
                            : FloatKind::F32;
}

struct QuantizeWeights : impl::QuantizeWeightsBase<QuantizeWeights> {
  using QuantizeWeightsBase::QuantizeWeightsBase;
  explicit QuantizeWeights(RoundedWeights &given) : given(&given) {}

  void runOnOperation() override {
    countResources();
    // By constant and format; users of one constant may differ in IR that was
    // written by hand.
    llvm::MapVector<std::pair<Operation *, FormatAttr>,
                    SmallVector<Operation *, 2>>
        work;
    WalkResult walk = getOperation().walk([&](Operation *op) {
      FormatAttr format = formatAttrOf(op);
      if (!format)
        return WalkResult::advance();
      arith::ConstantOp constant = weightConstant(weightOperand(op));
      if (!constant) {
        op->emitError() << "node '" << nodeName(op->getLoc(), "weight")
                        << "': expected a constant weight of f32, f16 or bf16 "
                           "for a format, but got "
                        << weightOperand(op)->get().getType();
        return WalkResult::interrupt();
      }
      work[{constant, format}].push_back(op);
      return WalkResult::advance();
    });
    if (walk.wasInterrupted())
      return signalPassFailure();
    for (auto &[key, ops] : work)
      if (failed(quantize(cast<arith::ConstantOp>(key.first), key.second, ops)))
        return signalPassFailure();
  }

private:
  /// How many operations hold each resource.
  void countResources() {
    holders.clear();
    getOperation().walk([&](Operation *op) {
      op->getAttrDictionary().walk([&](DenseResourceElementsAttr attr) {
        ++holders[attr.getRawHandle().getKey()];
      });
    });
  }

  LogicalResult quantize(arith::ConstantOp constant, FormatAttr attr,
                         ArrayRef<Operation *> ops) {
    std::string name = nodeName(constant.getLoc(), "weight");
    int64_t rows = cast<RankedTensorType>(constant.getType()).getDimSize(0);
    std::optional<Segments> segments = segmentsOf(attr.getType(), rows);
    // Floats are stored beside nothing else.
    bool hasFloats = isa<MixedType>(attr.getType()) && segments &&
                     llvm::any_of(*segments, [](const Segment &segment) {
                       return segment.format.isFloat();
                     });
    if (!segments || sumOfRows(*segments) != rows || hasFloats)
      return constant.emitError()
             << "weight '" << name << "': expected a uniform format or "
             << "quantized segments of " << rows
             << " rows to round to, but got " << attr.getType();
    if (segments->front().format.isFloat())
      return narrow(constant, name, segments->front().format, ops);
    FailureOr<SmallVector<QuantizedMatrix, 1>> matrices = failure();
    auto known = given ? given->find({constant, attr}) : nullptr;
    if (given && known != given->end())
      matrices = std::move(known->second);
    else
      matrices = round(constant, name, *segments, attr.getReason() == "grid");
    if (failed(matrices))
      return failure();
    ++rounded;
    finish(ops,
           makeConstant(constant, name, attr.getType(), *segments, *matrices));
    if (constant->use_empty())
      release(constant);
    return success();
  }

  static int64_t sumOfRows(ArrayRef<Segment> segments) {
    int64_t sum = 0;
    for (const Segment &segment : segments)
      sum += segment.rows;
    return sum;
  }

  /// Floats of another type, if it has fewer bits.
  LogicalResult narrow(arith::ConstantOp constant, StringRef name,
                       const Format &format, ArrayRef<Operation *> ops) {
    auto type = cast<RankedTensorType>(constant.getType());
    if (floatBytes(format.scale) >= floatBytes(kindOf(type.getElementType()))) {
      finish(ops, {});
      return success();
    }
    std::vector<uint8_t> storage;
    FailureOr<FloatMatrix> matrix = read(constant, name, storage);
    if (failed(matrix))
      return failure();
    auto bytes = roundFloats(*matrix, format.scale);
    if (!bytes)
      return constant.emitError() << "weight '" << name
                                  << "': " << llvm::toString(bytes.takeError());
    OpBuilder builder(constant);
    auto narrowType = RankedTensorType::get(
        type.getShape(), typeOf(constant.getContext(), format));
    Value weight = arith::ConstantOp::create(
        builder, constant.getLoc(),
        cast<TypedAttr>(makeResource(narrowType, name, std::move(*bytes))));
    ++rounded;
    finish(ops, weight);
    for (Operation *op : ops)
      if (auto embedding = dyn_cast<EmbeddingOp>(op))
        widen(embedding, narrowType.getElementType());
    if (constant->use_empty())
      release(constant);
    return success();
  }

  /// Rows come out as the table holds them; users want what they had.
  static void widen(EmbeddingOp op, Type element) {
    auto type = cast<RankedTensorType>(op.getType());
    op.getResult().setType(RankedTensorType::get(type.getShape(), element));
    OpBuilder builder(op.getContext());
    builder.setInsertionPointAfter(op);
    auto wide = CastOp::create(builder, op.getLoc(), type, op.getResult());
    op.getResult().replaceAllUsesExcept(wide.getResult(), wide);
  }

  /// The constant's data, held by it or by `storage`.
  FailureOr<FloatMatrix> read(arith::ConstantOp constant, StringRef name,
                              std::vector<uint8_t> &storage) {
    auto type = cast<RankedTensorType>(constant.getType());
    auto value = cast<ElementsAttr>(constant.getValue());
    auto bytes = constantBytes(value, storage);
    if (!bytes)
      return constant.emitError()
             << "weight '" << name << "': expected its data, but it is left "
             << "out of the IR";
    uint64_t expected = llvm::SaturatingMultiply(
        llvm::SaturatingMultiply(uint64_t(type.getDimSize(0)),
                                 uint64_t(type.getDimSize(1))),
        uint64_t(floatBytes(kindOf(type.getElementType()))));
    if (bytes->size() != expected)
      return constant.emitError()
             << "weight '" << name << "': expected " << expected
             << " bytes of data, but got " << bytes->size();
    return FloatMatrix{bytes->data(), kindOf(type.getElementType()),
                       type.getDimSize(0), type.getDimSize(1)};
  }

  FailureOr<SmallVector<QuantizedMatrix, 1>> round(arith::ConstantOp constant,
                                                   StringRef name,
                                                   ArrayRef<Segment> segments,
                                                   bool isOnGrid) {
    std::vector<uint8_t> storage;
    FailureOr<FloatMatrix> floats = read(constant, name, storage);
    if (failed(floats))
      return failure();
    SmallVector<QuantizedMatrix, 1> matrices;
    int64_t first = 0;
    for (const Segment &segment : segments) {
      const Format &format = segment.format;
      FloatMatrix rows = rowsOf(*floats, first, segment.rows);
      // With many levels the largest magnitude sets the scale well enough.
      auto matrix = isOnGrid ? fitGrid(rows, format)
                    : format.kind == FormatKind::Int && format.bits == 8
                        ? roundToNearest(rows, format)
                        : roundToSearchedScales(rows, format);
      if (!matrix)
        return constant.emitError()
               << "weight '" << name
               << "': " << llvm::toString(matrix.takeError());
      matrices.push_back(std::move(*matrix));
      first += segment.rows;
    }
    return matrices;
  }

  /// The segments' payloads one after the other.
  Value makeConstant(arith::ConstantOp constant, StringRef name, Type element,
                     ArrayRef<Segment> segments,
                     MutableArrayRef<QuantizedMatrix> matrices) {
    OpBuilder builder(constant);
    int64_t rows = sumOfRows(segments), cols = matrices.front().cols;
    FloatKind kind = commonScale(segments);
    std::vector<uint8_t> codes, scales, zeros;
    int64_t groups = 0, zeroGroups = 0;
    Type scaleType = typeOf(&getContext(), makeFloatFormat(kind)), zeroType;
    auto append = [](std::vector<uint8_t> &to, std::vector<uint8_t> from) {
      if (to.empty())
        to = std::move(from);
      else
        to.insert(to.end(), from.begin(), from.end());
    };
    for (QuantizedMatrix &matrix : matrices) {
      const Format &format = matrix.format;
      append(codes, std::move(matrix.codes));
      append(scales, encodeScales(matrix.scales, kind));
      groups += matrix.scales.size();
      if (!format.hasZero())
        continue;
      append(zeros, encodeZeros(matrix.zeros, format.zero));
      zeroGroups += matrix.zeros.size();
      zeroType = cast<QuantizedTypeInterface>(typeOf(&getContext(), format))
                     .getZeroElementType();
    }
    SmallVector<int64_t, 2> codeShape, scaleShape, zeroShape;
    if (segments.size() == 1) {
      const Format &format = segments.front().format;
      codeShape = {rows, int64_t(format.rowBytes(cols))};
      scaleShape = {format.rowGroups(rows), format.colGroups(cols)};
      zeroShape = scaleShape;
    } else {
      codeShape = {int64_t(codes.size())};
      scaleShape = {groups};
      zeroShape = {zeroGroups};
    }
    ElementsAttr codesAttr =
        makeResource(RankedTensorType::get(codeShape, builder.getI8Type()),
                     name + ".codes", std::move(codes));
    ElementsAttr scalesAttr =
        makeResource(RankedTensorType::get(scaleShape, scaleType),
                     name + ".scales", std::move(scales));
    ElementsAttr zerosAttr;
    if (zeroType)
      zerosAttr = makeResource(RankedTensorType::get(zeroShape, zeroType),
                               name + ".zeros", std::move(zeros));
    return QuantizedConstantOp::create(
        builder, constant.getLoc(),
        RankedTensorType::get({rows, cols}, element), codesAttr, scalesAttr,
        zerosAttr);
  }

  /// Gives the users their weight, if it is a new one, and drops the format.
  void finish(ArrayRef<Operation *> ops, Value weight) {
    for (Operation *op : ops) {
      if (weight)
        weightOperand(op)->set(weight);
      if (auto linear = dyn_cast<LinearOp>(op)) {
        linear.removeFormatAttr();
        if (!weight)
          linear.removeActivationsAttr();
      } else {
        cast<EmbeddingOp>(op).removeFormatAttr();
      }
    }
  }

  /// Erases a constant, and its data unless another operation holds it.
  void release(arith::ConstantOp constant) {
    auto attr = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
    constant.erase();
    if (!attr || --holders[attr.getRawHandle().getKey()] != 0)
      return;
    AsmDialectResourceHandle handle = attr.getRawHandle();
    auto *entry = static_cast<DialectResourceBlobManager::BlobEntry *>(
        handle.getResource());
    AsmResourceBlob *blob = entry->getBlob();
    if (!blob)
      return;
    if (blob->getDeleter())
      entry->setBlob(AsmResourceBlob()); // the old one is freed
    else
      pageOut(blob->getData());
  }

  llvm::StringMap<unsigned> holders;
  RoundedWeights *given = nullptr;
};
} // namespace

std::unique_ptr<Pass> createQuantizeWeights(RoundedWeights &rounded) {
  return std::make_unique<QuantizeWeights>(rounded);
}
} // namespace mixbit
