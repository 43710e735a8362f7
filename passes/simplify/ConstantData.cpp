//===- ConstantData.cpp - Evaluating graph operations on constants --------===//
#include "passes/simplify/ConstantData.h"
#include "passes/simplify/Constants.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <cstring>

using namespace mlir;

namespace mixbit {

static unsigned widthOf(Type type) { return type.getIntOrFloatBitWidth(); }

bool ConstantData::isServed(Type element) {
  return element.isF32() || element.isInteger(1) || element.isInteger(8) ||
         element.isInteger(16) || element.isInteger(32);
}

static bool isServedKind(UnaryKind kind, bool isFloat) {
  switch (kind) {
  case UnaryKind::Neg:
  case UnaryKind::Abs:
  case UnaryKind::Sign:
  case UnaryKind::Relu:
    return true;
  case UnaryKind::Sqrt:
  case UnaryKind::Reciprocal:
  case UnaryKind::Round:
  case UnaryKind::Floor:
  case UnaryKind::Ceil:
  case UnaryKind::Exp:
  case UnaryKind::Log:
  case UnaryKind::Tanh:
    return isFloat;
  default:
    return false;
  }
}

static bool isServedKind(BinaryKind kind, bool isFloat) {
  switch (kind) {
  case BinaryKind::Div:
  case BinaryKind::Pow:
    return isFloat;
  case BinaryKind::Mod:
    return false;
  default:
    return true;
  }
}

bool ConstantData::isServed(Operation *op) {
  if (op->getNumResults() != 1)
    return false;
  for (Type type : op->getOperandTypes())
    if (!isServed(getElementTypeOrSelf(type)))
      return false;
  if (!isServed(getElementTypeOrSelf(op->getResult(0).getType())))
    return false;
  bool isFloat = op->getNumOperands() &&
                 getElementTypeOrSelf(op->getOperand(0).getType()).isF32();
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case(
          [&](UnaryOp unary) { return isServedKind(unary.getKind(), isFloat); })
      .Case([&](BinaryOp binary) {
        return isServedKind(binary.getKind(), isFloat);
      })
      .Case([&](ReduceOp) { return isFloat; })
      .Case([](SliceOp slice) {
        return slice.getStarts().isConstant() && slice.getSizes().isConstant();
      })
      .Case<SelectOp, CastOp, ReshapeOp, TransposeOp, BroadcastOp>(
          [](auto) { return true; })
      .Default(false);
}

ConstantData::ConstantData(RankedTensorType type)
    : element(type.getElementType()), holdsFloats(element.isF32()),
      shape(type.getShape()) {
  if (isFloat())
    floats.resize(type.getNumElements());
  else
    integers.resize(type.getNumElements());
}

int64_t ConstantData::size() const {
  return isFloat() ? floats.size() : integers.size();
}

std::optional<ConstantData> ConstantData::read(ElementsAttr elements) {
  ConstantData result(mlir::cast<RankedTensorType>(elements.getType()));
  if (!result.isFloat()) {
    auto values = readIntegers(elements, elements.size());
    if (!values)
      return std::nullopt;
    llvm::copy(*values, result.integers.begin());
    return result;
  }
  ArrayRef<char> bytes;
  bool isSplat;
  if (!rawElements(elements, bytes, isSplat))
    return std::nullopt;
  if (!isSplat) {
    std::memcpy(result.floats.data(), bytes.data(), bytes.size());
    return result;
  }
  float value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  std::fill(result.floats.begin(), result.floats.end(), value);
  return result;
}

std::optional<ConstantData> ConstantData::readWide(ElementsAttr elements,
                                                   RankedTensorType type) {
  auto values = readFloats(elements, foldedBytes);
  if (!values)
    return std::nullopt;
  ConstantData result(type);
  llvm::copy(*values, result.floats.begin());
  if (values->size() == 1)
    std::fill(result.floats.begin(), result.floats.end(),
              float(values->front()));
  return result;
}

ElementsAttr ConstantData::write(RankedTensorType type, StringRef name) const {
  unsigned width = widthOf(element) / 8;
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(size() * width, 64);
  char *out = blob.getMutableData().data();
  if (isFloat())
    std::memcpy(out, floats.data(), floats.size() * sizeof(float));
  else // little endian: the low bytes come first
    for (auto [index, value] : llvm::enumerate(integers))
      std::memcpy(out + index * width, &value, width);
  if (size() * width <= foldedBytes)
    return DenseElementsAttr::getFromRawBuffer(type, blob.getData());
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}

template <typename Visit>
void ConstantData::forBroadcast(ArrayRef<int64_t> to, Visit visit) const {
  int64_t count = llvm::product_of(to);
  if (size() == 1 || ArrayRef(shape) == to) {
    int64_t step = size() == 1 ? 0 : 1;
    for (int64_t i = 0; i != count; ++i)
      visit(i, i * step);
    return;
  }
  SmallVector<int64_t> strides(to.size(), 0), point(to.size(), 0);
  int64_t stride = 1;
  for (size_t d = shape.size(); d-- > 0;) {
    if (shape[d] != 1)
      strides[to.size() - shape.size() + d] = stride;
    stride *= shape[d];
  }
  int64_t from = 0;
  for (int64_t i = 0; i != count; ++i) {
    visit(i, from);
    for (size_t d = to.size(); d-- > 0;) {
      from += strides[d];
      if (++point[d] != to[d])
        break;
      from -= strides[d] * to[d];
      point[d] = 0;
    }
  }
}

static float applyUnary(UnaryKind kind, float x) {
  switch (kind) {
  case UnaryKind::Neg:
    return -x;
  case UnaryKind::Abs:
    return std::fabs(x);
  case UnaryKind::Sign:
    return x > 0 ? 1 : x < 0 ? -1 : 0;
  case UnaryKind::Relu:
    return x > 0 ? x : 0;
  case UnaryKind::Sqrt:
    return std::sqrt(x);
  case UnaryKind::Reciprocal:
    return 1 / x;
  case UnaryKind::Round:
    return std::nearbyint(x);
  case UnaryKind::Floor:
    return std::floor(x);
  case UnaryKind::Ceil:
    return std::ceil(x);
  case UnaryKind::Exp:
    return float(std::exp(double(x)));
  case UnaryKind::Log:
    return float(std::log(double(x)));
  case UnaryKind::Tanh:
    return float(std::tanh(double(x)));
  default:
    llvm_unreachable("not served");
  }
}

ConstantData ConstantData::unary(UnaryOp op, const ConstantData &x) {
  ConstantData result(mlir::cast<RankedTensorType>(op.getType()));
  UnaryKind kind = op.getKind();
  for (int64_t i = 0, e = x.size(); i != e; ++i)
    if (x.isFloat())
      result.floats[i] = applyUnary(kind, x.floats[i]);
    else
      result.integers[i] = int32_t(applyUnary(kind, float(x.integers[i])));
  return result;
}

/// The result of a comparison or of logic, if `kind` is one.
template <typename T>
static std::optional<bool> applyPredicate(BinaryKind kind, T lhs, T rhs) {
  switch (kind) {
  case BinaryKind::Equal:
    return lhs == rhs;
  case BinaryKind::Less:
    return lhs < rhs;
  case BinaryKind::LessEqual:
    return lhs <= rhs;
  case BinaryKind::Greater:
    return lhs > rhs;
  case BinaryKind::GreaterEqual:
    return lhs >= rhs;
  case BinaryKind::And:
    return lhs != 0 && rhs != 0;
  case BinaryKind::Or:
    return lhs != 0 || rhs != 0;
  case BinaryKind::Xor:
    return (lhs != 0) != (rhs != 0);
  default:
    return std::nullopt;
  }
}

template <typename T>
static T applyBinary(BinaryKind kind, T lhs, T rhs) {
  switch (kind) {
  case BinaryKind::Add:
    return lhs + rhs;
  case BinaryKind::Sub:
    return lhs - rhs;
  case BinaryKind::Mul:
    return lhs * rhs;
  case BinaryKind::Min: // NaN is handed on
    return rhs < lhs || rhs != rhs ? rhs : lhs;
  case BinaryKind::Max:
    return rhs > lhs || rhs != rhs ? rhs : lhs;
  case BinaryKind::Div:
    return lhs / rhs;
  case BinaryKind::Pow:
    return T(std::pow(double(lhs), double(rhs)));
  default:
    llvm_unreachable("not served");
  }
}

ConstantData ConstantData::binary(BinaryOp op, const ConstantData &lhs,
                                  const ConstantData &rhs) {
  ConstantData result(mlir::cast<RankedTensorType>(op.getType()));
  BinaryKind kind = op.getKind();
  // The left operands are put where the results will be.
  std::vector<float> left;
  std::vector<int32_t> leftIntegers;
  (lhs.isFloat() ? void(left.resize(llvm::product_of(result.shape)))
                 : void(leftIntegers.resize(llvm::product_of(result.shape))));
  lhs.forBroadcast(result.shape, [&](int64_t i, int64_t from) {
    if (lhs.isFloat())
      left[i] = lhs.floats[from];
    else
      leftIntegers[i] = lhs.integers[from];
  });
  rhs.forBroadcast(result.shape, [&](int64_t i, int64_t from) {
    auto combine = [&](auto x, auto y) {
      if (std::optional<bool> predicate = applyPredicate(kind, x, y)) {
        result.integers[i] = *predicate;
        return;
      }
      if (result.isFloat())
        result.floats[i] = applyBinary<float>(kind, x, y);
      else
        result.integers[i] = applyBinary<int64_t>(kind, x, y);
    };
    if (lhs.isFloat())
      combine(left[i], rhs.floats[from]);
    else
      combine(leftIntegers[i], rhs.integers[from]);
  });
  return result;
}

ConstantData ConstantData::select(SelectOp op, const ConstantData &condition,
                                  const ConstantData &yes,
                                  const ConstantData &no) {
  ConstantData result(mlir::cast<RankedTensorType>(op.getType()));
  std::vector<bool> choice(llvm::product_of(result.shape));
  condition.forBroadcast(result.shape, [&](int64_t i, int64_t from) {
    choice[i] = condition.integers[from] != 0;
  });
  for (bool which : {true, false}) {
    const ConstantData &source = which ? yes : no;
    source.forBroadcast(result.shape, [&](int64_t i, int64_t from) {
      if (choice[i] != which)
        return;
      if (result.isFloat())
        result.floats[i] = source.floats[from];
      else
        result.integers[i] = source.integers[from];
    });
  }
  return result;
}

ConstantData ConstantData::cast(CastOp op, const ConstantData &x) {
  ConstantData result(mlir::cast<RankedTensorType>(op.getType()));
  unsigned width = widthOf(result.element);
  for (int64_t i = 0, e = x.size(); i != e; ++i) {
    if (result.isFloat()) {
      result.floats[i] = float(x.at(i));
      continue;
    }
    double value = x.at(i);
    if (width == 1) {
      result.integers[i] = value != 0;
      continue;
    }
    // Towards zero; what does not fit wraps around, as kernels do it.
    int64_t whole = std::fabs(value) < 9e18 ? int64_t(value) : 0;
    result.integers[i] =
        result.element.isUnsignedInteger()
            ? int32_t(uint64_t(whole) & (width == 32 ? ~0u : (1u << width) - 1))
            : int32_t(llvm::SignExtend64(whole, width));
  }
  return result;
}

ConstantData ConstantData::reduce(ReduceOp op, const ConstantData &x) {
  ConstantData result(mlir::cast<RankedTensorType>(op.getType()));
  int64_t count = result.size();
  ReduceKind kind = op.getKind();
  bool isExtreme = kind == ReduceKind::Max || kind == ReduceKind::Min;
  double start = kind == ReduceKind::Mul   ? 1
                 : kind == ReduceKind::Max ? -INFINITY
                 : kind == ReduceKind::Min ? INFINITY
                                           : 0;
  std::vector<double> sums(count, start);
  // The place of each element in the result, by strides of 0 along what is
  // reduced.
  SmallVector<int64_t> strides(x.shape.size(), 0), point(x.shape.size(), 0);
  int64_t stride = 1;
  for (size_t d = x.shape.size(); d-- > 0;)
    if (!llvm::is_contained(op.getAxes(), int64_t(d))) {
      strides[d] = stride;
      stride *= x.shape[d];
    }
  int64_t to = 0;
  for (float value : x.floats) {
    double &sum = sums[to];
    if (isExtreme)
      sum = kind == ReduceKind::Max ? std::fmax(sum, value)
                                    : std::fmin(sum, value);
    else if (kind == ReduceKind::Mul)
      sum *= value;
    else
      sum += value;
    for (size_t d = x.shape.size(); d-- > 0;) {
      to += strides[d];
      if (++point[d] != x.shape[d])
        break;
      to -= strides[d] * x.shape[d];
      point[d] = 0;
    }
  }
  for (int64_t i = 0; i != count; ++i)
    result.floats[i] = kind == ReduceKind::Mean
                           ? float(sums[i] / (double(x.size()) / count))
                           : float(sums[i]);
  return result;
}

ConstantData ConstantData::transpose(TransposeOp op, const ConstantData &x) {
  ConstantData result(mlir::cast<RankedTensorType>(op.getType()));
  ArrayRef<int64_t> permutation = op.getPermutation();
  SmallVector<int64_t> sourceStrides(x.shape.size(), 1);
  for (size_t d = x.shape.size(); d-- > 1;)
    sourceStrides[d - 1] = sourceStrides[d] * x.shape[d];
  SmallVector<int64_t> point(x.shape.size(), 0);
  int64_t from = 0;
  for (int64_t i = 0, e = x.size(); i != e; ++i) {
    if (x.isFloat())
      result.floats[i] = x.floats[from];
    else
      result.integers[i] = x.integers[from];
    for (size_t d = point.size(); d-- > 0;) {
      int64_t stride = sourceStrides[permutation[d]];
      from += stride;
      if (++point[d] != result.shape[d])
        break;
      from -= stride * result.shape[d];
      point[d] = 0;
    }
  }
  return result;
}

ConstantData ConstantData::slice(SliceOp op, const ConstantData &x) {
  ConstantData result(mlir::cast<RankedTensorType>(op.getType()));
  SmallVector<int64_t> starts = op.getStarts().getConstantResults();
  SmallVector<int64_t> strides(x.shape.size()), point(x.shape.size(), 0);
  int64_t stride = 1, from = 0;
  for (size_t d = x.shape.size(); d-- > 0;) {
    from += starts[d] * stride;
    strides[d] = stride * op.getSteps()[d];
    stride *= x.shape[d];
  }
  for (int64_t i = 0, e = result.size(); i != e; ++i) {
    if (result.isFloat())
      result.floats[i] = x.floats[from];
    else
      result.integers[i] = x.integers[from];
    for (size_t d = point.size(); d-- > 0;) {
      from += strides[d];
      if (++point[d] != result.shape[d])
        break;
      from -= strides[d] * result.shape[d];
      point[d] = 0;
    }
  }
  return result;
}

ConstantData ConstantData::compute(Operation *op,
                                   ArrayRef<ConstantData> operands) {
  return llvm::TypeSwitch<Operation *, ConstantData>(op)
      .Case([&](UnaryOp unary) {
        return ConstantData::unary(unary, operands[0]);
      })
      .Case([&](BinaryOp binary) {
        return ConstantData::binary(binary, operands[0], operands[1]);
      })
      .Case([&](SelectOp select) {
        return ConstantData::select(select, operands[0], operands[1],
                                    operands[2]);
      })
      .Case([&](CastOp cast) { return ConstantData::cast(cast, operands[0]); })
      .Case([&](ReduceOp reduce) {
        return ConstantData::reduce(reduce, operands[0]);
      })
      .Case([&](TransposeOp transpose) {
        return ConstantData::transpose(transpose, operands[0]);
      })
      .Case([&](SliceOp slice) {
        return ConstantData::slice(slice, operands[0]);
      })
      .Case<ReshapeOp, BroadcastOp>([&](auto moved) {
        ConstantData result(mlir::cast<RankedTensorType>(moved.getType()));
        operands[0].forBroadcast(
            // A reshape keeps the order.
            isa<ReshapeOp>(op) ? ArrayRef(operands[0].shape)
                               : ArrayRef(result.shape),
            [&](int64_t i, int64_t from) {
              if (result.isFloat())
                result.floats[i] = operands[0].floats[from];
              else
                result.integers[i] = operands[0].integers[from];
            });
        return result;
      });
}

} // namespace mixbit
