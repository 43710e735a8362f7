//===- RowOrderTest.cpp - Sensitivities of sorted rows --------------------===//
#include "passes/quantize/RowOrder.h"

#include "lib/quant/Candidates.h"

#include <gtest/gtest.h>

using namespace mixbit;

namespace {

TEST(RowOrder, SensitivitiesFollow) {
  Sensitivities all;
  WeightSensitivity &up = all.weights.emplace_back();
  up.name = "up";
  up.rows = 3;
  up.cols = 2;
  up.rowGroup = 2;
  up.fisher = {0, 1, 10, 11, 20, 21};
  up.values["trace"] = {4, 8};
  up.values["fisher"] = {7};
  up.values["loss:int4:1x0"] = {1, 2};
  WeightSensitivity &down = all.weights.emplace_back();
  down.name = "down";
  down.rows = 2;
  down.cols = 3;
  down.fisher = {0, 1, 2, 10, 11, 12};
  all.weights.push_back(down);
  all.weights.back().name = "other";

  RowOrders orders;
  orders.rows["up"] = {2, 0, 1};
  orders.columns["down"] = {2, 0, 1};
  applyRowOrders(all, orders);
  EXPECT_EQ(all.weights[0].fisher, (std::vector<float>{20, 21, 0, 1, 10, 11}));
  // Rows had 4, 4 and 8; they have 8, 4 and 4 now.
  EXPECT_EQ(all.weights[0].values["trace"], (std::vector<double>{6, 4}));
  EXPECT_EQ(all.weights[0].values["fisher"], (std::vector<double>{7}));
  EXPECT_EQ(all.weights[0].values["loss:int4:1x0"], (std::vector<double>{3}));
  EXPECT_EQ(all.weights[1].fisher, (std::vector<float>{2, 0, 1, 12, 10, 11}));
  EXPECT_EQ(all.weights[2].fisher, (std::vector<float>{0, 1, 2, 10, 11, 12}));
}

TEST(RowOrder, RowLosses) {
  const float data[] = {1.0f, 0.4f, -0.7f, 0.2f, 1.0f, 0.4f, -0.7f, 0.2f};
  FloatMatrix matrix{data, FloatKind::F32, 2, 4};
  Format format = Format::makeInt(3, 1, 0);
  const double values[] = {1, 10};
  Curvature curvature;
  curvature.rowValues = values;
  curvature.rowGroup = 1;
  auto losses = predictedRowLosses(matrix, format, curvature);
  ASSERT_TRUE(bool(losses));
  ASSERT_EQ(losses->size(), 2u);
  EXPECT_GT((*losses)[0], 0);
  EXPECT_NEAR((*losses)[1], 10 * (*losses)[0], 1e-6);
  // They add up to the loss of the whole.
  auto whole = predictedLoss(matrix, format, curvature, WeightUse::Linear);
  ASSERT_TRUE(bool(whole));
  EXPECT_NEAR(*whole, (*losses)[0] + (*losses)[1], 1e-9);
  // Of each weight's own number, too.
  const float each[] = {1, 1, 1, 1, 10, 10, 10, 10};
  Curvature own;
  own.each = each;
  auto same = predictedRowLosses(matrix, format, own);
  ASSERT_TRUE(bool(same));
  EXPECT_NEAR((*same)[1], (*losses)[1], 1e-6);
}

} // namespace
