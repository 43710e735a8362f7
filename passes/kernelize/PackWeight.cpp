//===- PackWeight.cpp - Weights as contractions read them -----------------===//
//
// A weight is packed once for all operations that have it: linears that share
// it, and tables of embeddings whose rows can be looked up where it lies.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/FormatTypes.h"
#include "lib/quant/Halves.h"
#include "lib/quant/Packing.h"
#include "passes/kernelize/KernelFormer.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace mixbit {
/// A dense_resource over freshly allocated memory that `write` fills, as
/// elements or, with T of uint8_t, as bytes.
template <typename T>
static ElementsAttr packedAttr(ArrayRef<int64_t> shape, Type elementType,
                               StringRef name,
                               function_ref<void(MutableArrayRef<T>)> write) {
  auto type = RankedTensorType::get(shape, elementType);
  size_t count = type.getNumElements() *
                 llvm::divideCeil(type.getElementTypeBitWidth(), 8) / sizeof(T);
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(count * sizeof(T), 64);
  write(MutableArrayRef<T>(reinterpret_cast<T *>(blob.getMutableData().data()),
                           count));
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}

FailureOr<PackedWeight> KernelFormer::packSegment(const QuantizedMatrix &matrix,
                                                  unsigned dataBits,
                                                  StringRef name,
                                                  Location loc) {
  MLIRContext *context = builder.context();
  int64_t n = matrix.rows, k = matrix.cols;
  PackedWeight packed;
  packed.outputs = n;
  packed.inputs = k;
  packed.format = typeOf(context, matrix.format);
  packed.layout = layoutFor(matrix.format, density, dataBits);
  const PackedLayout &layout = packed.layout;
  Type i8 = IntegerType::get(context, 8);
  packed.codes =
      builder.weight(packedAttr<uint8_t>(layout.bytes(n, k), i8, name,
                                         [&](MutableArrayRef<uint8_t> out) {
                                           packCodes(matrix, layout, out);
                                         }),
                     name, loc);
  int64_t shape[] = {layout.panels(n), matrix.format.colGroups(k),
                     layout.panel};
  std::string scales = (name + "_scales").str(),
              zeros = (name + "_zeros").str();
  auto format = cast<QuantizedTypeInterface>(packed.format);
  packed.scales = builder.weight(
      packedAttr<uint8_t>(shape, format.getScaleElementType(), scales,
                          [&](MutableArrayRef<uint8_t> out) {
                            packScales(matrix, layout, out);
                          }),
      scales, loc);
  if (matrix.format.hasZero())
    packed.zeros =
        builder.weight(packedAttr<uint8_t>(shape, i8, zeros,
                                           [&](MutableArrayRef<uint8_t> out) {
                                             packZeros(matrix, layout, out);
                                           }),
                       zeros, loc);
  return packed;
}

FailureOr<PackedWeight> KernelFormer::packFloatWeight(Value weight,
                                                      Operation *user) {
  Location loc = weight.getLoc();
  std::string name = nodeName(loc, "weight");
  auto type = cast<RankedTensorType>(weight.getType());
  int64_t n = type.getDimSize(0), k = type.getDimSize(1);
  MLIRContext *context = builder.context();
  Type f32 = Float32Type::get(context);
  PackedWeight packed;
  packed.outputs = n;
  packed.inputs = k;
  packed.format = type.getElementType();

  DenseElementsAttr dense;
  DenseResourceElementsAttr resource;
  std::optional<Format> format = formatOf(packed.format);
  if (format && !format->isFloat())
    format.reset();
  FloatMatrix source;
  source.rows = n;
  source.cols = k;
  std::vector<float> expanded;
  if (format && matchPattern(weight, m_Constant(&resource)) &&
      resource.getRawHandle().getBlob()) {
    source.data = resource.getRawHandle().getBlob()->getData().data();
    source.kind = format->scale;
  } else if (matchPattern(weight, m_Constant(&dense))) {
    for (APFloat value : dense.getValues<APFloat>())
      expanded.push_back(value.convertToDouble());
    source.data = expanded.data();
  }
  if (!source.data || !format || typeOf(context, *format) != packed.format)
    return user->emitError()
           << "node '" << nodeName(user->getLoc(), "linear")
           << "': expected a constant weight of f32, f16, bf16 or of a "
              "quantized type, but got "
           << type;
  packed.layout = layoutFor(*format);
  const PackedLayout &layout = packed.layout;
  int64_t shape[] = {layout.bytes(n, k) / 4};
  if (format->bits == 16)
    packed.codes = builder.weight(
        packedAttr<uint8_t>(
            layout.bytes(n, k), IntegerType::get(context, 8), name,
            [&](MutableArrayRef<uint8_t> out) {
              packHalves(
                  source, layout, format->scale,
                  MutableArrayRef(reinterpret_cast<uint16_t *>(out.data()),
                                  out.size() / 2));
            }),
        name, loc);
  else
    packed.codes =
        builder.weight(packedAttr<float>(shape, f32, name,
                                         [&](MutableArrayRef<float> out) {
                                           packFloats(source, layout, out);
                                         }),
                       name, loc);
  if (weight.hasOneUse())
    releaseData(weight.getDefiningOp<arith::ConstantOp>());
  return packed;
}

FailureOr<ArrayRef<PackedWeight>>
KernelFormer::packWeight(Value weight, unsigned dataBits, Operation *user) {
  auto [known, isNew] =
      packedWeights.try_emplace({weight.getAsOpaquePointer(), dataBits});
  SmallVector<PackedWeight, 1> &segments = known->second;
  if (!isNew)
    return ArrayRef<PackedWeight>(segments);
  auto constant = weight.getDefiningOp<QuantizedConstantOp>();
  if (!constant) {
    FailureOr<PackedWeight> packed = packFloatWeight(weight, user);
    if (failed(packed))
      return failure();
    segments.push_back(*packed);
    return ArrayRef<PackedWeight>(segments);
  }
  auto matrices = readSegments(constant);
  if (failed(matrices))
    return failure();
  std::string name = nodeName(weight.getLoc(), "weight");
  int64_t first = 0;
  for (const QuantizedMatrix &matrix : *matrices) {
    FailureOr<PackedWeight> packed =
        packSegment(matrix, dataBits, name, weight.getLoc());
    if (failed(packed))
      return failure();
    packed->first = first;
    first += matrix.rows;
    segments.push_back(*packed);
  }
  return ArrayRef<PackedWeight>(segments);
}

FailureOr<const PackedWeight *> KernelFormer::tiedWeight(EmbeddingOp op) {
  Value table = op.getTable();
  auto type = cast<RankedTensorType>(table.getType());
  std::optional<Format> format = formatOf(type.getElementType());
  Operation *stored = nullptr;
  for (Operation *user : table.getUsers()) {
    unsigned dataBits = 32;
    if (auto linear = dyn_cast<QuantizedLinearOp>(user))
      dataBits = linear.getBits();
    else if (!isa<LinearOp>(user))
      continue;
    stored = user;
    if (!format ||
        !tableReadsLayout(layoutFor(*format, density, dataBits), *format))
      continue;
    auto packed = packWeight(table, dataBits, user);
    if (failed(packed))
      return failure();
    return &packed->front();
  }
  if (stored)
    op.emitRemark() << "node '" << nodeName(op.getLoc(), "embedding")
                    << "': its table '" << nodeName(table.getLoc(), "table")
                    << "' is stored twice: rows of "
                    << (format ? describeFormat(*format) : "this format")
                    << " cannot be looked up as node '"
                    << nodeName(stored->getLoc(), "linear") << "' reads it";
  return nullptr;
}
} // namespace mixbit
