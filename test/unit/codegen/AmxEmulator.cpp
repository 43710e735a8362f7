//===- AmxEmulator.cpp - Tile instructions on a CPU without them ----------===//
#include "test/unit/codegen/AmxEmulator.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
#include <csignal>
#include <ucontext.h>

namespace {

/// The state, and one instruction of it. One thread runs kernels in tests.
struct Tiles {
  bool isConfigured = false;
  uint8_t palette[64] = {};
  uint8_t data[8][16][64] = {};
  long products = 0;

  int rows(int tile) const { return palette[48 + tile]; }
  int bytes(int tile) const {
    return palette[16 + 2 * tile] | palette[17 + 2 * tile] << 8;
  }
};
Tiles tiles;

[[noreturn]] void fault(const char *what) {
  std::fprintf(stderr, "AMX: %s\n", what);
  std::abort();
}

void require(bool condition, const char *what) {
  if (!condition)
    fault(what);
}

void checkTile(int tile) {
  require(tiles.isConfigured, "no configuration");
  require(tiles.rows(tile) > 0 && tiles.bytes(tile) > 0,
          "a tile that is not configured");
}

void configure(const uint8_t *palette) {
  require(palette[0] == 1, "a palette of 1");
  for (int i = 1; i < 64; ++i)
    require((i >= 16 && i < 32) || (i >= 48 && i < 56) || palette[i] == 0,
            "zeros in what is reserved");
  std::memcpy(tiles.palette, palette, 64);
  for (int tile = 0; tile < 8; ++tile) {
    require(tiles.rows(tile) <= 16, "at most 16 rows");
    require(tiles.bytes(tile) <= 64, "at most 64 bytes a row");
    require((tiles.rows(tile) == 0) == (tiles.bytes(tile) == 0),
            "rows and bytes both zero or neither");
  }
  std::memset(tiles.data, 0, sizeof(tiles.data));
  tiles.isConfigured = true;
}

void move(int tile, uint8_t *start, int64_t stride, bool isStore) {
  checkTile(tile);
  for (int row = 0; row < tiles.rows(tile); ++row) {
    uint8_t *memory = start + row * stride, *own = tiles.data[tile][row];
    std::memcpy(isStore ? memory : own, isStore ? own : memory,
                tiles.bytes(tile));
    if (!isStore)
      std::memset(own + tiles.bytes(tile), 0, 64 - tiles.bytes(tile));
  }
  for (int row = tiles.rows(tile); row < 16 && !isStore; ++row)
    std::memset(tiles.data[tile][row], 0, 64);
}

void checkProduct(int sums, int a, int b) {
  for (int tile : {sums, a, b})
    checkTile(tile);
  require(sums != a && sums != b && a != b, "three different tiles");
  require(tiles.rows(sums) == tiles.rows(a), "as many rows of sums as of data");
  require(tiles.bytes(sums) == tiles.bytes(b), "sums as wide as the lines");
  require(tiles.bytes(a) == 4 * tiles.rows(b), "as many lines as inputs");
  ++tiles.products;
}

/// sums += a * b, bytes four at a time, signed where it is said.
void multiply(int sums, int a, int b, bool isASigned, bool isBSigned) {
  checkProduct(sums, a, b);
  for (int m = 0; m < tiles.rows(sums); ++m)
    for (int n = 0; n < tiles.bytes(sums) / 4; ++n) {
      int32_t sum;
      std::memcpy(&sum, &tiles.data[sums][m][4 * n], 4);
      for (int k = 0; k < tiles.bytes(a); ++k) {
        uint8_t x = tiles.data[a][m][k];
        uint8_t y = tiles.data[b][k / 4][4 * n + k % 4];
        sum += (isASigned ? int(int8_t(x)) : int(x)) *
               (isBSigned ? int(int8_t(y)) : int(y));
      }
      std::memcpy(&tiles.data[sums][m][4 * n], &sum, 4);
    }
}

/// sums += a * b in f32, pairs of bf16.
void multiplyBf16(int sums, int a, int b) {
  checkProduct(sums, a, b);
  auto number = [](const uint8_t *half) {
    uint32_t bits = uint32_t(half[0]) << 16 | uint32_t(half[1]) << 24;
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
  };
  for (int m = 0; m < tiles.rows(sums); ++m)
    for (int n = 0; n < tiles.bytes(sums) / 4; ++n) {
      float sum;
      std::memcpy(&sum, &tiles.data[sums][m][4 * n], 4);
      for (int k = 0; k < tiles.bytes(a); k += 2)
        sum += number(&tiles.data[a][m][k]) *
               number(&tiles.data[b][k / 4][4 * n + k % 4]);
      std::memcpy(&tiles.data[sums][m][4 * n], &sum, 4);
    }
}

/// Decodes one instruction, a three-byte VEX prefix of map 0F38.
class Decoder {
public:
  explicit Decoder(greg_t *registers)
      : registers(registers),
        code(reinterpret_cast<const uint8_t *>(registers[REG_RIP])) {}

  /// False if it is none of AMX's. Else carries it out and moves on.
  bool run();

private:
  int64_t generalRegister(int number) const {
    static constexpr int places[] = {
        REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
        REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    return registers[places[number]];
  }
  /// Base and displacement; the index is kept apart, as a row's stride.
  uint8_t *decodeAddress();

  greg_t *registers;
  const uint8_t *code;
  int length = 5; ///< prefix, opcode, ModRM
  int64_t stride = 0;
};

uint8_t *Decoder::decodeAddress() {
  int mod = code[4] >> 6, rm = code[4] & 7;
  bool extendIndex = !(code[1] & 0x40), extendBase = !(code[1] & 0x20);
  int64_t address = 0;
  bool hasBase = true;
  if (rm == 4) {
    uint8_t sib = code[length++];
    int base = sib & 7, index = (sib >> 3 & 7) + 8 * extendIndex;
    if (index != 4)
      stride = generalRegister(index) << (sib >> 6);
    hasBase = !(mod == 0 && base == 5);
    if (hasBase)
      address = generalRegister(base + 8 * extendBase);
  } else if (mod == 0 && rm == 5) {
    fault("no address relative to the instruction");
  } else {
    address = generalRegister(rm + 8 * extendBase);
  }
  if (mod == 1) {
    address += int8_t(code[length++]);
  } else if (mod == 2 || !hasBase) {
    int32_t displacement;
    std::memcpy(&displacement, code + length, 4);
    address += displacement;
    length += 4;
  }
  return reinterpret_cast<uint8_t *>(address);
}

bool Decoder::run() {
  if (code[0] != 0xc4 || (code[1] & 0x1f) != 2 || (code[2] & 0x84) != 0)
    return false;
  int prefix = code[2] & 3; // none, 66, f3, f2
  int opcode = code[3], mod = code[4] >> 6, reg = code[4] >> 3 & 7;
  int rm = code[4] & 7, third = ~(code[2] >> 3) & 15;
  if (opcode == 0x49 && mod == 3 && prefix == 0 && code[4] == 0xc0) {
    tiles.isConfigured = false;
  } else if (opcode == 0x49 && mod == 3 && prefix == 3) {
    checkTile(reg);
    std::memset(tiles.data[reg], 0, sizeof(tiles.data[reg]));
  } else if (opcode == 0x49 && mod != 3 && prefix == 0) {
    configure(decodeAddress());
  } else if (opcode == 0x4b && mod != 3 && rm == 4 && prefix != 0) {
    uint8_t *start = decodeAddress();
    move(reg, start, stride, /*isStore=*/prefix == 2);
  } else if (opcode == 0x5e && mod == 3) {
    multiply(reg, rm, third, prefix == 3 || prefix == 2,
             prefix == 3 || prefix == 1);
  } else if (opcode == 0x5c && mod == 3 && prefix == 2) {
    multiplyBf16(reg, rm, third);
  } else {
    return false;
  }
  registers[REG_RIP] += length;
  return true;
}

void handle(int, siginfo_t *, void *context) {
  greg_t *registers = static_cast<ucontext_t *>(context)->uc_mcontext.gregs;
  if (Decoder(registers).run())
    return;
  // The same instruction faults again, now as if nobody had been here.
  std::signal(SIGILL, SIG_DFL);
}

} // namespace

bool mixbit::emulateAmx() {
  struct sigaction action = {};
  action.sa_sigaction = handle;
  action.sa_flags = SA_SIGINFO;
  return sigaction(SIGILL, &action, nullptr) == 0;
}

long mixbit::numEmulatedProducts() { return tiles.products; }
bool mixbit::areTilesConfigured() { return tiles.isConfigured; }

#else

bool mixbit::emulateAmx() { return false; }
long mixbit::numEmulatedProducts() { return 0; }
bool mixbit::areTilesConfigured() { return false; }

#endif
