import { fromUtf8, toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import manifest from "../package.json" with { type: "json" }
import {
  CapabilitiesNegotiator,
  encodeGbpFrame,
  JitterBuffer,
  lookupError,
  MessageHistory,
  Permissions,
  RoleError,
  RoleRegistry,
  version,
  Watermark,
} from "./index.ts"

const entry = (senderId: number, messageId: bigint) => ({ senderId, messageId, text: String(messageId) })
const audio = (mediaSourceId: number, rtpSequence: number) => {
  return { mediaSourceId, rtpSequence, plaintext: Uint8Array.of(rtpSequence) }
}

describe("a message history", () => {
  it("keeps each message once, and the newest ones", () => {
    const history = new MessageHistory(3)
    expect([0n, 0n, 1n, 2n, 3n].map((id) => history.push(entry(1, id)))).toEqual([true, false, true, true, true])
    expect([history.length, history.contains(1, 0n), history.contains(1, 3n)]).toEqual([3, false, true])
    history.clear()
    expect(history.length).toBe(0)
    expect(() => new MessageHistory(0)).toThrow(RangeError)
  })

  it("hands out what somebody lacks", () => {
    const history = new MessageHistory(100)
    for (const [senderId, id] of [
      [1, 10n],
      [2, 20n],
      [1, 30n],
    ] as const)
      history.push(entry(senderId, id))
    const watermark = new Watermark()
    watermark.observe(1, 10n)
    expect([...history.since(watermark)].map(({ messageId }) => messageId)).toEqual([20n, 30n])
    expect([...history.sinceForSender(1, 10n)].map(({ messageId }) => messageId)).toEqual([30n])
  })
})

it("a watermark never goes back", () => {
  const watermark = new Watermark()
  for (const id of [5n, 3n]) watermark.observe(1, id)
  expect([watermark.lastSeen(1), watermark.lastSeen(3), watermark.size]).toEqual([5n, null, 1])
  expect([...watermark.snapshot()]).toEqual([[1, 5n]])
  watermark.clear()
  expect([watermark.lastSeen(1), watermark.size]).toEqual([null, 0])
})

describe("a jitter buffer", () => {
  it("gives the frames of each source in their order", () => {
    const buffer = new JitterBuffer(10)
    expect([2, 0, 1].map((at) => buffer.push(audio(1, at)).outcome)).toEqual(["accepted", "accepted", "accepted"])
    buffer.push(audio(2, 9))
    expect([1, 1, 1, 1, 2].map((source) => buffer.popInOrder(source)?.rtpSequence)).toEqual([0, 1, 2, undefined, 9])
  })

  it("goes over a gap when it is told to, and what comes then is late", () => {
    const buffer = new JitterBuffer(10)
    buffer.push(audio(1, 0))
    buffer.popInOrder(1)
    buffer.push(audio(1, 5))
    expect(buffer.popInOrder(1)).toBeNull()
    expect(buffer.popForce(1)?.rtpSequence).toBe(5)
    expect(buffer.push(audio(1, 3)).outcome).toBe("late")
  })

  it("holds as many frames and sources as it may", () => {
    const buffer = new JitterBuffer(2, 2)
    const results = [0, 1, 2].map((at) => buffer.push(audio(1, at)))
    expect(results.at(-1)).toEqual({ outcome: "evicted", evicted: audio(1, 0) })
    expect([buffer.lengthFor(1), buffer.lengthFor(2)]).toEqual([2, 0])
    buffer.push(audio(2, 0))
    buffer.push(audio(3, 0))
    expect([1, 2, 3].map((source) => buffer.lengthFor(source))).toEqual([0, 1, 1])
    buffer.clear()
    expect(buffer.lengthFor(3)).toBe(0)
    expect(() => new JitterBuffer(0)).toThrow(RangeError)
    expect(() => new JitterBuffer(1, 0)).toThrow(RangeError)
  })
})

describe("a role registry", () => {
  it("permits what a member's role permits", () => {
    const roles = new RoleRegistry()
    roles.defineRole(1, "mod", Permissions.SendText | Permissions.MuteOthers)
    roles.assign(42, 1)
    expect([roles.roleOf(42)?.name, roles.permissionsOf(42), roles.permissionsOf(7)]).toEqual(["mod", 9, 0])
    expect([roles.has(42, Permissions.MuteOthers), roles.has(42, Permissions.Invite)]).toEqual([true, false])
    expect(() => roles.require(42, Permissions.SendText)).not.toThrow()
    expect(() => roles.require(42, Permissions.CloseGroup)).toThrow(RoleError)
    expect(() => roles.assign(1, 999)).toThrow(expect.objectContaining({ code: "unknown_role" }))
    expect([...roles.allRoles()].map(({ id }) => id)).toEqual([1])
  })

  it("numbers the permissions as they are on the wire", () => {
    expect(Object.values(Permissions)).toEqual([0, 1, 2, 4, 8, 16, 32, 64, 128])
  })
})

it("a negotiator tells what everybody can do", () => {
  const negotiator = new CapabilitiesNegotiator()
  expect([negotiator.groupSupports("x"), negotiator.intersection()]).toEqual([false, new Set()])
  negotiator.advertise(1, ["old"])
  negotiator.advertise(1, ["a", "b"])
  negotiator.advertise(2, ["b"])
  expect([negotiator.groupSupports("b"), negotiator.groupSupports("a"), negotiator.missing("a")]).toEqual([
    true,
    false,
    [2],
  ])
  expect([negotiator.intersection(), negotiator.union()]).toEqual([new Set(["b"]), new Set(["a", "b"])])
  expect([negotiator.capabilitiesOf(1), negotiator.capabilitiesOf(3)]).toEqual([new Set(["a", "b"]), null])
  negotiator.forget(1)
  expect(negotiator.size).toBe(1)
})

describe("a frame by hand", () => {
  it("has the fields that it was given", () => {
    const bytes = encodeGbpFrame(1, new Uint8Array(16), 2n, 3, 2, 101, 7, 4, Uint8Array.of(0xaa))
    expect(toHex(bytes)).toBe(
      "aa61760163676964500000000000000000000000000000000062657002637469640362737402637369641865" +
        "62666c0763736571046370737a0162706c41aa",
    )
    expect(toHex(encodeGbpFrame(9, new Uint8Array(16), 2, 3, 2, 101, 7, 4, new Uint8Array(0)))).toMatch(/^aa617609/)
    expect(() => encodeGbpFrame(1, new Uint8Array(5), 1n, 0, 2, 0, 0, 1, new Uint8Array(1))).toThrow(RangeError)
  })
})

it("an error is looked up as the object that a NACK carries", () => {
  const found = lookupError(0x0001)
  expect(fromUtf8(found!.subarray(-25))).toContain("UNSUPPORTED_VERSION")
  expect(lookupError(0xffff)).toBeNull()
})

it("the version is that of the package", () => {
  expect(version()).toBe(`gbp-stack ${manifest.version} (gbp + gtp + gap + gsp)`)
})
