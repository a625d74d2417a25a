#pragma once

#include <cstdint>

namespace carbon_spool {

/// The opcodes of pickle protocols 0 to 5 that a list of points is made of, and those that are
/// unsafe (source: Python 3.11, `Lib/pickletools.py`).
enum class Opcode : std::uint8_t {
  Proto = 0x80,
  Frame = 0x95,
  Stop = '.',

  Put = 'p',
  BinPut = 'q',
  LongBinPut = 'r',
  Get = 'g',
  BinGet = 'h',
  LongBinGet = 'j',
  Memoize = 0x94,

  Mark = '(',
  List = 'l',
  EmptyList = ']',
  Append = 'a',
  Appends = 'e',
  Tuple = 't',
  EmptyTuple = ')',
  Tuple1 = 0x85,
  Tuple2 = 0x86,
  Tuple3 = 0x87,

  Int = 'I',
  BinInt = 'J',
  BinInt1 = 'K',
  BinInt2 = 'M',
  Long = 'L',
  Long1 = 0x8a,
  Long4 = 0x8b,
  Float = 'F',
  BinFloat = 'G',

  String = 'S',
  BinString = 'T',
  ShortBinString = 'U',
  Unicode = 'V',
  BinUnicode = 'X',
  ShortBinUnicode = 0x8c,
  BinUnicode8 = 0x8d,
  BinBytes = 'B',
  ShortBinBytes = 'C',
  BinBytes8 = 0x8e,

  None = 'N',
  NewTrue = 0x88,
  NewFalse = 0x89,

  Pop = '0',
  PopMark = '1',
  Dup = '2',

  // Unsafe: they name something outside the pickle, or call it.
  Global = 'c',
  StackGlobal = 0x93,
  Inst = 'i',
  Obj = 'o',
  Reduce = 'R',
  Build = 'b',
  NewObj = 0x81,
  NewObjEx = 0x92,
  PersId = 'P',
  BinPersId = 'Q',
  Ext1 = 0x82,
  Ext2 = 0x83,
  Ext4 = 0x84,
};

}  // namespace carbon_spool
