//===- SymbolicMath.cpp - Normal forms of symbolic extents ----------------===//
//
// A polynomial is a sum of monomials; a monomial maps a sorted list of factors
// (symbols and opaque subexpressions) to a coefficient.
//
//===----------------------------------------------------------------------===//
#include "dialects/mixbit/SymbolicMath.h"

#include "mlir/IR/BuiltinTypes.h"

#include <map>

using namespace mlir;

namespace mixbit {
namespace {
/// Orders factors the same way in every run: by what they are, never by
/// address.
struct FactorLess {
  static std::string key(AffineExpr expr) {
    std::string text;
    llvm::raw_string_ostream(text) << expr;
    return text;
  }
  bool operator()(AffineExpr lhs, AffineExpr rhs) const {
    auto symbols = [](AffineExpr expr) {
      auto symbol = dyn_cast<AffineSymbolExpr>(expr);
      return symbol ? (int64_t)symbol.getPosition() : INT64_MAX;
    };
    int64_t left = symbols(lhs), right = symbols(rhs);
    if (left != right)
      return left < right;
    return lhs != rhs && key(lhs) < key(rhs);
  }
};

using Factors = std::vector<AffineExpr>;
struct FactorsLess {
  bool operator()(const Factors &lhs, const Factors &rhs) const {
    return std::lexicographical_compare(lhs.begin(), lhs.end(), rhs.begin(),
                                        rhs.end(), FactorLess());
  }
};
/// Coefficients by factors; no entry is zero.
using Polynomial = std::map<Factors, int64_t, FactorsLess>;

void addTerm(Polynomial &sum, const Factors &factors, int64_t coefficient) {
  auto [term, isNew] = sum.try_emplace(factors, 0);
  term->second += coefficient;
  if (term->second == 0)
    sum.erase(term);
}

Polynomial multiply(const Polynomial &lhs, const Polynomial &rhs) {
  Polynomial result;
  for (auto &[leftFactors, leftCoefficient] : lhs)
    for (auto &[rightFactors, rightCoefficient] : rhs) {
      Factors factors = leftFactors;
      factors.insert(factors.end(), rightFactors.begin(), rightFactors.end());
      llvm::sort(factors, FactorLess());
      addTerm(result, factors, leftCoefficient * rightCoefficient);
    }
  return result;
}

AffineExpr toExpr(const Polynomial &polynomial, MLIRContext *context);

Polynomial toPolynomial(AffineExpr expr) {
  Polynomial result;
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    addTerm(result, {}, constant.getValue());
    return result;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary) {
    addTerm(result, {expr}, 1);
    return result;
  }
  Polynomial lhs = toPolynomial(binary.getLHS());
  Polynomial rhs = toPolynomial(binary.getRHS());
  if (expr.getKind() == AffineExprKind::Add) {
    result = lhs;
    for (auto &[factors, coefficient] : rhs)
      addTerm(result, factors, coefficient);
    return result;
  }
  if (expr.getKind() == AffineExprKind::Mul)
    return multiply(lhs, rhs);
  // What is no polynomial is one factor, over normalized operands.
  AffineExpr left = toExpr(lhs, expr.getContext());
  AffineExpr right = toExpr(rhs, expr.getContext());
  if (AffineExpr exact = expr.getKind() == AffineExprKind::Mod
                             ? AffineExpr()
                             : divideExactly(left, right))
    return toPolynomial(exact);
  AffineExpr opaque = getAffineBinaryOpExpr(expr.getKind(), left, right);
  if (opaque.getKind() != expr.getKind())
    return toPolynomial(opaque);
  addTerm(result, {opaque}, 1);
  return result;
}

AffineExpr toExpr(const Polynomial &polynomial, MLIRContext *context) {
  AffineExpr sum;
  // Constants last, as MLIR prints them.
  for (int constants = 0; constants != 2; ++constants)
    for (auto &[factors, coefficient] : polynomial) {
      if (factors.empty() != (constants == 1))
        continue;
      AffineExpr term;
      for (AffineExpr factor : factors)
        term = term ? term * factor : factor;
      term = term ? term * coefficient
                  : getAffineConstantExpr(coefficient, context);
      sum = sum ? sum + term : term;
    }
  return sum ? sum : getAffineConstantExpr(0, context);
}
} // namespace

AffineExpr normalize(AffineExpr expr) {
  return toExpr(toPolynomial(expr), expr.getContext());
}

bool provablyEqual(AffineExpr lhs, AffineExpr rhs) {
  return lhs == rhs || normalize(lhs) == normalize(rhs);
}

AffineExpr product(ArrayRef<AffineExpr> extents, MLIRContext *context) {
  AffineExpr result = getAffineConstantExpr(1, context);
  for (AffineExpr extent : extents)
    result = result * extent;
  return normalize(result);
}

AffineExpr divideExactly(AffineExpr lhs, AffineExpr rhs) {
  Polynomial dividend = toPolynomial(lhs), divisor = toPolynomial(rhs);
  if (divisor.size() != 1)
    return {};
  auto &[factors, coefficient] = *divisor.begin();
  Polynomial quotient;
  for (auto &[termFactors, termCoefficient] : dividend) {
    Factors rest = termFactors;
    for (AffineExpr factor : factors) {
      auto found = llvm::find(rest, factor);
      if (found == rest.end())
        return {};
      rest.erase(found);
    }
    if (termCoefficient % coefficient != 0)
      return {};
    addTerm(quotient, rest, termCoefficient / coefficient);
  }
  return toExpr(quotient, lhs.getContext());
}

std::optional<int64_t> constantValue(AffineExpr expr) {
  if (auto constant = dyn_cast<AffineConstantExpr>(normalize(expr)))
    return constant.getValue();
  return std::nullopt;
}

int64_t staticExtent(AffineExpr expr) {
  return constantValue(expr).value_or(ShapedType::kDynamic);
}
} // namespace mixbit
