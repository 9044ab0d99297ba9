import { decodeWhole, DecodeError, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { signContent } from "./authenticated-content.ts"
import { createCommit, speakerOf } from "./create-commit.ts"
import { frameEncodedContent, readContentBody } from "./framed-content.ts"
import type { ContentBody } from "./framed-content.ts"
import { decodeMlsMessage } from "./mls-message.ts"
import { protect } from "./send.ts"
import { Party } from "./testing/party.ts"

const noData = new Uint8Array(0)

describe("a group among hostile bytes", () => {
  it("refuses a PSK with a name of half a megabyte, and does not fall over", () => {
    const party = Party.of("long PSK name", ["alice", "bob"])
    const psks = [{ kind: "external", pskId: new Uint8Array(500_000) } as const]
    const { commit } = party.stage("bob", { psks, pskLookup: () => toUtf8("secret") })
    expect(party.hear("alice", commit)).toBe("psk_missing")
  })

  it("does not go beyond the last epoch there can be", () => {
    const party = Party.of("last epoch", ["alice"])
    const { random, nowMs } = party
    const insides = party.insidesOf("alice")
    const atEnd = { ...insides.epoch, context: { ...insides.epoch.context, epoch: 2n ** 64n - 1n } }
    const created = createCommit({ ...insides, epoch: atEnd }, { authenticatedData: noData, random, nowMs })
    expect(created).toBe("epoch_exhausted")
  })

  it("keeps nothing of a message or an option that its owner writes to later", () => {
    const party = Party.of("borrowed", ["alice", "bob"])
    const extensionData = toUtf8("application id")
    const extensions = [{ extensionType: 1, extensionData }]
    const { commit, staged } = party.stage("bob", { extensions, wireFormat: "public" })
    const buffer = commit.slice()
    party.follow("alice", buffer)
    party.group("bob").merge(staged)
    buffer.fill(0xff)
    extensionData.fill(0xff)
    party.commit("bob")
    expect(party.group("alice").extensions).toEqual([{ extensionType: 1, extensionData: toUtf8("application id") }])
  })

  it("returns for every mutation of every message, moves only when it accepts, and still takes the original", () => {
    const policy = { proposals: true, newMemberProposals: true, externalCommits: true }
    const party = Party.of("mutations", ["alice", "bob", "carol"], { policy })
    const { random, nowMs } = party
    const about = { authenticatedData: noData, random, nowMs }
    const alice = party.group("alice")
    const carol = party.group("carol")
    const application = party.say("bob", "hello")
    const proposals = (["private", "public"] as const).map((wireFormat) => {
      const proposed = carol.propose({ kind: "update" }, { ...about, wireFormat })
      if (proposed.kind === "refused") throw new Error(proposed.reason)
      return proposed.message
    })
    const adds = [party.keyPackage("dave").keyPackage]
    const commits = (["private", "public"] as const).map((wireFormat) => {
      const staged = party.group("bob").stageCommit({ adds, forcePath: true, ...about, nowMs, wireFormat })
      if (staged.kind === "refused") throw new Error(staged.reason)
      party.group("bob").clear(staged.staged)
      return staged.commit
    })
    let state = alice.toBytes()
    const next = xorshift(0x9420)
    for (const message of [application, ...proposals, ...commits]) {
      for (let run = 0; run < 1500; run++) {
        const received = alice.receive(mutate(message, next), nowMs)
        if (received.kind !== "rejected") throw new Error(`accepted: ${received.kind}`)
      }
      expect(alice.toBytes()).toEqual(state)
      expect(alice.receive(message, nowMs).kind).not.toBe("rejected")
      state = alice.toBytes()
    }
  })

  it("returns for whatever a member signs and seals, and follows none of it", () => {
    const policy = { proposals: true }
    const party = Party.of("insider", ["alice", "bob", "carol"], { policy })
    const { random } = party
    const alice = party.group("alice")
    const before = alice.toBytes()
    const insides = party.insidesOf("bob")
    const speaker = speakerOf(insides)
    const commits = [
      { adds: [party.keyPackage("dave").keyPackage], forcePath: true },
      { removes: [2] },
      { extensions: [{ extensionType: 3, extensionData: new Uint8Array(3) }] },
    ].map((options) => {
      const { commit, staged } = party.stage("bob", { ...options, wireFormat: "public" })
      party.group("bob").clear(staged)
      const message = decodeMlsMessage(commit)
      if (message.kind !== "public_message") throw new Error(message.kind)
      return message.message.content
    })
    const next = xorshift(0x1257)
    let signedCount = 0
    for (let run = 0; run < 4000; run++) {
      const content = commits[run % commits.length]
      if (content === undefined) throw new Error("unreachable: there are commits")
      const bodyEncoded = mutate(content.bodyEncoded, next)
      const body = decodedOrUndefined(bodyEncoded)
      if (body === undefined) continue
      signedCount++
      const { groupId, epoch, authenticatedData } = content
      const header = { groupId, epoch, authenticatedData, sender: { kind: "member", leafIndex: 1 } } as const
      const framed = frameEncodedContent(header, body, bodyEncoded)
      // Few private ones: each that is refused makes the next one a generation farther away.
      const wireFormat = run % 40 === 0 ? "private_message" : "public_message"
      const signature = signContent(
        party.suite,
        insides.signaturePrivateKey,
        wireFormat,
        framed,
        insides.epoch.context.encoded,
      )
      const auth = { signature, confirmationTag: new Uint8Array(32) }
      const message = protect(speaker, { wireFormat, content: framed, signature }, auth, { random })
      const outcome = alice.receive(message, party.nowMs)
      expect(outcome.kind).toBe("rejected")
    }
    expect(signedCount).toBeGreaterThan(500)
    expect(alice.toBytes()).toEqual(before)
  })

  it("returns for every mutation of a Welcome, and still opens the original", () => {
    const party = Party.of("welcomes", ["alice"])
    const bundle = party.keyPackage("bob")
    const { welcome } = party.commit("alice", { adds: [bundle.keyPackage], forcePath: true })
    if (welcome === undefined) throw new Error("no Welcome")
    const next = xorshift(0x5eed)
    for (let run = 0; run < 1500; run++) {
      expect(() => party.join("bob", { welcome: mutate(welcome, next), bundles: [bundle] })).toThrow(/^[a-z_]+$/)
    }
    expect(party.join("bob", { welcome, bundles: [bundle] }).epoch).toBe(1n)
  })
})

function decodedOrUndefined(bodyEncoded: Uint8Array): ContentBody | undefined {
  try {
    return decodeWhole(bodyEncoded, (reader) => readContentBody(reader, "commit"))
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** xorshift32: fast, and the same bytes in every run. */
function xorshift(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** Flips bits, cuts or extends: never the original. */
function mutate(original: Uint8Array, next: () => number): Uint8Array {
  const bytes = original.slice()
  const view = new DataView(bytes.buffer)
  const at = next() % bytes.length
  view.setUint8(at, view.getUint8(at) ^ (1 << (next() % 8)))
  const cut = next() % 8
  if (cut === 0) return bytes.subarray(0, next() % bytes.length)
  return cut === 1 ? Uint8Array.of(...bytes, next() & 0xff) : bytes
}
