import { fromHex, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { decodeAcknowledgement, encodeAcknowledgement } from "./acknowledgement.ts"
import { MessageHistory, Watermark } from "./message-history.ts"
import type { KeptMessage } from "./message-history.ts"

const from = (senderId: number, messageId: bigint): KeptMessage => ({ senderId, messageId })

describe("a history of messages", () => {
  it("hands out what a watermark lacks, in the order in which it came", () => {
    const history = new MessageHistory<KeptMessage>()
    for (const message of [from(1, 1n), from(2, 1n), from(1, 2n), from(2, 2n)]) history.push(message)
    const watermark = new Watermark()
    watermark.observe(from(1, 1n))
    expect([...history.since(watermark)]).toEqual([from(2, 1n), from(1, 2n), from(2, 2n)])
    expect([...history.sinceOf(2, 1n)]).toEqual([from(2, 2n)])
  })

  it("takes a message once", () => {
    const history = new MessageHistory<KeptMessage>()
    expect([history.push(from(1, 1n)), history.push(from(1, 1n)), history.push(from(2, 1n))]).toEqual([
      true,
      false,
      true,
    ])
    expect(history.has(from(1, 1n))).toBe(true)
  })

  it("gives up its oldest message when there is no room", () => {
    const history = new MessageHistory<KeptMessage>(2)
    for (const messageId of [1n, 2n, 3n]) history.push(from(1, messageId))
    expect([...history.since(new Watermark())]).toEqual([from(1, 2n), from(1, 3n)])
    history.clear()
    expect(history.size).toBe(0)
  })

  it("has to have room for a message", () => {
    expect(() => new MessageHistory(0)).toThrow(RangeError)
  })
})

describe("a watermark", () => {
  it("never goes back", () => {
    const watermark = new Watermark()
    watermark.observe(from(1, 5n))
    watermark.observe(from(1, 3n))
    expect(watermark.newestOf(1)).toBe(5n)
    expect(watermark.isBehind(from(1, 5n))).toBe(false)
    expect(watermark.isBehind(from(1, 6n))).toBe(true)
  })

  it("takes a first message whatever its id", () => {
    const watermark = new Watermark()
    watermark.observe(from(1, 0n))
    expect(watermark.snapshot()).toEqual(new Map([[1, 0n]]))
    watermark.forget(1)
    expect(watermark.size).toBe(0)
  })
})

describe("an acknowledgement of a message", () => {
  it("is the map rid, mid, sc, reason", () => {
    const answer = { requestId: 1, messageId: 2n, statusCode: 0x2003, reason: "no" }
    const written = `a46372696401636d69640262736319200366726561736f6e626e6f`
    expect(toHex(encodeAcknowledgement(answer))).toBe(written)
    expect(decodeAcknowledgement(fromHex(written))).toEqual(answer)
  })

  it("has no longer reason than the bound", () => {
    const long = { requestId: 1, messageId: 2n, statusCode: 0, reason: "x".repeat(257) }
    expect(() => encodeAcknowledgement(long)).toThrow(RangeError)
  })
})
