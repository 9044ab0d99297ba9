import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { UnreadBytes } from "./unread-bytes.ts"

/** What the pieces keep alive, in bytes. */
function heldBytes(unread: UnreadBytes): number {
  const buffers = new Set<ArrayBufferLike>()
  for (let piece = unread.shift(); piece; piece = unread.shift()) buffers.add(piece.buffer)
  return [...buffers].reduce((sum, buffer) => sum + buffer.byteLength, 0)
}

describe("unread bytes", () => {
  it("gives back what was pushed, in order, however pushes and shifts alternate", () => {
    const pushes = fc.array(fc.tuple(fc.nat(3_000), fc.boolean()), { maxLength: 60 })
    fc.assert(
      fc.property(pushes, (steps) => {
        const unread = new UnreadBytes()
        const pushed: Uint8Array[] = []
        const shifted: Uint8Array[] = []
        for (const [index, [length, alsoShift]] of steps.entries()) {
          const bytes = new Uint8Array(length).fill(index)
          pushed.push(bytes.slice())
          unread.push(bytes)
          const piece = alsoShift ? unread.shift() : undefined
          if (piece) shifted.push(piece)
        }
        for (let piece = unread.shift(); piece; piece = unread.shift()) shifted.push(piece)
        expect(Buffer.compare(Buffer.concat(shifted), Buffer.concat(pushed))).toBe(0)
        expect(unread.lengthBytes).toBe(0)
      }),
    )
  })

  it("gathers single bytes instead of keeping an object for each", () => {
    const unread = new UnreadBytes()
    for (let i = 0; i < 100_000; i++) unread.push(Uint8Array.of(i))
    expect(heldBytes(unread)).toBeLessThan(110_000)
  })

  it("does not keep a large buffer alive for a small part of it", () => {
    const unread = new UnreadBytes()
    for (let i = 0; i < 50; i++) unread.push(new Uint8Array(1_000_000).subarray(0, 2_000))
    expect(heldBytes(unread)).toBe(100_000)
  })

  it("is empty after it was cleared", () => {
    const unread = new UnreadBytes()
    unread.push(Uint8Array.of(1))
    unread.push(new Uint8Array(2_000))
    unread.clear()
    expect(unread.lengthBytes).toBe(0)
    expect(unread.shift()).toBeUndefined()
  })
})
