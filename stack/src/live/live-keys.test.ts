import type { ReceivedPayload } from "@qpc/gbp"
import { Group } from "@qpc/mls"
import { expect, it } from "vitest"
import { liveLeaf } from "./live-leaf.ts"
import { LiveKeys } from "./live-keys.ts"
import { LiveParty } from "./testing/live-party.ts"

const KIB = 1024

function newKeys(): LiveKeys {
  const party = new LiveParty("ahead")
  const about = { ...party.identity(1), groupId: party.random(16), nowMs: party.nowMs }
  return new LiveKeys(Group.create({ ...about, limits: {}, ...liveLeaf(1, undefined) }), party.random)
}

/** As much of a payload as is looked at: its sender and its length. */
function payload(senderLeafIndex: number, sealedBytes: number): ReceivedPayload {
  const content = { transitionId: 0, streamType: "text", streamId: 1, flags: 0, sequence: 1, payloadFormat: 0 } as const
  const whole = { ...content, payload: new Uint8Array(0) }
  return { kind: "payload", epoch: 1n, senderLeafIndex, content: whole, sealedBytes, contentBytes: sealedBytes }
}

/** How many of these a member may send before they are in effect. */
function keptOf(keys: LiveKeys, senderLeafIndex: number, sealedBytes: number): number {
  let count = 0
  while (count < 1000 && keys.keepAhead(payload(senderLeafIndex, sealedBytes))) count++
  return count
}

it.each([
  [1, 64],
  [16 * KIB, 64],
  [256 * KIB, 4],
  [2048 * KIB, 0],
])("keeps of payloads of %d bytes that come early %d of each member", (sealedBytes, count) => {
  using keys = newKeys()
  expect(keptOf(keys, 1, sealedBytes)).toBe(count)
  expect(keptOf(keys, 2, 1)).toBe(64)
})

it("keeps 16 MiB of all members together", () => {
  using keys = newKeys()
  const kept = Array.from({ length: 20 }, (_, leafIndex) => keptOf(keys, leafIndex, 1024 * KIB))
  expect(kept.reduce((sum, count) => sum + count)).toBe(16)
})
