import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { firstDifference, patternBytes, readAll, readSome, restingValue, writeAll } from "./bytes.ts"
import type { ConnectionMaker } from "./connection-pair.ts"

const lengths = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(1, 4_095, 65_535, 65_536, 65_537), fc.nat(200_000)),
  { maxLength: 40 },
)

/** What a connection promises while it is open. */
export function describeStream(maker: ConnectionMaker): void {
  describe("as a stream", () => {
    describeOrder(maker)
    describeManners(maker)
  })
  describe("when the reader does not read", () => {
    if (maker.slowReaderFails === true) describeOverflow(maker)
    else describeBackPressure(maker)
    describeImpatience(maker)
  })
}

function describeOrder({ makePair, mostUnreadBytes }: ConnectionMaker): void {
  it("delivers bytes in order, once and unchanged, however they were chunked", async () => {
    const law = fc.asyncProperty(lengths, fc.nat(), async (chunkLengths, seed) => {
      await using pair = await makePair()
      const bytes = patternBytes(
        chunkLengths.reduce((sum, length) => sum + length, 0),
        seed,
      )
      const reading = readAll(pair.far)
      let at = 0
      for (const length of chunkLengths) await pair.near.write(bytes.slice(at, (at += length)))
      await pair.near.finish()
      expect(firstDifference(await reading, bytes)).toBeUndefined()
    })
    await fc.assert(law, { numRuns: 15 })
  })

  it("delivers writes that were not awaited in the order of the calls", async () => {
    await using pair = await makePair()
    const bytes = patternBytes(1_200_140, 1)
    const reading = readAll(pair.far)
    const writes: Promise<void>[] = []
    for (let at = 0; at < bytes.length; at += 60_007) {
      writes.push(pair.near.write(bytes.slice(at, at + 60_000)), pair.near.write(bytes.slice(at + 60_000, at + 60_007)))
    }
    await Promise.all(writes)
    await pair.near.finish()
    expect(firstDifference(await reading, bytes)).toBeUndefined()
  })

  it("carries large transfers in both directions at once", async () => {
    await using pair = await makePair()
    const there = patternBytes(8_000_000, 2)
    const back = patternBytes(7_000_000, 3)
    const [atFar, atNear] = await Promise.all([
      readAll(pair.far),
      readAll(pair.near),
      writeAll(pair.near, there, 100_000),
      writeAll(pair.far, back, 30_000),
    ])
    expect(firstDifference(atFar, there)).toBeUndefined()
    expect(firstDifference(atNear, back)).toBeUndefined()
  })

  it("takes one write that is larger than any buffer on the way", async () => {
    await using pair = await makePair()
    const bytes = patternBytes(mostUnreadBytes * 3 + 1, 4)
    const [read] = await Promise.all([readAll(pair.far), writeAll(pair.near, bytes.slice(), bytes.length)])
    expect(firstDifference(read, bytes)).toBeUndefined()
  })
}

function describeManners({ makePair }: ConnectionMaker): void {
  it("sends nothing for an empty write", async () => {
    await using pair = await makePair()
    await pair.near.write(new Uint8Array(0))
    await pair.near.finish()
    expect(await readAll(pair.far)).toHaveLength(0)
  })

  it("answers while the other direction is idle", async () => {
    await using pair = await makePair()
    const atFar = pair.far.incoming[Symbol.asyncIterator]()
    const atNear = pair.near.incoming[Symbol.asyncIterator]()
    for (let round = 0; round < 50; round++) {
      await pair.near.write(Uint8Array.of(round))
      expect(await readSome(atFar, 1)).toEqual(Buffer.of(round))
      await pair.far.write(Uint8Array.of(255 - round))
      expect(await readSome(atNear, 1)).toEqual(Buffer.of(255 - round))
    }
  })

  it("says what it travels over and who is at the other end", async () => {
    await using pair = await makePair()
    expect(pair.near.kind).toBe(pair.far.kind)
    expect(pair.near.peerAddress).not.toBe("")
    expect(pair.far.peerAddress).not.toBe("")
  })

  it("refuses a second reader", async () => {
    await using pair = await makePair()
    pair.far.incoming[Symbol.asyncIterator]()
    expect(() => pair.far.incoming[Symbol.asyncIterator]()).toThrow(TypeError)
  })
}

function describeBackPressure({ makePair, mostUnreadBytes }: ConnectionMaker): void {
  it("stops the writer after a bounded number of bytes, and loses none of them", async () => {
    await using pair = await makePair()
    const chunk = patternBytes(50_000, 5)
    const chunkCount = Math.ceil((mostUnreadBytes * 4) / chunk.length)
    let takenBytes = 0
    const writing = (async () => {
      for (let i = 0; i < chunkCount; i++) {
        await pair.near.write(chunk.slice())
        takenBytes += chunk.length
      }
      await pair.near.finish()
    })()
    expect(await restingValue(() => takenBytes, 300)).toBeLessThanOrEqual(mostUnreadBytes)
    expect(takenBytes).toBeGreaterThan(0)
    const [read] = await Promise.all([readAll(pair.far), writing])
    expect(firstDifference(read, Buffer.concat(Array.from({ length: chunkCount }, () => chunk)))).toBeUndefined()
  })

  it("still carries the other direction", async () => {
    await using pair = await makePair()
    const stuck = pair.near.write(new Uint8Array(mostUnreadBytes * 2)).catch((error: unknown) => error)
    const [read] = await Promise.all([readAll(pair.near), writeAll(pair.far, patternBytes(500_000, 6), 9_999)])
    expect(firstDifference(read, patternBytes(500_000, 6))).toBeUndefined()
    await pair.near.close()
    expect(await stuck).toMatchObject({ code: "closed" })
  })
}

function describeOverflow({ makePair, mostUnreadBytes }: ConnectionMaker): void {
  it("fails the connection of the reader, instead of growing", async () => {
    await using pair = await makePair()
    const reader = pair.far.incoming[Symbol.asyncIterator]()
    const writing = writeAll(pair.near, patternBytes(mostUnreadBytes * 4, 5), 50_000).catch(codeOf)
    expect(await writing).toBe("closed")
    await expect(reader.next()).rejects.toMatchObject({ code: "overflow" })
  })
}

function describeImpatience({ makePair }: ConnectionMaker): void {
  it("fails the connection of a writer that never waits, instead of growing", async () => {
    await using pair = await makePair()
    const outcomes = await Promise.all(
      Array.from({ length: 400 }, async () => await pair.near.write(new Uint8Array(65_536)).catch(codeOf)),
    )
    expect(outcomes).toContain("overflow")
    await expect(pair.near.write(Uint8Array.of(1))).rejects.toMatchObject({ code: "overflow" })
  })
}

const codeOf = (error: { readonly code: string }): string => error.code
