import { DecodeError, encodeCbor, equalBytes, RecordLog, RecordReader, toHex, toUtf8 } from "@qpc/wire"
import type { StateRecord } from "@qpc/wire"
import type { CborValue } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { encodeMessage } from "./message.ts"
import type { GtpMessage } from "./message.ts"
import { MessageReceiver } from "./receive.ts"
import { sendText } from "./send.ts"

const counting = () => {
  let next = 0
  return (lengthBytes: number) => new Uint8Array(lengthBytes).fill(++next)
}
const text = (written: string, random = counting()) => {
  const sent = sendText({ text: written, senderId: 7, nowMs: 1_700_000_000_000, random })
  if (sent.kind !== "message") throw new Error(sent.reason)
  return sent
}
const from7 = (payload: Uint8Array, payloadFormat = 0) => ({ senderId: 7, payloadFormat, payload })
const sample: GtpMessage = {
  messageId: 1n,
  senderId: 7,
  timestampMs: 2n,
  requestId: 3,
  flags: 4,
  contentType: 0,
  contentLength: 2,
  body: toUtf8("hi"),
}
const drawn = (changes: Partial<GtpMessage>) => from7(encodeMessage({ ...sample, ...changes }))

describe("a message", () => {
  it("is the map mid, sid, ts, rid, fl, ct, len, body", () => {
    expect(toHex(encodeMessage(sample))).toBe(
      "a8636d696401637369640762747302637269640362666c0462637400636c656e0264626f6479426869",
    )
  })

  it("carries 64-bit ids and times", () => {
    const huge = { messageId: 2n ** 64n - 1n, timestampMs: 2n ** 53n }
    expect(new MessageReceiver().receive(drawn(huge))).toMatchObject({ kind: "text", ...huge })
  })
})

describe("receiving a message", () => {
  it("delivers the text with its id and sender", () => {
    const { payload, messageId } = text("grüß dich 👋")
    expect(new MessageReceiver().receive(from7(payload))).toEqual({
      kind: "text",
      messageId,
      senderId: 7,
      timestampMs: 1_700_000_000_000n,
      requestId: 0,
      flags: 4,
      contentType: "plain",
      text: "grüß dich 👋",
    })
  })

  it.each([
    ["unsupported_payload_format", 0x2002, from7(encodeMessage(sample), 1)],
    ["malformed", 0x2001, from7(toUtf8("hi"))],
    [
      "malformed",
      0x2001,
      from7(
        encodeCbor(
          new Map<string, CborValue>([
            ["sid", 7],
            ["mid", 1],
          ]),
        ),
      ),
    ],
    ["malformed", 0x2001, drawn({ messageId: 0n })],
    ["too_large", 0x2004, drawn({ body: new Uint8Array(1024 * 1024 + 1) })],
    ["sender_mismatch", 0x2004, drawn({ senderId: 8 })],
    ["unknown_flags", 0x2004, drawn({ flags: 8 })],
    ["unsupported_content_type", 0x2002, drawn({ contentType: 4 })],
    ["bad_length", 0x2001, drawn({ contentLength: 3 })],
    ["not_utf8", 0x2004, drawn({ body: Uint8Array.of(0xc3, 0x28) })],
    ["not_utf8", 0x2004, drawn({ contentType: 1, body: Uint8Array.of(0xc3, 0x28) })],
  ])("drops it as %s, registered as %d", (reason, code, arrived) => {
    expect(new MessageReceiver().receive(arrived)).toEqual({ kind: "drop", reason, code })
  })

  it("hands out binary bodies as they are", () => {
    const body = Uint8Array.of(0xc3, 0x28)
    expect(new MessageReceiver().receive(drawn({ contentType: 2, body }))).toMatchObject({ kind: "binary", body })
  })

  it("delivers the same id of one sender once, and of two senders twice", () => {
    const receiver = new MessageReceiver()
    expect(receiver.receive(drawn({})).kind).toBe("text")
    expect(receiver.receive(drawn({}))).toMatchObject({ kind: "drop", reason: "duplicate_message", code: 0x2003 })
    expect(receiver.receive({ ...drawn({ senderId: 8 }), senderId: 8 }).kind).toBe("text")
  })

  it("does not let a refused message use up an id", () => {
    const receiver = new MessageReceiver()
    expect(receiver.receive(drawn({ flags: 8 })).kind).toBe("drop")
    expect(receiver.receive(drawn({})).kind).toBe("text")
  })

  it("forgets the oldest beyond its limit", () => {
    const receiver = new MessageReceiver({ seenMessages: 2 })
    for (const messageId of [1n, 2n, 3n]) expect(receiver.receive(drawn({ messageId })).kind).toBe("text")
    expect(receiver.receive(drawn({ messageId: 2n })).kind).toBe("drop")
    expect(receiver.receive(drawn({ messageId: 3n })).kind).toBe("drop")
    expect(receiver.receive(drawn({ messageId: 1n })).kind).toBe("text")
  })

  it("remembers after a restart what it delivered", () => {
    const receiver = new MessageReceiver()
    receiver.receive(drawn({}))
    const restarted = MessageReceiver.fromBytes(receiver.toBytes())
    expect(restarted.receive(drawn({})).kind).toBe("drop")
    expect(equalBytes(restarted.toBytes(), receiver.toBytes())).toBe(true)
  })

  it("comes back from its records, of which a message changes one and a forgotten one another", () => {
    const receiver = new MessageReceiver({ seenMessages: 2 })
    const changed: string[] = []
    const log = new RecordLog({ hash: () => new Uint8Array(16), isChecked: () => false, all: () => [] })
    log.mark = (key) => void changed.push(key)
    receiver.attach(log)
    for (const messageId of [1n, 2n, 3n]) receiver.receive(drawn({ messageId }))
    expect(changed).toEqual([0, 1, 2, 0].map((at) => `seen/000000000000000${at}`))
    const records = [...receiver.records()]
    const restarted = MessageReceiver.fromRecords(new RecordReader(records), { seenMessages: 2 })
    expect([...restarted.records()]).toEqual(records)
    expect([2n, 3n, 1n].map((messageId) => restarted.receive(drawn({ messageId })).kind)).toEqual([
      "drop",
      "drop",
      "text",
    ])
    const [first, second] = records as [StateRecord, StateRecord]
    for (const bad of [
      { ...first, key: "seen/1" },
      { key: second.key, value: first.value.slice(1) },
    ]) {
      expect(() => MessageReceiver.fromRecords(new RecordReader([bad]))).toThrow(DecodeError)
    }
    const twice = new RecordReader([first, { key: second.key, value: first.value }])
    expect(() => MessageReceiver.fromRecords(twice)).toThrow(DecodeError)
  })

  it("refuses a stored state that is not one", () => {
    const stored = new MessageReceiver().toBytes()
    expect(() => MessageReceiver.fromBytes(Uint8Array.of(9, ...stored.subarray(1)))).toThrow(/reserved_value/)
    expect(() => MessageReceiver.fromBytes(Uint8Array.of(...stored, 0))).toThrow(/trailing_bytes/)
  })

  it("answers 100 000 random and mutated payloads", () => {
    const receiver = new MessageReceiver()
    const { payload } = text("a text that will be mutated")
    const mutated = fc.tuple(fc.nat(), fc.nat({ max: 255 }), fc.nat({ max: 30 })).map(([at, byte, cut]) => {
      const bytes = payload.slice(0, cut < 10 ? payload.length - cut : undefined)
      bytes[at % bytes.length] = byte
      return bytes
    })
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 80 })), (bytes) => {
        expect(receiver.receive(from7(bytes)).kind).toMatch(/^(text|binary|drop)$/)
      }),
      { numRuns: 100_000 },
    )
  })
})

describe("sending a text", () => {
  it("gives each message an id of its own, never 0", () => {
    const random = counting()
    expect(text("hi", random).messageId).not.toBe(text("hi", random).messageId)
    expect(text("hi", () => new Uint8Array(8)).messageId).toBe(1n)
  })

  it("refuses a body above its limit and text that has no UTF-8", () => {
    const options = { text: "äöü", senderId: 7, nowMs: 0, random: counting() }
    expect(sendText({ ...options, limits: { bodyBytes: 6 } }).kind).toBe("message")
    expect(sendText({ ...options, limits: { bodyBytes: 5 } })).toEqual({
      kind: "refused",
      reason: "too_large",
      bodyBytes: 6,
    })
    expect(() => sendText({ ...options, text: "\udc00" })).toThrow(RangeError)
  })
})
