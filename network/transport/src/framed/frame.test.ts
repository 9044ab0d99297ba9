import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { encodeClose, encodeHeader, FrameKind, FrameReader } from "./frame.ts"

/** Reads `pieces` one after the other and writes down what was found. */
function read(...pieces: readonly Uint8Array[]): { found: string[]; violation: string | undefined } {
  const found: string[] = []
  const reader = new FrameReader({
    data: (bytes) => found.push(`data ${Buffer.from(bytes).toString("hex")}`),
    credit: (bytes) => found.push(`credit ${bytes}`),
    finish: () => found.push("finish"),
    close: (reason) => found.push(`close ${reason}`),
    ping: () => found.push("ping"),
    pong: () => found.push("pong"),
  })
  for (const piece of pieces) {
    const violation = reader.push(piece)
    if (violation !== undefined) return { found, violation }
  }
  return { found, violation: undefined }
}

const everyFrame = Buffer.concat([
  encodeHeader(FrameKind.pong, 0),
  encodeHeader(FrameKind.ping, 0),
  encodeHeader(FrameKind.credit, 0xff_ffff),
  encodeHeader(FrameKind.data, 2),
  Uint8Array.of(0xab, 0xcd),
  encodeHeader(FrameKind.finish, 0),
  encodeClose("bye"),
])

describe("frame reader", () => {
  it("reads every kind of frame", () => {
    expect(read(everyFrame).found).toEqual(["pong", "ping", "credit 16777215", "data abcd", "finish", "close bye"])
  })

  it("reads the same whatever the pieces", () => {
    const pieces = Array.from(everyFrame, (byte) => Uint8Array.of(byte))
    expect(read(...pieces).found).toEqual([
      "pong",
      "ping",
      "credit 16777215",
      "data ab",
      "data cd",
      "finish",
      "close bye",
    ])
  })

  it.each([
    { hex: "01000000", because: "an empty frame" },
    { hex: "02000000", because: "an empty credit" },
    { hex: "03000001", because: "a malformed finish" },
    { hex: "0300000003000000", because: "a malformed finish" },
    { hex: "0300000001000001", because: "data after finish" },
    { hex: "04000079", because: "a reason that is too long" },
    { hex: "05000001", because: "a malformed ping" },
    { hex: "06000001", because: "a malformed pong" },
    { hex: "00000000", because: "an unknown frame" },
    { hex: "16030100", because: "an unknown frame" },
  ])("refuses $hex: $because", ({ hex, because }) => {
    expect(read(Buffer.from(hex, "hex")).violation).toBe(because)
  })

  it("reads nothing after a close", () => {
    expect(read(encodeClose(""), everyFrame).found).toEqual(["close "])
  })

  it("shows nothing of a reason that a terminal would act on", () => {
    expect(read(encodeClose("a\u{1B}[31m\r\n\u{202E}b\u{2028}")).found).toEqual([
      "close a\u{FFFD}[31m\u{FFFD}\u{FFFD}\u{FFFD}b\u{FFFD}",
    ])
  })

  it("cuts a reason between characters", () => {
    expect(encodeClose("é".repeat(100))).toHaveLength(4 + 120)
    expect(encodeClose(`x${"é".repeat(100)}`)).toHaveLength(4 + 119)
  })

  it("returns for any bytes at all", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
        expect(read(...pieces).found.length).toBeLessThan(2_000)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe("frame header", () => {
  it.each([-1, 0x100_0000, 0.5])("does not carry %d", (number) => {
    expect(() => encodeHeader(FrameKind.data, number)).toThrow(RangeError)
  })
})
