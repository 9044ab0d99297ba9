import { describe, expect, it } from "vitest"
import { withSodiumMemory } from "./sodium-memory.ts"
import { loadSodium, type SodiumHeap } from "./sodium.ts"

const sodium = await loadSodium()
const SECRET = new Uint8Array(48).fill(7)

/** A heap of 64 bytes that hands out one address after the other, and keeps what was given back. */
function smallHeap(): SodiumHeap & { readonly freed: number[] } {
  const [heap, freed] = [new Uint8Array(64), [] as number[]]
  let next = 8
  const malloc = (lengthBytes: number): number => {
    const address = next
    next += lengthBytes
    return next > heap.length ? 0 : address
  }
  return { heap, freed, malloc, free: (address) => void freed.push(address) }
}

describe("memory of libsodium", () => {
  it("holds a copy of what it was given, and room to write in", () => {
    const read = withSodiumMemory(sodium, (memory) => {
      const [copy, room] = [memory.copy(SECRET), memory.room(2)] as const
      sodium.heap.set([1, 2], room)
      return [memory.read(copy, 48), memory.read(room, 2)]
    })
    expect(read).toEqual([SECRET, Uint8Array.of(1, 2)])
  })

  it("is zeroed and given back after the call", () => {
    const heap = smallHeap()
    withSodiumMemory(heap, (memory) => heap.heap.fill(9, memory.room(4), memory.copy(SECRET) + SECRET.length))
    expect(heap.heap).toEqual(new Uint8Array(64))
    expect(heap.freed).toEqual([8, 12])
  })

  it("is zeroed and given back after a call that throws", () => {
    const heap = smallHeap()
    const failing = (): never =>
      withSodiumMemory(heap, (memory) => {
        throw new Error(`at ${memory.copy(SECRET)}`)
      })
    expect(failing).toThrow("at 8")
    expect(heap.heap).toEqual(new Uint8Array(64))
    expect(heap.freed).toEqual([8])
  })

  it("refuses what does not fit, and gives back the rest", () => {
    const heap = smallHeap()
    expect(() => withSodiumMemory(heap, (memory) => memory.copy(SECRET) + memory.copy(SECRET))).toThrow(RangeError)
    expect(heap.heap).toEqual(new Uint8Array(64))
    expect(heap.freed).toEqual([8])
  })

  it("is read from where it is after it has grown", () => {
    const large = new Uint8Array(sodium.heap.length).fill(3)
    const last = withSodiumMemory(sodium, (memory) => memory.read(memory.copy(large) + large.length - 1, 1))
    expect(last).toEqual(Uint8Array.of(3))
  })
})
