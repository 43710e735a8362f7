//===- GptqProblem.cpp - What rounding a layer aims at --------------------===//
#include "lib/quant/GptqProblem.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace llvm;

namespace mixbit {

/// Rows that one thread takes at a time.
static constexpr int64_t kStrip = 48;

double dotProduct(const float *a, const float *b, int64_t count) {
  double sums[8] = {};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8)
    for (int64_t lane = 0; lane != 8; ++lane)
      sums[lane] += double(a[i + lane]) * b[i + lane];
  for (; i != count; ++i)
    sums[0] += double(a[i]) * b[i];
  return std::accumulate(sums, sums + 8, 0.0);
}

static Error check(const GramStatistics &statistics, int64_t k) {
  if (int64_t(statistics.gram.size()) != k * k ||
      (!statistics.cross.empty() &&
       statistics.cross.size() != statistics.gram.size()))
    return createStringError(inconvertibleErrorCode(),
                             "expected statistics of %lld x %lld inputs, but "
                             "got %zu elements",
                             (long long)k, (long long)k,
                             statistics.gram.size());
  auto isFinite = [](float value) { return std::isfinite(value); };
  if (!llvm::all_of(statistics.gram, isFinite) ||
      !llvm::all_of(statistics.cross, isFinite))
    return createStringError(inconvertibleErrorCode(),
                             "expected finite statistics of the inputs");
  return Error::success();
}

/// Calls `work` with the first row and the number of rows of each strip.
static void forStrips(int64_t rows, int threads,
                      const std::function<void(int64_t, int64_t)> &work) {
  parallelFor((rows + kStrip - 1) / kStrip, threads, [&](int64_t index) {
    int64_t first = index * kStrip;
    work(first, std::min(kStrip, rows - first));
  });
}

/// target += (H + r)^-1 (C - H) w, and pulls = target * (H + r).
static void aim(GptqProblem &problem, const GramStatistics &statistics,
                MatrixRef<double> triangle, int threads) {
  int64_t n = problem.n, k = problem.k;
  if (!statistics.cross.empty()) {
    std::vector<float> difference(k * k);
    for (int64_t i = 0; i != k * k; ++i)
      difference[i] = statistics.cross[i] - statistics.gram[i];
    PackedMatrix<float> packed(asMatrix(difference, k), true, threads);
    std::vector<double> moved(k * n);
    forStrips(n, threads, [&](int64_t first, int64_t rows) {
      std::vector<float> part(rows * k);
      multiplyAdd(asMatrix(part, k), 1.0f,
                  asMatrix(problem.target, k).block(first, 0, rows, k), false,
                  packed);
      for (int64_t i = 0; i != k; ++i)
        for (int64_t row = 0; row != rows; ++row)
          moved[i * n + first + row] = part[row * k + problem.order[i]];
    });
    solveCholesky(triangle, {moved.data(), k, n, n}, threads);
    for (int64_t i = 0; i != k; ++i)
      for (int64_t row = 0; row != n; ++row)
        problem.target[row * k + problem.order[i]] += float(moved[i * n + row]);
  }
  problem.pulls.assign(n * k, 0);
  forStrips(n, threads, [&](int64_t first, int64_t rows) {
    multiplyAdd(asMatrix(problem.pulls, k).block(first, 0, rows, k), 1.0f,
                asMatrix(problem.target, k).block(first, 0, rows, k), false,
                problem.packedGram);
  });
}

Expected<GptqProblem> GptqProblem::create(const FloatMatrix &weights,
                                          const GramStatistics &statistics,
                                          const GptqOptions &options) {
  GptqProblem problem;
  int64_t n = problem.n = weights.rows, k = problem.k = weights.cols;
  if (Error error = check(statistics, k))
    return std::move(error);
  problem.target.resize(n * k);
  for (int64_t i = 0; i != n * k; ++i)
    problem.target[i] = loadFloat(weights.data, i, weights.kind);

  std::vector<float> &gram = problem.gram;
  gram = statistics.gram;
  double trace = 0;
  for (int64_t i = 0; i != k; ++i)
    trace += gram[i * k + i];
  // Inputs that are always zero tell nothing: then weights count alike.
  float ridge = trace > 0 ? float(options.ridge * trace / k) : 1.0f;
  for (int64_t i = 0; i != k; ++i)
    gram[i * k + i] += ridge;

  // Babai's algorithm goes from the last place to the first, so the largest
  // diagonal stands last.
  std::vector<int64_t> &order = problem.order;
  order.resize(k);
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](int64_t a, int64_t b) {
    return std::pair(gram[a * k + a], a) < std::pair(gram[b * k + b], b);
  });
  std::vector<double> permuted(k * k);
  MatrixRef<double> triangle{permuted.data(), k, k, k};
  for (double raised = 0;;
       raised = raised == 0 ? 1e-6 * (trace / k + ridge) : raised * 10) {
    for (int64_t i = 0; i != k; ++i) {
      for (int64_t j = 0; j <= i; ++j)
        permuted[i * k + j] = gram[order[i] * k + order[j]];
      permuted[i * k + i] += raised;
    }
    // Only without a ridge can rounding errors make it indefinite.
    if (factorCholesky(triangle, options.threads))
      break;
  }
  problem.packedGram = PackedMatrix<float>(asMatrix(std::as_const(gram), k),
                                           false, options.threads);
  aim(problem, statistics, triangle, options.threads);
  problem.factor.assign(k * k, 0);
  for (int64_t i = 0; i != k; ++i)
    for (int64_t j = 0; j <= i; ++j)
      problem.factor[i * k + j] = float(permuted[i * k + j]);
  problem.packedFactor = PackedMatrix<float>(
      asMatrix(std::as_const(problem.factor), k), false, options.threads);
  return std::move(problem);
}

} // namespace mixbit
