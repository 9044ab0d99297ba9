import { describe, expect, it } from "vitest"
import type { Sender } from "./framed-content.ts"
import type { Proposal } from "./proposal.ts"
import type { QueuedProposal } from "./proposal-queue.ts"
import { selectQueued } from "./select-proposals.ts"
import { addOf, updateOf } from "./testing/insider.ts"
import { Party } from "./testing/party.ts"

const party = Party.of("selecting", ["alice", "bob", "carol"])
const committer = { leafIndex: 0 }
const bob = { kind: "member", leafIndex: 1 } as const

let count = 0
const queued = (proposal: Proposal, sender: Sender = bob): QueuedProposal => {
  return { proposal, sender, reference: Uint8Array.of(++count), updateKey: undefined }
}
const updateBy = (leafIndex: number): QueuedProposal => queued(update, { kind: "member", leafIndex })

const add = addOf(party, "dave")
const update = updateOf(party, "bob")
const remove = (removed: number): Proposal => ({ kind: "remove", removed })
const psk: Proposal = { kind: "psk", id: { kind: "external", pskId: Uint8Array.of(1), pskNonce: new Uint8Array(32) } }
const custom: Proposal = { kind: "custom", type: 0xf0f0, body: new Uint8Array(0) }
const extensions: Proposal = { kind: "group_context_extensions", extensions: [] }
const reinit: Proposal = { kind: "reinit", groupId: Uint8Array.of(1), version: 1, cipherSuite: 1, extensions: [] }
const externalInit: Proposal = { kind: "external_init", kemOutput: new Uint8Array(32) }

describe("picking queued proposals for a commit", () => {
  it("takes what stands for itself, in the order in which it came", () => {
    const all = [queued(psk), queued(extensions), queued(add), updateBy(2), queued(custom), queued(remove(1))]
    expect(selectQueued(all, [], committer)).toEqual(all)
  })

  it("takes the last update of each member, and none of a member who is removed, before or after", () => {
    const [first, second, other, removed] = [updateBy(1), updateBy(1), updateBy(2), queued(remove(2))]
    expect(selectQueued([first, other, second], [], committer)).toEqual([other, second])
    expect(selectQueued([first, other, removed], [], committer)).toEqual([first, removed])
    expect(selectQueued([removed, other, first], [], committer)).toEqual([removed, first])
  })

  it("takes the first Remove of a leaf and the last extensions", () => {
    const [first, second, old, young] = [queued(remove(1)), queued(remove(1)), queued(extensions), queued(extensions)]
    expect(selectQueued([first, old, second, young], [], committer)).toEqual([first, young])
  })

  it("takes neither updates of the committer or of outsiders, nor its removal", () => {
    const byOutsider = queued(update, { kind: "external", senderIndex: 0 })
    expect(selectQueued([updateBy(0), byOutsider, queued(remove(0))], [], committer)).toEqual([])
  })

  it("gives way to the Removes and extensions that the commit has by value", () => {
    const rest = queued(remove(2))
    const all = [queued(remove(1)), updateBy(1), queued(extensions), rest]
    expect(selectQueued(all, [remove(1), extensions], committer)).toEqual([rest])
    expect(selectQueued(all, [psk], committer)).toHaveLength(3)
  })

  it("takes one ReInit, the first, and only where there is nothing else to do", () => {
    const [first, second] = [queued(reinit), queued(reinit)]
    const rest = queued(add)
    expect(selectQueued([updateBy(0), first, second], [], committer)).toEqual([first])
    expect(selectQueued([first, rest], [], committer)).toEqual([rest])
    expect(selectQueued([first], [psk], committer)).toEqual([])
  })

  it("never takes an ExternalInit, which only newcomers send, by value", () => {
    expect(selectQueued([queued(externalInit), queued(externalInit)], [], committer)).toEqual([])
  })
})
