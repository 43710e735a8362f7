//===- AmxEmulator.h - Tile instructions on a CPU without them --*- C++ -*-===//
//
// Machine code with tile instructions of AMX raises an illegal instruction on
// other CPUs; this carries it out then, as Intel's manual defines it, and goes
// on behind it. So the very code that AMX would run is tested: its operands,
// strides and palettes. What the manual calls a fault ends the process with a
// message.
//
//===----------------------------------------------------------------------===//
#pragma once

namespace mixbit {

/// Handles illegal instructions of this process from now on. Once is enough.
/// False where the machine is no x86-64.
bool emulateAmx();

/// Tile products carried out so far.
long numEmulatedProducts();

/// Whether tile registers hold a configuration: after a kernel, none should.
bool areTilesConfigured();

} // namespace mixbit
