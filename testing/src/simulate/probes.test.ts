import type { Change, Conversation } from "@qpc/sdk"
import { concatBytes, fromHex, toHex, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { ClientNode } from "./client-node.ts"
import { bodyOf, Oracle } from "./oracle.ts"
import { Probes } from "./probes.ts"

const GROUP = "aa".repeat(16)
const [ALICE, BOB] = ["01".repeat(32), "02".repeat(32)]

const members = () => [ALICE, BOB].map((identityKey) => ({ identityKey: fromHex(identityKey) }))

function device(name: string, key: string): ClientNode {
  const about = {
    epoch: 1n,
    suiteId: 1,
    isMember: true,
    isLeaving: false,
    epochAuthenticator: new Uint8Array(32),
    members,
  }
  const client = { conversations: () => [{ ...about, id: fromHex(GROUP) }], damagedGroups: () => [] }
  return { name, key, identityKey: key, client } as unknown as ClientNode
}

const idOf = (number: number): Uint8Array => new Uint8Array(16).fill(number)
const line = (number: number): Change => ({
  kind: "put",
  collection: "messages",
  key: concatBytes(fromHex(GROUP), idOf(number)),
  value: concatBytes(Uint8Array.of(1), idOf(number), toUtf8(bodyOf(number))),
})
/** The text failed. @param code - as its sender is told */
const failed = (number: number, code: string): Change => ({
  kind: "put",
  collection: "sent",
  key: idOf(number),
  value: concatBytes(Uint8Array.of(1), fromHex(GROUP), Uint8Array.of(2), toUtf8(code)),
})

/** Alice, whose probe bob is to read; bob's client takes none. */
function probed() {
  const oracle = new Oracle()
  const [alice, bob] = [device("alice", ALICE), device("bob", BOB)]
  const write = (node: ClientNode, { id }: Pick<Conversation, "id">): void => {
    const number = oracle.writing(node, toHex(id))
    oracle.durable(node, [line(number)])
  }
  const onlyAlice = (node: ClientNode, group: Conversation): void => (node === alice ? write(node, group) : undefined)
  return { oracle, alice, bob, probes: new Probes({ living: [alice, bob], oracle, write: onlyAlice }) }
}

const NOT_READ = [{ kind: "probe", what: "bob does not read the probe of alice" }]

describe("probes", () => {
  it("are missed until everybody in the group has read them", () => {
    const { oracle, bob, probes } = probed()
    expect(probes.missed()).toEqual(NOT_READ)
    oracle.durable(bob, [line(1)])
    expect(probes.missed()).toEqual([])
  })

  it("are written once more by whoever is told that the group changed too often, and then have to be read", () => {
    const { oracle, alice, bob, probes } = probed()
    oracle.durable(alice, [failed(1, "group_moved_on")])
    expect(probes.missed()).toEqual(NOT_READ)
    expect(probes.missed()).toEqual(NOT_READ)
    expect(oracle.texts.size).toBe(2)
    oracle.durable(bob, [line(2)])
    expect(probes.missed()).toEqual([])
  })

  it("are missed where they failed for another reason", () => {
    const { oracle, alice, probes } = probed()
    oracle.durable(alice, [failed(1, "no_room")])
    expect(probes.missed()).toEqual(NOT_READ)
    expect(oracle.texts.size).toBe(1)
  })
})
