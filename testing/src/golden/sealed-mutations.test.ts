import { createHash } from "node:crypto"
import { chacha20Poly1305Open, chacha20Poly1305Seal } from "@qpc/crypto/node"
import { Profile1Endpoint, Receiver, Sender } from "@qpc/gbp"
import type { EpochKeys } from "@qpc/gbp"
import { equalBytes, toGroupId, toHex, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { FuzzRandom } from "../fuzz/fuzz-random.ts"
import { MUTATIONS, partsOfMap } from "./mutations.ts"
import { audioOfProfile2, frameOfProfile2 } from "./sealed-frames.ts"

const SEED = 2
const GROUP = toGroupId(new Uint8Array(16).fill(7))

/** Each part of the frame, spoiled in each way, without those that come out as they were. */
function mutantsOf(bytes: Uint8Array): readonly { readonly name: string; readonly mutant: Uint8Array }[] {
  const random = new FuzzRandom(SEED, bytes.length)
  return partsOfMap(bytes).flatMap((part, index) =>
    MUTATIONS.map(({ name, of }) => ({ name: `part ${index} with ${name}`, mutant: of(bytes, part, random) })).filter(
      ({ mutant }) => !equalBytes(mutant, bytes),
    ),
  )
}

describe.each([
  ["a control message", () => frameOfProfile2("control"), 9, 150],
  ["a text", () => frameOfProfile2("text"), 9, 150],
  ["a signal", () => frameOfProfile2("signal"), 9, 150],
  ["audio", audioOfProfile2, 13, 230],
] as const)("%s of profile 2, sealed, every part spoiled in 20 ways", (_, crossing, parts, atLeast) => {
  it("is dropped with a reason each time, and the honest frame arrives after all of them", () => {
    const { frame, receive } = crossing()
    expect(partsOfMap(frame)).toHaveLength(parts)
    const mutants = mutantsOf(frame)
    expect(mutants.length).toBeGreaterThan(atLeast)
    const taken = mutants.filter(({ mutant }) => !("reason" in receive(mutant)))
    expect(taken.map(({ name }) => name)).toEqual([])
    expect(receive(frame)).toHaveProperty("payload")
  })
})

/** Exports the same for all members of an epoch. */
const exportSecret = (label: string, _context: Uint8Array, lengthBytes: number): Uint8Array =>
  new Uint8Array(createHash("sha256").update(label).digest()).slice(0, lengthBytes)

function endpoint(memberId: number): Profile1Endpoint {
  const made = new Profile1Endpoint({
    groupId: GROUP,
    memberId,
    isMember: (id) => id < 10,
    aead: { seal: chacha20Poly1305Seal, open: chacha20Poly1305Open },
  })
  made.enterEpoch({ epoch: 5n, transitionId: 3, exportSecret })
  return made
}

describe.each(["control", "audio", "text", "signal"] as const)(
  "a frame of %s of profile 1, sealed, every part spoiled in 20 ways",
  (streamType) => {
    it("is dropped with a reason and does no harm, or carries what its sender wrote", () => {
      const framed = endpoint(1).send({ streamType, payload: toUtf8("hello"), payloadFormat: 2 })
      if (framed.kind !== "frame") throw new Error(framed.reason)
      const hello = toHex(toUtf8("hello"))
      for (const { name, mutant } of mutantsOf(framed.bytes)) {
        const bob = endpoint(2)
        const received = bob.receive(mutant)
        if (received.kind === "payload") expect([name, toHex(received.plaintext)]).toEqual([name, hello])
        else expect([name, bob.receive(framed.bytes).kind]).toEqual([name, "payload"])
      }
    })
  },
)

describe("what a member seals in profile 2, every part spoiled in 20 ways", () => {
  it("is dropped with a reason, or is a frame of that member", () => {
    const membership = { memberIdOf: (leafIndex: number) => leafIndex, lastTransitionId: 0 }
    let plaintext: Uint8Array = new Uint8Array(0)
    const keys: EpochKeys = {
      epoch: 5n,
      oldestEpoch: 5n,
      seal: (content) => (plaintext = content.slice()),
      open: () => ({ kind: "opened", senderLeafIndex: 1, epoch: 5n, plaintext }),
    }
    const framed = new Sender({ groupId: GROUP, keys, membership }, 1).send({
      streamType: "signal",
      payload: toUtf8("hello"),
      payloadFormat: 1,
      numbers: { number: 1, since: 5n, runs: [{ epoch: 5n, first: 1 }], voids: [] },
      isCritical: true,
    })
    if (framed.kind !== "frame") throw new Error(framed.reason)
    const [mutants, outcomes] = [mutantsOf(plaintext), new Set<string>()]
    for (const { mutant } of mutants) {
      plaintext = mutant
      const received = new Receiver({ groupId: GROUP, keys, membership }).receive(framed.bytes)
      outcomes.add(received.kind === "drop" ? received.reason : `of leaf ${received.senderLeafIndex}`)
    }
    expect([...outcomes].toSorted()).toEqual([
      "flags_not_allowed",
      "malformed_content",
      "of leaf 1",
      "replay_detected",
      "sender_mismatch",
      "transition_mismatch",
      "unknown_stream_type",
    ])
  })
})
