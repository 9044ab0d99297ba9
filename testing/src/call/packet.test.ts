import { describe, expect, it } from "vitest"
import { decodePacket, encodePacket } from "./packet.ts"
import type { Packet } from "./packet.ts"

describe("a packet of a call", () => {
  it.each<Packet>([
    { kind: "audio", frame: Uint8Array.of(1, 2) },
    { kind: "commit", from: 3, commit: Uint8Array.of(4) },
    { kind: "arrived", from: 3, epoch: 2n ** 40n },
  ])("is read as it was written: $kind", (packet) => {
    expect(decodePacket(encodePacket(packet))).toEqual(packet)
  })

  it.each([[[]], [[3, 1]], [[2, 1, 0]], [[2]], [[1]]])("is none of %s", (bytes) => {
    expect(decodePacket(Uint8Array.from(bytes))).toBeUndefined()
  })
})
