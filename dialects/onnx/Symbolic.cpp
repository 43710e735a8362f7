//===- Symbolic.cpp - Arithmetic on symbolic extents ----------------------===//
//
// Expressions are normalized through polynomials: sums of integer multiples of
// products of atoms, an atom being a symbol or a division that has no simpler
// form. Rebuilding an expression from the ordered polynomial makes equal
// extents the same object. Terms, degrees and sizes are bounded, so that no
// input makes the compiler run long or deep; beyond the bounds the result is
// null.
//
//===----------------------------------------------------------------------===//
#include "dialects/onnx/Symbolic.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Operation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <map>
#include <numeric>

using namespace mlir;

namespace mixbit::onnx {
namespace {
constexpr size_t kMaxTerms = 32;
constexpr size_t kMaxDegree = 16;
constexpr int kMaxNodes = 256;

std::string toString(AffineExpr expr) {
  std::string text;
  llvm::raw_string_ostream(text) << expr;
  return text;
}

/// Symbols by position, then everything else by its text.
bool atomLess(AffineExpr a, AffineExpr b) {
  if (a == b)
    return false;
  auto symbolA = dyn_cast<AffineSymbolExpr>(a);
  auto symbolB = dyn_cast<AffineSymbolExpr>(b);
  if (symbolA && symbolB)
    return symbolA.getPosition() < symbolB.getPosition();
  if (symbolA || symbolB)
    return static_cast<bool>(symbolA);
  return toString(a) < toString(b);
}

using Monomial = SmallVector<AffineExpr, 4>;
struct MonomialLess {
  bool operator()(const Monomial &a, const Monomial &b) const {
    if (a.size() != b.size())
      return a.size() > b.size();
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                        atomLess);
  }
};
using Terms = std::map<Monomial, int64_t, MonomialLess>;
using Polynomial = std::optional<Terms>;

bool addTerm(Terms &terms, const Monomial &monomial, int64_t coefficient) {
  int64_t &slot = terms[monomial];
  if (llvm::AddOverflow(slot, coefficient, slot))
    return false;
  if (slot == 0)
    terms.erase(monomial);
  return terms.size() <= kMaxTerms;
}

Polynomial sum(const Polynomial &a, const Polynomial &b, int64_t factor) {
  if (!a || !b)
    return std::nullopt;
  Terms result = *a;
  for (const auto &[monomial, coefficient] : *b) {
    int64_t scaled;
    if (llvm::MulOverflow(coefficient, factor, scaled) ||
        !addTerm(result, monomial, scaled))
      return std::nullopt;
  }
  return result;
}

Polynomial times(const Polynomial &a, const Polynomial &b) {
  if (!a || !b)
    return std::nullopt;
  Terms result;
  for (const auto &[left, x] : *a)
    for (const auto &[right, y] : *b) {
      Monomial both(left);
      llvm::append_range(both, right);
      llvm::sort(both, atomLess);
      int64_t coefficient;
      if (both.size() > kMaxDegree || llvm::MulOverflow(x, y, coefficient) ||
          !addTerm(result, both, coefficient))
        return std::nullopt;
    }
  return result;
}

/// Whether the expression as a tree has at most `budget` nodes.
bool isSmall(AffineExpr expr, int &budget) {
  if (--budget < 0)
    return false;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  return !binary ||
         (isSmall(binary.getLHS(), budget) && isSmall(binary.getRHS(), budget));
}
bool isSmall(AffineExpr expr) {
  int budget = kMaxNodes;
  return isSmall(expr, budget);
}

/// `expr` is small.
Polynomial toPolynomial(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    Terms terms;
    if (constant.getValue() != 0)
      terms[{}] = constant.getValue();
    return terms;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (binary && expr.getKind() == AffineExprKind::Add)
    return sum(toPolynomial(binary.getLHS()), toPolynomial(binary.getRHS()), 1);
  if (binary && expr.getKind() == AffineExprKind::Mul)
    return times(toPolynomial(binary.getLHS()), toPolynomial(binary.getRHS()));
  return Terms{{Monomial{expr}, 1}};
}

AffineExpr fromTerms(const Terms &terms, MLIRContext *context) {
  AffineExpr result;
  for (const auto &[monomial, coefficient] : terms) {
    AffineExpr term;
    for (AffineExpr atom : monomial)
      term = term ? term * atom : atom;
    AffineExpr factor = getAffineConstantExpr(coefficient, context);
    term = term ? term * factor : factor;
    result = result ? result + term : term;
  }
  if (!result)
    return getAffineConstantExpr(0, context);
  return isSmall(result) ? result : AffineExpr();
}

AffineExpr fromPolynomial(const Polynomial &terms, MLIRContext *context) {
  return terms ? fromTerms(*terms, context) : AffineExpr();
}

/// a divided by the one term of b, if that leaves nothing.
Polynomial divideExactly(const Terms &a, const Monomial &by, int64_t factor) {
  Terms result;
  for (const auto &[monomial, coefficient] : a) {
    if (coefficient % factor != 0 ||
        (factor == -1 && coefficient == std::numeric_limits<int64_t>::min()))
      return std::nullopt;
    Monomial rest(monomial);
    for (AffineExpr atom : by) {
      auto *found = llvm::find(rest, atom);
      if (found == rest.end())
        return std::nullopt;
      rest.erase(found);
    }
    if (!addTerm(result, rest, coefficient / factor))
      return std::nullopt;
  }
  return result;
}

/// Rounded down, for a positive constant.
AffineExpr divideByConstant(const Terms &a, int64_t by, MLIRContext *context) {
  Terms quotient, rest;
  int64_t common = by;
  for (const auto &[monomial, coefficient] : a) {
    int64_t down = llvm::divideFloorSigned(coefficient, by);
    int64_t left = coefficient - down * by;
    if (down && !addTerm(quotient, monomial, down))
      return {};
    if (left && !addTerm(rest, monomial, left))
      return {};
    common = std::gcd(common, left);
  }
  for (auto &[monomial, coefficient] : rest)
    coefficient /= common;
  AffineExpr remainder = fromTerms(rest, context);
  AffineExpr whole = fromTerms(quotient, context);
  if (!remainder || !whole)
    return {};
  auto [low, high] = bounds(remainder);
  if (low >= 0 && high < by / common)
    return whole;
  AffineExpr division = remainder.floorDiv(by / common);
  return isSmall(division) ? add(whole, division) : AffineExpr();
}
} // namespace

AffineExpr canonical(AffineExpr expr) {
  if (!expr || !isSmall(expr))
    return {};
  return fromPolynomial(toPolynomial(expr), expr.getContext());
}

AffineExpr add(AffineExpr a, AffineExpr b) {
  if (!a || !b || !isSmall(a) || !isSmall(b))
    return {};
  return fromPolynomial(sum(toPolynomial(a), toPolynomial(b), 1),
                        a.getContext());
}

AffineExpr subtract(AffineExpr a, AffineExpr b) {
  if (!a || !b || !isSmall(a) || !isSmall(b))
    return {};
  return fromPolynomial(sum(toPolynomial(a), toPolynomial(b), -1),
                        a.getContext());
}

AffineExpr multiply(AffineExpr a, AffineExpr b) {
  if (!a || !b || !isSmall(a) || !isSmall(b))
    return {};
  return fromPolynomial(times(toPolynomial(a), toPolynomial(b)),
                        a.getContext());
}

AffineExpr floorDivide(AffineExpr a, AffineExpr b) {
  if (!a || !b || !isSmall(a) || !isSmall(b))
    return {};
  Polynomial dividend = toPolynomial(a), divisor = toPolynomial(b);
  if (!dividend || !divisor || divisor->empty())
    return {};
  if (*dividend == *divisor)
    return getAffineConstantExpr(1, a.getContext());
  if (divisor->size() != 1)
    return {};
  const auto &[monomial, factor] = *divisor->begin();
  if (Polynomial exact = divideExactly(*dividend, monomial, factor))
    return fromPolynomial(exact, a.getContext());
  if (!monomial.empty() || factor < 0)
    return {};
  return divideByConstant(*dividend, factor, a.getContext());
}

AffineExpr product(ArrayRef<AffineExpr> factors, MLIRContext *context) {
  AffineExpr result = getAffineConstantExpr(1, context);
  for (AffineExpr factor : factors)
    result = multiply(result, factor);
  return result;
}

std::optional<int64_t> asConstant(AffineExpr expr) {
  if (auto constant = dyn_cast_or_null<AffineConstantExpr>(expr))
    return constant.getValue();
  return std::nullopt;
}

/// a * b and a + b, where unbounded absorbs everything but a factor of zero.
static int64_t saturatingMultiply(int64_t a, int64_t b) {
  int64_t result;
  if (!llvm::MulOverflow(a, b, result) &&
      std::abs(static_cast<double>(result)) < 9e18)
    return result;
  return (a < 0) == (b < 0) ? kUnbounded : -kUnbounded;
}
static int64_t saturatingAdd(int64_t a, int64_t b, int64_t unbounded) {
  int64_t result;
  if (a == unbounded || b == unbounded || llvm::AddOverflow(a, b, result))
    return unbounded;
  return result;
}

std::pair<int64_t, int64_t> bounds(AffineExpr expr) {
  if (!expr)
    return {-kUnbounded, kUnbounded};
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return {constant.getValue(), constant.getValue()};
  if (isa<AffineSymbolExpr>(expr))
    return {1, kUnbounded};
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return {-kUnbounded, kUnbounded};
  auto [lowA, highA] = bounds(binary.getLHS());
  auto [lowB, highB] = bounds(binary.getRHS());
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return {saturatingAdd(lowA, lowB, -kUnbounded),
            saturatingAdd(highA, highB, kUnbounded)};
  case AffineExprKind::Mul: {
    int64_t corners[] = {
        saturatingMultiply(lowA, lowB), saturatingMultiply(lowA, highB),
        saturatingMultiply(highA, lowB), saturatingMultiply(highA, highB)};
    auto [low, high] = std::minmax_element(corners, corners + 4);
    return {*low, *high};
  }
  case AffineExprKind::FloorDiv:
    if (lowB == highB && lowB > 0)
      return {lowA == -kUnbounded ? lowA : llvm::divideFloorSigned(lowA, lowB),
              highA == kUnbounded ? highA
                                  : llvm::divideFloorSigned(highA, lowB)};
    break;
  case AffineExprKind::Mod:
    if (lowB == highB && lowB > 0)
      return {0, lowB - 1};
    break;
  default:
    break;
  }
  return {-kUnbounded, kUnbounded};
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

RankedTensorType SymbolicValue::getType() const {
  SmallVector<int64_t> extents;
  for (AffineExpr extent : shape)
    extents.push_back(asConstant(extent).value_or(ShapedType::kDynamic));
  return RankedTensorType::get(extents, elementType);
}

std::optional<SmallVector<int64_t>> SymbolicValue::getConstants() const {
  if (!contents)
    return std::nullopt;
  SmallVector<int64_t> result;
  for (AffineExpr element : *contents) {
    std::optional<int64_t> value = asConstant(element);
    if (!value)
      return std::nullopt;
    result.push_back(*value);
  }
  return result;
}

/// The bytes of a constant's integer elements, as a file has them.
static int64_t readInteger(const char *data, unsigned bytes, bool isSigned) {
  uint64_t value = 0;
  memcpy(&value, data, bytes);
  return isSigned && bytes < 8 ? llvm::SignExtend64(value, bytes * 8)
                               : static_cast<int64_t>(value);
}

SymbolicValue SymbolicValue::ofConstant(ElementsAttr value) {
  MLIRContext *context = value.getContext();
  SymbolicValue result;
  result.elementType = value.getElementType();
  for (int64_t extent : value.getShapedType().getShape())
    result.shape.push_back(getAffineConstantExpr(extent, context));
  auto integer = dyn_cast<IntegerType>(result.elementType);
  if (!integer || value.getNumElements() > static_cast<int64_t>(kMaxContents))
    return result;
  bool isSigned = integer.getWidth() > 1 && !integer.isUnsigned();
  SmallVector<AffineExpr> contents;
  if (auto dense = dyn_cast<DenseIntElementsAttr>(value)) {
    for (const APInt &element : dense.getValues<APInt>()) {
      if (element.getBitWidth() > 64)
        return result;
      contents.push_back(getAffineConstantExpr(
          isSigned ? element.getSExtValue()
                   : static_cast<int64_t>(element.getZExtValue()),
          context));
    }
  } else if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    unsigned bytes = llvm::divideCeil(integer.getWidth(), 8);
    if (!blob || bytes > 8 ||
        blob->getData().size() != bytes * size_t(value.getNumElements()))
      return result;
    for (int64_t i = 0; i != value.getNumElements(); ++i)
      contents.push_back(getAffineConstantExpr(
          readInteger(blob->getData().data() + i * bytes, bytes, isSigned),
          context));
  } else {
    return result;
  }
  result.contents = std::move(contents);
  return result;
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

std::string describe(Operation *op, AffineExpr expr) {
  if (!expr)
    return "?";
  std::string text = toString(expr), named;
  auto func = op->getParentOfType<FunctionOpInterface>();
  auto names =
      func ? func->getAttrOfType<ArrayAttr>("mixbit.symbols") : nullptr;
  if (!names)
    return text;
  // Printed symbols are s0, s1, ...; nothing else in the text has letter s.
  for (size_t i = 0; i != text.size();) {
    unsigned position;
    size_t end = i + 1;
    while (end != text.size() && isdigit(static_cast<unsigned char>(text[end])))
      ++end;
    if (text[i] == 's' && end != i + 1 &&
        !StringRef(text).slice(i + 1, end).getAsInteger(10, position) &&
        position < names.size() && isa<StringAttr>(names[position])) {
      named += cast<StringAttr>(names[position]).getValue();
      i = end;
    } else {
      named += text[i++];
    }
  }
  return named;
}

std::string describe(Operation *op, ArrayRef<AffineExpr> shape) {
  std::string text = "[";
  for (auto [index, extent] : llvm::enumerate(shape))
    text += (index ? ", " : "") + describe(op, extent);
  return text + "]";
}
} // namespace mixbit::onnx
